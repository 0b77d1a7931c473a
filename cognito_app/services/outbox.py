"""Messages to users: written with the change that causes them, delivered after it is committed.

Delivery is tried at once, inside the request, so that an operation can answer CodeDeliveryFailureException; the
worker repeats what failed, at least once and in order for each user.
"""

from __future__ import annotations

from datetime import timedelta

import orjson
import structlog
from django.db.models import F

from cognito_app.core import clock, keyring
from cognito_app.errors import CodeDeliveryFailureException
from cognito_app.messages import send
from cognito_app.messages.templates import Message
from cognito_app.models import OutboxMessage, PoolUser
from cognito_app.models.base import claim
from cognito_app.services import log_delivery

FIRST_RETRY = timedelta(seconds=30)
IN_FLIGHT = timedelta(seconds=30)
MAX_TRIES = 8
BATCH = 100

log = structlog.get_logger(__name__)


def enqueue(user: PoolUser, message: Message) -> OutboxMessage:
    """Store a message in the running transaction; deliver it afterwards with ``deliver``."""
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
    row.body_sealed = keyring.seal(orjson.dumps({"subject": message.subject, "body": message.body}), aad=_context(row))
    row.save(force_insert=True)
    return row


def contents(row: OutboxMessage) -> tuple[str, str]:
    """Return subject and body of a stored message."""
    opened = orjson.loads(keyring.unseal(bytes(row.body_sealed), aad=_context(row)))
    return opened["subject"], opened["body"]


def deliver(row: OutboxMessage | None) -> None:
    """Send a message that was just committed; None is nothing to send.

    Raises CodeDeliveryFailureException if the backend refuses; the message stays stored and is tried again.
    """
    if row is not None and not _send(row):
        raise CodeDeliveryFailureException("Unable to deliver the message.")


def _send(row: OutboxMessage) -> bool:
    subject, body = contents(row)
    try:
        send.deliver(
            Message(purpose=row.purpose, medium=row.medium, destination=row.destination, subject=subject, body=body)
        )
    except send.DeliveryError as error:
        log.warning("message_not_delivered", message_id=row.pk, tries=row.tries, reason=str(error))
        log_delivery.delivery_failed(row, str(error))
        if row.tries >= MAX_TRIES:
            OutboxMessage.objects.filter(pk=row.pk).update(failed_at=clock.now())
        return False
    OutboxMessage.objects.filter(pk=row.pk).update(sent_at=clock.now())
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
        if _send(row):
            sent += 1
        else:
            held_up.add(row.user_sub)
    return sent


def _context(row: OutboxMessage) -> bytes:
    return f"outbox:{row.pool_id}:{row.user_sub}:{row.purpose}".encode()
