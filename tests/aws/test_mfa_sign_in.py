"""Signing in with a second factor: every challenge, its session, its codes."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Any

import jwt
import pytest

from cognito_app.models import AuthEvent, OutboxMessage, SignInThrottle, SpentNonce
from tests.aws.mfa import (
    MOMENT,
    PHONE,
    SMS_CONFIGURATION,
    SMS_MFA,
    WRONG_MESSAGE_CODE,
    attribute,
    code_now,
    configure,
    members,
    offer,
    other,
    register_totp,
    respond,
    sms_code,
    turn_on,
)
from tests.clients import boto
from tests.conftest import PASSWORD, App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def mfa_app(mfa_app: App) -> App:
    """A pool that offers every second factor, optionally; ann has both contacts."""
    mfa_app.sign_up(phone_number=PHONE)
    return mfa_app


@pytest.mark.operation("RespondToAuthChallenge")
def test_sms(mfa_app: App) -> None:
    assert attribute(mfa_app, "phone_number_verified") == "false"
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
