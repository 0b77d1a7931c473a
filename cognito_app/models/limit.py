"""Request rates: the limits that were set, and the counters of the present second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.db import connection, models


class ProvisionedLimit(models.Model):
    """Requests per second of a category, where an administrator changed Cognito's default."""

    category = models.CharField(max_length=40, primary_key=True)
    value = models.PositiveIntegerField()


class RateCounter(models.Model):
    """Requests of one key in one second, where there is no Redis to count them.

    On PostgreSQL the table is unlogged: its rows live for seconds, and a count need not wait for the disk.
    """

    key = models.CharField(max_length=128)
    second = models.BigIntegerField(db_index=True)
    count = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["key", "second"], name="rate_counter_unique")]

    @classmethod
    def take(cls, second: int, limits: Mapping[str, int]) -> bool:
        """Count one request of every key; False, if one of them has had as many in this second as its limit.

        One statement: of any number of parallel callers no more than the limit get True. A refused request leaves
        the keys alone that come before it, but for those that race with the last one to pass.
        """
        keys = sorted(limits)  # in one order, so that parallel statements cannot wait for each other in a circle
        rows = ", ".join(["(CAST(%s AS varchar))"] * len(keys))
        full = " OR ".join(["(c.key = %s AND c.count >= %s)"] * len(keys))
        cases = " ".join(["WHEN %s THEN %s"] * len(keys))
        pairs = [value for key in keys for value in (key, limits[key])]
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO cognito_app_ratecounter (key, second, count) "  # noqa: S608  # only placeholders
                f"SELECT w.column1, CAST(%s AS bigint), 1 FROM (VALUES {rows}) AS w "
                f"WHERE NOT EXISTS (SELECT 1 FROM cognito_app_ratecounter c WHERE c.second = %s AND ({full})) "
                "ORDER BY w.column1 "
                "ON CONFLICT (key, second) DO UPDATE SET count = cognito_app_ratecounter.count + 1 "
                f"WHERE cognito_app_ratecounter.count < CASE cognito_app_ratecounter.key {cases} END",
                [second, *keys, second, *pairs, *pairs],
            )
            return bool(cursor.rowcount == len(keys))

    @classmethod
    def forget_before(cls, second: int) -> int:
        """Delete the counters of seconds gone by; returns their number."""
        return cls.objects.filter(second__lt=second).delete()[0]
