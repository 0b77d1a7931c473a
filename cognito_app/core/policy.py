"""IAM policy documents: may this principal do this action on this resource?

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
What is not understood never allows: an unknown operator or element makes an Allow not match and a Deny match.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cognito_app.core import policy_conditions
from cognito_app.core.policy_conditions import Context, UnknownVariableError
from cognito_app.errors import MalformedPolicyDocument

Document = Mapping[str, Any]
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
MAX_STATEMENTS = 200


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome; ``reason`` is ``explicit deny``, ``identity-based`` or ``session`` when it is a refusal."""

    allowed: bool
    reason: str = ""


def as_list(value: Any) -> list[Any]:
    """Return a policy element as a list: a single value may stand without brackets."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def validate(document: Any, *, trust: bool = False) -> None:
    """Check a document's form before it is stored.

    Raises MalformedPolicyDocument.
    """
    if not isinstance(document, dict):
        raise MalformedPolicyDocument("The policy is not in a valid JSON format.")
    statements = as_list(document.get("Statement"))
    if not statements or len(statements) > MAX_STATEMENTS:
        raise MalformedPolicyDocument("The policy must contain at least one statement.")
    for statement in statements:
        if not isinstance(statement, dict) or set(statement) - STATEMENT_MEMBERS:
            raise MalformedPolicyDocument("Syntax errors in policy.")
        if statement.get("Effect") not in ("Allow", "Deny"):
            raise MalformedPolicyDocument("Invalid effect in policy statement.")
        if ("Action" in statement) == ("NotAction" in statement):
            raise MalformedPolicyDocument("Policy statement must contain actions.")
        if trust and "Principal" not in statement:
            raise MalformedPolicyDocument("Trust policy statement must contain a principal.")
        if not trust and ("Resource" in statement) == ("NotResource" in statement):
            raise MalformedPolicyDocument("Policy statement must contain resources.")
        _check_condition(statement.get("Condition", {}))


def _check_condition(condition: Any) -> None:
    if not isinstance(condition, dict):
        raise MalformedPolicyDocument("Invalid condition in policy statement.")
    for operator, keys in condition.items():
        if not policy_conditions.is_known(operator) or not isinstance(keys, dict):
            raise MalformedPolicyDocument(f"Invalid Condition type : {operator}.")


def evaluate(
    identity: Iterable[Document], session: Iterable[Document], action: str, resource: str, context: Context
) -> Decision:
    """Decide by a principal's own policies, narrowed by each session policy."""
    verdicts = [_verdict(document, action, resource, context) for document in identity]
    narrowing = [_verdict(document, action, resource, context) for document in session]
    if "Deny" in verdicts or "Deny" in narrowing:
        return Decision(False, "explicit deny")
    if "Allow" not in verdicts:
        return Decision(False, "identity-based")
    if any(verdict != "Allow" for verdict in narrowing):
        return Decision(False, "session")
    return Decision(True)


def trusts(document: Document, principals: Mapping[str, str], action: str, context: Context) -> bool:
    """Whether a role's trust policy lets a principal (``{"Federated": ...}`` or ``{"AWS": ...}``) do ``action``."""
    allowed = False
    for statement in as_list(document.get("Statement")):
        if not _principal_matches(statement.get("Principal"), principals):
            continue
        if _statement_matches(statement, action, None, context):
            if statement.get("Effect") == "Deny":
                return False
            allowed = True
    return allowed


def _principal_matches(element: Any, principals: Mapping[str, str]) -> bool:
    if element == "*":
        return True
    if not isinstance(element, dict):
        return False
    return any(
        kind in principals and (principals[kind] in as_list(names) or "*" in as_list(names))
        for kind, names in element.items()
    )


def _verdict(document: Document, action: str, resource: str, context: Context) -> str:
    verdict = ""
    for statement in as_list(document.get("Statement")):
        if _statement_matches(statement, action, resource, context):
            if statement.get("Effect") == "Deny":
                return "Deny"
            verdict = "Allow"
    return verdict


def _statement_matches(statement: Any, action: str, resource: str | None, context: Context) -> bool:
    deny = isinstance(statement, dict) and statement.get("Effect") == "Deny"
    if not isinstance(statement, dict) or set(statement) - STATEMENT_MEMBERS:
        return deny
    if not _action_matches(statement, action):
        return False
    if resource is not None and not _resource_matches(statement, resource, context):
        return False
    return policy_conditions.hold(statement.get("Condition", {}), context, deny=deny)


def _action_matches(statement: Mapping[str, Any], action: str) -> bool:
    if "Action" in statement:
        return any(_glob(str(pattern).lower()).fullmatch(action.lower()) for pattern in as_list(statement["Action"]))
    return "NotAction" in statement and not any(
        _glob(str(pattern).lower()).fullmatch(action.lower()) for pattern in as_list(statement["NotAction"])
    )


def _resource_matches(statement: Mapping[str, Any], resource: str, context: Context) -> bool:
    negated = "NotResource" in statement
    patterns = as_list(statement.get("NotResource") if negated else statement.get("Resource"))
    matched = False
    for pattern in patterns:
        try:
            matched = matched or policy_conditions.matches_pattern(str(pattern), resource, context)
        except UnknownVariableError:
            if negated:
                return False
    return matched != negated


@lru_cache(maxsize=4096)
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(
        "".join(".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern), re.DOTALL
    )
