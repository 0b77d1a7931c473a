"""T22: what the installation fetches for identity providers reaches no forbidden address, and never for long.

Every fetch is tried: discovery, SAML metadata, the token endpoint, keys, userInfo. A listener on the machine's own
addresses counts connections; its port stands for 443, for other ports are refused before anything else is looked at.
Lambda triggers are not among them: operators say in the settings where functions run, pools name ARNs only.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from pytest_django import Settings

from cognito_app.core import jose, safe_http
from cognito_app.errors import InvalidParameterException
from cognito_app.federation import flow
from cognito_app.federation.backends import OpenIdConnect
from cognito_app.federation.flow import ProviderError, Relation
from cognito_app.federation.strategy import ProviderStrategy
from cognito_app.services import issuer_keys, provider_details
from tests.clients.identity_provider import RSA_KEY
from tests.clients.providers import serving

POOL_ID = "us-east-1_AbCdEf123"
OPENID = {"client_id": "rp", "client_secret": "s", "authorize_scopes": "openid"}


class Listener:
    """Sockets on the loopback that count who comes."""

    def __init__(self) -> None:
        self.connections = 0
        self.sockets = [socket.create_server(("127.0.0.1", 0))]
        self.port = int(self.sockets[0].getsockname()[1])
        with suppress(OSError):  # a machine without IPv6 cannot be reached by it
            self.sockets.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for item in self.sockets:
            threading.Thread(target=self._serve, args=(item,), daemon=True).start()

    def _serve(self, item: socket.socket) -> None:
        while True:
            try:
                connection, _ = item.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()

    def close(self) -> None:
        for item in self.sockets:
            item.close()


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """A listener whose port may be asked."""
    made = Listener()
    monkeypatch.setattr(safe_http, "PORTS", {"http": 80, "https": made.port})
    yield made
    time.sleep(0)  # lets an accepted connection be counted
    made.close()


def relation(**urls: str) -> Relation:
    """Return a relation to a provider whose other addresses do not matter."""
    settings = {
        "KEY": "rp",
        "SECRET": "s",
        "SCOPE": ["openid"],
        "AUTHORIZATION_URL": "https://idp.example/a",
        "TOKEN_ENDPOINT_AUTH_METHOD": "client_secret_post",
        "USE_PKCE": True,
        **urls,
    }
    return Relation("OIDC", settings, "https://pool.example/oauth2/idpresponse", lambda token: {"sub": token})


def discovery(url: str) -> None:
    provider_details.build("OIDC", {**OPENID, "oidc_issuer": url}, {}, POOL_ID)


def metadata(url: str) -> None:
    provider_details.build("SAML", {"MetadataURL": f"{url}/metadata"}, {}, POOL_ID)


def token(url: str) -> None:
    asked = relation(ACCESS_TOKEN_URL=f"{url}/token")
    _, memory = flow.begin(asked, "s" * 43)
    flow.complete(asked, "s" * 43, memory, {"code": "c", "state": "s" * 43})


def keys(url: str) -> None:
    issuer_keys.forget()
    issuer_keys.verify(jose.sign({"sub": "x"}, RSA_KEY, "rsa-1"), url, f"{url}/jwks")


def user_info(url: str) -> None:
    strategy = ProviderStrategy(relation(USERINFO_URL=f"{url}/userinfo").settings, "s" * 43, {}, {})
    assert OpenIdConnect(strategy, "https://pool.example/x").user_data("at") == {}
    raise ProviderError("user_info", "nothing came")  # a provider without userInfo is no error


FETCHES: dict[str, Callable[[str], None]] = {
    "discovery": discovery,
    "metadata": metadata,
    "token": token,
    "keys": keys,
    "user info": user_info,
}
REFUSALS = (InvalidParameterException, ProviderError, issuer_keys.UnreachableError)
each_fetch = pytest.mark.parametrize("fetch", FETCHES.values(), ids=FETCHES)

FORBIDDEN = [
    "127.0.0.1",
    "127.1",
    "127.255.255.254",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "0.0.0.0",
    "0",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "017700000001",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.0.192",
    "224.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fd00:ec2::254]",
]


@each_fetch
@pytest.mark.parametrize("host", FORBIDDEN)
def test_a_forbidden_address_is_not_asked(listener: Listener, fetch: Callable[[str], None], host: str) -> None:
    with pytest.raises(REFUSALS):
        fetch(f"https://{host}:{listener.port}")
    assert listener.connections == 0


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let names resolve to one list of addresses after the other; returns the names that were looked up."""
    asked: list[str] = []

    def lookup(host: str, port: int, *rest: Any, **given: Any) -> list[Any]:
        if host[:1].isdigit() or ":" in host:
            chosen = [host]
        else:
            asked.append(host)
            chosen = answers[min(len(asked), len(answers)) - 1]
        return [
            (socket.AF_INET6 if ":" in item else socket.AF_INET, socket.SOCK_STREAM, 6, "", (item, port))
            for item in chosen
        ]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return asked


@each_fetch
@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["::1"], ["1.1.1.1", "127.0.0.1"], ["127.0.0.1", "1.1.1.1"], ["::ffff:127.0.0.1"], []],
    ids=str,
)
def test_a_public_name_of_a_forbidden_address_is_not_asked(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, fetch: Callable[[str], None], addresses: list[str]
) -> None:
    resolving(monkeypatch, addresses)
    with pytest.raises(REFUSALS):
        fetch(f"https://idp.attacker.example:{listener.port}")
    assert listener.connections == 0


@each_fetch
def test_a_name_that_changes_between_check_and_use_leads_nowhere_else(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, fetch: Callable[[str], None]
) -> None:
    monkeypatch.setattr(safe_http, "SECONDS", 0.5)
    asked = resolving(monkeypatch, ["1.1.1.1"], ["127.0.0.1"])
    with pytest.raises(REFUSALS):
        fetch(f"https://idp.attacker.example:{listener.port}")
    # Looked up once: what was checked is what is connected to.
    assert asked == ["idp.attacker.example"]
    assert listener.connections == 0


@each_fetch
@pytest.mark.parametrize("port", [22, 25, 3306, 5432, 6379, 8080, 9200, 65535])
def test_other_ports_are_not_asked(fetch: Callable[[str], None], port: int) -> None:
    with pytest.raises(REFUSALS):
        fetch(f"https://1.1.1.1:{port}")


@each_fetch
@pytest.mark.parametrize(
    "url",
    [
        "http://idp.example@127.0.0.1",
        "ftp://idp.example",
        "file:///etc/passwd",
        "https://idp.example\r\nX: y",
        "gopher://x",
    ],
)
def test_strange_addresses_are_not_asked(listener: Listener, fetch: Callable[[str], None], url: str) -> None:
    with pytest.raises((*REFUSALS, safe_http.FetchError)):
        fetch(url)
    assert listener.connections == 0


@pytest.fixture
def private(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the fetcher reach the loopback, for what it does there."""
    settings.COGNITO = {**settings.COGNITO, "OUTGOING_PRIVATE_NETWORKS": True}
    monkeypatch.setattr(safe_http, "SECONDS", 1.0)


PATHS = ("/.well-known/openid-configuration", "/metadata", "/token", "/jwks", "/userinfo")


@each_fetch
@pytest.mark.usefixtures("private")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_not_followed(fetch: Callable[[str], None], status: int) -> None:
    with ExitStack() as stack:
        other, asked = stack.enter_context(serving({}))
        pages = {path: (status, {"Location": f"{other}/inside"}, b"") for path in PATHS}
        base, _ = stack.enter_context(serving(pages))
        with pytest.raises(REFUSALS):
            fetch(base)
        assert asked == []


class Endless:
    """A server that sends: byte by byte, or as much as anybody takes."""

    def __init__(self, chunk: bytes, pause: float) -> None:
        self.chunk, self.pause = chunk, pause
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._send, args=(connection,), daemon=True).start()

    def _send(self, connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
                while True:
                    connection.sendall(self.chunk)
                    time.sleep(self.pause)
            except OSError:
                return


@each_fetch
@pytest.mark.usefixtures("private")
@pytest.mark.parametrize(("chunk", "pause"), [(b"x", 0.05), (b"x" * 65_536, 0.0)], ids=["dripping", "flooding"])
def test_an_answer_without_end_is_left(fetch: Callable[[str], None], chunk: bytes, pause: float) -> None:
    server = Endless(chunk, pause)
    started = time.monotonic()
    try:
        with pytest.raises(REFUSALS):
            fetch(server.url)
    finally:
        server.socket.close()
    assert time.monotonic() - started < 4


@each_fetch
@pytest.mark.usefixtures("private")
def test_a_server_that_is_silent_is_left(fetch: Callable[[str], None]) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    started = time.monotonic()
    try:
        with pytest.raises(REFUSALS):
            fetch(f"http://127.0.0.1:{silent.getsockname()[1]}")
    finally:
        silent.close()
    assert time.monotonic() - started < 4
