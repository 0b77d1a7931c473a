"""Forgotten and changed passwords.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from cognito_app.core import passwords
from cognito_app.errors import (
    CodeMismatchException,
    ExpiredCodeException,
    InvalidParameterException,
    NotAuthorizedException,
    UserNotFoundException,
)
from cognito_app.models import PoolUser, VerificationCode
from cognito_app.services import (
    attempts,
    attributes,
    codes,
    compromised,
    delivery,
    even_time,
    events,
    guess_sources,
    late_delivery,
    migration,
    occasions,
    password_history,
    password_rules,
    pool_triggers,
    risk_settings,
    sessions,
    users,
)
from cognito_app.services.actor import Actor
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.delivery import CodeDelivery
from cognito_app.triggers import migration as migration_trigger
from cognito_app.triggers import sign_up as sign_up_triggers
from cognito_app.triggers.invoke import Caller

NO_CONTACT = "Cannot reset password for the user as there is no registered/verified email or phone_number"
WRONG_STATE = "User password cannot be reset in the current state."
NOT_FOUND = "Username/client id combination not found."
RESETTABLE = (PoolUser.Status.CONFIRMED, PoolUser.Status.RESET_REQUIRED)


@even_time.evenly()
def forgot(
    pool: PoolConfig,
    client: ClientConfig,
    actor: Actor,
    *,
    username: str,
    metadata: Mapping[str, str] | None = None,
) -> CodeDelivery:
    """Send a reset code; the earlier one is void. A user who is unknown here may come by UserMigration.

    A client that hides users gets a made-up answer wherever there is nothing to send.
    Raises UserNotFoundException, InvalidParameterException, NotAuthorizedException, LimitExceededException; as
    ``triggers.invoke.call`` for UserMigration and CustomMessage.
    """
    if pool.recovery == ("admin_only",):
        raise NotAuthorizedException("Contact administrator to reset password.")
    user = users.find_or_none(pool, username)
    attempts.claim_send(attempts.FORGOT_PASSWORD, pool.id, pool.fold(user.username if user else username))
    if user is None:
        source = migration_trigger.FORGOT_PASSWORD
        user = migration.find(pool, client, actor, username, source=source, metadata=metadata)
    try:
        contact = _recovery_contact(pool, user)
    except (UserNotFoundException, NotAuthorizedException, InvalidParameterException):
        if client.hides_users:
            return delivery.simulated_recovery(pool, username)
        raise
    assert user is not None
    occasion = occasions.of(pool, client.id, actor, occasions.FORGOT_PASSWORD, metadata)
    occasion = delivery.worded(occasion, user, contact, user.attributes[contact])
    with transaction.atomic():
        sent = delivery.send_code(occasion, user, VerificationCode.Purpose.PASSWORD, contact, user.attributes[contact])
        events.record(user, actor, events.FORGOT_PASSWORD, passed=True, client_id=client.id)
    late_delivery.deliver(client, sent.message)
    return sent.details


def _recovery_contact(pool: PoolConfig, user: PoolUser | None) -> str:
    if user is None:
        raise UserNotFoundException(NOT_FOUND)
    if not user.enabled:
        raise NotAuthorizedException("User is disabled.")
    if user.status in (PoolUser.Status.FORCE_CHANGE_PASSWORD, PoolUser.Status.EXTERNAL_PROVIDER):
        raise NotAuthorizedException(WRONG_STATE)
    contact = delivery.for_recovery(pool, user)
    if contact is None or user.status not in RESETTABLE:
        raise InvalidParameterException(NO_CONTACT)
    return contact


@even_time.evenly(only_refusals=True)
def confirm_forgot(
    pool: PoolConfig,
    client: ClientConfig,
    actor: Actor,
    *,
    username: str,
    code: str,
    password: str,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Set a new password by a reset code.

    Raises UserNotFoundException, CodeMismatchException, ExpiredCodeException, InvalidPasswordException,
    PasswordHistoryPolicyViolationException, LimitExceededException; as ``triggers.invoke.call`` for PostConfirmation
    (the password is changed then).
    """
    user = users.find_or_none(pool, username)
    if user is None and not client.hides_users:
        raise UserNotFoundException(NOT_FOUND)
    password_rules.check_policy(pool, password)
    guess_sources.check(client, actor)
    attempts.claim_guess(attempts.FORGOT_PASSWORD, pool.id, pool.fold(user.username if user else username))
    risk = compromised.check_new(pool, client.id, actor, password, compromised.PASSWORD_CHANGE, user)
    try:
        found = _check_code(user, code)
    except (CodeMismatchException, ExpiredCodeException, NotAuthorizedException):
        guess_sources.count(client, actor)
        if pool.threat_protection != risk_settings.OFF:
            events.record(user, actor, events.PASSWORD_CHANGE, passed=False, client_id=client.id)
        if client.hides_users:
            raise CodeMismatchException from None
        raise
    assert user is not None
    password_history.check(pool, user, password)
    new = password_rules.prepare(pool, user.username, password)
    with transaction.atomic():
        codes.spend(found)
        row = users.locked(user)
        password_history.keep_present(pool, row)
        new.put_on(row)
        row.status = PoolUser.Status.CONFIRMED
        changed = dict(row.attributes)
        if changed.get(found.attribute) == found.value:
            changed[attributes.VERIFIED_FLAGS[found.attribute]] = "true"
        users.save_attributes(row, changed)
        users.sync_aliases(pool, row, force=True)
        sessions.end_for_new_password(row)
        events.record(row, actor, events.PASSWORD_CHANGE, passed=True, risk=risk, client_id=client.id)
    attempts.clear_sign_in(attempts.sign_in_key(pool.id, pool.fold(user.username)))
    _tell_reset(pool_triggers.caller(pool, client.id, actor), row, metadata)


def _tell_reset(caller: Caller, user: PoolUser, metadata: Mapping[str, str] | None) -> None:
    source = sign_up_triggers.CONFIRM_FORGOT_PASSWORD
    shown = occasions.event_attributes(user)
    sign_up_triggers.post_confirmation(caller, source, user.username, shown, metadata=metadata)


def _check_code(user: PoolUser | None, code: str) -> VerificationCode:
    if user is None or user.status not in RESETTABLE:
        raise ExpiredCodeException
    if not user.enabled:
        raise NotAuthorizedException("User is disabled.")
    return codes.check(user, VerificationCode.Purpose.PASSWORD, code)


def change(
    pool: PoolConfig,
    user: PoolUser,
    actor: Actor,
    *,
    previous: str | None,
    proposed: str,
    origin_jti: str | None,
    client_id: str = "",
) -> None:
    """Change the password of a signed-in user; one without a password needs none to set the first.

    ``origin_jti`` names the sign-in that makes the change and goes on.

    Raises NotAuthorizedException, InvalidPasswordException, PasswordHistoryPolicyViolationException,
    LimitExceededException.
    """
    password_rules.check_policy(pool, proposed)
    if user.status == PoolUser.Status.EXTERNAL_PROVIDER:
        raise NotAuthorizedException(WRONG_STATE)
    attempts.claim_guess("ChangePassword", pool.id, user.username)
    if user.password_hash is not None and not passwords.verify_password(user.password_hash, previous or ""):
        events.record(user, actor, events.PASSWORD_CHANGE, passed=False, client_id=client_id)
        raise NotAuthorizedException("Incorrect username or password.")
    risk = compromised.check_new(pool, client_id, actor, proposed, compromised.PASSWORD_CHANGE, user)
    password_history.check(pool, user, proposed)
    new = password_rules.prepare(pool, user.username, proposed)
    with transaction.atomic():
        row = users.locked(user)
        if row.password_hash != user.password_hash:
            raise NotAuthorizedException("Incorrect username or password.")
        password_history.keep_present(pool, row)
        new.put_on(row)
        users.save_attributes(row, row.attributes)
        sessions.end_for_new_password(row, keep_origin_jti=origin_jti)
        events.record(row, actor, events.PASSWORD_CHANGE, passed=True, risk=risk, client_id=client_id)
