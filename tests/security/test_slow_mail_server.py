"""A mail server that answers late, or refuses, does not show that there is a user, and holds no request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from cognito_app.messages.templates import EMAIL, Message
from cognito_app.models import OutboxMessage, PoolUser
from cognito_app.services import late_delivery, outbox
from tests.clients.smtp import ACCEPTED, MailServer, mail_server
from tests.conftest import App, Inbox
from tests.messages.test_outbox import make_users, subjects, waiting
from tests.oauth.browser import Site
from tests.security.states import MISSING, make_states, masked
from tests.security.test_user_existence import CALLS, CHOICES, PAGES

SECONDS = 60
NEVER = "550 5.1.1 no such user"


class LateServer:
    """A mail server that answers when the test says so."""

    def __init__(self, mail: MailServer) -> None:
        self.mail = mail
        self.released = threading.Event()
        mail.answer = self._answer

    def _answer(self, recipient: str) -> str:
        assert self.released.wait(SECONDS)
        return ACCEPTED


@pytest.fixture
def mail(settings: Settings, inbox: Inbox) -> Iterator[MailServer]:
    """Send mail to a server of the test, by threads as in production."""
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, SECONDS
        settings.COGNITO = {**settings.COGNITO, "BACKGROUND_DELIVERY": True}
        yield server


@pytest.fixture
def late(mail: MailServer) -> Iterator[Callable[[], LateServer]]:
    """Return what makes the mail server slow; it is released at the end, so that no thread is left waiting."""
    made: list[LateServer] = []

    def begin() -> LateServer:
        made.append(LateServer(mail))
        return made[-1]

    yield begin
    for server in made:
        server.released.set()
    wait_until_all_is_sent()


def wait_until_all_is_sent() -> None:
    """Wait for the threads."""
    for _ in range(SECONDS * 20):
        if not waiting().exists():
            return
        threading.Event().wait(0.05)
    raise AssertionError(waiting().values("purpose", "in_flight", "tries"))


def forgotten_password_page(app: App, name: str) -> Any:
    site = Site(app, PreventUserExistenceErrors="ENABLED")
    site.browser = Client()
    site.get("login", **site.request())
    path, fields = PAGES["forgotten password"]
    return site.submit(path, {"username": name, **fields})


def new_code_page(app: App, name: str) -> Any:
    site = Site(app, PreventUserExistenceErrors="ENABLED")
    site.get("login", **site.request())
    path, fields = PAGES["new code"]
    return site.submit(path, {"username": name, **fields})


REQUESTS: dict[str, tuple[str, Callable[[App, str], Any]]] = {
    "ForgotPassword": ("ann", CALLS["ForgotPassword"]),
    "ResendConfirmationCode": ("unconfirmed", CALLS["ResendConfirmationCode"]),
    "forgotten password on the page": ("ann", forgotten_password_page),
    "new code on the page": ("unconfirmed", new_code_page),
    "sign-in by a code": ("ann", CHOICES["choice of a code"]),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("request_name", REQUESTS)
def test_the_answer_does_not_wait_for_the_mail_server(
    idp: Any, inbox: Inbox, mail: MailServer, late: Callable[[], LateServer], request_name: str
) -> None:
    name, call = REQUESTS[request_name]
    app = make_states(idp, inbox)
    wait_until_all_is_sent()
    before, server = len(mail.mails), late()
    mail.asked.clear()
    answer = call(app, name)
    # The answer is here, and the mail server has taken nothing: it is still being asked.
    assert mail.asked.wait(SECONDS)
    assert not server.released.is_set()
    assert len(mail.mails) == before
    assert answer.status_code == 200, answer.content
    server.released.set()
    mail.wait_for(before + 1)
    wait_until_all_is_sent()
    assert mail.mails[-1].recipients == [f"{name}@example.com"]
    assert len(mail.mails) == before + 1


@pytest.mark.django_db
@pytest.mark.operation("ForgotPassword")
@pytest.mark.operation("ResendConfirmationCode")
@pytest.mark.parametrize("call", ["ForgotPassword", "ResendConfirmationCode"])
def test_a_refusal_is_not_told_and_tried_again(
    idp: Any, inbox: Inbox, mail: MailServer, settings: Settings, call: str
) -> None:
    settings.COGNITO = {**settings.COGNITO, "BACKGROUND_DELIVERY": False}
    app, name = make_states(idp, inbox), REQUESTS[call][0]
    mail.answer = lambda recipient: NEVER.replace("550 5", "451 4")
    assert masked(CALLS[call](app, name), name) == masked(CALLS[call](app, MISSING), MISSING)
    mail.answer = lambda recipient: ACCEPTED
    before = len(mail.mails)
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        assert outbox.deliver_waiting() == 1
    assert len(mail.mails) == before + 1


def message_for(user: PoolUser) -> OutboxMessage:
    return outbox.enqueue(user, Message("test", EMAIL, "ann@example.com", user.username, "text"))


@pytest.mark.django_db(transaction=True)
def test_what_the_threads_have_no_room_for_is_left_to_the_worker(
    app: App, mail: MailServer, late: Callable[[], LateServer]
) -> None:
    server, users = late(), make_users(app, late_delivery.ROOM + 1)
    for user in users:
        late_delivery.hand_over(message_for(user))
    left = waiting().get(in_flight=False)
    assert (left.tries, left.user_sub) == (0, users[-1].sub)
    server.released.set()
    assert outbox.deliver_waiting() == 1
    wait_until_all_is_sent()
    assert sorted(subjects(mail)) == sorted(user.username for user in users)


@pytest.mark.django_db
def test_a_message_that_waited_too_long_is_not_sent_twice(app: App, mail: MailServer, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "BACKGROUND_DELIVERY": False}
    row = message_for(make_users(app, 1)[0])
    with time_machine.travel(timezone.now() + outbox.IN_FLIGHT + timedelta(seconds=1)):
        assert outbox.deliver_waiting() == 1
        late_delivery.hand_over(row)
    assert len(mail.mails) == 1
