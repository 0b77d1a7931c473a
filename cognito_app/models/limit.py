"""Request rates: the limits that were set, and the counters of the present second."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class ProvisionedLimit(models.Model):
    """Requests per second of a category, where an administrator changed Cognito's default."""

    category = models.CharField(max_length=40, primary_key=True)
    value = models.PositiveIntegerField()


class RateCounter(models.Model):
    """Requests of one key in one second, where there is no Redis to count them."""

    key = models.CharField(max_length=128)
    second = models.BigIntegerField(db_index=True)
    count = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["key", "second"], name="rate_counter_unique")]
