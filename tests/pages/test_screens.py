"""Screens that are no challenges of a first or second factor: the account, passwords to be reset, links, errors."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import time_machine

from cognito_app.core import clock
from cognito_app.models import BrowserSession, PoolUser
from tests.aws.choice import CHOICE_FLOWS
from tests.aws.mfa import code_now, make_mfa_app, offer
from tests.conftest import PASSWORD, App, Inbox, make_app
from tests.oauth.browser import Site
from tests.pages.forms import alert, arrived, heading, hidden, send, text

pytestmark = pytest.mark.django_db

NEW = "Another-Horse-9!"


@pytest.fixture
def site(app: App) -> Site:
    """A site whose client asks for name and password; ann can sign in."""
    app.sign_up()
    return Site(app)


def test_a_signed_in_browser_goes_on_as_the_same_user_or_as_another(site: Site) -> None:
    site.code()
    page = site.get("login", **site.request())
    assert heading(page) == "You are signed in"
    assert "Continue as <strong>ann</strong>" in text(page)
    assert arrived(send(site, page, action="continue"))
    assert BrowserSession.objects.count() == 1
    page = send(site, page, action="switch")
    assert heading(page) == "Sign in"
    site.app.sign_up("ben")
    assert arrived(send(site, page, username="ben", password=PASSWORD))
    assert "Continue as <strong>ben</strong>" in text(site.get("login", **site.request()))


def test_going_on_needs_the_forms_token(site: Site) -> None:
    site.code()
    page = site.get("login", **site.request())
    assert heading(send(site, page, action="continue", _csrf="forged")) == "You are signed in"


@pytest.mark.parametrize("changes", [{"prompt": "login"}, {"max_age": "0"}])
def test_nobody_goes_on_where_the_application_asks_for_a_new_sign_in(site: Site, changes: dict[str, str]) -> None:
    site.code()
    assert heading(site.get("login", **site.request(**changes))) == "Sign in"
    page = site.submit("login", {"action": "continue"}, **changes)
    assert heading(page) == "Sign in"


@pytest.mark.parametrize("end", ["disabled", "old", "none", "other pool"])
def test_nobody_goes_on_without_a_session_in_force(idp: Any, inbox: Inbox, site: Site, end: str) -> None:
    site.code()
    if end == "disabled":
        site.app.idp.admin_disable_user(UserPoolId=site.app.pool_id, Username="ann")
    if end == "none":
        del site.browser.cookies["cognito"]
    target = site
    if end == "other pool":
        target = Site(make_app(idp, inbox))
        target.browser = site.browser
    with time_machine.travel(clock.now() + timedelta(minutes=61 if end == "old" else 1), tick=False):
        assert heading(target.get("login", **target.request())) == "Sign in"
        assert heading(target.submit("login", {"action": "continue"})) == "Sign in"


def test_an_email_name_is_shown_instead_of_the_generated_one(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, UsernameAttributes=["email"])
    site = Site(app)
    page = send(site, site.get("signup", **site.request()), to="signup", username="ann@example.com", password=PASSWORD)
    page = site.submit("signup", {"username": "ann@example.com", "password": PASSWORD, "password_again": PASSWORD})
    assert arrived(send(site, page, to="confirm", code=app.inbox.code("ann@example.com")))
    assert "Continue as <strong>ann@example.com</strong>" in text(site.get("login", **site.request()))


@pytest.mark.parametrize("flows", [None, CHOICE_FLOWS])
def test_a_password_that_must_be_reset_leads_to_the_reset(app: App, flows: list[str] | None) -> None:
    app.sign_up()
    site = Site(app, **({"ExplicitAuthFlows": flows} if flows else {}))
    app.idp.admin_reset_user_password(UserPoolId=app.pool_id, Username="ann")
    site.get("login", **site.request())
    page = site.submit("login", {"username": "ann", "password": PASSWORD})
    assert heading(page) == "Reset your password"
    assert alert(page) == "Your password must be reset before you can sign in."
    assert 'value="ann"' in text(page)
    page = site.submit("forgotPassword", {"username": "ann"})
    assert "a***@e***" in text(page)
    page = send(site, page, to="confirmForgotPassword", code="1", password=NEW, password_again=NEW)
    assert alert(page)
    assert "a***@e***" in text(page)
    code = app.inbox.code("ann@example.com")
    answer = send(
        site, page, to="confirmForgotPassword", code=f"{code[:3]} {code[3:]}", password=NEW, password_again=NEW
    )
    assert "notice=password_changed" in answer["Location"]
    assert "Your password was changed." in text(site.get("login", **site.request(), notice="password_changed"))
    assert arrived(site.submit("login", {"username": "ann", "password": NEW}))


def test_the_reset_page_sends_a_new_code(site: Site) -> None:
    site.get("login", **site.request())
    page = site.submit("forgotPassword", {"username": "ann"})
    assert "At least 8 characters" in text(page)
    page = send(site, page, to="forgotPassword", action="resend")
    assert "We sent a new code to a***@e***." in text(page)


def test_the_reset_page_is_asked_for_before_a_code_is_sent(site: Site) -> None:
    before = len(site.app.inbox.messages("ann@example.com"))
    site.get("login", **site.request())
    page = site.submit("forgotPassword", {"username": "ann", "action": "ask"})
    assert heading(page) == "Reset your password"
    assert 'value="ann"' in text(page)
    assert len(site.app.inbox.messages("ann@example.com")) == before


def test_a_temporary_password_is_changed_with_the_missing_attributes(idp: Any, inbox: Inbox) -> None:
    schema = [{"Name": "family_name", "Required": True, "AttributeDataType": "String", "Mutable": True}]
    app = make_app(idp, inbox, Schema=schema)
    at = {"UserPoolId": app.pool_id, "Username": "new"}
    app.idp.admin_create_user(**at, TemporaryPassword="Temporary-9!", MessageAction="SUPPRESS")
    site = Site(app)
    site.get("login", **site.request())
    page = site.submit("login", {"username": "new", "password": "Temporary-9!"})
    assert '<label for="family_name">Family name</label>' in text(page)
    assert "At least 8 characters" in text(page)
    twice = {"password": PASSWORD, "password_again": PASSWORD}
    page = send(site, page, **twice)
    assert alert(page) == "Invalid attributes given, family_name is missing"
    page = send(site, page, password=PASSWORD, password_again="other", family_name="Bell")
    assert alert(page) == "The passwords differ."
    assert 'value="Bell"' in text(page)
    page = send(site, page, password="", password_again="", family_name="Bell")
    assert alert(page) == "Enter a new password."
    assert arrived(send(site, page, **twice, family_name="Bell"))
    assert PoolUser.objects.get().attributes["family_name"] == "Bell"


def test_a_sign_in_that_took_too_long_keeps_the_name(site: Site) -> None:
    site.app.idp.admin_set_user_password(UserPoolId=site.app.pool_id, Username="ann", Password="Temporary-9!")
    site.get("login", **site.request())
    page = site.submit("login", {"username": "ann", "password": "Temporary-9!"})
    with time_machine.travel(clock.now() + timedelta(minutes=4), tick=False):
        page = send(site, page, password=PASSWORD, password_again=PASSWORD)
    assert alert(page) == "Something went wrong. Sign in again."
    assert 'name="username" type="text" value="ann"' in text(page)


def test_an_authenticator_app_keeps_its_name(idp: Any, inbox: Inbox) -> None:
    app = make_mfa_app(idp, inbox)
    app.sign_up()
    offer(app, "ON", "totp")
    site = Site(app)
    site.get("login", **site.request())
    page = site.submit("login", {"username": "ann", "password": PASSWORD})
    assert "Show secret key" in text(page)
    page = send(site, page, code="000", app_name="My <phone>")
    assert 'value="My &lt;phone&gt;"' in text(page)
    secret = re.findall(r'<code class="key">([A-Z2-7 ]+)</code>', text(page))[0].replace(" ", "")
    assert arrived(send(site, page, code=code_now(secret), app_name="My <phone>"))
    site.browser.cookies.clear()
    site.get("login", **site.request())
    page = site.submit("login", {"username": "ann", "password": PASSWORD})
    assert "your authenticator app <strong>My &lt;phone&gt;</strong> shows" in text(page)
    page = send(site, page, code="000")
    assert "My &lt;phone&gt;" in text(page)


def test_a_page_is_shown_again_in_its_own_browser_alone(site: Site) -> None:
    site.get("login", **site.request())
    token = site.browser.cookies["XSRF-TOKEN"].value
    address = f"/{site.app.pool_id}/login?" + urlencode(site.request())
    form = {"_csrf": token, "username": "ann", "password": "Wrong-Horse-9!"}
    answer = site.browser.post(address, form)
    assert answer.status_code == 303
    step = answer["Location"]
    assert "Wrong-Horse" not in step
    for _ in range(2):
        page = site.browser.get(step)
        assert alert(page) == "Incorrect username or password."
        assert "step=" not in text(page)
    other = site.browser.__class__()
    assert "alert" not in text(other.get(step))
    assert "alert" not in text(site.browser.get(step[:-4]))
    with time_machine.travel(clock.now() + timedelta(minutes=61), tick=False):
        assert "alert" not in text(site.browser.get(step))


def test_the_address_of_a_page_does_not_get_round_the_checks_of_the_request(site: Site) -> None:
    site.get("login", **site.request())
    token = site.browser.cookies["XSRF-TOKEN"].value
    address = f"/{site.app.pool_id}/login?" + urlencode(site.request())
    step = site.browser.post(address, {"_csrf": token, "username": "ann", "password": "x"})["Location"]
    sealed = parse_qs(urlsplit(step).query)["step"][0]
    answer = site.get("login", **site.request(redirect_uri="https://evil.example.com/"), step=sealed)
    assert "error=redirect_mismatch" in answer["Location"]


def test_a_notice_is_shown_once(site: Site) -> None:
    page = site.get("login", **site.request(), notice="password_changed")
    assert "notice=" not in text(page)


def test_the_classic_pages_ask_for_name_and_password(app: App) -> None:
    app.sign_up()
    app.idp.create_user_pool_domain(Domain="old-style", UserPoolId=app.pool_id, ManagedLoginVersion=1)
    site = Site(app, ExplicitAuthFlows=CHOICE_FLOWS)
    assert 'type="password"' in text(site.get("login", **site.request()))
    assert arrived(site.submit("login", {"username": "ann", "password": PASSWORD}))
    assert "error=passkeys_unavailable" in site.get("passkeys/add", **site.request())["Location"]


def test_the_error_page_names_the_request(site: Site) -> None:
    page = site.browser.get(f"/{site.app.pool_id}/error?error=<b>")
    assert page.status_code == 400
    assert f"<code>{page['x-amz-cognito-request-id']}</code>" in page.content.decode()


def test_pages_that_are_reached_from_others_send_the_rest_to_the_sign_in(site: Site) -> None:
    for address in ("confirm", "resendcode"):
        assert "/login?" in site.get(address, **site.request())["Location"]
    assert "/forgotPassword?" in site.get("confirmForgotPassword", **site.request())["Location"]


def test_a_large_form_is_refused_before_it_is_read(site: Site) -> None:
    site.get("login", **site.request())
    answer = site.submit("login", {"username": "a" * 70_000})
    assert answer.status_code == 413
    assert "<h1>This form is too large</h1>" in answer.content.decode()


def test_no_hidden_field_is_lost_on_the_way(site: Site) -> None:
    site.app.idp.sign_up(
        ClientId=site.client["ClientId"],
        Username="eve",
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": "eve@example.com"}],
    )
    site.get("login", **site.request())
    page = site.submit("login", {"username": "eve", "password": PASSWORD})
    assert heading(page) == "Confirm your account"
    page = send(site, page, to="resendcode")
    page = send(site, page, to="confirm", code="000")
    assert hidden(page)["session"]
    assert arrived(send(site, page, to="confirm", code=site.app.inbox.code("eve@example.com")))
