"""Triggers behind the hosted pages, metadata of challenge answers, notices of threat protection by a sender."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from tests.agents import FIREFOX_LINUX, trust_one_proxy
from tests.aws.mfa import PHONE, make_mfa_app, respond, turn_on
from tests.conftest import PASSWORD, App, Inbox, make_app, refused
from tests.oauth.browser import CALLBACK, Site
from tests.threats import AWAY, HOME, add_ons, sign_in, takeover
from tests.triggers.functions_of_pool import Functions, lambda_config
from tests.triggers.test_senders import SENDERS

pytestmark = pytest.mark.django_db

FORM = {"username": "ann", "email": "ann@example.com", "password": PASSWORD, "password_again": PASSWORD}


def site_of(idp: Any, inbox: Inbox, *names: str) -> Site:
    """Make a pool's site with triggers."""
    site = Site(make_app(idp, inbox, LambdaConfig=lambda_config(*names)))
    site.get("signup", **site.request())
    return site


def test_the_page_shows_what_a_function_says(idp: Any, inbox: Inbox, functions: Functions) -> None:
    site = site_of(idp, inbox, "PreSignUp")
    functions.refuse("members only")
    assert "PreSignUp failed with error members only." in site.submit("signup", FORM).content.decode()


def test_who_is_confirmed_at_once_is_signed_in(idp: Any, inbox: Inbox, functions: Functions) -> None:
    site = site_of(idp, inbox, "PreSignUp", "PostConfirmation")
    functions.responses["PreSignUp"] = {"autoConfirmUser": True}
    answer = site.submit("signup", FORM)
    assert answer.status_code == 302
    assert answer["Location"].startswith(f"{CALLBACK}&code=")
    assert functions.sources() == ["PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"]


def test_a_link_tells_what_post_confirmation_says(idp: Any, inbox: Inbox, functions: Functions) -> None:
    site = site_of(idp, inbox, "PostConfirmation")
    site.submit("signup", FORM)
    functions.refuse("call us")
    link = {
        "client_id": site.client["ClientId"],
        "user_name": "ann",
        "confirmation_code": inbox.code("ann@example.com"),
    }
    page = site.get("confirmUser", **link).content.decode()
    assert "PostConfirmation failed with error call us." in page
    assert "Your account is confirmed" in page
    assert idp.admin_get_user(UserPoolId=site.app.pool_id, Username="ann")["UserStatus"] == "CONFIRMED"


def test_metadata_of_an_answer_reaches_custom_message(idp: Any, inbox: Inbox, functions: Functions) -> None:
    app = make_mfa_app(idp, inbox)
    app.sign_up(phone_number=PHONE)
    turn_on(app, "sms", "email")
    given = {name: app_settings(app)[name] for name in ("EmailConfiguration", "SmsConfiguration", "MfaConfiguration")}
    idp.update_user_pool(UserPoolId=app.pool_id, LambdaConfig=lambda_config("CustomMessage"), **given)
    session = app.start()["Session"]
    idp.respond_to_auth_challenge(
        ClientId=app.client_id,
        ChallengeName="SELECT_MFA_TYPE",
        Session=session,
        ChallengeResponses={"USERNAME": "ann", "ANSWER": "SMS_MFA"},
        ClientMetadata={"lang": "de"},
    )
    assert functions.event("CustomMessage_Authentication")["request"]["clientMetadata"] == {"lang": "de"}


def app_settings(app: App) -> dict[str, Any]:
    """Return the pool's settings."""
    found: dict[str, Any] = app.idp.describe_user_pool(UserPoolId=app.pool_id)["UserPool"]
    return found


def test_a_failing_function_at_a_choice_of_factors(idp: Any, inbox: Inbox, functions: Functions) -> None:
    app = make_mfa_app(idp, inbox)
    app.sign_up(phone_number=PHONE)
    turn_on(app, "sms", "email")
    given = {name: app_settings(app)[name] for name in ("EmailConfiguration", "SmsConfiguration", "MfaConfiguration")}
    idp.update_user_pool(UserPoolId=app.pool_id, LambdaConfig=lambda_config("CustomMessage"), **given)
    session = app.start()["Session"]
    functions.refuse("no")
    with refused("UserLambdaValidationException", "CustomMessage failed with error no."):
        respond(app, "SELECT_MFA_TYPE", session, ANSWER="SMS_MFA")
    assert inbox.messages(PHONE) == []


def test_a_notice_of_threat_protection_goes_to_the_sender(
    idp: Any, inbox: Inbox, functions: Functions, settings: Settings
) -> None:
    trust_one_proxy(settings)
    app = make_app(idp, inbox, **add_ons("ENFORCED"))
    app.sign_up()
    sign_in(app, HOME)
    takeover(app, "BLOCK", notify=True)
    settings_now = {**add_ons("ENFORCED"), "AutoVerifiedAttributes": ["email"], "LambdaConfig": SENDERS}
    idp.update_user_pool(UserPoolId=app.pool_id, **settings_now)
    with refused("NotAuthorizedException"):
        sign_in(app, AWAY, FIREFOX_LINUX)
    request = functions.event("CustomEmailSender_AccountTakeOverNotification")["request"]
    told = request["userAttributes"]
    assert request["code"] is None
    assert (told["USER_NAME"], told["IP_ADDRESS"], told["ACCOUNT_TAKE_OVER_ACTION"]) == ("ann", AWAY, "BLOCK")
    assert told["FEEDBACK_TOKEN"] in told["ONE_CLICK_LINK_VALID"]
    assert told["DEVICE_NAME"] == "Firefox 127, Linux"
