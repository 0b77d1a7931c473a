"""Relying parties that live in a page, in Chromium: oidc-client-ts and Amplify, as docs/developers has them."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.documents import example, write
from tests.e2e.hosted import CHROMIUM
from tests.e2e.relying import EMAIL, PASSWORD, USERNAME, App, host_of, listening, npm_folder, port_of, run
from tests.e2e.server import Running, free_port

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js is not installed"),
]

PACKAGES = ["oidc-client-ts@3", "aws-amplify@6", "esbuild@0.28", "local-ssl-proxy@2"]
BUTTONS = ("sign-in", "sign-out", "renew", "revoke")
SHOWN = "".join(f'<button id="{name}">{name}</button>' for name in BUTTONS)
PAGE = f'<!doctype html><title>app</title>{SHOWN}<output></output><script type="module" src="/app.js"></script>'


@pytest.fixture(scope="module")
def js(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of npm."""
    return npm_folder(tmp_path_factory.mktemp("browser"), *PACKAGES)


class Site(ThreadingHTTPServer):
    """An app of one page and one script."""

    script = b""


class Answer(BaseHTTPRequestHandler):
    """Answers with the page wherever it is asked for, and with the script."""

    server: Site

    def do_GET(self) -> None:  # the base class's name
        """Send the page or the script."""
        script = self.path == "/app.js"
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if script else "text/html")
        self.end_headers()
        self.wfile.write(self.server.script if script else PAGE.encode())

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """The app's own server."""
    listener = Site(("127.0.0.1", 0), Answer)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    yield listener
    listener.shutdown()
    listener.server_close()


@pytest.fixture(scope="module")
def app(server: Running, site: Site) -> App:
    """The app at the site's address."""
    return App(server, f"http://localhost:{site.server_port}")


def bundle(js: Path, site: Site, name: str, values: dict[str, str]) -> None:
    """Bundle an example, as the tools of developers do, and put it on the site."""
    path = write(js, f"{name}.mjs", name, values)
    command = ["npx", "esbuild", path.name, "--bundle", "--format=esm", "--target=es2022", f"--outfile={name}.out.js"]
    run(command, js)
    site.script = (js / f"{name}.out.js").read_bytes()


def sign_in(page: Page) -> None:
    """Fill in the hosted page."""
    page.get_by_label("Username").fill(USERNAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")


def told(page: Page, text: str) -> None:
    """Wait until the app says something."""
    page.locator("output").get_by_text(text, exact=True).wait_for(timeout=15_000)


def test_oidc_client_ts_signs_in_renews_revokes_and_signs_out(app: App, js: Path, site: Site, browser: Browser) -> None:
    bundle(js, site, "oidc-client-ts", app.values)
    page = browser.new_context().new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(app.address + "/")
    told(page, "signed out")
    page.click("#sign-in")
    sign_in(page)
    told(page, f"signed in as {EMAIL}")
    page.click("#renew")
    told(page, f"renewed for {EMAIL}")
    page.goto(app.address + "/")
    told(page, "signed in")
    page.click("#revoke")
    told(page, "revoked")
    page.click("#sign-out")
    page.wait_for_url(app.address + "/**")
    told(page, "signed out")
    # The session at the provider is over as well: the next sign-in asks for the password again.
    page.click("#sign-in")
    page.get_by_label("Password").wait_for()
    assert problems == []
    page.context.close()


@pytest.fixture(scope="module")
def tls(server: Running, js: Path) -> Iterator[str]:
    """The proxy of the example in front of the server; yields its host and port."""
    port = free_port()
    values = {"8443": str(port), "8000": str(port_of(server.facts["endpoint"]))}
    with listening(example("local-tls", values).split(), js, port):
        yield f"localhost:{port}"


def test_amplify_signs_in_by_redirect(app: App, js: Path, site: Site, browser: Browser, tls: str) -> None:
    bundle(js, site, "amplify-redirect", {**app.values, "localhost:8443": tls})
    page = browser.new_context(ignore_https_errors=True).new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(app.address + "/")
    page.click("#sign-in")
    page.get_by_label("Username").wait_for()
    assert host_of(page.url) == tls
    sign_in(page)
    told(page, f"signed in as {USERNAME}")
    page.click("#renew")
    told(page, f"renewed for {USERNAME}")
    with page.expect_request(lambda request: "/logout" in request.url) as signing_out:
        page.click("#sign-out")
    assert host_of(signing_out.value.url) == tls
    page.wait_for_url(app.address + "/**")
    page.click("#sign-in")
    page.get_by_label("Password").wait_for()
    assert problems == []
    page.context.close()
