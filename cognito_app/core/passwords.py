"""Password hashes: argon2id over a peppered password, only so many at a time.

Parameters: OWASP Password Storage Cheat Sheet (m = 19 MiB, t = 2, p = 1). Django's own hasher costs nine times more.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from cognito_app.conf import app_settings
from cognito_app.core import imported_hashes, keyring, secrets
from cognito_app.errors import TooManyRequestsException

LONGEST_WAIT_SECONDS = 2.0

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)
_slots_lock = threading.Lock()
_slots: tuple[int, threading.BoundedSemaphore] | None = None


def _semaphore() -> threading.BoundedSemaphore:
    global _slots  # one per process, made anew when the setting changes
    size = app_settings.password_slots
    if _slots is None or _slots[0] != size:
        with _slots_lock:
            if _slots is None or _slots[0] != size:
                _slots = (size, threading.BoundedSemaphore(size))
    return _slots[1]


@contextmanager
def slot() -> Iterator[None]:
    """Wait for permission to hash: more hashes at once than processors only make every request slower.

    Raises TooManyRequestsException after two seconds.
    """
    semaphore = _semaphore()
    if not semaphore.acquire(timeout=LONGEST_WAIT_SECONDS):
        raise TooManyRequestsException
    try:
        yield
    finally:
        semaphore.release()


def hash_password(password: str) -> str:
    """Return the encoded hash of a password (about 23 ms of processor time).

    Raises TooManyRequestsException.
    """
    with slot():
        return _hasher.hash(_peppered(password)[0])


def verify_password(encoded: str | None, password: str) -> bool:
    """Whether the password is right; without a hash the answer is False and takes as long.

    Raises TooManyRequestsException.
    """
    with slot():
        return check(encoded, password)


def check(encoded: str | None, password: str) -> bool:
    """``verify_password`` for a caller that holds a slot already."""
    if encoded is not None and imported_hashes.is_wrapped(encoded):
        return imported_hashes.matches(encoded, password)
    candidates = _peppered(password)
    if encoded is None:
        _matches(_unknown_hash(), candidates[0])
        return False
    return any(_matches(encoded, candidate) for candidate in candidates)


def _matches(encoded: str, peppered: bytes) -> bool:
    try:
        return _hasher.verify(encoded, peppered)
    except (VerificationError, InvalidHashError):
        return False


def _peppered(password: str) -> list[bytes]:
    return keyring.mac_candidates("password-pepper", password.encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=1)
def _unknown_hash() -> str:
    return _hasher.hash(secrets.token_bytes(32))
