"""Long-term access keys of administrators and scripts."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class AccessKey(models.Model):
    """A key pair that signs requests, with the policy that says what for."""

    id = models.CharField(max_length=32, primary_key=True)
    secret_sealed = models.BinaryField()
    user_name = models.CharField(max_length=64)
    user_id = models.CharField(max_length=32)
    policy = models.JSONField()
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
        verbose_name = "access key"

    def __str__(self) -> str:
        return f"{self.user_name} ({self.id})"
