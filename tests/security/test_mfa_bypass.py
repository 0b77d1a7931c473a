"""T11: where MFA is required no way leads to tokens without a second factor, nor to enrolment without a first one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError
from pycognito import AWSSRP
from pytest_django import Settings

from cognito_app.models import BrowserSession
from tests.aws.choice import EVERY, ORIGIN, RP_ID, asserted, policies
from tests.aws.mfa import (
    DEVELOPER,
    PHONE,
    SMS_CONFIGURATION,
    code_now,
    offer,
    other,
    respond,
    settings_of,
    sms_code,
    turn_on,
)
from tests.clients import boto
from tests.clients.authenticator import Authenticator
from tests.clients.devices import TRACKING, confirm
from tests.clocks import stopped
from tests.conftest import FLOWS, PASSWORD, App, Inbox, make_app, refused
from tests.oauth.test_oauth import Site
from tests.pages.forms import send, text
from tests.pages.test_mfa_pages import sign_in
from tests.triggers.lambdas import Lambdas, config, serving

pytestmark = pytest.mark.django_db

INVALID = "Invalid session for the user."
ALL_FLOWS = [*FLOWS, "ALLOW_USER_AUTH", "ALLOW_CUSTOM_AUTH"]
NEW = "Another-Horse-9!"
SECOND = {"SMS_MFA", "EMAIL_OTP", "SOFTWARE_TOKEN_MFA", "SELECT_MFA_TYPE", "MFA_SETUP"}


SETTINGS: dict[str, Any] = {
    "AutoVerifiedAttributes": ["email"],
    "EmailConfiguration": DEVELOPER,
    "SmsConfiguration": SMS_CONFIGURATION,
    **policies("PASSWORD"),
}


@pytest.fixture
def app(idp: Any, inbox: Inbox) -> App:
    """A pool that can require MFA; ann has a phone as her factor, bob none at all."""
    made = make_app(idp, inbox, **SETTINGS)
    made.client_id = made.client(ExplicitAuthFlows=ALL_FLOWS)["ClientId"]
    made.sign_up(phone_number=PHONE)
    at = {"UserPoolId": made.pool_id, "Username": "bob"}
    made.idp.admin_create_user(**at, MessageAction="SUPPRESS")
    made.idp.admin_set_user_password(**at, Password=PASSWORD, Permanent=True)
    return made


def change(app: App, **given: Any) -> None:
    """Change settings of the pool."""
    app.idp.update_user_pool(UserPoolId=app.pool_id, **{**SETTINGS, **given})


def require(app: App, **given: Any) -> None:
    """Require a second factor from now on: SMS or an app."""
    offer(app, "ON", "sms", "totp", **given)


def is_second(answer: Any) -> str:
    """Return the challenge of a second factor, which an answer must be."""
    assert "AuthenticationResult" not in answer
    assert answer["ChallengeName"] in SECOND, answer
    return str(answer["ChallengeName"])


def by_admin(app: App, flow: str, name: str = "ann", **given: str) -> Any:
    """Start as an administrator."""
    return app.idp.admin_initiate_auth(
        UserPoolId=app.pool_id, ClientId=app.client_id, AuthFlow=flow, AuthParameters={"USERNAME": name, **given}
    )


def by_choice(app: App, name: str = "ann", **given: str) -> Any:
    """Start USER_AUTH."""
    return app.idp.initiate_auth(
        ClientId=app.client_id, AuthFlow="USER_AUTH", AuthParameters={"USERNAME": name, **given}
    )


def by_srp(app: App, flow: str = "USER_SRP_AUTH", **given: str) -> Any:
    """Prove the password by SRP."""
    helper = AWSSRP("ann", PASSWORD, app.pool_id, app.client_id, client=app.idp)
    first = app.idp.initiate_auth(
        ClientId=app.client_id, AuthFlow=flow, AuthParameters={**helper.get_auth_params(), **given}
    )
    answers = helper.process_challenge(first["ChallengeParameters"], {"USERNAME": "ann"})
    session = {"Session": first["Session"]} if first.get("Session") else {}
    return app.idp.respond_to_auth_challenge(
        ClientId=app.client_id, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=answers, **session
    )


def choose(app: App, **answers: str) -> Any:
    """Choose the password among the first factors."""
    return respond(app, "SELECT_CHALLENGE", by_choice(app)["Session"], ANSWER="PASSWORD", **answers)


STARTS: dict[str, Callable[[App], Any]] = {
    "password": lambda app: app.start(),
    "srp": by_srp,
    "admin": lambda app: by_admin(app, "ADMIN_USER_PASSWORD_AUTH", PASSWORD=PASSWORD),
    "admin, old name": lambda app: by_admin(app, "ADMIN_NO_SRP_AUTH", PASSWORD=PASSWORD),
    "preferred password": lambda app: by_choice(app, PREFERRED_CHALLENGE="PASSWORD", PASSWORD=PASSWORD),
    "preferred srp": lambda app: by_srp(app, "USER_AUTH", PREFERRED_CHALLENGE="PASSWORD_SRP"),
    "chosen password": lambda app: choose(app, PASSWORD=PASSWORD),
    "chosen, then password": lambda app: respond(app, "PASSWORD", choose(app)["Session"], PASSWORD=PASSWORD),
}


@pytest.mark.parametrize("way", STARTS)
def test_every_flow_asks_for_the_second_factor(app: App, way: str) -> None:
    require(app)
    challenge = STARTS[way](app)
    assert is_second(challenge) == "SMS_MFA"
    session, right = challenge["Session"], sms_code(app)
    for skipped in ("PASSWORD", "NEW_PASSWORD_REQUIRED", "SELECT_CHALLENGE", "SMS_OTP", "EMAIL_OTP", "MFA_SETUP"):
        answers = {"PASSWORD": PASSWORD, "NEW_PASSWORD": NEW, "ANSWER": "PASSWORD", "EMAIL": "new@example.com"}
        codes = {"SMS_OTP_CODE": right, "EMAIL_OTP_CODE": right}
        with refused("NotAuthorizedException", INVALID):
            respond(app, skipped, session, **answers, **codes)
    with refused("InvalidParameterException"):
        respond(app, "SMS_MFA", session)
    with refused("NotAuthorizedException", INVALID):
        respond(app, "SMS_MFA", session, name="bob", SMS_MFA_CODE=right)
    with refused("CodeMismatchException"):
        respond(app, "SMS_MFA", session, SMS_MFA_CODE=other(right))
    assert "AuthenticationResult" in respond(app, "SMS_MFA", session, SMS_MFA_CODE=right)


@pytest.mark.parametrize("way", STARTS)
def test_every_flow_demands_the_set_up_of_a_factor(app: App, way: str) -> None:
    at = {"UserPoolId": app.pool_id, "Username": "ann"}
    app.idp.admin_delete_user_attributes(**at, UserAttributeNames=["phone_number", "email"])
    require(app)
    challenge = STARTS[way](app)
    assert is_second(challenge) == "MFA_SETUP"
    with refused("InvalidParameterException"):
        respond(app, "MFA_SETUP", challenge["Session"])
    associated = app.idp.associate_software_token(Session=challenge["Session"])
    with refused("InvalidParameterException"):
        respond(app, "MFA_SETUP", associated["Session"])
    with refused("EnableSoftwareTokenMFAException"):
        app.idp.verify_software_token(Session=associated["Session"], UserCode=other(code_now(associated["SecretCode"])))


def test_codes_are_no_first_factor_beside_a_second_one(app: App) -> None:
    require(app)
    for preferred in ("EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"):
        answer = by_choice(app, PREFERRED_CHALLENGE=preferred)
        assert (answer["ChallengeName"], answer["AvailableChallenges"]) == (
            "SELECT_CHALLENGE",
            ["PASSWORD_SRP", "PASSWORD"],
        )
        with refused("InvalidParameterException"):
            respond(app, "SELECT_CHALLENGE", answer["Session"], ANSWER=preferred)


def test_a_code_that_was_sent_before_mfa_was_required_signs_nobody_in(app: App) -> None:
    change(app, **policies(*EVERY))
    challenge = by_choice(app, PREFERRED_CHALLENGE="EMAIL_OTP")
    assert challenge["ChallengeName"] == "EMAIL_OTP"
    with refused("InvalidParameterException"):
        require(app)
    change(app)
    require(app)
    with refused("NotAuthorizedException", INVALID):
        respond(app, "EMAIL_OTP", challenge["Session"], EMAIL_OTP_CODE=app.inbox.code("ann@example.com"))


def passkey_of(app: App, **given: str) -> Authenticator:
    """Register a passkey for ann, before MFA is required."""
    change(app, **policies("PASSWORD", "WEB_AUTHN"))
    app.idp.set_user_pool_mfa_config(
        UserPoolId=app.pool_id,
        MfaConfiguration="OFF",
        WebAuthnConfiguration={"RelyingPartyId": RP_ID, "UserVerification": "preferred"},
    )
    authenticator, token = Authenticator(**given), app.sign_in()["AccessToken"]  # type: ignore[arg-type]
    options = app.idp.start_web_authn_registration(AccessToken=token)["CredentialCreationOptions"]
    made = authenticator.create(options, ORIGIN)
    app.idp.complete_web_authn_registration(AccessToken=token, Credential=made)
    return authenticator


def test_a_passkey_of_a_single_factor_is_not_offered_and_an_old_challenge_of_it_is_void(app: App) -> None:
    authenticator = passkey_of(app)
    challenge = by_choice(app, PREFERRED_CHALLENGE="WEB_AUTHN")
    assert challenge["ChallengeName"] == "WEB_AUTHN"
    with refused("InvalidParameterException"):
        require(app)
    change(app)
    require(app)
    with refused("NotAuthorizedException", INVALID):
        respond(app, "WEB_AUTHN", challenge["Session"], CREDENTIAL=asserted(challenge, authenticator))
    assert by_choice(app, PREFERRED_CHALLENGE="WEB_AUTHN")["ChallengeName"] == "SELECT_CHALLENGE"


def test_a_passkey_is_both_factors_only_for_those_who_turned_that_on(app: App) -> None:
    authenticator = passkey_of(app)
    party = {
        "RelyingPartyId": RP_ID,
        "UserVerification": "required",
        "FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION",
    }
    require(app, WebAuthnConfiguration=party)
    challenge = by_choice(app, PREFERRED_CHALLENGE="WEB_AUTHN")
    answer = respond(app, "WEB_AUTHN", challenge["Session"], CREDENTIAL=asserted(challenge, authenticator))
    assert is_second(answer) == "SMS_MFA"
    at = {"UserPoolId": app.pool_id, "Username": "ann"}
    on = {"Enabled": True}
    app.idp.admin_set_user_mfa_preference(**at, SMSMfaSettings=on, WebAuthnMfaSettings=on)
    challenge = by_choice(app, PREFERRED_CHALLENGE="WEB_AUTHN")
    authenticator.verifies_user = False
    with pytest.raises(ClientError):
        respond(app, "WEB_AUTHN", challenge["Session"], CREDENTIAL=asserted(challenge, authenticator))
    authenticator.verifies_user = True
    challenge = by_choice(app, PREFERRED_CHALLENGE="WEB_AUTHN")
    answer = respond(app, "WEB_AUTHN", challenge["Session"], CREDENTIAL=asserted(challenge, authenticator))
    assert "AuthenticationResult" in answer


def test_a_new_password_leads_to_the_second_factor(app: App) -> None:
    require(app)
    at = {"UserPoolId": app.pool_id, "Username": "ann"}
    app.idp.admin_set_user_password(**at, Password=NEW, Permanent=False)
    challenge = app.start(password=NEW)
    answer = respond(app, "NEW_PASSWORD_REQUIRED", challenge["Session"], NEW_PASSWORD="Third-Horse-9!")
    assert is_second(answer) == "SMS_MFA"


def test_the_session_of_a_temporary_password_ends_with_it(app: App) -> None:
    at = {"UserPoolId": app.pool_id, "Username": "ann"}
    app.idp.admin_set_user_password(**at, Password=NEW, Permanent=False)
    challenge = app.start(password=NEW)
    app.idp.admin_set_user_password(**at, Password="Third-Horse-9!", Permanent=False)
    with refused("NotAuthorizedException", INVALID):
        respond(app, "NEW_PASSWORD_REQUIRED", challenge["Session"], NEW_PASSWORD="Fourth-Horse-9!")


def test_the_srp_answer_takes_every_name_of_the_user(app: App) -> None:
    helper = AWSSRP("ann", PASSWORD, app.pool_id, app.client_id, client=app.idp)
    first = app.idp.initiate_auth(
        ClientId=app.client_id, AuthFlow="USER_SRP_AUTH", AuthParameters=helper.get_auth_params()
    )
    answers = helper.process_challenge(first["ChallengeParameters"], {"USERNAME": "ann"})
    found = app.idp.admin_get_user(UserPoolId=app.pool_id, Username="ann")["UserAttributes"]
    answers["USERNAME"] = next(item["Value"] for item in found if item["Name"] == "sub")
    done = app.idp.respond_to_auth_challenge(
        ClientId=app.client_id, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=answers
    )
    assert "AuthenticationResult" in done


def test_a_reset_password_does_not_spare_the_second_factor(app: App) -> None:
    require(app)
    app.idp.forgot_password(ClientId=app.client_id, Username="ann")
    code = app.inbox.code("ann@example.com")
    answer = app.idp.confirm_forgot_password(
        ClientId=app.client_id, Username="ann", ConfirmationCode=code, Password=NEW
    )
    assert set(answer) == {"ResponseMetadata"}
    assert is_second(app.start(password=NEW)) == "SMS_MFA"


def test_a_reset_in_the_middle_ends_the_sign_in(app: App) -> None:
    require(app)
    challenge = app.start()
    code = sms_code(app)
    app.idp.admin_set_user_password(UserPoolId=app.pool_id, Username="ann", Password=NEW, Permanent=True)
    with refused("NotAuthorizedException", INVALID):
        respond(app, "SMS_MFA", challenge["Session"], SMS_MFA_CODE=code)


@pytest.mark.parametrize("required", [False, True])
def test_the_session_of_a_sign_up_signs_in_only_where_no_second_factor_is_due(app: App, required: bool) -> None:
    if required:
        require(app)
    else:
        change(app, **policies(*EVERY))
    given = [{"Name": "email", "Value": "eve@example.com"}]
    known = {"ClientId": app.client_id, "Username": "eve"}
    session = app.idp.sign_up(**known, Password=PASSWORD, UserAttributes=given)["Session"]
    code = app.inbox.code("eve@example.com")
    session = app.idp.confirm_sign_up(**known, ConfirmationCode=code, Session=session)["Session"]
    answer = app.idp.initiate_auth(
        ClientId=app.client_id, AuthFlow="USER_AUTH", AuthParameters={"USERNAME": "eve"}, Session=session
    )
    assert ("AuthenticationResult" in answer) != required
    if required:
        assert answer["AvailableChallenges"] == ["PASSWORD_SRP", "PASSWORD"]


def test_refresh_tokens_of_before_and_of_another_client_enrol_nobody(app: App) -> None:
    tokens = app.sign_in()
    require(app)
    second = app.client(ExplicitAuthFlows=ALL_FLOWS)["ClientId"]
    for client_id in (second, app.client_id):
        given = {"ClientId": client_id, "RefreshToken": tokens["RefreshToken"]}
        if client_id == second:
            with refused("NotAuthorizedException", "Invalid Refresh Token"):
                app.idp.get_tokens_from_refresh_token(**given)
        else:
            renewed = app.idp.get_tokens_from_refresh_token(**given)["AuthenticationResult"]
            assert "RefreshToken" not in renewed
    for wrong in (tokens["RefreshToken"], "x" * 40):
        with refused("NotAuthorizedException", INVALID):
            app.idp.associate_software_token(Session=wrong)
    with refused("NotAuthorizedException"):
        app.idp.associate_software_token(AccessToken=tokens["IdToken"])


def device_app(app: App) -> Any:
    """Let ann have a remembered device in the pool that requires MFA; returns it."""
    change(app, DeviceConfiguration=TRACKING)
    device = confirm(app, app.sign_in())
    require(app)
    return device


def test_a_remembered_device_must_be_proved_and_is_good_for_its_user_alone(app: App) -> None:
    device = device_app(app)
    given = {"USERNAME": "ann", "PASSWORD": PASSWORD, "DEVICE_KEY": device.key}
    challenge = app.idp.initiate_auth(ClientId=app.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)
    assert challenge["ChallengeName"] == "DEVICE_SRP_AUTH"
    for name in ("SMS_MFA", "DEVICE_PASSWORD_VERIFIER", "PASSWORD"):
        with pytest.raises(ClientError):
            respond(app, name, challenge["Session"], SMS_MFA_CODE="123456", DEVICE_KEY=device.key, PASSWORD=PASSWORD)
    asked = respond(app, "DEVICE_SRP_AUTH", challenge["Session"], DEVICE_KEY=device.key, SRP_A="ab" * 384)
    block = asked["ChallengeParameters"]["SECRET_BLOCK"]
    wrong = {"PASSWORD_CLAIM_SECRET_BLOCK": block, "PASSWORD_CLAIM_SIGNATURE": "AAAA", "TIMESTAMP": "now"}
    with refused("NotAuthorizedException", "Incorrect username or password."):
        respond(app, "DEVICE_PASSWORD_VERIFIER", None, DEVICE_KEY=device.key, **wrong)
    with refused("ResourceNotFoundException"):
        app.idp.initiate_auth(
            ClientId=app.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={**given, "USERNAME": "bob"}
        )


def test_a_device_that_is_not_remembered_does_not_spare_the_second_factor(app: App) -> None:
    device = device_app(app)
    given = {"USERNAME": "ann", "PASSWORD": PASSWORD, "DEVICE_KEY": device.key}
    start = {"ClientId": app.client_id, "AuthFlow": "USER_PASSWORD_AUTH"}
    app.idp.admin_update_device_status(
        UserPoolId=app.pool_id, Username="ann", DeviceKey=device.key, DeviceRememberedStatus="not_remembered"
    )
    assert is_second(app.idp.initiate_auth(**start, AuthParameters=given)) == "SMS_MFA"
    app.idp.admin_forget_device(UserPoolId=app.pool_id, Username="ann", DeviceKey=device.key)
    with refused("ResourceNotFoundException"):
        app.idp.initiate_auth(**start, AuthParameters=given)


def test_a_device_without_a_first_factor_proves_nothing(app: App) -> None:
    device = device_app(app)
    with refused("NotAuthorizedException", INVALID):
        respond(app, "DEVICE_SRP_AUTH", None, DEVICE_KEY=device.key, SRP_A="ab" * 384)
    session = app.start()["Session"]
    with refused("NotAuthorizedException", INVALID):
        respond(app, "DEVICE_SRP_AUTH", session, DEVICE_KEY=device.key, SRP_A="ab" * 384)


def test_nobody_enrols_an_app_without_a_first_factor(app: App) -> None:
    require(app)
    choice = by_choice(app, "bob")["Session"]
    for session in (choice, app.start()["Session"], "x" * 40):
        with refused("NotAuthorizedException", INVALID):
            app.idp.associate_software_token(Session=session)
        with refused("NotAuthorizedException", INVALID):
            app.idp.verify_software_token(Session=session, UserCode="123456")
    with refused("NotAuthorizedException", INVALID):
        respond(app, "MFA_SETUP", choice, name="bob", EMAIL="bob@example.com")
    assert settings_of(app, "bob")[0] is None


def test_the_first_factor_alone_replaces_no_second_factor(app: App) -> None:
    require(app)
    first = app.start("bob")
    later = app.start("bob")
    associated = app.idp.associate_software_token(Session=first["Session"])
    session = app.idp.verify_software_token(Session=associated["Session"], UserCode=code_now(associated["SecretCode"]))[
        "Session"
    ]
    assert "AuthenticationResult" in respond(app, "MFA_SETUP", session, name="bob")
    with refused("NotAuthorizedException", INVALID):
        app.idp.associate_software_token(Session=later["Session"])
    with refused("NotAuthorizedException", INVALID):
        respond(app, "MFA_SETUP", later["Session"], name="bob", PHONE_NUMBER="+15550009999")
    assert is_second(app.start("bob")) == "SOFTWARE_TOKEN_MFA"


def test_no_access_token_of_required_mfa_turns_it_off(app: App) -> None:
    require(app)
    turn_on(app, "sms")
    challenge = app.start()
    token = respond(app, "SMS_MFA", challenge["Session"], SMS_MFA_CODE=sms_code(app))["AuthenticationResult"]
    off = {"Enabled": False}
    with refused("InvalidParameterException"):
        app.idp.set_user_mfa_preference(AccessToken=token["AccessToken"], SMSMfaSettings=off)
    assert is_second(app.start()) == "SMS_MFA"


@pytest.fixture
def lambdas(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambdas]:
    with serving(settings, monkeypatch) as running:
        yield running


def custom_start(app: App, **given: str) -> Any:
    """Start CUSTOM_AUTH."""
    return app.idp.initiate_auth(
        ClientId=app.client_id, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": "ann", **given}
    )


def test_custom_challenges_give_tokens_only_when_the_function_says_so(app: App, lambdas: Lambdas) -> None:
    functions = config("DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse")
    change(app, LambdaConfig=functions)
    require(app)
    define = "DefineAuthChallenge_Authentication"
    lambdas.respond(define, challengeName="SMS_MFA")
    challenge = custom_start(app)
    assert is_second(challenge) == "SMS_MFA"
    lambdas.respond(define, failAuthentication=True)
    with refused("NotAuthorizedException", "Incorrect username or password."):
        respond(app, "SMS_MFA", challenge["Session"], SMS_MFA_CODE=sms_code(app))
    lambdas.respond(define, challengeName="CUSTOM_CHALLENGE")
    lambdas.respond(
        "CreateAuthChallenge_Authentication",
        publicChallengeParameters={"q": "?"},
        privateChallengeParameters={"a": "b"},
    )
    challenge = custom_start(app)
    lambdas.respond("VerifyAuthChallengeResponse_Authentication", answerCorrect=False)
    answer = respond(app, "CUSTOM_CHALLENGE", challenge["Session"], ANSWER="no")
    assert answer["ChallengeName"] == "CUSTOM_CHALLENGE"
    with refused("NotAuthorizedException"):
        respond(app, "CUSTOM_CHALLENGE", challenge["Session"], ANSWER="no")


@pytest.fixture
def site(app: App) -> Site:
    """The pool's site."""
    return Site(app)


def has_code(answer: Any) -> bool:
    """Whether the browser goes back to the application with a code."""
    return answer.status_code == 302 and "code" in parse_qs(urlsplit(answer["Location"]).query)


def test_the_page_gives_no_code_and_no_cookie_before_the_second_factor(app: App, site: Site) -> None:
    require(app)
    page = sign_in(site)
    assert "We sent a code to" in text(page)
    assert "cognito" not in site.browser.cookies
    session = re.findall(r'name="session" value="([^"]+)"', text(page))[0]
    for challenge in ("NEW_PASSWORD_REQUIRED", "SELECT_MFA_TYPE", "MFA_SETUP", "EMAIL_OTP", "SOFTWARE_TOKEN_MFA"):
        fields = {"challenge": challenge, "session": session, "username": "ann", "code": sms_code(app)}
        more = {"password": NEW, "password_again": NEW, "answer": "SMS_MFA", "factor": "EMAIL_OTP", "email": "e@x.org"}
        assert not has_code(site.submit("login", {**fields, **more}))
    assert not has_code(site.get("oauth2/authorize", **site.request()))
    assert BrowserSession.objects.count() == 0
    assert has_code(send(site, page, code=sms_code(app)))
    assert BrowserSession.objects.get().methods == ["pwd", "sms", "mfa"]


def test_a_browser_session_of_before_is_reused_only_for_its_own_user(app: App, site: Site) -> None:
    """As with Cognito: what changes about factors does not end the session of a browser, which lasts an hour."""
    site.code()
    require(app)
    assert has_code(site.get("oauth2/authorize", **site.request()))
    page = sign_in(site, "bob")
    assert "Set up a second step" in text(page)
    assert not has_code(page)


def test_the_page_of_a_confirmation_asks_for_the_second_factor(app: App, site: Site) -> None:
    require(app)
    given = [{"Name": "email", "Value": "eve@example.com"}, {"Name": "phone_number", "Value": "+15550007777"}]
    app.idp.sign_up(ClientId=app.client_id, Username="eve", Password=PASSWORD, UserAttributes=given)
    page = sign_in(site, "eve")
    session = re.findall(r'name="session" value="([^"]+)"', text(page))[0]
    code = app.inbox.code("eve@example.com")
    answer = site.submit("confirm", {"username": "eve", "session": session, "code": code})
    assert not has_code(answer)
    assert "We sent a code to" in text(answer)
    assert BrowserSession.objects.count() == 0


def test_the_page_of_a_reset_signs_nobody_in(app: App, site: Site) -> None:
    require(app)
    site.get("forgotPassword", **site.request())
    site.submit("forgotPassword", {"username": "ann"})
    fields = {"username": "ann", "code": app.inbox.code("ann@example.com"), "password": NEW, "password_again": NEW}
    answer = site.submit("confirmForgotPassword", fields)
    assert not has_code(answer)
    assert BrowserSession.objects.count() == 0
    assert "We sent a code to" in text(site.submit("login", {"username": "ann", "password": NEW}))


def test_codes_lock_after_a_few_wrong_ones_for_every_session(app: App) -> None:
    require(app)
    tries = 0
    with stopped() as clock:
        for _ in range(3):
            clock.shift(0.01)
            session, right = app.start()["Session"], sms_code(app)
            for _ in range(3):
                tries += 1
                with refused("CodeMismatchException" if tries <= 5 else "NotAuthorizedException"):
                    respond(app, "SMS_MFA", session, SMS_MFA_CODE=other(right))
        with refused("NotAuthorizedException", "Password attempts exceeded"):
            respond(app, "SMS_MFA", session, SMS_MFA_CODE=right)


def test_requests_without_a_signature_cannot_use_the_flows_of_administrators(app: App) -> None:
    require(app)
    nobody = boto.client("cognito-idp")
    with pytest.raises(ClientError):
        nobody.admin_initiate_auth(
            UserPoolId=app.pool_id,
            ClientId=app.client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "ann", "PASSWORD": PASSWORD},
        )
