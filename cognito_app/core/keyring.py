"""The master keys from outside of the database: they seal secrets, derive keys for MACs, and can be rotated.

Sealing is AES-256-GCM with the row's identity as associated data, so that a sealed value cannot be moved to another
row. The first key of ``COGNITO["MASTER_KEYS"]`` seals, all of them open.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.core.exceptions import ImproperlyConfigured

from cognito_app.conf import app_settings
from cognito_app.core import secrets

VERSION = 1
NONCE_BYTES = 12
KEY_BYTES = 32


class SealError(Exception):
    """A sealed value was altered, belongs elsewhere, or its key is gone."""


@dataclass(frozen=True)
class _Ring:
    primary: str
    ciphers: dict[str, AESGCM] = field(repr=False)
    masters: dict[str, bytes] = field(repr=False)


@lru_cache(maxsize=8)
def _ring(entries: tuple[str, ...]) -> _Ring:
    if not entries:
        raise ImproperlyConfigured("COGNITO['MASTER_KEYS'] is empty.")
    masters = {}
    for entry in entries:
        name, _, encoded = entry.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not name or len(name) > 32 or len(key) != KEY_BYTES:
            raise ImproperlyConfigured("Each of COGNITO['MASTER_KEYS'] must be '<key id>:<base64 of 32 bytes>'.")
        masters[name] = key
    ciphers = {name: AESGCM(_derive(key, b"seal")) for name, key in masters.items()}
    return _Ring(primary=entries[0].partition(":")[0], ciphers=ciphers, masters=masters)


@lru_cache(maxsize=256)
def _derive(master: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=b"cognito_app:" + purpose).derive(master)


def seal(plaintext: bytes, *, aad: bytes) -> bytes:
    """Encrypt with the first master key; ``aad`` names the place where the value belongs."""
    ring = _ring(app_settings.master_keys)
    name = ring.primary.encode()
    nonce = secrets.token_bytes(NONCE_BYTES)
    return bytes([VERSION, len(name)]) + name + nonce + ring.ciphers[ring.primary].encrypt(nonce, plaintext, aad)


def unseal(blob: bytes, *, aad: bytes) -> bytes:
    """Decrypt what ``seal`` made for the same place.

    Raises SealError.
    """
    try:
        if blob[0] != VERSION:
            raise SealError
        start = 2 + blob[1]
        cipher = _ring(app_settings.master_keys).ciphers[blob[2:start].decode()]
        return cipher.decrypt(blob[start : start + NONCE_BYTES], blob[start + NONCE_BYTES :], aad)
    except (IndexError, KeyError, ValueError, InvalidTag):
        raise SealError from None


def pack(payload: dict[str, Any], *, aad: bytes) -> str:
    """Seal a small JSON object into URL-safe text (sessions, page tokens)."""
    return base64.urlsafe_b64encode(seal(orjson.dumps(payload), aad=aad)).decode().rstrip("=")


def unpack(text: str, *, aad: bytes) -> dict[str, Any]:
    """Open what ``pack`` made.

    Raises SealError for anything else, whatever its form.
    """
    try:
        blob = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        payload = orjson.loads(unseal(blob, aad=aad))
    except (UnicodeEncodeError, binascii.Error, orjson.JSONDecodeError):
        raise SealError from None
    if not isinstance(payload, dict):
        raise SealError
    return payload


def mac(purpose: str, message: bytes) -> bytes:
    """Return a keyed hash of 32 bytes under a key that is derived from the first master key for ``purpose``."""
    return mac_candidates(purpose, message, only_first=True)[0]


def mac_candidates(purpose: str, message: bytes, *, only_first: bool = False) -> list[bytes]:
    """Return the keyed hash under every master key, the present one first, for what was made before a rotation."""
    ring = _ring(app_settings.master_keys)
    names = [ring.primary] if only_first else [ring.primary, *(n for n in ring.masters if n != ring.primary)]
    return [hmac.digest(_derive(ring.masters[name], purpose.encode()), message, sha256) for name in names]
