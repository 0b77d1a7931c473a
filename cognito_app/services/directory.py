"""Listing and searching the users of a pool, each page from an index.

Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
"""

from __future__ import annotations

from typing import Any

from django.db import connection

from cognito_app.core import filters, paging
from cognito_app.models import PoolUser, user_rows
from cognito_app.models.base import SHORT_KEY
from cognito_app.models.user import SEARCH_KEYS, search_key
from cognito_app.models.user_rows import UserSummary
from cognito_app.services.config import PoolConfig

LARGEST_PAGE = 60


def page(
    pool: PoolConfig, *, text: str | None = None, limit: int | None = None, token: str | None = None
) -> tuple[list[UserSummary], str | None]:
    """Return a page of users, oldest first, and the token of the next.

    ``text`` is a filter of ListUsers. Raises InvalidParameterException.
    """
    scope = f"ListUsers:{pool.id}:{text or ''}"
    after = paging.decode(scope, token)["after"] if token else 0
    size = limit or LARGEST_PAGE
    condition, parameters = _condition(filters.parse(text))
    found = user_rows.page(f"u.pool_id = %s{condition}", [pool.id, *parameters], after, size + 1)
    following = paging.encode(scope, {"after": found[size - 1].pk}) if len(found) > size else None
    return found[:size], following


def _condition(wanted: filters.Filter | None) -> tuple[str, list[Any]]:
    """Return what a filter adds to the condition, and its parameters."""
    if wanted is None:
        return "", []
    if wanted.attribute == "status":
        matching = [state == "Enabled" for state in ("Enabled", "Disabled") if _matches(state, wanted)]
        return _among("enabled", matching)
    if wanted.attribute == "cognito:user_status":
        folded = filters.Filter(wanted.attribute, wanted.prefix, wanted.value.upper())
        return _among("status", [state for state in PoolUser.Status.values if _matches(state, folded)])
    if wanted.attribute in SEARCH_KEYS:
        return _by_text(SEARCH_KEYS[wanted.attribute], search_key(wanted.value), wanted.prefix)
    return _by_text(wanted.attribute, wanted.value[:SHORT_KEY], wanted.prefix)


def _matches(state: str, wanted: filters.Filter) -> bool:
    return state.startswith(wanted.value) if wanted.prefix else state == wanted.value


def _among(column: str, values: list[Any]) -> tuple[str, list[Any]]:
    if not values:
        return " AND 1 = 0", []
    return f" AND u.{column} IN ({', '.join(['%s'] * len(values))})", values


def _by_text(column: str, value: str, prefix: bool) -> tuple[str, list[Any]]:
    if "\x00" in value:
        return " AND 1 = 0", []
    if not prefix:
        return f" AND u.{column} = %s", [value]
    if not value:
        return f" AND u.{column} <> ''", []
    if connection.vendor == "postgresql":
        escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return f" AND u.{column} LIKE %s", [escaped + "%"]
    # SQLite's LIKE folds case and skips the index; texts compare by code point, so a prefix is a range.
    return f" AND u.{column} >= %s AND u.{column} < %s", [value, value + chr(0x10FFFF)]
