"""The one-time link that makes the first operator."""

from __future__ import annotations

from django.db import models


class SetupLink(models.Model):
    """A link, stored as a hash, that lets its bearer create an operator account once."""

    token_hash = models.BinaryField(primary_key=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
