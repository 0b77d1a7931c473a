"""T14 of the quality chapter: two users in one browser, and logout at that moment: nobody gets the other's data.

Full size (marker ``slow``): 1,000 runs. By default 6.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from django.db import connection
from django.test import Client

from cognito_app.models import BrowserSession
from tests.conftest import PASSWORD, App
from tests.oauth.browser import Site

pytestmark = pytest.mark.django_db(transaction=True)

RUNS = [pytest.param(6, id="small"), pytest.param(1000, id="full", marks=pytest.mark.slow)]
BYE = "https://app.example.com/bye"
USERS = ("ann", "bob")


def who(site: Site, answer: Any) -> str:
    """Return whose the tokens are that an answer's code gives, or why there is none."""
    query = parse_qs(urlsplit(answer["Location"]).query)
    if "code" not in query:
        return str(query.get("error", ["no code"])[0])
    tokens = site.exchange(query["code"][0]).json()
    if "error" in tokens:
        return str(tokens["error"])
    claims = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    info = Client().get(f"/{site.app.pool_id}/oauth2/userInfo", HTTP_AUTHORIZATION=f"Bearer {tokens['access_token']}")
    assert info.json()["sub"] == claims["sub"]
    return str(claims["cognito:username"])


def sign_in(site: Site, name: str) -> str:
    site.get("login", **site.request())
    return who(site, site.submit("login", {"username": name, "password": PASSWORD}))


@pytest.mark.parametrize("runs", RUNS)
def test_the_browser_belongs_to_who_signed_in_last(app: App, runs: int) -> None:
    for name in USERS:
        app.sign_up(name)
    site = Site(app)
    cookies = set()
    for number in range(runs):
        name = USERS[number % 2]
        assert sign_in(site, name) == name
        cookies.add(site.browser.cookies["cognito"].value)
        assert who(site, site.get("oauth2/authorize", **site.request(prompt="none"))) == name
        if number % 3 == 2:
            site.get("logout", client_id=site.client["ClientId"], logout_uri=BYE)
            assert who(site, site.get("oauth2/authorize", **site.request(prompt="none"))) == "login_required"
    assert len(cookies) == runs


@pytest.mark.parametrize("runs", RUNS)
def test_a_logout_at_the_same_moment_leaves_no_session(app: App, runs: int) -> None:
    for name in USERS:
        app.sign_up(name)
    site = Site(app)
    for number in range(runs // 3):
        name = USERS[number % 2]
        assert sign_in(site, name) == name
        cookie = site.browser.cookies["cognito"].value

        def act(turn: int, cookie: str = cookie) -> str:
            browser = Client()
            browser.cookies["cognito"] = cookie
            try:
                if turn == 1:
                    browser.get(f"/{app.pool_id}/logout", {"client_id": site.client["ClientId"], "logout_uri": BYE})
                    return "out"
                return who(site, browser.get(f"/{app.pool_id}/oauth2/authorize", site.request(prompt="none")))
            finally:
                connection.close()

        with ThreadPoolExecutor(3) as pool:
            found = set(pool.map(act, range(3)))
        assert found <= {"out", name, "login_required"}, found
        assert act(0) == "login_required"
        assert BrowserSession.objects.filter(ended_at=None).count() == 0


def test_an_old_cookie_of_another_user_is_worth_nothing_after_logout(app: App) -> None:
    for name in USERS:
        app.sign_up(name)
    site = Site(app)
    sign_in(site, "ann")
    old = site.browser.cookies["cognito"].value
    site.get("logout", client_id=site.client["ClientId"], logout_uri=BYE)
    sign_in(site, "bob")
    site.browser.cookies["cognito"] = old
    assert who(site, site.get("oauth2/authorize", **site.request(prompt="none"))) == "login_required"
