"""What administrators do with users.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/how-to-create-user-accounts.html
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction

from cognito_app.errors import (
    AliasExistsException,
    CodeDeliveryFailureException,
    InvalidEmailRoleAccessPolicyException,
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
    new_users,
    occasions,
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
from cognito_app.services.occasions import Occasion
from cognito_app.services.recovery import NO_CONTACT, WRONG_STATE
from cognito_app.triggers.invoke import NOT_APPLICABLE
from cognito_app.triggers.sign_up import ADMIN_CREATE_USER

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
    validation_data: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> PoolUser:
    """Create a user who changes a temporary password at the first sign-in, and send the invitation.

    Without a temporary password and an invitation, one who can sign in by codes is confirmed and has no password.
    ``action`` is None, ``SUPPRESS`` or ``RESEND``; ``media`` lists ``SMS`` and ``EMAIL`` (SMS if None).
    Raises UsernameExistsException, InvalidParameterException, InvalidPasswordException, UserNotFoundException,
    UnsupportedUserStateException; as ``triggers.invoke.call`` for PreSignUp, and (the user exists then) for
    CustomMessage; CodeDeliveryFailureException (the user exists then, too).
    """
    if action == "RESEND":
        return _invite_again(pool, actor, username, temporary_password, media)
    values = attributes.normalized(pool, given)
    attributes.check_flags({**values, **_implied(pool, username)})
    user = new_users.build(pool, username, values)
    user.status = PoolUser.Status.FORCE_CHANGE_PASSWORD
    password = _temporary(pool, temporary_password)
    asking = occasions.of(pool, NOT_APPLICABLE, actor, occasions.ADMIN_CREATE_USER, metadata)
    sign_up.pre_sign_up(asking, ADMIN_CREATE_USER, user, validation_data)
    if new_users.owner(pool, user, moves=force_alias) is not None:
        raise UsernameExistsException(EXISTS)
    without = action == "SUPPRESS" and not temporary_password and _can_do_without(pool, user)
    if without:
        user.status = PoolUser.Status.CONFIRMED
    else:
        password_rules.prepare(pool, user.username, password, temporary=True).put_on(user)
    invitation = None if action == "SUPPRESS" else Invitation(user, username, password, media)
    occasion = _invitation_occasion(pool, actor)
    asks = invitation is not None and occasion.asks(*invitation.media_of())
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            users.sync_aliases(pool, user, force=force_alias)
            audit(actor, "AdminCreateUser", pool_id=pool.id, subject=user.sub)
            sent = _invite(occasion, invitation) if invitation and not asks else []
    except (IntegrityError, AliasExistsException):
        raise UsernameExistsException(EXISTS) from None
    if invitation is not None and asks:
        # CustomMessage speaks of a user who exists; the invitation is stored when it has answered.
        occasion = _worded(occasion, invitation)
        with transaction.atomic():
            sent = _invite(occasion, invitation)
    _deliver(sent)
    return user


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a new user is told: the name as the administrator wrote it, the temporary password; SMS if no media."""

    user: PoolUser
    username: str
    password: str = field(repr=False)
    media: list[str] | None

    def media_of(self) -> list[str]:
        """Return the media for which the user has an address."""
        wanted = self.media or ["SMS"]
        return [medium for medium in wanted if self.user.attributes.get(MEDIA_OF_INVITATION[medium])]


def _invitation_occasion(pool: PoolConfig, actor: Actor) -> Occasion:
    # ClientMetadata of AdminCreateUser reaches PreSignUp alone.
    return occasions.of(pool, NOT_APPLICABLE, actor, occasions.ADMIN_CREATE_USER)


def _worded(occasion: Occasion, invitation: Invitation) -> Occasion:
    user = invitation.user
    return occasion.worded(user.username, occasions.event_attributes(user), invitation.media_of())


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
    occasion = _worded(_invitation_occasion(pool, actor), Invitation(user, username, password, media))
    new = password_rules.prepare(pool, user.username, password, temporary=True)
    with transaction.atomic():
        row = users.locked(user)
        new.put_on(row)
        users.save_attributes(row, row.attributes)
        audit(actor, "AdminCreateUser", pool_id=pool.id, subject=row.sub, resend=True)
        sent = _invite(occasion, Invitation(row, username, password, media))
    _deliver(sent)
    return row


def _invite(occasion: Occasion, invitation: Invitation) -> list[OutboxMessage]:
    user, rows = invitation.user, []
    lifetime = timedelta(days=occasion.pool.password_policy.temporary_days)
    outbox.supersede(user, [templates.INVITATION])
    for medium in invitation.media_of():
        handover = occasion.handover(user, medium, html.escape(invitation.password, quote=False))
        message = templates.invitation(
            # A sender has words of its own: the pool's template, which may lack the code, does not count.
            occasion.pool.raw if handover is None else {},
            medium=medium,
            destination=user.attributes[MEDIA_OF_INVITATION[medium]],
            username=invitation.username,
            password=invitation.password,
            texts=occasion.texts,
        )
        if message is not None:
            rows.append(outbox.enqueue(user, message, handover, lifetime=lifetime))
    return rows


def _deliver(rows: list[OutboxMessage]) -> None:
    try:
        outbox.deliver(*rows)
    except InvalidEmailRoleAccessPolicyException:
        # AdminCreateUser does not list it.
        raise CodeDeliveryFailureException(outbox.UNDELIVERED) from None


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


def reset_password(
    pool: PoolConfig, actor: Actor, user: PoolUser, *, metadata: Mapping[str, str] | None = None
) -> None:
    """Make a user choose a new password by a code that is sent to a verified contact.

    Raises NotAuthorizedException, InvalidParameterException; as ``triggers.invoke.call`` for CustomMessage.
    """
    occasion = occasions.of(pool, NOT_APPLICABLE, actor, occasions.FORGOT_PASSWORD, metadata)
    contact = _reset_contact(pool, user)
    occasion = delivery.worded(occasion, user, contact, user.attributes[contact])
    with transaction.atomic():
        row = users.locked(user)
        contact = _reset_contact(pool, row)
        row.status = PoolUser.Status.RESET_REQUIRED
        users.save_attributes(row, row.attributes)
        sessions.end_for_new_password(row)
        sent = delivery.send_code(occasion, row, VerificationCode.Purpose.PASSWORD, contact, row.attributes[contact])
        audit(actor, "AdminResetUserPassword", pool_id=pool.id, subject=row.sub)
    # The operation lists no CodeDeliveryFailureException: the worker tries again.
    with suppress(*outbox.NOT_DELIVERED):
        outbox.deliver(sent.message)


def _reset_contact(pool: PoolConfig, user: PoolUser) -> str:
    if not user.enabled:
        raise NotAuthorizedException("User is disabled")
    if user.status not in (PoolUser.Status.CONFIRMED, PoolUser.Status.RESET_REQUIRED):
        raise NotAuthorizedException(WRONG_STATE)
    contact = delivery.for_recovery(pool, user)
    if contact is None:
        raise InvalidParameterException(NO_CONTACT)
    return contact


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
    with transaction.atomic():
        row = _delete(user)
        audit(actor, "AdminDeleteUser", pool_id=row.pool_id, subject=row.sub)


def delete_self(user: PoolUser) -> None:
    """Delete the signed-in user. Raises UserNotFoundException if that happened already."""
    with transaction.atomic():
        _delete(user)


def _delete(user: PoolUser) -> PoolUser:
    # The whole row is locked: what refers to it cannot be stored between the search for such rows and their deletion.
    row = PoolUser.objects.select_for_update().filter(pk=user.pk).first()
    if row is None:
        raise UserNotFoundException
    row.delete()
    return row


def sign_out_everywhere(actor: Actor, user: PoolUser) -> None:
    """Revoke all of a user's tokens; browser sessions stay, as with Cognito."""
    _change(user, actor, "AdminUserGlobalSignOut", tokens.revoke_all)
