"""Passwords that users had before."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cognito_app.models.user import PoolUser


class PasswordHistory(models.Model):
    """The hash of a password that a newer one replaced, kept where the pool's policy forbids its return."""

    user = models.ForeignKey(PoolUser, on_delete=models.CASCADE, related_name="earlier_passwords", db_index=False)
    password_hash = models.CharField(max_length=256)
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["user", "-id"], name="password_history_by_age")]
