"""Delivery outside of the request, for clients that hide who exists: no answer waits for a mail server or shows its no.

A few threads of the web process send what requests committed. What they have no room for, or leave behind when the
process dies, is the worker's.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import structlog
from django.db import connections

from cognito_app.conf import app_settings
from cognito_app.models import OutboxMessage
from cognito_app.services import outbox
from cognito_app.services.config import ClientConfig

THREADS = 4
ROOM = 16
"""So many messages of one process may be on their way, or wait for a thread."""

log = structlog.get_logger(__name__)

_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="deliver")
_room = threading.BoundedSemaphore(ROOM)


def deliver(client: ClientConfig, row: OutboxMessage) -> None:
    """Send a message that was just committed; outside of the request, if the client hides who exists.

    Raises as ``outbox.deliver`` for a client that shows who exists.
    """
    if client.hides_users:
        hand_over(row)
    else:
        outbox.deliver(row)


def hand_over(row: OutboxMessage) -> None:
    """Have a message that was just committed sent by another thread; what goes wrong there the worker tries again."""
    if not app_settings.background_delivery:
        _send(row)
        return
    if not _room.acquire(blocking=False):
        outbox.let_go(row)
        return
    try:
        _threads.submit(_send_in_thread, row)
    except RuntimeError:
        # The process is ending.
        _room.release()
        outbox.let_go(row)


def _send_in_thread(row: OutboxMessage) -> None:
    try:
        _send(row)
    except Exception:
        # The message stays stored, and the worker takes it when this process counts as dead.
        log.exception("late_delivery_failed", message_id=row.pk)
    finally:
        connections.close_all()
        _room.release()


def _send(row: OutboxMessage) -> None:
    with suppress(*outbox.NOT_DELIVERED):
        # It may have waited so long that the worker has taken it.
        if outbox.keep(row):
            outbox.deliver(row)
