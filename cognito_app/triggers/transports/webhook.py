"""Functions behind a URL: the event as a signed POST.

Source: https://www.standardwebhooks.com (headers and signature)
"""

from __future__ import annotations

import base64
import binascii
import hmac
import time
from functools import cache
from hashlib import sha256

import orjson
import urllib3

from cognito_app.core import clock, ids
from cognito_app.triggers.outcome import MAX_ANSWER_BYTES, BadAnswer, FunctionError, InvocationError, TimedOut
from cognito_app.triggers.targets import WebhookTarget

CONNECT_SECONDS = 1.0
CHUNK = 65_536
ERROR_HEADER = "webhook-function-error"
SECRET_PREFIX = "whsec_"  # noqa: S105  # a prefix
FUNCTION_ERRORS = (400, 422)


@cache
def _pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(retries=False)


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a message: HMAC-SHA256 over its id, time and body."""
    digest = hmac.digest(_key(secret), f"{message_id}.{timestamp}.".encode() + body, sha256)
    return "v1," + base64.b64encode(digest).decode()


def _key(secret: str) -> bytes:
    """Standard Webhooks' secrets are base64 behind ``whsec_``; any other text counts as it stands."""
    if secret.startswith(SECRET_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()


def call(target: WebhookTarget, arn: str, event: bytes, *, seconds: float, message_id: str | None = None) -> bytes:
    """Send an event and return the answer; ``message_id`` stays the same over repeated tries.

    Raises FunctionError, InvocationError, TimedOut, BadAnswer.
    """
    message, timestamp = message_id or f"msg_{ids.uuid4()}", clock.epoch()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, message, timestamp, event) for secret in target.secrets),
    }
    deadline = time.monotonic() + seconds
    try:
        response = _pool().request(
            "POST",
            target.url,
            body=event,
            headers=headers,
            redirect=False,
            preload_content=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=seconds),
        )
        try:
            body = _read(response, deadline)
        finally:
            response.release_conn()
    except urllib3.exceptions.TimeoutError:
        raise TimedOut from None
    except urllib3.exceptions.HTTPError as error:
        raise InvocationError(type(error).__name__) from None
    return _result(response, body)


def _read(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    body = b""
    for chunk in response.stream(CHUNK):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            response.close()
            raise BadAnswer
        if time.monotonic() > deadline:
            response.close()
            raise TimedOut
    return body


def _result(response: urllib3.BaseHTTPResponse, body: bytes) -> bytes:
    if response.headers.get(ERROR_HEADER) or response.status in FUNCTION_ERRORS:
        raise FunctionError(_message(body))
    if response.status != 200:
        raise InvocationError(f"HTTP {response.status}")
    return body


def _message(body: bytes) -> str:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    return str(told.get("errorMessage", "")) if isinstance(told, dict) else ""
