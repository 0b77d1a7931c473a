"""What administrators do with users.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/how-to-create-user-accounts.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import IntegrityError, transaction

from cognito_app.errors import (
    AliasExistsException,
    InvalidParameterException,
    NotAuthorizedException,
    UnsupportedUserStateException,
    UsernameExistsException,
    UserNotFoundException,
)
from cognito_app.messages import templates
from cognito_app.models import OutboxMessage, PoolUser, VerificationCode
from cognito_app.services import (
    attributes,
    auth_factors,
    delivery,
    outbox,
    password_history,
    password_rules,
    sessions,
    sign_up,
    tokens,
    users,
)
from cognito_app.services.actor import Actor, audit
from cognito_app.services.config import PoolConfig
from cognito_app.services.recovery import NO_CONTACT, WRONG_STATE
from cognito_app.triggers import invoke

EXISTS = "User account already exists"
MEDIA_OF_INVITATION = {"EMAIL": "email", "SMS": "phone_number"}


def create(
    pool: PoolConfig,
    actor: Actor,
    *,
    username: str,
    given: Mapping[str, str],
    temporary_password: str | None = None,
    action: str | None = None,
    media: list[str] | None = None,
    force_alias: bool = False,
) -> PoolUser:
    """Create a user who changes a temporary password at the first sign-in, and send the invitation.

    Without a temporary password and an invitation, one who can sign in by codes is confirmed and has no password.
    ``action`` is None, ``SUPPRESS`` or ``RESEND``; ``media`` lists ``SMS`` and ``EMAIL`` (SMS if None).
    Raises UsernameExistsException, InvalidParameterException, InvalidPasswordException, UserNotFoundException,
    UnsupportedUserStateException, CodeDeliveryFailureException.
    """
    invoke.require(pool.triggers, "PreSignUp")
    if action != "SUPPRESS":
        delivery.require_triggers(pool)
    if action == "RESEND":
        return _invite_again(pool, actor, username, temporary_password, media)
    values = attributes.normalized(pool, given)
    attributes.check_flags({**values, **_implied(pool, username)})
    user = sign_up.build(pool, username, values)
    user.status = PoolUser.Status.FORCE_CHANGE_PASSWORD
    if not force_alias:
        sign_up.check_free(pool, user, UsernameExistsException(EXISTS))
    password = ""
    if action == "SUPPRESS" and not temporary_password and _can_do_without(pool, user):
        user.status = PoolUser.Status.CONFIRMED
    else:
        password = _temporary(pool, temporary_password)
        password_rules.prepare(pool, user.username, password, temporary=True).put_on(user)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            users.sync_aliases(pool, user, force=force_alias)
            audit(actor, "AdminCreateUser", pool_id=pool.id, subject=user.sub)
            sent = [] if action == "SUPPRESS" else _invite(pool, user, username, password, media)
    except (IntegrityError, AliasExistsException):
        raise UsernameExistsException(EXISTS) from None
    _deliver(sent)
    return user


def _implied(pool: PoolConfig, username: str) -> dict[str, str]:
    kind = users.contact_kind(username)
    return {kind: username} if kind in pool.username_attributes and kind else {}


def _can_do_without(pool: PoolConfig, user: PoolUser) -> bool:
    """Whether a user can sign in by codes that go to a verified contact, and needs no password."""
    contacts = [auth_factors.CONTACT_OF[name] for name in auth_factors.configured_codes(pool, user)]
    return any(user.attributes.get(attributes.VERIFIED_FLAGS[contact]) == "true" for contact in contacts)


def _temporary(pool: PoolConfig, given: str | None) -> str:
    if not given:
        return password_rules.generate_temporary(pool)
    password_rules.check_policy(pool, given, prefix=sign_up.POLICY_PREFIX)
    return given


def _invite_again(
    pool: PoolConfig, actor: Actor, username: str, temporary_password: str | None, media: list[str] | None
) -> PoolUser:
    user = users.find(pool, username)
    if user.status != PoolUser.Status.FORCE_CHANGE_PASSWORD:
        raise UnsupportedUserStateException(f"Resend not possible. {username} status is not FORCE_CHANGE_PASSWORD")
    password = _temporary(pool, temporary_password)
    new = password_rules.prepare(pool, user.username, password, temporary=True)
    with transaction.atomic():
        row = users.locked(user)
        new.put_on(row)
        users.save_attributes(row, row.attributes)
        audit(actor, "AdminCreateUser", pool_id=pool.id, subject=row.sub, resend=True)
        sent = _invite(pool, row, username, password, media)
    _deliver(sent)
    return row


def _invite(
    pool: PoolConfig, user: PoolUser, username: str, password: str, media: list[str] | None
) -> list[OutboxMessage]:
    rows = []
    for medium in media or ["SMS"]:
        destination = user.attributes.get(MEDIA_OF_INVITATION[medium])
        if destination:
            message = templates.invitation(
                pool.raw, medium=medium, destination=destination, username=username, password=password
            )
            if message is not None:
                rows.append(outbox.enqueue(user, message))
    return rows


def _deliver(rows: list[OutboxMessage]) -> None:
    for row in rows:
        outbox.deliver(row)


def set_password(pool: PoolConfig, actor: Actor, user: PoolUser, password: str, *, permanent: bool) -> None:
    """Set a password; one that is not permanent must be changed at the next sign-in.

    Raises InvalidPasswordException or PasswordHistoryPolicyViolationException.
    """
    password_rules.check_policy(pool, password)
    password_history.check(pool, user, password)
    new = password_rules.prepare(pool, user.username, password, temporary=not permanent)
    status = PoolUser.Status.CONFIRMED if permanent else PoolUser.Status.FORCE_CHANGE_PASSWORD
    with transaction.atomic():
        row = users.locked(user)
        password_history.keep_present(pool, row)
        new.put_on(row)
        row.status = status
        users.save_attributes(row, row.attributes)
        users.sync_aliases(pool, row)
        sessions.end_for_new_password(row)
        audit(actor, "AdminSetUserPassword", pool_id=pool.id, subject=row.sub, permanent=permanent)


def reset_password(pool: PoolConfig, actor: Actor, user: PoolUser) -> None:
    """Make a user choose a new password by a code that is sent to a verified contact.

    Raises NotAuthorizedException, InvalidParameterException.
    """
    delivery.require_triggers(pool)
    with transaction.atomic():
        row = users.locked(user)
        if not row.enabled:
            raise NotAuthorizedException("User is disabled")
        if row.status not in (PoolUser.Status.CONFIRMED, PoolUser.Status.RESET_REQUIRED):
            raise NotAuthorizedException(WRONG_STATE)
        contact = delivery.for_recovery(pool, row)
        if contact is None:
            raise InvalidParameterException(NO_CONTACT)
        row.status = PoolUser.Status.RESET_REQUIRED
        users.save_attributes(row, row.attributes)
        sessions.end_for_new_password(row)
        sent = delivery.send_code(pool, row, VerificationCode.Purpose.PASSWORD, contact, row.attributes[contact])
        audit(actor, "AdminResetUserPassword", pool_id=pool.id, subject=row.sub)
    outbox.deliver(sent.message)


def _change(user: PoolUser, actor: Actor, action: str, change: Callable[[PoolUser], Any]) -> None:
    with transaction.atomic():
        row = users.locked(user)
        change(row)
        audit(actor, action, pool_id=row.pool_id, subject=row.sub)


def enable(actor: Actor, user: PoolUser) -> None:
    """Let a user sign in again; tokens from before stay revoked."""
    _change(user, actor, "AdminEnableUser", lambda row: _set_enabled(row, True))


def disable(actor: Actor, user: PoolUser) -> None:
    """Stop a user from signing in, and end every token and browser session."""

    def change(row: PoolUser) -> None:
        _set_enabled(row, False)
        sessions.end_all(row)

    _change(user, actor, "AdminDisableUser", change)


def _set_enabled(row: PoolUser, enabled: bool) -> None:
    row.enabled = enabled
    users.save_attributes(row, row.attributes)


def delete(actor: Actor, user: PoolUser) -> None:
    """Delete a user with everything that belongs to them."""
    _change(user, actor, "AdminDeleteUser", lambda row: row.delete())


def delete_self(user: PoolUser) -> None:
    """Delete the signed-in user. Raises UserNotFoundException if that happened already."""
    with transaction.atomic():
        deleted, _ = PoolUser.objects.filter(pk=user.pk).delete()
    if not deleted:
        raise UserNotFoundException


def sign_out_everywhere(actor: Actor, user: PoolUser) -> None:
    """Revoke all of a user's tokens; browser sessions stay, as with Cognito."""
    _change(user, actor, "AdminUserGlobalSignOut", tokens.revoke_all)
