"""Sessions of browsers and of the tokens that came through them: their links, and what ends which."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine

from cognito_app.core import clock
from cognito_app.models import BrowserSession
from tests.aws.test_session_configuration import reuse, track
from tests.aws.test_user_sessions import current, hosted, seen, silent, works
from tests.conftest import PASSWORD, App, refused
from tests.oauth.browser import CALLBACK, Site

pytestmark = pytest.mark.django_db

CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"


@pytest.fixture
def tracked(app: App) -> App:
    """A pool that tracks sessions, with a user."""
    app.sign_up()
    track(app)
    return app


def test_hosted_sign_in_makes_a_browser_session_and_a_token_session_of_it(tracked: App) -> None:
    site = Site(tracked)
    site.browser.defaults["HTTP_USER_AGENT"] = CHROME
    code = site.code(scope="openid aws.cognito.signin.user.admin")
    (sso,) = seen(tracked)
    assert sso["SessionType"] == "SSO"
    assert re.fullmatch(r"sso[a-z0-9]{25}", sso["SessionId"])
    assert (sso["ClientId"], sso["DeviceType"]) == (site.client["ClientId"], "Chrome on Windows")
    site.browser.defaults["HTTP_USER_AGENT"] = "app server"
    tokens = hosted(site, code)
    token, again = sorted(seen(tracked), key=lambda item: str(item["SessionType"]), reverse=True)
    assert again["SessionId"] == sso["SessionId"] == token["OriginSessionId"]
    assert "OriginSessionId" not in again
    assert token["DeviceType"] == "Chrome on Windows"
    assert current(tracked, tokens) == token["SessionId"]
    other = Site(tracked)
    other.browser = site.browser
    silent(other)
    listed = seen(tracked)
    assert [item["SessionType"] for item in listed].count("SSO") == 1
    assert {item.get("OriginSessionId", sso["SessionId"]) for item in listed} == {sso["SessionId"]}
    assert len(listed) == 3


def test_signing_in_again_in_the_same_browser_keeps_the_record(tracked: App) -> None:
    site = Site(tracked)
    start = clock.now()
    with time_machine.travel(start):
        site.code()
        (before,) = seen(tracked)
        cookie = site.browser.cookies["cognito"].value
    with time_machine.travel(start + timedelta(minutes=10)):
        site.code()
        (after,) = seen(tracked)
    assert site.browser.cookies["cognito"].value != cookie
    assert (after["SessionId"], after["CreateDate"]) == (before["SessionId"], before["CreateDate"])
    assert after["LastActiveDate"] - before["LastActiveDate"] >= timedelta(minutes=9)
    assert BrowserSession.objects.filter(ended_at=None).count() == 1


def test_another_user_in_the_same_browser_ends_the_first_ones_session(tracked: App) -> None:
    tracked.sign_up("bob")
    site = Site(tracked)
    site.code()
    site.get("login", **site.request())
    answer = site.submit("login", {"username": "bob", "password": PASSWORD})
    assert answer.status_code == 302
    assert seen(tracked) == []
    assert [item["SessionType"] for item in seen(tracked, "bob")] == ["SSO"]


@pytest.mark.parametrize("linked", ["NONE", "LINKED", None])
def test_revoking_a_browser_session_ends_what_came_through_it_if_linked(tracked: App, linked: str | None) -> None:
    site = Site(tracked)
    one, two = hosted(site), silent(site)
    api = tracked.sign_in()
    (sso,) = [item["SessionId"] for item in seen(tracked) if item["SessionType"] == "SSO"]
    member = {"RevokeAssociatedSessions": linked} if linked else {}
    tracked.idp.revoke_user_session(AccessToken=api["AccessToken"], SessionId=sso, **member)
    kept = linked != "LINKED"
    assert [works(tracked, tokens) for tokens in (one, two, api)] == [kept, kept, True]
    assert len(seen(tracked)) == (3 if kept else 1)
    assert site.get("oauth2/authorize", **site.request())["Location"].startswith(f"/{tracked.pool_id}/login")


@pytest.mark.parametrize("linked", ["NONE", "LINKED"])
def test_revoking_a_token_session_ends_its_browser_session_but_no_sibling_if_linked(tracked: App, linked: str) -> None:
    site = Site(tracked)
    one, two = hosted(site), silent(site)
    tracked.idp.admin_revoke_user_session(
        UserPoolId=tracked.pool_id,
        Username="ann",
        SessionId=current(tracked, one),
        RevokeAssociatedSessions=linked,
    )
    assert [works(tracked, tokens) for tokens in (one, two)] == [False, True]
    types = sorted(item["SessionType"] for item in seen(tracked))
    assert types == (["TOKEN"] if linked == "LINKED" else ["SSO", "TOKEN"])
    back = site.get("oauth2/authorize", **site.request())["Location"].startswith(CALLBACK)
    assert back is (linked == "NONE")


@pytest.mark.operation("RevokeToken")
@pytest.mark.parametrize("linked", ["NONE", "LINKED", None])
def test_revoke_token_ends_the_session_and_its_browser_session_if_linked(tracked: App, linked: str | None) -> None:
    site = Site(tracked)
    one, two = hosted(site), silent(site)
    member = {"RevokeAssociatedSessions": linked} if linked else {}
    tracked.idp.revoke_token(ClientId=one["ClientId"], Token=one["RefreshToken"], **member)
    assert [works(tracked, tokens) for tokens in (one, two)] == [False, True]
    types = sorted(item["SessionType"] for item in seen(tracked))
    assert types == (["TOKEN"] if linked == "LINKED" else ["SSO", "TOKEN"])
    with refused("InvalidParameterException"):
        tracked.idp.revoke_token(ClientId=two["ClientId"], Token=two["RefreshToken"], RevokeAssociatedSessions="ALL")


def test_linked_means_nothing_without_a_parent_or_tracking(tracked: App) -> None:
    api, site = tracked.sign_in(), Site(tracked)
    one = hosted(site)
    tracked.idp.revoke_token(ClientId=tracked.client_id, Token=api["RefreshToken"], RevokeAssociatedSessions="LINKED")
    assert not works(tracked, api)
    track(tracked, "DISABLED")
    tracked.idp.revoke_token(ClientId=one["ClientId"], Token=one["RefreshToken"], RevokeAssociatedSessions="LINKED")
    assert not works(tracked, one)
    assert site.get("oauth2/authorize", **site.request())["Location"].startswith(CALLBACK)


def test_a_code_from_an_ended_browser_session_is_worth_nothing(tracked: App) -> None:
    site = Site(tracked)
    code = site.code()
    (sso,) = seen(tracked)
    tracked.idp.admin_revoke_user_session(
        UserPoolId=tracked.pool_id, Username="ann", SessionId=sso["SessionId"], RevokeAssociatedSessions="LINKED"
    )
    answer = site.exchange(code)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert seen(tracked) == []


def test_global_sign_out_leaves_the_browser_session(tracked: App) -> None:
    site = Site(tracked)
    tokens, api = hosted(site), tracked.sign_in()
    tracked.idp.global_sign_out(AccessToken=api["AccessToken"])
    assert not works(tracked, tokens)
    assert [item["SessionType"] for item in seen(tracked)] == ["SSO"]
    silent(site)
    assert sorted(item["SessionType"] for item in seen(tracked)) == ["SSO", "TOKEN"]
    tracked.idp.admin_user_global_sign_out(UserPoolId=tracked.pool_id, Username="ann")
    assert [item["SessionType"] for item in seen(tracked)] == ["SSO"]


def test_logout_ends_the_browser_session_alone(tracked: App) -> None:
    site = Site(tracked)
    tokens = hosted(site)
    site.get("logout", client_id=site.client["ClientId"], logout_uri="https://app.example.com/bye")
    (left,) = seen(tracked)
    assert left["SessionType"] == "TOKEN"
    assert works(tracked, tokens)


def test_reuse_time_of_a_client_does_not_end_the_record(tracked: App) -> None:
    site = Site(tracked)
    reuse(tracked, site.client["ClientId"], 0)
    hosted(site)
    assert sorted(item["SessionType"] for item in seen(tracked)) == ["SSO", "TOKEN"]
