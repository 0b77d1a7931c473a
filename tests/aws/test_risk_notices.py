"""Threat protection: notices to users, and where requests come from."""

from __future__ import annotations

import re
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from cognito_app.services import clients
from tests.agents import FIREFOX_LINUX, client_at
from tests.conftest import PASSWORD, App, refused
from tests.threats import (
    AWAY,
    BLOCKED,
    HOME,
    configure,
    events,
    sign_in,
    takeover,
)

pytestmark = pytest.mark.django_db


def links(app: App) -> dict[str, str]:
    """Return the two links of the last notice."""
    text = app.inbox.messages("ann@example.com")[-1].replace("=\n", "").replace("=3D", "=")
    return {name: path for path, name in re.findall(r"http://localhost:8000(/\S+/eventFeedback\?(\w+)=[\w-]+)", text)}


def test_a_notice_has_the_texts_of_the_settings_and_links_that_work(guarded: App) -> None:
    guarded.sign_up()
    sign_in(guarded, HOME)
    body = "At {login-time} by {device-name} from {city}, {country}.\n{one-click-link-valid}\n{one-click-link-invalid}"
    takeover(guarded, "BLOCK", notify=True, BlockEmail={"Subject": "Stopped <it>", "TextBody": body})
    with time_machine.travel("2100-03-04T05:06:07Z", tick=False), refused("NotAuthorizedException", BLOCKED):
        sign_in(guarded, AWAY, FIREFOX_LINUX)
    message = guarded.inbox.messages("ann@example.com")[-1]
    assert "Subject: Stopped <it>" in message
    assert "At Thu Mar 04 05:06:07 UTC 2100 by Firefox 127, Linux from unknown, unknown." in message
    found = links(guarded)
    assert set(found) == {"valid", "invalid"}
    browser = Client()
    with time_machine.travel("2100-03-05T00:00:00Z"):
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
    with time_machine.travel("2100-03-12T00:00:00Z"):
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
