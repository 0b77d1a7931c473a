"""Whether credentials still stand: the stamp of IAM and the identity behind them, in one query."""

from __future__ import annotations

from django.db import connection

from cognito_app.models.base import Stamp
from cognito_app.models.identity_pool import Identity

_BOTH = (
    f"SELECT (SELECT version FROM {Stamp._meta.db_table} WHERE name = %s), "  # noqa: S608  # names come from our models
    f"(SELECT state FROM {Identity._meta.db_table} WHERE id = %s)"
)
_IDENTITY = f"SELECT state FROM {Identity._meta.db_table} WHERE id = %s"  # noqa: S608  # as above


def look(stamp: str, identity_id: str) -> tuple[int | None, bool]:
    """Return the version of a stamp, and whether an identity exists and is in use."""
    with connection.cursor() as cursor:
        cursor.execute(_BOTH, [stamp, identity_id])
        version, state = cursor.fetchone()
    return version, _in_use(state)


def identity_in_use(identity_id: str) -> bool:
    """Whether an identity exists and is not disabled."""
    with connection.cursor() as cursor:
        cursor.execute(_IDENTITY, [identity_id])
        row = cursor.fetchone()
    return _in_use(row[0] if row else None)


def _in_use(state: str | None) -> bool:
    return state is not None and state != Identity.State.DISABLED.value
