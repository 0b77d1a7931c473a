"""Identity providers of a pool, and the identities of theirs that lead to its users."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cognito_app.models.pool import UserPool
from cognito_app.models.user import PoolUser


class IdentityProvider(models.Model):
    """A social, OIDC or SAML provider; ``secret_sealed`` holds the secret members of its details.

    ``metadata`` is what the last good copy of a SAML provider's metadata says (``services.provider_details``), and
    ``metadata_due_at`` when that is read again; None where it is no URL.
    """

    pool = models.ForeignKey(UserPool, on_delete=models.CASCADE, related_name="providers", db_index=False)
    name = models.CharField(max_length=32)
    type = models.CharField(max_length=20)
    details = models.JSONField(default=dict)
    secret_sealed = models.BinaryField(null=True)
    metadata = models.JSONField(default=dict)
    metadata_due_at = models.DateTimeField(null=True, db_index=True)
    attribute_mapping = models.JSONField(default=dict)
    acr_mapping = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["pool", "name"], name="provider_name_unique")]
        indexes: ClassVar = [models.Index(fields=["pool", "id"], name="provider_by_age")]

    def __str__(self) -> str:
        return self.name


class ProviderIdentifier(models.Model):
    """A short name, often an e-mail domain, that chooses a provider."""

    pool = models.ForeignKey(UserPool, on_delete=models.CASCADE, db_index=False)
    provider = models.ForeignKey(IdentityProvider, on_delete=models.CASCADE, related_name="identifiers")
    identifier = models.CharField(max_length=40)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["pool", "identifier"], name="identifier_unique")]


class LinkedIdentity(models.Model):
    """An identity at a provider that signs in as a user of the pool.

    ``primary`` marks the identity whose first sign-in made the user; the others were linked. ``attribute`` is
    ``Cognito_Subject``, or the attribute of the pool whose mapped value is ``subject``. ``issuer`` is a SAML
    provider's entity id.
    """

    pool = models.ForeignKey(UserPool, on_delete=models.CASCADE, db_index=False)
    user = models.ForeignKey(PoolUser, on_delete=models.CASCADE, related_name="identities")
    provider_name = models.CharField(max_length=32)
    provider_type = models.CharField(max_length=20)
    attribute = models.CharField(max_length=131)
    subject = models.CharField(max_length=256)
    primary = models.BooleanField(default=False)
    issuer = models.CharField(max_length=1024, null=True)  # absent and empty differ on the wire
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["pool", "provider_name", "attribute", "subject"], name="identity_unique")
        ]


class SamlSigningKey(models.Model):
    """The key with which a pool signs its SAML requests; its certificate is renewed over the same key."""

    pool = models.OneToOneField(UserPool, on_delete=models.CASCADE, primary_key=True)
    private_sealed = models.BinaryField()
    certificate = models.TextField()
    issued_at = models.DateTimeField()
