"""What a user can sign in with besides a password: authenticator apps and passkeys."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cognito_app.models.user import PoolUser


class SoftwareToken(models.Model):
    """A user's authenticator app: the secret in force, and one that still waits for its first code (both sealed)."""

    user = models.OneToOneField(PoolUser, on_delete=models.CASCADE, primary_key=True, related_name="software_token")
    secret_sealed = models.BinaryField(null=True)
    pending_sealed = models.BinaryField(null=True)
    friendly_name = models.CharField(max_length=131, blank=True)
    last_step = models.BigIntegerField(default=-1)
    created_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True)


class WebAuthnCredential(models.Model):
    """A passkey of a user."""

    user = models.ForeignKey(PoolUser, on_delete=models.CASCADE, related_name="passkeys")
    credential_id = models.CharField(max_length=1400)
    public_key = models.BinaryField()
    sign_count = models.BigIntegerField(default=0)
    friendly_name = models.CharField(max_length=256)
    relying_party_id = models.CharField(max_length=256)
    attachment = models.CharField(max_length=32, blank=True)
    transports = models.JSONField(default=list)
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "credential_id"], name="passkey_unique")]
