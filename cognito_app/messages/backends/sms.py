"""SMS backends; others are named by ``COGNITO["SMS_BACKEND"]``."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured

from cognito_app.conf import app_settings


class NoBackend:
    """Sends nothing: in development the message is in the inbox, elsewhere it counts as not delivered."""

    def send(self, destination: str, text: str) -> None:
        """Refuse unless the inbox has the message. Raises ImproperlyConfigured."""
        if not app_settings.outbox_dir:
            raise ImproperlyConfigured("COGNITO['SMS_BACKEND'] is not set.")
