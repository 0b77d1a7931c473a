"""A mail server on loopback that keeps what it takes; it may refuse, or hold a connection."""

from __future__ import annotations

import asyncio
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope

from tests.e2e.server import free_port

ACCEPTED = "250 OK"


@dataclass
class Mail:
    """A mail as the server took it."""

    sender: str
    recipients: list[str]
    message: EmailMessage

    def part(self, kind: str) -> str:
        """Return the text of the part ``text/<kind>``."""
        found = self.message.get_body(preferencelist=(kind,))
        assert found is not None
        return str(found.get_content()).replace("\r\n", "\n")


@dataclass
class MailServer:
    """A running server. ``answer`` gives the reply to a recipient; ``hold`` never answers the first one."""

    port: int = 0
    mails: list[Mail] = field(default_factory=list)
    answer: Callable[[str], str] = lambda recipient: ACCEPTED
    content: str = ACCEPTED
    logins: list[tuple[str, str]] = field(default_factory=list)
    password: str | None = None
    asked: threading.Event = field(default_factory=threading.Event)
    hold: bool = False
    taken: threading.Condition = field(default_factory=threading.Condition)

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse a recipient."""
        self.asked.set()
        if self.hold:
            await asyncio.sleep(3600)
        reply = self.answer(address)
        if reply == ACCEPTED:
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Any, envelope: Envelope
    ) -> str:
        """Keep the mail."""
        if self.content != ACCEPTED:
            return self.content
        assert isinstance(envelope.content, bytes)
        parsed = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        with self.taken:
            self.mails.append(Mail(str(envelope.mail_from), list(envelope.rcpt_tos), parsed))
            self.taken.notify_all()
        return ACCEPTED

    def authenticate(self, server: SMTP, session: Any, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        """Check a login."""
        login = data.login.decode(), data.password.decode()
        self.logins.append(login)
        return AuthResult(success=login[1] == self.password, handled=login[1] == self.password)

    def to(self, address: str) -> list[Mail]:
        """Return the mails to an address, in the order that they came."""
        return [mail for mail in self.mails if mail.recipients == [address]]

    def wait_for(self, number: int, seconds: float = 60) -> None:
        """Wait until that many mails came."""
        with self.taken:
            assert self.taken.wait_for(lambda: len(self.mails) >= number, seconds), len(self.mails)


@contextmanager
def mail_server(*, port: int = 0, password: str | None = None) -> Iterator[MailServer]:
    """Run a server on loopback until the block ends; with ``password`` it wants a login."""
    server = MailServer(password=password)
    login: dict[str, Any] = {}
    if password is not None:
        login = {"authenticator": server.authenticate, "auth_required": True, "auth_require_tls": False}
    controller = Controller(server, hostname="127.0.0.1", port=port or free_port(), **login)
    server.port = controller.port
    with warnings.catch_warnings():
        # Logins without TLS: it is loopback.
        warnings.simplefilter("ignore")
        controller.start()
    try:
        yield server
    finally:
        controller.stop()
