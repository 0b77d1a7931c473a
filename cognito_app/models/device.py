"""Devices that users sign in from."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cognito_app.models.user import PoolUser


class Device(models.Model):
    """A device of a user; it becomes known with ``confirmed_at`` and its sealed SRP verifier.

    ``offer_sealed`` is the session of the last DEVICE_SRP_AUTH challenge, for clients that do not send it back.
    """

    key = models.CharField(max_length=55, primary_key=True)
    user = models.ForeignKey(PoolUser, on_delete=models.CASCADE, related_name="devices", db_index=False)
    name = models.CharField(max_length=1024, blank=True)
    verifier_sealed = models.BinaryField(null=True)
    offer_sealed = models.BinaryField(null=True)
    remembered = models.BooleanField(default=False)
    last_ip = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()
    last_authenticated_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["user", "created_at", "key"], name="device_by_user"),
            models.Index(fields=["created_at"], condition=models.Q(confirmed_at=None), name="device_unconfirmed"),
        ]
