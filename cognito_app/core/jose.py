"""JSON Web Tokens with RSA: signing and verifying with keys that were parsed once.

Standards: RFC 7515, RFC 7519. The algorithm belongs to the key and is never taken from the token (RFC 8725).
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

KEY_BITS = 2048
MAX_TOKEN_CHARS = 16_384
_HASHES: dict[str, hashes.HashAlgorithm] = {"RS256": hashes.SHA256(), "RS512": hashes.SHA512()}
_PADDING = padding.PKCS1v15()


class TokenError(Exception):
    """A token that must not be believed; ``reason`` is ``malformed``, ``signature``, ``expired`` or ``not_yet``."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def generate_private_key() -> RSAPrivateKey:
    """Make an RSA key of 2,048 bits (about 45 ms)."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=KEY_BITS)


def to_der(key: RSAPrivateKey) -> bytes:
    """Return a private key as PKCS#8 DER, to be sealed."""
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load_der(data: bytes) -> RSAPrivateKey:
    """Read a private key of our own: it was sealed, so the 30 ms check of its numbers is left out."""
    key = serialization.load_der_private_key(data, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("not an RSA key")
    return key


def public_jwk(key: RSAPublicKey, kid: str, algorithm: str = "RS256") -> dict[str, str]:
    """Return the published form of a key (RFC 7517), members in Cognito's order."""
    numbers = key.public_numbers()
    return {
        "alg": algorithm,
        "e": _encode(_unsigned(numbers.e)),
        "kid": kid,
        "kty": "RSA",
        "n": _encode(_unsigned(numbers.n)),
        "use": "sig",
    }


def sign(claims: dict[str, Any], key: RSAPrivateKey, kid: str, algorithm: str = "RS256", typ: str | None = None) -> str:
    """Return a signed token; pool tokens carry no ``typ``."""
    header = {"kid": kid, "alg": algorithm} if typ is None else {"kid": kid, "typ": typ, "alg": algorithm}
    signed = _encode(orjson.dumps(header)) + "." + _encode(orjson.dumps(claims))
    return signed + "." + _encode(key.sign(signed.encode(), _PADDING, _HASHES[algorithm]))


def peek(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims without believing them, to find the key.

    Raises TokenError("malformed").
    """
    header, claims, _ = _parts(token)
    return header, claims


def verify(token: str, key: RSAPublicKey, algorithm: str = "RS256") -> dict[str, Any]:
    """Return the claims of a token signed by ``key``.

    Raises TokenError("malformed") or TokenError("signature"); times are checked by ``check_time``.
    """
    header, claims, signature = _parts(token)
    if header.get("alg") != algorithm or "crit" in header:
        raise TokenError("signature")
    try:
        key.verify(signature, token.rpartition(".")[0].encode(), _PADDING, _HASHES[algorithm])
    except InvalidSignature:
        raise TokenError("signature") from None
    return claims


def check_time(claims: dict[str, Any], now: datetime, leeway_seconds: int = 0) -> None:
    """Check ``exp`` (which must be there) and ``nbf``.

    Raises TokenError("expired"), TokenError("not_yet") or TokenError("malformed").
    """
    expires, starts = _number(claims.get("exp")), _number(claims.get("nbf", 0))
    instant = now.timestamp()
    if instant >= expires + leeway_seconds:
        raise TokenError("expired")
    if instant < starts - leeway_seconds:
        raise TokenError("not_yet")


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenError("malformed")
    return value


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    pieces = token.split(".") if len(token) <= MAX_TOKEN_CHARS else []
    if len(pieces) != 3:
        raise TokenError("malformed")
    try:
        header, claims = (orjson.loads(_decode(piece)) for piece in pieces[:2])
        signature = _decode(pieces[2])
    except (ValueError, binascii.Error):
        raise TokenError("malformed") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise TokenError("malformed")
    return header, claims, signature


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _encode(data) != text:
        # Padding, or bits that say nothing: a token has one form only (RFC 7515 section 2).
        raise ValueError("not in the form in which it was encoded")
    return data


def _unsigned(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
