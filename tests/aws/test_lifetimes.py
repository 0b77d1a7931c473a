"""How long sign-in codes and temporary passwords are good: to the second."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from tests.aws.choice import begin, create, make_choice_app
from tests.aws.mfa import PHONE, START, code_now, make_mfa_app, other, register_totp, respond, turn_on
from tests.clients import boto
from tests.conftest import PASSWORD, App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
TEMPORARY = "Temporary-9!"
ENDED = "Invalid session for the user, session is expired."
EXPIRED = "Temporary password has expired and must be reset by an administrator."
OLD = timedelta(days=30)


@pytest.fixture
def clock() -> Any:
    """A clock that stands still until it is moved."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def set_validity(app: App, minutes: int | None) -> None:
    """Set how long sign-in sessions of the app's client last; None is the default."""
    given = {} if minutes is None else {"AuthSessionValidity": minutes}
    flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    app.client_id = app.client(ExplicitAuthFlows=flows, **given)["ClientId"]


Answer = Callable[[str], Any]


def second_factor(challenge: str, field: str, address: str, *factors: str) -> Any:
    """Return what starts a sign-in with a code by message as the second factor."""

    def start(idp: Any, inbox: Inbox, minutes: int | None, clock: Any) -> tuple[Answer, Callable[[], str]]:
        app = make_mfa_app(idp, inbox)
        app.sign_up(phone_number=PHONE)
        turn_on(app, *factors)
        set_validity(app, minutes)
        clock.shift(SECOND)
        begun = app.start()
        assert begun["ChallengeName"] == challenge
        code = inbox.code(address)
        return lambda given: respond(app, challenge, begun["Session"], **{field: given}), lambda: code

    return start


def app_factor(idp: Any, inbox: Inbox, minutes: int | None, clock: Any) -> tuple[Answer, Callable[[], str]]:
    """Start a sign-in with an authenticator app as the second factor."""
    app = make_mfa_app(idp, inbox)
    app.sign_up(phone_number=PHONE)
    secret = register_totp(app, app.sign_in()["AccessToken"])
    turn_on(app, "totp")
    set_validity(app, minutes)
    session = app.start()["Session"]
    answer = lambda given: respond(app, "SOFTWARE_TOKEN_MFA", session, SOFTWARE_TOKEN_MFA_CODE=given)  # noqa: E731
    return answer, lambda: code_now(secret)


def first_factor(idp: Any, inbox: Inbox, minutes: int | None, clock: Any) -> tuple[Answer, Callable[[], str]]:
    """Start a sign-in with a code by e-mail instead of a password."""
    app = make_choice_app(idp, inbox)
    create(app)
    set_validity(app, minutes)
    session = begin(app, "EMAIL_OTP")["Session"]
    code = inbox.code("ann@example.com")
    return lambda given: respond(app, "EMAIL_OTP", session, EMAIL_OTP_CODE=given), lambda: code


STARTS = {
    "SMS_MFA": second_factor("SMS_MFA", "SMS_MFA_CODE", PHONE, "sms"),
    "EMAIL_OTP": second_factor("EMAIL_OTP", "EMAIL_OTP_CODE", "ann@example.com", "email"),
    "SOFTWARE_TOKEN_MFA": app_factor,
    "first factor": first_factor,
}


@pytest.mark.operation("RespondToAuthChallenge")
@pytest.mark.parametrize("minutes", [None, 15])
@pytest.mark.parametrize("factor", STARTS)
def test_a_sign_in_code_lives_as_long_as_its_session(
    idp: Any, inbox: Inbox, clock: Any, factor: str, minutes: int | None
) -> None:
    answer, right = STARTS[factor](idp, inbox, minutes, clock)
    clock.shift(timedelta(minutes=minutes or 3) + SECOND)
    for code in (right(), other(right())):
        with refused("NotAuthorizedException", ENDED):
            answer(code)
    clock.shift(-2 * SECOND)
    assert "AccessToken" in answer(right())["AuthenticationResult"]


@pytest.mark.operation("AdminCreateUser")
@pytest.mark.parametrize("days", [None, 1, 365])
def test_a_temporary_password_lives_as_long_as_the_pool_says(
    idp: Any, inbox: Inbox, clock: Any, days: int | None
) -> None:
    app = make_pool(idp, inbox, days)
    at = {"UserPoolId": app.pool_id, "Username": "bob"}
    app.idp.admin_create_user(**at, TemporaryPassword=TEMPORARY, MessageAction="SUPPRESS")
    check_expiry(app, clock, timedelta(days=days or 7))


@pytest.mark.operation("AdminSetUserPassword")
def test_a_temporary_password_that_is_set_lives_as_long(idp: Any, inbox: Inbox, clock: Any) -> None:
    app = make_pool(idp, inbox, 2)
    at = {"UserPoolId": app.pool_id, "Username": "bob"}
    app.idp.admin_create_user(**at, TemporaryPassword="Another-Temporary-9!", MessageAction="SUPPRESS")
    clock.shift(timedelta(days=1))
    app.idp.admin_set_user_password(**at, Password=TEMPORARY, Permanent=False)
    check_expiry(app, clock, timedelta(days=2))


@pytest.mark.operation("AdminCreateUser")
def test_an_invitation_that_is_sent_again_gives_the_whole_time(idp: Any, inbox: Inbox, clock: Any) -> None:
    app = make_pool(idp, inbox, 2)
    at = {"UserPoolId": app.pool_id, "Username": "bob"}
    given = [{"Name": "email", "Value": "bob@example.com"}]
    app.idp.admin_create_user(**at, TemporaryPassword=TEMPORARY, MessageAction="SUPPRESS", UserAttributes=given)
    clock.shift(timedelta(days=3))
    with refused("NotAuthorizedException", EXPIRED):
        app.start("bob", TEMPORARY)
    again = {"MessageAction": "RESEND", "DesiredDeliveryMediums": ["EMAIL"]}
    app.idp.admin_create_user(**at, **again, TemporaryPassword=TEMPORARY)
    check_expiry(app, clock, timedelta(days=2))


def test_a_permanent_password_does_not_expire(idp: Any, inbox: Inbox, clock: Any) -> None:
    app = make_pool(idp, inbox, 1)
    at = {"UserPoolId": app.pool_id, "Username": "bob"}
    app.idp.admin_create_user(**at, TemporaryPassword=TEMPORARY, MessageAction="SUPPRESS")
    session = app.start("bob", TEMPORARY)["Session"]
    respond(app, "NEW_PASSWORD_REQUIRED", session, name="bob", NEW_PASSWORD=PASSWORD)
    clock.shift(OLD)
    assert "AccessToken" in app.sign_in("bob")


def make_pool(idp: Any, inbox: Inbox, days: int | None) -> App:
    """Create a pool; None is its default validity."""
    if days is None:
        return make_app(idp, inbox)
    return make_app(idp, inbox, Policies={"PasswordPolicy": {"TemporaryPasswordValidityDays": days}})


def check_expiry(app: App, clock: Any, lifetime: timedelta) -> None:
    """Sign bob in just before and just after his password ends."""
    anyone = App(boto.client("cognito-idp"), app.pool_id, app.client_id, app.inbox)
    clock.shift(lifetime - SECOND)
    assert anyone.start("bob", TEMPORARY)["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    clock.shift(2 * SECOND)
    with refused("NotAuthorizedException", EXPIRED):
        anyone.start("bob", TEMPORARY)
