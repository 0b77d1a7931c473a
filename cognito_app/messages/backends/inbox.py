"""The development inbox: each message becomes a file of its own, in the layout of Django's file e-mail backend."""

from __future__ import annotations

import os
from email.header import Header
from email.utils import format_datetime, make_msgid
from pathlib import Path

from cognito_app.core import clock, ids
from cognito_app.messages.templates import SMS, Message

SEPARATOR = "\n" + "-" * 79 + "\n"


def write(directory: str, message: Message, from_email: str) -> Path:
    """Write a message below ``directory`` and return the file; a file is written once and never changed."""
    # Written under another name first: a reader never sees half a message.
    final = Path(directory) / f"{clock.now():%Y%m%d-%H%M%S-%f}-{ids.uuid4()}.log"
    draft = str(final.with_suffix(".tmp"))
    text = _headers(message, from_email) + "\n" + message.body + SEPARATOR
    descriptor = _open(draft, directory)
    try:
        os.write(descriptor, text.encode("utf-8", "replace"))
    finally:
        os.close(descriptor)
    os.rename(draft, final)
    return final


def _headers(message: Message, from_email: str) -> str:
    """Return the header lines; the library's own messages take longer than the rest of a sign-up but the hash."""
    lines = {
        "Content-Type": 'text/plain; charset="utf-8"',
        "MIME-Version": "1.0",
        "Content-Transfer-Encoding": "8bit",
        "From": from_email,
        "To": message.destination,
        "Date": format_datetime(clock.now()),
        "Message-ID": make_msgid(domain="localhost"),
    }
    lines |= {"X-Cognito-Medium": "SMS"} if message.medium == SMS else {"Subject": message.subject}
    return "".join(f"{name}: {_encoded(value)}\n" for name, value in lines.items())


def _encoded(value: str) -> str:
    one_line = " ".join(value.split())
    return one_line if one_line.isascii() else Header(one_line, "utf-8", maxlinelen=10_000).encode()


def _open(path: str, directory: str) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        os.makedirs(directory, 0o700, exist_ok=True)
        return os.open(path, flags, 0o600)
