"""A code of a second factor is spent once, however many answer at the same time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from cognito_app.models import RefreshToken, SignInThrottle, SoftwareToken
from tests.aws.mfa import PHONE, code_now, make_mfa_app, register_totp, sms_code, turn_on
from tests.clients import boto
from tests.conftest import App, Inbox
from tests.races.test_once import code_of, in_parallel

pytestmark = pytest.mark.django_db(transaction=True)

TRIES = 50
REFUSALS = {"NotAuthorizedException", "ExpiredCodeException", "EnableSoftwareTokenMFAException"}


@pytest.fixture
def mfa_app(idp: Any, inbox: Inbox) -> App:
    """A pool that offers every second factor, optionally; ann has both contacts."""
    app = make_mfa_app(idp, inbox)
    app.sign_up(phone_number=PHONE)
    return app


def respond(app: App, challenge: str, session: str, **answers: str) -> str:
    """Answer a challenge; returns ``ok`` or the code of the refusal."""
    public = boto.client("cognito-idp")
    return code_of(
        lambda: public.respond_to_auth_challenge(
            ClientId=app.client_id,
            ChallengeName=challenge,
            Session=session,
            ChallengeResponses={"USERNAME": "ann", **answers},
        )
    )


def test_one_sms_code(mfa_app: App) -> None:
    turn_on(mfa_app, "sms")
    session, code = mfa_app.start()["Session"], sms_code(mfa_app)
    counted = in_parallel(TRIES, lambda: respond(mfa_app, "SMS_MFA", session, SMS_MFA_CODE=code))
    assert counted["ok"] == 1
    assert set(counted) <= {"ok", *REFUSALS}
    assert RefreshToken.objects.count() == 1


def test_one_choice(mfa_app: App) -> None:
    turn_on(mfa_app, "sms", "email")
    session = mfa_app.start()["Session"]
    sent = len(mfa_app.inbox.messages(PHONE))
    counted = in_parallel(TRIES, lambda: respond(mfa_app, "SELECT_MFA_TYPE", session, ANSWER="SMS_MFA"))
    assert counted == {"ok": 1, "NotAuthorizedException": TRIES - 1}
    assert len(mfa_app.inbox.messages(PHONE)) == sent + 1


def test_one_step_of_an_app_across_sessions(mfa_app: App) -> None:
    secret = register_totp(mfa_app, mfa_app.sign_in()["AccessToken"])
    turn_on(mfa_app, "totp")
    RefreshToken.objects.all().delete()
    with time_machine.travel(timezone.now() + timedelta(seconds=30), tick=True):
        sessions = [str(mfa_app.start()["Session"]) for _ in range(5)]
        code = code_now(secret)
        waiting = iter(sessions * (TRIES // 5))
        counted = in_parallel(
            TRIES, lambda: respond(mfa_app, "SOFTWARE_TOKEN_MFA", next(waiting), SOFTWARE_TOKEN_MFA_CODE=code)
        )
    assert counted["ok"] == 1
    assert set(counted) <= {"ok", *REFUSALS}
    assert RefreshToken.objects.count() == 1


def test_one_registration_by_a_code(mfa_app: App) -> None:
    token = mfa_app.sign_in()["AccessToken"]
    secret = mfa_app.idp.associate_software_token(AccessToken=token)["SecretCode"]
    code = code_now(secret)
    public = boto.client("cognito-idp")
    counted = in_parallel(
        TRIES, lambda: code_of(lambda: public.verify_software_token(AccessToken=token, UserCode=code))
    )
    assert counted == {"ok": 1, "EnableSoftwareTokenMFAException": TRIES - 1}
    assert SoftwareToken.objects.get().pending_sealed is None


def test_parallel_guesses_stay_within_the_lockout(mfa_app: App) -> None:
    turn_on(mfa_app, "sms")
    session, code = mfa_app.start()["Session"], sms_code(mfa_app)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    counted = in_parallel(100, lambda: respond(mfa_app, "SMS_MFA", session, SMS_MFA_CODE=wrong))
    # Five free ones, and one after each second or two of lock that the run may last.
    assert 5 <= counted["CodeMismatchException"] <= 8
    assert counted["ok"] == 0
    assert SignInThrottle.objects.get().failures == counted["CodeMismatchException"]
