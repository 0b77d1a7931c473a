"""Hands a message to its backend: e-mail by Django, SMS by dotted path, and in development a file besides."""

from __future__ import annotations

import smtplib
from typing import Protocol

from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.dummy import EmailBackend as NoMail
from django.utils.module_loading import import_string

from cognito_app.conf import app_settings
from cognito_app.messages import channel, plain_text
from cognito_app.messages.backends import inbox
from cognito_app.messages.channel import Channel, Sms
from cognito_app.messages.failures import AccessRefused, DeliveryError, Refused, TrustRefused, Unavailable
from cognito_app.messages.templates import SMS, Message

FIRST_PERMANENT = 500


class SmsBackend(Protocol):
    """What ``COGNITO['SMS_BACKEND']`` names: a class without arguments."""

    def send(self, sms: Sms) -> None:
        """Send a text message, or raise: Refused if it is no use to try again, anything else if it may be."""


def deliver(message: Message, through: Channel) -> None:
    """Send one message.

    Raises DeliveryError.
    """
    try:
        if app_settings.outbox_dir:
            inbox.write(app_settings.outbox_dir, message, through.from_email)
        if message.medium == SMS:
            backend: SmsBackend = import_string(app_settings.sms_backend)()
            backend.send(Sms(message.destination, message.body, message.purpose, through.sms))
        else:
            _send_email(message, through)
    except Exception as error:
        # Backends raise what they like (SMTP, HTTP, files); their texts may quote the message.
        raise _delivery_error(error) from error


def _delivery_error(error: Exception) -> DeliveryError:
    name = type(error).__name__
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return DeliveryError(name, cause=AccessRefused())
    if isinstance(error, AccessRefused | TrustRefused):
        return DeliveryError(str(error) or name, cause=error)
    if isinstance(error, Refused):
        return DeliveryError(str(error) or name, permanent=True)
    if isinstance(error, Unavailable):
        return DeliveryError(str(error) or name)
    return DeliveryError(name, permanent=_is_final(error))


def _is_final(error: Exception) -> bool:
    """Whether a mail server refused this recipient or this content for good (5xx)."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= FIRST_PERMANENT for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= FIRST_PERMANENT


def _send_email(message: Message, through: Channel) -> None:
    mail_server = channel.connection(through.mail_server)
    if isinstance(mail_server, NoMail):
        return
    mail = EmailMultiAlternatives(
        # A template may hold line breaks; a header must not.
        subject=" ".join(message.subject.split()),
        body=plain_text.of_html(message.body),
        from_email=through.from_email,
        to=[message.destination],
        reply_to=[through.reply_to] if through.reply_to else None,
        headers=dict(through.headers),
        connection=mail_server,
    )
    mail.attach_alternative(message.body, "text/html")
    try:
        mail.message()
    except (ValueError, UnicodeError):
        # Django does not write a header with a line break or a malformed address.
        raise Refused("MalformedHeader") from None
    if mail.send() != 1:
        raise Refused("NoRecipient")
