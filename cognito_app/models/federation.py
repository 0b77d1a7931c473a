"""The account's identity providers (IAM objects): OpenID Connect and SAML, as identity pools and STS trust them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class OpenIdProvider(models.Model):
    """An OpenID Connect provider; ``name`` is its URL without the scheme, as in its ARN and as a login's key."""

    name = models.CharField(max_length=255, primary_key=True)
    url = models.CharField(max_length=264)
    client_ids = models.JSONField(default=list, blank=True)
    thumbprints = models.JSONField(default=list, blank=True)
    tags = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name = "OpenID Connect provider"

    def __str__(self) -> str:
        return self.name


class SamlProvider(models.Model):
    """A SAML provider: its metadata as given, and what that says (entity id, certificates)."""

    name = models.CharField(max_length=128, primary_key=True)
    document = models.TextField()
    entity_id = models.CharField(max_length=1024)
    certificates = models.JSONField(default=list)
    tags = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name = "SAML provider"

    def __str__(self) -> str:
        return self.name
