"""A mail server that the installation sends by."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.clients.smtp import MailServer, mail_server
from tests.conftest import Inbox


@pytest.fixture
def mail(settings: Settings, inbox: Inbox) -> Iterator[MailServer]:
    """Send mail by SMTP to a server of the test."""
    with mail_server() as server:
        # Django's test runner has put its own backend in place.
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server
