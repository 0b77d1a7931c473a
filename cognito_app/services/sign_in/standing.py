"""Whether the state of a user lets them sign in."""

from __future__ import annotations

from cognito_app.errors import NotAuthorizedException, PasswordResetRequiredException, UserNotConfirmedException
from cognito_app.models import PoolUser, user_rows
from cognito_app.services import pool_profile
from cognito_app.services.sign_in.state import DISABLED, WRONG_PASSWORD, Context


def error_of(context: Context, user: PoolUser) -> Exception | None:
    """Return what refuses a user who proved who they are, or None; a temporary password refuses nobody here."""
    if not user.enabled:
        return NotAuthorizedException(DISABLED)
    if user.status == PoolUser.Status.RESET_REQUIRED:
        hidden = context.client.hides_users
        return NotAuthorizedException(WRONG_PASSWORD) if hidden else PasswordResetRequiredException()
    if user.status == PoolUser.Status.UNCONFIRMED:
        hidden = pool_profile.of(context.pool).hardened
        return NotAuthorizedException(WRONG_PASSWORD) if hidden else UserNotConfirmedException()
    if user.status not in (PoolUser.Status.CONFIRMED, PoolUser.Status.FORCE_CHANGE_PASSWORD):
        return NotAuthorizedException(WRONG_PASSWORD)
    return None


def check_still(user: PoolUser) -> None:
    """Check, in the transaction that ends a sign-in, that nobody disabled, deleted or re-keyed the user meanwhile.

    Until the transaction ends nobody can. Raises NotAuthorizedException.
    """
    stored = user_rows.hold(user.pk)
    if stored is None or stored.password_hash != user.password_hash:
        raise NotAuthorizedException(WRONG_PASSWORD)
    if not stored.enabled:
        raise NotAuthorizedException(DISABLED)
