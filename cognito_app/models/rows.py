"""Statements that are written once, where the ORM would build them anew for every request (ten times the cost)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Generic, TypeVar

import orjson
from django.db import connection, models

M = TypeVar("M", bound=models.Model)


def execute(sql: str, parameters: Sequence[Any]) -> int:
    """Run a statement and return the number of rows that it changed."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)


class Rows(Generic[M]):
    """Reads and inserts rows of a model by prepared text."""

    def __init__(self, model: type[M]) -> None:
        self.model = model

    @cached_property
    def _fields(self) -> list[models.Field[Any, Any]]:
        return list(self.model._meta.concrete_fields)

    @cached_property
    def _names(self) -> list[str]:
        return [field.attname for field in self._fields]

    @cached_property
    def _converters(self) -> list[tuple[int, Any]]:
        kinds: list[tuple[type[models.Field[Any, Any]], Any]] = [
            (models.JSONField, document),
            (models.DateTimeField, instant),
            (models.BooleanField, bool),
        ]
        return [
            (position, convert)
            for position, field in enumerate(self._fields)
            for kind, convert in kinds
            if isinstance(field, kind)
        ]

    @cached_property
    def columns(self) -> str:
        """The columns in order, each behind the alias ``u``."""
        return ", ".join(f"u.{field.column}" for field in self._fields)

    @cached_property
    def table(self) -> str:
        """The table's name."""
        return self.model._meta.db_table

    @cached_property
    def _insert(self) -> tuple[str, list[models.Field[Any, Any]]]:
        fields = [field for field in self._fields if not isinstance(field, models.AutoField)]
        names = ", ".join(field.column or "" for field in fields)
        marks = ", ".join(["%s"] * len(fields))
        return f"INSERT INTO {self.table} ({names}) VALUES ({marks})", fields  # noqa: S608  # names come from our models

    def build(self, row: Sequence[Any]) -> M:
        """Return the model of a fetched row."""
        values = list(row)
        for position, convert in self._converters:
            if values[position] is not None:
                values[position] = convert(values[position])
        return self.model.from_db(connection.alias, self._names, values)

    def where(self, condition: str, parameters: Sequence[Any]) -> list[M]:
        """Return the rows that satisfy a condition over the alias ``u`` (ordering and limit included)."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {self.columns} FROM {self.table} u WHERE {condition}", parameters)  # noqa: S608  # the condition is ours, values are parameters
            return [self.build(row) for row in cursor.fetchall()]

    def first(self, condition: str, parameters: Sequence[Any]) -> M | None:
        """Return the row that satisfies a condition, or None."""
        found = self.where(condition, parameters)
        return found[0] if found else None

    def insert(self, instance: M) -> None:
        """Store a new row; a key that the database makes is not read back."""
        sql, fields = self._insert
        with connection.cursor() as cursor:
            cursor.execute(sql, _values(instance, fields))

    def insert_with_key(self, instance: M) -> None:
        """Store a new row and give the instance the key that the database made."""
        sql, fields = self._insert
        with connection.cursor() as cursor:
            cursor.execute(f"{sql} RETURNING id", _values(instance, fields))
            instance.pk = cursor.fetchone()[0]
        instance._state.adding = False

    @cached_property
    def _update(self) -> tuple[str, list[models.Field[Any, Any]]]:
        fields = [field for field in self._fields if not field.primary_key]
        changes = ", ".join(f"{field.column} = %s" for field in fields)
        return f"UPDATE {self.table} SET {changes} WHERE id = %s", fields  # noqa: S608  # names come from our models

    def update(self, instance: M) -> None:
        """Store all columns of a row that exists."""
        sql, fields = self._update
        execute(sql, [*_values(instance, fields), instance.pk])


def _values(instance: models.Model, fields: Sequence[models.Field[Any, Any]]) -> list[Any]:
    return [field.get_db_prep_save(getattr(instance, field.attname), connection) for field in fields]


def document(value: Any) -> Any:
    """Return the object of a JSON column."""
    return orjson.loads(value) if isinstance(value, str | bytes) else value


def instant(value: Any) -> datetime:
    """Return the instant of a column: SQLite gives text or a naive datetime in UTC, PostgreSQL an aware one."""
    given: datetime = datetime.fromisoformat(value) if isinstance(value, str) else value
    return given if given.tzinfo else given.replace(tzinfo=UTC)
