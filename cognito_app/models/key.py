"""Signing keys of user pools and of the installation's identity tokens."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cognito_app.models.pool import UserPool


class SigningKey(models.Model):
    """An RSA key pair; the private half is sealed."""

    class Use(models.TextChoices):
        ID = "id"
        ACCESS = "access"
        IDENTITY = "identity"
        SPARE = "spare"

    kid = models.CharField(max_length=64, primary_key=True)
    pool = models.ForeignKey(UserPool, on_delete=models.CASCADE, null=True, related_name="signing_keys")
    use = models.CharField(max_length=10, choices=Use.choices, db_index=True)
    private_sealed = models.BinaryField()
    public_jwk = models.JSONField()
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["created_at", "kid"]
