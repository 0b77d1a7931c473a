"""Sign-ins at identity providers that browsers have begun."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cognito_app.models.pool import UserPool


class FederationTransaction(models.Model):
    """A browser on its way to a provider and back; spent by the answer that comes with its ``state``.

    ``state`` and the browser's cookie are stored as hashes. ``sealed`` holds the authorization request and what the
    protocol must remember (nonce, PKCE verifier, the id of a SAML request).
    """

    state_hash = models.BinaryField(primary_key=True)
    browser_hash = models.BinaryField()
    pool = models.ForeignKey(UserPool, on_delete=models.CASCADE, db_index=False)
    client_id = models.CharField(max_length=128)
    provider_name = models.CharField(max_length=32)
    sealed = models.BinaryField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="federation_by_end")]
