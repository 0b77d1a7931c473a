"""Work that no request waits for: messages that failed, user imports, rows past their time, spare signing keys."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import structlog
from django.db import close_old_connections, connection, models

from cognito_app.core import clock
from cognito_app.models import (
    AttemptCounter,
    AuthEvent,
    AuthorizationCode,
    BrowserSession,
    Device,
    FederationTransaction,
    OutboxMessage,
    RefreshToken,
    SignInThrottle,
    SpentNonce,
    UserSession,
    VerificationCode,
)
from cognito_app.services import keys, outbox, throttle
from cognito_app.services.imports import jobs, worker
from cognito_app.services.saml import metadata

PAUSE_SECONDS = 5.0
ROUNDS_BETWEEN_SWEEPS = 120
BATCH = 1000
LONGEST_ACCESS_TOKEN = timedelta(hours=24)
UNCONFIRMED_DEVICES_STAY = timedelta(days=1)
MESSAGES_STAY = timedelta(days=7)
EVENTS_STAY = timedelta(days=2 * 365)

ALSO_SWEPT: list[Callable[[], int]] = []
"""What apps beside this one delete with each sweep; each returns a number."""

log = structlog.get_logger(__name__)


def sweep() -> int:
    """Delete rows past their time, in batches; returns the number of rows."""
    now = clock.now()
    # A code that was used stays until no token of its family can live: its second use must still be seen.
    expired: list[models.QuerySet[models.Model]] = [
        SpentNonce.objects.filter(expires_at__lt=now),
        AttemptCounter.objects.filter(expires_at__lt=now),
        SignInThrottle.objects.filter(last_attempt_at__lt=now - timedelta(hours=1)),
        VerificationCode.objects.filter(expires_at__lt=now - timedelta(days=1)),
        AuthorizationCode.objects.filter(expires_at__lt=now - timedelta(days=1)),
        FederationTransaction.objects.filter(expires_at__lt=now - timedelta(hours=1)),
        UserSession.objects.filter(expires_at__lt=now),
        BrowserSession.objects.filter(expires_at__lt=now),
        RefreshToken.objects.filter(expires_at__lt=now - LONGEST_ACCESS_TOKEN),
        Device.objects.filter(confirmed_at=None, created_at__lt=now - UNCONFIRMED_DEVICES_STAY),
        OutboxMessage.objects.filter(created_at__lt=now - MESSAGES_STAY),
        AuthEvent.objects.filter(created_at__lt=now - EVENTS_STAY),
    ]
    return sum(_delete(rows) for rows in expired) + jobs.sweep() + throttle.sweep() + sum(also() for also in ALSO_SWEPT)


def _delete(rows: models.QuerySet[models.Model]) -> int:
    total = 0
    while batch := list(rows.values_list("pk", flat=True)[:BATCH]):
        deleted, _ = rows.model._default_manager.filter(pk__in=batch).delete()
        total += deleted
    return total


def run(stop: threading.Event) -> None:
    """Work until ``stop`` is set."""
    helpers = [
        threading.Thread(target=worker.run, args=(stop,), name="user-import", daemon=True),
        threading.Thread(target=_send_messages, args=(stop,), name="messages", daemon=True),
        threading.Thread(target=_refresh_metadata, args=(stop,), name="saml-metadata", daemon=True),
    ]
    for helper in helpers:
        helper.start()
    rounds = 0
    while not stop.is_set():
        try:
            close_old_connections()
            keys.stock_up()
            throttle.sweep()
            if rounds % ROUNDS_BETWEEN_SWEEPS == 0:
                sweep()
        except Exception:
            # The next round may find the database again.
            log.exception("upkeep_failed")
        rounds += 1
        stop.wait(PAUSE_SECONDS)
    for helper in helpers:
        helper.join()


def _send_messages(stop: threading.Event) -> None:
    """Send what waits, in a thread of its own: a slow mail server holds up nothing else."""
    while not stop.is_set():
        try:
            close_old_connections()
            outbox.deliver_waiting(stop)
        except Exception:
            # The next round may find the database again.
            log.exception("messages_failed")
        stop.wait(PAUSE_SECONDS)
    connection.close()


def _refresh_metadata(stop: threading.Event) -> None:
    """Read metadata of SAML providers again, in a thread of its own: providers may be slow, too."""
    while not stop.is_set():
        try:
            close_old_connections()
            metadata.refresh_due()
        except Exception:
            # The next round may find the database again.
            log.exception("metadata_failed")
        stop.wait(PAUSE_SECONDS)
    connection.close()
