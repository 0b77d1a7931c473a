"""Step-up authentication: levels that a sign-in has to reach, and the claims that tell which it reached."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt
import pytest

from cognito_app.models import WebAuthnCredential
from tests.aws.choice import asserted, begin, create, make_choice_app, policies, register_passkey
from tests.aws.mfa import DEVELOPER, PHONE, SMS_MFA, TOTP_ON, code_now, configure, register_totp, respond, turn_on
from tests.clients import boto
from tests.clients.authenticator import Authenticator
from tests.clients.devices import TRACKING, confirm
from tests.conftest import PASSWORD, App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db

NO_LEVEL = "None of the values of TARGET_ACR_VALUES is an authentication level of the user pool."
NO_FACTOR = "The user has no authentication factors that reach a requested authentication level."
MET = "The access token already meets the requested authentication level."
BOTH = ["PASSWORD_SRP", "PASSWORD"]


def name(level: int) -> str:
    """Return the default name of a level."""
    return f"urn:cognito:loa:{level}"


def make(idp: Any, inbox: Inbox, *factors: str, mode: str = "OPTIONAL", hides: bool = False, **settings: Any) -> App:
    """Create a pool with first and second factors of every kind."""
    app = make_choice_app(idp, inbox, *factors, hides=hides, EmailConfiguration=DEVELOPER, **settings)
    configure(
        app,
        MfaConfiguration=mode,
        SmsMfaConfiguration=SMS_MFA,
        SoftwareTokenMfaConfiguration=TOTP_ON,
        EmailMfaConfiguration={},
        WebAuthnConfiguration={"RelyingPartyId": "example.com", "UserVerification": "preferred"},
    )
    return app


@pytest.fixture
def stepped(idp: Any, inbox: Inbox) -> App:
    """A pool with every factor; ann has a password, an authenticator app and a phone, none of which is turned on."""
    app = make(idp, inbox)
    create(app, phone_number=PHONE)
    return app


def claims(answer: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the claims of both tokens."""
    found = answer["AuthenticationResult"]
    known = jwt.decode(found["IdToken"], options={"verify_signature": False})
    return known, jwt.decode(found["AccessToken"], options={"verify_signature": False})


def levels(answer: Any) -> tuple[Any, Any]:
    """Return acr and amr, which both tokens carry alike."""
    known, allowed = claims(answer)
    assert (known.get("acr"), known.get("amr")) == (allowed.get("acr"), allowed.get("amr"))
    return known.get("acr"), known.get("amr")


def totp_of(app: App, clock: Any) -> str:
    """Register ann's authenticator app; returns its secret."""
    secret = register_totp(app, app.sign_in()["AccessToken"])
    clock.shift(timedelta(seconds=30))
    return secret


def by_app(app: App, found: Any, secret: str) -> Any:
    """Answer with the code of the authenticator app."""
    assert found["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    return respond(app, "SOFTWARE_TOKEN_MFA", found["Session"], SOFTWARE_TOKEN_MFA_CODE=code_now(secret))


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
    secret = totp_of_user_with_sms(stepped, done, clock)
    turn_on(stepped, "totp", preferred="totp")
    assert levels(by_app(stepped, stepped.start(), secret)) == (name(4), ["pwd", "otp", "mfa"])


def totp_of_user_with_sms(app: App, done: Any, clock: Any) -> str:
    """Register an app by the tokens of a sign-in."""
    secret = register_totp(app, done["AuthenticationResult"]["AccessToken"])
    clock.shift(timedelta(seconds=30))
    return secret


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
