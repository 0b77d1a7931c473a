"""The Condition element: operators with their prefixes and suffix, keys, values.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cognito_app.core.policy.operators import OPERATORS, Operator, Test, boolean
from cognito_app.core.policy.patterns import Folded

FOR_ALL = "ForAllValues"
FOR_ANY = "ForAnyValue"
IF_EXISTS = "IfExists"
NULL = "Null"


class NotUnderstoodError(Exception):
    """An operator, a value or a form that is not the policy language's."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One key of one operator. All clauses of a statement must hold."""

    key: str
    operator: Operator
    tests: tuple[Test, ...]
    quantifier: str = ""
    if_exists: bool = False

    def holds(self, context: Folded, *, deny: bool) -> bool:
        """Whether it holds; a request's value that cannot be read counts as holding in a Deny only."""
        present = context.get(self.key)
        values = [present] if isinstance(present, str) else list(present or ())
        if not values:
            if self.quantifier:
                return self.quantifier == FOR_ALL
            return self.if_exists or self.operator.negated
        try:
            read = [self.operator.read(value) for value in values]
        except ValueError:
            return deny
        verdicts = (any(test(value, context) for test in self.tests) != self.operator.negated for value in read)
        every = self.quantifier == FOR_ALL or (not self.quantifier and self.operator.negated)
        return all(verdicts) if every else any(verdicts)


@dataclass(frozen=True, slots=True)
class NullClause:
    """Whether a key must be absent (``true``) or there (``false``)."""

    key: str
    absent: frozenset[bool]

    def holds(self, context: Folded, *, deny: bool) -> bool:
        """Whether it holds; a key without a value is absent."""
        present = context.get(self.key)
        return (present is None or (not isinstance(present, str) and not present)) in self.absent


def parse_operator(text: Any) -> tuple[str, str, bool]:
    """Return quantifier, operator and whether the key may be absent. Raises NotUnderstoodError."""
    if not isinstance(text, str):
        raise NotUnderstoodError(str(text))
    quantifier, separator, name = text.rpartition(":")
    if separator and quantifier not in (FOR_ALL, FOR_ANY):
        raise NotUnderstoodError(text)
    if name == NULL and not separator:
        return "", NULL, False
    if_exists = name.endswith(IF_EXISTS)
    name = name.removesuffix(IF_EXISTS)
    if name not in OPERATORS:
        raise NotUnderstoodError(text)
    return quantifier, name, if_exists


def parse(condition: Any, *, variables: bool) -> tuple[Clause | NullClause, ...]:
    """Return the clauses of a Condition element. Raises NotUnderstoodError."""
    if not isinstance(condition, Mapping):
        raise NotUnderstoodError("Condition")
    return tuple(
        _clause(operator, key, values, variables)
        for operator, keys in condition.items()
        for key, values in _keys(keys).items()
    )


def _keys(keys: Any) -> Mapping[Any, Any]:
    if not isinstance(keys, Mapping):
        raise NotUnderstoodError("Condition")
    return keys


def _clause(operator: Any, key: Any, values: Any, variables: bool) -> Clause | NullClause:
    quantifier, name, if_exists = parse_operator(operator)
    if not isinstance(key, str) or not key:
        raise NotUnderstoodError(str(key))
    wanted = [_text(value) for value in (values if isinstance(values, list | tuple) else [values])]
    try:
        if name == NULL:
            return NullClause(key.lower(), frozenset(boolean(text) for text in wanted))
        tests = tuple(OPERATORS[name].test(text, variables) for text in wanted)
    except ValueError:
        raise NotUnderstoodError(f"{operator} {key}") from None
    return Clause(key.lower(), OPERATORS[name], tests, quantifier, if_exists)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise NotUnderstoodError("Condition")
