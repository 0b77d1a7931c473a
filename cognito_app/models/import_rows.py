"""Statements of the user import that look at many rows at once."""

from __future__ import annotations

from collections.abc import Collection

import orjson
from django.db import connection

_TAKEN = (
    "SELECT u.username_key FROM cognito_app_pooluser u WHERE u.pool_id = %s AND u.username_key {among} "
    "UNION ALL SELECT a.key FROM cognito_app_useralias a WHERE a.pool_id = %s AND a.key {among}"
)


def taken(pool_id: str, keys: Collection[str]) -> set[str]:
    """Return those of the keys that are the username or an alias of a user of the pool, in one query."""
    if connection.vendor == "postgresql":
        among = "= ANY(%s)"
        wanted: list[str] | str = list(keys)
    else:
        # One parameter, however many keys: SQLite's builds differ in how many they take.
        among = "IN (SELECT value FROM json_each(%s))"
        wanted = orjson.dumps(list(keys)).decode()
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN.format(among=among), [pool_id, wanted, pool_id, wanted])
        return {row[0] for row in cursor.fetchall()}
