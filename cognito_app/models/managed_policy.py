"""Managed policies, and which roles they are attached to."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cognito_app.models.role import Role


class ManagedPolicy(models.Model):
    """A policy of this account with its versions (name to ``document`` and ``created_at``)."""

    name = models.CharField(max_length=128, primary_key=True)
    policy_id = models.CharField(max_length=32, unique=True)
    path = models.CharField(max_length=512, default="/")
    description = models.CharField(max_length=1000, blank=True)
    versions = models.JSONField()
    default_version = models.CharField(max_length=16, default="v1")
    last_version = models.PositiveIntegerField(default=1)
    tags = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name_plural = "managed policies"

    def __str__(self) -> str:
        return self.name


class PolicyAttachment(models.Model):
    """A managed policy, ours or AWS's, on a role."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="attachments", db_index=False)
    policy_arn = models.CharField(max_length=2048, db_index=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["policy_arn"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["role", "policy_arn"], name="policy_attached_once")]

    def __str__(self) -> str:
        return self.policy_arn
