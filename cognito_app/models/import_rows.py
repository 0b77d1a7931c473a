"""Statements of the user import that read or write many rows at once (the ORM would take three times as long)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from operator import attrgetter
from typing import Any

import orjson
from django.db import connection, models

from cognito_app.models.user import PoolUser, UserAlias

_EACH = (
    "SELECT given.key FROM unnest(%s::text[]) AS given(key) CROSS JOIN LATERAL "
    "(SELECT 1 FROM {table} u WHERE u.pool_id = %s AND u.{column} = given.key LIMIT 1) AS found"
)
# One parameter, however many keys: SQLite's builds differ in how many they take.
_AMONG = "SELECT u.{column} FROM {table} u WHERE u.{column} IN (SELECT value FROM json_each(%s)) AND u.pool_id = %s"
_IDS = (
    "SELECT u.username_key, u.id FROM cognito_app_pooluser u "
    "WHERE u.username_key IN (SELECT value FROM json_each(%s)) AND u.pool_id = %s"
)


def _is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def taken(pool_id: str, keys: Collection[str]) -> set[str]:
    """Return those of the keys that are the username or an alias of a user of the pool, in one query."""
    sql = _EACH if _is_postgresql() else _AMONG
    wanted = list(keys) if _is_postgresql() else orjson.dumps(list(keys)).decode()
    users = sql.format(table="cognito_app_pooluser", column="username_key")
    aliases = sql.format(table="cognito_app_useralias", column="key")
    with connection.cursor() as cursor:
        cursor.execute(f"{users} UNION ALL {aliases}", [wanted, pool_id, wanted, pool_id])
        return {row[0] for row in cursor.fetchall()}


def insert_users(pool_id: str, users: Sequence[PoolUser]) -> dict[str, int]:
    """Store new users of a pool; returns their ids by ``username_key``. Raises IntegrityError or DataError."""
    with connection.cursor() as cursor:
        if _is_postgresql():
            _insert_document(cursor, PoolUser, users, " RETURNING username_key, id")
        else:
            _insert_each(cursor, PoolUser, users)
            cursor.execute(_IDS, [orjson.dumps([user.username_key for user in users]).decode(), pool_id])
        return dict(cursor.fetchall())


def insert_aliases(aliases: Sequence[UserAlias]) -> None:
    """Store new aliases. Raises IntegrityError."""
    with connection.cursor() as cursor:
        if _is_postgresql():
            _insert_document(cursor, UserAlias, aliases)
        else:
            _insert_each(cursor, UserAlias, aliases)


def refresh_statistics() -> None:
    """Let PostgreSQL's planner know of rows that came since its last look.

    It looks once a minute by itself; until then it may take an index of the pool's users for one of names.
    """
    if _is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE cognito_app_pooluser, cognito_app_useralias")


@cache
def _fields(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    return [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]


def _rows(model: type[models.Model], instances: Sequence[models.Model]) -> Iterable[tuple[Any, ...]]:
    return map(attrgetter(*(field.attname for field in _fields(model))), instances)


def _into(model: type[models.Model]) -> tuple[str, list[str]]:
    columns = [field.column or "" for field in _fields(model)]
    return f"INSERT INTO {model._meta.db_table} ({', '.join(columns)})", columns


def _insert_document(cursor: Any, model: type[models.Model], rows: Sequence[models.Model], returning: str = "") -> None:
    """Insert by one statement of one parameter: a document of all rows."""
    into, columns = _into(model)
    typed = ", ".join(f"{field.column} {field.db_type(connection)}" for field in _fields(model))
    document = orjson.dumps([dict(zip(columns, row, strict=True)) for row in _rows(model, rows)]).decode()
    names = ", ".join(columns)
    sql = f"{into} SELECT {names} FROM json_to_recordset(%s::json) AS given({typed}){returning}"  # noqa: S608  # names come from our models
    cursor.execute(sql, [document])


def _insert_each(cursor: Any, model: type[models.Model], rows: Sequence[models.Model]) -> None:
    into, columns = _into(model)
    marks = ", ".join(["%s"] * len(columns))
    cursor.executemany(
        f"{into} VALUES ({marks})", [[_for_sqlite(value) for value in row] for row in _rows(model, rows)]
    )


def _for_sqlite(value: Any) -> Any:
    if isinstance(value, datetime):
        return str(value.astimezone(UTC).replace(tzinfo=None))
    return orjson.dumps(value).decode() if isinstance(value, dict | list) else value
