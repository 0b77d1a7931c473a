"""Domains of user pools: the address of the hosted pages and OAuth endpoints."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cognito_app.models.pool import UserPool


class Domain(models.Model):
    """A prefix (``my-app``) or a custom domain name (``auth.example.com``)."""

    name = models.CharField(max_length=255, primary_key=True)
    pool = models.ForeignKey(UserPool, on_delete=models.CASCADE, related_name="domains")
    is_custom = models.BooleanField(default=False)
    certificate_arn = models.CharField(max_length=2048, blank=True)
    managed_login_version = models.PositiveSmallIntegerField(default=1)
    distribution = models.CharField(max_length=255, blank=True)
    version = models.CharField(max_length=20)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["pool", "is_custom"], name="one_domain_of_each_kind"),
        ]

    def __str__(self) -> str:
        return self.name
