"""What goes wrong is told on a page of the site, in its look and language, never in bare text or JSON."""

from __future__ import annotations

import re
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from cognito_app.core import clock
from cognito_app.services import limits, throttle
from cognito_app.services.actor import SYSTEM
from cognito_app.services.config import pool as pool_config
from tests.conftest import PASSWORD, App
from tests.oauth.browser import Site

pytestmark = pytest.mark.django_db

WRONG = {"username": "ann", "password": "Wrong-Horse-9!"}


@pytest.fixture(params=[1, 2])
def site(request: pytest.FixtureRequest, app: App) -> Site:
    """A site in the classic and in the managed look."""
    app.sign_up()
    app.idp.create_user_pool_domain(
        Domain=f"faults-{request.param}", UserPoolId=app.pool_id, ManagedLoginVersion=request.param
    )
    return Site(app)


def check(answer: Any, status: int, heading: str, *, pool: bool = True) -> str:
    """Check that an answer is a page with this heading; returns its HTML."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"].startswith("text/html")
    shown = str(answer.content.decode())
    assert re.findall(r"<h1>([^<]*)</h1>", shown) == [heading]
    assert "managed-login.css" in shown
    assert ("pool</title>" in shown) == pool
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["x-amz-cognito-request-id"]
    assert "no-store" in answer["Cache-Control"]
    return shown


@pytest.mark.parametrize("path", ["nothing/here", "login/more", "%3Cscript%3E", ".well-known/x"])
def test_an_address_where_nothing_is(site: Site, path: str) -> None:
    shown = check(site.get(path), 404, "There is no such page")
    assert "script>" not in shown


@pytest.mark.parametrize("path", ["/us-east-1_Nobody123/login", "/nobody", "/nobody/oauth2/authorize", "/%00/x"])
def test_a_pool_that_is_none_shows_nothing_of_another(path: str) -> None:
    check(Client().get(path), 404, "There is no such page", pool=False)


def test_the_fault_pages_speak_the_language_of_the_browser() -> None:
    answer = Client().get("/nobody/login?lang=de")
    assert "Diese Seite gibt es nicht" in answer.content.decode()
    assert 'lang="de"' in answer.content.decode()


@pytest.mark.parametrize("page", ["login", "signup", "oauth2/authorize", "logout"])
def test_other_methods(site: Site, page: str) -> None:
    answer = site.browser.put(f"/{site.app.pool_id}/{page}")
    check(answer, 405, "This request cannot be read")
    assert answer["Allow"] == "GET, POST"


def test_a_form_that_is_too_large(site: Site) -> None:
    site.get("login", **site.request())
    check(site.submit("login", {"username": "a" * 70_000}), 413, "This form is too large")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("&".join(f"a{number}=1" for number in range(1100)), "application/x-www-form-urlencoded"),
        ("--x\r\nbroken", "multipart/form-data; boundary="),
        ("--x", "multipart/form-data"),
    ],
)
def test_a_form_that_is_none(site: Site, body: str, kind: str) -> None:
    address = f"/{site.app.pool_id}/login?client_id={site.client['ClientId']}"
    check(site.browser.post(address, body, content_type=kind), 400, "This request cannot be read")


def test_a_form_without_the_pages_token_is_shown_again(site: Site) -> None:
    site.get("login", **site.request())
    answer = site.submit("login", {**WRONG, "_csrf": "forged"})
    assert "<h1>Sign in</h1>" in answer.content.decode()
    assert 'value="ann"' in answer.content.decode()


@pytest.mark.parametrize("page", ["login", "forgotPassword", "confirm", "oauth2/authorize", "logout"])
def test_too_many_requests_in_a_second(site: Site, settings: Settings, page: str) -> None:
    settings.COGNITO = {**settings.COGNITO, "REQUEST_QUOTAS": True}
    pool = pool_config(site.app.pool_id)
    with time_machine.travel(clock.now(), tick=False):
        for _ in range(300):
            throttle.count_visit(pool, "192.0.2.7", None)
        answer = site.browser.get(f"/{site.app.pool_id}/{page}", site.request(), REMOTE_ADDR="192.0.2.7")
    check(answer, 429, "Too many attempts")
    assert answer["Retry-After"] == "1"


def test_too_many_forms_of_a_category(site: Site, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "REQUEST_QUOTAS": True}
    limits.set_for_pool(SYSTEM, site.app.pool_id, {"UserAuthentication": 1})
    site.get("login", **site.request())
    answers = [site.submit("login", WRONG) for _ in range(5)]
    shown = check(next(answer for answer in answers if answer.status_code == 429), 429, "Too many attempts")
    assert "/login?client_id=" in shown


def test_too_many_wrong_guesses_from_an_address(site: Site, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "GUESSES_PER_ADDRESS": 2}
    site.get("login", **site.request())
    for _ in range(2):
        assert site.submit("login", WRONG).status_code == 200
    for page, fields in (
        ("login", WRONG),
        ("login", {"username": "ann", "password": PASSWORD}),
        ("confirm", {"username": "ann", "code": "123456"}),
        ("confirmForgotPassword", {"username": "ann", "code": "1", "password": PASSWORD, "password_again": PASSWORD}),
    ):
        answer = site.submit(page, fields)
        shown = check(answer, 429, "Too many attempts")
        assert "Too many failed attempts from this address. Try again later." in shown
        assert 3500 < int(answer["Retry-After"]) <= 3600


def test_the_limits_of_a_name_leave_the_form(site: Site) -> None:
    site.get("login", **site.request())
    answers = [site.submit("forgotPassword", {"username": "ann"}) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 21
    shown = answers[-1].content.decode()
    assert "Attempt limit exceeded, please try after some time." in shown
    assert 'value="ann"' in shown


def test_a_fault_of_ours_names_the_request(site: Site, settings: Settings) -> None:
    site.get("login", **site.request())
    # Without keys nothing can be sealed.
    settings.COGNITO = {**settings.COGNITO, "MASTER_KEYS": ["test:AAAA"]}
    answer = site.submit("login", WRONG)
    shown = check(answer, 500, "Something went wrong")
    assert f"<code>{answer['x-amz-cognito-request-id']}</code>" in shown
    assert "Traceback" not in shown
