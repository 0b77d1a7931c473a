"""The record of sessions: what begins, uses and ends one, who sees it, the limit, links between sessions."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cognito_app.core import clock
from cognito_app.models import BrowserSession, UserSession
from cognito_app.services import upkeep
from tests.aws.test_session_configuration import track
from tests.conftest import PASSWORD, App, make_app, refused
from tests.oauth.browser import CALLBACK, Site

pytestmark = pytest.mark.django_db

CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
REVOKED = "Access Token has been revoked"


@pytest.fixture
def tracked(app: App) -> App:
    """A pool that tracks sessions, with a user."""
    app.sign_up()
    track(app)
    return app


def mine(app: App, tokens: dict[str, Any]) -> list[dict[str, Any]]:
    """List the sessions of a token's owner."""
    sessions: list[dict[str, Any]] = app.idp.list_user_sessions(AccessToken=tokens["AccessToken"])["Sessions"]
    return sessions


def seen(app: App, name: str = "ann") -> list[dict[str, Any]]:
    """List a user's sessions as an administrator."""
    answer = app.idp.admin_list_user_sessions(UserPoolId=app.pool_id, Username=name)
    sessions: list[dict[str, Any]] = answer["Sessions"]
    return sessions


def current(app: App, tokens: dict[str, Any]) -> str:
    """Return the id of a token's own session."""
    (found,) = [item["SessionId"] for item in mine(app, tokens) if item["IsCurrentSession"]]
    return str(found)


def works(app: App, tokens: dict[str, Any]) -> bool:
    """Whether access and refresh token are good; they must agree."""
    outcomes = []
    calls: list[Callable[[], Any]] = [
        lambda: app.idp.get_user(AccessToken=tokens["AccessToken"]),
        lambda: app.idp.get_tokens_from_refresh_token(
            ClientId=tokens.get("ClientId", app.client_id), RefreshToken=tokens["RefreshToken"]
        ),
    ]
    for call in calls:
        try:
            call()
            outcomes.append("")
        except app.idp.exceptions.NotAuthorizedException as error:
            outcomes.append(error.response["Error"]["Message"])
    assert outcomes in (["", ""], [REVOKED, "Refresh Token has been revoked"])
    return outcomes[0] == ""


def hosted(site: Site, code: str | None = None) -> dict[str, Any]:
    """Sign in on the pages, or take the code of a silent sign-in, and return the tokens with AWS's names."""
    body = site.exchange(code or site.code(scope="openid aws.cognito.signin.user.admin")).json()
    return {
        "AccessToken": body["access_token"],
        "RefreshToken": body["refresh_token"],
        "ClientId": site.client["ClientId"],
    }


def silent(site: Site) -> dict[str, Any]:
    """Get tokens by the browser's session."""
    answer = site.get("oauth2/authorize", **site.request(scope="openid aws.cognito.signin.user.admin"))
    assert answer["Location"].startswith(CALLBACK), answer["Location"]
    return hosted(site, re.findall(r"code=([^&]+)", answer["Location"])[0])


@pytest.mark.operation("ListUserSessions")
@pytest.mark.operation("AdminListUserSessions")
def test_each_sign_in_is_a_session_of_its_own(tracked: App) -> None:
    other = tracked.client()["ClientId"]
    first, second = tracked.sign_in(), tracked.sign_in(client_id=other)
    listed = mine(tracked, second)
    assert [item["ClientId"] for item in listed] == [other, tracked.client_id]
    assert [item["IsCurrentSession"] for item in listed] == [True, False]
    assert [item["IsCurrentSession"] for item in mine(tracked, first)] == [False, True]
    item = listed[0]
    assert re.fullmatch(r"tkn[a-z0-9]{25}", item["SessionId"])
    assert item["SessionType"] == "TOKEN"
    assert item["CreateDate"] == item["LastActiveDate"]
    assert item["DeviceType"].startswith("Boto3")
    assert item["LastIPAddress"] == "127.0.0.1"
    assert item["LastLocation"] == {"Country": "unknown"}
    assert "OriginSessionId" not in item
    assert seen(tracked) == [{**item, "IsCurrentSession": False} for item in listed]


def test_nothing_is_recorded_without_tracking(app: App) -> None:
    app.sign_up()
    tokens = app.sign_in()
    hosted(Site(app))
    assert UserSession.objects.count() == 0
    assert mine(app, tokens) == seen(app) == []
    with refused("ResourceNotFoundException"):
        app.idp.admin_revoke_user_session(UserPoolId=app.pool_id, Username="ann", SessionId="tkn" + "a" * 25)


def test_tracking_costs_nothing_where_it_is_off(app: App) -> None:
    app.sign_up()
    for call in (app.sign_in, lambda: hosted(Site(app)), lambda: works(app, app.sign_in())):
        with CaptureQueriesContext(connection) as captured:
            call()
        assert [item["sql"] for item in captured.captured_queries if "usersession" in item["sql"]] == []


def test_sessions_from_before_are_unknown_and_those_of_a_pause_are_hidden(app: App) -> None:
    app.sign_up()
    before = app.sign_in()
    track(app)
    assert mine(app, before) == []
    during = app.sign_in()
    assert len(mine(app, during)) == 1
    track(app, "DISABLED")
    assert mine(app, during) == []
    app.idp.revoke_token(ClientId=app.client_id, Token=during["RefreshToken"])
    track(app)
    assert seen(app) == []


@pytest.mark.operation("GetTokensFromRefreshToken")
def test_refresh_and_rotation_are_activity(tracked: App) -> None:
    rotating = tracked.client(
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
        RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
    )["ClientId"]
    start = clock.now()
    one, two = tracked.sign_in(), tracked.sign_in(client_id=rotating)
    assert [item["ClientId"] for item in seen(tracked)] == [rotating, tracked.client_id]
    with time_machine.travel(start + timedelta(minutes=5)):
        tracked.idp.initiate_auth(
            ClientId=tracked.client_id,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": one["RefreshToken"]},
        )
        listed = seen(tracked)
        assert [item["ClientId"] for item in listed] == [tracked.client_id, rotating]
        assert listed[0]["LastActiveDate"] - listed[0]["CreateDate"] >= timedelta(minutes=4)
    with time_machine.travel(start + timedelta(minutes=6)):
        tracked.idp.get_tokens_from_refresh_token(ClientId=rotating, RefreshToken=two["RefreshToken"])
        listed = seen(tracked)
    assert [item["ClientId"] for item in listed] == [rotating, tracked.client_id]
    assert len(listed) == 2


def test_the_least_recently_used_session_gives_way(tracked: App) -> None:
    track(tracked, limit=2)
    start = clock.now()

    def at(minutes: int) -> Any:
        return time_machine.travel(start + timedelta(minutes=minutes))

    with at(0):
        first = tracked.sign_in()
    with at(1):
        second = tracked.sign_in()
    with at(2):
        tracked.idp.get_tokens_from_refresh_token(ClientId=tracked.client_id, RefreshToken=first["RefreshToken"])
    with at(3):
        third = tracked.sign_in()
        assert [works(tracked, tokens) for tokens in (first, second, third)] == [True, False, True]
        assert len(seen(tracked)) == 2
        track(tracked, limit=1)
        assert len(seen(tracked)) == 2
        assert works(tracked, first)
    with at(4):
        fourth = tracked.sign_in()
        assert [works(tracked, tokens) for tokens in (first, third, fourth)] == [False, False, True]
        assert current(tracked, fourth) == seen(tracked)[0]["SessionId"]


def test_the_limit_counts_live_token_sessions_of_one_user_only(tracked: App) -> None:
    track(tracked, limit=1)
    tracked.sign_up("bob")
    start = clock.now()
    ann, bob = tracked.sign_in(), tracked.sign_in("bob")
    site = Site(tracked)
    other = hosted(site)
    assert not works(tracked, ann)
    assert works(tracked, bob)
    assert works(tracked, other)
    assert sorted(item["SessionType"] for item in seen(tracked)) == ["SSO", "TOKEN"]
    with time_machine.travel(start + timedelta(days=31)):
        assert seen(tracked) == []
        tracked.sign_in()
        assert len(seen(tracked)) == 1


@pytest.mark.operation("RevokeUserSession")
def test_user_revokes_another_session_but_not_the_own_one(tracked: App) -> None:
    one, two = tracked.sign_in(), tracked.sign_in()
    own, other = current(tracked, one), current(tracked, two)
    with refused("InvalidParameterException"):
        tracked.idp.revoke_user_session(AccessToken=one["AccessToken"], SessionId=own)
    tracked.idp.revoke_user_session(AccessToken=one["AccessToken"], SessionId=other)
    assert [works(tracked, tokens) for tokens in (one, two)] == [True, False]
    assert [item["SessionId"] for item in seen(tracked)] == [own]
    for gone in (other, "tkn" + "a" * 25):
        with refused("ResourceNotFoundException"):
            tracked.idp.revoke_user_session(AccessToken=one["AccessToken"], SessionId=gone)
    with refused("NotAuthorizedException", REVOKED):
        tracked.idp.revoke_user_session(AccessToken=two["AccessToken"], SessionId=own)
    for bad in ("TKN" + "a" * 25, "tkn" + "a" * 24, "abc" + "a" * 25):
        with refused("InvalidParameterException"):
            tracked.idp.revoke_user_session(AccessToken=one["AccessToken"], SessionId=bad)


@pytest.mark.operation("AdminRevokeUserSession")
def test_administrator_revokes_any_session_of_the_named_user_only(tracked: App) -> None:
    tracked.sign_up("bob")
    elsewhere = make_app(tracked.idp, tracked.inbox)
    elsewhere.sign_up()
    track(elsewhere)
    ann, bob = tracked.sign_in(), tracked.sign_in("bob")
    session = current(tracked, ann)
    for pool_id, name in ((tracked.pool_id, "bob"), (elsewhere.pool_id, "ann")):
        with refused("ResourceNotFoundException"):
            tracked.idp.admin_revoke_user_session(UserPoolId=pool_id, Username=name, SessionId=session)
    with refused("ResourceNotFoundException"):
        tracked.idp.revoke_user_session(AccessToken=bob["AccessToken"], SessionId=session)
    with refused("UserNotFoundException"):
        tracked.idp.admin_revoke_user_session(UserPoolId=tracked.pool_id, Username="nobody", SessionId=session)
    with refused("UserNotFoundException"):
        tracked.idp.admin_list_user_sessions(UserPoolId=tracked.pool_id, Username="nobody")
    assert works(tracked, ann)
    tracked.idp.admin_revoke_user_session(UserPoolId=tracked.pool_id, Username="ann", SessionId=session)
    assert not works(tracked, ann)
    assert works(tracked, bob)
    assert seen(tracked) == []


def test_lists_have_one_page_and_foreign_tokens_are_refused(tracked: App) -> None:
    tokens = tracked.sign_in()
    with refused("InvalidParameterException"):
        tracked.idp.list_user_sessions(AccessToken=tokens["AccessToken"], NextToken="x")
    with refused("InvalidParameterException"):
        tracked.idp.admin_list_user_sessions(UserPoolId=tracked.pool_id, Username="ann", NextToken="x")
    with refused("NotAuthorizedException", "Invalid Access Token"):
        tracked.idp.list_user_sessions(AccessToken=tokens["IdToken"])
    with (
        time_machine.travel(clock.now() + timedelta(hours=2)),
        refused("NotAuthorizedException", "Access Token has expired"),
    ):
        tracked.idp.list_user_sessions(AccessToken=tokens["AccessToken"])


def test_disabling_a_user_ends_every_session(tracked: App) -> None:
    site = Site(tracked)
    tokens = hosted(site)
    tracked.idp.admin_disable_user(UserPoolId=tracked.pool_id, Username="ann")
    assert seen(tracked) == []
    tracked.idp.admin_enable_user(UserPoolId=tracked.pool_id, Username="ann")
    assert seen(tracked) == []
    assert not works(tracked, tokens)


def test_a_new_password_ends_every_session_but_the_one_that_set_it(tracked: App) -> None:
    one, two = tracked.sign_in(), tracked.sign_in()
    site = Site(tracked)
    hosted(site)
    own = current(tracked, one)
    tracked.idp.change_password(
        AccessToken=one["AccessToken"], PreviousPassword=PASSWORD, ProposedPassword="Another-Horse-9!"
    )
    assert [item["SessionId"] for item in mine(tracked, one)] == [own]
    with refused("NotAuthorizedException", "Refresh Token has been revoked"):
        tracked.idp.get_tokens_from_refresh_token(ClientId=tracked.client_id, RefreshToken=two["RefreshToken"])
    tracked.idp.admin_set_user_password(UserPoolId=tracked.pool_id, Username="ann", Password=PASSWORD, Permanent=True)
    assert seen(tracked) == []


def test_expired_sessions_are_not_listed_and_are_swept(tracked: App) -> None:
    start = clock.now()
    hosted(Site(tracked))
    assert len(seen(tracked)) == 2
    with time_machine.travel(start + timedelta(minutes=61)):
        assert [item["SessionType"] for item in seen(tracked)] == ["TOKEN"]
        upkeep.sweep()
        assert [item["SessionType"] for item in seen(tracked)] == ["TOKEN"]
        assert UserSession.objects.count() == 1
    with time_machine.travel(start + timedelta(days=30, minutes=1)):
        assert seen(tracked) == []
        upkeep.sweep()
    assert UserSession.objects.count() == 0


def test_sessions_go_with_their_client_their_user_and_their_pool(tracked: App) -> None:
    track(tracked, limit=2)
    other = tracked.client()["ClientId"]
    first = tracked.sign_in()
    tracked.sign_in(client_id=other)
    tracked.idp.delete_user_pool_client(UserPoolId=tracked.pool_id, ClientId=other)
    assert [item["ClientId"] for item in seen(tracked)] == [tracked.client_id]
    tracked.sign_in()
    assert works(tracked, first)
    hosted(Site(tracked))
    tracked.idp.admin_delete_user(UserPoolId=tracked.pool_id, Username="ann")
    assert UserSession.objects.count() == 0
    tracked.sign_up("bob")
    hosted_site = Site(tracked)
    hosted_site.get("login", **hosted_site.request())
    tracked.sign_in("bob")
    tracked.idp.delete_user_pool(UserPoolId=tracked.pool_id)
    assert UserSession.objects.count() == 0


def test_a_long_list_is_cut_at_125_and_takes_few_queries(tracked: App) -> None:
    tokens = tracked.sign_in()
    user = UserSession.objects.get().user
    now = clock.now()
    rows = []
    for position in range(130):
        browser = BrowserSession.objects.create(
            token_hash=f"hash {position}".encode(),
            pool_id=tracked.pool_id,
            user=user,
            authenticated_at=now,
            expires_at=now + timedelta(hours=1),
        )
        rows.append(
            UserSession(
                id=f"sso{position:025d}",
                user=user,
                client_id=tracked.client_id,
                browser=browser,
                created_at=now,
                last_active_at=now + timedelta(seconds=position),
                expires_at=now + timedelta(hours=1),
            )
        )
    UserSession.objects.bulk_create(rows)
    with CaptureQueriesContext(connection) as captured:
        listed = mine(tracked, tokens)
    assert len(captured) <= 3
    assert [item["SessionId"] for item in listed[:2]] == [f"sso{129:025d}", f"sso{128:025d}"]
    assert len(listed) == 125


def test_tracked_sign_in_takes_a_fixed_number_of_queries(tracked: App) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            tracked.sign_in()
        marks = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")
        return len([item for item in captured.captured_queries if not item["sql"].startswith(marks)])

    tracked.sign_in()
    few = cost()
    for _ in range(5):
        tracked.sign_in()
    # as without tracking, and: the user's lock (PostgreSQL), the look for surplus sessions, the record
    assert cost() == few <= 12
