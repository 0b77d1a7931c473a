"""Randomness and comparison of secret values; nothing else in the project draws random numbers."""

from __future__ import annotations

import hmac
import secrets as system
import string

TEMPORARY_SYMBOLS = "!#$%&*+-=?@^_"
# Without the letters and digits that people confuse when they copy a password from a message.
TEMPORARY_UPPER = "ABCDEFGHJKLMNPQRSTUVWXYZ"
TEMPORARY_LOWER = "abcdefghijkmnopqrstuvwxyz"
TEMPORARY_DIGITS = "23456789"
DEFAULT_TEMPORARY_LENGTH = 12


def token_bytes(count: int) -> bytes:
    """Return ``count`` random bytes."""
    return system.token_bytes(count)


def urlsafe(count: int) -> str:
    """Return ``count`` random bytes as URL-safe base64 text without padding."""
    return system.token_urlsafe(count)


def digits(count: int) -> str:
    """Return a random decimal number of exactly ``count`` digits, leading zeros included."""
    return "".join(system.choice(string.digits) for _ in range(count))


def alphanumeric(count: int, alphabet: str = string.ascii_lowercase + string.digits) -> str:
    """Return ``count`` random characters of ``alphabet``."""
    return "".join(system.choice(alphabet) for _ in range(count))


def compare(left: str | bytes, right: str | bytes) -> bool:
    """Compare two secrets in a time that does not depend on where they differ."""
    return hmac.compare_digest(_bytes(left), _bytes(right))


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")


def temporary_password(*, minimum_length: int, uppercase: bool, lowercase: bool, numbers: bool, symbols: bool) -> str:
    """Return a random password that satisfies such a policy, of at least twelve characters."""
    classes = [
        alphabet
        for wanted, alphabet in (
            (uppercase, TEMPORARY_UPPER),
            (lowercase, TEMPORARY_LOWER),
            (numbers, TEMPORARY_DIGITS),
            (symbols, TEMPORARY_SYMBOLS),
        )
        if wanted
    ] or [TEMPORARY_LOWER, TEMPORARY_DIGITS]
    length = max(minimum_length, DEFAULT_TEMPORARY_LENGTH)
    chars = [system.choice(alphabet) for alphabet in classes]
    everything = "".join(classes)
    chars += [system.choice(everything) for _ in range(length - len(chars))]
    system.SystemRandom().shuffle(chars)
    return "".join(chars)
