"""The one fetcher for addresses that others choose (metadata, discovery): public hosts only, small and quick.

A name is resolved once, every address it has is checked, and the connection goes to the checked address, so that a
second look at the name cannot lead elsewhere. ``COGNITO["OUTGOING_PRIVATE_NETWORKS"]`` lets it reach private networks
and any port, for identity providers inside of the installation's own network.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import orjson

from cognito_app.conf import app_settings

MAX_BYTES = 1024 * 1024
MAX_URL = 2048
MAX_REDIRECTS = 3
SECONDS = 5.0
PORTS = {"http": 80, "https": 443}
REDIRECTS = frozenset({301, 302, 303, 307, 308})
NAT64 = ipaddress.ip_network("64:ff9b::/96")

_resolvers = ThreadPoolExecutor(4, thread_name_prefix="resolve")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class FetchError(Exception):
    """The address may not be asked, or gave no usable answer; the text is fit for whoever chose the address."""


class FetchTimeoutError(FetchError):
    """The server did not answer in time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said; any status but a redirect."""

    status: int
    body: bytes = field(repr=False)

    def json_object(self) -> dict[str, Any] | None:
        """Return the body as a JSON object, or None if it is none."""
        try:
            document = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None
        return document if isinstance(document, dict) else None


def check_url(url: str, *, any_port: bool = False) -> SplitResult:
    """Return the parts of an http(s) URL without user names or white space; ports other than 80 and 443 need
    ``any_port`` (a URL that only browsers visit) or private networks to be allowed.

    Raises FetchError.
    """
    if len(url) > MAX_URL or any(not "!" <= char <= "~" for char in url):
        raise FetchError("the URL is too long or has characters that do not belong into one")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise FetchError("the URL is malformed") from None
    if parts.scheme not in PORTS or not parts.hostname or "@" in parts.netloc:
        raise FetchError("the URL must have the form http(s)://host/path")
    any_port = any_port or app_settings.outgoing_private_networks
    if port is not None and port not in PORTS.values() and not any_port:
        raise FetchError("only ports 80 and 443 may be used")
    return parts


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked of each address on the way."""

    method: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


def get(url: str, *, accept: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Fetch a document of up to a megabyte within five seconds; redirects may stay on the same scheme and host.

    Raises FetchError. Call it outside of transactions.
    """
    deadline = time.monotonic() + SECONDS
    question = _Question("GET", {"Accept": accept, **(headers or {})})
    for _ in range(MAX_REDIRECTS + 1):
        parts = check_url(url)
        answer, location = _ask(parts, question, deadline)
        if answer.status not in REDIRECTS or not location:
            return answer
        following = urljoin(url, location)
        if check_url(following)[:2] != parts[:2]:
            raise FetchError("a redirect leads to another host")
        url = following
    raise FetchError("too many redirects")


def post(url: str, body: bytes, *, accept: str, headers: Mapping[str, str]) -> Answer:
    """Send a body, within the limits of ``get``; a redirect is not followed: what is sent goes nowhere else.

    Raises FetchError. Call it outside of transactions.
    """
    question = _Question("POST", {"Accept": accept, **headers}, body)
    return _ask(check_url(url), question, time.monotonic() + SECONDS)[0]


def _ask(parts: SplitResult, question: _Question, deadline: float) -> tuple[Answer, str | None]:
    port = parts.port or PORTS[parts.scheme]
    address = _resolve(parts.hostname or "", port, deadline)
    connection = _Connection(parts, address, port, deadline)
    # Each read has its own limit; this one ends a server that answers byte by byte.
    alarm = threading.Timer(_left(deadline), connection.abort)
    alarm.daemon = True
    alarm.start()
    try:
        target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        headers = {"Accept-Encoding": "identity", "User-Agent": "cognito-app", "Connection": "close"}
        connection.request(question.method, target, question.body, {**headers, **question.headers})
        response = connection.getresponse()
        body = response.read(MAX_BYTES + 1)
    except (OSError, http.client.HTTPException, ValueError):
        if _is_over(deadline):
            raise FetchTimeoutError("the server gave no answer") from None
        raise FetchError("the connection failed") from None
    finally:
        alarm.cancel()
        connection.close()
    if _is_over(deadline):
        raise FetchTimeoutError("the server took too long")
    if len(body) > MAX_BYTES:
        raise FetchError("the answer is too long")
    return Answer(response.status, body), response.headers.get("Location")


def _left(deadline: float) -> float:
    return max(0.001, deadline - time.monotonic())


def _is_over(deadline: float) -> bool:
    return time.monotonic() >= deadline


def _resolve(host: str, port: int, deadline: float) -> str:
    """Return an address of the host, after all that it has were found fit."""
    found: Future[list[str]] = _resolvers.submit(_addresses, host, port)
    try:
        addresses = found.result(timeout=_left(deadline))
    except (OSError, UnicodeError, FutureTimeoutError):
        raise FetchError("the host name cannot be resolved") from None
    if not addresses:
        raise FetchError("the host name cannot be resolved")
    if not app_settings.outgoing_private_networks and not all(_is_public(address) for address in addresses):
        raise FetchError("the host is in a private network")
    return addresses[0]


def _addresses(host: str, port: int) -> list[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _is_public(text: str) -> bool:
    address: Address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            address = inner
    return address.is_global and not address.is_multicast


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was checked, under the name that it was found by."""

    def __init__(self, parts: SplitResult, address: str, port: int, deadline: float) -> None:
        super().__init__(parts.hostname or "", port)
        self.default_port = PORTS[parts.scheme]
        self._secure = parts.scheme == "https"
        self._address = address
        self._deadline = deadline
        self._open: socket.socket | None = None

    def connect(self) -> None:
        """Open the socket, with TLS for https."""
        self._open = socket.create_connection((self._address, self.port), timeout=_left(self._deadline))
        if self._secure:
            context = ssl.create_default_context()
            secured = context.wrap_socket(self._open, server_hostname=self.host, do_handshake_on_connect=False)
            self._open = secured
            secured.do_handshake()
        self.sock = self._open

    def abort(self) -> None:
        """End the connection from another thread: whatever waits on it fails (``sock`` is gone after the headers)."""
        if self._open is not None:
            with suppress(OSError):
                self._open.shutdown(socket.SHUT_RDWR)
