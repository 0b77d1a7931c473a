"""Time-based one-time passwords: SHA-1, six digits, steps of 30 seconds, as authenticator apps make them.

Source: https://www.rfc-editor.org/rfc/rfc6238 and https://www.rfc-editor.org/rfc/rfc4226#section-5.3
"""

from __future__ import annotations

import base64
import hmac
from datetime import datetime
from hashlib import sha1
from urllib.parse import quote, urlencode

from cognito_app.core import secrets

DIGITS = 6
STEP_SECONDS = 30
DRIFT = 1
SECRET_BYTES = 32


def new_secret() -> bytes:
    """Return a random secret; RFC 4226 asks for 160 bits, Cognito's are 52 characters of base32."""
    return secrets.token_bytes(SECRET_BYTES)


def to_text(secret: bytes) -> str:
    """Return a secret as authenticator apps take it: base32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def from_text(text: str) -> bytes:
    """Return the secret of a base32 text."""
    return base64.b32decode(text + "=" * (-len(text) % 8))


def step_at(instant: datetime) -> int:
    """Return the number of the time step of an instant."""
    return int(instant.timestamp()) // STEP_SECONDS


def code_at(secret: bytes, step: int) -> str:
    """Return the code of a time step."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), sha1)
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def matching_step(secret: bytes, code: str, instant: datetime) -> int | None:
    """Return the step whose code this is, at most one away from the present, or None.

    The caller must see to it that a step is used once (RFC 6238 section 5.2).
    """
    present = step_at(instant)
    steps = range(max(present - DRIFT, 0), present + DRIFT + 1)
    # Every code is compared, so that the time does not tell which one matched; the latest one counts.
    found = [step for step in steps if secrets.compare(code_at(secret, step), code)]
    return found[-1] if found else None


def uri(secret: bytes, *, issuer: str, account: str) -> str:
    """Return the otpauth address that a QR code for an authenticator app holds."""
    label = quote(f"{issuer}:{account}", safe="")
    return f"otpauth://totp/{label}?" + urlencode({"secret": to_text(secret), "issuer": issuer}, quote_via=quote)
