"""What a message says: the pool's templates, AWS's default texts, and the placeholders in them.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-message-customizations.html
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EMAIL = "EMAIL"
SMS = "SMS"

VERIFICATION_TEXT = "Your verification code is {####}. "
VERIFICATION_SUBJECT = "Your verification code"
AUTHENTICATION_TEXT = "Your authentication code is {####}. "
AUTHENTICATION_SUBJECT = "Your authentication code"
INVITATION_TEXT = "Your username is {username} and temporary password is {####}. "
INVITATION_SUBJECT = "Your temporary password"


@dataclass(frozen=True, slots=True)
class Message:
    """A message ready to be sent; ``subject`` is empty for SMS."""

    purpose: str
    medium: str
    destination: str
    subject: str = field(repr=False)
    body: str = field(repr=False)


def verification(raw: Mapping[str, Any], *, purpose: str, medium: str, destination: str, code: str) -> Message:
    """Render the message that carries a code; ``raw`` is the pool's configuration."""
    template = raw.get("VerificationMessageTemplate", {})
    if medium == SMS:
        text = template.get("SmsMessage") or raw.get("SmsVerificationMessage") or VERIFICATION_TEXT
        return Message(purpose, medium, destination, "", _fill(text, code=code))
    text = template.get("EmailMessage") or raw.get("EmailVerificationMessage") or VERIFICATION_TEXT
    subject = template.get("EmailSubject") or raw.get("EmailVerificationSubject") or VERIFICATION_SUBJECT
    return Message(purpose, medium, destination, subject, _fill(text, code=html.escape(code)))


def authentication(
    raw: Mapping[str, Any], email_template: Mapping[str, Any] | None, *, medium: str, destination: str, code: str
) -> Message:
    """Render the message that carries a code for sign-in; ``email_template`` is the pool's EmailMfaConfiguration."""
    if medium == SMS:
        text = raw.get("SmsAuthenticationMessage") or AUTHENTICATION_TEXT
        return Message("authentication", medium, destination, "", _fill(text, code=code))
    template = email_template or {}
    subject = template.get("Subject") or AUTHENTICATION_SUBJECT
    text = template.get("Message") or AUTHENTICATION_TEXT
    return Message("authentication", medium, destination, subject, _fill(text, code=html.escape(code)))


def invitation(
    raw: Mapping[str, Any], *, medium: str, destination: str, username: str, password: str
) -> Message | None:
    """Render an invitation, or None: AWS takes a template without ``{####}`` and does not deliver it."""
    template = raw.get("AdminCreateUserConfig", {}).get("InviteMessageTemplate", {})
    text = template.get("SMSMessage" if medium == SMS else "EmailMessage") or INVITATION_TEXT
    if "{####}" not in text:
        return None
    if medium == SMS:
        return Message("invitation", medium, destination, "", _fill(text, code=password, username=username))
    return Message(
        "invitation",
        medium,
        destination,
        template.get("EmailSubject") or INVITATION_SUBJECT,
        _fill(text, code=html.escape(password), username=html.escape(username)),
    )


def _fill(text: str, *, code: str, username: str = "") -> str:
    # The code goes in last, so that a user name cannot smuggle in a second one.
    return text.replace("{username}", username.replace("{####}", "")).replace("{####}", code)
