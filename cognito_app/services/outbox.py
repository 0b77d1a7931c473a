"""Messages to users: written with the change that causes them, delivered after it is committed.

Delivery is tried at once, inside the request, so that an operation can answer CodeDeliveryFailureException; the
worker repeats what failed, at least once and in order for each user. Where a function of the pool is the sender of a
message, delivery is to hand the message to that function; its errors never reach the one who asked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import structlog
from django.db.models import F

from cognito_app.core import clock, keyring
from cognito_app.errors import CodeDeliveryFailureException, ResourceNotFoundException, ServiceError
from cognito_app.messages import send
from cognito_app.messages.templates import Message
from cognito_app.models import OutboxMessage, PoolUser
from cognito_app.models.base import claim
from cognito_app.services import config, log_delivery, occasions
from cognito_app.services.occasions import Handover

FIRST_RETRY = timedelta(seconds=30)
IN_FLIGHT = timedelta(seconds=30)
MAX_TRIES = 8
BATCH = 100

log = structlog.get_logger(__name__)


def enqueue(user: PoolUser, message: Message, handover: Handover | None = None) -> OutboxMessage:
    """Store a message in the running transaction; deliver it afterwards with ``deliver``.

    ``handover`` is what a function of the pool is told that delivers it.
    """
    now = clock.now()
    row = OutboxMessage(
        pool_id=user.pool_id,
        user_sub=user.sub,
        purpose=message.purpose,
        medium=message.medium,
        destination=message.destination,
        body_sealed=b"",
        created_at=now,
        next_try_at=now + IN_FLIGHT,
        tries=1,
    )
    document: dict[str, Any] = {"subject": message.subject, "body": message.body}
    if handover is not None:
        document["sender"] = handover.document()
    row.body_sealed = keyring.seal(orjson.dumps(document), aad=_context(row))
    row.save(force_insert=True)
    return row


def contents(row: OutboxMessage) -> tuple[str, str]:
    """Return subject and body of a stored message."""
    opened = _open(row)
    return opened["subject"], opened["body"]


def _open(row: OutboxMessage) -> dict[str, Any]:
    opened: dict[str, Any] = orjson.loads(keyring.unseal(bytes(row.body_sealed), aad=_context(row)))
    return opened


def deliver(row: OutboxMessage | None) -> None:
    """Send a message that was just committed; None is nothing to send.

    Raises CodeDeliveryFailureException if the backend refuses; the message stays stored and is tried again.
    """
    if row is None:
        return
    opened = _open(row)
    if not _send(row, opened) and "sender" not in opened:
        raise CodeDeliveryFailureException("Unable to deliver the message.")


def _send(row: OutboxMessage, opened: dict[str, Any]) -> bool:
    try:
        if not _handed_over(row, opened):
            send.deliver(
                Message(row.purpose, row.medium, row.destination, subject=opened["subject"], body=opened["body"])
            )
    except (send.DeliveryError, ServiceError) as error:
        # What a function says may quote the message.
        reason = error.code if isinstance(error, ServiceError) else str(error)
        log.warning("message_not_delivered", message_id=row.pk, tries=row.tries, reason=reason)
        log_delivery.delivery_failed(row, reason)
        if row.tries >= MAX_TRIES:
            OutboxMessage.objects.filter(pk=row.pk).update(failed_at=clock.now())
        return False
    OutboxMessage.objects.filter(pk=row.pk).update(sent_at=clock.now())
    return True


def _handed_over(row: OutboxMessage, opened: dict[str, Any]) -> bool:
    """Hand a message to the function that sends it; False if the pool has none (any more)."""
    if "sender" not in opened:
        return False
    try:
        pool = config.pool(row.pool_id)
    except ResourceNotFoundException:
        return False
    handover = Handover(**opened["sender"])
    if not occasions.has_sender(pool, row.medium):
        return False
    occasions.hand_over(pool, row.medium, handover)
    return True


def deliver_waiting() -> int:
    """Send what is due, oldest first; returns the number sent. The worker calls this in a loop."""
    now = clock.now()
    due = OutboxMessage.objects.filter(sent_at=None, failed_at=None, next_try_at__lte=now).order_by("id")[:BATCH]
    sent = 0
    held_up: set[str] = set()
    for row in due:
        if row.user_sub in held_up:
            continue
        retry_at = now + FIRST_RETRY * 2**row.tries
        if not claim(
            OutboxMessage.objects.filter(pk=row.pk, tries=row.tries, sent_at=None),
            tries=F("tries") + 1,
            next_try_at=retry_at,
        ):
            continue
        row.tries += 1
        if _send(row, _open(row)):
            sent += 1
        else:
            held_up.add(row.user_sub)
    return sent


def _context(row: OutboxMessage) -> bytes:
    return f"outbox:{row.pool_id}:{row.user_sub}:{row.purpose}".encode()
