"""Threat protection: settings, and what they change for sign-ups, sign-ins and passwords."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from cognito_app.core import clock
from cognito_app.models import RiskConfiguration
from cognito_app.services import clients
from tests.agents import CHROME_WINDOWS, EDGE_WINDOWS, FIREFOX_LINUX, client_at, trust_one_proxy
from tests.conftest import PASSWORD, App, Inbox, make_app, refused
from tests.oauth.test_oauth import Site

pytestmark = pytest.mark.django_db

HOME, AWAY = "192.0.2.10", "198.51.100.20"
COMMON = "Password1"
SOURCE_ARN = "arn:aws:ses:us-east-1:000000000000:identity/example.com"
LAX = {"PasswordPolicy": {"MinimumLength": 6}}
BLOCKED = "Unable to login because of security reasons."


def action(name: str, notify: bool = False) -> dict[str, Any]:
    """Return an AccountTakeoverActionType."""
    return {"EventAction": name, "Notify": notify}


def add_ons(mode: str) -> dict[str, Any]:
    """Return the members of a pool that has threat protection."""
    return {"UserPoolTier": "PLUS", "UserPoolAddOns": {"AdvancedSecurityMode": mode}, "Policies": LAX}


@pytest.fixture
def guarded(idp: Any, inbox: Inbox, settings: Settings) -> App:
    """A pool with threat protection that acts."""
    trust_one_proxy(settings)
    return make_app(idp, inbox, **add_ons("ENFORCED"))


@pytest.fixture
def audited(idp: Any, inbox: Inbox, settings: Settings) -> App:
    """A pool with threat protection that looks on."""
    trust_one_proxy(settings)
    return make_app(idp, inbox, **add_ons("AUDIT"))


def configure(app: App, **sections: Any) -> Any:
    """Set the pool's settings."""
    return app.idp.set_risk_configuration(UserPoolId=app.pool_id, **sections)["RiskConfiguration"]


def takeover(app: App, low: str, *, notify: bool = False, **notification: Any) -> None:
    """Set one action for all levels."""
    actions = {f"{level}Action": action(low, notify) for level in ("Low", "Medium", "High")}
    more = {"NotifyConfiguration": {"SourceArn": SOURCE_ARN, **notification}} if notify else {}
    configure(app, AccountTakeoverRiskConfiguration={"Actions": actions, **more})


def compromised(app: App, name: str, *events: str) -> None:
    """Set what happens to passwords that attackers know."""
    given: dict[str, Any] = {"Actions": {"EventAction": name}}
    if events:
        given["EventFilter"] = list(events)
    configure(app, CompromisedCredentialsRiskConfiguration=given)


def sign_in(app: App, ip: str = HOME, agent: str = CHROME_WINDOWS, password: str = PASSWORD, **more: Any) -> Any:
    """Sign in from an address by a browser."""
    return client_at(ip, agent).initiate_auth(
        ClientId=app.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ann", "PASSWORD": password},
        **more,
    )


def events(app: App, name: str = "ann") -> list[dict[str, Any]]:
    """Return the user's events, newest first."""
    found: list[dict[str, Any]] = app.idp.admin_list_user_auth_events(UserPoolId=app.pool_id, Username=name)[
        "AuthEvents"
    ]
    return found


def status(app: App) -> str:
    """Return the user's status."""
    return str(app.idp.admin_get_user(UserPoolId=app.pool_id, Username="ann")["UserStatus"])


FULL: dict[str, Any] = {
    "CompromisedCredentialsRiskConfiguration": {
        "EventFilter": ["SIGN_IN", "SIGN_UP"],
        "Actions": {"EventAction": "BLOCK"},
    },
    "AccountTakeoverRiskConfiguration": {
        "NotifyConfiguration": {
            "SourceArn": SOURCE_ARN,
            "From": "guard@example.com",
            "BlockEmail": {"Subject": "Blocked", "TextBody": "Blocked at {login-time}"},
        },
        "Actions": {
            "LowAction": action("NO_ACTION"),
            "MediumAction": action("MFA_IF_CONFIGURED", True),
            "HighAction": action("BLOCK", True),
        },
    },
    "RiskExceptionConfiguration": {"BlockedIPRangeList": ["203.0.113.0/24"], "SkippedIPRangeList": ["2001:db8::/32"]},
}


@pytest.mark.operation("SetRiskConfiguration")
@pytest.mark.operation("DescribeRiskConfiguration")
def test_settings_are_stored_and_described(guarded: App) -> None:
    before = clock.now()
    given = configure(guarded, **FULL)
    described = guarded.idp.describe_risk_configuration(UserPoolId=guarded.pool_id)["RiskConfiguration"]
    assert described == given
    assert {name: described[name] for name in FULL} == FULL
    assert described["UserPoolId"] == guarded.pool_id
    assert "ClientId" not in described
    assert before - timedelta(seconds=1) <= described["LastModifiedDate"] <= clock.now()


@pytest.mark.operation("SetRiskConfiguration")
@pytest.mark.operation("DescribeRiskConfiguration")
def test_a_client_overrides_the_pool_and_inherits_again(guarded: App) -> None:
    configure(guarded, **FULL)
    names = {"UserPoolId": guarded.pool_id, "ClientId": guarded.client_id}
    assert "ClientId" not in guarded.idp.describe_risk_configuration(**names)["RiskConfiguration"]
    own = {"RiskExceptionConfiguration": {"BlockedIPRangeList": ["198.51.100.0/24"]}}
    guarded.idp.set_risk_configuration(**names, **own)
    described = guarded.idp.describe_risk_configuration(**names)["RiskConfiguration"]
    assert described["ClientId"] == guarded.client_id
    assert described["RiskExceptionConfiguration"] == own["RiskExceptionConfiguration"]
    assert "AccountTakeoverRiskConfiguration" not in described
    guarded.idp.set_risk_configuration(**names)
    described = guarded.idp.describe_risk_configuration(**names)["RiskConfiguration"]
    assert "ClientId" not in described
    assert described["RiskExceptionConfiguration"] == FULL["RiskExceptionConfiguration"]


@pytest.mark.operation("SetRiskConfiguration")
def test_a_pool_is_reset_by_its_id_alone(guarded: App) -> None:
    configure(guarded, **FULL)
    assert configure(guarded) == {"UserPoolId": guarded.pool_id}
    described = guarded.idp.describe_risk_configuration(UserPoolId=guarded.pool_id)["RiskConfiguration"]
    assert described == {"UserPoolId": guarded.pool_id}


def test_settings_of_a_client_go_with_it(guarded: App) -> None:
    client_id = guarded.client()["ClientId"]
    guarded.idp.set_risk_configuration(UserPoolId=guarded.pool_id, ClientId=client_id, **FULL)
    guarded.idp.delete_user_pool_client(UserPoolId=guarded.pool_id, ClientId=client_id)
    assert not RiskConfiguration.objects.exists()


@pytest.mark.parametrize("ranges", [["192.0.2.1"], ["192.0.2.0/33"], ["example.com/24"], ["2001:db8::/129"], [""]])
def test_ranges_must_be_cidr(guarded: App, ranges: list[str]) -> None:
    for member in ("BlockedIPRangeList", "SkippedIPRangeList"):
        with refused("InvalidParameterException"):
            configure(guarded, RiskExceptionConfiguration={member: ranges})
    with refused("InvalidParameterException"):
        configure(guarded, RiskExceptionConfiguration={"BlockedIPRangeList": ["192.0.2.0/24"] * 201})
    assert not RiskConfiguration.objects.exists()


def test_a_higher_level_must_not_be_milder(guarded: App) -> None:
    with refused("InvalidParameterException"):
        configure(
            guarded,
            AccountTakeoverRiskConfiguration={
                "Actions": {"LowAction": action("BLOCK"), "HighAction": action("MFA_REQUIRED")}
            },
        )


def test_notify_needs_a_notify_configuration(guarded: App) -> None:
    with refused("InvalidParameterException"):
        configure(guarded, AccountTakeoverRiskConfiguration={"Actions": {"LowAction": action("NO_ACTION", True)}})


def test_an_unknown_event_is_refused(guarded: App) -> None:
    with refused("InvalidParameterException"):
        compromised(guarded, "BLOCK", "SIGN_OUT")


def test_settings_need_the_add_on(app: App) -> None:
    with refused("UserPoolAddOnNotEnabledException"):
        configure(app, **FULL)
    with refused("UserPoolAddOnNotEnabledException"):
        app.idp.describe_risk_configuration(UserPoolId=app.pool_id)


def test_pools_and_clients_must_exist(guarded: App, app: App) -> None:
    for name in ("set_risk_configuration", "describe_risk_configuration"):
        call = getattr(guarded.idp, name)
        with refused("ResourceNotFoundException"):
            call(UserPoolId="us-east-1_Nothing00")
        with refused("ResourceNotFoundException"):
            call(UserPoolId=guarded.pool_id, ClientId=app.client_id)


def test_threat_protection_needs_the_plus_tier(idp: Any, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "ALL_FEATURES": False}
    add_on = {"UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"}}
    with refused("FeatureUnavailableInTierException"):
        idp.create_user_pool(PoolName="p", UserPoolTier="ESSENTIALS", **add_on)
    pool = idp.create_user_pool(PoolName="p", UserPoolTier="PLUS", **add_on)["UserPool"]
    idp.update_user_pool(UserPoolId=pool["Id"], **add_on)
    with refused("FeatureUnavailableInTierException"):
        idp.update_user_pool(UserPoolId=pool["Id"], UserPoolTier="LITE", **add_on)


def test_a_blocked_address_can_neither_sign_up_nor_sign_in(guarded: App) -> None:
    guarded.sign_up()
    configure(guarded, RiskExceptionConfiguration={"BlockedIPRangeList": ["198.51.100.0/24"]})
    with refused("NotAuthorizedException", BLOCKED):
        sign_in(guarded, AWAY)
    with refused("NotAuthorizedException", BLOCKED):
        client_at(AWAY).initiate_auth(
            ClientId=guarded.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "nobody", "PASSWORD": PASSWORD},
        )
    with refused("NotAuthorizedException"):
        client_at(AWAY).sign_up(ClientId=guarded.client_id, Username="bob", Password=PASSWORD)
    with refused("UserNotFoundException"):
        guarded.idp.admin_get_user(UserPoolId=guarded.pool_id, Username="bob")
    newest = events(guarded)[0]
    assert newest["EventResponse"] == "Fail"
    assert newest["EventRisk"] == {"RiskDecision": "Block", "CompromisedCredentialsDetected": False}
    assert newest["EventContextData"]["IpAddress"] == AWAY
    tokens = sign_in(guarded, HOME)["AuthenticationResult"]
    renewed = client_at(AWAY).initiate_auth(
        ClientId=guarded.client_id,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
    )
    assert renewed["AuthenticationResult"]["AccessToken"]


def test_an_ipv4_range_holds_for_the_address_in_ipv6_form(guarded: App) -> None:
    guarded.sign_up()
    configure(guarded, RiskExceptionConfiguration={"BlockedIPRangeList": ["198.51.100.0/24"]})
    with refused("NotAuthorizedException", BLOCKED):
        sign_in(guarded, f"::ffff:{AWAY}")


def test_a_blocked_address_is_refused_on_the_page(guarded: App) -> None:
    guarded.sign_up()
    site = Site(guarded)
    site.get("login", **site.request())
    configure(guarded, RiskExceptionConfiguration={"BlockedIPRangeList": ["127.0.0.0/8"]})
    answer = site.submit("login", {"username": "ann", "password": PASSWORD})
    assert answer.status_code == 200
    assert BLOCKED in answer.content.decode()
    fields = {"username": "bob", "password": PASSWORD, "password_again": PASSWORD, "email": "bob@example.com"}
    site.submit("signup", fields)
    with refused("UserNotFoundException"):
        guarded.idp.admin_get_user(UserPoolId=guarded.pool_id, Username="bob")


def test_a_blocked_address_cannot_be_signed_in_by_confirming(guarded: App) -> None:
    site = Site(guarded)
    site.get("signup", **site.request())
    fields = {"username": "bob", "password": PASSWORD, "password_again": PASSWORD, "email": "bob@example.com"}
    page = site.submit("signup", fields).content.decode()
    found = re.search(r'name="session" value="([^"]+)"', page)
    assert found is not None
    configure(guarded, RiskExceptionConfiguration={"BlockedIPRangeList": ["127.0.0.0/8"]})
    code = guarded.inbox.code("bob@example.com")
    answer = site.submit("confirm", {"username": "bob", "session": found[1], "code": code})
    assert "/login?" in answer["Location"]
    assert "cognito" not in answer.cookies


def test_in_audit_a_blocked_address_is_let_pass(audited: App) -> None:
    audited.sign_up()
    configure(audited, RiskExceptionConfiguration={"BlockedIPRangeList": ["198.51.100.0/24"]})
    assert "AuthenticationResult" in sign_in(audited, AWAY)


def test_a_client_without_own_settings_is_blocked_by_the_pools(guarded: App) -> None:
    guarded.sign_up()
    configure(guarded, RiskExceptionConfiguration={"BlockedIPRangeList": ["198.51.100.0/24"]})
    guarded.idp.set_risk_configuration(
        UserPoolId=guarded.pool_id,
        ClientId=guarded.client_id,
        RiskExceptionConfiguration={"SkippedIPRangeList": ["198.51.100.0/24"]},
    )
    assert "AuthenticationResult" in sign_in(guarded, AWAY)
    guarded.idp.set_risk_configuration(UserPoolId=guarded.pool_id, ClientId=guarded.client_id)
    with refused("NotAuthorizedException", BLOCKED):
        sign_in(guarded, AWAY)


def test_sign_up_with_a_common_password_is_refused(guarded: App) -> None:
    compromised(guarded, "BLOCK")
    for password in (COMMON, COMMON.upper(), COMMON.lower()):
        with refused("InvalidPasswordException"):
            guarded.idp.sign_up(ClientId=guarded.client_id, Username="bob", Password=password)
    compromised(guarded, "NO_ACTION")
    guarded.idp.sign_up(ClientId=guarded.client_id, Username="bob", Password=COMMON)
    assert events(guarded, "bob")[0]["EventRisk"]["CompromisedCredentialsDetected"] is True


def test_the_event_filter_limits_the_look(guarded: App) -> None:
    compromised(guarded, "BLOCK", "SIGN_IN")
    guarded.idp.sign_up(ClientId=guarded.client_id, Username="bob", Password=COMMON)
    assert events(guarded, "bob")[0]["EventRisk"]["CompromisedCredentialsDetected"] is False


def test_sign_in_with_a_common_password_demands_a_reset(guarded: App) -> None:
    email = guarded.sign_up(password=COMMON)
    assert "AuthenticationResult" in sign_in(guarded, password=COMMON)
    compromised(guarded, "BLOCK", "SIGN_IN")
    with refused("PasswordResetRequiredException"):
        sign_in(guarded, password=COMMON)
    assert status(guarded) == "RESET_REQUIRED"
    newest = events(guarded)[0]
    assert newest["EventResponse"] == "Fail"
    assert newest["EventRisk"] == {"RiskDecision": "Block", "CompromisedCredentialsDetected": True}
    assert newest["ChallengeResponses"] == [{"ChallengeName": "Password", "ChallengeResponse": "Success"}]
    guarded.idp.forgot_password(ClientId=guarded.client_id, Username="ann")
    guarded.idp.confirm_forgot_password(
        ClientId=guarded.client_id, Username="ann", ConfirmationCode=guarded.inbox.code(email), Password=PASSWORD
    )
    assert "AuthenticationResult" in sign_in(guarded)


def test_a_client_that_hides_users_says_nothing_of_the_password(guarded: App) -> None:
    guarded.sign_up(password=COMMON)
    compromised(guarded, "BLOCK")
    client_id = guarded.client(PreventUserExistenceErrors="ENABLED")["ClientId"]
    with refused("NotAuthorizedException", "Incorrect username or password."):
        guarded.start(password=COMMON, client_id=client_id)
    assert status(guarded) == "RESET_REQUIRED"


def test_a_wrong_password_is_not_looked_at(guarded: App) -> None:
    guarded.sign_up()
    compromised(guarded, "BLOCK")
    with refused("NotAuthorizedException", "Incorrect username or password."):
        sign_in(guarded, password=COMMON)
    assert status(guarded) == "CONFIRMED"


def test_in_audit_a_common_password_is_only_noted(audited: App) -> None:
    compromised(audited, "BLOCK")
    audited.sign_up(password=COMMON)
    assert "AuthenticationResult" in sign_in(audited, password=COMMON)
    newest = events(audited)[0]
    assert newest["EventResponse"] == "Pass"
    assert newest["EventRisk"] == {"RiskDecision": "NoRisk", "CompromisedCredentialsDetected": True}
    assert status(audited) == "CONFIRMED"


def test_new_passwords_are_looked_at(guarded: App) -> None:
    email = guarded.sign_up()
    access = sign_in(guarded)["AuthenticationResult"]["AccessToken"]
    compromised(guarded, "BLOCK", "PASSWORD_CHANGE")
    with refused("InvalidPasswordException"):
        guarded.idp.change_password(AccessToken=access, PreviousPassword=PASSWORD, ProposedPassword=COMMON)
    assert events(guarded)[0]["EventType"] == "PasswordChange"
    assert events(guarded)[0]["EventRisk"]["CompromisedCredentialsDetected"] is True
    guarded.idp.forgot_password(ClientId=guarded.client_id, Username="ann")
    code = guarded.inbox.code(email)
    with refused("InvalidPasswordException"):
        guarded.idp.confirm_forgot_password(
            ClientId=guarded.client_id, Username="ann", ConfirmationCode=code, Password=COMMON
        )
    guarded.idp.confirm_forgot_password(
        ClientId=guarded.client_id, Username="ann", ConfirmationCode=code, Password="Another-9-horse"
    )
    assert "AuthenticationResult" in sign_in(guarded, password="Another-9-horse")


def test_the_answer_to_a_new_password_challenge_is_looked_at(guarded: App) -> None:
    guarded.idp.admin_create_user(
        UserPoolId=guarded.pool_id, Username="ann", TemporaryPassword=COMMON, MessageAction="SUPPRESS"
    )
    compromised(guarded, "BLOCK")
    session = sign_in(guarded, password=COMMON)["Session"]

    def answer(password: str) -> Any:
        return guarded.idp.respond_to_auth_challenge(
            ClientId=guarded.client_id,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=session,
            ChallengeResponses={"USERNAME": "ann", "NEW_PASSWORD": password},
        )

    with refused("InvalidPasswordException"):
        answer("qwerty123")
    assert "AuthenticationResult" in answer(PASSWORD)


def test_administrators_passwords_are_not_looked_at(guarded: App) -> None:
    guarded.sign_up()
    compromised(guarded, "BLOCK", "PASSWORD_CHANGE", "SIGN_UP")
    guarded.idp.admin_set_user_password(UserPoolId=guarded.pool_id, Username="ann", Password=COMMON, Permanent=True)
    assert "AuthenticationResult" in sign_in(guarded, password=COMMON)


def test_the_first_sign_in_is_no_risk_and_an_unusual_one_is_blocked(guarded: App) -> None:
    guarded.sign_up()
    takeover(guarded, "BLOCK")
    assert "AuthenticationResult" in sign_in(guarded, HOME)
    assert events(guarded)[0]["EventRisk"] == {"RiskDecision": "NoRisk", "CompromisedCredentialsDetected": False}
    assert "AuthenticationResult" in sign_in(guarded, "192.0.2.99")
    with refused("NotAuthorizedException", BLOCKED):
        sign_in(guarded, AWAY, FIREFOX_LINUX)
    newest = events(guarded)[0]
    assert newest["EventResponse"] == "Fail"
    assert newest["EventRisk"] == {
        "RiskDecision": "Block",
        "RiskLevel": "High",
        "CompromisedCredentialsDetected": False,
    }
    assert newest["ChallengeResponses"] == [{"ChallengeName": "Password", "ChallengeResponse": "Success"}]
    # A blocked try teaches nothing.
    with refused("NotAuthorizedException", BLOCKED):
        sign_in(guarded, AWAY, FIREFOX_LINUX)
    assert "AuthenticationResult" in sign_in(guarded, HOME)


def test_the_risk_is_looked_at_only_after_the_right_password(guarded: App) -> None:
    guarded.sign_up()
    sign_in(guarded, HOME)
    takeover(guarded, "BLOCK")
    with refused("NotAuthorizedException", "Incorrect username or password."):
        sign_in(guarded, AWAY, FIREFOX_LINUX, password="Wrong-9-horse")


def test_each_level_has_its_action(guarded: App) -> None:
    guarded.sign_up()
    configure(
        guarded,
        AccountTakeoverRiskConfiguration={
            "Actions": {"LowAction": action("NO_ACTION"), "MediumAction": action("BLOCK")}
        },
    )
    sign_in(guarded, HOME)
    with refused("NotAuthorizedException", BLOCKED):
        sign_in(guarded, AWAY, EDGE_WINDOWS)
    assert events(guarded)[0]["EventRisk"]["RiskLevel"] == "Medium"
    assert "AuthenticationResult" in sign_in(guarded, AWAY)
    assert events(guarded)[0]["EventRisk"] == {
        "RiskDecision": "AccountTakeover",
        "RiskLevel": "Low",
        "CompromisedCredentialsDetected": False,
    }


def test_mfa_actions_for_a_user_without_mfa(guarded: App) -> None:
    guarded.sign_up()
    sign_in(guarded, HOME)
    takeover(guarded, "MFA_REQUIRED")
    with refused("NotAuthorizedException", BLOCKED):
        sign_in(guarded, AWAY)
    takeover(guarded, "MFA_IF_CONFIGURED")
    assert "AuthenticationResult" in sign_in(guarded, AWAY)


def test_in_audit_the_level_is_noted_and_nothing_done(audited: App) -> None:
    audited.sign_up()
    sign_in(audited, HOME)
    takeover(audited, "BLOCK", notify=True)
    count = len(audited.inbox.messages("ann@example.com"))
    assert "AuthenticationResult" in sign_in(audited, AWAY, FIREFOX_LINUX)
    assert events(audited)[0]["EventRisk"]["RiskLevel"] == "High"
    assert len(audited.inbox.messages("ann@example.com")) == count


def test_skipped_addresses_are_not_assessed_but_their_passwords_are(guarded: App) -> None:
    guarded.sign_up(password=COMMON)
    sign_in(guarded, HOME, password=COMMON)
    actions = {f"{level}Action": action("BLOCK") for level in ("Low", "Medium", "High")}
    sections: dict[str, Any] = {
        "AccountTakeoverRiskConfiguration": {"Actions": actions},
        "RiskExceptionConfiguration": {"SkippedIPRangeList": ["198.51.100.0/24"]},
    }
    configure(guarded, **sections)
    assert "AuthenticationResult" in sign_in(guarded, AWAY, FIREFOX_LINUX, password=COMMON)
    assert events(guarded)[0]["EventRisk"]["RiskDecision"] == "NoRisk"
    configure(guarded, **sections, CompromisedCredentialsRiskConfiguration={"Actions": {"EventAction": "BLOCK"}})
    with refused("PasswordResetRequiredException"):
        sign_in(guarded, AWAY, FIREFOX_LINUX, password=COMMON)


def test_feedback_changes_later_assessments(guarded: App) -> None:
    guarded.sign_up()
    sign_in(guarded, HOME)
    takeover(guarded, "BLOCK")
    with refused("NotAuthorizedException", BLOCKED):
        sign_in(guarded, AWAY)
    names = {"UserPoolId": guarded.pool_id, "Username": "ann"}
    event_id = events(guarded)[0]["EventId"]
    guarded.idp.admin_update_auth_event_feedback(**names, EventId=event_id, FeedbackValue="Valid")
    assert "AuthenticationResult" in sign_in(guarded, AWAY)
    for event in events(guarded):
        if event["EventContextData"]["IpAddress"] == AWAY:
            guarded.idp.admin_update_auth_event_feedback(**names, EventId=event["EventId"], FeedbackValue="Invalid")
    with refused("NotAuthorizedException", BLOCKED):
        sign_in(guarded, AWAY)
    assert events(guarded)[0]["EventRisk"]["RiskLevel"] == "High"


def links(app: App) -> dict[str, str]:
    """Return the two links of the last notice."""
    text = app.inbox.messages("ann@example.com")[-1].replace("=\n", "").replace("=3D", "=")
    return {name: path for path, name in re.findall(r"http://localhost:8000(/\S+/eventFeedback\?(\w+)=[\w-]+)", text)}


def test_a_notice_has_the_texts_of_the_settings_and_links_that_work(guarded: App) -> None:
    guarded.sign_up()
    sign_in(guarded, HOME)
    body = "At {login-time} by {device-name} from {city}, {country}.\n{one-click-link-valid}\n{one-click-link-invalid}"
    takeover(guarded, "BLOCK", notify=True, BlockEmail={"Subject": "Stopped <it>", "TextBody": body})
    with time_machine.travel("2027-03-04T05:06:07Z", tick=False), refused("NotAuthorizedException", BLOCKED):
        sign_in(guarded, AWAY, FIREFOX_LINUX)
    message = guarded.inbox.messages("ann@example.com")[-1]
    assert "Subject: Stopped <it>" in message
    assert "At Thu Mar 04 05:06:07 UTC 2027 by Firefox 127, Linux from unknown, unknown." in message
    found = links(guarded)
    assert set(found) == {"valid", "invalid"}
    browser = Client()
    with time_machine.travel("2027-03-05T00:00:00Z"):
        page = browser.get(found["valid"])
        assert page.status_code == 200
        assert "EventFeedback" not in events(guarded)[0]
        assert browser.post(found["valid"], {"_csrf": "wrong"}).status_code == 200
        assert "EventFeedback" not in events(guarded)[0]
        done = browser.post(found["valid"], {"_csrf": browser.cookies["XSRF-TOKEN"].value})
        assert "Thank you" in done.content.decode()
        feedback = events(guarded)[0]["EventFeedback"]
        assert (feedback["FeedbackValue"], feedback["Provider"]) == ("Valid", "User")
        again = browser.post(found["valid"], {"_csrf": browser.cookies["XSRF-TOKEN"].value})
        assert again.status_code == 400
        assert "no longer valid" in again.content.decode()
        browser.post(found["invalid"], {"_csrf": browser.cookies["XSRF-TOKEN"].value})
        assert events(guarded)[0]["EventFeedback"]["FeedbackValue"] == "Invalid"
    with time_machine.travel("2027-03-12T00:00:00Z"):
        assert browser.get(found["valid"]).status_code == 400


def test_feedback_pages_refuse_what_is_no_token(guarded: App, app: App) -> None:
    assert Client().get(f"/{guarded.pool_id}/eventFeedback?valid=abc").status_code == 400
    assert "/error?" in Client().get(f"/{guarded.pool_id}/eventFeedback")["Location"]


def test_a_sign_in_that_is_let_pass_is_told_of_too(guarded: App) -> None:
    guarded.sign_up()
    sign_in(guarded, HOME)
    page = {"Subject": "Seen", "HtmlBody": "<p>{device-name}</p>", "TextBody": "plain text"}
    takeover(guarded, "NO_ACTION", notify=True, NoActionEmail=page)
    assert "AuthenticationResult" in sign_in(guarded, AWAY)
    assert "<p>Chrome 126, Windows 10</p>" in guarded.inbox.messages("ann@example.com")[-1]
    count = len(guarded.inbox.messages("ann@example.com"))
    with refused("NotAuthorizedException"):
        sign_in(guarded, "203.0.113.9", FIREFOX_LINUX, password="Wrong-9-horse")
    sign_in(guarded, AWAY)
    assert len(guarded.inbox.messages("ann@example.com")) == count


def test_a_notice_that_cannot_be_sent_does_not_stop_the_sign_in(guarded: App, settings: Settings) -> None:
    guarded.sign_up()
    sign_in(guarded, HOME)
    takeover(guarded, "NO_ACTION", notify=True)
    settings.EMAIL_BACKEND = "tests.nowhere.Backend"
    assert "AuthenticationResult" in sign_in(guarded, AWAY)


def context(ip: str, agent: str = FIREFOX_LINUX) -> dict[str, Any]:
    """Return a ContextDataType."""
    headers = [{"headerName": "User-agent", "headerValue": agent}]
    return {"IpAddress": ip, "ServerName": "app.example.com", "ServerPath": "/sign-in", "HttpHeaders": headers}


def test_an_administrators_context_data_names_the_source(guarded: App) -> None:
    guarded.sign_up()
    parameters = {
        "UserPoolId": guarded.pool_id,
        "ClientId": guarded.client_id,
        "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": "ann", "PASSWORD": PASSWORD},
    }
    guarded.idp.admin_initiate_auth(**parameters, ContextData=context(AWAY))
    data = events(guarded)[0]["EventContextData"]
    assert data == {"IpAddress": AWAY, "DeviceName": "Firefox 127, Linux", "City": "null"}
    for wrong in ("", "300.1.1.1", "example.com"):
        with refused("InvalidParameterException"):
            guarded.idp.admin_initiate_auth(**parameters, ContextData=context(wrong))
    configure(guarded, RiskExceptionConfiguration={"BlockedIPRangeList": ["198.51.100.0/24"]})
    with refused("NotAuthorizedException", BLOCKED):
        guarded.idp.admin_initiate_auth(**parameters, ContextData=context(AWAY))


def test_user_context_data_is_heard_only_from_confidential_clients_that_may(guarded: App) -> None:
    guarded.sign_up()
    sign_in(guarded, HOME, UserContextData={"IpAddress": AWAY, "EncodedData": "x" * 20_000})
    assert events(guarded)[0]["EventContextData"]["IpAddress"] == HOME
    with refused("InvalidParameterException"):
        sign_in(guarded, HOME, UserContextData={"IpAddress": "nowhere"})
    client = guarded.client(GenerateSecret=True, EnablePropagateAdditionalUserContextData=True)
    client_at(HOME).sign_up(
        ClientId=client["ClientId"],
        Username="bob",
        Password=PASSWORD,
        SecretHash=secret_hash("bob", client),
        UserAttributes=[{"Name": "email", "Value": "bob@example.com"}],
        UserContextData={"IpAddress": AWAY},
    )
    assert events(guarded, "bob")[0]["EventContextData"]["IpAddress"] == AWAY
    settings_without = {"GenerateSecret": True, "ClientName": "other"}
    other = guarded.client(**settings_without)
    client_at(HOME).resend_confirmation_code(
        ClientId=other["ClientId"],
        Username="bob",
        SecretHash=secret_hash("bob", other),
        UserContextData={"IpAddress": AWAY},
    )
    assert events(guarded, "bob")[0]["EventContextData"]["IpAddress"] == HOME


def secret_hash(name: str, client: dict[str, Any]) -> str:
    """Return the SECRET_HASH of a sign-in name."""
    return clients.secret_hash(name, client["ClientId"], client["ClientSecret"])
