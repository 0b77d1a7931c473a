"""Messages to users, written in the transaction that causes them and delivered afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from django.db import connection, models

from cognito_app.models.pool import UserPool
from cognito_app.models.rows import execute


class OutboxMessage(models.Model):
    """An e-mail or text message; ``body_sealed`` holds subject and text, because they carry codes.

    ``in_flight`` marks that a process is sending it; ``next_try_at`` is when that process counts as dead, else when
    the next try is due. What was neither sent nor given up waits.
    """

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
    expires_at = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField()
    in_flight = models.BooleanField(default=False)
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = "message"
        indexes: ClassVar = [
            models.Index(
                fields=["next_try_at"],
                name="outbox_waiting",
                condition=models.Q(sent_at__isnull=True, failed_at__isnull=True),
            ),
            models.Index(
                fields=["user_sub", "medium", "id"],
                name="outbox_waiting_of_user",
                condition=models.Q(sent_at__isnull=True, failed_at__isnull=True),
            ),
            models.Index(fields=["-failed_at"], name="outbox_dead", condition=models.Q(failed_at__isnull=False)),
            models.Index(fields=["pool", "-created_at"], name="outbox_by_pool"),
            models.Index(fields=["created_at"], name="outbox_by_age"),
        ]

    is_first = False
    """Set on the message of a user who was just stored, before whose message none can wait."""

    WAITS: ClassVar = "sent_at IS NULL AND failed_at IS NULL"

    @classmethod
    def drop_idle(cls, pool_id: str, user_sub: str, purposes: Sequence[str], now: datetime) -> None:
        """Delete a user's messages of some purposes that wait and that no process is sending."""
        marks = ", ".join(["%s"] * len(purposes))
        sql = (
            f"DELETE FROM cognito_app_outboxmessage WHERE user_sub = %s AND pool_id = %s AND {cls.WAITS} "  # noqa: S608  # only placeholders
            f"AND (NOT in_flight OR next_try_at <= %s) AND purpose IN ({marks})"
        )
        execute(sql, [user_sub, pool_id, connection.ops.adapt_datetimefield_value(now), *purposes])

    @classmethod
    def mark_sent(cls, key: int, now: datetime) -> None:
        """Store that a message went out."""
        sql = "UPDATE cognito_app_outboxmessage SET sent_at = %s, in_flight = %s, last_error = '' WHERE id = %s"
        execute(sql, [connection.ops.adapt_datetimefield_value(now), False, key])


class DeadLetter(OutboxMessage):
    """A message that was given up: the same row, for a page of its own."""

    class Meta:
        proxy = True
        verbose_name = "dead letter"
