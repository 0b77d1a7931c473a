"""Messages that were given up: operators send them again or discard them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from cognito_app.core import clock
from cognito_app.models import DeadLetter
from cognito_app.models.base import claim
from cognito_app.services.actor import Actor, audit


def of_installation() -> QuerySet[DeadLetter]:
    """Return the messages that were given up."""
    return DeadLetter.objects.filter(failed_at__isnull=False)


def send_again(actor: Actor, ids: Iterable[int]) -> int:
    """Give messages new tries, the first of them when the worker comes by; returns how many there were to send.

    One whose code has expired is left alone.
    """
    now = clock.now()
    useful = of_installation().filter(Q(expires_at=None) | Q(expires_at__gt=now))
    fresh: dict[str, Any] = {"failed_at": None, "tries": 0, "in_flight": False, "next_try_at": now}
    count = 0
    for row in useful.filter(pk__in=list(ids)).defer("body_sealed").order_by("pk"):
        with transaction.atomic():
            if claim(useful.filter(pk=row.pk), **fresh):
                _audit(actor, "SendMessageAgain", row)
                count += 1
    return count


def discard(actor: Actor, ids: Iterable[int]) -> int:
    """Delete messages that nobody is to get any more; returns how many there were."""
    count = 0
    for row in of_installation().filter(pk__in=list(ids)).defer("body_sealed").order_by("pk"):
        with transaction.atomic():
            deleted, _ = of_installation().filter(pk=row.pk).delete()
            if deleted:
                _audit(actor, "DiscardMessage", row)
                count += 1
    return count


def _audit(actor: Actor, action: str, row: DeadLetter) -> None:
    told = {"message_id": row.pk, "medium": row.medium, "purpose": row.purpose, "reason": row.last_error}
    audit(actor, action, pool_id=row.pool_id, subject=row.user_sub, **told)
