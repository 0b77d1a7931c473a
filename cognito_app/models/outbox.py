"""Messages to users, written in the transaction that causes them and delivered afterwards."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cognito_app.models.pool import UserPool


class OutboxMessage(models.Model):
    """An e-mail or text message; ``body_sealed`` holds subject and text, because they carry codes."""

    class Medium(models.TextChoices):
        EMAIL = "EMAIL"
        SMS = "SMS"

    pool = models.ForeignKey(UserPool, on_delete=models.CASCADE, db_index=False)
    user_sub = models.CharField(max_length=36)
    purpose = models.CharField(max_length=32)
    medium = models.CharField(max_length=5, choices=Medium.choices)
    destination = models.CharField(max_length=2048)
    body_sealed = models.BinaryField()
    created_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "message"
        indexes: ClassVar = [
            models.Index(
                fields=["next_try_at"],
                name="outbox_waiting",
                condition=models.Q(sent_at__isnull=True, failed_at__isnull=True),
            ),
            models.Index(fields=["pool", "-created_at"], name="outbox_by_pool"),
            models.Index(fields=["created_at"], name="outbox_by_age"),
        ]
