"""Passwords that may not come back: the present one and those before it.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html
"""

from __future__ import annotations

from cognito_app.core import clock, passwords
from cognito_app.errors import PasswordHistoryPolicyViolationException
from cognito_app.models import PasswordHistory, PoolUser
from cognito_app.models.base import delete_in_batches
from cognito_app.services.config import PoolConfig

KEPT = 23
"""With the present password, the longest history that a policy can ask for."""


def check(pool: PoolConfig, user: PoolUser, password: str) -> None:
    """Refuse a password that the user has or lately had; slow (a hash each), so call it outside of transactions.

    Raises PasswordHistoryPolicyViolationException or TooManyRequestsException.
    """
    size = pool.password_policy.history
    if not size:
        return
    earlier = PasswordHistory.objects.filter(user=user).order_by("-id").values_list("password_hash", flat=True)
    hashes = [user.password_hash, *earlier[: size - 1]]
    if any(encoded is not None and passwords.verify_password(encoded, password) for encoded in hashes):
        raise PasswordHistoryPolicyViolationException


def keep_present(pool: PoolConfig, user: PoolUser) -> None:
    """Remember the password that a new one is about to replace. Call it in the transaction of the change."""
    if not pool.password_policy.history or user.password_hash is None:
        return
    PasswordHistory.objects.create(user=user, password_hash=user.password_hash, created_at=clock.now())
    oldest = PasswordHistory.objects.filter(user=user).order_by("-id").values_list("pk", flat=True)[KEPT : KEPT + 1]
    for pk in oldest:
        delete_in_batches(PasswordHistory.objects.filter(user=user, pk__lte=pk))
