"""Browser sessions of the hosted pages."""

from __future__ import annotations

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
