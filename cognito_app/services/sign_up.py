"""Users who register themselves, and the confirmation of their account.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from cognito_app.errors import (
    AliasExistsException,
    CodeMismatchException,
    ExpiredCodeException,
    InvalidParameterException,
    NotAuthorizedException,
    UsernameExistsException,
    UserNotFoundException,
)
from cognito_app.models import PoolUser, VerificationCode
from cognito_app.services import (
    attempts,
    attributes,
    auth_factors,
    codes,
    compromised,
    delivery,
    even_time,
    events,
    guess_sources,
    late_delivery,
    new_users,
    occasions,
    outbox,
    password_rules,
    pool_profile,
    risk_settings,
    uniform_sign_up,
    users,
)
from cognito_app.services.actor import Actor, audit
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.delivery import CodeDelivery
from cognito_app.services.occasions import Occasion
from cognito_app.triggers import sign_up as triggers
from cognito_app.triggers.sign_up import SignUpDecision

NO_CONTACT = "A user without a password needs an email address or phone number that sign-in codes can be sent to."
POLICY_PREFIX = "Password did not conform with policy: "


@dataclass(frozen=True, slots=True)
class Registered:
    """The outcome of SignUp."""

    user: PoolUser
    delivery: CodeDelivery | None


def register(
    pool: PoolConfig,
    client: ClientConfig,
    actor: Actor,
    *,
    username: str,
    password: str | None,
    given: Mapping[str, str],
    validation_data: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Registered:
    """Create an unconfirmed user and send the confirmation code; PreSignUp may confirm the user at once.

    In a hardened pool a name that is taken is answered as a free one (``uniform_sign_up``), in the same time.

    Raises NotAuthorizedException, InvalidParameterException, InvalidPasswordException, UsernameExistsException; as
    ``triggers.invoke.call`` for PreSignUp, and (the user exists then) for CustomMessage and PostConfirmation;
    CodeDeliveryFailureException (the user exists then, too).
    """
    hardened = pool_profile.of(pool).hardened
    with even_time.answering(client) if hardened else nullcontext():
        return _register(
            pool, client, actor, username, password, given, validation_data=validation_data, metadata=metadata
        )


def _register(
    pool: PoolConfig,
    client: ClientConfig,
    actor: Actor,
    username: str,
    password: str | None,
    given: Mapping[str, str],
    *,
    validation_data: Mapping[str, str] | None,
    metadata: Mapping[str, str] | None,
) -> Registered:
    if pool.admin_create_only:
        raise NotAuthorizedException("SignUp is not permitted for this user pool")
    _check_source(pool, client, actor)
    user = _checked_user(pool, client, username, given)
    risk = _check_password(pool, client, actor, user, password)
    occasion = occasions.of(pool, client.id, actor, occasions.SIGN_UP, metadata)
    moves = _ask_pre_sign_up(occasion, user, validation_data)
    user.set_attributes(attributes.with_flags(user.attributes))
    contact = None if is_confirmed(user) else delivery.to_verify_at_sign_up(pool, user)
    hides = contact is not None and pool_profile.of(pool).hardened
    owner = new_users.owner(pool, user, moves=moves)
    if owner is not None and not hides:
        raise UsernameExistsException("User already exists")
    if password:
        password_rules.prepare(pool, user.username, password).put_on(user)
    # CustomMessage speaks of a user who exists; the code is stored when it has answered.
    asks = contact is not None and occasion.asks(delivery.MEDIA[contact])
    if owner is None:
        try:
            sent = _store(occasion, actor, user, None if asks else contact, risk=risk, moves=moves)
        except (IntegrityError, AliasExistsException):
            owner = new_users.owner(pool, user, moves=moves) if hides else None
            if owner is None:
                raise UsernameExistsException("User already exists") from None
    if contact is not None and owner is not None:
        return Registered(user, uniform_sign_up.refuse(occasion, user, contact, owner))
    if contact is not None and asks:
        sent = _ask_and_send(occasion, user, contact)
    _deliver(sent, late=hides)
    if is_confirmed(user):
        tell_confirmed(occasion, user)
    return Registered(user=user, delivery=sent.details if sent else None)


def _store(
    occasion: Occasion, actor: Actor, user: PoolUser, contact: str | None, *, risk: dict[str, Any] | None, moves: bool
) -> delivery.Sent | None:
    """Store a user with the event and the code to a contact. Raises IntegrityError, AliasExistsException."""
    pool = occasion.pool
    with transaction.atomic():
        new_users.insert(pool, user, force=moves)
        events.record(
            user,
            actor,
            events.SIGN_UP,
            passed=_event_outcome(pool),
            risk=risk,
            client_id=occasion.caller.client_id or "",
        )
        if is_confirmed(user):
            _close_event(pool, user)
        return _send(occasion, user, contact, is_first=True) if contact else None


def _deliver(sent: delivery.Sent | None, *, late: bool) -> None:
    """Send the code; ``late`` is outside of the request, so that the answer does not tell of it."""
    if late and sent is not None:
        late_delivery.hand_over(sent.message)
    else:
        outbox.deliver(sent.message if sent else None)


def _checked_user(pool: PoolConfig, client: ClientConfig, username: str, given: Mapping[str, str]) -> PoolUser:
    attributes.check_user_may_write(pool, client, list(given))
    values = attributes.normalized(pool, given)
    if "preferred_username" in values and "preferred_username" in pool.alias_attributes:
        raise InvalidParameterException(
            "Cannot provide preferred_username at sign-up: it is an alias of this user pool."
        )
    user = new_users.build(pool, username, values)
    attributes.require(pool, user.attributes)
    return user


def is_confirmed(user: PoolUser) -> bool:
    """Whether the account of a user is confirmed."""
    return user.status == PoolUser.Status.CONFIRMED


def _ask_pre_sign_up(occasion: Occasion, user: PoolUser, validation_data: Mapping[str, str] | None) -> bool:
    """Let PreSignUp decide about a new user, who is not saved yet; returns whether addresses move to the user.

    Raises InvalidParameterException if it verifies an address that was not given, and as ``triggers.invoke.call``.
    """
    decided = pre_sign_up(occasion, triggers.SIGN_UP, user, validation_data)
    if decided == SignUpDecision():
        return False
    verified = new_users.mark_verified(user, decided)
    if decided.confirm:
        user.status = PoolUser.Status.CONFIRMED
    # An address that is the sign-in name of its pool belongs to who had it first.
    return verified and not occasion.pool.username_attributes


def pre_sign_up(
    occasion: Occasion, source: str, user: PoolUser, validation_data: Mapping[str, str] | None
) -> SignUpDecision:
    """Ask PreSignUp about a user who is not saved yet. Raises as ``triggers.invoke.call``."""
    shown = {name: value for name, value in user.attributes.items() if name != "sub"}
    return triggers.pre_sign_up(
        occasion.caller, source, user.username, shown, validation_data=validation_data, metadata=occasion.metadata
    )


def tell_confirmed(occasion: Occasion, user: PoolUser) -> None:
    """Tell PostConfirmation, after the commit. Raises as ``triggers.invoke.call``."""
    triggers.post_confirmation(
        occasion.caller,
        triggers.CONFIRM_SIGN_UP,
        user.username,
        occasions.event_attributes(user),
        metadata=occasion.metadata,
    )


def _check_password(
    pool: PoolConfig, client: ClientConfig, actor: Actor, user: PoolUser, password: str | None
) -> dict[str, Any] | None:
    """Check a new password, or that the user can do without; returns the risk of its event."""
    if not password:
        if not auth_factors.takes_codes(pool):
            raise InvalidParameterException("Missing required parameter password")
        if not auth_factors.configured_codes(pool, user):
            raise InvalidParameterException(NO_CONTACT)
        return None
    password_rules.check_policy(pool, password, prefix=POLICY_PREFIX)
    return compromised.check_new(pool, client.id, actor, password, compromised.SIGN_UP)


def _check_source(pool: PoolConfig, client: ClientConfig, actor: Actor) -> None:
    """Threat protection: an address on the always-block list may not sign up."""
    if pool.threat_protection == risk_settings.ENFORCED and risk_settings.of(pool, client.id).blocks(actor.ip):
        events.record(None, actor, events.SIGN_UP, passed=False)
        raise NotAuthorizedException("Unable to sign up because of security reasons.")


def _event_outcome(pool: PoolConfig) -> bool | None:
    """With threat protection a sign-up is in progress until it is confirmed; without, nobody is shown its event."""
    return True if pool.threat_protection == risk_settings.OFF else None


def _send(occasion: Occasion, user: PoolUser, contact: str, *, is_first: bool = False) -> delivery.Sent:
    purpose, address = VerificationCode.Purpose.SIGN_UP, user.attributes[contact]
    return delivery.send_code(occasion, user, purpose, contact, address, is_first=is_first)


def _ask_and_send(occasion: Occasion, user: PoolUser, contact: str) -> delivery.Sent:
    worded = delivery.worded(occasion, user, contact, user.attributes[contact])
    with transaction.atomic():
        return _send(worded, user, contact)


@even_time.evenly()
def resend(
    pool: PoolConfig,
    client: ClientConfig,
    actor: Actor,
    *,
    username: str,
    metadata: Mapping[str, str] | None = None,
) -> CodeDelivery:
    """Send a new confirmation code; the earlier one is void.

    Raises UserNotFoundException unless the client hides users, InvalidParameterException, LimitExceededException; as
    ``triggers.invoke.call`` for CustomMessage.
    """
    user = users.find_or_none(pool, username)
    attempts.claim_send("ResendConfirmationCode", pool.id, pool.fold(user.username if user else username))
    if user is None or (client.hides_users and user.status != PoolUser.Status.UNCONFIRMED):
        if client.hides_users:
            return delivery.simulated_sign_up(pool, username)
        raise UserNotFoundException("Username/client id combination not found.")
    if user.status != PoolUser.Status.UNCONFIRMED:
        raise InvalidParameterException("User is already confirmed.")
    contact = delivery.to_verify_at_sign_up(pool, user)
    if contact is None:
        if client.hides_users:
            return delivery.simulated_sign_up(pool, username)
        raise InvalidParameterException("Auto verification not turned on.")
    occasion = occasions.of(pool, client.id, actor, occasions.RESEND, metadata)
    occasion = delivery.worded(occasion, user, contact, user.attributes[contact])
    with transaction.atomic():
        sent = _send(occasion, user, contact)
        events.record(user, actor, events.RESEND_CODE, passed=True, client_id=client.id)
    late_delivery.deliver(client, sent.message)
    return sent.details


@even_time.evenly(only_refusals=True)
def confirm(
    pool: PoolConfig,
    client: ClientConfig,
    actor: Actor,
    *,
    username: str,
    code: str,
    force_alias: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> PoolUser:
    """Confirm a user by the code; the contact that received it becomes verified.

    Raises UserNotFoundException, NotAuthorizedException, CodeMismatchException, ExpiredCodeException (all of them
    CodeMismatchException if the client hides users), AliasExistsException, LimitExceededException; as
    ``triggers.invoke.call`` for PostConfirmation (the user is confirmed then).
    """
    user = users.find_or_none(pool, username)
    guess_sources.check(client, actor)
    attempts.claim_guess("ConfirmSignUp", pool.id, pool.fold(user.username if user else username))
    try:
        found = _check_code(user, code)
    except (CodeMismatchException, ExpiredCodeException, NotAuthorizedException, UserNotFoundException):
        guess_sources.count(client, actor)
        if client.hides_users:
            raise CodeMismatchException from None
        raise
    assert user is not None
    with transaction.atomic():
        codes.spend(found)
        row = users.locked(user)
        if row.status != PoolUser.Status.UNCONFIRMED:
            raise NotAuthorizedException(f"User cannot be confirmed. Current status is {row.status}")
        before = users.wanted_aliases(pool, row)
        row.status = PoolUser.Status.CONFIRMED
        changed = dict(row.attributes)
        if changed.get(found.attribute) == found.value:
            changed[attributes.VERIFIED_FLAGS[found.attribute]] = "true"
        users.save_attributes(row, changed)
        users.sync_aliases(pool, row, before=before, force=force_alias)
        _close_event(pool, row)
    tell_confirmed(occasions.of(pool, client.id, actor, occasions.SIGN_UP, metadata), row)
    return row


def _close_event(pool: PoolConfig, user: PoolUser) -> None:
    if pool.threat_protection != risk_settings.OFF:
        events.confirm_sign_up(user)


def _check_code(user: PoolUser | None, code: str) -> VerificationCode:
    if user is None:
        raise UserNotFoundException("Username/client id combination not found.")
    if user.status != PoolUser.Status.UNCONFIRMED:
        raise NotAuthorizedException(f"User cannot be confirmed. Current status is {user.status}")
    return codes.check(user, VerificationCode.Purpose.SIGN_UP, code)


def admin_confirm(pool: PoolConfig, actor: Actor, *, username: str, metadata: Mapping[str, str] | None = None) -> None:
    """Confirm a user without a code; no contact becomes verified.

    Raises UserNotFoundException or NotAuthorizedException; as ``triggers.invoke.call`` for PostConfirmation (the user
    is confirmed then).
    """
    user = users.find(pool, username)
    with transaction.atomic():
        row = users.locked(user)
        if row.status != PoolUser.Status.UNCONFIRMED:
            raise NotAuthorizedException(f"User cannot be confirmed. Current status is {row.status}")
        before = users.wanted_aliases(pool, row)
        row.status = PoolUser.Status.CONFIRMED
        users.save_attributes(row, row.attributes)
        users.sync_aliases(pool, row, before=before)
        _close_event(pool, row)
        audit(actor, "AdminConfirmSignUp", pool_id=pool.id, subject=row.sub)
    tell_confirmed(occasions.of(pool, None, actor, occasions.SIGN_UP, metadata), row)
