"""Going on with a session: who it belongs to, and whether that user may still go on."""

from __future__ import annotations

from collections.abc import Mapping

from cognito_app.core import secrets
from cognito_app.errors import CodeMismatchException, InvalidParameterException, NotAuthorizedException
from cognito_app.models import PoolUser, user_rows
from cognito_app.services import mfa_preferences, users
from cognito_app.services.config import PoolConfig
from cognito_app.services.mfa_rules import Kind
from cognito_app.services.sign_in import gates, progress
from cognito_app.services.sign_in.state import (
    DISABLED,
    INVALID_SESSION,
    SPENT_SESSION,
    Context,
    Session,
    open_session,
    password_mark,
)


def resume(context: Context, text: str | None, challenge: str, answers: Mapping[str, str]) -> tuple[Session, PoolUser]:
    """Return the session of an answer and its user; the session is not spent yet.

    Raises InvalidParameterException, NotAuthorizedException.
    """
    if not text:
        raise InvalidParameterException("Missing required parameter Session")
    name = gates.parameter(answers, "USERNAME")
    session = open_session(context, text, challenge)
    user = user_of(session)
    if not has_name(context.pool, user, name):
        raise NotAuthorizedException(INVALID_SESSION)
    return session, user


def user_of(session: Session) -> PoolUser:
    """Return the user of a session who may still sign in with the password that began it.

    Raises NotAuthorizedException.
    """
    if session.is_spent():
        raise NotAuthorizedException(SPENT_SESSION)
    user = user_rows.by_id(session.user_id)
    if user is None:
        raise NotAuthorizedException(INVALID_SESSION)
    check_user(user, session.password_mark)
    return user


def check_user(user: PoolUser, mark: str) -> None:
    """Refuse a user who may no longer sign in, or has another password by now. Raises NotAuthorizedException."""
    if not user.enabled:
        raise NotAuthorizedException(DISABLED)
    if user.status != PoolUser.Status.CONFIRMED or not secrets.compare(password_mark(user), mark):
        raise NotAuthorizedException(INVALID_SESSION)


def has_name(pool: PoolConfig, user: PoolUser, name: str) -> bool:
    """Whether a user can sign in by a name."""
    known = {user.username, user.sub, *users.active_aliases(pool, user).values()}
    return pool.fold(name) in {pool.fold(item) for item in known}


def check_set_up_is_due(pool: PoolConfig, user: PoolUser) -> None:
    """Refuse a set-up by password alone for a user who has a second factor by now: it would replace that one.

    Raises NotAuthorizedException.
    """
    if mfa_preferences.decide(pool, user).kind is not Kind.SETUP:
        raise NotAuthorizedException(INVALID_SESSION)


def wrong_code(context: Context, user: PoolUser, message: str) -> CodeMismatchException:
    """Record a wrong code of a second factor and return the error for it."""
    progress.wrong_second_factor(context, user)
    return CodeMismatchException(message)
