"""T13 of the quality chapter: session fixation, and forms that another site sends into somebody's browser.

A sign-in always makes a new session, and what was begun in one browser ends in that browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from django.test import Client
from pytest_django import Settings

from cognito_app.models import BrowserSession
from tests.conftest import PASSWORD, App, Inbox
from tests.oauth.browser import CALLBACK, Site
from tests.pages.forms import arrived, heading, hidden

pytestmark = pytest.mark.django_db

START = "Sign in"
RIGHT = {"username": "ann", "password": PASSWORD}


@pytest.fixture
def site(app: App) -> Site:
    """A pool with the victim, ann, and the attacker, mallory, who has a browser of their own."""
    for name in ("ann", "mallory"):
        app.sign_up(name)
    return Site(app)


@pytest.fixture
def attacker(site: Site) -> Site:
    """The attacker's browser at the same client."""
    other = Site.__new__(Site)
    other.app, other.client, other.browser = site.app, site.client, Client()
    return other


def post(browser: Client, site: Site, fields: Mapping[str, str], page: str = "login", **headers: str) -> Any:
    """Send a form as it is, without the token of the browser's cookie."""
    address = f"/{site.app.pool_id}/{page}?" + urlencode(site.request())
    return browser.post(address, fields, headers=headers)


def sessions() -> int:
    return BrowserSession.objects.filter(ended_at=None).count()


def signed_in_as(site: Site) -> str | None:
    """Return whom the browser's session belongs to."""
    answer = site.get("oauth2/authorize", **site.request(prompt="none"))
    code = parse_qs(urlsplit(answer["Location"]).query).get("code")
    if code is None:
        return None
    claims = jwt.decode(site.exchange(code[0]).json()["id_token"], options={"verify_signature": False})
    return str(claims["cognito:username"])


def is_refused(answer: Any) -> bool:
    """Whether the first form is shown (again), and nobody was signed in."""
    return answer.status_code == 200 and heading(answer).startswith(START) and sessions() == 0


def token_of(site: Site) -> str:
    site.get("login", **site.request())
    return str(site.browser.cookies["XSRF-TOKEN"].value)


def test_a_planted_session_id_is_not_adopted(site: Site) -> None:
    site.browser.cookies["cognito"] = "0" * 43
    site.code()
    assert site.browser.cookies["cognito"].value != "0" * 43
    assert signed_in_as(site) == "ann"


def test_the_attackers_own_session_does_not_become_the_victims(site: Site, attacker: Site) -> None:
    token_of(attacker)
    assert arrived(attacker.submit("login", {**RIGHT, "username": "mallory"}))
    planted = attacker.browser.cookies["cognito"].value
    site.browser.cookies["cognito"] = planted
    site.get("login", **site.request(prompt="login"))
    assert arrived(site.submit("login", RIGHT, prompt="login"))
    assert site.browser.cookies["cognito"].value != planted
    assert signed_in_as(site) == "ann"
    assert signed_in_as(attacker) in (None, "mallory")


def test_every_sign_in_has_a_session_of_its_own(site: Site) -> None:
    seen = set()
    for _ in range(5):
        site.get("login", **site.request(prompt="login"))
        assert arrived(site.submit("login", RIGHT, prompt="login"))
        seen.add(site.browser.cookies["cognito"].value)
    assert len(seen) == 5


def test_a_form_without_a_token_signs_nobody_in(site: Site) -> None:
    assert is_refused(post(Client(), site, RIGHT))


def test_a_token_without_its_cookie_signs_nobody_in(site: Site) -> None:
    token = token_of(site)
    assert is_refused(post(Client(), site, {**RIGHT, "_csrf": token}))


def test_the_token_of_another_browser_signs_nobody_in(site: Site, attacker: Site) -> None:
    token_of(site)
    assert is_refused(post(site.browser, site, {**RIGHT, "username": "mallory", "_csrf": token_of(attacker)}))


@pytest.mark.parametrize("kind", ["cross-site", "same-site", "none"])
def test_a_form_of_another_origin_signs_nobody_in_whatever_its_token(site: Site, kind: str) -> None:
    """A neighbouring host can plant the cookie and know the token."""
    form = {**RIGHT, "_csrf": token_of(site)}
    assert is_refused(post(site.browser, site, form, **{"Sec-Fetch-Site": kind}))
    assert arrived(post(site.browser, site, form, **{"Sec-Fetch-Site": "same-origin"}))


def test_a_name_and_password_in_an_address_sign_nobody_in(site: Site) -> None:
    token = token_of(site)
    assert is_refused(site.get("login", **site.request(), **RIGHT, _csrf=token))


def test_a_body_that_is_no_form_signs_nobody_in(site: Site) -> None:
    token = token_of(site)
    address = f"/{site.app.pool_id}/login?" + urlencode(site.request())
    body = urlencode({**RIGHT, "_csrf": token})
    assert is_refused(site.browser.post(address, body, content_type="text/plain"))


def test_a_page_in_an_address_is_of_the_browser_it_was_made_for(site: Site, attacker: Site) -> None:
    """What the attacker typed cannot be handed to the victim as a link."""
    token_of(attacker)
    form = {"username": "mallory", "password": "wrong", "_csrf": attacker.browser.cookies["XSRF-TOKEN"].value}
    link = post(attacker.browser, attacker, form)["Location"]
    assert "mallory" in attacker.browser.get(link).content.decode()
    token_of(site)
    shown = site.browser.get(link)
    assert is_refused(shown)
    assert "mallory" not in shown.content.decode()


def test_a_challenge_that_another_site_sends_on_signs_nobody_in(site: Site, attacker: Site, app: App) -> None:
    """The attacker passes their own first factor, and has the victim's browser finish the sign-in."""
    app.idp.admin_set_user_password(UserPoolId=app.pool_id, Username="mallory", Password=PASSWORD, Permanent=False)
    token_of(attacker)
    page = attacker.submit("login", {**RIGHT, "username": "mallory"})
    form = {**hidden(page), "password": "Another-Horse-9!", "password_again": "Another-Horse-9!"}
    token_of(site)
    assert is_refused(post(site.browser, site, {**form, "_csrf": attacker.browser.cookies["XSRF-TOKEN"].value}))


def test_a_link_that_confirms_an_account_signs_nobody_in(site: Site, inbox: Inbox) -> None:
    app = site.app
    app.idp.sign_up(
        ClientId=site.client["ClientId"],
        Username="zoe",
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": "zoe@example.com"}],
    )
    given = {
        "client_id": site.client["ClientId"],
        "user_name": "zoe",
        "confirmation_code": inbox.code("zoe@example.com"),
    }
    assert site.get("confirmUser", **given).status_code == 200
    assert app.idp.admin_get_user(UserPoolId=app.pool_id, Username="zoe")["UserStatus"] == "CONFIRMED"
    assert signed_in_as(site) is None


def test_a_reset_that_another_site_sends_changes_no_password(site: Site, inbox: Inbox) -> None:
    site.app.idp.forgot_password(ClientId=site.client["ClientId"], Username="ann")
    code = inbox.code("ann@example.com")
    token_of(site)
    form = {"username": "ann", "code": code, "password": "Another-Horse-9!", "password_again": "Another-Horse-9!"}
    answer = post(site.browser, site, form, "confirmForgotPassword")
    assert answer.status_code in (200, 302)
    assert arrived(site.submit("login", RIGHT))


def test_a_sign_up_that_another_site_sends_makes_no_user(site: Site) -> None:
    token_of(site)
    form = {"username": "planted", "password": PASSWORD, "password_again": PASSWORD, "email": "p@example.com"}
    post(site.browser, site, form, "signup")
    with pytest.raises(site.app.idp.exceptions.UserNotFoundException):
        site.app.idp.admin_get_user(UserPoolId=site.app.pool_id, Username="planted")


def test_a_session_is_of_one_pool(site: Site, app: App) -> None:
    """The cookie's path is the pool's; carried to another pool it is worth nothing."""
    site.code()
    pool = app.idp.create_user_pool(PoolName="other")["UserPool"]["Id"]
    client = app.idp.create_user_pool_client(
        UserPoolId=pool,
        ClientName="web",
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid"],
        CallbackURLs=[CALLBACK],
        SupportedIdentityProviders=["COGNITO"],
    )["UserPoolClient"]["ClientId"]
    query = urlencode(site.request(client_id=client, scope="openid", prompt="none"))
    carried = Client()
    carried.cookies["cognito"] = site.browser.cookies["cognito"].value
    answer = carried.get(f"/{pool}/oauth2/authorize?{query}")
    assert parse_qs(urlsplit(answer["Location"]).query)["error"] == ["login_required"]


def test_cookies_cannot_be_read_by_scripts_nor_sent_from_other_sites_by_forms(site: Site) -> None:
    site.code()
    for name in ("cognito", "XSRF-TOKEN"):
        cookie = site.browser.cookies[name]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["path"].startswith(f"/{site.app.pool_id}")
        assert not cookie["domain"]


def test_over_https_cookies_go_over_https_only(site: Site, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "PUBLIC_URL": "https://auth.example.com"}
    site.code()
    assert all(site.browser.cookies[name]["secure"] for name in ("cognito", "XSRF-TOKEN"))
