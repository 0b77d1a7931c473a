"""Step-up authentication: what is refused, what else can be missing, what stays a floor."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.aws.choice import asserted, begin, create, policies, register_passkey
from tests.aws.levels import BOTH, MET, NO_FACTOR, NO_LEVEL, by_app, levels, make, name, totp_of
from tests.aws.mfa import DEVELOPER, PHONE, SMS_MFA, respond, turn_on
from tests.clients.authenticator import Authenticator
from tests.clients.devices import TRACKING, confirm
from tests.conftest import PASSWORD, App, Inbox, refused

pytestmark = pytest.mark.django_db


def test_a_level_out_of_reach_is_an_error(stepped: App) -> None:
    for more in ({}, {"ACCESS_TOKEN": stepped.sign_in()["AccessToken"]}):
        with refused("InvalidParameterException", NO_FACTOR):
            begin(stepped, TARGET_ACR_VALUES=name(4), **more)


@pytest.mark.parametrize("given", ["urn:unknown", "loa:4 URN:COGNITO:LOA:4", "urn:cognito:loa:5", " "])
def test_none_valid_is_an_error(stepped: App, given: str) -> None:
    with refused("InvalidParameterException", NO_LEVEL):
        begin(stepped, TARGET_ACR_VALUES=given)


def test_a_token_that_meets_the_level_is_no_way_to_new_tokens(stepped: App, clock: Any) -> None:
    secret = totp_of(stepped, clock)
    token = stepped.sign_in()["AccessToken"]
    with refused("InvalidParameterException", MET):
        begin(stepped, TARGET_ACR_VALUES=name(1), ACCESS_TOKEN=token)
    done = by_app(stepped, begin(stepped, TARGET_ACR_VALUES=name(4), ACCESS_TOKEN=token), secret)
    strong = done["AuthenticationResult"]["AccessToken"]
    for level in (4, 3, 1):
        with refused("InvalidParameterException", MET):
            begin(stepped, TARGET_ACR_VALUES=name(level), ACCESS_TOKEN=strong)


def test_a_token_of_another_user_pool_or_form_is_refused(stepped: App, idp: Any, inbox: Inbox) -> None:
    create(stepped, "bob")
    with refused("NotAuthorizedException", "The access token was not issued for this user."):
        begin(stepped, TARGET_ACR_VALUES=name(3), ACCESS_TOKEN=stepped.sign_in("bob")["AccessToken"])
    other = make(idp, inbox)
    create(other, phone_number=PHONE)
    with refused("NotAuthorizedException", "Invalid Access Token"):
        begin(stepped, TARGET_ACR_VALUES=name(3), ACCESS_TOKEN=other.sign_in()["AccessToken"])
    mine = stepped.sign_in()
    with refused("NotAuthorizedException", "Invalid Access Token"):
        begin(stepped, TARGET_ACR_VALUES=name(3), ACCESS_TOKEN=mine["IdToken"])
    stepped.idp.revoke_token(ClientId=stepped.client_id, Token=mine["RefreshToken"])
    with refused("NotAuthorizedException", "Access Token has been revoked"):
        begin(stepped, TARGET_ACR_VALUES=name(3), ACCESS_TOKEN=mine["AccessToken"])


def test_a_token_of_nobody_with_the_name_says_nothing_of_the_name(idp: Any, inbox: Inbox) -> None:
    app = make(idp, inbox, hides=True)
    create(app)
    create(app, "bob")
    token = app.sign_in("bob")["AccessToken"]
    for person in ("ann", "nobody"):
        with refused("NotAuthorizedException", "The access token was not issued for this user."):
            begin(app, name=person, TARGET_ACR_VALUES=name(3), ACCESS_TOKEN=token)


def test_an_older_sign_in_than_max_age_counts_for_nothing(stepped: App, clock: Any) -> None:
    secret = totp_of(stepped, clock)
    token = stepped.sign_in()["AccessToken"]
    given = {"TARGET_ACR_VALUES": name(4), "ACCESS_TOKEN": token}
    clock.shift(timedelta(seconds=60))
    assert begin(stepped, MAX_AGE="60", **given)["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    clock.shift(timedelta(seconds=1))
    found = begin(stepped, "PASSWORD", MAX_AGE="60", **given)
    assert (found["ChallengeName"], found["AvailableChallenges"]) == ("PASSWORD", BOTH)
    found = respond(stepped, "PASSWORD", found["Session"], PASSWORD=PASSWORD)
    assert levels(by_app(stepped, found, secret)) == (name(4), ["pwd", "otp", "mfa"])
    # The token itself stays good, and one that is met already is asked for anew.
    stepped.idp.get_user(AccessToken=token)
    assert begin(stepped, TARGET_ACR_VALUES=name(1), ACCESS_TOKEN=token, MAX_AGE="0")["ChallengeName"] == (
        "SELECT_CHALLENGE"
    )


@pytest.mark.parametrize("given", ["-1", "1.5", "soon", "9" * 10, "\u0661"])
def test_max_age_is_a_number_of_seconds(stepped: App, given: str) -> None:
    with refused("InvalidParameterException", "MAX_AGE must be a number of seconds."):
        begin(stepped, TARGET_ACR_VALUES=name(1), MAX_AGE=given)


def test_a_passkey_can_be_what_is_missing(stepped: App) -> None:
    authenticator = Authenticator(counts=False)
    register_passkey(stepped, authenticator)
    token = stepped.sign_in()["AccessToken"]
    given = {"TARGET_ACR_VALUES": name(3), "ACCESS_TOKEN": token}
    assert begin(stepped, **given)["ChallengeName"] == "SELECT_MFA_TYPE"
    found = begin(stepped, "WEB_AUTHN", **given)
    assert found["AvailableChallenges"] == ["EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"]
    done = respond(stepped, "WEB_AUTHN", found["Session"], CREDENTIAL=asserted(found, authenticator))
    acr, amr = levels(done)
    assert acr == name(3)
    assert amr in (["pwd", "hwk", "mfa"], ["pwd", "swk", "mfa"])


def test_a_password_can_be_what_is_missing(stepped: App, clock: Any) -> None:
    found = begin(stepped, "EMAIL_OTP")
    code = stepped.inbox.code("ann@example.com")
    token = respond(stepped, "EMAIL_OTP", found["Session"], EMAIL_OTP_CODE=code)["AuthenticationResult"]["AccessToken"]
    with refused("NotAuthorizedException", "Incorrect username or password."):
        begin(stepped, "PASSWORD", PASSWORD="wrong", TARGET_ACR_VALUES=name(3), ACCESS_TOKEN=token)
    done = begin(stepped, "PASSWORD", PASSWORD=PASSWORD, TARGET_ACR_VALUES=name(3), ACCESS_TOKEN=token)
    assert levels(done) == (name(3), ["email_otp", "pwd", "mfa"])


def test_mfa_is_a_floor(stepped: App, clock: Any) -> None:
    secret = totp_of(stepped, clock)
    turn_on(stepped, "totp", "sms", preferred="sms")
    found = begin(stepped, "PASSWORD", PASSWORD=PASSWORD, TARGET_ACR_VALUES=name(1))
    done = respond(stepped, found["ChallengeName"], found["Session"], SMS_MFA_CODE=stepped.inbox.code(PHONE))
    assert levels(done) == (name(3), ["pwd", "sms", "mfa"])
    # The target decides which of the factors it is.
    found = begin(stepped, "PASSWORD", PASSWORD=PASSWORD, TARGET_ACR_VALUES=name(4))
    assert levels(by_app(stepped, found, secret)) == (name(4), ["pwd", "otp", "mfa"])


def test_a_wrong_code_gives_nothing(stepped: App, clock: Any) -> None:
    totp_of(stepped, clock)
    found = begin(stepped, TARGET_ACR_VALUES=name(4), ACCESS_TOKEN=stepped.sign_in()["AccessToken"])
    with refused("CodeMismatchException"):
        respond(stepped, "SOFTWARE_TOKEN_MFA", found["Session"], SOFTWARE_TOKEN_MFA_CODE="000000")
    with refused("NotAuthorizedException"):
        respond(stepped, "SMS_MFA", found["Session"], SMS_MFA_CODE="000000")


def test_a_remembered_device_stands_for_no_factor_of_a_level(idp: Any, inbox: Inbox, clock: Any) -> None:
    app = make(idp, inbox, DeviceConfiguration=TRACKING)
    create(app, phone_number=PHONE)
    secret = totp_of(app, clock)
    turn_on(app, "totp")
    first = by_app(app, app.start(), secret)
    clock.shift(timedelta(seconds=30))
    device = confirm(app, first["AuthenticationResult"])
    given = {"PASSWORD": PASSWORD, "DEVICE_KEY": device.key}
    assert begin(app, "PASSWORD", **given)["ChallengeName"] == "DEVICE_SRP_AUTH"
    assert begin(app, "PASSWORD", TARGET_ACR_VALUES=name(1), **given)["ChallengeName"] == "DEVICE_SRP_AUTH"
    found = begin(app, "PASSWORD", TARGET_ACR_VALUES=name(4), **given)
    assert levels(by_app(app, found, secret)) == (name(4), ["pwd", "otp", "mfa"])


def test_a_new_name_of_a_level_ends_its_credit_but_not_that_of_the_methods(stepped: App, clock: Any) -> None:
    secret = totp_of(stepped, clock)
    token = stepped.sign_in()["AccessToken"]
    renamed = {"Level1": {"AcrValue": "urn:one"}, "Level4": {"AcrValue": "urn:four"}}
    settings = {"MfaConfiguration": "OPTIONAL", "SmsConfiguration": SMS_MFA["SmsConfiguration"]}
    stepped.idp.update_user_pool(
        UserPoolId=stepped.pool_id,
        AcrConfiguration=renamed,
        EmailConfiguration=DEVELOPER,
        **policies("PASSWORD"),
        **settings,
    )
    # Nothing is missing for the new name, and no token comes without a sign-in.
    assert begin(stepped, TARGET_ACR_VALUES="urn:one", ACCESS_TOKEN=token)["ChallengeName"] == "SELECT_CHALLENGE"
    done = by_app(stepped, begin(stepped, TARGET_ACR_VALUES="urn:four", ACCESS_TOKEN=token), secret)
    assert levels(done) == ("urn:four", ["pwd", "otp", "mfa"])
    with refused("InvalidParameterException", NO_LEVEL):
        begin(stepped, TARGET_ACR_VALUES=name(4))


@pytest.mark.operation("CreateUserPool")
@pytest.mark.parametrize(
    "given",
    [
        {"Level1": {"AcrValue": "urn:same"}, "Level2": {"AcrValue": "urn:same"}},
        {"Level1": {"AcrValue": "urn:cognito:loa:4"}},
    ],
)
def test_every_name_stands_for_one_level(idp: Any, given: Any) -> None:
    with refused("InvalidParameterException"):
        idp.create_user_pool(PoolName="pool", AcrConfiguration=given)


def test_a_client_that_hides_users_refuses_only_after_the_first_factor(idp: Any, inbox: Inbox, clock: Any) -> None:
    app = make(idp, inbox, hides=True)
    create(app)
    for person in ("ann", "nobody"):
        found = begin(app, name=person, TARGET_ACR_VALUES=name(4))
        assert (found["ChallengeName"], found["AvailableChallenges"]) == ("SELECT_CHALLENGE", BOTH)
        with refused("NotAuthorizedException", "Incorrect username or password."):
            respond(app, "SELECT_CHALLENGE", found["Session"], name=person, ANSWER="PASSWORD", PASSWORD="wrong")
    with refused("InvalidParameterException", NO_FACTOR):
        begin(app, "PASSWORD", PASSWORD=PASSWORD, TARGET_ACR_VALUES=name(4))


def test_a_user_disabled_or_with_a_temporary_password_steps_nowhere(stepped: App, clock: Any) -> None:
    totp_of(stepped, clock)
    token = stepped.sign_in()["AccessToken"]
    at = {"UserPoolId": stepped.pool_id, "Username": "ann"}
    found = begin(stepped, TARGET_ACR_VALUES=name(4), ACCESS_TOKEN=token)
    stepped.idp.admin_set_user_password(**at, Password="Another-Horse-9!", Permanent=False)
    with refused("NotAuthorizedException"):
        respond(stepped, "SOFTWARE_TOKEN_MFA", found["Session"], SOFTWARE_TOKEN_MFA_CODE="000000")
    assert begin(stepped, TARGET_ACR_VALUES=name(4), ACCESS_TOKEN=token)["ChallengeName"] == "SELECT_CHALLENGE"
    stepped.idp.admin_disable_user(**at)
    with refused("NotAuthorizedException"):
        begin(stepped, TARGET_ACR_VALUES=name(4), ACCESS_TOKEN=token)


def test_a_new_password_ends_the_credit_of_a_token_meanwhile(stepped: App) -> None:
    authenticator = Authenticator(counts=False)
    register_passkey(stepped, authenticator)
    token = stepped.sign_in()["AccessToken"]
    found = begin(stepped, "WEB_AUTHN", TARGET_ACR_VALUES=name(3), ACCESS_TOKEN=token)
    at = {"UserPoolId": stepped.pool_id, "Username": "ann"}
    stepped.idp.admin_set_user_password(**at, Password="Another-Horse-9!", Permanent=True)
    with refused("NotAuthorizedException", "Invalid session for the user."):
        respond(stepped, "WEB_AUTHN", found["Session"], CREDENTIAL=asserted(found, authenticator))


def test_wrong_codes_lock_as_at_every_sign_in(stepped: App, clock: Any) -> None:
    totp_of(stepped, clock)
    token = stepped.sign_in()["AccessToken"]
    for _ in range(5):
        found = begin(stepped, TARGET_ACR_VALUES=name(4), ACCESS_TOKEN=token)
        with refused("CodeMismatchException"):
            respond(stepped, "SOFTWARE_TOKEN_MFA", found["Session"], SOFTWARE_TOKEN_MFA_CODE="000000")
    with refused("NotAuthorizedException", "Password attempts exceeded"):
        respond(stepped, "SOFTWARE_TOKEN_MFA", found["Session"], SOFTWARE_TOKEN_MFA_CODE="000000")
