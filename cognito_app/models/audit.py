"""What happened: changes by operators and administrators, sign-in events of users."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cognito_app.models.user import PoolUser


class AuditEvent(models.Model):
    """One change to the directory; never updated. ``detail`` holds names and ids, no secrets or personal values."""

    time = models.DateTimeField(db_index=True)
    actor = models.CharField(max_length=2048)
    action = models.CharField(max_length=64)
    pool_id = models.CharField(max_length=55, blank=True)
    subject = models.CharField(max_length=256, blank=True)
    source_ip = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=36, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["-time", "-id"]
        indexes: ClassVar = [models.Index(fields=["pool_id", "-time"], name="audit_by_pool")]


class AuthEvent(models.Model):
    """A sign-in, sign-up or password event (AuthEventType of the user pools model).

    Failed tries of names that nobody has are written too, without a user: so they take as long as those of a user.
    """

    id = models.UUIDField(primary_key=True)
    user = models.ForeignKey(PoolUser, on_delete=models.CASCADE, null=True, related_name="auth_events", db_index=False)
    type = models.CharField(max_length=16)
    response = models.CharField(max_length=10)
    challenges = models.JSONField(default=list)
    ip_address = models.CharField(max_length=64, blank=True)
    user_agent = models.CharField(max_length=512, blank=True)
    risk = models.JSONField(default=dict)
    feedback = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["user", "-created_at"], name="auth_event_by_user")]
