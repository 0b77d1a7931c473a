"""What a message says: the pool's templates, AWS's default texts, and the placeholders in them.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-message-customizations.html
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EMAIL = "EMAIL"
SMS = "SMS"
INVITATION = "invitation"

VERIFICATION_TEXT = "Your verification code is {####}. "
VERIFICATION_SUBJECT = "Your verification code"
AUTHENTICATION_TEXT = "Your authentication code is {####}. "
AUTHENTICATION_SUBJECT = "Your authentication code"
LINK_TEXT = "Please click the link below to verify your email address. {##Verify Email##} "
LINK_SUBJECT = "Your verification link"
LINK = re.compile(r"\{##((?:(?!##).)+)##\}", re.DOTALL)
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


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts that take the place of the pool's templates for one message; None leaves the template in force."""

    sms: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    subject: str | None = field(default=None, repr=False)


NO_TEXTS = Texts()


def wants_link(raw: Mapping[str, Any]) -> bool:
    """Whether the pool confirms sign-ups by a link in the mail."""
    return bool(raw.get("VerificationMessageTemplate", {}).get("DefaultEmailOption") == "CONFIRM_WITH_LINK")


def verification(
    raw: Mapping[str, Any],
    *,
    purpose: str,
    medium: str,
    destination: str,
    code: str,
    texts: Texts = NO_TEXTS,
    link: str | None = None,
) -> Message:
    """Render the message that carries a code; ``raw`` is the pool's configuration.

    ``link`` is the address that confirms the code, given where a mail may hold a link instead.
    """
    template = raw.get("VerificationMessageTemplate", {})
    if medium == SMS:
        text = texts.sms or template.get("SmsMessage") or raw.get("SmsVerificationMessage") or VERIFICATION_TEXT
        return Message(purpose, medium, destination, "", _fill(text, code=code))
    if link is not None and wants_link(raw):
        text = texts.email or template.get("EmailMessageByLink") or LINK_TEXT
        subject = texts.subject or template.get("EmailSubjectByLink") or LINK_SUBJECT
    else:
        text = texts.email or template.get("EmailMessage") or raw.get("EmailVerificationMessage") or VERIFICATION_TEXT
        subject = template.get("EmailSubject") or raw.get("EmailVerificationSubject") or VERIFICATION_SUBJECT
        subject = texts.subject or subject
    if link is not None:
        text = _linked(text, link)
    return Message(purpose, medium, destination, subject, _fill(text, code=html.escape(code)))


def _linked(text: str, link: str) -> str:
    anchor = f'<a href="{html.escape(link)}">'
    return LINK.sub(lambda found: f"{anchor}{found[1]}</a>", text)


def authentication(
    raw: Mapping[str, Any],
    email_template: Mapping[str, Any] | None,
    *,
    medium: str,
    destination: str,
    code: str,
    texts: Texts = NO_TEXTS,
) -> Message:
    """Render the message that carries a code for sign-in; ``email_template`` is the pool's EmailMfaConfiguration."""
    if medium == SMS:
        text = texts.sms or raw.get("SmsAuthenticationMessage") or AUTHENTICATION_TEXT
        return Message("authentication", medium, destination, "", _fill(text, code=code))
    template = email_template or {}
    subject = texts.subject or template.get("Subject") or AUTHENTICATION_SUBJECT
    text = texts.email or template.get("Message") or AUTHENTICATION_TEXT
    return Message("authentication", medium, destination, subject, _fill(text, code=html.escape(code)))


def invitation(
    raw: Mapping[str, Any],
    *,
    medium: str,
    destination: str,
    username: str,
    password: str,
    texts: Texts = NO_TEXTS,
) -> Message | None:
    """Render an invitation, or None: AWS takes a template without ``{####}`` and does not deliver it."""
    template = raw.get("AdminCreateUserConfig", {}).get("InviteMessageTemplate", {})
    own = texts.sms if medium == SMS else texts.email
    text = own or template.get("SMSMessage" if medium == SMS else "EmailMessage") or INVITATION_TEXT
    if "{####}" not in text:
        return None
    if medium == SMS:
        return Message(INVITATION, medium, destination, "", _fill(text, code=password, username=username))
    return Message(
        INVITATION,
        medium,
        destination,
        texts.subject or template.get("EmailSubject") or INVITATION_SUBJECT,
        _fill(text, code=html.escape(password), username=html.escape(username)),
    )


def _fill(text: str, *, code: str, username: str = "") -> str:
    # The code goes in last, so that a user name cannot smuggle in a second one.
    return text.replace("{username}", username.replace("{####}", "")).replace("{####}", code)
