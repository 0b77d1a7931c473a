"""Choice-based sign-in on the hosted pages, and sign-up without a password."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from cognito_app.core import clock
from cognito_app.models import BrowserSession, PoolUser
from tests.aws.choice import CHOICE_FLOWS, create, make_choice_app
from tests.aws.mfa import PHONE, other
from tests.conftest import PASSWORD, App, Inbox, make_app
from tests.oauth.browser import Site
from tests.pages.forms import alert, arrived, buttons, heading, hidden, send, text

pytestmark = pytest.mark.django_db

EMAIL = "ann@example.com"


def site_of(app: App, *, hides: bool = False) -> Site:
    """Return a site whose client has choice-based sign-in."""
    existence = "ENABLED" if hides else "LEGACY"
    return Site(app, ExplicitAuthFlows=CHOICE_FLOWS, PreventUserExistenceErrors=existence)


@pytest.fixture
def app(idp: Any, inbox: Inbox) -> App:
    """A pool that takes passwords and codes."""
    return make_choice_app(idp, inbox, "PASSWORD", "EMAIL_OTP", "SMS_OTP")


@pytest.fixture
def site(app: App) -> Site:
    """The site; ann has a password and both contacts."""
    create(app, phone_number=PHONE, phone_number_verified="true")
    return site_of(app)


def name_page(site: Site, name: str = "ann") -> Any:
    """Send the sign-in name."""
    page = site.get("login", **site.request())
    assert 'type="password"' not in text(page)
    return send(site, page, username=name)


def test_the_user_chooses_a_code_by_email(site: Site) -> None:
    page = name_page(site)
    assert heading(page) == "Choose how to sign in"
    assert buttons(page, "factor") == ["PASSWORD", "EMAIL_OTP", "SMS_OTP"]
    page = send(site, page, factor="EMAIL_OTP")
    assert "We sent a code to <strong>a***@e***</strong>" in text(page)
    assert 'autocomplete="one-time-code"' in text(page)
    assert alert(send(site, page, code="")) == "Enter the code."
    code = site.app.inbox.code(EMAIL)
    page = send(site, page, code=other(code))
    assert alert(page) == "The code is not right. Try again."
    assert "CHOOSE" in buttons(page, "factor")
    assert arrived(send(site, page, code=f" {code[:4]} {code[4:]}"))
    assert BrowserSession.objects.get().methods == ["email_otp"]


def test_the_user_chooses_a_code_by_text_message(site: Site) -> None:
    page = send(site, name_page(site), factor="SMS_OTP")
    assert arrived(send(site, page, code=site.app.inbox.code(PHONE)))
    assert BrowserSession.objects.get().methods == ["sms"]


def test_the_user_chooses_the_password_and_may_try_again(site: Site) -> None:
    page = send(site, name_page(site), factor="PASSWORD")
    assert heading(page) == "Enter your password"
    assert 'role="alert"' not in text(page)
    page = send(site, page, password="")
    assert alert(page) == "Enter your password."
    page = send(site, page, password="Wrong-Horse-9!")
    assert alert(page) == "Incorrect username or password."
    assert heading(page) == "Enter your password"
    assert arrived(send(site, page, password=PASSWORD))
    assert BrowserSession.objects.get().methods == ["pwd"]


def test_the_factor_used_last_comes_first_and_can_be_left(site: Site) -> None:
    page = send(site, name_page(site), factor="EMAIL_OTP")
    answer = send(site, page, code=site.app.inbox.code(EMAIL))
    cookie = answer.cookies["preferred-factor"]
    assert (cookie.value, cookie["httponly"], cookie["samesite"]) == ("EMAIL_OTP", True, "Lax")
    page = name_page(site)
    assert heading(page) == "Enter your code"
    page = send(site, page, factor="CHOOSE", session="")
    assert buttons(page, "factor") == ["PASSWORD", "EMAIL_OTP", "SMS_OTP"]


def test_a_user_with_one_way_is_not_asked_to_choose(app: App) -> None:
    create(app, "eve", password=None)
    create(app, "ida", email="", email_verified="")
    site = site_of(app)
    page = name_page(site, "eve")
    assert heading(page) == "Enter your code"
    assert buttons(page, "factor") == []
    assert heading(name_page(site, "ida")) == "Enter your password"


def test_a_new_code_can_be_had(site: Site) -> None:
    page = send(site, name_page(site), factor="EMAIL_OTP")
    first = site.app.inbox.code(EMAIL)
    page = send(site, page, action="resend")
    assert "We sent a new code." in text(page)
    second = site.app.inbox.code(EMAIL)
    assert len(site.app.inbox.messages(EMAIL)) == 2
    if first != second:
        page = send(site, page, code=first)
        assert alert(page) == "The code is not right. Try again."
    assert arrived(send(site, page, code=second))


def test_a_code_page_that_lay_open_too_long_gets_a_new_code(site: Site) -> None:
    page = send(site, name_page(site), factor="EMAIL_OTP")
    late = site.app.inbox.code(EMAIL)
    with time_machine.travel(clock.now() + timedelta(minutes=4), tick=False):
        page = send(site, page, code=late)
        assert alert(page) == "This code is no longer good. We sent a new one."
        assert arrived(send(site, page, code=site.app.inbox.code(EMAIL)))


def test_a_used_code_page_does_not_sign_in_again(site: Site) -> None:
    page = send(site, name_page(site), factor="EMAIL_OTP")
    code = site.app.inbox.code(EMAIL)
    assert arrived(send(site, page, code=code))
    assert alert(send(site, page, code=code)) == "This code is no longer good. We sent a new one."
    assert BrowserSession.objects.count() == 1


def test_scripts_that_send_name_and_password_at_once_still_work(site: Site) -> None:
    site.get("login", **site.request())
    assert arrived(site.submit("login", {"username": "ann", "password": PASSWORD}))


def test_a_client_without_choice_asks_for_both(app: App) -> None:
    site = Site(app)
    assert 'type="password"' in text(site.get("login", **site.request()))


def test_unknown_names_are_told_where_the_client_shows_them(site: Site) -> None:
    page = name_page(site, "nobody")
    assert alert(page) == "User does not exist."
    assert 'value="nobody"' in text(page)


@pytest.mark.parametrize("factors", [("PASSWORD", "EMAIL_OTP"), ("EMAIL_OTP",), ("PASSWORD",)])
def test_unknown_names_look_like_known_ones(idp: Any, inbox: Inbox, factors: tuple[str, ...]) -> None:
    app = make_choice_app(idp, inbox, *factors)
    create(app, "ann", password=PASSWORD if "PASSWORD" in factors else None, email="ann@example.org")
    site = site_of(app, hides=True)

    def shape(page: Any, name: str) -> str:
        plain = re.sub(r'name="session" value="[^"]+"', "SESSION", text(page)).replace(name, "NAME")
        return plain.replace(f"{name[0]}***@", "MASK@").replace("MASK@e***", "MASK").replace("MASK@u***", "MASK")

    known, unknown = name_page(site, "ann"), name_page(site, "ben")
    assert heading(known) == heading(unknown)
    assert buttons(known, "factor") == buttons(unknown, "factor")
    for factor in buttons(known, "factor"):
        one, two = send(site, known, factor=factor), send(site, unknown, factor=factor)
        assert heading(one) == heading(two)
        assert hidden(one).keys() == hidden(two).keys()
    if factors == ("EMAIL_OTP",):
        wrong = [send(site, page, code="12345678") for page in (known, unknown)]
        assert alert(wrong[0]) == alert(wrong[1])
    if factors == ("PASSWORD",):
        assert shape(known, "ann") == shape(unknown, "ben")
        wrong = [send(site, page, password="Wrong-Horse-9!") for page in (known, unknown)]
        assert alert(wrong[0]) == alert(wrong[1]) == "Incorrect username or password."


def sign_up(site: Site, name: str = "eve", **typed: str) -> Any:
    """Send the sign-up form."""
    page = site.get("signup", **site.request())
    return send(site, page, to="signup", username=name, email=f"{name}@example.com", **typed)


def test_sign_up_without_a_password_ends_signed_in(app: App) -> None:
    site = site_of(app)
    page = site.get("signup", **site.request())
    assert "Leave the password empty" in text(page)
    page = sign_up(site)
    assert heading(page) == "Confirm your account"
    assert "e***@e***" in text(page)
    wrong = send(site, page, to="confirm", code="000")
    assert alert(wrong)
    page = send(site, wrong, to="resendcode")
    assert "We sent a new code to e***@e***." in text(page)
    assert arrived(send(site, page, to="confirm", code=app.inbox.code("eve@example.com")))
    user = PoolUser.objects.get(username="eve")
    assert (user.status, user.password_hash) == ("CONFIRMED", None)
    assert BrowserSession.objects.get().methods == ["email_otp"]


def test_sign_up_with_a_password_still_works_beside_codes(app: App) -> None:
    site = site_of(app)
    page = sign_up(site, password=PASSWORD, password_again=PASSWORD)
    assert arrived(send(site, page, to="confirm", code=app.inbox.code("eve@example.com")))
    assert BrowserSession.objects.get().methods == ["pwd"]


def test_a_confirmation_without_its_session_signs_nobody_in(app: App) -> None:
    site = site_of(app)
    page = sign_up(site)
    answer = send(site, page, to="confirm", sign_up_session="", code=app.inbox.code("eve@example.com"))
    assert answer.status_code == 302
    assert "/login?" in answer["Location"]
    assert BrowserSession.objects.count() == 0
    shown = site.get("login", **site.request(), notice="confirmed")
    assert "Your account is confirmed. You can sign in now." in text(shown)


def test_a_forged_sign_up_session_confirms_nobody(app: App) -> None:
    site = site_of(app)
    page = sign_up(site)
    page = send(site, page, to="confirm", sign_up_session="forged", code=app.inbox.code("eve@example.com"))
    assert alert(page) == "Invalid session for the user."
    assert PoolUser.objects.get(username="eve").status == "UNCONFIRMED"


def test_a_pool_without_codes_wants_a_password(idp: Any, inbox: Inbox) -> None:
    site = site_of(make_app(idp, inbox))
    assert alert(sign_up(site)) == "Fill in all fields."


def test_who_signed_up_without_confirming_may_go_on_by_code(app: App) -> None:
    site = site_of(app)
    sign_up(site)
    page = name_page(site, "eve")
    assert arrived(send(site, page, code=app.inbox.code("eve@example.com")))
    assert PoolUser.objects.get(username="eve").status == "CONFIRMED"


def test_who_is_not_confirmed_and_has_a_password_confirms_first(app: App) -> None:
    site = site_of(app)
    sign_up(site, password=PASSWORD, password_again=PASSWORD)
    page = send(site, name_page(site, "eve"), factor="PASSWORD")
    page = send(site, page, password=PASSWORD)
    assert heading(page) == "Confirm your account"
    assert arrived(send(site, page, to="confirm", code=app.inbox.code("eve@example.com")))
