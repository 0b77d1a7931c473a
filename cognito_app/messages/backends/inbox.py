"""The development inbox: each message becomes a file of its own, in the layout of Django's file e-mail backend."""

from __future__ import annotations

from email.charset import Charset
from email.mime.text import MIMEText
from email.utils import format_datetime, make_msgid
from pathlib import Path

from cognito_app.core import clock, ids
from cognito_app.messages.templates import SMS, Message

SEPARATOR = b"\n" + b"-" * 79 + b"\n"
# Texts go out as they are, as in Django's own messages, so that people can read the files.
PLAIN = Charset("utf-8")
PLAIN.body_encoding = None  # type: ignore[assignment]  # typeshed does not know that it may be


def write(directory: str, message: Message, from_email: str) -> Path:
    """Write a message below ``directory`` and return the file; a file is written once and never changed."""
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    now = clock.now()
    # Not EmailMessage, whose header parser takes longer than the rest of a sign-up but the hash.
    mail = MIMEText(message.body, "plain", PLAIN)  # type: ignore[arg-type]  # typeshed knows names of charsets only
    mail["From"] = " ".join(from_email.split())
    mail["To"] = message.destination
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = make_msgid(domain="localhost")
    if message.medium == SMS:
        mail["X-Cognito-Medium"] = "SMS"
    else:
        mail["Subject"] = " ".join(message.subject.splitlines())
    # Written under another name first: a reader never sees half a message.
    final = folder / f"{now:%Y%m%d-%H%M%S-%f}-{ids.uuid4()}.log"
    draft = final.with_suffix(".tmp")
    draft.touch(mode=0o600)
    draft.write_bytes(mail.as_bytes() + SEPARATOR)
    return draft.rename(final)
