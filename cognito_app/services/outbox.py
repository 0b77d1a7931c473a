"""Messages to users: written with the change that causes them, delivered after it is committed.

Delivery is tried at once, inside the request, so that an operation can answer CodeDeliveryFailureException (outside of
it for clients that hide who exists: ``late_delivery``); the worker repeats what failed and what a dead process left, at
least once. Messages of one user and medium go out in order: a process sends one only when no older one waits. Where a
function of the pool is the sender of a message, delivery is to hand the message to that function; its errors never
reach the one who asked.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
import structlog
from django.db.models import Exists, F, OuterRef, QuerySet

from cognito_app.core import clock, keyring
from cognito_app.errors import (
    CodeDeliveryFailureException,
    InvalidEmailRoleAccessPolicyException,
    InvalidSmsRoleAccessPolicyException,
    InvalidSmsRoleTrustRelationshipException,
    ResourceNotFoundException,
    ServiceError,
)
from cognito_app.messages import send
from cognito_app.messages.failures import AccessRefused, DeliveryError, TrustRefused
from cognito_app.messages.templates import EMAIL, Message
from cognito_app.models import OutboxMessage, PoolUser
from cognito_app.models.base import claim
from cognito_app.models.rows import Rows
from cognito_app.services import channels, config, log_delivery, occasions
from cognito_app.services.config import PoolConfig
from cognito_app.services.occasions import Handover

ROWS: Rows[OutboxMessage] = Rows(OutboxMessage)
FIRST_RETRY = timedelta(seconds=30)
IN_FLIGHT = timedelta(seconds=60)
"""Longer than a delivery takes: after that the process that sends a message counts as dead."""
MAX_TRIES = 8
BATCH = 100
FAILURES_A_ROUND = 10
"""So many failures in a row, and the channel is taken for broken until the next round."""
UNDELIVERED = "Unable to deliver the message."
NOT_DELIVERED = (
    CodeDeliveryFailureException,
    InvalidEmailRoleAccessPolicyException,
    InvalidSmsRoleAccessPolicyException,
    InvalidSmsRoleTrustRelationshipException,
)
"""What ``deliver`` raises."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a message was not sent; ``error`` is for the one who asked for it, if they are to know."""

    reason: str
    error: ServiceError | None = None


def enqueue(
    user: PoolUser,
    message: Message,
    handover: Handover | None = None,
    *,
    lifetime: timedelta | None = None,
    is_first: bool = False,
) -> OutboxMessage:
    """Store a message in the running transaction; deliver it afterwards with ``deliver``.

    ``handover`` is what a function of the pool is told that delivers it. After ``lifetime`` what the message says is
    void, and it is not sent any more. ``is_first`` is for users who were stored in the same transaction.
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
        expires_at=now + lifetime if lifetime else None,
        next_try_at=now + IN_FLIGHT,
        in_flight=True,
        tries=1,
    )
    document: dict[str, Any] = {"subject": message.subject, "body": message.body}
    if handover is not None:
        document["sender"] = handover.document()
    row.body_sealed = keyring.seal(orjson.dumps(document), aad=_context(row))
    ROWS.insert_with_key(row)
    row.is_first = is_first
    return row


def supersede(user: PoolUser, purposes: Iterable[str]) -> None:
    """Drop what waits with a code that a new one makes void, in the transaction of the new one."""
    OutboxMessage.drop_idle(user.pool_id, user.sub, list(purposes), clock.now())


def contents(row: OutboxMessage) -> tuple[str, str]:
    """Return subject and body of a stored message."""
    opened = _open(row)
    return opened["subject"], opened["body"]


def _open(row: OutboxMessage) -> dict[str, Any]:
    opened: dict[str, Any] = orjson.loads(keyring.unseal(bytes(row.body_sealed), aad=_context(row)))
    return opened


def deliver(*rows: OutboxMessage | None) -> None:
    """Send messages that were just committed, all of them; None is nothing to send.

    Raises CodeDeliveryFailureException if the backend refuses, InvalidSmsRoleAccessPolicyException,
    InvalidSmsRoleTrustRelationshipException or InvalidEmailRoleAccessPolicyException if it refuses our credentials;
    the message stays stored and is tried again unless it was refused for good.
    """
    failures = [_deliver(row) for row in rows if row is not None]
    for failure in failures:
        if failure is not None and failure.error is not None:
            raise failure.error


def _deliver(row: OutboxMessage) -> Failure | None:
    while not row.is_first and not _send_older(row):
        # Something has to stay before it: let the message go, unless the way became free meanwhile.
        if not let_go(row) or _first_older(row) or not _claim(row):
            return None
    return _send(row)


def keep(row: OutboxMessage) -> bool:
    """Claim anew a message that waited in this process; False if another process has taken or sent it meanwhile."""
    mine = _waiting().filter(pk=row.pk, tries=row.tries, next_try_at=row.next_try_at, in_flight=True)
    until = clock.now() + IN_FLIGHT
    if not claim(mine, next_try_at=until):
        return False
    row.next_try_at = until
    return True


def let_go(row: OutboxMessage) -> bool:
    """Leave a message of this process to the worker; False if it is not this process's any more."""
    mine = OutboxMessage.objects.filter(pk=row.pk, tries=row.tries, in_flight=True)
    row.next_try_at = clock.now()
    if not claim(mine, tries=0, in_flight=False, next_try_at=row.next_try_at):
        return False
    row.tries = 0
    return True


def _send_older(row: OutboxMessage) -> bool:
    """Send what waits before a message; False if something still does."""
    while (first := _first_older(row)) is not None:
        idle = not first.in_flight or first.next_try_at <= clock.now()
        if not idle or not _claim(first):
            return False
        _send(first)
        if first.sent_at is None and first.failed_at is None:
            return False
    return True


def deliver_waiting(stop: threading.Event | None = None) -> int:
    """Send what is due, each message once; returns the number sent. The worker calls this in a loop.

    It ends early when ``stop`` is set or the channels seem to be broken.
    """
    sent = failures = 0
    while batch := list(_due()):
        for row in batch:
            if stop is not None and stop.is_set():
                return sent
            if not _claim(row):
                continue
            if _send(row) is None:
                sent, failures = sent + 1, 0
            elif (failures := failures + 1) >= FAILURES_A_ROUND:
                return sent
    return sent


def _waiting() -> QuerySet[OutboxMessage]:
    return OutboxMessage.objects.filter(sent_at=None, failed_at=None)


def _first_older(row: OutboxMessage) -> OutboxMessage | None:
    condition = f"u.user_sub = %s AND u.medium = %s AND u.id < %s AND {OutboxMessage.WAITS} ORDER BY u.id LIMIT 1"
    return ROWS.first(condition, [row.user_sub, row.medium, row.pk])


def _due() -> QuerySet[OutboxMessage]:
    """Return the first waiting message of each user and medium, where it is due."""
    older = _waiting().filter(user_sub=OuterRef("user_sub"), medium=OuterRef("medium"), pk__lt=OuterRef("pk"))
    due = _waiting().filter(~Exists(older), next_try_at__lte=clock.now())
    return due.order_by("next_try_at", "id")[:BATCH]


def _claim(row: OutboxMessage) -> bool:
    """Take a message for one try; True for exactly one of any number of processes."""
    unchanged = _waiting().filter(pk=row.pk, tries=row.tries, next_try_at=row.next_try_at)
    if not claim(unchanged, tries=F("tries") + 1, in_flight=True, next_try_at=clock.now() + IN_FLIGHT):
        return False
    row.tries += 1
    return True


def _send(row: OutboxMessage) -> Failure | None:
    """Try to send a message that this process has claimed, and store the outcome."""
    now = clock.now()
    if row.tries > MAX_TRIES:
        # Each time the process died with it.
        return _fail(row, Failure("Abandoned"), final=True)
    if row.expires_at is not None and row.expires_at <= now:
        return _fail(row, Failure("Expired"), final=True)
    try:
        opened = _open(row)
    except keyring.SealError:
        return _fail(row, Failure("Unreadable"), final=True)
    try:
        _hand_to_backend(row, opened)
    except DeliveryError as error:
        failure = Failure(str(error), None if "sender" in opened else _told(row, error))
        return _fail(row, failure, final=error.permanent)
    except ServiceError as error:
        # What a function says may quote the message.
        return _fail(row, Failure(error.code))
    row.sent_at = clock.now()
    OutboxMessage.mark_sent(row.pk, row.sent_at)
    return None


def _fail(row: OutboxMessage, failure: Failure, *, final: bool = False) -> Failure:
    """Store a failed try: the next one is due after a pause that doubles, and after the last there is none."""
    now = clock.now()
    log.warning("message_not_delivered", message_id=row.pk, tries=row.tries, reason=failure.reason)
    log_delivery.delivery_failed(row, failure.reason)
    row.last_error = failure.reason[:64]
    row.failed_at = now if final or row.tries >= MAX_TRIES else None
    OutboxMessage.objects.filter(pk=row.pk).update(
        in_flight=False,
        next_try_at=now + FIRST_RETRY * 2 ** (min(row.tries, MAX_TRIES) - 1),
        failed_at=row.failed_at,
        last_error=row.last_error,
    )
    return failure


def _told(row: OutboxMessage, error: DeliveryError) -> ServiceError:
    if isinstance(error.cause, TrustRefused):
        return InvalidSmsRoleTrustRelationshipException("The role for SMS messages cannot be assumed.")
    if isinstance(error.cause, AccessRefused):
        if row.medium == EMAIL:
            return InvalidEmailRoleAccessPolicyException("Not allowed to send email with these settings.")
        return InvalidSmsRoleAccessPolicyException("Not allowed to send SMS messages with these settings.")
    return CodeDeliveryFailureException(UNDELIVERED)


def _hand_to_backend(row: OutboxMessage, opened: dict[str, Any]) -> None:
    try:
        pool = config.pool(row.pool_id)
    except ResourceNotFoundException:
        raise DeliveryError("PoolDeleted", permanent=True) from None
    if _handed_over(pool, row, opened):
        return
    message = Message(row.purpose, row.medium, row.destination, subject=opened["subject"], body=opened["body"])
    send.deliver(message, channels.of(pool.raw))


def _handed_over(pool: PoolConfig, row: OutboxMessage, opened: dict[str, Any]) -> bool:
    """Hand a message to the function that sends it; False if the pool has none (any more)."""
    if "sender" not in opened or not occasions.has_sender(pool, row.medium):
        return False
    occasions.hand_over(pool, row.medium, Handover(**opened["sender"]))
    return True


def _context(row: OutboxMessage) -> bytes:
    return f"outbox:{row.pool_id}:{row.user_sub}:{row.purpose}".encode()
