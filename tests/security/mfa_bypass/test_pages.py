"""T11: where MFA is required no way leads to tokens without a second factor, nor to enrolment without a first one."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cognito_app.models import BrowserSession
from tests.aws.mfa import (
    sms_code,
)
from tests.conftest import PASSWORD, App
from tests.oauth.browser import Site
from tests.pages.forms import send, text
from tests.pages.test_mfa_pages import sign_in
from tests.security.mfa_bypass.ways import (
    NEW,
    require,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(app: App) -> Site:
    """The pool's site."""
    return Site(app)


def has_code(answer: Any) -> bool:
    """Whether the browser goes back to the application with a code."""
    return answer.status_code == 302 and "code" in parse_qs(urlsplit(answer["Location"]).query)


def test_the_page_gives_no_code_and_no_cookie_before_the_second_factor(app: App, site: Site) -> None:
    require(app)
    page = sign_in(site)
    assert "We sent a code to" in text(page)
    assert "cognito" not in site.browser.cookies
    session = re.findall(r'name="session" value="([^"]+)"', text(page))[0]
    for challenge in ("NEW_PASSWORD_REQUIRED", "SELECT_MFA_TYPE", "MFA_SETUP", "EMAIL_OTP", "SOFTWARE_TOKEN_MFA"):
        fields = {"challenge": challenge, "session": session, "username": "ann", "code": sms_code(app)}
        more = {"password": NEW, "password_again": NEW, "answer": "SMS_MFA", "factor": "EMAIL_OTP", "email": "e@x.org"}
        assert not has_code(site.submit("login", {**fields, **more}))
    assert not has_code(site.get("oauth2/authorize", **site.request()))
    assert BrowserSession.objects.count() == 0
    assert has_code(send(site, page, code=sms_code(app)))
    assert BrowserSession.objects.get().methods == ["pwd", "sms", "mfa"]


def test_a_browser_session_of_before_is_reused_only_for_its_own_user(app: App, site: Site) -> None:
    """As with Cognito: what changes about factors does not end the session of a browser, which lasts an hour."""
    site.code()
    require(app)
    assert has_code(site.get("oauth2/authorize", **site.request()))
    page = sign_in(site, "bob")
    assert "Set up a second step" in text(page)
    assert not has_code(page)


def test_the_page_of_a_confirmation_asks_for_the_second_factor(app: App, site: Site) -> None:
    require(app)
    given = [{"Name": "email", "Value": "eve@example.com"}, {"Name": "phone_number", "Value": "+15550007777"}]
    app.idp.sign_up(ClientId=app.client_id, Username="eve", Password=PASSWORD, UserAttributes=given)
    page = sign_in(site, "eve")
    session = re.findall(r'name="session" value="([^"]+)"', text(page))[0]
    code = app.inbox.code("eve@example.com")
    answer = site.submit("confirm", {"username": "eve", "session": session, "code": code})
    assert not has_code(answer)
    assert "We sent a code to" in text(answer)
    assert BrowserSession.objects.count() == 0


def test_the_page_of_a_reset_signs_nobody_in(app: App, site: Site) -> None:
    require(app)
    site.get("forgotPassword", **site.request())
    site.submit("forgotPassword", {"username": "ann"})
    fields = {"username": "ann", "code": app.inbox.code("ann@example.com"), "password": NEW, "password_again": NEW}
    answer = site.submit("confirmForgotPassword", fields)
    assert not has_code(answer)
    assert BrowserSession.objects.count() == 0
    assert "We sent a code to" in text(site.submit("login", {"username": "ann", "password": NEW}))
