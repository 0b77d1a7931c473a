"""Resource servers: APIs whose scopes clients may be granted."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cognito_app.models.pool import UserPool


class ResourceServer(models.Model):
    """An API of the pool; ``scopes`` is a list of {"ScopeName", "ScopeDescription"}."""

    pool = models.ForeignKey(UserPool, on_delete=models.CASCADE, related_name="resource_servers", db_index=False)
    identifier = models.CharField(max_length=256)
    name = models.CharField(max_length=256)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["pool", "identifier"], name="resource_server_unique"),
        ]

    def __str__(self) -> str:
        return self.identifier
