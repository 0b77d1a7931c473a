"""An app with a pool of its own on a running server, a browser without a screen, packages of npm and pip, processes."""

from __future__ import annotations

import html
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from tests.e2e.hosted import administrator
from tests.e2e.server import Running

USERNAME, PASSWORD, EMAIL = "demo", "Demo-Password-2!", "demo@example.com"
FLOWS = ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
SCOPES = ["openid", "email", "profile", "aws.cognito.signin.user.admin", "shop/read"]
PRIVATE_CALLBACKS = (
    "/auth/callback/cognito",
    "/oidc/callback/",
    "/complete/cognito/",
    "/complete/oidc/",
    "/accounts/oidc/cognito/login/callback/",
    "/login/oauth2/code/cognito",
)


@dataclass
class App:
    """An app at an address, and what the pages of ``docs/developers`` call its clients and user."""

    server: Running
    address: str
    idp: Any = None
    pool_id: str = ""
    client_id: str = ""
    private: dict[str, str] = field(default_factory=dict)
    machine: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Create the pool, a user in a group, and three clients."""
        self.idp = administrator(self.server)
        self.pool_id = self.idp.create_user_pool(PoolName="Relying")["UserPool"]["Id"]
        at = {"UserPoolId": self.pool_id, "Username": USERNAME}
        given = [{"Name": "email", "Value": EMAIL}, {"Name": "email_verified", "Value": "true"}]
        self.idp.admin_create_user(**at, MessageAction="SUPPRESS", UserAttributes=given)
        self.idp.admin_set_user_password(**at, Password=PASSWORD, Permanent=True)
        self.idp.create_group(UserPoolId=self.pool_id, GroupName="staff")
        self.idp.admin_add_user_to_group(**at, GroupName="staff")
        scopes = [{"ScopeName": "read", "ScopeDescription": "reads"}]
        self.idp.create_resource_server(UserPoolId=self.pool_id, Identifier="shop", Name="Shop", Scopes=scopes)
        self.client_id = self._client(["/callback", "/"], GenerateSecret=False)["ClientId"]
        self.private = self._client(PRIVATE_CALLBACKS)
        machine = {"AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthScopes": ["shop/read"]}
        self.machine = self._client((), **machine)

    def _client(self, callbacks: Any, **changes: Any) -> dict[str, str]:
        given = {
            "GenerateSecret": True,
            "ExplicitAuthFlows": FLOWS,
            "AllowedOAuthFlowsUserPoolClient": True,
            "AllowedOAuthFlows": ["code"],
            "AllowedOAuthScopes": SCOPES,
            "SupportedIdentityProviders": ["COGNITO"],
            **({"LogoutURLs": [self.address + "/"]} if callbacks else {}),
            **({"CallbackURLs": [self.address + path for path in callbacks]} if callbacks else {}),
            **changes,
        }
        made = self.idp.create_user_pool_client(UserPoolId=self.pool_id, ClientName="Relying", **given)
        return dict(made["UserPoolClient"])

    def other_client(self) -> str:
        """Return the id of another client of the pool."""
        return self._client(["/callback"], GenerateSecret=False)["ClientId"]

    @property
    def issuer(self) -> str:
        """The pool's issuer, which is the address of its pages as well."""
        return f"{self.server.facts['endpoint']}/{self.pool_id}"

    @property
    def values(self) -> dict[str, str]:
        """The test's values for those that the pages made up."""
        return {
            "http://localhost:8000": self.server.facts["endpoint"],
            "http://localhost:3000": self.address,
            "us-east-1_EXAMPLE01": self.pool_id,
            "1example2public3client4": self.client_id,
            "5example6private7client": self.private["ClientId"],
            "example-secret": self.private["ClientSecret"],
            "8example9machine": self.machine["ClientId"],
            "machine-secret": self.machine["ClientSecret"],
            "AKIDEXAMPLE": self.server.facts["access_key_id"],
            "example-key": self.server.facts["secret_access_key"],
            "Demo-Password-1!": PASSWORD,
        }

    def tokens(self, client_id: str = "") -> dict[str, str]:
        """Return new tokens of the user."""
        parameters = {"USERNAME": USERNAME, "PASSWORD": PASSWORD}
        answer = self.idp.initiate_auth(
            ClientId=client_id or self.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters
        )
        return dict(answer["AuthenticationResult"])


class Visitor:
    """A browser without a screen: it follows redirects, keeps cookies, and fills in the sign-in page."""

    def __init__(self) -> None:
        self.session = requests.Session()

    def open(self, address: str, until: str = "", method: str = "GET") -> requests.Response:
        """Open an address and follow where it leads, at most to an address that begins with ``until``."""
        return self._follow(self.session.request(method, address, allow_redirects=False, timeout=20), until)

    def sign_in(self, page: requests.Response, until: str = "") -> requests.Response:
        """Send the user's name and password on the sign-in page."""
        assert 'autocomplete="current-password"' in page.text, page.text
        found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
        form = {name: html.unescape(value) for name, value in found}
        typed = {**form, "username": USERNAME, "password": PASSWORD}
        return self._follow(self.session.post(page.url, data=typed, allow_redirects=False, timeout=20), until)

    def _follow(self, answer: requests.Response, until: str) -> requests.Response:
        while answer.is_redirect:
            target = urljoin(answer.url, answer.headers["Location"])
            if until and target.startswith(until):
                answer.url = target
                return answer
            answer = self.session.get(target, allow_redirects=False, timeout=20)
        return answer


def npm_folder(folder: Path, *packages: str) -> Path:
    """Install packages of npm in a folder."""
    (folder / "package.json").write_text('{"type": "module", "private": true}')
    command = ["npm", "install", "--no-audit", "--no-fund", "--silent", *packages]
    subprocess.run(command, cwd=folder, check=True, timeout=300)
    return folder


def pip_folder(folder: Path, *packages: str) -> Path:
    """Install packages of PyPI in a folder, apart from the environment of the tests."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), *packages]
    subprocess.run(command, check=True, timeout=300)
    return folder


def environment_of(more: dict[str, str]) -> dict[str, str]:
    """Return the environment without what belongs to the tests, and with more."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "DJANGO_", "COGNITO_"))}
    return {**clean, **more}


def run(command: list[str], folder: Path, **environment: str) -> str:
    """Run a command that must succeed; returns what it printed."""
    given = environment_of(environment)
    done = subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def listening(command: list[str], folder: Path, port: int, seconds: int = 30, **environment: str) -> Iterator[Path]:
    """Run a command that listens on a port until the test is over; yields the path of its log."""
    path = folder / f"{port}.log"
    with path.open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment_of(environment), stdout=log, stderr=log, start_new_session=True
        )
    try:
        for _ in range(seconds * 10):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, path.read_text()
            time.sleep(0.1)
        else:
            raise AssertionError(path.read_text())
        yield path
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def converse(command: list[str], folder: Path, app: App, **environment: str) -> dict[str, Any]:
    """Let a program print where to go, sign in there, give it the callback address; returns the JSON it prints then."""
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, cwd=folder, env=environment_of(environment), text=True, **pipes) as talk:
        assert talk.stdout is not None
        address = talk.stdout.readline().strip()
        if address:
            visitor = Visitor()
            address = visitor.sign_in(visitor.open(address), until=app.address).url
        output, errors = talk.communicate(address + "\n", timeout=30)
    assert talk.returncode == 0, errors
    return dict(json.loads(output.splitlines()[-1]))


def port_of(address: str) -> int:
    """Return the port of an address."""
    return int(urlsplit(address).port or 0)


def host_of(address: str) -> str:
    """Return host and port of an address."""
    return urlsplit(address).netloc
