"""IAM roles that credentials are issued for."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Role(models.Model):
    """A role: who may assume it (``trust_policy``) and what it allows (``policies``: name to document)."""

    name = models.CharField(max_length=64, primary_key=True)
    role_id = models.CharField(max_length=32, unique=True)
    path = models.CharField(max_length=512, default="/")
    description = models.CharField(max_length=1000, blank=True)
    trust_policy = models.JSONField()
    policies = models.JSONField(default=dict, blank=True)
    max_session_duration = models.PositiveIntegerField(default=3600)
    tags = models.JSONField(default=dict, blank=True)
    sessions_valid_after = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name
