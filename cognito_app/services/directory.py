"""Listing and searching the users of a pool, each page from an index.

Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from django.db import connection

from cognito_app.core import filters, paging
from cognito_app.models import PoolUser, user_rows
from cognito_app.models.base import SHORT_KEY
from cognito_app.models.user import SEARCH_KEYS, search_key
from cognito_app.models.user_rows import UserSummary
from cognito_app.services.config import PoolConfig

LARGEST_PAGE = 60
_NOBODY = " AND 1 = 0"


_SUB = re.compile(r"[0-9a-f-]*")


def page(
    pool: PoolConfig, *, text: str | None = None, limit: int | None = None, token: str | None = None
) -> tuple[list[UserSummary], str | None]:
    """Return a page of users and the token of the next: oldest first, those found by a prefix in the attribute's order.

    ``text`` is a filter of ListUsers. Raises InvalidParameterException.
    """
    scope = f"ListUsers:{pool.id}:{text or ''}"
    position = paging.decode(scope, token) if token else {}
    size = limit or LARGEST_PAGE
    wanted = filters.parse(text)
    if wanted is not None and wanted.prefix and (column := _text_column(wanted)):
        condition, parameters, order = _by_prefix(column, _folded(wanted), position)
    else:
        condition, parameters = _condition(wanted)
        condition, parameters, order = f"{condition} AND u.id > %s", [*parameters, position.get("after", 0)], "u.id"
    found = user_rows.page(f"u.pool_id = %s{condition}", [pool.id, *parameters], order, size + 1)
    following = paging.encode(scope, _position(found[size - 1], wanted)) if len(found) > size else None
    return found[:size], following


def _position(last: UserSummary, wanted: filters.Filter | None) -> dict[str, Any]:
    if wanted is None or not wanted.prefix or not _text_column(wanted):
        return {"after": last.pk}
    value = last.username if wanted.attribute == "username" else last.attributes[wanted.attribute]
    return {"after": last.pk, "key": _folded(replace(wanted, value=value))}


def _condition(wanted: filters.Filter | None) -> tuple[str, list[Any]]:
    """Return what a filter adds to the condition, and its parameters."""
    if wanted is None:
        return "", []
    if wanted.attribute == "status":
        matching = [state == "Enabled" for state in ("Enabled", "Disabled") if _matches(state, wanted)]
        return _among("enabled", matching)
    if wanted.attribute == "cognito:user_status":
        folded = replace(wanted, value=wanted.value.upper())
        return _among("status", [state for state in PoolUser.Status.values if _matches(state, folded)])
    if "\x00" in wanted.value:
        return _NOBODY, []
    return f" AND u.{_text_column(wanted)} = %s", [_folded(wanted)]


def _text_column(wanted: filters.Filter) -> str | None:
    if wanted.attribute in {"username", "sub"}:
        return wanted.attribute
    return SEARCH_KEYS.get(wanted.attribute)


def _folded(wanted: filters.Filter) -> str:
    return search_key(wanted.value) if wanted.attribute in SEARCH_KEYS else wanted.value[:SHORT_KEY]


def _matches(state: str, wanted: filters.Filter) -> bool:
    return state.startswith(wanted.value) if wanted.prefix else state == wanted.value


def _among(column: str, values: list[Any]) -> tuple[str, list[Any]]:
    if not values:
        return _NOBODY, []
    return f" AND u.{column} IN ({', '.join(['%s'] * len(values))})", values


def _by_prefix(column: str, value: str, position: dict[str, Any]) -> tuple[str, list[Any], str]:
    """Return condition, parameters and order of a walk through the column's index.

    An order by age would have to sort everything that a short prefix finds, or to read the whole pool for a rare one.
    """
    greater, less, last, order = ">", "<", chr(0x10FFFF), f"u.{column}, u.id"
    if column == "sub":
        # Its index has the database's collation; a letter behind the hexadecimal digits ends the range in all of them,
        # and no two users share a value.
        last, order = "g", "u.sub"
    elif connection.vendor == "postgresql":
        greater, less, order = "~>~", "~<~", f"u.{column} USING ~<~, u.id"
    if "\x00" in value or (column == "sub" and not _SUB.fullmatch(value)):
        return _NOBODY, [], "u.id"
    at_least = greater.replace(">", ">=", 1)
    condition, parameters = f" AND u.{column} {less} %s", [value + last]
    if not value:
        condition, parameters = f" AND u.{column} {greater} ''", []
    start = position.get("key", value)
    condition += f" AND u.{column} {at_least} %s"
    parameters.append(start)
    if position:
        condition += f" AND (u.{column} {greater} %s OR u.id > %s)"
        parameters += [start, position["after"]]
    return condition, parameters, order
