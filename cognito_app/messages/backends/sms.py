"""SMS backends without a provider; ``COGNITO["SMS_BACKEND"]`` names one by its dotted path.

``aws.AwsBackend`` sends by Amazon SNS or End User Messaging, ``twilio.TwilioBackend`` by Twilio. Any class without
arguments will do that has ``send(sms)`` (``messages/channel.Sms``).
"""

from __future__ import annotations

import sys

from django.core.exceptions import ImproperlyConfigured

from cognito_app.conf import app_settings
from cognito_app.messages.channel import Sms


class NoBackend:
    """Sends nothing: in development the message is in the inbox, elsewhere it counts as not delivered."""

    def send(self, sms: Sms) -> None:
        """Refuse unless the inbox has the message. Raises ImproperlyConfigured."""
        if not app_settings.outbox_dir:
            raise ImproperlyConfigured("COGNITO['SMS_BACKEND'] is not set.")


class ConsoleBackend:
    """Writes messages, codes included, to standard output: for development."""

    def send(self, sms: Sms) -> None:
        """Print the message."""
        sys.stdout.write(f"SMS to {sms.destination}: {sms.text}\n")
        sys.stdout.flush()
