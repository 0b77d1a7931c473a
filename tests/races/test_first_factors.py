"""Codes and passkeys as first factors are spent once, however many answer at the same time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cognito_app.errors import NotAuthorizedException
from cognito_app.models import RefreshToken, WebAuthnCredential
from cognito_app.services import config
from cognito_app.services.actor import Actor
from cognito_app.services.sign_in import engine
from cognito_app.services.sign_in.state import Attempt, Context
from cognito_app.services.sign_in.steps import passkey
from tests.aws.choice import asserted, begin, create, make_choice_app, register_passkey, relying_party
from tests.aws.mfa import respond
from tests.clients.authenticator import Authenticator
from tests.conftest import App, Inbox
from tests.races.test_once import code_of, in_parallel

pytestmark = pytest.mark.django_db(transaction=True)

TRIES = 50
EMAIL = "ann@example.com"


@pytest.fixture
def choice(idp: Any, inbox: Inbox) -> App:
    """A pool that takes every first factor, and ann."""
    app = make_choice_app(idp, inbox)
    relying_party(app)
    create(app)
    return app


def test_one_code(choice: App) -> None:
    session, code = begin(choice, "EMAIL_OTP")["Session"], choice.inbox.code(EMAIL)
    counted = in_parallel(TRIES, lambda: code_of(lambda: respond(choice, "EMAIL_OTP", session, EMAIL_OTP_CODE=code)))
    assert counted == {"ok": 1, "NotAuthorizedException": TRIES - 1}
    assert RefreshToken.objects.count() == 1


def test_guesses_at_a_code_are_counted(choice: App) -> None:
    session, code = begin(choice, "EMAIL_OTP")["Session"], choice.inbox.code(EMAIL)
    wrong = f"{(int(code) + 1) % 100_000_000:08d}"
    counted = in_parallel(TRIES, lambda: code_of(lambda: respond(choice, "EMAIL_OTP", session, EMAIL_OTP_CODE=wrong)))
    assert counted == {"CodeMismatchException": 20, "NotAuthorizedException": TRIES - 20}


def test_one_message_for_one_choice(choice: App) -> None:
    session = begin(choice)["Session"]
    counted = in_parallel(
        TRIES, lambda: code_of(lambda: respond(choice, "SELECT_CHALLENGE", session, ANSWER="EMAIL_OTP"))
    )
    assert counted["ok"] == 1
    assert set(counted) <= {"ok", "NotAuthorizedException", "TooManyRequestsException"}
    assert len(choice.inbox.messages(EMAIL)) == 1


@pytest.mark.parametrize("counts", [True, False])
def test_one_passkey_challenge(choice: App, counts: bool) -> None:
    authenticator = Authenticator(counts=counts)
    register_passkey(choice, authenticator)
    RefreshToken.objects.all().delete()
    found = begin(choice, "WEB_AUTHN")
    credential = asserted(found, authenticator)
    counted = in_parallel(
        TRIES, lambda: code_of(lambda: respond(choice, "WEB_AUTHN", found["Session"], CREDENTIAL=credential))
    )
    assert counted == {"ok": 1, "NotAuthorizedException": TRIES - 1}
    assert RefreshToken.objects.count() == 1
    assert WebAuthnCredential.objects.get().sign_count == int(counts)


def test_one_sign_in_by_a_passkey_that_tells_the_name(choice: App) -> None:
    authenticator = Authenticator()
    register_passkey(choice, authenticator)
    context = Context(
        pool=config.pool(choice.pool_id),
        client=config.client(choice.client_id),
        actor=Actor(),
        complete=lambda proof: proof.user.username,
    )
    found = passkey.invite(context)
    credential = asserted({"ChallengeParameters": found.parameters}, authenticator)
    given = {"CREDENTIAL": credential}

    def answer() -> str:
        try:
            engine.respond(replace(context, attempt=Attempt()), passkey.OF_ANYONE, found.session, given)
        except NotAuthorizedException:
            return "NotAuthorizedException"
        return "ok"

    assert in_parallel(TRIES, answer) == {"ok": 1, "NotAuthorizedException": TRIES - 1}


def test_one_sign_in_after_sign_up(choice: App) -> None:
    given = [{"Name": "email", "Value": "new@example.com"}]
    started = choice.idp.sign_up(ClientId=choice.client_id, Username="new", UserAttributes=given)["Session"]
    code = choice.inbox.code("new@example.com")
    session = choice.idp.confirm_sign_up(
        ClientId=choice.client_id, Username="new", ConfirmationCode=code, Session=started
    )["Session"]
    counted = in_parallel(TRIES, lambda: code_of(lambda: begin(choice, name="new", session=session)))
    assert counted == {"ok": 1, "NotAuthorizedException": TRIES - 1}
    assert RefreshToken.objects.count() == 1
