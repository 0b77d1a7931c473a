"""SMS backends; others are named by ``COGNITO['SMS_BACKEND']``."""

from __future__ import annotations

import structlog

log = structlog.get_logger(__name__)


class ConsoleBackend:
    """Sends nothing and says so; in development the message is in the inbox."""

    def send(self, destination: str, text: str) -> None:  # the interface
        """Log that a text message was dropped, without its text or full number."""
        log.warning("sms_backend_not_configured", number_ends_with=destination[-4:])
