"""``acr_values`` and ``max_age`` at the authorization endpoint, and the pages that ask for what is missing."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import time_machine

from cognito_app.models import PoolUser
from tests.aws.mfa import PHONE, START, code_now, make_mfa_app, register_totp, turn_on
from tests.conftest import PASSWORD, App, Inbox, make_app
from tests.oauth.browser import CALLBACK, VERIFIER, Site
from tests.pages.forms import alert, arrived, text

pytestmark = pytest.mark.django_db

LEVELS = [f"urn:cognito:loa:{level}" for level in (1, 2, 3, 4)]


@pytest.fixture
def clock() -> Any:
    """A clock that stands still until it is moved."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def app(idp: Any, inbox: Inbox, clock: Any) -> App:
    """A pool that offers every second factor, optionally; ann has both contacts."""
    made = make_mfa_app(idp, inbox)
    made.sign_up(phone_number=PHONE)
    return made


@pytest.fixture
def secret(app: App, clock: Any) -> str:
    """The secret of ann's authenticator app, which she did not turn on."""
    made = register_totp(app, app.sign_in()["AccessToken"])
    clock.shift(timedelta(seconds=30))
    return made


@pytest.fixture
def site(app: App, secret: str) -> Site:
    """The pool's site."""
    return Site(app)


def sign_in(site: Site, **changes: str) -> Any:
    """Send the sign-in form."""
    site.get("login", **site.request(**changes))
    return site.submit("login", {"username": "ann", "password": PASSWORD}, **changes)


def answer(site: Site, page: Any, changes: dict[str, str], **typed: str) -> Any:
    """Send the form of a page; its hidden fields go along."""
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text(page))
    return site.submit("login", {**{name: html.unescape(value) for name, value in hidden}, **typed}, **changes)


def claims(token: str) -> dict[str, Any]:
    """Return what a token says."""
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def levels(site: Site, arrival: Any) -> tuple[Any, Any]:
    """Exchange the code of an arrival; returns acr and amr of the tokens."""
    assert arrived(arrival)
    code = parse_qs(urlsplit(arrival["Location"]).query)["code"][0]
    found = site.token(grant_type="authorization_code", code=code, redirect_uri=CALLBACK, code_verifier=VERIFIER).json()
    known = claims(found["id_token"])
    assert [known.get("acr"), known.get("amr")] == [claims(found["access_token"]).get(name) for name in ("acr", "amr")]
    return known.get("acr"), known.get("amr")


def error_of(response: Any) -> str:
    """Return the error that a redirect carries."""
    return str(parse_qs(urlsplit(response["Location"]).query)["error"][0])


def test_a_sign_in_reaches_the_level_asked_for(site: Site, secret: str) -> None:
    assert levels(site, sign_in(site)) == (LEVELS[0], ["pwd"])
    wanted = {"acr_values": f"{LEVELS[3]} {LEVELS[0]}", "prompt": "login"}
    page = sign_in(site, **wanted)
    done = answer(site, page, wanted, code=code_now(secret))
    assert levels(site, done) == (LEVELS[3], ["pwd", "otp", "mfa"])


def test_a_signed_in_browser_is_asked_only_for_what_is_missing(app: App, site: Site, secret: str, clock: Any) -> None:
    sign_in(site)
    wanted = {"acr_values": LEVELS[2]}
    sent = len(app.inbox.messages(PHONE))
    on_the_way = site.get("oauth2/authorize", **site.request(**wanted))
    assert urlsplit(on_the_way["Location"]).path.endswith("/login")
    page = site.get("login", **site.request(**wanted))
    shown = text(page)
    assert "Text message" in shown
    assert "Authenticator app" in shown
    assert 'type="password"' not in shown
    assert len(app.inbox.messages(PHONE)) == sent
    page = answer(site, page, wanted, answer="SMS_MFA")
    assert len(app.inbox.messages(PHONE)) == sent + 1
    clock.shift(timedelta(seconds=3))
    done = answer(site, page, wanted, code=app.inbox.code(PHONE))
    assert levels(site, done) == (LEVELS[2], ["pwd", "sms", "mfa"])
    # The new session of the browser has that level.
    again = site.get("oauth2/authorize", **site.request(acr_values=f"{LEVELS[2]} {LEVELS[0]}"))
    assert levels(site, again) == (LEVELS[2], ["pwd", "sms", "mfa"])
    assert not arrived(site.get("oauth2/authorize", **site.request(acr_values=LEVELS[3])))


def test_the_form_of_a_step_up_takes_no_other_factor_and_no_other_browser(app: App, site: Site) -> None:
    sign_in(site)
    wanted = {"acr_values": LEVELS[3]}
    page = site.get("login", **site.request(**wanted))
    sent = len(app.inbox.messages(PHONE))
    refused = answer(site, page, wanted, answer="SMS_MFA")
    assert "Sign in again" in alert(refused)
    assert len(app.inbox.messages(PHONE)) == sent
    other = Site(app)
    other.get("login", **other.request(**wanted))
    assert "Sign in again" in alert(
        other.submit("login", {"challenge": "STEP_UP", "answer": "SOFTWARE_TOKEN_MFA"}, **wanted)
    )


@pytest.mark.parametrize("prompt", [None, "select_account"])
def test_a_step_up_can_be_left_for_another_account(app: App, site: Site, prompt: str | None) -> None:
    app.sign_up("bob", phone_number="+15550002222")
    sign_in(site)
    wanted = {"acr_values": LEVELS[2], **({"prompt": prompt} if prompt else {})}
    page = text(site.get("login", **site.request(**wanted)))
    assert "Start again" not in page
    (link,) = re.findall(r'<a href="([^"]+)">Use another account</a>', page)
    address = html.unescape(link)
    assert 'type="password"' in text(site.browser.get(address))
    given = parse_qs(urlsplit(address).query)
    assert given.pop("prompt") == ["login"]
    expected = site.request(acr_values=LEVELS[2])
    assert given == {name: [value] for name, value in expected.items()}
    again = {**wanted, "prompt": "login"}
    page = site.submit("login", {"username": "bob", "password": PASSWORD}, **again)
    assert "Start again" in text(page)
    page = answer(site, page, again, answer="SMS_MFA")
    done = answer(site, page, again, code=app.inbox.code("+15550002222"))
    assert levels(site, done) == (LEVELS[2], ["pwd", "sms", "mfa"])


def test_a_disabled_user_is_not_stepped_up(site: Site) -> None:
    sign_in(site)
    PoolUser.objects.update(enabled=False)
    assert 'type="password"' in text(site.get("login", **site.request(acr_values=LEVELS[3])))


def test_a_session_older_than_max_age_counts_for_nothing(site: Site, clock: Any) -> None:
    sign_in(site)
    clock.shift(timedelta(seconds=61))
    for changes in ({"max_age": "60"}, {"max_age": "60", "acr_values": LEVELS[3]}):
        assert urlsplit(site.get("oauth2/authorize", **site.request(**changes))["Location"]).path.endswith("/login")
        assert 'type="password"' in text(site.get("login", **site.request(**changes)))
    assert arrived(site.get("oauth2/authorize", **site.request(max_age="61")))


def test_prompt_none_tells_what_would_be_asked(site: Site, clock: Any) -> None:
    assert (
        error_of(site.get("oauth2/authorize", **site.request(prompt="none", acr_values=LEVELS[0]))) == "login_required"
    )
    sign_in(site)
    assert arrived(site.get("oauth2/authorize", **site.request(prompt="none", acr_values=LEVELS[0])))
    given = site.request(prompt="none", acr_values=LEVELS[3])
    assert error_of(site.get("oauth2/authorize", **given)) == "interaction_required"
    clock.shift(timedelta(seconds=2))
    assert error_of(site.get("oauth2/authorize", **{**given, "max_age": "1"})) == "login_required"


def test_a_level_out_of_reach_is_told_on_the_page(app: App) -> None:
    app.idp.admin_delete_user_attributes(UserPoolId=app.pool_id, Username="ann", UserAttributeNames=["phone_number"])
    page = sign_in(Site(app), acr_values=LEVELS[3])
    assert alert(page) == "The user has no authentication factors that reach a requested authentication level."


@pytest.mark.parametrize("unknown", ["1 2", "urn:mace:incommon:iap:silver", ""])
def test_unknown_names_ask_for_nothing(site: Site, unknown: str) -> None:
    assert levels(site, sign_in(site, acr_values=unknown)) == (LEVELS[0], ["pwd"])
    assert arrived(site.get("oauth2/authorize", **site.request(acr_values=unknown)))


def test_a_repeated_acr_values_is_refused(site: Site) -> None:
    given = [*site.request().items(), ("acr_values", LEVELS[0]), ("acr_values", LEVELS[1])]
    found = site.browser.get(f"/{site.app.pool_id}/oauth2/authorize", given)
    assert error_of(found) == "invalid_request"


def test_the_lowest_tier_ignores_it_and_does_not_publish_levels(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, UserPoolTier="LITE")
    app.sign_up()
    site = Site(app)
    assert levels(site, sign_in(site, acr_values=LEVELS[3])) == (None, None)
    assert "acr_values_supported" not in site.get(".well-known/openid-configuration").json()


def test_the_discovery_document_names_the_levels_in_force(app: App, site: Site) -> None:
    published = site.get(".well-known/openid-configuration").json()
    assert published["acr_values_supported"] == LEVELS
    assert {"acr", "amr"} <= set(published["claims_supported"])
    pool = app.idp.describe_user_pool(UserPoolId=app.pool_id)["UserPool"]
    kept = {name: pool[name] for name in ("MfaConfiguration", "SmsConfiguration", "EmailConfiguration") if name in pool}
    app.idp.update_user_pool(UserPoolId=app.pool_id, AcrConfiguration={"Level2": {"AcrValue": "urn:two"}}, **kept)
    named = [LEVELS[0], "urn:two", *LEVELS[2:]]
    assert site.get(".well-known/openid-configuration").json()["acr_values_supported"] == named


def test_a_second_factor_that_is_required_anyway_is_asked_once(app: App, site: Site, secret: str) -> None:
    turn_on(app, "sms", "totp", preferred="sms")
    wanted = {"acr_values": LEVELS[3]}
    page = sign_in(site, **wanted)
    done = answer(site, page, wanted, code=code_now(secret))
    assert levels(site, done) == (LEVELS[3], ["pwd", "otp", "mfa"])
