"""Step-up authentication: levels that a sign-in has to reach, and the claims that tell which it reached."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cognito_app.models import WebAuthnCredential
from tests.aws.choice import asserted, begin, register_passkey
from tests.aws.levels import BOTH, by_app, claims, levels, name, totp_of
from tests.aws.mfa import DEVELOPER, PHONE, SMS_MFA, code_now, register_totp, respond, turn_on
from tests.clients import boto
from tests.clients.authenticator import Authenticator
from tests.conftest import PASSWORD, App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db


def test_every_sign_in_tells_its_level_and_methods(stepped: App, clock: Any) -> None:
    assert levels(stepped.start()) == (name(1), ["pwd"])
    found = begin(stepped, "EMAIL_OTP")
    code = stepped.inbox.code("ann@example.com")
    assert levels(respond(stepped, "EMAIL_OTP", found["Session"], EMAIL_OTP_CODE=code)) == (name(2), ["email_otp"])
    turn_on(stepped, "sms")
    found = stepped.start()
    code = stepped.inbox.code(PHONE)
    done = respond(stepped, "SMS_MFA", found["Session"], SMS_MFA_CODE=code)
    assert levels(done) == (name(3), ["pwd", "sms", "mfa"])
    secret = register_totp(stepped, done["AuthenticationResult"]["AccessToken"])
    clock.shift(timedelta(seconds=30))
    turn_on(stepped, "totp", preferred="totp")
    assert levels(by_app(stepped, stepped.start(), secret)) == (name(4), ["pwd", "otp", "mfa"])


@pytest.mark.parametrize(("attachment", "method"), [("platform", "swk"), ("cross-platform", "hwk")])
def test_a_passkey_tells_where_it_is_and_reaches_level_3(stepped: App, attachment: str, method: str) -> None:
    authenticator = Authenticator(counts=False)
    register_passkey(stepped, authenticator)
    WebAuthnCredential.objects.update(attachment=attachment)
    found = begin(stepped, "WEB_AUTHN", TARGET_ACR_VALUES=name(3))
    assert found["AvailableChallenges"] == ["WEB_AUTHN", *BOTH]
    done = respond(stepped, "WEB_AUTHN", found["Session"], CREDENTIAL=asserted(found, authenticator))
    assert levels(done) == (name(3), [method])


def test_the_lowest_tier_has_no_levels(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, UserPoolTier="LITE")
    app.sign_up()
    assert levels(app.start()) == (None, None)
    with refused("FeatureUnavailableInTierException"):
        begin(app, TARGET_ACR_VALUES=name(1))


@pytest.mark.operation("InitiateAuth")
def test_only_the_missing_factor_is_asked(stepped: App, clock: Any) -> None:
    secret = totp_of(stepped, clock)
    first = stepped.start()
    before = claims(first)[0]["auth_time"]
    found = begin(stepped, TARGET_ACR_VALUES=name(4), ACCESS_TOKEN=first["AuthenticationResult"]["AccessToken"])
    clock.shift(timedelta(seconds=2))
    done = by_app(stepped, found, secret)
    assert levels(done) == (name(4), ["pwd", "otp", "mfa"])
    assert claims(done)[0]["auth_time"] == before + 2
    assert claims(done)[0]["origin_jti"] != claims(first)[0]["origin_jti"]
    # The sign-in before goes on as it was.
    stepped.idp.get_user(AccessToken=first["AuthenticationResult"]["AccessToken"])


@pytest.mark.operation("AdminInitiateAuth")
@pytest.mark.operation("AdminRespondToAuthChallenge")
def test_administrators_step_users_up_too(stepped: App, clock: Any) -> None:
    secret = totp_of(stepped, clock)
    at = {"UserPoolId": stepped.pool_id, "ClientId": stepped.client_id}
    given = {"USERNAME": "ann", "TARGET_ACR_VALUES": name(4), "ACCESS_TOKEN": stepped.sign_in()["AccessToken"]}
    found = stepped.idp.admin_initiate_auth(**at, AuthFlow="USER_AUTH", AuthParameters=given)
    done = stepped.idp.admin_respond_to_auth_challenge(
        **at,
        ChallengeName=found["ChallengeName"],
        Session=found["Session"],
        ChallengeResponses={"USERNAME": "ann", "SOFTWARE_TOKEN_MFA_CODE": code_now(secret)},
    )
    assert levels(done) == (name(4), ["pwd", "otp", "mfa"])


@pytest.mark.operation("GetTokensFromRefreshToken")
@pytest.mark.operation("UpdateUserPool")
def test_a_refresh_keeps_level_methods_and_time(stepped: App, clock: Any) -> None:
    secret = totp_of(stepped, clock)
    found = begin(stepped, TARGET_ACR_VALUES=name(4), ACCESS_TOKEN=stepped.sign_in()["AccessToken"])
    done = by_app(stepped, found, secret)
    stepped.idp.update_user_pool(
        UserPoolId=stepped.pool_id,
        AcrConfiguration={"Level4": {"AcrValue": "urn:other:4"}},
        MfaConfiguration="OPTIONAL",
        SmsConfiguration=SMS_MFA["SmsConfiguration"],
        EmailConfiguration=DEVELOPER,
    )
    clock.shift(timedelta(minutes=30))
    renewed = stepped.idp.initiate_auth(
        ClientId=stepped.client_id,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": done["AuthenticationResult"]["RefreshToken"]},
    )
    assert levels(renewed) == levels(done) == (name(4), ["pwd", "otp", "mfa"])
    assert claims(renewed)[0]["auth_time"] == claims(done)[0]["auth_time"]


def test_rotation_keeps_the_level_as_well(stepped: App) -> None:
    made = stepped.client(
        ExplicitAuthFlows=["ALLOW_USER_AUTH"],
        RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
    )
    app = App(stepped.idp, stepped.pool_id, made["ClientId"], stepped.inbox)
    done = begin(app, "PASSWORD", PASSWORD=PASSWORD)
    for _ in range(2):
        token = done["AuthenticationResult"]["RefreshToken"]
        done = app.idp.get_tokens_from_refresh_token(ClientId=app.client_id, RefreshToken=token)
        assert levels(done) == (name(1), ["pwd"])


def test_a_target_from_scratch_leaves_the_first_factors_that_lead_there(stepped: App, clock: Any) -> None:
    secret = totp_of(stepped, clock)
    assert begin(stepped)["AvailableChallenges"] == ["EMAIL_OTP", "SMS_OTP", *BOTH]
    assert begin(stepped, TARGET_ACR_VALUES=name(2))["AvailableChallenges"] == ["EMAIL_OTP", "SMS_OTP", *BOTH]
    found = begin(stepped, "EMAIL_OTP", TARGET_ACR_VALUES=name(4))
    assert (found["ChallengeName"], found["AvailableChallenges"]) == ("SELECT_CHALLENGE", BOTH)
    with refused("InvalidParameterException"):
        respond(stepped, "SELECT_CHALLENGE", found["Session"], ANSWER="EMAIL_OTP")
    found = respond(stepped, "SELECT_CHALLENGE", found["Session"], ANSWER="PASSWORD", PASSWORD=PASSWORD)
    # Nobody turned the app on, and yet it is asked.
    assert levels(by_app(stepped, found, secret)) == (name(4), ["pwd", "otp", "mfa"])
    found = begin(stepped, "PASSWORD", PASSWORD=PASSWORD, TARGET_ACR_VALUES=name(1))
    assert levels(found) == (name(1), ["pwd"])


def test_a_target_is_kept_through_srp(stepped: App, clock: Any) -> None:
    from pycognito import AWSSRP

    secret = totp_of(stepped, clock)
    aws = AWSSRP(
        username="ann",
        password=PASSWORD,
        pool_id=stepped.pool_id,
        client_id=stepped.client_id,
        client=boto.client("cognito-idp"),
    )
    public = aws.get_auth_params()["SRP_A"]
    found = begin(stepped, "PASSWORD_SRP", SRP_A=public, TARGET_ACR_VALUES=name(4))
    answers = aws.process_challenge(found["ChallengeParameters"], {"USERNAME": "ann", "SRP_A": public})
    found = boto.client("cognito-idp").respond_to_auth_challenge(
        ClientId=stepped.client_id, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=answers
    )
    assert levels(by_app(stepped, found, secret)) == (name(4), ["pwd", "otp", "mfa"])


def test_the_first_level_that_the_user_can_reach_is_taken(stepped: App) -> None:
    token = stepped.sign_in()["AccessToken"]
    # No authenticator app: level 4 is out of reach, level 3 by a code.
    found = begin(stepped, TARGET_ACR_VALUES=f"urn:unknown {name(4)}  {name(3)}", ACCESS_TOKEN=token)
    assert found["ChallengeName"] == "SELECT_MFA_TYPE"
    found = respond(stepped, "SELECT_MFA_TYPE", found["Session"], ANSWER="SMS_MFA")
    done = respond(stepped, "SMS_MFA", found["Session"], SMS_MFA_CODE=stepped.inbox.code(PHONE))
    assert levels(done) == (name(3), ["pwd", "sms", "mfa"])
