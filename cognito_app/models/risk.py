"""Threat-protection settings."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cognito_app.models.pool import UserPool


class RiskConfiguration(models.Model):
    """The settings of a pool (``client_id`` empty) or of one app client, with AWS's member names."""

    pool = models.ForeignKey(UserPool, on_delete=models.CASCADE, db_index=False)
    client_id = models.CharField(max_length=128, blank=True)
    configuration = models.JSONField(default=dict)
    modified_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["pool", "client_id"], name="risk_per_client")]
