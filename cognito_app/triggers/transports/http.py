"""One POST to a function's address: kept connections, no redirects, an end in time and a cap on the answer.

Limits of single reads are not enough: a server that answers byte by byte would never reach them.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from cognito_app.triggers.outcome import MAX_ANSWER_BYTES, BadAnswer, InvocationError, TimedOut

CONNECT_SECONDS = 1.0
CHUNK = 65_536
ERRORS = (urllib3.exceptions.HTTPError, OSError, ValueError)
"""What goes wrong on a connection; a ValueError is a socket that was closed meanwhile."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server said, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class _Timed:
    """A connection whose headers must be there in time; the limit of its reads is that of the whole request."""

    sock: Any
    timeout: Any

    def getresponse(self) -> Any:
        """Wait for status and headers; the alarm makes whatever waits on the socket fail."""
        alarm = threading.Timer(float(self.timeout), _abort, (self.sock,))
        alarm.daemon = True
        alarm.start()
        try:
            return super().getresponse()  # type: ignore[misc]  # of urllib3's class beside this one
        finally:
            alarm.cancel()


class _Connection(_Timed, HTTPConnection):
    pass


class _SecureConnection(_Timed, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def post(url: str, body: bytes, headers: Mapping[str, Any], *, seconds: float, ca_bundle: str | None = None) -> Reply:
    """Send a body and return the answer; ``ca_bundle`` is a file of authorities instead of the system's.

    Raises TimedOut, InvocationError, BadAnswer.
    """
    deadline = time.monotonic() + seconds
    try:
        response = _manager(_proxy(url), ca_bundle).request(
            "POST",
            url,
            body=body,
            headers=dict(headers),
            redirect=False,
            preload_content=False,
            decode_content=False,
            timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, seconds), read=seconds),
        )
    except ERRORS as error:
        raise _failure(error, deadline) from None
    return Reply(response.status, response.headers, _read(response, deadline))


def _read(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    """Read the answer; its connection is kept only if all of it was read."""
    body = bytearray()
    try:
        while chunk := _some(response, deadline):
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                raise BadAnswer
    except ERRORS as error:
        response.close()
        raise _failure(error, deadline) from None
    except (BadAnswer, TimedOut):
        response.close()
        raise
    response.release_conn()
    return bytes(body)


def _some(response: Any, deadline: float) -> bytes:
    """Return what there is, at most a chunk, at latest at the deadline."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimedOut
    if response.connection is not None and response.connection.sock is not None:
        response.connection.sock.settimeout(left)
    some: bytes = response.read1(CHUNK)
    return some


def _failure(error: Exception, deadline: float) -> Exception:
    timed_out = isinstance(error, (urllib3.exceptions.TimeoutError, TimeoutError)) or time.monotonic() >= deadline
    return TimedOut() if timed_out else InvocationError(type(error).__name__)


def _abort(sock: socket.socket | None) -> None:
    if sock is not None:
        with suppress(OSError):
            # Not the method of TLS sockets, which takes the connection apart while the other thread reads.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _proxy(url: str) -> str | None:
    """Return the proxy that the environment names for an address."""
    parts = urllib3.util.parse_url(url)
    proxy = getproxies().get(parts.scheme or "")
    return None if proxy is None or proxy_bypass(parts.host or "") else proxy


@cache
def _manager(proxy: str | None, ca_bundle: str | None) -> urllib3.PoolManager:
    given: Any = {"retries": False, "ca_certs": ca_bundle}
    made: Any = urllib3.PoolManager(**given) if proxy is None else urllib3.ProxyManager(proxy, **given)
    made.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    manager: urllib3.PoolManager = made
    return manager
