"""Reading one user fast: SQL that is written once, where the ORM would build it anew for every request."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from django.db import connection, models

from cognito_app.models.user import PoolUser


@cache
def _columns() -> tuple[list[str], list[tuple[int, Any]]]:
    fields = PoolUser._meta.concrete_fields
    converters: list[tuple[int, Any]] = []
    for position, field in enumerate(fields):
        if isinstance(field, models.JSONField):
            converters.append((position, orjson.loads))
        elif isinstance(field, models.DateTimeField):
            converters.append((position, _instant))
        elif isinstance(field, models.BooleanField):
            converters.append((position, bool))
    return [field.column or "" for field in fields], converters


def _instant(value: Any) -> datetime:
    """SQLite gives text or a naive datetime in UTC, PostgreSQL an aware one."""
    instant: datetime = datetime.fromisoformat(value) if isinstance(value, str) else value
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


@cache
def _names() -> list[str]:
    return [field.attname for field in PoolUser._meta.concrete_fields]


@cache
def _select(source: str) -> str:
    columns = ", ".join(f"u.{column}" for column in _columns()[0])
    return f"SELECT {columns} FROM {source}"  # noqa: S608  # names come from our models


def _user(row: Sequence[Any]) -> PoolUser:
    values = list(row)
    for position, convert in _columns()[1]:
        if values[position] is not None:
            values[position] = convert(values[position])
    return PoolUser.from_db(connection.alias, _names(), values)


def by_sign_in_name(pool_id: str, username_key: str, alias_key: str) -> PoolUser | None:
    """Return the user of a pool with this username, else with this alias, in one query whoever exists."""
    sql = (
        _select("cognito_app_pooluser u")
        + " WHERE u.pool_id = %s AND u.username_key = %s UNION ALL "
        + _select("cognito_app_useralias a JOIN cognito_app_pooluser u ON u.id = a.user_id")
        + " WHERE a.pool_id = %s AND a.key = %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [pool_id, username_key, pool_id, alias_key])
        row = cursor.fetchone()
    return _user(row) if row else None


def by_username(pool_id: str, username_key: str) -> PoolUser | None:
    """Return the user of a pool with this username."""
    with connection.cursor() as cursor:
        cursor.execute(
            _select("cognito_app_pooluser u") + " WHERE u.pool_id = %s AND u.username_key = %s",
            [pool_id, username_key],
        )
        row = cursor.fetchone()
    return _user(row) if row else None


_REVOKED = "EXISTS(SELECT 1 FROM cognito_app_refreshtoken r WHERE r.origin_jti = %s AND r.revoked_at IS NOT NULL)"


def by_sub(pool_id: str, sub: str, origin_jti: str | None) -> tuple[PoolUser | None, bool]:
    """Return the user with this ``sub``, and whether the sign-in named by ``origin_jti`` was revoked."""
    sql = (
        _select("cognito_app_pooluser u").replace(" FROM ", f", {_REVOKED} FROM ", 1)
        + " WHERE u.pool_id = %s AND u.sub = %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [_uuid(origin_jti), pool_id, sub])
        row = cursor.fetchone()
    return (_user(row[:-1]), bool(row[-1])) if row else (None, False)


def by_id(user_id: int) -> PoolUser | None:
    """Return a user by primary key."""
    with connection.cursor() as cursor:
        cursor.execute(_select("cognito_app_pooluser u") + " WHERE u.id = %s", [user_id])
        row = cursor.fetchone()
    return _user(row) if row else None


def _uuid(text: str | None) -> str | None:
    """Return a UUID as the database stores it: SQLite keeps 32 hexadecimal digits."""
    if text is None or connection.features.has_native_uuid_field:
        return text
    return text.replace("-", "")
