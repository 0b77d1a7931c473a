"""Users' authenticator apps: registering, using a code once, removing.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa-totp.html
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.db.models import F

from cognito_app.core import clock, keyring, totp
from cognito_app.errors import (
    CodeMismatchException,
    EnableSoftwareTokenMFAException,
    ExpiredCodeException,
    InvalidParameterException,
    MFAMethodNotFoundException,
    SoftwareTokenMFANotFoundException,
)
from cognito_app.models import PoolUser, SoftwareToken
from cognito_app.models.base import claim
from cognito_app.services import mfa_preferences, users
from cognito_app.services.actor import Actor, audit
from cognito_app.services.config import PoolConfig
from cognito_app.services.mfa_rules import TOTP

USED = "Your software token has already been used once."
WRONG_CODE = "Invalid code received for user"
LONGEST_NAME = 131


def associate(pool: PoolConfig, user: PoolUser) -> bytes:
    """Make a secret that waits for its first code; the one in force stays until then. Returns the secret.

    Raises SoftwareTokenMFANotFoundException where the pool offers no authenticator apps, UserNotFoundException.
    """
    if TOTP not in pool.mfa_factors:
        raise SoftwareTokenMFANotFoundException
    secret = totp.new_secret()
    sealed = keyring.seal(secret, aad=_context(user))
    with transaction.atomic():
        users.locked(user)
        SoftwareToken.objects.update_or_create(
            user_id=user.pk, defaults={"pending_sealed": sealed}, create_defaults=_new(sealed)
        )
    return secret


def _new(sealed: bytes) -> dict[str, object]:
    return {"pending_sealed": sealed, "created_at": clock.now()}


def verify(
    pool: PoolConfig,
    user: PoolUser,
    *,
    code: str,
    name: str | None = None,
    guard: Callable[[PoolUser], None] | None = None,
) -> None:
    """Put the waiting secret in force by its first code, which counts as used.

    Where the pool requires MFA the app becomes a factor of the user at once. ``guard`` sees the locked user and may
    refuse. Raises SoftwareTokenMFANotFoundException, EnableSoftwareTokenMFAException, InvalidParameterException.
    """
    if TOTP not in pool.mfa_factors:
        raise SoftwareTokenMFANotFoundException
    if name is not None and len(name) > LONGEST_NAME:
        raise InvalidParameterException(f"FriendlyDeviceName must have at most {LONGEST_NAME} characters.")
    row = SoftwareToken.objects.filter(user_id=user.pk).first()
    step = _first_step(user, row, code)
    assert row is not None
    with transaction.atomic():
        owner = users.locked(user)
        if guard is not None:
            guard(owner)
        _put_in_force(row, step, name or "")
        if pool.mfa_mode == "ON":
            mfa_preferences.turn_on(owner, TOTP)
        else:
            mfa_preferences.registered_totp(owner)
    user.mfa = owner.mfa


def _first_step(user: PoolUser, row: SoftwareToken | None, code: str) -> int:
    """Return the time step of a code of the waiting secret. Raises EnableSoftwareTokenMFAException."""
    if row is None or not row.pending_sealed:
        raise EnableSoftwareTokenMFAException(USED if row is not None and _was_used(user, row, code) else None)
    step = totp.matching_step(_open(user, row.pending_sealed), code, clock.now())
    if step is None:
        raise EnableSoftwareTokenMFAException
    return step


def _put_in_force(row: SoftwareToken, step: int, name: str) -> None:
    """Raises EnableSoftwareTokenMFAException for all but one of parallel callers."""
    waiting = SoftwareToken.objects.filter(user_id=row.user_id, pending_sealed=bytes(row.pending_sealed or b""))
    in_force = {"secret_sealed": F("pending_sealed"), "pending_sealed": None, "last_step": step}
    if not claim(waiting, **in_force, verified_at=clock.now(), friendly_name=name):
        raise EnableSoftwareTokenMFAException(USED)


def _was_used(user: PoolUser, row: SoftwareToken, code: str) -> bool:
    if not row.secret_sealed:
        return False
    step = totp.matching_step(_open(user, row.secret_sealed), code, clock.now())
    return step is not None and step <= row.last_step


def find(user: PoolUser) -> SoftwareToken:
    """Return the user's app in force. Raises MFAMethodNotFoundException."""
    row = SoftwareToken.objects.filter(user_id=user.pk, secret_sealed__isnull=False).first()
    if row is None:
        raise MFAMethodNotFoundException("User has not set up software token mfa")
    return row


def check(user: PoolUser, row: SoftwareToken, code: str) -> int:
    """Compare a code and return its time step, to be spent. Count the guess first (``services.attempts``).

    Raises CodeMismatchException, ExpiredCodeException for a code that was used.
    """
    step = totp.matching_step(_open(user, row.secret_sealed or b""), code, clock.now())
    if step is None:
        raise CodeMismatchException(WRONG_CODE)
    if step <= row.last_step:
        raise ExpiredCodeException(USED)
    return step


def spend(row: SoftwareToken, step: int) -> None:
    """Use a time step up, in the transaction of what it allows: no code of it or of an earlier one counts again.

    Raises ExpiredCodeException for all but one of parallel callers.
    """
    unspent = SoftwareToken.objects.filter(
        user_id=row.user_id, secret_sealed=bytes(row.secret_sealed or b""), last_step__lt=step
    )
    if not claim(unspent, last_step=step):
        raise ExpiredCodeException(USED)


def delete(pool: PoolConfig, actor: Actor, user: PoolUser) -> None:
    """Remove the user's authenticator app, also one that was never verified; none is no error.

    Raises UserNotFoundException.
    """
    with transaction.atomic():
        row = users.locked(user)
        SoftwareToken.objects.filter(user_id=row.pk).delete()
        mfa_preferences.forget_totp(row)
        audit(actor, "AdminDeleteSoftwareToken", pool_id=pool.id, subject=row.sub)


def _open(user: PoolUser, sealed: bytes | memoryview) -> bytes:
    return keyring.unseal(bytes(sealed), aad=_context(user))


def _context(user: PoolUser) -> bytes:
    return f"software-token:{user.pk}".encode()
