"""Reading users fast, each by one statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from django.db import connection

from cognito_app.models.rows import Rows, document, instant
from cognito_app.models.user import PoolUser

ROWS: Rows[PoolUser] = Rows(PoolUser)
_REVOKED = "EXISTS(SELECT 1 FROM cognito_app_refreshtoken r WHERE r.origin_jti = %s AND r.revoked_at IS NOT NULL)"


@cache
def _by_name() -> str:
    return (
        f"SELECT {ROWS.columns} FROM {ROWS.table} u WHERE u.pool_id = %s AND u.username_key = %s UNION ALL "  # noqa: S608  # names come from our models
        f"SELECT {ROWS.columns} FROM cognito_app_useralias a JOIN {ROWS.table} u ON u.id = a.user_id "
        "WHERE a.pool_id = %s AND a.key = %s"
    )


@cache
def _by_sub() -> str:
    return f"SELECT {ROWS.columns}, {_REVOKED} FROM {ROWS.table} u WHERE u.pool_id = %s AND u.sub = %s"  # noqa: S608  # names come from our models


def by_sign_in_name(pool_id: str, username_key: str, alias_key: str) -> PoolUser | None:
    """Return the user of a pool with this username, else with this alias, in one query whoever exists."""
    with connection.cursor() as cursor:
        cursor.execute(_by_name(), [pool_id, username_key, pool_id, alias_key])
        row = cursor.fetchone()
    return ROWS.build(row) if row else None


def by_username(pool_id: str, username_key: str) -> PoolUser | None:
    """Return the user of a pool with this username."""
    return ROWS.first("u.pool_id = %s AND u.username_key = %s", [pool_id, username_key])


def by_sub(pool_id: str, sub: str, origin_jti: str | None) -> tuple[PoolUser | None, bool]:
    """Return the user with this ``sub``, and whether the sign-in named by ``origin_jti`` was revoked."""
    with connection.cursor() as cursor:
        cursor.execute(_by_sub(), [uuid_value(origin_jti), pool_id, sub])
        row = cursor.fetchone()
    return (ROWS.build(row[:-1]), bool(row[-1])) if row else (None, False)


def by_id(user_id: int) -> PoolUser | None:
    """Return a user by primary key."""
    return ROWS.first("u.id = %s", [user_id])


def locked(user_id: int) -> PoolUser | None:
    """Return a user and lock the row until the transaction ends, its key left free for rows that refer to it."""
    lock = " FOR NO KEY UPDATE" if connection.features.has_select_for_no_key_update else ""
    return ROWS.first(f"u.id = %s{lock}", [user_id])


def aliases(user_id: int) -> dict[str, str]:
    """Return the keys of a user's sign-in names beside the username, by kind."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, key FROM cognito_app_useralias WHERE user_id = %s", [user_id])
        return dict(cursor.fetchall())


class Standing(NamedTuple):
    """What decides whether a user may go on."""

    enabled: bool
    password_hash: str | None
    signed_out_at: datetime | None


def hold(user_id: int) -> Standing | None:
    """Return a user's standing as stored now, which stays so until the transaction ends; None if there is no user.

    It takes the lock of ``UserSession.serialize``: what ends all of a user's sessions waits, or has happened.
    """
    sql = f"SELECT enabled, password_hash, signed_out_at FROM {ROWS.table} WHERE id = %s"  # noqa: S608  # names come from our models
    if connection.features.has_select_for_no_key_update:
        sql += " FOR NO KEY UPDATE"
    with connection.cursor() as cursor:
        cursor.execute(sql, [user_id])
        row = cursor.fetchone()
    if row is None:
        return None
    enabled, password_hash, signed_out_at = row
    return Standing(bool(enabled), password_hash, None if signed_out_at is None else instant(signed_out_at))


class UserSummary(NamedTuple):
    """What a list shows of a user; a page of models would cost three times as much."""

    pk: int
    username: str
    attributes: dict[str, str]
    created_at: datetime
    modified_at: datetime
    enabled: bool
    status: str
    mfa: dict[str, Any]


def page(condition: str, parameters: Sequence[Any], order: str, limit: int) -> list[UserSummary]:
    """Return up to ``limit`` users that satisfy a condition over the alias ``u``, in an order of its columns."""
    columns = "u.id, u.username, u.attributes, u.created_at, u.modified_at, u.enabled, u.status, u.mfa"
    sql = f"SELECT {columns} FROM {ROWS.table} u WHERE {condition} ORDER BY {order} LIMIT %s"  # noqa: S608  # the condition is ours, values are parameters
    with connection.cursor() as cursor:
        cursor.execute(sql, [*parameters, limit])
        return [
            UserSummary(
                pk,
                username,
                document(attributes),
                instant(created),
                instant(modified),
                bool(enabled),
                status,
                document(mfa),
            )
            for pk, username, attributes, created, modified, enabled, status, mfa in cursor.fetchall()
        ]


def uuid_value(text: str | None) -> str | None:
    """Return a UUID as the database stores it: SQLite keeps 32 hexadecimal digits."""
    if text is None or connection.features.has_native_uuid_field:
        return text
    return text.replace("-", "")
