"""Users who are unknown here and known to the pool's UserMigration function: they are created from what it says.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-migrate-user.html
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from django.db import IntegrityError, transaction

from cognito_app.errors import (
    AliasExistsException,
    InvalidLambdaResponseException,
    InvalidParameterException,
    UnexpectedLambdaException,
    UserLambdaValidationException,
    UserNotFoundException,
)
from cognito_app.models import PoolUser
from cognito_app.services import attributes, mfa_preferences, new_users, password_rules, pool_triggers, users
from cognito_app.services.actor import Actor, audit
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.mfa_rules import SMS
from cognito_app.triggers import migration as trigger
from cognito_app.triggers.migration import MigratedUser

USERNAME = "username"
FAILURES = (
    InvalidLambdaResponseException,
    UnexpectedLambdaException,
    UserLambdaValidationException,
    UserNotFoundException,
)

log = structlog.get_logger(__name__)


def find(
    pool: PoolConfig,
    client: ClientConfig,
    actor: Actor,
    username: str,
    *,
    source: str,
    password: str | None = None,
    validation_data: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> PoolUser | None:
    """Ask UserMigration, if there is one, for a user whom nobody here has the name of, and create the user.

    Returns None if the function knows none; a client that hides users learns of no failure either.
    Raises as ``triggers.invoke.call`` and ``adopt``. Never call it in a transaction.
    """
    caller = pool_triggers.caller(pool, client.id, actor)
    if not caller.has("UserMigration"):
        return None
    try:
        migrated = trigger.migrate(
            caller, source, username, password=password, validation_data=validation_data, metadata=metadata
        )
        return adopt(pool, client, actor, username, migrated, password) if migrated is not None else None
    except FAILURES as error:
        if not client.hides_users:
            raise
        log.warning("migration_failed", pool_id=pool.id, reason=error.code)
        return None


def adopt(
    pool: PoolConfig, client: ClientConfig, actor: Actor, username: str, migrated: MigratedUser, password: str | None
) -> PoolUser:
    """Create the user whom UserMigration described; the password is stored as given if the user is confirmed.

    Two requests at once make one user. Raises UserNotFoundException where the description does not fit the pool.
    """
    failed = UserNotFoundException(f"Exception migrating user in app client {client.id}")
    try:
        user = _build(pool, username, migrated)
    except InvalidParameterException as error:
        log.warning("migrated_user_does_not_fit", pool_id=pool.id, reason=type(error).__name__)
        raise failed from None
    if password is not None and migrated.confirmed:
        password_rules.prepare(pool, user.username, password).put_on(user)
    try:
        with transaction.atomic():
            new_users.insert(pool, user, force=migrated.force_alias and not pool.username_attributes)
            audit(actor, "UserMigration", pool_id=pool.id, subject=user.sub)
    except (IntegrityError, AliasExistsException):
        existing = users.find_or_none(pool, username)
        if existing is None:
            raise failed from None
        return existing
    return user


def _build(pool: PoolConfig, username: str, migrated: MigratedUser) -> PoolUser:
    """Return the unsaved user. Raises InvalidParameterException."""
    given = {name: value for name, value in migrated.attributes.items() if name not in (USERNAME, "sub")}
    name = username
    if pool.alias_attributes:
        # Who typed an alias is stored under the name that the function gives.
        name = migrated.attributes.get(USERNAME) or username
    if not 1 <= len(name) <= attributes.LONGEST_USERNAME:
        raise InvalidParameterException("Invalid username.")
    values = attributes.normalized(pool, given)
    user = new_users.build(pool, name, values)
    attributes.require(pool, user.attributes)
    attributes.check_flags(user.attributes)
    user.status = PoolUser.Status.CONFIRMED if migrated.confirmed else PoolUser.Status.RESET_REQUIRED
    if migrated.enable_sms_mfa:
        _turn_on_sms(pool, user)
    return user


def _turn_on_sms(pool: PoolConfig, user: PoolUser) -> None:
    if pool.mfa_mode == "OFF" or SMS not in pool.mfa_factors or not user.attributes.get("phone_number"):
        raise InvalidParameterException("SMS MFA needs MFA of the user pool and a phone number.")
    user.mfa = mfa_preferences.document(mfa_preferences.Preferences(enabled=(SMS,)))
