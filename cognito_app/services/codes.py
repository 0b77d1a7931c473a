"""Verification codes: six digits, stored as a keyed hash, spent once.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/limits.html (lifetimes)
"""

from __future__ import annotations

from datetime import timedelta

from cognito_app.core import clock, keyring, secrets
from cognito_app.errors import CodeMismatchException, ExpiredCodeException
from cognito_app.models import PoolUser, VerificationCode
from cognito_app.models.rows import Rows

CODE_ROWS: Rows[VerificationCode] = Rows(VerificationCode)
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
    VerificationCode(
        user=user,
        purpose=purpose,
        code_hash=_hash(user, purpose, code),
        attribute=attribute,
        value=value,
        expires_at=clock.now() + LIFETIMES[purpose],
    ).put_in_force()
    return code


def check(user: PoolUser, purpose: VerificationCode.Purpose, given: str) -> VerificationCode:
    """Compare a code without spending it. Count the guess first (``services.attempts``).

    Raises ExpiredCodeException if there is none in force, CodeMismatchException if it differs.
    """
    code = CODE_ROWS.first("u.user_id = %s AND u.purpose = %s AND u.used_at IS NULL", [user.pk, purpose])
    if code is None or code.expires_at <= clock.now():
        raise ExpiredCodeException
    if not secrets.compare(bytes(code.code_hash), _hash(user, purpose, given)):
        raise CodeMismatchException
    return code


def is_last(user: PoolUser, purpose: VerificationCode.Purpose, given: str) -> bool:
    """Whether a code is the last one made for ``purpose``, used or not. Count the guess first."""
    code = CODE_ROWS.first("u.user_id = %s AND u.purpose = %s", [user.pk, purpose])
    return code is not None and secrets.compare(bytes(code.code_hash), _hash(user, purpose, given))


def spend(code: VerificationCode) -> None:
    """Use a code up, in the transaction of what it allows.

    Raises ExpiredCodeException for all but one of parallel callers.
    """
    if not code.spend(clock.now()):
        raise ExpiredCodeException


def _hash(user: PoolUser, purpose: str, code: str) -> bytes:
    return keyring.mac("verification-code", f"{user.pk}:{purpose}:{code}".encode("utf-8", "surrogatepass"))
