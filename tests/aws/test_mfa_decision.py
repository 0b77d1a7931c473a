"""When a second factor is asked for, and what else it changes."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pycognito import AWSSRP

from cognito_app.models import OutboxMessage, PoolUser, SignInThrottle
from tests.aws.mfa import (
    DEVELOPER,
    PHONE,
    configure,
    offer,
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
