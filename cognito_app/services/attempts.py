"""Limits on guessing: attempts are counted before the guess is looked at, so that parallel guesses count too.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/limits.html and "Lockout behavior" of
https://docs.aws.amazon.com/cognito/latest/developerguide/authentication.html
"""

from __future__ import annotations

from datetime import timedelta
from math import ceil

from cognito_app.conf import app_settings
from cognito_app.core import clock, keyring
from cognito_app.errors import LimitExceededException, NotAuthorizedException
from cognito_app.models import AttemptCounter, SignInThrottle
from cognito_app.models.rows import Rows

HOUR = timedelta(hours=1)
THROTTLE_ROWS: Rows[SignInThrottle] = Rows(SignInThrottle)
COUNTER_ROWS: Rows[AttemptCounter] = Rows(AttemptCounter)
FREE_FAILURES = 5
LOCKED = "Password attempts exceeded"
LONGEST_LOCK = timedelta(minutes=15)
MAX_RACES = 50

FORGOT_PASSWORD = "ForgotPassword+ConfirmForgotPassword"  # noqa: S105  # an action
"""Asking for a code and answering it are counted together."""
ATTRIBUTE_CODE = "GetUserAttributeVerificationCode"
"""Codes that verify an attribute, asked for by themselves or with a change of the attribute."""

GUESSES_PER_HOUR = {
    "ConfirmSignUp": 15,
    "VerifyUserAttribute": 15,
    FORGOT_PASSWORD: 20,
    "ChangePassword": 5,
    "FirstFactorCode": 20,
    "FirstFactorCodeOfName": 100,
}
SENDS_PER_HOUR = {
    FORGOT_PASSWORD: 20,
    "ResendConfirmationCode": 5,
    ATTRIBUTE_CODE: 5,
    "EmailMfa": 20,
    "FirstFactorCode": 20,
    "SignUpNotice": 5,
}


def _key(*parts: str) -> str:
    return keyring.mac("attempts", "\x1f".join(parts).encode("utf-8", "surrogatepass")).hex()


def claim_guess(action: str, pool_id: str, name: str) -> None:
    """Count one guess of ``name`` at ``action``.

    Raises LimitExceededException when the hour's guesses are used up; a refused one is not counted.
    """
    if not _claim_in_window(_key(action, pool_id, name), GUESSES_PER_HOUR[action]):
        raise LimitExceededException


def claim_send(action: str, pool_id: str, name: str) -> None:
    """Count one message that ``name`` asks for by ``action``; not limited where rate limits are off.

    Raises LimitExceededException when the hour's messages are used up.
    """
    if app_settings.rate_limits and not _claim_in_window(_key(action, pool_id, name), SENDS_PER_HOUR[action]):
        raise LimitExceededException


def seconds_left(action: str, pool_id: str, name: str, limit: int) -> int:
    """Return for how long ``name`` may not do ``action``, having done it too often in the running hour; else 0."""
    row = COUNTER_ROWS.first("u.key = %s", [_key(action, pool_id, name)])
    if row is None or row.count < limit:
        return 0
    return max(0, ceil((row.window_started_at + HOUR - clock.now()).total_seconds()))


def count_in_window(action: str, pool_id: str, name: str, limit: int) -> None:
    """Count that ``name`` did ``action`` once more in the running hour; beyond the limit nothing is counted."""
    _claim_in_window(_key(action, pool_id, name), limit)


def _claim_in_window(key: str, limit: int) -> bool:
    return AttemptCounter.count_up(key, limit, clock.now(), HOUR)


def lock_after(failures: int) -> timedelta:
    """Return how long sign-in is locked after that many failures in a row."""
    if failures < FREE_FAILURES:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(failures - FREE_FAILURES, 20)), LONGEST_LOCK)


def sign_in_key(pool_id: str, name: str) -> str:
    """Return the key under which sign-ins of ``name`` are counted, whether or not there is such a user."""
    return _key("sign-in", pool_id, name)


def mfa_key(pool_id: str, sub: str) -> str:
    """Return the key under which a user's codes of a second factor are counted; the password does not clear it."""
    return _key("mfa", pool_id, sub)


def device_key(pool_id: str, device: str) -> str:
    """Return the key under which proofs of a device are counted."""
    return _key("device", pool_id, device)


def first_factor_key(pool_id: str, sub: str) -> str:
    """Return the key of a user's sign-ins without a password: those of the password are counted apart."""
    return _key("first-factor", pool_id, sub)


def claim_sign_in(key: str) -> None:
    """Count one password try as failed, before the password is looked at; ``clear_sign_in`` takes it back.

    Raises NotAuthorizedException while the name is locked; a refused try is not counted.
    """
    for _ in range(MAX_RACES):
        now = clock.now()
        if SignInThrottle.begin(key, now):
            return
        row = THROTTLE_ROWS.first("u.key = %s", [key])
        if row is None:
            continue
        if row.locked_until > now:
            break
        count = 1 if row.last_attempt_at < now - LONGEST_LOCK else row.failures + 1
        if row.count_up(count, now, now + lock_after(count)):
            return
    raise NotAuthorizedException(LOCKED)


def check_not_locked(key: str) -> None:
    """Refuse while a name is locked, without counting a try. Raises NotAuthorizedException."""
    row = THROTTLE_ROWS.first("u.key = %s", [key])
    if row is not None and row.locked_until > clock.now():
        raise NotAuthorizedException(LOCKED)


def clear_sign_in(key: str) -> None:
    """Forget the failures of a name whose password was right."""
    SignInThrottle.forget(key)
