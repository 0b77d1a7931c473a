"""Policy documents, read once into a form that is quick to decide by.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
What is not understood never allows: a statement with an unknown element or operator does not match if it allows, and
matches if it denies.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from cognito_app.core.policy import conditions, patterns
from cognito_app.core.policy.conditions import Clause, NotUnderstoodError, NullClause
from cognito_app.core.policy.patterns import Folded, Pattern

VERSIONS = ("2012-10-17", "2008-10-17")
MEMBERS = frozenset({"Version", "Id", "Statement"})
STATEMENT_MEMBERS = frozenset(
    {
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "Condition",
    }
)
PRINCIPAL_KINDS = frozenset({"AWS", "Federated", "Service", "CanonicalUser"})
Principals = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class ResourcePattern:
    """A resource of a policy: an ARN part by part, or (for whatever is no ARN) a text with wildcards.

    ``head`` is the beginning of an ARN whose first five parts have no wildcard.
    """

    whole: Pattern | None
    parts: tuple[Pattern, ...] = ()
    head: str | None = None

    def matches(self, resource: str, context: Folded) -> bool:
        """Whether a resource is meant."""
        if self.whole is not None:
            return self.whole.matches(resource, context)
        if self.head is not None:
            return resource.startswith(self.head) and self.parts[-1].matches(resource[len(self.head) :], context)
        pieces = resource.split(":", patterns.ARN_PARTS - 1)
        return len(pieces) == patterns.ARN_PARTS and all(
            part.matches(piece, context) for part, piece in zip(self.parts, pieces, strict=True)
        )

    def is_resolved(self, context: Folded) -> bool:
        """Whether every variable has a value."""
        return (self.whole or self.parts[-1]).is_resolved(context)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement; ``understood`` False makes it a Deny of everything or an Allow of nothing."""

    deny: bool
    understood: bool = True
    actions: tuple[Pattern, ...] = ()
    all_actions_but: bool = False
    resources: tuple[ResourcePattern, ...] = ()
    all_resources_but: bool = False
    principals: Principals | None = None
    all_principals_but: bool = False
    clauses: tuple[Clause | NullClause, ...] = ()

    def covers_action(self, action: str) -> bool:
        """Whether an action in lower case is meant."""
        return any(pattern.matches(action, {}) for pattern in self.actions) != self.all_actions_but

    def covers_resource(self, resource: str, context: Folded) -> bool:
        """Whether a resource is meant; one that an exception without a value leaves open is denied, not allowed."""
        if self.all_resources_but and not all(pattern.is_resolved(context) for pattern in self.resources):
            return self.deny
        return any(pattern.matches(resource, context) for pattern in self.resources) != self.all_resources_but

    def covers_principal(self, names: Principals) -> bool:
        """Whether a principal is meant, by any of its names."""
        assert self.principals is not None
        listed = any(
            not set(self.principals.get(kind, ())).isdisjoint(own) or (kind == "AWS" and "*" in self.principals["AWS"])
            for kind, own in names.items()
            if kind in self.principals
        )
        return (listed or "*" in self.principals) != self.all_principals_but

    def holds(self, context: Folded) -> bool:
        """Whether all conditions hold."""
        return all(clause.holds(context, deny=self.deny) for clause in self.clauses)


@dataclass(frozen=True, slots=True)
class Policy:
    """A document's statements."""

    statements: tuple[Statement, ...]


NOT_UNDERSTOOD = Policy((Statement(deny=True, understood=False),))


def as_list(value: Any) -> list[Any]:
    """Return a policy element as a list: a single value may stand without brackets."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


@lru_cache(maxsize=2048)
def compiled(text: bytes) -> Policy:
    """Return the policy of a JSON text, read once per process."""
    try:
        return parse(orjson.loads(text))
    except orjson.JSONDecodeError:
        return NOT_UNDERSTOOD


def parse(document: Any) -> Policy:
    """Return the policy of a document, whatever its form."""
    if not isinstance(document, Mapping) or set(document) - MEMBERS:
        return NOT_UNDERSTOOD
    version = document.get("Version", VERSIONS[1])
    statements = as_list(document.get("Statement"))
    if version not in VERSIONS or not statements:
        return NOT_UNDERSTOOD
    return Policy(tuple(_statement(statement, variables=version == VERSIONS[0]) for statement in statements))


def _statement(statement: Any, *, variables: bool) -> Statement:
    deny = not isinstance(statement, Mapping) or statement.get("Effect") != "Allow"
    try:
        return _read(statement, deny, variables)
    except NotUnderstoodError:
        return Statement(deny=deny, understood=False)


def _read(statement: Any, deny: bool, variables: bool) -> Statement:
    if not isinstance(statement, Mapping) or set(statement) - STATEMENT_MEMBERS:
        raise NotUnderstoodError("Statement")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise NotUnderstoodError("Effect")
    actions, but_actions = _either(statement, "Action", "NotAction", required=True)
    resources, but_resources = _either(statement, "Resource", "NotResource", required=False)
    return Statement(
        deny=deny,
        actions=tuple(patterns.glob(text.lower(), variables=False) for text in actions),
        all_actions_but=but_actions,
        resources=tuple(_resource(text, variables) for text in resources),
        all_resources_but=but_resources,
        principals=_principals(statement, deny),
        all_principals_but="NotPrincipal" in statement,
        clauses=conditions.parse(statement.get("Condition", {}), variables=variables),
    )


def _either(statement: Mapping[str, Any], name: str, negated: str, *, required: bool) -> tuple[list[str], bool]:
    if name in statement and negated in statement:
        raise NotUnderstoodError(name)
    if name not in statement and negated not in statement:
        if required:
            raise NotUnderstoodError(name)
        return [], False
    but = negated in statement
    texts = as_list(statement[negated if but else name])
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise NotUnderstoodError(name)
    return texts, but


def _resource(text: str, variables: bool) -> ResourcePattern:
    parts = patterns.arn_parts(text, variables=variables)
    if parts is None:
        if text.startswith("arn:"):
            raise NotUnderstoodError(text)  # a wildcard must not stand for several parts
        return ResourcePattern(patterns.glob(text, variables=variables))
    if any(part.has_variables for part in parts[:-1]):
        raise NotUnderstoodError(text)  # only the part behind the fifth colon may have variables
    fixed = [part.fixed for part in parts[:-1]]
    head = ":".join(text for text in fixed if text is not None) + ":" if None not in fixed else None
    return ResourcePattern(None, tuple(parts), head)


def _principals(statement: Mapping[str, Any], deny: bool) -> Principals | None:
    """Everybody, ``*``, means AWS principals in an Allow, and everybody else too in a Deny or an exception."""
    given = [statement[name] for name in ("Principal", "NotPrincipal") if name in statement]
    if not given:
        return None
    if len(given) == 2:
        raise NotUnderstoodError("Principal")
    wide = deny or "NotPrincipal" in statement
    if given[0] == "*":
        return {"*": ()} if wide else {"AWS": frozenset("*")}
    if not isinstance(given[0], Mapping) or not given[0] or set(given[0]) - PRINCIPAL_KINDS:
        raise NotUnderstoodError("Principal")
    read = {kind: frozenset(as_list(names)) for kind, names in given[0].items()}
    if not all(names and all(isinstance(name, str) for name in names) for names in read.values()):
        raise NotUnderstoodError("Principal")
    return {"*": ()} if wide and "*" in read.get("AWS", ()) else read
