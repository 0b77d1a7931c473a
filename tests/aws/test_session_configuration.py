"""Settings of session tracking: defaults, replacement, tiers, and what a client's setting does to single sign-on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from pytest_django import Settings

from cognito_app.core import clock
from cognito_app.models import BrowserSession
from tests.conftest import PASSWORD, App, make_app, refused
from tests.oauth.browser import Site

pytestmark = pytest.mark.django_db


def track(app: App, tracking: str = "ENABLED", limit: int = 20) -> Any:
    """Set the pool's tracking."""
    return app.idp.set_user_pool_session_configuration(
        UserPoolId=app.pool_id, UserSessionTracking=tracking, TokenSession={"MaxPerUser": limit}
    )


def reuse(app: App, client_id: str, minutes: int) -> Any:
    """Set how long a client goes on with a browser's session."""
    return app.idp.set_user_pool_client_session_configuration(
        UserPoolId=app.pool_id, ClientId=client_id, SSOSession={"MaxValidityMinutes": minutes}
    )


def facts(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without botocore's metadata."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


@pytest.mark.operation("GetUserPoolSessionConfiguration")
@pytest.mark.operation("SetUserPoolSessionConfiguration")
def test_pool_setting_has_defaults_and_is_replaced(app: App) -> None:
    def get() -> Any:
        return facts(app.idp.get_user_pool_session_configuration(UserPoolId=app.pool_id))

    assert get() == {
        "UserPoolId": app.pool_id,
        "UserSessionTracking": "DISABLED",
        "TokenSession": {"MaxPerUser": 20},
    }
    assert facts(track(app, limit=3)) == get()
    assert get() == {"UserPoolId": app.pool_id, "UserSessionTracking": "ENABLED", "TokenSession": {"MaxPerUser": 3}}
    assert facts(track(app, "DISABLED", 100)) == get()
    assert get()["TokenSession"] == {"MaxPerUser": 100}


@pytest.mark.operation("GetUserPoolClientSessionConfiguration")
@pytest.mark.operation("SetUserPoolClientSessionConfiguration")
def test_client_setting_needs_tracking_and_sleeps_without_it(app: App) -> None:
    def get() -> Any:
        return facts(app.idp.get_user_pool_client_session_configuration(UserPoolId=app.pool_id, ClientId=app.client_id))

    default = {"UserPoolId": app.pool_id, "ClientId": app.client_id, "SSOSession": {"MaxValidityMinutes": 60}}
    assert get() == default
    with refused("InvalidParameterException"):
        reuse(app, app.client_id, 5)
    assert get() == default
    track(app)
    assert facts(reuse(app, app.client_id, 0)) == get()
    assert get()["SSOSession"] == {"MaxValidityMinutes": 0}
    track(app, "DISABLED")
    with refused("InvalidParameterException"):
        reuse(app, app.client_id, 5)
    track(app)
    assert get()["SSOSession"] == {"MaxValidityMinutes": 0}


def test_updates_of_pool_and_client_keep_the_session_settings(app: App) -> None:
    track(app, limit=7)
    reuse(app, app.client_id, 9)
    app.idp.update_user_pool(UserPoolId=app.pool_id)
    app.idp.update_user_pool_client(UserPoolId=app.pool_id, ClientId=app.client_id)
    pool = app.idp.get_user_pool_session_configuration(UserPoolId=app.pool_id)
    client = app.idp.get_user_pool_client_session_configuration(UserPoolId=app.pool_id, ClientId=app.client_id)
    assert (pool["UserSessionTracking"], pool["TokenSession"]) == ("ENABLED", {"MaxPerUser": 7})
    assert client["SSOSession"] == {"MaxValidityMinutes": 9}


@pytest.mark.parametrize("limit", [0, 101, -1])
def test_limits_out_of_range_are_refused(app: App, limit: int) -> None:
    with refused("InvalidParameterException"):
        track(app, limit=limit)
    answer = app.idp.get_user_pool_session_configuration(UserPoolId=app.pool_id)
    assert answer["UserSessionTracking"] == "DISABLED"


def test_minutes_out_of_range_and_unknown_values_are_refused(app: App) -> None:
    with refused("InvalidParameterException"):
        track(app, tracking="ON")
    with refused("InvalidParameterException"):
        app.idp.set_user_pool_session_configuration(UserPoolId=app.pool_id, UserSessionTracking="ENABLED")
    track(app)
    for minutes in (-1, 129_601):
        with refused("InvalidParameterException"):
            reuse(app, app.client_id, minutes)
    assert facts(reuse(app, app.client_id, 129_600))["SSOSession"] == {"MaxValidityMinutes": 129_600}


def test_lite_pools_have_no_session_settings(app: App, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "ALL_FEATURES": False}
    lite = make_app(app.idp, app.inbox, UserPoolTier="LITE")
    for tracking in ("ENABLED", "DISABLED"):
        with refused("FeatureUnavailableInTierException"):
            track(lite, tracking)
    with refused("FeatureUnavailableInTierException"):
        reuse(lite, lite.client_id, 5)
    answer = app.idp.get_user_pool_session_configuration(UserPoolId=lite.pool_id)
    assert answer["UserSessionTracking"] == "DISABLED"


def test_unknown_pools_and_clients_of_other_pools_are_not_found(app: App) -> None:
    other = make_app(app.idp, app.inbox)
    track(app)
    gone = f"{app.pool_id.split('_')[0]}_000000000"
    with refused("ResourceNotFoundException", f"User pool {gone} does not exist."):
        app.idp.get_user_pool_session_configuration(UserPoolId=gone)
    with refused("ResourceNotFoundException"):
        app.idp.set_user_pool_session_configuration(
            UserPoolId=gone, UserSessionTracking="ENABLED", TokenSession={"MaxPerUser": 1}
        )
    with refused("ResourceNotFoundException"):
        reuse(app, other.client_id, 5)
    with refused("ResourceNotFoundException"):
        app.idp.get_user_pool_client_session_configuration(UserPoolId=app.pool_id, ClientId=other.client_id)


def asks_to_sign_in(answer: Any) -> bool:
    """Whether an answer of the authorization endpoint leads to the sign-in page, not to the client with a code."""
    location = urlsplit(answer["Location"])
    assert answer.status_code == 302
    assert location.path.endswith("/login") or "code" in parse_qs(location.query), answer["Location"]
    return str(location.path).endswith("/login")


def test_client_goes_on_with_a_browsers_session_within_its_own_time(app: App) -> None:
    app.sign_up()
    track(app)
    site = Site(app)
    other = Site(app)
    other.browser = site.browser
    reuse(app, site.client["ClientId"], 10)
    reuse(app, other.client["ClientId"], 600)
    start = clock.now()
    with time_machine.travel(start):
        site.code()
        assert int(site.browser.cookies["cognito"]["max-age"]) == 600 * 60
    for minutes, asks, other_asks in ((9, False, False), (11, True, False), (599, True, False), (601, True, True)):
        with time_machine.travel(start + timedelta(minutes=minutes)):
            answer = site.get("oauth2/authorize", **site.request())
            assert asks_to_sign_in(answer) is asks, minutes
            answer = other.get("oauth2/authorize", **other.request())
            assert asks_to_sign_in(answer) is other_asks, minutes


def test_zero_minutes_ask_always_but_other_clients_go_on(app: App) -> None:
    app.sign_up()
    track(app)
    site, other = Site(app), Site(app)
    other.browser = site.browser
    reuse(app, site.client["ClientId"], 0)
    site.code()
    assert asks_to_sign_in(site.get("oauth2/authorize", **site.request()))
    silent = site.get("oauth2/authorize", **site.request(prompt="none"))
    assert parse_qs(urlsplit(silent["Location"]).query)["error"] == ["login_required"]
    assert not asks_to_sign_in(other.get("oauth2/authorize", **other.request()))


def test_without_tracking_every_client_has_an_hour(app: App) -> None:
    app.sign_up()
    track(app)
    site = Site(app)
    reuse(app, site.client["ClientId"], 600)
    start = clock.now()
    with time_machine.travel(start):
        site.code()
    track(app, "DISABLED")
    with time_machine.travel(start + timedelta(minutes=59)):
        assert not asks_to_sign_in(site.get("oauth2/authorize", **site.request()))
    with time_machine.travel(start + timedelta(minutes=61)):
        assert asks_to_sign_in(site.get("oauth2/authorize", **site.request()))
        answer = site.submit("login", {"username": "ann", "password": PASSWORD})
        assert int(answer.cookies["cognito"]["max-age"]) == 3600
    assert BrowserSession.objects.count() == 2
