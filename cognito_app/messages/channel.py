"""How the messages of a pool go out: sender, answers, mail server, and what the SMS backend is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.mail import get_connection

from cognito_app.conf import app_settings
from cognito_app.messages import options


@dataclass(frozen=True, slots=True)
class Channel:
    """The present settings of a pool; ``mail_server`` names an entry of ``COGNITO["EMAIL_CHANNELS"]``."""

    from_email: str
    reply_to: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    mail_server: str | None = None
    sms: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sms:
    """A text message as its backend gets it; ``settings`` is the pool's SmsConfiguration."""

    destination: str
    text: str = field(repr=False)
    purpose: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


def connection(name: str | None) -> Any:
    """Return the mail backend of a channel: a named one of the settings, else Django's own."""
    entry = app_settings.email_channels.get(name) if name else None
    if entry is None:
        return get_connection()
    given = {key: options.resolved(value) for key, value in (entry.get("options") or {}).items()}
    return get_connection(entry.get("backend"), **given)
