"""The hosted pages in Chromium, by role and label, and openid-client as a strict relying party."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from playwright.sync_api import Page, sync_playwright

from tests.e2e.hosted import CHROMIUM, FLAGS, App
from tests.e2e.server import Running

pytestmark = pytest.mark.e2e

PASSWORD = "Browser-Horse-5!"
SIZES = [({"width": 1280, "height": 800}, "light"), ({"width": 390, "height": 844}, "dark")]


@pytest.fixture(scope="module")
def callback() -> Iterator[str]:
    """The address of the application, which the demo client has registered."""
    listener = HTTPServer(("127.0.0.1", 3000), App)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    yield "http://localhost:3000/callback"
    listener.shutdown()
    listener.server_close()


def sign_up(page: Page, server: Running, name: str) -> None:
    """Register on the pages with the keyboard alone, and confirm by the code in the outbox."""
    page.get_by_role("link", name="Create an account").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Email address").fill(f"{name}@example.com")
    page.get_by_label("Password", exact=True).fill("weak")
    page.get_by_label("Password once more").fill("weak")
    page.keyboard.press("Enter")
    assert "Password not long enough" in page.get_by_role("alert").inner_text()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password once more").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Confirm your account").wait_for()
    page.get_by_label("Confirmation code").fill(server.code(f"{name}@example.com"))
    page.keyboard.press("Enter")


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize(("size", "scheme"), SIZES)
@pytest.mark.parametrize("address", ["path", "host"])
def test_sign_up_confirm_and_return_with_a_code(
    server: Running, callback: str, size: Any, scheme: Any, address: str
) -> None:
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    request = {
        "client_id": server.facts["client_id"],
        "redirect_uri": callback,
        "response_type": "code",
        "scope": "openid email",
        "state": "s-1",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    port = urlsplit(server.facts["endpoint"]).port
    base = server.facts["domain_url"] if address == "path" else f"http://demo-app.auth.localhost:{port}"
    name = "u" + secrets.token_hex(5)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_context(viewport=size, color_scheme=scheme).new_page()
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text))
        page.goto(f"{base}/oauth2/authorize?{urlencode(request)}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        sign_up(page, server, name)
        page.wait_for_url(f"{callback}?**")
        given = parse_qs(urlsplit(page.url).query)
        assert given["state"] == ["s-1"]
        page.goto(
            f"{base}/logout?" + urlencode({"client_id": request["client_id"], "logout_uri": "http://localhost:3000/"})
        )
        page.goto(f"{base}/oauth2/authorize?{urlencode(request)}")
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill("Wrong-Horse-5!")
        page.keyboard.press("Enter")
        assert page.get_by_role("alert").inner_text() == "Incorrect username or password."
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{callback}?**")
        browser.close()
    assert problems == []
    form = {
        "grant_type": "authorization_code",
        "client_id": request["client_id"],
        "code": given["code"][0],
        "redirect_uri": callback,
        "code_verifier": verifier,
    }
    tokens = requests.post(server.facts["domain_url"] + "/oauth2/token", data=form, timeout=10).json()
    assert {"access_token", "id_token", "refresh_token"} <= set(tokens)


@pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js is not installed")
def test_openid_client_is_content(server: Running, tmp_path: Path) -> None:
    script = Path(__file__).with_name("openid_client.mjs")
    (tmp_path / "package.json").write_text('{"type": "module", "private": true}')
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--silent", "openid-client@6"],
        cwd=tmp_path,
        check=True,
        timeout=180,
    )
    shutil.copy(script, tmp_path / script.name)
    facts = server.facts
    environment = {
        **os.environ,
        "ISSUER": facts["domain_url"],
        "CLIENT_ID": facts["client_id"],
        "DEMO_USERNAME": facts["demo_username"],
        "DEMO_PASSWORD": facts["demo_password"],
    }
    done = subprocess.run(
        ["node", script.name], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["discovery", "code", "userinfo", "refresh", "revocation"]
