"""Hands a message to its backend: e-mail by Django, SMS by dotted path, and in development a file besides."""

from __future__ import annotations

from typing import Protocol

from django.core.mail import EmailMultiAlternatives, get_connection
from django.utils.html import strip_tags
from django.utils.module_loading import import_string

from cognito_app.conf import app_settings
from cognito_app.messages.backends import inbox
from cognito_app.messages.templates import SMS, Message


class DeliveryError(Exception):
    """The backend did not take the message; the text is for the log and holds no part of the message."""


class SmsBackend(Protocol):
    """What ``COGNITO['SMS_BACKEND']`` names: a class without arguments."""

    def send(self, destination: str, text: str) -> None:
        """Send ``text`` to an E.164 number; raise any exception if it was not taken."""


def deliver(message: Message) -> None:
    """Send one message.

    Raises DeliveryError.
    """
    try:
        if app_settings.outbox_dir:
            inbox.write(app_settings.outbox_dir, message)
        if message.medium == SMS:
            backend: SmsBackend = import_string(app_settings.sms_backend)()
            backend.send(message.destination, message.body)
        else:
            _send_email(message)
    except Exception as error:
        # Backends raise what they like (SMTP, HTTP, files); their texts may quote the message.
        raise DeliveryError(type(error).__name__) from error


def _send_email(message: Message) -> None:
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=strip_tags(message.body),
        from_email=app_settings.email_from,
        to=[message.destination],
        connection=get_connection(),
    )
    mail.attach_alternative(message.body, "text/html")
    mail.send()
