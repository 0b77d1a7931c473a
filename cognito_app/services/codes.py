"""Verification codes: six digits, stored as a keyed hash, spent once.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/limits.html (lifetimes)
"""

from __future__ import annotations

from datetime import timedelta

from cognito_app.core import clock, keyring, secrets
from cognito_app.errors import CodeMismatchException, ExpiredCodeException
from cognito_app.models import PoolUser, VerificationCode
from cognito_app.models.base import claim

DIGITS = 6
LIFETIMES = {
    VerificationCode.Purpose.SIGN_UP: timedelta(hours=24),
    VerificationCode.Purpose.EMAIL: timedelta(hours=24),
    VerificationCode.Purpose.PHONE_NUMBER: timedelta(hours=24),
    VerificationCode.Purpose.PASSWORD: timedelta(hours=1),
}


def issue(user: PoolUser, purpose: VerificationCode.Purpose, *, attribute: str, value: str) -> str:
    """Make a code for ``purpose``; it replaces an earlier one. Call it in the transaction that sends it."""
    code = secrets.digits(DIGITS)
    VerificationCode.objects.update_or_create(
        user=user,
        purpose=purpose,
        defaults={
            "code_hash": _hash(user, purpose, code),
            "attribute": attribute,
            "value": value,
            "expires_at": clock.now() + LIFETIMES[purpose],
            "used_at": None,
        },
    )
    return code


def check(user: PoolUser, purpose: VerificationCode.Purpose, given: str) -> VerificationCode:
    """Compare a code without spending it. Count the guess first (``services.attempts``).

    Raises ExpiredCodeException if there is none in force, CodeMismatchException if it differs.
    """
    code = VerificationCode.objects.filter(user=user, purpose=purpose, used_at=None, expires_at__gt=clock.now()).first()
    if code is None:
        raise ExpiredCodeException
    if not secrets.compare(bytes(code.code_hash), _hash(user, purpose, given)):
        raise CodeMismatchException
    return code


def spend(code: VerificationCode) -> None:
    """Use a code up, in the transaction of what it allows.

    Raises ExpiredCodeException for all but one of parallel callers.
    """
    unspent = VerificationCode.objects.filter(pk=code.pk, code_hash=bytes(code.code_hash), used_at=None)
    if not claim(unspent, used_at=clock.now()):
        raise ExpiredCodeException


def _hash(user: PoolUser, purpose: str, code: str) -> bytes:
    return keyring.mac("verification-code", f"{user.pk}:{purpose}:{code}".encode("utf-8", "surrogatepass"))
