"""Refresh tokens and authorization codes; both are stored as hashes."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cognito_app.models.pool import UserPool
from cognito_app.models.user import PoolUser


class RefreshToken(models.Model):
    """One refresh token; the tokens of one sign-in share ``origin_jti``, which makes them a family.

    ``revoked_at`` ends the family's access tokens too; ``ended_at`` (after a new password) only stops refreshing.
    """

    token_hash = models.BinaryField(unique=True)
    origin_jti = models.UUIDField(db_index=True)
    pool = models.ForeignKey(UserPool, on_delete=models.CASCADE, db_index=False)
    client_id = models.CharField(max_length=128)
    user = models.ForeignKey(PoolUser, on_delete=models.CASCADE, related_name="refresh_tokens")
    details = models.JSONField(default=dict)
    auth_time = models.DateTimeField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    rotated_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["client_id"], name="refresh_by_client")]


class AuthorizationCode(models.Model):
    """A code handed to a browser, to be exchanged once for tokens (RFC 6749 section 4.1.2)."""

    code_hash = models.BinaryField(primary_key=True)
    pool = models.ForeignKey(UserPool, on_delete=models.CASCADE, db_index=False)
    client_id = models.CharField(max_length=128)
    user = models.ForeignKey(PoolUser, on_delete=models.CASCADE)
    request = models.JSONField(default=dict)
    origin_jti = models.UUIDField()
    auth_time = models.DateTimeField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)
