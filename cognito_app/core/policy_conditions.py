"""The Condition element of policies: operators, set operators, variables.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

Context = Mapping[str, str | list[str]]
Compare = Callable[[str, str], bool]

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_SPECIAL = {"*": r"\*", "?": r"\?", "$": r"\$"}


class UnknownVariableError(Exception):
    """A policy variable that the request has no value for."""


def is_known(operator: str) -> bool:
    """Whether a condition operator, with its prefixes and suffix, is understood."""
    return _parse(operator)[2] in _OPERATORS


def hold(condition: Any, context: Context, *, deny: bool) -> bool:
    """Whether all conditions of a statement hold; what is not understood counts as holding in a Deny only."""
    if not isinstance(condition, Mapping):
        return deny
    folded = {key.lower(): value for key, value in context.items()}
    for operator, keys in condition.items():
        if not is_known(operator) or not isinstance(keys, Mapping):
            return deny
        for key, values in keys.items():
            try:
                if not _holds(operator, key, values, folded):
                    return False
            except (UnknownVariableError, ValueError):
                if not deny:
                    return False
    return True


def _parse(operator: str) -> tuple[str, bool, str]:
    quantifier, separator, rest = operator.partition(":")
    if not separator:
        quantifier, rest = "", operator
    if_exists = rest.endswith("IfExists") and rest != "Null"
    return quantifier, if_exists, rest.removesuffix("IfExists")


def _holds(operator: str, key: str, values: Any, context: Context) -> bool:
    quantifier, if_exists, name = _parse(operator)
    present = context.get(key.lower())
    wanted = [_text(value) for value in (values if isinstance(values, list) else [values])]
    if name == "Null":
        return (present is None) == (wanted[0].lower() == "true")
    if present is None:
        if quantifier == "ForAllValues":
            return True
        return (if_exists and quantifier == "") or (quantifier == "" and name in _NEGATED)
    actual = present if isinstance(present, list) else [present]
    test = _OPERATORS[name]
    negated = name in _NEGATED

    def one(value: str) -> bool:
        return any(test(value, raw, context) for raw in wanted) != negated

    if quantifier == "ForAllValues":
        return all(one(value) for value in actual)
    if quantifier == "ForAnyValue":
        return any(one(value) for value in actual)
    return all(one(value) for value in actual) if negated else any(one(value) for value in actual)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def substitute(text: str, context: Context, *, escape: bool = False) -> str:
    """Fill in ``${key}`` and ``${key, 'default'}``.

    With ``escape`` a value's own wildcards stand for themselves. Raises UnknownVariableError.
    """

    def value_of(match: re.Match[str]) -> str:
        inner = match.group(1).strip()
        if inner in _SPECIAL:
            return _SPECIAL[inner] if escape else inner
        key, _, default = inner.partition(",")
        found = context.get(key.strip()) if key.strip() in context else context.get(key.strip().lower())
        if isinstance(found, list):
            found = found[0] if len(found) == 1 else None
        if found is None:
            if not default:
                raise UnknownVariableError(key)
            found = default.strip().strip("'")
        return re.sub(r"([*?\\])", r"\\\1", found) if escape else found

    return _VARIABLE.sub(value_of, text)


@lru_cache(maxsize=4096)
def _glob(pattern: str) -> re.Pattern[str]:
    pieces = []
    position = 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\" and position + 1 < len(pattern) and pattern[position + 1] in "*?\\$":
            position += 1
            pieces.append(re.escape(pattern[position]))
        else:
            pieces.append(".*" if char == "*" else "." if char == "?" else re.escape(char))
        position += 1
    return re.compile("".join(pieces), re.DOTALL)


def matches_pattern(pattern: str, value: str, context: Context) -> bool:
    """Whether a value matches a pattern with wildcards and variables. Raises UnknownVariableError."""
    folded = {**context, **{key.lower(): item for key, item in context.items()}}
    return _glob(substitute(pattern, folded, escape=True)).fullmatch(value) is not None


def _like(value: str, raw: str, context: Context) -> bool:
    return matches_pattern(raw, value, context)


def _equal(value: str, raw: str, context: Context) -> bool:
    return value == substitute(raw, context)


def _equal_ignoring_case(value: str, raw: str, context: Context) -> bool:
    return value.casefold() == substitute(raw, context).casefold()


def _arn_like(value: str, raw: str, context: Context) -> bool:
    wanted, actual = raw.split(":", 5), value.split(":", 5)
    if len(wanted) != 6 or len(actual) != 6:
        return raw == "*"
    return all(matches_pattern(pattern, part, context) for pattern, part in zip(wanted, actual, strict=True))


def _numeric(compare: Callable[[float, float], bool]) -> Callable[[str, str, Context], bool]:
    return lambda value, raw, context: compare(float(value), float(substitute(raw, context)))


def _dated(compare: Callable[[datetime, datetime], bool]) -> Callable[[str, str, Context], bool]:
    return lambda value, raw, context: compare(_instant(value), _instant(substitute(raw, context)))


def _instant(text: str) -> datetime:
    if text.replace(".", "", 1).isdigit():
        return datetime.fromtimestamp(float(text), UTC)
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _address(value: str, raw: str, context: Context) -> bool:
    return ipaddress.ip_address(value) in ipaddress.ip_network(substitute(raw, context), strict=False)


def _boolean(value: str, raw: str, context: Context) -> bool:
    return value.lower() == substitute(raw, context).lower()


_OPERATORS: dict[str, Callable[[str, str, Context], bool]] = {
    "StringEquals": _equal,
    "StringNotEquals": _equal,
    "StringEqualsIgnoreCase": _equal_ignoring_case,
    "StringNotEqualsIgnoreCase": _equal_ignoring_case,
    "StringLike": _like,
    "StringNotLike": _like,
    "ArnEquals": _arn_like,
    "ArnNotEquals": _arn_like,
    "ArnLike": _arn_like,
    "ArnNotLike": _arn_like,
    "NumericEquals": _numeric(lambda a, b: a == b),
    "NumericNotEquals": _numeric(lambda a, b: a == b),
    "NumericLessThan": _numeric(lambda a, b: a < b),
    "NumericLessThanEquals": _numeric(lambda a, b: a <= b),
    "NumericGreaterThan": _numeric(lambda a, b: a > b),
    "NumericGreaterThanEquals": _numeric(lambda a, b: a >= b),
    "DateEquals": _dated(lambda a, b: a == b),
    "DateNotEquals": _dated(lambda a, b: a == b),
    "DateLessThan": _dated(lambda a, b: a < b),
    "DateLessThanEquals": _dated(lambda a, b: a <= b),
    "DateGreaterThan": _dated(lambda a, b: a > b),
    "DateGreaterThanEquals": _dated(lambda a, b: a >= b),
    "IpAddress": _address,
    "NotIpAddress": _address,
    "Bool": _boolean,
    "BinaryEquals": _equal,
    "Null": _equal,
}
_NEGATED = frozenset(name for name in _OPERATORS if "Not" in name)
