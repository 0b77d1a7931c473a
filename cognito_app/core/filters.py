"""The filter of ListUsers: ``name = "value"`` or ``name ^= "prefix"``.

Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cognito_app.errors import InvalidParameterException

SEARCHABLE = frozenset(
    {
        "username",
        "email",
        "phone_number",
        "name",
        "given_name",
        "family_name",
        "preferred_username",
        "cognito:user_status",
        "status",
        "sub",
    }
)

_GRAMMAR = re.compile(r'\s*([^\s="^]+)\s*(\^?=)\s*"((?:[^"\\]|\\.)*)"\s*', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition: the attribute equals ``value``, or starts with it if ``prefix``."""

    attribute: str
    prefix: bool
    value: str


def parse(text: str | None) -> Filter | None:
    """Read a filter; an absent or blank one is None.

    Raises InvalidParameterException.
    """
    if text is None or not text.strip():
        return None
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        raise InvalidParameterException("Error while parsing filter")
    attribute, operator, quoted = match.groups()
    if attribute not in SEARCHABLE:
        raise InvalidParameterException(f"Invalid search attribute: {attribute}")
    return Filter(attribute=attribute, prefix=operator == "^=", value=_ESCAPE.sub(r"\1", quoted))
