"""Listing and searching the users of a pool, each page from an index.

Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
"""

from __future__ import annotations

from django.db import connection
from django.db.models import QuerySet

from cognito_app.core import filters, paging
from cognito_app.models import PoolUser
from cognito_app.models.base import SHORT_KEY
from cognito_app.models.user import SEARCH_KEYS, search_key
from cognito_app.services.config import PoolConfig

LARGEST_PAGE = 60


def page(
    pool: PoolConfig, *, text: str | None = None, limit: int | None = None, token: str | None = None
) -> tuple[list[PoolUser], str | None]:
    """Return a page of users, oldest first, and the token of the next.

    ``text`` is a filter of ListUsers. Raises InvalidParameterException.
    """
    scope = f"ListUsers:{pool.id}:{text or ''}"
    after = paging.decode(scope, token)["after"] if token else 0
    size = limit or LARGEST_PAGE
    condition = filters.parse(text)
    rows = PoolUser.objects.filter(pool_id=pool.id)
    if condition is not None:
        rows = _narrow(rows, condition)
    found = list(rows.filter(pk__gt=after).order_by("pk")[: size + 1])
    following = paging.encode(scope, {"after": found[size - 1].pk}) if len(found) > size else None
    return found[:size], following


def _narrow(rows: QuerySet[PoolUser], condition: filters.Filter) -> QuerySet[PoolUser]:
    value = condition.value
    if condition.attribute == "status":
        matching = [state for state in ("Enabled", "Disabled") if _matches(state, condition)]
        return rows.filter(enabled__in=[state == "Enabled" for state in matching])
    if condition.attribute == "cognito:user_status":
        folded = filters.Filter(condition.attribute, condition.prefix, value.upper())
        return rows.filter(status__in=[state for state in PoolUser.Status.values if _matches(state, folded)])
    if condition.attribute in SEARCH_KEYS:
        return _by_text(rows, SEARCH_KEYS[condition.attribute], search_key(value), condition.prefix)
    if condition.attribute == "sub":
        return _by_text(rows, "sub", value, condition.prefix)
    return _by_text(rows, "username", value[:SHORT_KEY], condition.prefix)


def _matches(state: str, condition: filters.Filter) -> bool:
    return state.startswith(condition.value) if condition.prefix else state == condition.value


def _by_text(rows: QuerySet[PoolUser], column: str, value: str, prefix: bool) -> QuerySet[PoolUser]:
    if "\x00" in value:
        return rows.none()
    if not prefix:
        return rows.filter(**{column: value})
    if not value:
        return rows.exclude(**{column: ""})
    if connection.vendor == "postgresql":
        return rows.filter(**{f"{column}__startswith": value})
    # SQLite's LIKE folds case and skips the index; texts compare by code point, so a prefix is a range.
    return rows.filter(**{f"{column}__gte": value, f"{column}__lt": value + chr(0x10FFFF)})
