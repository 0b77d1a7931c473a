"""How the hosted pages look: managed login styles with their assets, and the classic CSS."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cognito_app.models.pool import UserPool


class ManagedLoginBranding(models.Model):
    """The managed login style of one app client."""

    id = models.UUIDField(primary_key=True)
    pool = models.ForeignKey(UserPool, on_delete=models.CASCADE, related_name="brandings", db_index=False)
    client_id = models.CharField(max_length=128)
    uses_defaults = models.BooleanField(default=False)
    settings = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["pool", "client_id"], name="branding_per_client")]

    def __str__(self) -> str:
        return f"Style of {self.client_id}"


class BrandingAsset(models.Model):
    """An image of a style."""

    branding = models.ForeignKey(ManagedLoginBranding, on_delete=models.CASCADE, related_name="assets")
    category = models.CharField(max_length=32)
    color_mode = models.CharField(max_length=8)
    extension = models.CharField(max_length=4)
    resource_id = models.CharField(max_length=40, blank=True)
    content = models.BinaryField()

    class Meta:
        ordering: ClassVar = ["id"]


class UICustomization(models.Model):
    """CSS and logo of the classic hosted pages; ``client_id`` ``ALL`` is the pool's default."""

    pool = models.ForeignKey(UserPool, on_delete=models.CASCADE, db_index=False)
    client_id = models.CharField(max_length=128)
    css = models.TextField(blank=True)
    css_version = models.CharField(max_length=20)
    image = models.BinaryField(null=True)
    image_type = models.CharField(max_length=16, blank=True)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["pool", "client_id"], name="customization_per_client")]
