"""Every screen of the hosted pages in Chromium: by role and label, with the keyboard alone, without axe violations.

Pictures go to the folder that COGNITO_PICTURES names, else to pytest's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.conftest import Running
from tests.e2e.hosted import PASSWORD, PHONE, HostedPool, Walker, administrator, application
from tests.e2e.test_browser import CHROMIUM, FLAGS

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js is not installed"),
]

EVERY = {"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"]}}}
DIFFERENT = "The passwords differ."

NewWalk = Callable[[], Walker]


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core."""
    folder = tmp_path_factory.mktemp("axe")
    (folder / "package.json").write_text('{"private": true}')
    command = ["npm", "install", "--no-audit", "--no-fund", "--silent", "axe-core@4"]
    subprocess.run(command, cwd=folder, check=True, timeout=180)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all walks."""
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pictures go."""
    wanted = os.environ.get("COGNITO_PICTURES")
    folder = Path(wanted) if wanted else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def callback() -> Iterator[str]:
    """The application's address."""
    with application() as address:
        yield address


@pytest.fixture
def new_walk(browser: Browser, axe: str, pictures: Path) -> Iterator[NewWalk]:
    """Make walkers, each in a browser profile of its own; at the end nothing may stand in the console."""
    with ExitStack() as opened:
        walkers: list[Walker] = []

        def make() -> Walker:
            context = opened.enter_context(browser.new_context())
            walkers.append(Walker(context.new_page(), axe, pictures))
            return walkers[-1]

        yield make
        assert [problem for walker in walkers for problem in walker.problems] == []


@pytest.fixture(scope="module")
def idp(server: Running) -> Any:
    """The server's administrator."""
    return administrator(server)


@pytest.fixture(scope="module")
def choice(server: Running, idp: Any, callback: str) -> HostedPool:
    """A pool with every first factor; passkeys are those of localhost."""
    pool = HostedPool(server, idp, callback, EVERY)
    party = {"RelyingPartyId": "localhost", "UserVerification": "required"}
    idp.set_user_pool_mfa_config(UserPoolId=pool.pool_id, MfaConfiguration="OFF", WebAuthnConfiguration=party)
    return pool


class Authenticator:
    """A virtual authenticator of a page, as a computer with a fingerprint reader has one."""

    def __init__(self, page: Page) -> None:
        self.session = page.context.new_cdp_session(page)
        self.session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        added = self.session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.at = {"authenticatorId": added["authenticatorId"]}

    def touches(self, enabled: bool) -> None:
        """Let somebody touch the reader, or nobody."""
        self.session.send("WebAuthn.setAutomaticPresenceSimulation", {**self.at, "enabled": enabled})

    def knows_finger(self, known: bool) -> None:
        """Let the finger be the right one, or a wrong one."""
        self.session.send("WebAuthn.setUserVerified", {**self.at, "isUserVerified": known})

    def signatures(self) -> list[int]:
        """Return how often each passkey signed."""
        found = self.session.send("WebAuthn.getCredentials", self.at)["credentials"]
        return [int(item["signCount"]) for item in found]


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
