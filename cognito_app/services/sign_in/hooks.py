"""PreAuthentication, PostAuthentication and UserMigration in a sign-in; without such a trigger they cost nothing.

None of them runs in a transaction, under a lock of a row or in a slot for a password hash: what was read before a
function ran is read anew after it.
"""

from __future__ import annotations

from cognito_app.errors import (
    AliasExistsException,
    InvalidLambdaResponseException,
    NotAuthorizedException,
    ServiceError,
    UnexpectedLambdaException,
    UserLambdaValidationException,
)
from cognito_app.models import PoolUser, user_rows
from cognito_app.services import attempts, guess_sources, migration, pool_triggers
from cognito_app.services.sign_in import progress
from cognito_app.services.sign_in.state import DISABLED, INVALID_SESSION, Context, password_mark
from cognito_app.services.trigger_events import attributes_of
from cognito_app.triggers import authentication
from cognito_app.triggers import migration as user_migration
from cognito_app.triggers.invoke import Caller

TRIGGER_ERRORS = (UserLambdaValidationException, UnexpectedLambdaException, InvalidLambdaResponseException)


def caller(context: Context) -> Caller:
    """Return on whose behalf the triggers of a sign-in run."""
    return pool_triggers.caller(context.pool, context.client.id, context.actor)


def before(context: Context, user: PoolUser | None, name: str, throttle_key: str | None = None) -> PoolUser | None:
    """Ask PreAuthentication, unless the name is locked; returns the user as the function left them.

    Somebody who does not exist is asked about only where the client hides that.
    Raises NotAuthorizedException, UserLambdaValidationException, UnexpectedLambdaException,
    InvalidLambdaResponseException.
    """
    calling = caller(context)
    if not calling.has("PreAuthentication"):
        return user
    if throttle_key is not None:
        attempts.check_not_locked(throttle_key)
        guess_sources.check(context.client, context.actor)
    user_not_found = user is None if context.client.hides_users else None
    try:
        authentication.before(
            calling,
            user.username if user else name,
            attributes_of(user),
            validation_data=context.validation_data,
            user_not_found=user_not_found,
        )
    except TRIGGER_ERRORS:
        if user is not None:
            progress.refused(context, user)
        raise
    return user_rows.by_id(user.pk) if user else None


def has_after(context: Context) -> bool:
    """Whether the pool has PostAuthentication."""
    return caller(context).has("PostAuthentication")


def after(context: Context, user: PoolUser, methods: tuple[str, ...]) -> PoolUser:
    """Tell PostAuthentication, when every challenge was passed; returns the user as the function left them.

    Raises as ``before``, and NotAuthorizedException for a user whom the function disabled, deleted or gave another
    password.
    """
    new_device = bool(context.pool.devices) and context.device is None
    try:
        authentication.after(
            caller(context),
            user.username,
            attributes_of(user),
            new_device=new_device,
            metadata=context.client_metadata,
        )
    except TRIGGER_ERRORS:
        progress.refused(context, user)
        raise
    return still_valid(user)


def still_valid(user: PoolUser) -> PoolUser:
    """Return a user as stored now, if the sign-in still is theirs. Raises NotAuthorizedException."""
    fresh = user_rows.by_id(user.pk)
    if fresh is None or password_mark(fresh) != password_mark(user):
        raise NotAuthorizedException(INVALID_SESSION)
    if not fresh.enabled:
        raise NotAuthorizedException(DISABLED)
    return fresh


def migrates(context: Context) -> bool:
    """Whether the pool has UserMigration."""
    return caller(context).has("UserMigration")


def migrate(context: Context, name: str, password: str) -> PoolUser | None:
    """Ask UserMigration for a user with this password, and create them; None if it knows none (see ``migrates``).

    What goes wrong there ends as an unknown user where the client hides who exists.
    Raises UserLambdaValidationException, UnexpectedLambdaException, InvalidLambdaResponseException, and what creating
    the user raises.
    """
    try:
        found = user_migration.migrate(
            caller(context),
            user_migration.AUTHENTICATION,
            name,
            password=password,
            validation_data=context.validation_data,
            metadata=context.client_metadata,
        )
        if found is None:
            return None
        return migration.adopt(context.pool, context.client, context.actor, name, found, password)
    except ServiceError as error:
        if context.client.hides_users:
            return None
        if isinstance(error, AliasExistsException):
            # The operation lists no such error: the function named an address that is taken.
            raise InvalidLambdaResponseException(error.message) from None
        raise
