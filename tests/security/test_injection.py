"""T29 of the quality chapter: what users, clients and operators write never becomes markup or script.

Every place that shows such a text is rendered with every text of the corpus and loaded into Chromium without the pages'
Content-Security-Policy, so that the escaping alone must do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from playwright.sync_api import Dialog, Page, Request, sync_playwright
from pytest_django import Settings

from cognito_app.models import PoolUser
from cognito_app.portal.site import portal_site
from cognito_app.services import events
from cognito_app.services.actor import Actor, audit
from tests.conftest import PASSWORD, App
from tests.e2e.hosted import CHROMIUM, FLAGS
from tests.oauth.browser import Site
from tests.security.injection_corpus import PAYLOADS

pytestmark = pytest.mark.django_db

SIZES = [pytest.param(PAYLOADS[::5], id="small"), pytest.param(PAYLOADS, id="full", marks=pytest.mark.slow)]
LOOK = """() => [
  ...document.querySelectorAll('x-planted, iframe, base, meta[http-equiv], style, math'),
  ...[...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => a.name.startsWith('on'))),
  ...['href', 'src', 'action', 'formaction', 'data', 'xlink:href'].flatMap(name =>
    [...document.querySelectorAll('*')].filter(
      e => /^\\s*(javascript:|data:text|\\/\\/canary)/i.test(e.getAttribute(name) || ''))),
].map(e => e.outerHTML.slice(0, 200))"""

Pages = list[tuple[str, str]]


def make_user(app: App, payload: str) -> str:
    """Make a user whose name and attributes are the text; returns the name."""
    name = payload[:128]
    attributes = [{"Name": key, "Value": payload} for key in ("name", "nickname", "custom:note")]
    at = {"UserPoolId": app.pool_id, "Username": name}
    app.idp.admin_create_user(**at, MessageAction="SUPPRESS", UserAttributes=attributes)
    app.idp.admin_set_user_password(**at, Password=PASSWORD, Permanent=True)
    return name


def hosted(app: App, payload: str) -> Pages:
    """Return the hosted pages with the text in each place that takes one."""
    site, found = Site(app), []

    def keep(place: str, answer: Any) -> None:
        if answer.status_code in (302, 303):
            answer = site.browser.get(answer["Location"]) if answer["Location"].startswith("/") else answer
        found.append((place, answer.content.decode()))

    keep("login_hint", site.get("login", **site.request(login_hint=payload)))
    keep("state", site.get("login", **site.request(state=payload, nonce=payload)))
    keep("lang", site.get("login", **site.request(lang=payload, ui_locales=payload)))
    keep("scope", site.get("login", **site.request(scope=payload)))
    keep("redirect_uri", site.get("login", **site.request(redirect_uri=payload)))
    keep("client_id", site.get("login", **site.request(client_id=payload)))
    keep("error", site.get("error", error=payload, error_description=payload, client_id=payload))
    keep("logout", site.get("logout", client_id=payload, logout_uri=payload, state=payload))
    keep("confirmUser", site.get("confirmUser", client_id=payload, user_name=payload, confirmation_code=payload))
    keep("step", site.get("login", **site.request(), step=payload))
    wrong = {"username": payload, "password": payload}
    keep("login", site.submit("login", wrong))
    fields = ("email", "name", "custom:note", "phone_number", "birthdate")
    form = {**dict.fromkeys(fields, payload), **wrong, "password_again": "other"}
    keep("signup", site.submit("signup", form))
    keep("forgotPassword", site.submit("forgotPassword", {"username": payload}))
    keep("confirmForgotPassword", site.submit("confirmForgotPassword", {**wrong, "code": payload}))
    keep("confirm", site.submit("confirm", {"username": payload, "code": payload}))
    name = make_user(app, payload)
    answer = site.submit("login", {"username": name, "password": PASSWORD})
    assert "code=" in answer["Location"], (payload, answer.content)
    keep("account", site.get("login", **site.request()))
    assert "Continue as" in found[-1][1]
    return found


def portal(app: App, payload: str, operator: Client) -> Pages:
    """Return the portal's pages about a user, a group, messages and events made of the text."""
    name = make_user(app, payload)
    at = {"UserPoolId": app.pool_id}
    app.idp.create_group(**at, GroupName=name, Description=payload)
    app.idp.admin_add_user_to_group(**at, GroupName=name, Username=name)
    user = PoolUser.objects.get(username=name)
    events.record(user, Actor(name=payload, ip="::1", user_agent=payload), events.SIGN_IN, passed=True)
    audit(Actor(name=payload, ip=payload, request_id=payload[:36]), "Note", pool_id=app.pool_id, subject=payload)
    found = []
    for model in portal_site._registry:
        listing = f"/portal/{model._meta.app_label}/{model._meta.model_name}/"
        found.append((listing, operator.get(listing)))
        row = model._default_manager.order_by("-pk").first()
        if row is not None:
            found.append((listing + "change", operator.get(f"{listing}{row.pk}/change/")))
            found.append((listing + "delete", operator.get(f"{listing}{row.pk}/delete/")))
        found.append((listing + "search", operator.get(listing, {"q": payload, "pool__id__exact": app.pool_id})))
    return [(place, answer.content.decode()) for place, answer in found if answer.status_code == 200]


@pytest.fixture
def operator(db: None, settings: Settings) -> Client:
    """An operator's browser, without a second factor as in development."""
    settings.COGNITO = {**settings.COGNITO, "DEVELOPMENT": True}
    user = get_user_model().objects.create_superuser("op", password=PASSWORD)
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def noted(app: App) -> App:
    """A pool with an attribute of its own."""
    schema = [{"Name": "note", "AttributeDataType": "String", "Mutable": True}]
    app.idp.add_custom_attributes(UserPoolId=app.pool_id, CustomAttributes=schema)
    return app


def look(pages: Pages) -> None:
    """Load every page into Chromium; nothing may run, be planted or be fetched."""
    fired: list[str] = []

    def heard(dialog: Dialog) -> None:
        fired.append("alert " + dialog.message)
        dialog.dismiss()

    def asked(request: Request) -> None:
        fired.append(request.url)

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.on("dialog", heard)
        page.on("request", asked)
        page.route("**/*", lambda route: route.abort())
        for place, html in pages:
            _look_at(page, place, html, fired)
        browser.close()


def _look_at(page: Page, place: str, html: str, fired: list[str]) -> None:
    page.set_content(html, wait_until="domcontentloaded")
    page.evaluate("() => document.querySelectorAll('input').forEach(e => e.focus())")
    assert page.evaluate(LOOK) == [], place
    assert [found for found in fired if "alert" in found or "canary" in found] == [], place
    assert "49x-planted" not in html, place


def shown(pages: Pages) -> int:
    """Return how many pages show something of the texts."""
    return sum(any(part in html for part in ("x-planted", "alert(1)", "canary")) for _, html in pages)


@pytest.mark.e2e
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize("build", [hosted, portal])
@pytest.mark.parametrize("payloads", SIZES)
def test_nothing_that_was_written_runs(
    noted: App, operator: Client, payloads: tuple[str, ...], build: Callable[..., Pages]
) -> None:
    pages: Pages = []
    for payload in payloads:
        made = hosted(noted, payload) if build is hosted else portal(noted, payload, operator)
        pages += [(f"{place}: {payload}", html) for place, html in made]
    # The texts are there, as texts.
    assert shown(pages) >= 3 * len(payloads)
    assert len(pages) >= 15 * len(payloads)
    look(pages)
