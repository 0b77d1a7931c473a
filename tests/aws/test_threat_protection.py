"""Threat protection: addresses and levels of risk at sign-up and sign-in."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cognito_app.core import clock, ids
from cognito_app.models import AuthEvent, PoolUser
from tests.agents import EDGE_WINDOWS, FIREFOX_LINUX, client_at
from tests.conftest import PASSWORD, App, refused
from tests.oauth.browser import Site
from tests.test_queries import count
from tests.threats import (
    AWAY,
    BLOCKED,
    COMMON,
    FULL,
    HOME,
    action,
    configure,
    events,
    sign_in,
    takeover,
)

pytestmark = pytest.mark.django_db


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


def test_threat_protection_costs_one_query_a_sign_in(guarded: App, app: App) -> None:
    app.sign_up()
    plain = count(lambda: app.sign_in())
    guarded.sign_up()
    configure(guarded, **FULL)
    assert count(lambda: guarded.sign_in()) == plain + 1


def test_the_history_of_a_user_is_read_by_an_index(guarded: App) -> None:
    guarded.sign_up()
    guarded.sign_up("bob")
    takeover(guarded, "NO_ACTION")
    bob = PoolUser.objects.get(username="bob")
    AuthEvent.objects.bulk_create(
        AuthEvent(id=ids.uuid4(), user=bob, type="SignIn", response="Pass", created_at=clock.now()) for _ in range(2000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with CaptureQueriesContext(connection) as captured:
        guarded.sign_in()
    sql = next(item["sql"] for item in captured.captured_queries if 'FROM "cognito_app_authevent"' in item["sql"])
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("EXPLAIN QUERY PLAN " + sql)
        else:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("EXPLAIN " + sql)
        plan = " ".join(str(part) for row in cursor.fetchall() for part in row)
    assert "auth_event_by_user" in plan
