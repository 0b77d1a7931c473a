"""Functions behind a URL: the event as a signed POST.

Source: https://www.standardwebhooks.com (headers and signature)
"""

from __future__ import annotations

import base64
import binascii
import hmac
from hashlib import sha256

import orjson

from cognito_app.core import clock, ids
from cognito_app.triggers.outcome import FunctionError, InvocationError
from cognito_app.triggers.targets import WebhookTarget
from cognito_app.triggers.transports import http

ERROR_HEADER = "webhook-function-error"
SECRET_PREFIX = "whsec_"  # noqa: S105  # a prefix
FUNCTION_ERRORS = (400, 422)


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
    return _result(http.post(target.url, event, headers, seconds=seconds))


def _result(reply: http.Reply) -> bytes:
    if reply.headers.get(ERROR_HEADER) or reply.status in FUNCTION_ERRORS:
        raise FunctionError(_message(reply.body))
    if reply.status != 200:
        raise InvocationError(f"HTTP {reply.status}")
    return reply.body


def _message(body: bytes) -> str:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    return str(told.get("errorMessage", "")) if isinstance(told, dict) else ""
