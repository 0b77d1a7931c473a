"""Identity providers of IAM: whom STS and identity pools take tokens and assertions from."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class OidcProvider(models.Model):
    """An OpenID Connect provider; ``url`` is its issuer without ``https://``, which also ends its ARN.

    ``scheme`` is ``https`` but for providers of development installations.
    """

    url = models.CharField(max_length=255, primary_key=True)
    scheme = models.CharField(max_length=5, default="https")
    client_ids = models.JSONField(default=list, blank=True)
    thumbprints = models.JSONField(default=list, blank=True)
    tags = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["url"]
        verbose_name = "OpenID Connect provider"

    def __str__(self) -> str:
        return self.url


class SamlProvider(models.Model):
    """A SAML provider: its metadata document says who it is and what its signatures are checked with."""

    name = models.CharField(max_length=128, primary_key=True)
    provider_id = models.CharField(max_length=64, unique=True)
    metadata = models.TextField()
    entity_id = models.CharField(max_length=1024)
    certificates = models.JSONField(default=list)
    tags = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    valid_until = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name = "SAML provider"

    def __str__(self) -> str:
        return self.name
