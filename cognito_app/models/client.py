"""App clients and their secrets."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cognito_app.models.pool import UserPool


class AppClient(models.Model):
    """An application that may use a user pool; ``configuration`` has AWS's member names, as in ``UserPool``."""

    id = models.CharField(max_length=128, primary_key=True)
    pool = models.ForeignKey(UserPool, on_delete=models.CASCADE, related_name="clients", db_index=False)
    name = models.CharField(max_length=128)
    configuration = models.JSONField(default=dict, blank=True)
    extras = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
        indexes: ClassVar = [models.Index(fields=["pool", "created_at", "id"], name="client_by_pool")]
        verbose_name = "app client"

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"


class ClientSecret(models.Model):
    """One of the at most two secrets of a client; sealed, because Describe must show it and SECRET_HASH needs it."""

    id = models.CharField(max_length=160, primary_key=True)
    client = models.ForeignKey(AppClient, on_delete=models.CASCADE, related_name="secrets")
    sealed = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
