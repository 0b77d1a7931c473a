"""USER_AUTH: what is offered to whom, the choice, passwords by it."""

from __future__ import annotations

from typing import Any

import pytest
from pycognito import AWSSRP

from tests.aws.choice import INVALID, SPENT, WRONG, begin, create, make_choice_app, relying_party, status
from tests.aws.mfa import PHONE, TOTP_ON, configure, register_totp, respond, turn_on
from tests.clients import boto
from tests.conftest import PASSWORD, App, Inbox, refused

pytestmark = pytest.mark.django_db

BOTH = ["PASSWORD_SRP", "PASSWORD"]


@pytest.fixture
def choice(idp: Any, inbox: Inbox) -> App:
    """A pool that takes every first factor; ann has a password and both contacts."""
    app = make_choice_app(idp, inbox)
    relying_party(app)
    create(app, phone_number=PHONE)
    return app


@pytest.mark.operation("InitiateAuth")
def test_without_a_preference_the_user_chooses(choice: App) -> None:
    found = begin(choice)
    assert found["ChallengeName"] == "SELECT_CHALLENGE"
    assert found["ChallengeParameters"] == {}
    assert found["AvailableChallenges"] == ["EMAIL_OTP", "SMS_OTP", *BOTH]
    assert len(found["Session"]) > 20


@pytest.mark.operation("AdminInitiateAuth")
@pytest.mark.operation("AdminRespondToAuthChallenge")
def test_administrators_may_start_it_too(choice: App) -> None:
    at = {"UserPoolId": choice.pool_id, "ClientId": choice.client_id}
    found = choice.idp.admin_initiate_auth(**at, AuthFlow="USER_AUTH", AuthParameters={"USERNAME": "ann"})
    answers = {"USERNAME": "ann", "ANSWER": "PASSWORD", "PASSWORD": PASSWORD}
    done = choice.idp.admin_respond_to_auth_challenge(
        **at, ChallengeName="SELECT_CHALLENGE", Session=found["Session"], ChallengeResponses=answers
    )
    assert "AccessToken" in done["AuthenticationResult"]


def test_the_preferred_challenge_is_put_at_once(choice: App) -> None:
    found = begin(choice, "SMS_OTP")
    assert found["ChallengeName"] == "SMS_OTP"
    assert found["AvailableChallenges"] == ["EMAIL_OTP", "SMS_OTP", *BOTH]
    assert begin(choice, "PASSWORD")["ChallengeName"] == "PASSWORD"
    assert begin(choice, "PASSWORD_SRP")["ChallengeName"] == "PASSWORD_SRP"


@pytest.mark.parametrize("preferred", ["WEB_AUTHN", "SOFTWARE_TOKEN_MFA", "nonsense"])
def test_a_preference_that_the_user_does_not_have_leads_to_the_choice(choice: App, preferred: str) -> None:
    assert begin(choice, preferred)["ChallengeName"] == "SELECT_CHALLENGE"


def test_a_password_with_the_preference_signs_in_at_once(choice: App) -> None:
    assert "AccessToken" in begin(choice, "PASSWORD", PASSWORD=PASSWORD)["AuthenticationResult"]
    with refused("NotAuthorizedException", WRONG):
        begin(choice, "PASSWORD", PASSWORD="Wrong-Horse-9!")


def test_a_password_answers_the_choice_in_three_ways(choice: App) -> None:
    named = respond(choice, "SELECT_CHALLENGE", begin(choice)["Session"], ANSWER="PASSWORD", PASSWORD=PASSWORD)
    assert "IdToken" in named["AuthenticationResult"]
    asked = respond(choice, "SELECT_CHALLENGE", begin(choice)["Session"], ANSWER="PASSWORD")
    assert asked["ChallengeName"] == "PASSWORD"
    assert "IdToken" in respond(choice, "PASSWORD", asked["Session"], PASSWORD=PASSWORD)["AuthenticationResult"]
    direct = respond(choice, "PASSWORD", begin(choice)["Session"], PASSWORD=PASSWORD)
    assert "IdToken" in direct["AuthenticationResult"]


def test_a_wrong_password_ends_the_session(choice: App) -> None:
    session = begin(choice, "PASSWORD")["Session"]
    with refused("NotAuthorizedException", WRONG):
        respond(choice, "PASSWORD", session, PASSWORD="Wrong-Horse-9!")
    with refused("NotAuthorizedException", SPENT):
        respond(choice, "PASSWORD", session, PASSWORD=PASSWORD)


@pytest.mark.operation("RespondToAuthChallenge")
def test_srp_by_preference_and_by_choice(choice: App) -> None:
    helper = AWSSRP("ann", PASSWORD, choice.pool_id, choice.client_id, client=choice.idp)
    given = helper.get_auth_params()
    for first in (
        begin(choice, "PASSWORD_SRP", SRP_A=given["SRP_A"]),
        respond(choice, "SELECT_CHALLENGE", begin(choice)["Session"], ANSWER="PASSWORD_SRP", SRP_A=given["SRP_A"]),
        respond(choice, "PASSWORD_SRP", begin(choice, "PASSWORD_SRP")["Session"], SRP_A=given["SRP_A"]),
    ):
        assert first["ChallengeName"] == "PASSWORD_VERIFIER"
        answers = helper.process_challenge(first["ChallengeParameters"], given)
        done = boto.client("cognito-idp").respond_to_auth_challenge(
            ClientId=choice.client_id,
            ChallengeName="PASSWORD_VERIFIER",
            Session=first["Session"],
            ChallengeResponses=answers,
        )
        assert "AccessToken" in done["AuthenticationResult"]


def test_what_is_not_offered_cannot_be_chosen(choice: App) -> None:
    session = begin(choice)["Session"]
    for wanted in ("WEB_AUTHN", "nonsense"):
        with refused("InvalidParameterException"):
            respond(choice, "SELECT_CHALLENGE", session, ANSWER=wanted)
    with refused("InvalidParameterException", "Missing required parameter ANSWER"):
        respond(choice, "SELECT_CHALLENGE", session)
    with refused("InvalidParameterException", "Missing required parameter Session"):
        respond(choice, "SELECT_CHALLENGE", None, ANSWER="PASSWORD")
    with refused("NotAuthorizedException", INVALID):
        respond(choice, "SELECT_CHALLENGE", "x" * 40, ANSWER="PASSWORD")
    with refused("NotAuthorizedException", INVALID):
        respond(choice, "EMAIL_OTP", session, EMAIL_OTP_CODE="12345678")


def test_a_session_is_of_one_user_and_one_client(choice: App) -> None:
    create(choice, "bob")
    session = begin(choice)["Session"]
    with refused("NotAuthorizedException", INVALID):
        respond(choice, "PASSWORD", session, name="bob", PASSWORD=PASSWORD)
    other = choice.client(ExplicitAuthFlows=["ALLOW_USER_AUTH"])["ClientId"]
    with refused("NotAuthorizedException", INVALID):
        respond(App(choice.idp, choice.pool_id, other, choice.inbox), "PASSWORD", session, PASSWORD=PASSWORD)


def test_another_name_of_the_user_answers_as_well(idp: Any, inbox: Inbox) -> None:
    app = make_choice_app(idp, inbox, UsernameAttributes=["email"])
    given = [{"Name": "email_verified", "Value": "true"}]
    made = app.idp.admin_create_user(
        UserPoolId=app.pool_id, Username="ann@example.com", MessageAction="SUPPRESS", UserAttributes=given
    )
    session = begin(app, "EMAIL_OTP", "ann@example.com")["Session"]
    code = app.inbox.code("ann@example.com")
    done = respond(app, "EMAIL_OTP", session, name=made["User"]["Username"], EMAIL_OTP_CODE=code)
    assert "AccessToken" in done["AuthenticationResult"]


def test_the_policy_of_the_pool_limits_the_choice(idp: Any, inbox: Inbox) -> None:
    app = make_choice_app(idp, inbox, "EMAIL_OTP")
    create(app, phone_number=PHONE)
    assert begin(app)["AvailableChallenges"] == ["EMAIL_OTP"]
    assert begin(app, "PASSWORD", PASSWORD=PASSWORD)["ChallengeName"] == "SELECT_CHALLENGE"


def test_a_temporary_password_is_the_only_factor_until_it_is_changed(choice: App) -> None:
    at = {"UserPoolId": choice.pool_id, "Username": "ann"}
    choice.idp.admin_set_user_password(**at, Password="Temporary-9!", Permanent=False)
    found = begin(choice, "EMAIL_OTP")
    assert (found["ChallengeName"], found["AvailableChallenges"]) == ("SELECT_CHALLENGE", BOTH)
    asked = respond(choice, "PASSWORD", found["Session"], PASSWORD="Temporary-9!")
    assert asked["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    done = respond(choice, "NEW_PASSWORD_REQUIRED", asked["Session"], NEW_PASSWORD=PASSWORD)
    assert "AccessToken" in done["AuthenticationResult"]
    assert status(choice) == "CONFIRMED"


def test_a_second_factor_leaves_passwords_only_and_follows_them(choice: App) -> None:
    configure(choice, MfaConfiguration="OPTIONAL", SoftwareTokenMfaConfiguration=TOTP_ON)
    assert "EMAIL_OTP" in begin(choice)["AvailableChallenges"]
    register_totp(choice, choice.sign_in()["AccessToken"])
    turn_on(choice, "totp")
    found = begin(choice, "EMAIL_OTP")
    assert (found["ChallengeName"], found["AvailableChallenges"]) == ("SELECT_CHALLENGE", BOTH)
    asked = begin(choice, "PASSWORD", PASSWORD=PASSWORD)
    assert asked["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    assert "AvailableChallenges" not in asked


def test_users_who_cannot_sign_in_are_refused_as_for_passwords(choice: App) -> None:
    at = {"UserPoolId": choice.pool_id, "Username": "ann"}
    with refused("UserNotFoundException"):
        begin(choice, name="nobody")
    choice.idp.admin_reset_user_password(**at)
    with refused("PasswordResetRequiredException"):
        begin(choice, "PASSWORD", PASSWORD=PASSWORD)
    assert begin(choice, "EMAIL_OTP")["AvailableChallenges"] == BOTH
    choice.idp.admin_disable_user(**at)
    with refused("NotAuthorizedException", "User is disabled."):
        begin(choice)


def test_a_user_with_nothing_to_sign_in_with_is_refused(choice: App) -> None:
    create(choice, "eve", password=None)
    choice.idp.admin_delete_user_attributes(UserPoolId=choice.pool_id, Username="eve", UserAttributeNames=["email"])
    with refused("NotAuthorizedException", WRONG):
        begin(choice, name="eve")


def test_it_needs_the_flow_and_a_client_secret_hash(choice: App) -> None:
    plain = choice.client()["ClientId"]
    with refused("InvalidParameterException", "USER_AUTH is not enabled for the client."):
        begin(App(choice.idp, choice.pool_id, plain, choice.inbox))
    keyed = choice.client(ExplicitAuthFlows=["ALLOW_USER_AUTH"], GenerateSecret=True)["ClientId"]
    with refused("NotAuthorizedException"):
        begin(App(choice.idp, choice.pool_id, keyed, choice.inbox))


def test_an_access_token_needs_a_target_level(choice: App) -> None:
    token = choice.sign_in()["AccessToken"]
    with refused("InvalidParameterException", "ACCESS_TOKEN requires TARGET_ACR_VALUES."):
        begin(choice, ACCESS_TOKEN=token)
    assert begin(choice, MAX_AGE="60")["ChallengeName"] == "SELECT_CHALLENGE"
