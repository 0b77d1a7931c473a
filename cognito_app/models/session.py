"""Browser sessions of the hosted pages, and the record of sessions that users and administrators see."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cognito_app.models.pool import UserPool
from cognito_app.models.user import PoolUser


class BrowserSession(models.Model):
    """A signed-in browser on a pool's domain; the cookie's value is stored as a hash."""

    token_hash = models.BinaryField(primary_key=True)
    pool = models.ForeignKey(UserPool, on_delete=models.CASCADE, db_index=False)
    user = models.ForeignKey(PoolUser, on_delete=models.CASCADE, related_name="browser_sessions")
    provider = models.CharField(max_length=64, default="COGNITO")
    methods = models.JSONField(default=list)
    authenticated_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True)


class UserSession(models.Model):
    """A tracked session: of tokens (one sign-in and its refreshes), or of a browser on the pool's domain (SSO)."""

    id = models.CharField(max_length=28, primary_key=True)
    user = models.ForeignKey(PoolUser, on_delete=models.CASCADE, related_name="sessions", db_index=False)
    client_id = models.CharField(max_length=128)
    origin_jti = models.UUIDField(null=True, unique=True)
    browser = models.OneToOneField(BrowserSession, on_delete=models.CASCADE, null=True, related_name="record")
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="children")
    device_type = models.CharField(max_length=1024, blank=True)
    last_ip = models.CharField(max_length=128, blank=True)
    created_at = models.DateTimeField()
    last_active_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["user", "last_active_at"], name="user_session_by_user")]
