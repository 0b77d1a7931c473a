"""Sign-in by password and by SRP, challenges, lockout."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from pycognito import AWSSRP

from cognito_app.core import clock
from cognito_app.models import SignInThrottle
from tests.conftest import PASSWORD, App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db

WRONG = "Incorrect username or password."


def srp(app: App, password: str = PASSWORD, name: str = "ann", secret: str | None = None, client: str = "") -> Any:
    """Sign in with pycognito's own SRP code."""
    helper = AWSSRP(
        username=name,
        password=password,
        pool_id=app.pool_id,
        client_id=client or app.client_id,
        client=app.idp,
        client_secret=secret,
    )
    return helper.authenticate_user()


@pytest.mark.operation("InitiateAuth")
def test_password_sign_in_gives_three_tokens(app: App) -> None:
    app.sign_up()
    tokens = app.sign_in()
    assert set(tokens) == {"AccessToken", "IdToken", "RefreshToken", "ExpiresIn", "TokenType"}
    assert tokens["ExpiresIn"] == 3600
    assert tokens["TokenType"] == "Bearer"


@pytest.mark.operation("RespondToAuthChallenge")
def test_srp_sign_in_with_a_real_client(app: App) -> None:
    app.sign_up()
    for _ in range(20):
        assert "AccessToken" in srp(app)["AuthenticationResult"]
    with refused("NotAuthorizedException", WRONG):
        srp(app, "Wrong-Password-9!")


def test_srp_with_a_client_secret_and_an_alias(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, AliasAttributes=["email"])
    app.sign_up()
    secret = app.client(GenerateSecret=True)
    outcome = srp(app, name="ann@example.com", secret=secret["ClientSecret"], client=secret["ClientId"])
    assert "IdToken" in outcome["AuthenticationResult"]
    with refused("NotAuthorizedException", f"Unable to verify secret hash for client {secret['ClientId']}"):
        srp(app, secret="wrong", client=secret["ClientId"])
    with refused("NotAuthorizedException"):
        app.start(client_id=secret["ClientId"])


def test_a_secret_block_is_good_for_one_answer(app: App) -> None:
    app.sign_up()
    helper = AWSSRP("ann", PASSWORD, app.pool_id, app.client_id, client=app.idp)
    first = app.idp.initiate_auth(
        AuthFlow="USER_SRP_AUTH", ClientId=app.client_id, AuthParameters=helper.get_auth_params()
    )
    answers = helper.process_challenge(first["ChallengeParameters"], helper.get_auth_params())

    def answer() -> Any:
        return app.idp.respond_to_auth_challenge(
            ClientId=app.client_id, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=answers
        )

    assert "AuthenticationResult" in answer()
    with refused("NotAuthorizedException", "Invalid session for the user, session can only be used once."):
        answer()


@pytest.mark.parametrize("public_a", ["0", "00" * 384, "xyz", "-1", "f" * 2000])
def test_bad_srp_a_is_refused(app: App, public_a: str) -> None:
    app.sign_up()
    with refused("InvalidParameterException"):
        app.idp.initiate_auth(
            AuthFlow="USER_SRP_AUTH",
            ClientId=app.client_id,
            AuthParameters={"USERNAME": "ann", "SRP_A": public_a},
        )


def test_users_who_cannot_sign_in_learn_why(app: App) -> None:
    with refused("UserNotFoundException", "User does not exist."):
        app.start("nobody")
    app.idp.sign_up(ClientId=app.client_id, Username="new", Password=PASSWORD)
    with refused("UserNotConfirmedException", "User is not confirmed."):
        app.start("new")
    app.sign_up()
    with refused("NotAuthorizedException", WRONG):
        app.start(password="Wrong-Password-9!")
    app.idp.admin_disable_user(UserPoolId=app.pool_id, Username="ann")
    with refused("NotAuthorizedException", "User is disabled."):
        app.start()


def test_flows_that_are_off_or_incomplete_are_refused(app: App) -> None:
    srp_only = app.client(ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])["ClientId"]
    with refused("InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client"):
        app.start(client_id=srp_only)
    with refused("InvalidParameterException", "Missing required parameter USERNAME"):
        app.idp.initiate_auth(ClientId=app.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={})
    with refused("InvalidParameterException", "Initiate Auth method not supported."):
        app.idp.initiate_auth(
            ClientId=app.client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "ann", "PASSWORD": PASSWORD},
        )
    with refused("ResourceNotFoundException", "User pool client nosuchclient does not exist."):
        app.start(client_id="nosuchclient")


@pytest.mark.operation("AdminInitiateAuth")
def test_admin_sign_in_is_bound_to_the_pool_of_the_client(app: App, inbox: Inbox) -> None:
    app.sign_up()
    other = make_app(app.idp, inbox)
    parameters = {"USERNAME": "ann", "PASSWORD": PASSWORD}
    answer = app.idp.admin_initiate_auth(
        UserPoolId=app.pool_id,
        ClientId=app.client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters=parameters,
    )
    assert answer["ChallengeParameters"] == {}
    with refused("ResourceNotFoundException", f"User pool client {app.client_id} does not exist."):
        app.idp.admin_initiate_auth(
            UserPoolId=other.pool_id,
            ClientId=app.client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters=parameters,
        )


@pytest.mark.operation("AdminRespondToAuthChallenge")
def test_a_temporary_password_must_be_changed_once(app: App) -> None:
    app.idp.admin_create_user(
        UserPoolId=app.pool_id, Username="bob", TemporaryPassword="Temporary-9!", MessageAction="SUPPRESS"
    )
    challenge = app.start("bob", "Temporary-9!")
    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    assert challenge["ChallengeParameters"]["USER_ID_FOR_SRP"] == "bob"

    def answer(password: str, session: str = challenge["Session"]) -> Any:
        return app.idp.admin_respond_to_auth_challenge(
            UserPoolId=app.pool_id,
            ClientId=app.client_id,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=session,
            ChallengeResponses={"USERNAME": "bob", "NEW_PASSWORD": password},
        )

    with refused("InvalidPasswordException"):
        answer("short")
    with refused("NotAuthorizedException", "Invalid session for the user."):
        answer(PASSWORD, "x" * 40)
    assert "AccessToken" in answer(PASSWORD)["AuthenticationResult"]
    with refused("NotAuthorizedException", "Invalid session for the user, session can only be used once."):
        answer(PASSWORD)
    assert "AccessToken" in app.sign_in("bob")


def test_a_session_ends_and_a_temporary_password_expires(app: App) -> None:
    app.idp.admin_create_user(
        UserPoolId=app.pool_id, Username="bob", TemporaryPassword="Temporary-9!", MessageAction="SUPPRESS"
    )
    session = app.start("bob", "Temporary-9!")["Session"]
    # Signatures carry the time too, so only unsigned calls are made in the future.
    late = time_machine.travel(clock.now() + timedelta(minutes=4), tick=True)
    with late, refused("NotAuthorizedException", "Invalid session for the user, session is expired."):
        app.idp.respond_to_auth_challenge(
            ClientId=app.client_id,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=session,
            ChallengeResponses={"USERNAME": "bob", "NEW_PASSWORD": PASSWORD},
        )
    with time_machine.travel(clock.now() + timedelta(days=8), tick=True):
        message = "Temporary password has expired and must be reset by an administrator."
        with refused("NotAuthorizedException", message):
            app.start("bob", "Temporary-9!")


def test_five_failures_lock_the_right_password_out_for_a_second(app: App) -> None:
    app.sign_up()
    for _ in range(5):
        with refused("NotAuthorizedException", WRONG):
            app.start(password="Wrong-Password-9!")
    with refused("NotAuthorizedException", "Password attempts exceeded"):
        app.start()
    SignInThrottle.objects.update(locked_until=clock.now())
    assert "AccessToken" in app.sign_in()
    assert SignInThrottle.objects.count() == 0


def test_mfa_that_cannot_be_asked_for_is_not_skipped(idp: Any, inbox: Inbox) -> None:
    app = make_app(
        idp,
        inbox,
        MfaConfiguration="ON",
        SmsConfiguration={"SnsCallerArn": "arn:aws:iam::000000000000:role/sms", "ExternalId": "x"},
    )
    app.sign_up()
    with refused("InvalidParameterException"):
        app.start()
