"""What all tables share: the claim helper, insert-if-absent, version stamps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from django.db import connection, models

from cognito_app.core import clock

M = TypeVar("M", bound=models.Model)

SHORT_KEY = 256
"""Longest search key in characters: PostgreSQL's B-tree takes at most 2,704 bytes an entry."""


def claim(queryset: models.QuerySet[M], **changes: Any) -> bool:
    """Spend a one-time thing: update the single row that still satisfies ``queryset``'s conditions.

    Returns True for exactly one of any number of parallel callers, on every supported database.
    """
    return queryset.update(**changes) == 1


def delete_in_batches(queryset: models.QuerySet[M], size: int = 1000) -> None:
    """Delete rows with all that hangs on them, a thousand at a time: one statement takes 65,535 parameters at most."""
    while batch := list(queryset.values_list("pk", flat=True)[:size]):
        queryset.model._default_manager.filter(pk__in=batch).delete()


def insert_if_absent(model: type[models.Model], values: Mapping[str, Any]) -> bool:
    """Insert a row unless its unique key is taken; True if this call inserted it.

    Django's ``bulk_create(ignore_conflicts=True)`` does not tell which of the two happened.
    """
    meta = model._meta
    fields = [_column_field(model, name) for name in values]
    columns = ", ".join(connection.ops.quote_name(field.column or "") for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    prepared = [field.get_db_prep_save(value, connection) for field, value in zip(fields, values.values(), strict=True)]
    table = connection.ops.quote_name(meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING", prepared)  # noqa: S608  # names come from our models
        return bool(cursor.rowcount == 1)


def _column_field(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    return field


class Stamp(models.Model):
    """The version of something that processes keep in memory; a changed number makes them read it again."""

    name = models.CharField(max_length=80, primary_key=True)
    version = models.BigIntegerField()

    @classmethod
    def bump(cls, name: str) -> None:
        """Make every process reload what carries this stamp. Call it inside the transaction of the change.

        Versions come from the clock, so that a restored database never shows a number with another meaning.
        """
        version = int(clock.now().timestamp() * 1_000_000)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO cognito_app_stamp (name, version) VALUES (%s, %s) "
                "ON CONFLICT (name) DO UPDATE SET version = CASE WHEN excluded.version > cognito_app_stamp.version "
                "THEN excluded.version ELSE cognito_app_stamp.version + 1 END",
                [name, version],
            )

    @classmethod
    def read(cls, names: Iterable[str]) -> dict[str, int]:
        """Return the versions of ``names`` in one query; names without a stamp are missing."""
        wanted = list(names)
        marks = ", ".join(["%s"] * len(wanted))
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT name, version FROM cognito_app_stamp WHERE name IN ({marks})", wanted)  # noqa: S608  # only placeholders
            return dict(cursor.fetchall())
