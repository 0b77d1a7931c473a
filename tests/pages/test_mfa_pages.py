"""Second factors on the hosted pages: plain forms that end where the API ends."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from cognito_app.models import BrowserSession
from tests.aws.mfa import (
    PHONE,
    code_now,
    create_user,
    make_mfa_app,
    offer,
    other,
    register_totp,
    settings_of,
    sms_code,
    turn_on,
)
from tests.conftest import PASSWORD, App, Inbox
from tests.oauth.browser import Site
from tests.pages.forms import alert, arrived, send, text

pytestmark = pytest.mark.django_db

START = datetime(2031, 3, 1, 12, 0, 5, tzinfo=UTC)


@pytest.fixture
def app(idp: Any, inbox: Inbox) -> App:
    """A pool that offers every second factor, optionally; ann has both contacts."""
    made = make_mfa_app(idp, inbox)
    made.sign_up(phone_number=PHONE)
    return made


@pytest.fixture
def site(app: App) -> Site:
    """The pool's site."""
    return Site(app)


def sign_in(site: Site, name: str = "ann") -> Any:
    """Send the sign-in form."""
    site.get("login", **site.request())
    return site.submit("login", {"username": name, "password": PASSWORD})


def test_sms(app: App, site: Site) -> None:
    turn_on(app, "sms")
    page = sign_in(site)
    shown = text(page)
    assert "We sent a code to <strong>+*******1111</strong>" in shown
    assert 'autocomplete="one-time-code"' in shown
    assert 'inputmode="numeric"' in shown
    assert "cognito" not in page.cookies
    page = send(site, page, code="")
    assert alert(page) == "Enter the code."
    page = send(site, page, code=other(sms_code(app)))
    assert alert(page) == "The code is not right. Try again."
    assert "+*******1111" in text(page)
    answer = send(site, page, code=sms_code(app))
    assert arrived(answer)
    assert answer.cookies["cognito"].value
    assert BrowserSession.objects.get().methods == ["pwd", "sms", "mfa"]
    assert alert(send(site, page, code=sms_code(app))) == "Something went wrong. Sign in again."


def test_too_many_codes(app: App, site: Site) -> None:
    turn_on(app, "email")
    with time_machine.travel(START, tick=False):
        page = sign_in(site)
        for _ in range(5):
            page = send(site, page, code="wrong")
            assert alert(page) == "The code is not right. Try again."
        page = send(site, page, code="wrong")
        assert alert(page) == "Too many attempts. Wait a moment, then try again."


def test_an_app_and_the_choice(app: App, site: Site) -> None:
    with time_machine.travel(START, tick=False) as clock:
        secret = register_totp(app, app.sign_in()["AccessToken"])
        turn_on(app, "sms", "totp", "email")
        page = sign_in(site)
        for value, label in (
            ("SMS_MFA", "Text message"),
            ("SOFTWARE_TOKEN_MFA", "Authenticator app"),
            ("EMAIL_OTP", "Email"),
        ):
            assert f'<button type="submit" name="answer" value="{value}" class="secondary">{label}</button>' in text(
                page
            )
        page = send(site, page, answer="SOFTWARE_TOKEN_MFA")
        assert "your authenticator app shows" in text(page)
        page = send(site, page, code=code_now(secret))
        assert alert(page) == "This code was used already. Wait for the next one."
        page = send(site, page, code=other(code_now(secret)))
        assert alert(page).startswith("The code is not right.")
        clock.shift(timedelta(seconds=30))
        code = code_now(secret)
        assert arrived(send(site, page, code=f" {code[:3]} {code[3:]} "))
    assert BrowserSession.objects.get().methods == ["pwd", "otp", "mfa"]


def test_a_made_up_choice(app: App, site: Site) -> None:
    turn_on(app, "sms", "email")
    assert "ANSWER must be one of" in alert(send(site, sign_in(site), answer="<b>"))


def test_setting_up_an_app(app: App, site: Site) -> None:
    offer(app, "ON", "totp")
    create_user(app)
    with time_machine.travel(START, tick=False) as clock:
        page = sign_in(site, "eve")
        found = re.search(r'<code class="key">([A-Z2-7 ]+)</code>', text(page))
        assert found
        secret = found.group(1).replace(" ", "")
        picture = re.search(r'<img src="data:image/svg\+xml;base64,([^"]+)" alt="QR code', text(page))
        assert picture
        assert b"<svg" in base64.b64decode(picture.group(1))
        assert "img-src 'self' data:" in page["Content-Security-Policy"]
        assert secret not in page["Content-Security-Policy"] + str(page.cookies)
        for wrong in (other(code_now(secret)), ""):
            page = send(site, page, code=wrong)
            assert alert(page)
            assert found.group(1) in text(page)
        assert arrived(send(site, page, code=code_now(secret)))
        assert settings_of(app, "eve")[0] == ["SOFTWARE_TOKEN_MFA"]
        clock.shift(timedelta(seconds=30))
        page = sign_in(site, "eve")
        assert arrived(send(site, page, code=code_now(secret)))


@pytest.mark.parametrize(
    ("answer", "field", "bad", "good"),
    [("EMAIL_OTP", "email", "nonsense", "eve@example.com"), ("SMS_MFA", "phone_number", "123", "+15550007777")],
)
def test_setting_up_a_contact(app: App, site: Site, answer: str, field: str, bad: str, good: str) -> None:
    offer(app, "ON", "sms", "totp", "email")
    create_user(app)
    page = sign_in(site, "eve")
    assert "Set up a second step" in text(page)
    page = send(site, page, answer=answer)
    assert f'name="{field}"' in text(page)
    page = send(site, page, **{field: bad})
    assert "format" in alert(page)
    assert f'value="{bad}"' in text(page)
    page = send(site, page, **{field: good})
    assert "We sent a code to" in text(page)
    assert arrived(send(site, page, code=app.inbox.code(good)))
    assert settings_of(app, "eve")[0] == [answer]


def test_a_way_that_was_not_offered(app: App, site: Site) -> None:
    offer(app, "ON", "email", "totp")
    create_user(app)
    page = sign_in(site, "eve")
    assert alert(send(site, page, answer="WEB_AUTHN")) == "Choose one of the ways."
    page = send(site, sign_in(site, "eve"), answer="SMS_MFA")
    assert "cannot be set up" in alert(send(site, page, phone_number=PHONE))


def test_a_new_password_leads_to_the_second_step(app: App, site: Site) -> None:
    offer(app, "ON", "totp", "email")
    at = {"UserPoolId": app.pool_id, "Username": "new"}
    email = [{"Name": "email", "Value": "new@example.com"}]
    app.idp.admin_create_user(**at, TemporaryPassword="Temporary-9!", MessageAction="SUPPRESS", UserAttributes=email)
    site.get("login", **site.request())
    page = site.submit("login", {"username": "new", "password": "Temporary-9!"})
    page = send(site, page, password=PASSWORD, password_again=PASSWORD)
    assert "We sent a code to <strong>n***@e***</strong>" in text(page)
    assert arrived(send(site, page, code=app.inbox.code("new@example.com")))


def test_a_form_without_its_token_is_shown_anew(app: App, site: Site) -> None:
    turn_on(app, "sms")
    page = sign_in(site)
    answer = send(site, page, code=sms_code(app), _csrf="forged")
    assert "Sign in" in text(answer)
    assert BrowserSession.objects.count() == 0
