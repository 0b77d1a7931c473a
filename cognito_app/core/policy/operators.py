"""The operators of conditions: how a policy's value and a request's value are read and compared.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cognito_app.core.policy import patterns
from cognito_app.core.policy.patterns import Folded

Test = Callable[[Any, Folded], bool]

_NUMBER = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?", re.ASCII)
_EPOCH = re.compile(r"\d{1,12}(\.\d{1,9})?", re.ASCII)
_DATE = re.compile(
    r"(\d{4})-(\d\d)(?:-(\d\d)(?:T(\d\d:\d\d)(:\d\d)?(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Operator:
    """``test`` makes a comparison of a policy's value, ``read`` takes a request's; both raise ValueError."""

    test: Callable[[str, bool], Test]
    read: Callable[[str], Any]
    negated: bool = False


def _same(value: str) -> str:
    return value


def number(text: str) -> Decimal:
    """Read a number. Raises ValueError."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def instant(text: str) -> datetime:
    """Read a date of ISO 8601 (W3C's profile) or seconds since 1970. Raises ValueError."""
    if _EPOCH.fullmatch(text):
        try:
            return datetime.fromtimestamp(float(text), UTC)
        except (OverflowError, OSError):
            raise ValueError(text) from None
    match = _DATE.fullmatch(text)
    if not match:
        raise ValueError(text)
    year, month, day, minutes, seconds, fraction, zone = match.groups()
    fraction = (fraction or ".0")[:7]
    return datetime.fromisoformat(
        f"{year}-{month}-{day or '01'}T{minutes or '00:00'}{seconds or ':00'}{fraction.ljust(7, '0')}"
        f"{(zone or 'Z').replace('Z', '+00:00')}"
    )


def boolean(text: str) -> bool:
    """Read ``true`` or ``false``. Raises ValueError."""
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def binary(text: str) -> bytes:
    """Read base64. Raises ValueError."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(text) from None


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _string(raw: str, variables: bool) -> Test:
    return patterns.exact(raw, variables=variables).matches


def _like(raw: str, variables: bool) -> Test:
    return patterns.glob(raw, variables=variables).matches


def _ignoring_case(raw: str, variables: bool) -> Test:
    tokens = patterns.tokens(raw, variables=variables)

    def test(value: str, context: Folded) -> bool:
        filled = [token.value(context) if isinstance(token, patterns.Variable) else str(token) for token in tokens]
        return None not in filled and "".join(map(str, filled)).lower() == value.lower()

    return test


def _arn(raw: str, variables: bool) -> Test:
    """Compare part by part, so that a wildcard does not reach over a colon (before the last part)."""
    if raw == "*":
        return lambda value, context: True
    parts = patterns.arn_parts(raw, variables=variables)
    if parts is None:
        return lambda value, context: False

    def test(value: str, context: Folded) -> bool:
        actual = value.split(":", patterns.ARN_PARTS - 1)
        return len(actual) == patterns.ARN_PARTS and all(
            part.matches(piece, context) for part, piece in zip(parts, actual, strict=True)
        )

    return test


def _network(raw: str, variables: bool) -> Test:
    network = ipaddress.ip_network(raw, strict=False)
    return lambda value, context: value in network


def _compared(read: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Callable[[str, bool], Test]:
    def make(raw: str, variables: bool) -> Test:
        wanted = read(raw)
        return lambda value, context: compare(value, wanted)

    return make


def _ordered(kind: str, read: Callable[[str], Any]) -> dict[str, Operator]:
    def operator(compare: Callable[[Any, Any], bool], negated: bool = False) -> Operator:
        return Operator(_compared(read, compare), read, negated)

    return {
        f"{kind}Equals": operator(lambda a, b: bool(a == b)),
        f"{kind}NotEquals": operator(lambda a, b: bool(a == b), negated=True),
        f"{kind}LessThan": operator(lambda a, b: bool(a < b)),
        f"{kind}LessThanEquals": operator(lambda a, b: bool(a <= b)),
        f"{kind}GreaterThan": operator(lambda a, b: bool(a > b)),
        f"{kind}GreaterThanEquals": operator(lambda a, b: bool(a >= b)),
    }


OPERATORS: dict[str, Operator] = {
    "StringEquals": Operator(_string, _same),
    "StringNotEquals": Operator(_string, _same, negated=True),
    "StringEqualsIgnoreCase": Operator(_ignoring_case, _same),
    "StringNotEqualsIgnoreCase": Operator(_ignoring_case, _same, negated=True),
    "StringLike": Operator(_like, _same),
    "StringNotLike": Operator(_like, _same, negated=True),
    "ArnEquals": Operator(_arn, _same),
    "ArnLike": Operator(_arn, _same),
    "ArnNotEquals": Operator(_arn, _same, negated=True),
    "ArnNotLike": Operator(_arn, _same, negated=True),
    **_ordered("Numeric", number),
    **_ordered("Date", instant),
    "Bool": Operator(_compared(boolean, lambda a, b: bool(a == b)), boolean),
    "BinaryEquals": Operator(_compared(binary, lambda a, b: bool(a == b)), binary),
    "IpAddress": Operator(_network, _address),
    "NotIpAddress": Operator(_network, _address, negated=True),
}
