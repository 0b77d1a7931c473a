"""Terms of use and privacy policies that an app client's pages link to."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cognito_app.models.pool import UserPool


class Terms(models.Model):
    """One document of one app client, by language."""

    id = models.UUIDField(primary_key=True)
    pool = models.ForeignKey(UserPool, on_delete=models.CASCADE, db_index=False)
    client_id = models.CharField(max_length=128)
    name = models.CharField(max_length=32)
    source = models.CharField(max_length=16)
    enforcement = models.CharField(max_length=16)
    links = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["pool", "client_id", "name"], name="terms_name_per_client")
        ]
        indexes: ClassVar = [models.Index(fields=["pool", "created_at", "id"], name="terms_by_age")]
