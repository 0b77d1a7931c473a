"""The password rules on pages that take a new one: a list that stands there without scripts, tied to its field."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.conftest import PASSWORD, App, Inbox, make_app
from tests.oauth.browser import Site
from tests.pages.forms import alert, heading, send, text

pytestmark = pytest.mark.django_db

RULES = ["length", "uppercase", "lowercase", "number", "symbol"]


def rules(page: Any) -> list[str]:
    """Return the rules on a page, checked for how they are tied to the field and the script."""
    shown = text(page)
    field = re.findall(r'<input id="password" [^>]*>', shown)[0]
    assert "password-rules" in re.findall(r'aria-describedby="([^"]+)"', field)[0].split()
    assert 'id="password-rules"' in shown
    assert 'aria-live="polite"' in shown
    nonce = re.findall(r'<script src="[^"]+/passwords.js" nonce="([^"]+)" defer>', shown)
    assert f"script-src 'nonce-{nonce[0]}';" in page["Content-Security-Policy"]
    return re.findall(r'<li data-rule="(\w+)"', shown)


def test_every_page_with_a_new_password_has_the_list(app: App) -> None:
    app.sign_up()
    site = Site(app)
    assert rules(site.get("signup", **site.request())) == RULES
    page = site.submit("forgotPassword", {"username": "ann"})
    assert heading(page) == "Choose a new password"
    assert rules(page) == RULES
    app.idp.admin_set_user_password(UserPoolId=app.pool_id, Username="ann", Password="Temporary-9!")
    page = site.submit("login", {"username": "ann", "password": "Temporary-9!"})
    assert rules(page) == RULES
    page = send(site, page, password="x", password_again="x")
    assert alert(page).startswith("Password does not conform to policy")
    assert rules(page) == RULES


@pytest.mark.parametrize("version", [1, 2])
def test_the_list_follows_the_pools_policy(idp: Any, inbox: Inbox, version: int) -> None:
    policy = {"MinimumLength": 14, "RequireNumbers": True, "RequireSymbols": False, "RequireUppercase": False}
    app = make_app(idp, inbox, Policies={"PasswordPolicy": {**policy, "RequireLowercase": False}})
    idp.create_user_pool_domain(Domain="rules", UserPoolId=app.pool_id, ManagedLoginVersion=version)
    site = Site(app)
    page = site.get("signup", **site.request())
    assert rules(page) == ["length", "number"]
    assert "At least 14 characters" in text(page)
    assert 'data-least="14"' in text(page)


def test_pages_without_a_new_password_have_no_list(app: App) -> None:
    app.sign_up()
    site = Site(app)
    for page in ("login", "forgotPassword"):
        answer = site.get(page, **site.request())
        assert "password-rules" not in text(answer)
        assert "script-src" not in answer["Content-Security-Policy"]
    assert PASSWORD not in text(site.submit("login", {"username": "ann", "password": PASSWORD + "x"}))


def test_the_time_limit_is_told_and_the_name_kept(app: App) -> None:
    app.sign_up()
    site = Site(app, AuthSessionValidity=5)
    app.idp.admin_set_user_password(UserPoolId=app.pool_id, Username="ann", Password="Temporary-9!")
    site.get("login", **site.request())
    page = site.submit("login", {"username": "ann", "password": "Temporary-9!"})
    assert "this page is good for 5 minutes. After that you start again; your sign-in name is kept." in text(page)
    assert "this page is good" not in text(site.get("signup", **site.request()))
