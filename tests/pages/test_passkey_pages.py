"""Passkeys on the hosted pages, with an authenticator in software; Chromium's own is in tests/e2e."""

from __future__ import annotations

import base64
import html
import json
import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client

from cognito_app.models import AuthorizationCode, BrowserSession, WebAuthnCredential
from tests.aws.choice import CHOICE_FLOWS, create, make_choice_app
from tests.clients.authenticator import Authenticator
from tests.conftest import PASSWORD, App, Inbox
from tests.oauth.browser import Site
from tests.pages.forms import alert, arrived, buttons, heading, send, text

pytestmark = pytest.mark.django_db

ORIGIN = "http://localhost:8000"


class LocalSite(Site):
    """A site at an address where browsers have passkeys."""

    def __init__(self, app: App, **settings: Any) -> None:
        super().__init__(app, **{"ExplicitAuthFlows": CHOICE_FLOWS, **settings})
        self.browser = Client(HTTP_HOST="localhost:8000")


@pytest.fixture
def app(idp: Any, inbox: Inbox) -> App:
    """A pool that takes passwords, codes and passkeys of localhost; ann has a password and an address."""
    made = make_choice_app(idp, inbox, "PASSWORD", "EMAIL_OTP", "WEB_AUTHN")
    party = {"RelyingPartyId": "localhost", "UserVerification": "preferred"}
    idp.set_user_pool_mfa_config(UserPoolId=made.pool_id, MfaConfiguration="OFF", WebAuthnConfiguration=party)
    create(made)
    return made


@pytest.fixture
def site(app: App) -> LocalSite:
    """The pool's site."""
    return LocalSite(app)


def options(page: Any) -> Any:
    """Return the options that a page hands to the browser."""
    found = re.search(r'data-options="([^"]+)"', text(page))
    assert found
    return json.loads(html.unescape(found.group(1)))


def register(site: Site, name: str = "ann", **parameters: str) -> Authenticator:
    """Sign in by password on the way to a new passkey, and make it."""
    page = site.get("passkeys/add", **site.request(**parameters))
    assert page.status_code == 302
    address = page["Location"]
    site.browser.get(address)
    form = {"_csrf": site.browser.cookies["XSRF-TOKEN"].value, "username": name, "password": PASSWORD}
    page = site.follow(site.browser.post(address, form))
    assert heading(page) == "Add a passkey"
    authenticator = Authenticator()
    made = authenticator.create(options(page), ORIGIN)
    assert arrived(send(site, page, to="passkeys/add", credential=json.dumps(made)))
    return authenticator


def name_page(site: Site, name: str = "ann") -> Any:
    """Send the sign-in name in a browser that remembers nothing."""
    site.browser.cookies.clear()
    site.get("login", **site.request())
    return site.submit("login", {"username": name})


def test_a_passkey_is_made_after_a_sign_in_and_signs_in(site: LocalSite) -> None:
    authenticator = register(site)
    row = WebAuthnCredential.objects.get()
    assert row.relying_party_id == "localhost"
    page = name_page(site)
    assert buttons(page, "factor") == ["WEB_AUTHN", "PASSWORD", "EMAIL_OTP"]
    page = send(site, page, factor="WEB_AUTHN")
    assert heading(page) == "Sign in with a passkey"
    assert 'data-auto="1"' in text(page)
    credential = json.dumps(authenticator.get(options(page), ORIGIN))
    assert arrived(send(site, page, credential=credential))
    assert ["swk"] in [session.methods for session in BrowserSession.objects.all()]
    page = send(site, page, credential=credential)
    assert alert(page) == "This passkey did not work. Try again, or sign in another way."
    assert "data-auto" not in text(page)


def test_the_passkey_tells_who_signs_in(site: LocalSite) -> None:
    authenticator = register(site)
    site.browser.cookies.clear()
    page = site.get("login", **site.request())
    assert 'autocomplete="username webauthn"' in text(page)
    assert options(page)["allowCredentials"] == []
    credential = json.dumps(authenticator.get(options(page), ORIGIN))
    assert arrived(send(site, page, username="", credential=credential))
    again = send(site, page, username="", credential=credential)
    assert alert(again) == "This passkey did not work. Try again, or sign in another way."


@pytest.mark.parametrize("change", ["handle", "none", "unknown", "signature", "origin", "garbage", "nul"])
def test_an_invitation_is_answered_by_a_good_passkey_alone(site: LocalSite, change: str) -> None:
    authenticator = register(site)
    create(site.app, "eve")
    site.browser.cookies.clear()
    page = site.get("login", **site.request())
    origin = ORIGIN
    if change == "handle":
        authenticator.user_handle = handle_of(site.app, "eve")
    elif change == "none":
        authenticator.user_handle = None
    elif change == "unknown":
        authenticator.credential_id = b"x" * 32
    elif change == "signature":
        authenticator.breaks_signature = True
    elif change == "origin":
        origin = "https://evil.example.com"
    elif change == "nul":
        authenticator.user_handle = "AAAA"
    credential = "{" if change == "garbage" else json.dumps(authenticator.get(options(page), origin))
    before = BrowserSession.objects.count()
    page = send(site, page, username="", credential=credential)
    assert alert(page) == "This passkey did not work. Try again, or sign in another way."
    assert BrowserSession.objects.count() == before


def handle_of(app: App, name: str) -> str:
    """Return the user handle of a user as an authenticator keeps it."""
    attributes = app.idp.admin_get_user(UserPoolId=app.pool_id, Username=name)["UserAttributes"]
    sub = next(item["Value"] for item in attributes if item["Name"] == "sub")
    return base64.urlsafe_b64encode(sub.encode()).rstrip(b"=").decode()


def test_a_disabled_user_gets_nowhere_by_passkey(site: LocalSite) -> None:
    authenticator = register(site)
    site.browser.cookies.clear()
    site.app.idp.admin_disable_user(UserPoolId=site.app.pool_id, Username="ann")
    page = site.get("login", **site.request())
    page = send(site, page, username="", credential=json.dumps(authenticator.get(options(page), ORIGIN)))
    assert alert(page)


def test_a_new_account_is_offered_a_passkey_and_may_refuse(app: App) -> None:
    site = LocalSite(app)
    page = send(site, site.get("signup", **site.request()), to="signup", username="eve", email="eve@example.com")
    page = send(site, page, to="confirm", code=app.inbox.code("eve@example.com"))
    assert heading(page) == "Sign in faster next time"
    assert page.cookies["cognito"].value
    assert AuthorizationCode.objects.count() == 0
    assert arrived(send(site, page, to="passkeys/add", action="skip"))
    assert WebAuthnCredential.objects.count() == 0


@pytest.mark.parametrize("changes", [{"prompt": "login"}, {"max_age": "0"}])
def test_the_offer_stands_for_the_sign_in_before_it(site: LocalSite, changes: dict[str, str]) -> None:
    address = f"/{site.app.pool_id}/login?" + urlencode({**site.request(**changes), "add_passkey": "1"})
    site.browser.get(address)
    token = site.browser.cookies["XSRF-TOKEN"].value
    form = {"_csrf": token, "username": "ann", "password": PASSWORD}
    page = site.follow(site.browser.post(address, form))
    fields = {"ticket": re.findall(r'name="ticket" value="([^"]+)"', text(page))[0], "action": "skip"}
    assert arrived(site.submit("passkeys/add", fields, **changes))
    # Of another request, of another browser, altered: none of them is a sign-in.
    assert "/login?" in site.submit("passkeys/add", fields)["Location"]
    assert "/login?" in site.submit("passkeys/add", {**fields, "ticket": "x"}, **changes)["Location"]
    del site.browser.cookies["cognito"]
    assert "/login?" in site.submit("passkeys/add", fields, **changes)["Location"]


def test_a_browser_that_is_signed_in_adds_a_passkey_at_once(site: LocalSite) -> None:
    site.code()
    page = site.get("passkeys/add", **site.request())
    assert heading(page) == "Add a passkey"
    page = send(site, page, to="passkeys/add", credential="{}")
    assert alert(page) == "The passkey could not be stored. Try again, or go on without it."
    answer = send(site, page, to="passkeys/add", action="skip")
    code = parse_qs(urlsplit(answer["Location"]).query)["code"][0]
    assert "access_token" in site.exchange(code).json()


def test_the_page_lets_its_script_run_and_no_other(site: LocalSite) -> None:
    site.code()
    page = site.get("passkeys/add", **site.request())
    scripts = re.findall(r"<script[^>]*>[^<]*</script>", text(page))
    nonce = re.findall(r"script-src 'nonce-([^']+)';", page["Content-Security-Policy"])
    assert len(scripts) == len(nonce) == 1
    assert f'nonce="{nonce[0]}"' in scripts[0]
    assert "></script>" in scripts[0]
    again = site.get("passkeys/add", **site.request())
    assert nonce[0] not in again["Content-Security-Policy"]
    assert "script-src" not in site.get("forgotPassword", **site.request())["Content-Security-Policy"]


def test_pages_at_another_address_offer_no_passkeys(site: LocalSite) -> None:
    register(site)
    site.browser = Client(HTTP_HOST="elsewhere.example")
    page = name_page(site)
    assert buttons(page, "factor") == ["PASSWORD", "EMAIL_OTP"]
    assert "data-passkey" not in text(page)
    answer = site.get("passkeys/add", **site.request())
    assert "error=passkeys_unavailable" in answer["Location"]


def test_a_client_without_choice_has_no_page_for_passkeys(app: App) -> None:
    site = Site(app)
    site.browser = Client(HTTP_HOST="localhost:8000")
    assert "error=passkeys_unavailable" in site.get("passkeys/add", **site.request())["Location"]


def test_a_user_with_all_passkeys_goes_on(site: LocalSite, monkeypatch: pytest.MonkeyPatch) -> None:
    register(site)
    monkeypatch.setattr("cognito_app.services.passkeys.MAX_PASSKEYS", 1)
    page = site.get("passkeys/add", **site.request())
    assert "maximum number of passkeys" in alert(page)
    assert arrived(send(site, page, to="passkeys/add", action="skip"))


def test_unknown_names_may_seem_to_have_a_passkey(app: App) -> None:
    site = LocalSite(app, PreventUserExistenceErrors="ENABLED")
    seen = set()
    for number in range(12):
        page = name_page(site, f"nobody{number}")
        seen.add("WEB_AUTHN" in buttons(page, "factor"))
        if "WEB_AUTHN" in buttons(page, "factor"):
            page = send(site, page, factor="WEB_AUTHN")
            assert len(options(page)["allowCredentials"]) == 1
            assert alert(send(site, page, credential="{}"))
    assert seen == {True, False}
