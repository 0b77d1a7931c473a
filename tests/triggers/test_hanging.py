"""No lock is held while a function runs: whatever hangs in one sign-in, another one of the same user proceeds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from django.db import connection
from pytest_django import Settings

from cognito_app.triggers import invoke
from tests.aws.mfa import PHONE, SMS_CONFIGURATION
from tests.conftest import PASSWORD, App, Inbox
from tests.e2e import functions
from tests.triggers.functions_of_pool import lambda_config
from tests.triggers.journeys import LOCAL, SENDERS, answer, pool, start, user
from tests.triggers.lambdas import Lambdas, serving

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 60
"""Nobody waits that long: the second sign-in ends first, or the test fails."""

Flow = Callable[[App], Any]


@pytest.fixture
def lambdas(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambdas]:
    monkeypatch.setattr(invoke, "SECONDS", 2.0 * PATIENCE)
    with serving(settings, monkeypatch) as running:
        running.on("DefineAuthChallenge_Authentication", lambda event: functions.define(event, None))
        running.on("CreateAuthChallenge_Authentication", lambda event: functions.create(event, None))
        running.on("VerifyAuthChallengeResponse_Authentication", lambda event: functions.verify(event, None))
        running.respond(
            "UserMigration_Authentication",
            userAttributes={"email": "new@example.com", "email_verified": "true"},
            finalUserStatus="CONFIRMED",
        )
        yield running


def by_password(app: App) -> Any:
    """Sign in by password."""
    return start(app)["AuthenticationResult"]


def by_word(app: App) -> Any:
    """Sign in by a word that functions ask for."""
    flow: dict[str, Any] = {"ClientId": app.client_id, "AuthFlow": "CUSTOM_AUTH"}
    asked = app.idp.initiate_auth(**flow, AuthParameters={"USERNAME": "ann"})
    return answer(app, asked, ANSWER="swordfish")["AuthenticationResult"]


def by_code(app: App) -> Any:
    """Get as far as a code by SMS."""
    asked = start(app)
    assert asked["ChallengeName"] == "SMS_MFA"
    return asked


def from_elsewhere(app: App) -> Any:
    """Sign in as somebody who is unknown here."""
    return start(app, "new")["AuthenticationResult"]


def sign_up(app: App) -> Any:
    """Register a name."""
    given = [{"Name": "email", "Value": "eve@example.com"}]
    return app.idp.sign_up(ClientId=app.client_id, Username="eve", Password=PASSWORD, UserAttributes=given)


def renewal(app: App) -> Any:
    """Renew tokens."""
    flow = {"AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": RENEWAL[app.pool_id]}}
    return app.idp.initiate_auth(ClientId=app.client_id, **flow)["AuthenticationResult"]


RENEWAL: dict[str, str] = {}

CASES: dict[str, Flow] = {
    "PreAuthentication_Authentication": by_password,
    "PostAuthentication_Authentication": by_password,
    "TokenGeneration_Authentication": by_password,
    "TokenGeneration_RefreshTokens": renewal,
    "DefineAuthChallenge_Authentication": by_word,
    "CreateAuthChallenge_Authentication": by_word,
    "VerifyAuthChallengeResponse_Authentication": by_word,
    "UserMigration_Authentication": from_elsewhere,
    "CustomMessage_Authentication": by_code,
    "CustomSMSSender_Authentication": by_code,
    "PreSignUp_SignUp": sign_up,
    "CustomMessage_SignUp": sign_up,
}
# Both do the same thing, which can happen once: the one that hung finds it done.
ONCE = {"UserMigration_Authentication", "PreSignUp_SignUp"}
# The name is taken before its function hangs: the second one is told so at once.
TAKEN = {"CustomMessage_SignUp"}


def make(idp: Any, inbox: Inbox, source: str) -> App:
    """Make a pool with ann, who gets codes by SMS where the case is about them."""
    config = lambda_config(*LOCAL)
    if source.startswith("CustomSMSSender"):
        config = {name: SENDERS[name] for name in ("CustomSMSSender", "KMSKeyID")}
    mfa = {"MfaConfiguration": "OPTIONAL", "SmsConfiguration": SMS_CONFIGURATION}
    app = pool(idp, inbox, LambdaConfig=config, **mfa)
    user(app, phone_number=PHONE, phone_number_verified="true")
    if CASES[source] is by_code:
        on = {"Enabled": True, "PreferredMfa": True}
        idp.admin_set_user_mfa_preference(UserPoolId=app.pool_id, Username="ann", SMSMfaSettings=on)
    if CASES[source] is renewal:
        RENEWAL[app.pool_id] = by_password(app)["RefreshToken"]
    return app


def outcome(flow: Flow, app: App) -> Any:
    """Run a flow in a thread of its own; an error's code is its outcome."""
    try:
        return flow(app)
    except ClientError as error:
        return error.response["Error"]["Code"]
    finally:
        connection.close()


@pytest.mark.parametrize("source", CASES)
def test_another_sign_in_proceeds_meanwhile(idp: Any, inbox: Inbox, lambdas: Lambdas, source: str) -> None:
    app, flow = make(idp, inbox, source), CASES[source]
    entered, release = threading.Event(), threading.Event()
    usual = lambdas.functions.get(source, lambda event: event)

    def hanging_once(event: Any) -> Any:
        if not entered.is_set():
            entered.set()
            release.wait(PATIENCE)
        return usual(event)

    lambdas.on(source, hanging_once)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(outcome, flow, app)
        try:
            assert entered.wait(PATIENCE)
            second = threads.submit(outcome, flow, app).result(timeout=PATIENCE)
            assert not first.done()
        finally:
            release.set()
        expected = "UsernameExistsException"
        assert second == expected if source in TAKEN else isinstance(second, dict)
        late = first.result(timeout=PATIENCE)
    if source == "PreSignUp_SignUp":
        assert late == expected
    elif source in ONCE:
        assert isinstance(late, dict) or late in ("NotAuthorizedException", "UserNotFoundException")
    else:
        assert isinstance(late, dict)
