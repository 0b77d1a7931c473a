"""Replicas of a pool in other Regions."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cognito_app.models.pool import UserPool


class PoolReplica(models.Model):
    """A secondary replica: a registration over the same data."""

    pool = models.ForeignKey(UserPool, on_delete=models.CASCADE, related_name="replicas", db_index=False)
    region = models.CharField(max_length=32)
    status = models.CharField(max_length=12)
    tags = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["pool", "region"], name="replica_region_unique")]
