"""The choice among second factors, and their set-up in the middle of a sign-in."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import jwt
import pytest

from cognito_app.models import OutboxMessage
from tests.aws.mfa import (
    DEVELOPER,
    MOMENT,
    PHONE,
    attribute,
    code_now,
    create_user,
    offer,
    other,
    register_totp,
    respond,
    settings_of,
    sms_code,
    turn_on,
)
from tests.clients import boto
from tests.conftest import App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def mfa_app(mfa_app: App) -> App:
    """A pool that offers every second factor, optionally; ann has both contacts."""
    mfa_app.sign_up(phone_number=PHONE)
    return mfa_app


def test_the_choice_among_factors(mfa_app: App, clock: Any) -> None:
    secret = register_totp(mfa_app, mfa_app.sign_in()["AccessToken"])
    turn_on(mfa_app, "sms", "totp", "email")
    answer = mfa_app.start()
    assert answer["ChallengeName"] == "SELECT_MFA_TYPE"
    listed = json.loads(answer["ChallengeParameters"]["MFAS_CAN_CHOOSE"])
    assert listed == ["SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"]
    with refused("InvalidParameterException", "Missing required parameter ANSWER"):
        respond(mfa_app, "SELECT_MFA_TYPE", answer["Session"])
    with refused("InvalidParameterException"):
        respond(mfa_app, "SELECT_MFA_TYPE", answer["Session"], ANSWER="WEB_AUTHN")
    sent = OutboxMessage.objects.count()
    chosen = respond(mfa_app, "SELECT_MFA_TYPE", answer["Session"], ANSWER="SOFTWARE_TOKEN_MFA")
    assert OutboxMessage.objects.count() == sent
    with refused("NotAuthorizedException", "Invalid session for the user, session can only be used once."):
        respond(mfa_app, "SELECT_MFA_TYPE", answer["Session"], ANSWER="SMS_MFA")
    clock.shift(timedelta(seconds=30))
    given = {"SOFTWARE_TOKEN_MFA_CODE": code_now(secret)}
    assert "AuthenticationResult" in respond(mfa_app, "SOFTWARE_TOKEN_MFA", chosen["Session"], **given)
    for name, challenge, member in (
        ("SMS_MFA", "SMS_MFA", "SMS_MFA_CODE"),
        ("EMAIL_OTP", "EMAIL_OTP", "EMAIL_OTP_CODE"),
        ("EMAIL_MFA", "EMAIL_OTP", "EMAIL_OTP_CODE"),
    ):
        clock.shift(MOMENT)
        chosen = respond(mfa_app, "SELECT_MFA_TYPE", mfa_app.start()["Session"], ANSWER=name)
        assert chosen["ChallengeName"] == challenge
        code = mfa_app.inbox.code(PHONE if name == "SMS_MFA" else "ann@example.com")
        assert "AuthenticationResult" in respond(mfa_app, challenge, chosen["Session"], **{member: code})


def test_a_choice_that_vanished(mfa_app: App) -> None:
    turn_on(mfa_app, "sms", "email")
    session = mfa_app.start()["Session"]
    at = {"UserPoolId": mfa_app.pool_id, "Username": "ann"}
    mfa_app.idp.admin_delete_user_attributes(**at, UserAttributeNames=["phone_number"])
    with refused("MFAMethodNotFoundException"):
        respond(mfa_app, "SELECT_MFA_TYPE", session, ANSWER="SMS_MFA")
    assert respond(mfa_app, "SELECT_MFA_TYPE", session, ANSWER="EMAIL_OTP")["ChallengeName"] == "EMAIL_OTP"


def test_setting_up_an_app_in_the_sign_in(mfa_app: App, clock: Any) -> None:
    offer(mfa_app, "ON", "totp")
    create_user(mfa_app)
    public = boto.client("cognito-idp")
    answer = mfa_app.start("eve")
    assert answer["ChallengeName"] == "MFA_SETUP"
    assert json.loads(answer["ChallengeParameters"]["MFAS_CAN_SETUP"]) == ["SOFTWARE_TOKEN_MFA"]
    with refused("InvalidParameterException", "User has not verified software token mfa"):
        respond(mfa_app, "MFA_SETUP", answer["Session"], name="eve")
    associated = public.associate_software_token(Session=answer["Session"])
    assert associated["Session"] != answer["Session"]
    secret = associated["SecretCode"]
    verify = {"Session": associated["Session"], "UserCode": other(code_now(secret))}
    with refused("EnableSoftwareTokenMFAException", "Code mismatch and fail enable Software Token MFA"):
        public.verify_software_token(**verify)
    verified = public.verify_software_token(**{**verify, "UserCode": code_now(secret)}, FriendlyDeviceName="Eve's")
    assert verified["Status"] == "SUCCESS"
    # Registered at once, though the challenge is still open.
    assert settings_of(mfa_app, "eve")[0] == ["SOFTWARE_TOKEN_MFA"]
    extra = {"SOFTWARE_TOKEN_MFA_CODE": "000000"}
    done = respond(mfa_app, "MFA_SETUP", verified["Session"], name="eve", **extra)
    assert "AccessToken" in done["AuthenticationResult"]
    with refused("NotAuthorizedException", "Invalid session for the user, session can only be used once."):
        respond(mfa_app, "MFA_SETUP", verified["Session"], name="eve")
    again = mfa_app.start("eve")
    assert again["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    with refused("ExpiredCodeException"):
        respond(mfa_app, again["ChallengeName"], again["Session"], name="eve", SOFTWARE_TOKEN_MFA_CODE=code_now(secret))
    clock.shift(timedelta(seconds=30))
    answers = {"SOFTWARE_TOKEN_MFA_CODE": code_now(secret)}
    assert "AuthenticationResult" in respond(mfa_app, again["ChallengeName"], again["Session"], name="eve", **answers)


def test_a_set_up_by_password_cannot_replace_a_factor(mfa_app: App) -> None:
    """Whoever has the password alone, and an open set-up, must not take over from the user's own factor."""
    offer(mfa_app, "ON", "totp", "email")
    create_user(mfa_app)
    public = boto.client("cognito-idp")
    thief = mfa_app.start("eve")["Session"]
    sent = respond(mfa_app, "MFA_SETUP", thief, name="eve", EMAIL="thief@example.com")
    waiting = mfa_app.start("eve")["Session"]
    waiting = public.associate_software_token(Session=waiting)["Session"]
    mine = public.associate_software_token(Session=mfa_app.start("eve")["Session"])
    public.verify_software_token(Session=mine["Session"], UserCode=code_now(mine["SecretCode"]))
    invalid = ("NotAuthorizedException", "Invalid session for the user.")
    with refused(*invalid):
        public.associate_software_token(Session=waiting)
    with refused(*invalid):
        public.verify_software_token(Session=waiting, UserCode="123456")
    code = mfa_app.inbox.code("thief@example.com")
    with refused(*invalid):
        respond(mfa_app, "EMAIL_OTP", sent["Session"], name="eve", EMAIL_OTP_CODE=code)
    assert attribute(mfa_app, "email", "eve") is None
    assert settings_of(mfa_app, "eve")[0] == ["SOFTWARE_TOKEN_MFA"]


def test_sessions_of_a_set_up_do_not_mix(mfa_app: App) -> None:
    turn_on(mfa_app, "sms")
    public = boto.client("cognito-idp")
    other_challenge = mfa_app.start()["Session"]
    with refused("NotAuthorizedException", "Invalid session for the user."):
        public.associate_software_token(Session=other_challenge)
    offer(mfa_app, "ON", "sms")
    create_user(mfa_app)
    answer = mfa_app.start("eve")
    assert json.loads(answer["ChallengeParameters"]["MFAS_CAN_SETUP"]) == ["SMS_MFA"]
    with refused("NotAuthorizedException", "Invalid session for the user."):
        public.associate_software_token(Session=answer["Session"])


@pytest.mark.parametrize("member", ["EMAIL", "email"])
def test_setting_up_email_in_the_sign_in(mfa_app: App, member: str) -> None:
    offer(mfa_app, "ON", "email", "totp")
    create_user(mfa_app)
    session = mfa_app.start("eve")["Session"]
    with refused("InvalidParameterException", "Invalid email address format."):
        respond(mfa_app, "MFA_SETUP", session, name="eve", **{member: "nonsense"})
    with refused("InvalidParameterException"):
        respond(mfa_app, "MFA_SETUP", session, name="eve", phone_number=PHONE)
    sent = respond(mfa_app, "MFA_SETUP", session, name="eve", **{member: "eve@example.com"})
    assert sent["ChallengeName"] == "EMAIL_OTP"
    # The address is the user's only when its code came back.
    assert attribute(mfa_app, "email", "eve") is None
    code = mfa_app.inbox.code("eve@example.com")
    done = respond(mfa_app, "EMAIL_OTP", sent["Session"], name="eve", EMAIL_OTP_CODE=code)
    claims = jwt.decode(done["AuthenticationResult"]["IdToken"], options={"verify_signature": False})
    assert (claims["email"], claims["email_verified"]) == ("eve@example.com", True)
    assert attribute(mfa_app, "email_verified", "eve") == "true"
    assert settings_of(mfa_app, "eve")[0] == ["EMAIL_OTP"]
    assert mfa_app.start("eve")["ChallengeName"] == "EMAIL_OTP"


def test_setting_up_sms_with_the_number_in_the_answer_or_outside(mfa_app: App) -> None:
    offer(mfa_app, "ON", "sms")
    create_user(mfa_app)
    sent = respond(mfa_app, "MFA_SETUP", mfa_app.start("eve")["Session"], name="eve", phone_number="+15550003333")
    code = sms_code(mfa_app, "+15550003333")
    assert "AuthenticationResult" in respond(mfa_app, "SMS_MFA", sent["Session"], name="eve", SMS_MFA_CODE=code)
    create_user(mfa_app, "joe")
    given = [{"Name": "phone_number", "Value": "+15550004444"}]
    mfa_app.idp.admin_update_user_attributes(UserPoolId=mfa_app.pool_id, Username="joe", UserAttributes=given)
    assert mfa_app.start("joe")["ChallengeName"] == "SMS_MFA"


def test_a_set_up_contact_that_is_anothers_sign_in_name(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, AliasAttributes=["email"], EmailConfiguration=DEVELOPER)
    offer(app, "ON", "email", "totp")
    create_user(app, "owner", email="owner@example.com", email_verified="true")
    create_user(app)
    sent = respond(app, "MFA_SETUP", app.start("eve")["Session"], name="eve", EMAIL="owner@example.com")
    code = app.inbox.code("owner@example.com")
    with refused("AliasExistsException"):
        respond(app, "EMAIL_OTP", sent["Session"], name="eve", EMAIL_OTP_CODE=code)
    assert attribute(app, "email", "eve") is None
