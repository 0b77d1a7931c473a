"""Signing in with a second factor: every challenge, its session, its codes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pycognito import AWSSRP

from cognito_app.models import AuthEvent, OutboxMessage, PoolUser, SignInThrottle, SpentNonce
from tests.aws.test_mfa_configuration import (
    DEVELOPER,
    SMS_CONFIGURATION,
    SMS_MFA,
    TOTP_ON,
    code_now,
    configure,
    members,
    register_totp,
    settings_of,
)
from tests.clients import boto
from tests.conftest import PASSWORD, App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db

PHONE = "+15550001111"
WRONG_MESSAGE_CODE = "Invalid code or auth state for the user."
# Messages of one instant have no order.
MOMENT = timedelta(milliseconds=1)
START = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[Any]:
    """A clock that stands still until it is moved."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def mfa_app(idp: Any, inbox: Inbox) -> App:
    """A pool that offers every second factor, optionally; ann has both contacts."""
    app = make_app(idp, inbox, EmailConfiguration=DEVELOPER)
    offer(app, "OPTIONAL", "sms", "totp", "email")
    app.sign_up(phone_number=PHONE)
    return app


def offer(app: App, mode: str, *factors: str, **given: Any) -> None:
    """Set the pool's mode and factors."""
    every = {
        "sms": ("SmsMfaConfiguration", SMS_MFA),
        "totp": ("SoftwareTokenMfaConfiguration", TOTP_ON),
        "email": ("EmailMfaConfiguration", {}),
    }
    configure(app, MfaConfiguration=mode, **dict(every[name] for name in factors), **given)


def turn_on(app: App, *factors: str, preferred: str | None = None, name: str = "ann") -> None:
    """Turn factors of a user on."""
    settings = {"sms": "SMSMfaSettings", "totp": "SoftwareTokenMfaSettings", "email": "EmailMfaSettings"}
    given = {settings[item]: {"Enabled": True, "PreferredMfa": item == preferred} for item in factors}
    app.idp.admin_set_user_mfa_preference(UserPoolId=app.pool_id, Username=name, **given)


def respond(app: App, challenge: str, session: str | None, *, name: str = "ann", **answers: str) -> Any:
    """Answer a challenge as an app does."""
    given = {"Session": session} if session else {}
    return boto.client("cognito-idp").respond_to_auth_challenge(
        ClientId=app.client_id, ChallengeName=challenge, ChallengeResponses={"USERNAME": name, **answers}, **given
    )


def sms_code(app: App, phone: str = PHONE) -> str:
    """Return the code of the last message to a phone."""
    return app.inbox.code(phone)


def other(code: str) -> str:
    """Return another code."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


def attribute(app: App, name: str, user: str = "ann") -> str | None:
    """Return an attribute of a user."""
    found = app.idp.admin_get_user(UserPoolId=app.pool_id, Username=user)["UserAttributes"]
    return next((item["Value"] for item in found if item["Name"] == name), None)


# Codes by message


@pytest.mark.operation("RespondToAuthChallenge")
def test_sms(mfa_app: App) -> None:
    assert attribute(mfa_app, "phone_number_verified") is None
    turn_on(mfa_app, "sms")
    answer = members(mfa_app.start())
    assert answer["ChallengeName"] == "SMS_MFA"
    assert answer["ChallengeParameters"] == {
        "CODE_DELIVERY_DELIVERY_MEDIUM": "SMS",
        "CODE_DELIVERY_DESTINATION": "+*******1111",
        "USER_ID_FOR_SRP": "ann",
    }
    assert 20 <= len(answer["Session"]) <= 4096
    code = sms_code(mfa_app)
    assert code not in answer["Session"]
    for _ in range(2):
        with refused("CodeMismatchException", WRONG_MESSAGE_CODE):
            respond(mfa_app, "SMS_MFA", answer["Session"], SMS_MFA_CODE=other(code))
    done = respond(mfa_app, "SMS_MFA", answer["Session"], SMS_MFA_CODE=code)
    assert done["ChallengeParameters"] == {}
    assert {"AccessToken", "IdToken", "RefreshToken"} <= set(done["AuthenticationResult"])
    assert attribute(mfa_app, "phone_number_verified") == "true"
    claims = jwt.decode(done["AuthenticationResult"]["IdToken"], options={"verify_signature": False})
    assert claims["phone_number_verified"] is True
    assert SignInThrottle.objects.count() == 0
    with refused("NotAuthorizedException", "Invalid session for the user, session can only be used once."):
        respond(mfa_app, "SMS_MFA", answer["Session"], SMS_MFA_CODE=code)
    last = AuthEvent.objects.filter(type="SignIn").latest("created_at")
    assert [item["ChallengeName"] for item in last.challenges] == ["Password", "Mfa"]


def test_email_with_the_pools_own_text(mfa_app: App) -> None:
    template = {"Message": "<p>Dear user, your code is {####}</p>", "Subject": "Come in"}
    configure(mfa_app, MfaConfiguration="OPTIONAL", EmailMfaConfiguration=template)
    turn_on(mfa_app, "email")
    answer = mfa_app.start()
    assert answer["ChallengeName"] == "EMAIL_OTP"
    assert answer["ChallengeParameters"]["CODE_DELIVERY_DELIVERY_MEDIUM"] == "EMAIL"
    assert answer["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"] == "a***@e***"
    message = mfa_app.inbox.messages("ann@example.com")[-1]
    assert "Subject: Come in" in message
    assert "Dear user" in message
    code = mfa_app.inbox.code("ann@example.com")
    with refused("CodeMismatchException", WRONG_MESSAGE_CODE):
        respond(mfa_app, "EMAIL_OTP", answer["Session"], EMAIL_OTP_CODE="x" * 300)
    done = respond(mfa_app, "EMAIL_OTP", answer["Session"], EMAIL_OTP_CODE=code)
    assert "AuthenticationResult" in done


def test_sms_with_the_pools_own_text_and_secret_hash_over_the_admin_operations(mfa_app: App) -> None:
    sms = {**SMS_MFA, "SmsAuthenticationMessage": "Gate: your code is {####}."}
    configure(mfa_app, MfaConfiguration="ON", SmsMfaConfiguration=sms)
    made = mfa_app.client(GenerateSecret=True)
    digest = hmac.digest(made["ClientSecret"].encode(), f"ann{made['ClientId']}".encode(), hashlib.sha256)
    secret = {"USERNAME": "ann", "SECRET_HASH": base64.b64encode(digest).decode()}
    at = {"UserPoolId": mfa_app.pool_id, "ClientId": made["ClientId"]}
    answer = mfa_app.idp.admin_initiate_auth(
        **at, AuthFlow="ADMIN_USER_PASSWORD_AUTH", AuthParameters={**secret, "PASSWORD": PASSWORD}
    )
    assert "Gate:" in mfa_app.inbox.messages(PHONE)[-1]
    given = {"ChallengeName": "SMS_MFA", "Session": answer["Session"]}
    responses = {"USERNAME": "ann", "SMS_MFA_CODE": sms_code(mfa_app)}
    with refused("NotAuthorizedException"):
        mfa_app.idp.admin_respond_to_auth_challenge(**at, **given, ChallengeResponses=responses)
    done = mfa_app.idp.admin_respond_to_auth_challenge(**at, **given, ChallengeResponses={**responses, **secret})
    assert "AuthenticationResult" in done


def test_a_code_counts_for_its_session_and_its_address(mfa_app: App) -> None:
    turn_on(mfa_app, "sms")
    first = mfa_app.start()["Session"]
    first_code = sms_code(mfa_app)
    second = mfa_app.start()["Session"]
    second_code = sms_code(mfa_app)
    if first_code != second_code:
        with refused("CodeMismatchException"):
            respond(mfa_app, "SMS_MFA", second, SMS_MFA_CODE=first_code)
    at = {"UserPoolId": mfa_app.pool_id, "Username": "ann"}
    moved = [{"Name": "phone_number", "Value": "+15550002222"}]
    mfa_app.idp.admin_update_user_attributes(**at, UserAttributes=moved)
    with refused("CodeMismatchException"):
        respond(mfa_app, "SMS_MFA", first, SMS_MFA_CODE=first_code)
    assert attribute(mfa_app, "phone_number_verified") == "false"


def test_sessions(mfa_app: App, clock: Any) -> None:
    turn_on(mfa_app, "sms")
    mfa_app.sign_up("bob")
    session = mfa_app.start()["Session"]
    code = sms_code(mfa_app)
    invalid = ("NotAuthorizedException", "Invalid session for the user.")
    with refused("InvalidParameterException", "Missing required parameter Session"):
        respond(mfa_app, "SMS_MFA", None, SMS_MFA_CODE=code)
    with refused("InvalidParameterException", "Missing required parameter SMS_MFA_CODE"):
        respond(mfa_app, "SMS_MFA", session)
    with refused(*invalid):
        respond(mfa_app, "SMS_MFA", "garbage" * 10, SMS_MFA_CODE=code)
    with refused(*invalid):
        respond(mfa_app, "EMAIL_OTP", session, EMAIL_OTP_CODE=code)
    with refused(*invalid):
        respond(mfa_app, "SMS_MFA", session, name="bob", SMS_MFA_CODE=code)
    with refused(*invalid):
        boto.client("cognito-idp").respond_to_auth_challenge(
            ClientId=mfa_app.client()["ClientId"],
            ChallengeName="SMS_MFA",
            Session=session,
            ChallengeResponses={"USERNAME": "ann", "SMS_MFA_CODE": code},
        )
    clock.shift(timedelta(minutes=3, seconds=1))
    with refused("NotAuthorizedException", "Invalid session for the user, session is expired."):
        respond(mfa_app, "SMS_MFA", session, SMS_MFA_CODE=code)
    assert SpentNonce.objects.count() == 0


@pytest.mark.parametrize("change", ["disable", "password", "reset", "delete"])
def test_a_session_ends_with_what_began_it(mfa_app: App, change: str) -> None:
    turn_on(mfa_app, "sms")
    session = mfa_app.start()["Session"]
    code = sms_code(mfa_app)
    at = {"UserPoolId": mfa_app.pool_id, "Username": "ann"}
    if change == "disable":
        mfa_app.idp.admin_disable_user(**at)
    elif change == "password":
        mfa_app.idp.admin_set_user_password(**at, Password="Another-Horse-9!", Permanent=True)
    elif change == "reset":
        mfa_app.idp.admin_reset_user_password(**at)
    else:
        mfa_app.idp.admin_delete_user(**at)
    message = "User is disabled." if change == "disable" else "Invalid session for the user."
    with refused("NotAuthorizedException", message):
        respond(mfa_app, "SMS_MFA", session, SMS_MFA_CODE=code)


def test_wrong_codes_lock_the_factor_and_the_password_does_not_open_it(mfa_app: App, clock: Any) -> None:
    turn_on(mfa_app, "sms")
    session = mfa_app.start()["Session"]
    code = sms_code(mfa_app)
    for _ in range(5):
        with refused("CodeMismatchException", WRONG_MESSAGE_CODE):
            respond(mfa_app, "SMS_MFA", session, SMS_MFA_CODE=other(code))
    with refused("NotAuthorizedException", "Password attempts exceeded"):
        respond(mfa_app, "SMS_MFA", session, SMS_MFA_CODE=code)
    clock.shift(MOMENT)
    again = mfa_app.start()["Session"]
    with refused("NotAuthorizedException", "Password attempts exceeded"):
        respond(mfa_app, "SMS_MFA", again, SMS_MFA_CODE=sms_code(mfa_app))
    clock.shift(timedelta(seconds=2))
    assert "AuthenticationResult" in respond(mfa_app, "SMS_MFA", again, SMS_MFA_CODE=sms_code(mfa_app))
    assert SignInThrottle.objects.count() == 0


def test_email_codes_are_limited_by_address_and_origin(mfa_app: App) -> None:
    turn_on(mfa_app, "email")
    for _ in range(20):
        assert mfa_app.start()["ChallengeName"] == "EMAIL_OTP"
    sent = len(mfa_app.inbox.messages("ann@example.com"))
    with refused("TooManyRequestsException", "Attempt limit exceeded, please try after some time."):
        mfa_app.start()
    assert len(mfa_app.inbox.messages("ann@example.com")) == sent
    assert SignInThrottle.objects.count() == 0


def test_a_message_that_is_not_taken_does_not_end_the_sign_in(mfa_app: App, settings: Any) -> None:
    turn_on(mfa_app, "sms")
    settings.COGNITO = {**settings.COGNITO, "OUTBOX_DIR": None}
    assert mfa_app.start()["ChallengeName"] == "SMS_MFA"
    waiting = OutboxMessage.objects.filter(purpose="authentication", sent_at=None).get()
    assert waiting.destination == PHONE


def test_a_code_does_not_take_another_users_sign_in_name(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, AliasAttributes=["phone_number"], SmsConfiguration=SMS_CONFIGURATION)
    offer(app, "OPTIONAL", "sms")
    for name in ("ann", "bob"):
        app.sign_up(name, phone_number=PHONE)
    owner = {"UserPoolId": app.pool_id, "Username": "bob"}
    verified = [{"Name": "phone_number_verified", "Value": "true"}]
    app.idp.admin_update_user_attributes(**owner, UserAttributes=verified)
    turn_on(app, "sms")
    session = app.start()["Session"]
    assert "AuthenticationResult" in respond(app, "SMS_MFA", session, SMS_MFA_CODE=sms_code(app))
    assert attribute(app, "phone_number_verified") != "true"
    assert app.idp.admin_get_user(UserPoolId=app.pool_id, Username=PHONE)["Username"] == "bob"


# Authenticator apps


def test_software_token(mfa_app: App, clock: Any) -> None:
    secret = register_totp(mfa_app, mfa_app.sign_in()["AccessToken"], FriendlyDeviceName="My phone")
    turn_on(mfa_app, "totp", preferred="totp")
    answer = mfa_app.start()
    assert answer["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    assert answer["ChallengeParameters"] == {"FRIENDLY_DEVICE_NAME": "My phone", "USER_ID_FOR_SRP": "ann"}
    session = answer["Session"]
    with refused("ExpiredCodeException", "Your software token has already been used once."):
        respond(mfa_app, "SOFTWARE_TOKEN_MFA", session, SOFTWARE_TOKEN_MFA_CODE=code_now(secret))
    with refused("CodeMismatchException", "Invalid code received for user"):
        respond(mfa_app, "SOFTWARE_TOKEN_MFA", session, SOFTWARE_TOKEN_MFA_CODE=other(code_now(secret)))
    clock.shift(timedelta(seconds=30))
    code = code_now(secret)
    assert "AuthenticationResult" in respond(mfa_app, "SOFTWARE_TOKEN_MFA", session, SOFTWARE_TOKEN_MFA_CODE=code)
    assert SignInThrottle.objects.count() == 0
    # The step is spent in the account, whatever the session.
    session = mfa_app.start()["Session"]
    with refused("ExpiredCodeException", "Your software token has already been used once."):
        respond(mfa_app, "SOFTWARE_TOKEN_MFA", session, SOFTWARE_TOKEN_MFA_CODE=code)
    clock.shift(timedelta(seconds=30))
    assert "AuthenticationResult" in respond(
        mfa_app, "SOFTWARE_TOKEN_MFA", session, SOFTWARE_TOKEN_MFA_CODE=code_now(secret)
    )


def test_an_app_stays_a_factor_when_the_pool_stops_offering_apps(mfa_app: App, clock: Any) -> None:
    secret = register_totp(mfa_app, mfa_app.sign_in()["AccessToken"])
    turn_on(mfa_app, "totp")
    offer(mfa_app, "OPTIONAL", "sms")
    session = mfa_app.start()["Session"]
    clock.shift(timedelta(seconds=30))
    done = respond(mfa_app, "SOFTWARE_TOKEN_MFA", session, SOFTWARE_TOKEN_MFA_CODE=code_now(secret))
    with refused("SoftwareTokenMFANotFoundException"):
        mfa_app.idp.associate_software_token(AccessToken=done["AuthenticationResult"]["AccessToken"])


def test_a_deleted_app_cannot_answer(mfa_app: App, clock: Any) -> None:
    secret = register_totp(mfa_app, mfa_app.sign_in()["AccessToken"])
    turn_on(mfa_app, "totp")
    session = mfa_app.start()["Session"]
    mfa_app.idp.admin_delete_software_token(UserPoolId=mfa_app.pool_id, Username="ann")
    clock.shift(timedelta(seconds=30))
    with refused("MFAMethodNotFoundException"):
        respond(mfa_app, "SOFTWARE_TOKEN_MFA", session, SOFTWARE_TOKEN_MFA_CODE=code_now(secret))
    assert "AuthenticationResult" in mfa_app.start()


# The choice


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


# The set-up


def create_user(app: App, name: str = "eve", **attributes: str) -> None:
    """Create a user with a permanent password."""
    at = {"UserPoolId": app.pool_id, "Username": name}
    given = [{"Name": key, "Value": value} for key, value in attributes.items()]
    app.idp.admin_create_user(**at, MessageAction="SUPPRESS", UserAttributes=given)
    app.idp.admin_set_user_password(**at, Password=PASSWORD, Permanent=True)


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


# The decision, from end to end


def test_optional_without_an_active_factor_asks_nothing(mfa_app: App) -> None:
    register_totp(mfa_app, mfa_app.sign_in()["AccessToken"])
    assert "AuthenticationResult" in mfa_app.start()
    offer(mfa_app, "ON", "sms", "totp", "email")
    answer = mfa_app.start()
    assert answer["ChallengeName"] == "SELECT_MFA_TYPE"
    turn_on(mfa_app, "email", preferred="email")
    assert mfa_app.start()["ChallengeName"] == "EMAIL_OTP"
    configure(mfa_app, MfaConfiguration="OFF")
    assert "AuthenticationResult" in mfa_app.start()


def test_required_without_a_way(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox)
    app.sign_up()
    offer(app, "ON", "sms")
    for _ in range(8):
        with refused("InvalidParameterException"):
            app.start()
    assert SignInThrottle.objects.count() == 0


def test_the_wrong_password_tells_nothing_of_the_second_factor(mfa_app: App) -> None:
    turn_on(mfa_app, "sms")
    sent = OutboxMessage.objects.count()
    with refused("NotAuthorizedException", "Incorrect username or password."):
        mfa_app.start(password="Wrong-Horse-9!")
    assert OutboxMessage.objects.count() == sent


def test_srp_goes_on_to_the_second_factor(mfa_app: App) -> None:
    turn_on(mfa_app, "sms")
    public = boto.client("cognito-idp")
    helper = AWSSRP("ann", PASSWORD, mfa_app.pool_id, mfa_app.client_id, client=public)
    first = public.initiate_auth(
        AuthFlow="USER_SRP_AUTH", ClientId=mfa_app.client_id, AuthParameters=helper.get_auth_params()
    )
    answers = helper.process_challenge(first["ChallengeParameters"], helper.get_auth_params())
    second = public.respond_to_auth_challenge(
        ClientId=mfa_app.client_id, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=answers
    )
    assert second["ChallengeName"] == "SMS_MFA"
    done = respond(mfa_app, "SMS_MFA", second["Session"], SMS_MFA_CODE=sms_code(mfa_app))
    assert "AuthenticationResult" in done


def test_a_missing_srp_verifier_is_stored_before_the_second_factor(mfa_app: App) -> None:
    turn_on(mfa_app, "sms")
    PoolUser.objects.update(srp_verifier=None)
    mfa_app.start()
    assert PoolUser.objects.get().srp_verifier is not None


def test_a_new_password_is_stored_before_the_second_factor(mfa_app: App) -> None:
    offer(mfa_app, "ON", "sms", "totp")
    at = {"UserPoolId": mfa_app.pool_id, "Username": "eve"}
    mfa_app.idp.admin_create_user(**at, TemporaryPassword="Temporary-9!", MessageAction="SUPPRESS")
    turned = mfa_app.start("eve", "Temporary-9!")
    assert turned["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    answers = {"NEW_PASSWORD": PASSWORD, "userAttributes.phone_number": "+15550005555"}
    # The phone number that came with the new password decides already.
    answer = respond(mfa_app, "NEW_PASSWORD_REQUIRED", turned["Session"], name="eve", **answers)
    assert answer["ChallengeName"] == "SMS_MFA"
    assert mfa_app.idp.admin_get_user(**at)["UserStatus"] == "CONFIRMED"
    code = sms_code(mfa_app, "+15550005555")
    assert "AuthenticationResult" in respond(mfa_app, "SMS_MFA", answer["Session"], name="eve", SMS_MFA_CODE=code)
    with refused("NotAuthorizedException", "Incorrect username or password."):
        mfa_app.start("eve", "Temporary-9!")


def test_a_new_password_that_leads_nowhere_is_not_stored(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox)
    offer(app, "ON", "sms")
    at = {"UserPoolId": app.pool_id, "Username": "eve"}
    email = [{"Name": "email", "Value": "eve@example.com"}]
    app.idp.admin_create_user(**at, TemporaryPassword="Temporary-9!", MessageAction="SUPPRESS", UserAttributes=email)
    session = app.start("eve", "Temporary-9!")["Session"]
    with refused("InvalidParameterException"):
        respond(app, "NEW_PASSWORD_REQUIRED", session, name="eve", NEW_PASSWORD=PASSWORD)
    assert app.idp.admin_get_user(**at)["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    answers = {"NEW_PASSWORD": PASSWORD, "userAttributes.phone_number": PHONE}
    assert respond(app, "NEW_PASSWORD_REQUIRED", session, name="eve", **answers)["ChallengeName"] == "SMS_MFA"


def test_a_name_of_the_user_answers_in_a_pool_of_email_addresses(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, UsernameAttributes=["email"], EmailConfiguration=DEVELOPER)
    offer(app, "ON", "email")
    app.sign_up("ann@example.com", email="ann@example.com")
    for name in ("Ann@example.com", None):
        answer = app.start("ann@example.com")
        code = app.inbox.code("ann@example.com")
        given = name or answer["ChallengeParameters"]["USER_ID_FOR_SRP"]
        if name is not None:
            with refused("NotAuthorizedException", "Invalid session for the user."):
                respond(app, "EMAIL_OTP", answer["Session"], name=name, EMAIL_OTP_CODE=code)
            given = "ann@example.com"
        assert "AuthenticationResult" in respond(app, "EMAIL_OTP", answer["Session"], name=given, EMAIL_OTP_CODE=code)


# What else changes


@pytest.mark.parametrize(
    ("factor", "goes_to"), [("sms", "a***@e***"), ("email", "+*******1111"), ("none", "a***@e***")]
)
def test_the_contact_of_the_factor_does_not_recover_the_password(
    idp: Any, inbox: Inbox, factor: str, goes_to: str
) -> None:
    ways = [{"Name": "verified_email", "Priority": 1}, {"Name": "verified_phone_number", "Priority": 2}]
    recovery = {"AccountRecoverySetting": {"RecoveryMechanisms": ways}}
    app = make_app(idp, inbox, EmailConfiguration=DEVELOPER, **recovery)
    offer(app, "OPTIONAL", "sms", "email")
    app.sign_up(phone_number=PHONE)
    at = {"UserPoolId": app.pool_id, "Username": "ann"}
    flag = [{"Name": "phone_number_verified", "Value": "true"}]
    app.idp.admin_update_user_attributes(**at, UserAttributes=flag)
    if factor != "none":
        turn_on(app, factor)
    sent = app.idp.forgot_password(ClientId=app.client_id, Username="ann")["CodeDeliveryDetails"]
    assert sent["Destination"] == goes_to
    if factor == "email":
        app.idp.admin_delete_user_attributes(**at, UserAttributeNames=["phone_number"])
        with refused("InvalidParameterException"):
            app.idp.forgot_password(ClientId=app.client_id, Username="ann")


def test_no_query_for_the_factors_of_a_user_who_has_none(mfa_app: App) -> None:
    def statements() -> list[str]:
        mfa_app.sign_in()
        with CaptureQueriesContext(connection) as captured:
            mfa_app.sign_in()
        return [item["sql"].split(" ", 1)[0] for item in captured.captured_queries]

    optional = statements()
    configure(mfa_app, MfaConfiguration="OFF")
    assert optional == statements()


def test_no_secret_is_stored_in_clear(mfa_app: App) -> None:
    secret = register_totp(mfa_app, mfa_app.sign_in()["AccessToken"])
    turn_on(mfa_app, "sms", preferred="sms")
    mfa_app.start()
    code = sms_code(mfa_app)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                cells = [bytes(item) if isinstance(item, memoryview) else item for item in row]
                assert secret not in str(cells), table
                assert not any(item == code for item in cells), table
