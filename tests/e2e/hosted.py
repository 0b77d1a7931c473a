"""A pool for walks over the hosted pages, the application that users come back to, and pages in Chromium."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import boto3
from botocore.config import Config
from playwright.sync_api import Locator, Page, ViewportSize

from tests.aws.mfa import SMS_CONFIGURATION

if TYPE_CHECKING:
    from tests.e2e.server import Running

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOOKS: list[tuple[tuple[int, int], Any]] = [
    ((1280, 800), "light"),
    ((1280, 800), "dark"),
    ((390, 844), "light"),
    ((390, 844), "dark"),
]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ONLY_ADMINISTRATORS = {"RecoveryMechanisms": [{"Name": "admin_only", "Priority": 1}]}
PHONE = "+15550001111"
PASSWORD = "Browser-Horse-5!"


class App(BaseHTTPRequestHandler):
    """The application that users come back to."""

    def do_GET(self) -> None:  # the base class's name
        """Answer anything."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<title>back</title>back in the app")

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def application() -> Iterator[str]:
    """Run the application; yields its callback address."""
    listener = HTTPServer(("127.0.0.1", 0), App)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    yield f"http://localhost:{listener.server_port}/callback"
    listener.shutdown()
    listener.server_close()


@dataclass
class HostedPool:
    """A pool on a running server whose app client goes through the hosted pages."""

    server: Running
    idp: Any
    callback: str
    settings: dict[str, Any] = field(default_factory=dict)
    flows: tuple[str, ...] = ("ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
    pool_id: str = ""
    client_id: str = ""

    def __post_init__(self) -> None:
        """Create pool, domain and client."""
        given = {"AutoVerifiedAttributes": ["email"], "SmsConfiguration": SMS_CONFIGURATION, **self.settings}
        self.pool_id = self.idp.create_user_pool(PoolName="Walks", **given)["UserPool"]["Id"]
        client = self.idp.create_user_pool_client(
            UserPoolId=self.pool_id,
            ClientName="Walks",
            ExplicitAuthFlows=list(self.flows),
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthFlows=["code"],
            AllowedOAuthScopes=["openid", "email"],
            CallbackURLs=[self.callback],
            SupportedIdentityProviders=["COGNITO"],
        )
        self.client_id = client["UserPoolClient"]["ClientId"]

    @property
    def base(self) -> str:
        """The address of the pool's pages, by a name for which browsers have passkeys."""
        port = urlsplit(self.server.facts["endpoint"]).port
        return f"http://localhost:{port}/{self.pool_id}"

    def address(self, page: str = "oauth2/authorize", **changes: str) -> str:
        """Return the address of a page in an authorization request."""
        digest = hashlib.sha256(b"v" * 64).digest()
        given = {
            "client_id": self.client_id,
            "redirect_uri": self.callback,
            "response_type": "code",
            "scope": "openid email",
            "state": "s-1",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **changes,
        }
        return f"{self.base}/{page}?{urlencode(given)}"

    def create(self, *, password: str | None = PASSWORD, permanent: bool = True, **attributes: str) -> str:
        """Create a confirmed user; returns the name."""
        name = "u" + secrets.token_hex(5)
        at = {"UserPoolId": self.pool_id, "Username": name}
        values = {"email": f"{name}@example.com", "email_verified": "true", **attributes}
        given = [{"Name": key, "Value": value} for key, value in values.items() if value]
        self.idp.admin_create_user(**at, MessageAction="SUPPRESS", UserAttributes=given)
        if password:
            self.idp.admin_set_user_password(**at, Password=password, Permanent=permanent)
        return name

    def code(self, to: str) -> str:
        """Return the code in the last message to an address."""
        texts = [path.read_text() for path in sorted(Path(self.server.facts["outbox_dir"]).glob("*.log"))]
        mine = [text for text in texts if f"To: {to}\n" in text]
        return str(re.findall(r"code is (\d{6,8})", mine[-1])[-1])


class Walker:
    """A browser page that is driven by roles and labels with the keyboard alone, and checked at each screen.

    Screens are looked at in both sizes and color schemes: axe-core, no sideways scrolling, a picture of each.
    """

    def __init__(self, page: Page, axe: str, pictures: Path) -> None:
        self.page = page
        self.axe = axe
        self.pictures = pictures
        self.problems: list[str] = []
        page.on("console", lambda message: self.problems.append(message.text))
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    def go(self, address: str) -> None:
        """Open an address."""
        self.page.goto(address)

    def focus(self, target: Locator) -> None:
        """Move the focus to an element by the Tab key, as those do who have no mouse."""
        target.wait_for()
        for _ in range(30):
            if target.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"not reached by the keyboard: {target}")

    def press(self, name: str, role: Any = "button") -> None:
        """Press a button, or follow a link."""
        self.focus(self.page.get_by_role(role, name=name, exact=True))
        self.page.keyboard.press("Enter")

    def type(self, label: str, text: str) -> None:
        """Type into a field in the place of what is there."""
        self.focus(self.page.get_by_label(label, exact=True))
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def enter(self, label: str, text: str) -> None:
        """Type into a field and send its form."""
        self.type(label, text)
        self.page.keyboard.press("Enter")

    def arrive(self, callback: str) -> None:
        """Wait for the way back to the application."""
        self.page.wait_for_url(f"{callback}?**")
        assert "code=" in self.page.url

    def see(self, heading: str, picture: str = "") -> None:
        """Wait for a screen, and check it."""
        self.page.get_by_role("heading", name=heading, exact=True).wait_for()
        if picture:
            for size, scheme in LOOKS:
                self.page.set_viewport_size(ViewportSize(width=size[0], height=size[1]))
                self.page.emulate_media(color_scheme=scheme)
                assert self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), picture
                self.page.screenshot(path=self.pictures / f"{picture}-{size[0]}-{scheme}.png", full_page=True)
                self._check_access(f"{picture}-{size[0]}-{scheme}")

    def _check_access(self, place: str) -> None:
        if self.page.evaluate("typeof axe") == "undefined":
            self.page.evaluate(self.axe)
        found = self.page.evaluate("tags => axe.run(document, {runOnly: tags})", TAGS)
        told = [(item["id"], [node["html"] for node in item["nodes"]]) for item in found["violations"]]
        assert told == [], place


NewWalk = Callable[[], Walker]


def administrator(server: Running) -> Any:
    """Return a cognito-idp client of the server's administrator."""
    return boto3.client(
        "cognito-idp",
        endpoint_url=server.facts["endpoint"],
        region_name=server.facts["region"],
        aws_access_key_id=server.facts["access_key_id"],
        aws_secret_access_key=server.facts["secret_access_key"],
        config=Config(retries={"max_attempts": 0}),
    )


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


def set_mfa(pool: HostedPool, demand: str, **factors: Any) -> None:
    """Turn second factors on in a pool."""
    every = {
        "SmsMfaConfiguration": {"SmsConfiguration": SMS_CONFIGURATION},
        "SoftwareTokenMfaConfiguration": {"Enabled": True},
        "EmailMfaConfiguration": {"Message": "Your code is {####}", "Subject": "Code"},
    }
    given = factors or every
    pool.idp.set_user_pool_mfa_config(UserPoolId=pool.pool_id, MfaConfiguration=demand, **given)


def sign_in(walk: Walker, pool: HostedPool, name: str, password: str = PASSWORD) -> None:
    """Send name and password."""
    walk.go(pool.address())
    walk.type("Username", name)
    walk.enter("Password", password)
