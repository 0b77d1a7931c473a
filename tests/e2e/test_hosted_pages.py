"""Every screen of the hosted pages in Chromium: by role and label, with the keyboard alone, without axe violations.

Pictures go to the folder that COGNITO_PICTURES names, else to pytest's.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.aws.mfa import DEVELOPER, code_now
from tests.e2e.hosted import (
    CHROMIUM,
    ONLY_ADMINISTRATORS,
    PASSWORD,
    PHONE,
    Authenticator,
    HostedPool,
    NewWalk,
    Walker,
    set_mfa,
    sign_in,
)
from tests.e2e.server import Running

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js is not installed"),
]

EVERY = {"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"]}}}
DIFFERENT = "The passwords differ."


@pytest.fixture(scope="module")
def choice(server: Running, idp: Any, callback: str) -> HostedPool:
    """A pool with every first factor; passkeys are those of localhost."""
    pool = HostedPool(server, idp, callback, EVERY)
    party = {"RelyingPartyId": "localhost", "UserVerification": "required"}
    idp.set_user_pool_mfa_config(UserPoolId=pool.pool_id, MfaConfiguration="OFF", WebAuthnConfiguration=party)
    return pool


def test_sign_up_without_a_password_then_passkeys(choice: HostedPool, new_walk: NewWalk) -> None:
    walk, name = new_walk(), "sunny"
    address = f"{name}@example.com"
    authenticator = Authenticator(walk.page)
    walk.go(choice.address("signup"))
    walk.see("Create an account", "signup")
    walk.type("Username", name)
    walk.type("Email address", address)
    walk.type("Password", "one")
    walk.enter("Password once more", "other")
    walk.page.get_by_role("alert").get_by_text(DIFFERENT).wait_for()
    walk.see("Create an account", "signup-wrong")
    walk.press("Sign up")
    walk.see("Confirm your account", "confirm")
    walk.press("Send a new code")
    walk.page.get_by_role("status").wait_for()
    walk.see("Confirm your account", "confirm-again")
    walk.enter("Confirmation code", choice.code(address))
    walk.see("Sign in faster next time", "passkey-offer")
    authenticator.knows_finger(False)
    walk.press("Create a passkey")
    walk.page.get_by_role("alert").get_by_text("The passkey was not used.").wait_for()
    walk.see("Sign in faster next time", "passkey-offer-failed")
    authenticator.knows_finger(True)
    walk.press("Create a passkey")
    walk.arrive(choice.callback)

    # The browser proposes the passkey on the first page.
    walk.page.context.clear_cookies()
    before = authenticator.signatures()
    walk.go(choice.address())
    walk.arrive(choice.callback)
    assert authenticator.signatures() != before

    # By name, and then by choice.
    walk.page.context.clear_cookies()
    authenticator.touches(False)
    walk.go(choice.address())
    walk.see("Sign in", "identify-passkey")
    walk.enter("Username", name)
    walk.see("Choose how to sign in", "choice-passkey")
    authenticator.touches(True)
    authenticator.knows_finger(False)
    walk.press("Passkey")
    walk.page.get_by_role("alert").get_by_text("The passkey was not used.").wait_for()
    walk.see("Sign in with a passkey", "passkey-failed")
    authenticator.knows_finger(True)
    walk.press("Use your passkey")
    walk.arrive(choice.callback)


def test_adding_a_passkey_asks_for_a_sign_in_first(choice: HostedPool, new_walk: NewWalk) -> None:
    walk, name = new_walk(), choice.create()
    Authenticator(walk.page)
    walk.go(choice.address("passkeys/add"))
    walk.enter("Username", name)
    walk.see("Choose how to sign in", "choice")
    walk.press("Password")
    walk.see("Enter your password", "password")
    walk.enter("Password", "Wrong-Horse-5!")
    walk.page.get_by_role("alert").get_by_text("Incorrect username or password.").wait_for()
    walk.see("Enter your password", "password-wrong")
    walk.enter("Password", PASSWORD)
    walk.see("Add a passkey", "passkey-add")
    walk.press("Not now")
    walk.arrive(choice.callback)
    walk.go(choice.address("passkeys/add"))
    walk.see("Add a passkey")
    walk.press("Create a passkey")
    walk.arrive(choice.callback)


def test_codes(choice: HostedPool, new_walk: NewWalk) -> None:
    name = choice.create(phone_number=PHONE, phone_number_verified="true")
    for way, address, picture in (
        ("Code by email", f"{name}@example.com", "email-code"),
        ("Code by text message", PHONE, "sms-code"),
    ):
        walk = new_walk()
        walk.go(choice.address())
        walk.enter("Username", name)
        walk.press(way)
        walk.see("Enter your code", picture)
        walk.press("Other ways to sign in")
        walk.see("Choose how to sign in")
        walk.press(way)
        walk.press("Send a new code")
        walk.page.get_by_role("status").wait_for()
        walk.see("Enter your code", f"{picture}-again")
        walk.enter("Code", choice.code(address))
        walk.arrive(choice.callback)


@pytest.fixture(scope="module")
def passwords(server: Running, idp: Any, callback: str) -> HostedPool:
    """A pool of names and passwords, with optional second factors, terms, and a required attribute."""
    family_name = {"Name": "family_name", "Required": True, "AttributeDataType": "String", "Mutable": True}
    settings = {"Schema": [family_name], "EmailConfiguration": DEVELOPER}
    pool = HostedPool(server, idp, callback, settings, ("ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"))
    set_mfa(pool, "OPTIONAL")
    for name in ("terms-of-use", "privacy-policy"):
        idp.create_terms(
            UserPoolId=pool.pool_id,
            ClientId=pool.client_id,
            TermsName=name,
            TermsSource="LINK",
            Enforcement="NONE",
            Links={"cognito:default": f"https://example.com/{name}"},
        )
    return pool


def test_name_and_password_the_account_and_another(passwords: HostedPool, new_walk: NewWalk) -> None:
    walk, name = new_walk(), passwords.create(family_name="Bell")
    walk.go(passwords.address())
    walk.see("Sign in", "login")
    sign_in(walk, passwords, name, "Wrong-Horse-5!")
    walk.page.get_by_role("alert").get_by_text("Incorrect username or password.").wait_for()
    walk.see("Sign in", "login-wrong")
    walk.enter("Password", PASSWORD)
    walk.arrive(passwords.callback)
    walk.go(passwords.address("login"))
    walk.see("You are signed in", "account")
    walk.press("Use another account")
    walk.see("Sign in")
    walk.go(passwords.address("login"))
    walk.press("Continue")
    walk.arrive(passwords.callback)


def test_a_forgotten_password(passwords: HostedPool, new_walk: NewWalk) -> None:
    walk, name = new_walk(), passwords.create(family_name="Bell")
    walk.go(passwords.address())
    walk.press("Forgot your password?", "link")
    walk.see("Reset your password", "forgot")
    walk.enter("Username", name)
    walk.see("Choose a new password", "reset")
    walk.press("Send a new code")
    walk.page.get_by_role("status").wait_for()
    walk.type("Code", "000000")
    walk.type("New password", "Other-Horse-6!")
    walk.enter("New password once more", "Other-Horse-6!")
    walk.page.get_by_role("alert").wait_for()
    walk.see("Choose a new password", "reset-wrong")
    walk.type("Code", passwords.code(f"{name}@example.com"))
    walk.type("New password", "Other-Horse-6!")
    walk.enter("New password once more", "Other-Horse-6!")
    walk.page.get_by_role("status").get_by_text("Your password was changed.").wait_for()
    walk.see("Sign in", "login-changed")
    walk.type("Username", name)
    walk.enter("Password", "Other-Horse-6!")
    walk.arrive(passwords.callback)


def test_a_temporary_password_and_a_missing_attribute(passwords: HostedPool, new_walk: NewWalk) -> None:
    walk, name = new_walk(), passwords.create(password="Temporary-5!", permanent=False)
    sign_in(walk, passwords, name, "Temporary-5!")
    walk.see("Choose a new password", "new-password")
    walk.type("New password", PASSWORD)
    walk.type("New password once more", PASSWORD)
    walk.enter("Family name", "Bell")
    walk.arrive(passwords.callback)


def test_terms_and_required_attributes_at_sign_up(passwords: HostedPool, new_walk: NewWalk) -> None:
    walk = new_walk()
    walk.go(passwords.address())
    walk.press("Create an account", "link")
    walk.see("Create an account", "signup-terms")
    for link in ("Terms of use", "Privacy policy"):
        walk.focus(walk.page.get_by_role("link", name=link))
    walk.type("Username", "terry")
    walk.type("Email address", "terry@example.com")
    walk.type("Family name", "Bell")
    walk.type("Password", PASSWORD)
    walk.enter("Password once more", PASSWORD)
    walk.see("Confirm your account")
    walk.enter("Confirmation code", passwords.code("terry@example.com"))
    walk.arrive(passwords.callback)


def test_second_factors(passwords: HostedPool, new_walk: NewWalk) -> None:
    name = passwords.create(family_name="Bell", phone_number=PHONE, phone_number_verified="true")
    on = {"Enabled": True, "PreferredMfa": False}
    passwords.idp.admin_set_user_mfa_preference(
        UserPoolId=passwords.pool_id, Username=name, SMSMfaSettings=on, EmailMfaSettings=on
    )
    for way, address, picture in (("Text message", PHONE, "mfa-sms"), ("Email", f"{name}@example.com", "mfa-email")):
        walk = new_walk()
        sign_in(walk, passwords, name)
        walk.see("Choose a second step", "mfa-choice")
        walk.press(way)
        walk.see("Enter your code", picture)
        walk.enter("Code", "000000")
        walk.page.get_by_role("alert").get_by_text("The code is not right.").wait_for()
        walk.see("Enter your code", f"{picture}-wrong")
        walk.enter("Code", passwords.code(address))
        walk.arrive(passwords.callback)


def test_setting_up_second_factors(server: Running, idp: Any, callback: str, new_walk: NewWalk) -> None:
    settings = {"EmailConfiguration": DEVELOPER, "AccountRecoverySetting": ONLY_ADMINISTRATORS}
    pool = HostedPool(server, idp, callback, settings)
    set_mfa(pool, "ON")
    name = pool.create(email="", email_verified="")
    walk = new_walk()
    walk.go(pool.address())
    walk.see("Sign in", "identify")
    walk.enter("Username", name)
    walk.enter("Password", PASSWORD)
    walk.see("Set up a second step", "setup-choice")
    walk.press("Text message")
    walk.see("Set up a second step", "setup-sms")
    walk.press("Start again", "link")
    walk.enter("Username", name)
    walk.enter("Password", PASSWORD)
    walk.press("Email")
    walk.see("Set up a second step", "setup-email")
    walk.press("Start again", "link")
    walk.enter("Username", name)
    walk.enter("Password", PASSWORD)
    walk.press("Authenticator app")
    walk.see("Set up your authenticator app", "setup-app")
    walk.focus(walk.page.locator("summary"))
    walk.page.keyboard.press("Enter")
    walk.see("Set up your authenticator app", "setup-app-key")
    secret = walk.page.locator("code.key").inner_text().replace(" ", "")
    walk.type("Name of this device (optional)", "My phone")
    walk.enter("Code", code_now(secret))
    walk.arrive(callback)
    walk.page.context.clear_cookies()
    walk.go(pool.address())
    walk.enter("Username", name)
    walk.enter("Password", PASSWORD)
    walk.page.get_by_text("your authenticator app My phone shows").wait_for()
    walk.see("Enter your code", "mfa-app")


def test_screens_in_a_style(server: Running, idp: Any, callback: str, new_walk: NewWalk) -> None:
    pool = HostedPool(server, idp, callback, EVERY)
    idp.create_user_pool_domain(Domain="styled-" + pool.client_id[:8], UserPoolId=pool.pool_id, ManagedLoginVersion=2)
    idp.create_managed_login_branding(UserPoolId=pool.pool_id, ClientId=pool.client_id, UseCognitoProvidedValues=True)
    name = pool.create()
    walk = new_walk()
    Authenticator(walk.page)
    walk.go(pool.address())
    walk.see("Sign in", "styled-identify")
    walk.enter("Username", name)
    walk.see("Choose how to sign in", "styled-choice")
    walk.press("Password")
    walk.enter("Password", "Wrong-Horse-5!")
    walk.page.get_by_role("alert").wait_for()
    walk.see("Enter your password", "styled-password")
    walk.press("Other ways to sign in")
    walk.press("Code by email")
    walk.see("Enter your code", "styled-code")
    walk.go(pool.address("signup"))
    walk.see("Create an account", "styled-signup")


def test_links_and_errors(choice: HostedPool, new_walk: NewWalk) -> None:
    walk = new_walk()
    walk.go(choice.address(redirect_uri="https://evil.example.com/"))
    walk.see("An error was encountered with the requested page.", "error")
    link = {"user_name": "nobody", "confirmation_code": "000000"}
    walk.go(choice.address("confirmUser", **link))
    walk.see("Not confirmed", "link-old")
    walk.go(choice.address("eventFeedback", valid="x"))
    walk.see("Unusual sign-in", "feedback-old")
    assert all("400" in problem for problem in walk.problems)
    walk.problems.clear()
    walk.go(choice.address("login", login_hint="ann", notice="confirmed"))
    walk.see("Sign in", "login-confirmed")
    assert walk.page.get_by_label("Username").input_value() == "ann"


def test_pages_work_without_scripts(browser: Browser, choice: HostedPool, axe: str, pictures: Path) -> None:
    name = choice.create()
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(choice.address("passkeys/add"))
        assert page.get_by_role("button", name="Sign in with a passkey").is_hidden()
        page.get_by_label("Username").fill(name)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Code by email").click()
        page.get_by_label("Code", exact=True).fill(choice.code(f"{name}@example.com"))
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Not now").click()
        page.wait_for_url(f"{choice.callback}?**")


def test_back_and_two_tabs_lose_no_sign_in(choice: HostedPool, new_walk: NewWalk) -> None:
    one, name, other = new_walk(), choice.create(), choice.create()
    page = one.page
    one.go(choice.address())
    one.enter("Username", name)
    one.see("Choose how to sign in")
    second = Walker(page.context.new_page(), one.axe, one.pictures)
    second.go(choice.address(state="s-2"))
    second.enter("Username", other)
    second.press("Code by email")
    second.see("Enter your code")
    one.press("Code by email")
    one.see("Enter your code")
    code = choice.code(f"{name}@example.com")
    second.enter("Code", choice.code(f"{other}@example.com"))
    second.arrive(choice.callback)
    assert "state=s-2" in second.page.url
    one.page.go_back()
    one.see("Choose how to sign in")
    one.page.go_forward()
    one.enter("Code", code)
    one.arrive(choice.callback)
    assert "state=s-1" in one.page.url


def test_a_page_is_light(choice: HostedPool, browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        sizes: list[int] = []
        session.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
        page.goto(choice.address(), wait_until="networkidle")
    assert len(sizes) > 2
    assert sum(sizes) < 60_000
