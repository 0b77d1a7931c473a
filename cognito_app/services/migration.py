"""Users who come from another directory at their first sign-in.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-migrate-user.html
"""

from __future__ import annotations

from django.db import IntegrityError, transaction

from cognito_app.errors import InvalidLambdaResponseException, InvalidParameterException
from cognito_app.models import PoolUser
from cognito_app.services import attributes, mfa_preferences, password_rules, sign_up, users
from cognito_app.services.actor import Actor, audit
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.mfa_rules import SMS
from cognito_app.triggers.migration import MigratedUser
from cognito_app.triggers.values import UNRECOGNIZABLE


def adopt(
    pool: PoolConfig,
    client: ClientConfig,
    actor: Actor,
    username: str,
    migrated: MigratedUser,
    password: str | None,
) -> PoolUser:
    """Create the user whom UserMigration described; the password is stored as it is, whatever the policy says.

    Somebody else may have created the user meanwhile: then that one is returned.
    Raises InvalidLambdaResponseException, AliasExistsException, TooManyRequestsException.
    """
    given = dict(migrated.attributes)
    name = given.pop("username", username)
    flags = {key: given.pop(key) for key in list(given) if key in attributes.VERIFIED_FLAGS.values()}
    for key in ("sub", "cognito:user_status", "cognito:mfa_enabled"):
        given.pop(key, None)
    try:
        values = {**attributes.normalized(pool, given), **flags}
        user = sign_up.build(pool, name, values)
    except InvalidParameterException:
        raise InvalidLambdaResponseException(UNRECOGNIZABLE) from None
    confirmed = migrated.confirmed and password is not None
    user.status = PoolUser.Status.CONFIRMED if confirmed else PoolUser.Status.RESET_REQUIRED
    if password is not None:
        password_rules.prepare(pool, user.username, password).put_on(user)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            users.sync_aliases(pool, user, force=migrated.force_alias)
            if migrated.enable_sms_mfa and pool.mfa_mode != "OFF" and user.attributes.get("phone_number"):
                mfa_preferences.turn_on(user, SMS)
            audit(actor, "UserMigration", pool_id=pool.id, subject=user.sub, client=client.id)
    except IntegrityError:
        known = users.find_or_none(pool, username)
        if known is None:
            raise InvalidLambdaResponseException(UNRECOGNIZABLE) from None
        return known
    return user
