"""Users' attributes: reading, changing, verifying, deleting; by the users themselves or by administrators.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-email-phone-verification.html
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext, suppress

from django.db import transaction

from cognito_app.errors import InvalidParameterException, LimitExceededException, TooManyRequestsException
from cognito_app.models import PoolUser, VerificationCode
from cognito_app.services import attempts, attributes, codes, delivery, occasions, outbox, users
from cognito_app.services.actor import Actor, audit
from cognito_app.services.attributes import CONTACTS, VERIFIED_FLAGS
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.delivery import CodeDelivery, Sent
from cognito_app.services.occasions import Occasion
from cognito_app.triggers.invoke import NOT_APPLICABLE

PURPOSES = {
    "email": VerificationCode.Purpose.EMAIL,
    "phone_number": VerificationCode.Purpose.PHONE_NUMBER,
}
MISSING_CONTACT = {
    "email": "User does not have a valid registered email address",
    "phone_number": "User does not have a valid registered phone number",
}
ONLY_CONTACTS = "Invalid attribute name. Only phone_number and email can be verified."


def update(
    pool: PoolConfig,
    client: ClientConfig,
    actor: Actor,
    user: PoolUser,
    given: Mapping[str, str],
    *,
    metadata: Mapping[str, str] | None = None,
) -> list[CodeDelivery]:
    """Change the attributes of a signed-in user; returns what codes were sent where.

    Raises NotAuthorizedException, InvalidParameterException, AliasExistsException, CodeDeliveryFailureException,
    TooManyRequestsException (the hour's codes are used up); as ``triggers.invoke.call`` for CustomMessage.
    """
    attributes.check_user_may_write(pool, client, list(given))
    occasion = occasions.of(pool, client.id, actor, occasions.UPDATE_ATTRIBUTE, metadata)
    values = attributes.normalized(pool, given)
    _claim_codes(pool, user, values)
    return _change(occasion, user, values, None)


def _claim_codes(pool: PoolConfig, user: PoolUser, values: Mapping[str, str]) -> None:
    """Count the codes that a change will send, before it is made."""
    merged, pending = _checked_merge(pool, user, values)
    try:
        for _ in _due_codes(pool, user.attributes, merged, pending):
            attempts.claim_send(attempts.ATTRIBUTE_CODE, pool.id, user.username)
    except LimitExceededException as error:
        # The operation does not list LimitExceededException.
        raise TooManyRequestsException(error.message) from None


def admin_update(
    pool: PoolConfig,
    actor: Actor,
    user: PoolUser,
    given: Mapping[str, str],
    *,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Change any mutable attribute of a user, the verified flags included.

    A code that cannot be delivered is left to the worker: the operation lists no CodeDeliveryFailureException.
    Raises InvalidParameterException, AliasExistsException; as ``triggers.invoke.call`` for CustomMessage.
    """
    occasion = occasions.of(pool, NOT_APPLICABLE, actor, occasions.UPDATE_ATTRIBUTE, metadata)
    _change(occasion, user, attributes.normalized(pool, given), actor)


def _change(occasion: Occasion, user: PoolUser, values: dict[str, str], actor: Actor | None) -> list[CodeDelivery]:
    pool = occasion.pool
    worded = _ask_custom_message(occasion, user, values)
    with transaction.atomic():
        row = users.locked(user)
        merged, pending = _checked_merge(pool, row, values)
        row.pending_attributes = {**row.pending_attributes, **pending}
        for contact in CONTACTS:
            if contact in values and contact not in pending:
                row.pending_attributes.pop(contact, None)
                VerificationCode.objects.filter(user=row, purpose=PURPOSES[contact]).delete()
        users.save_attributes(row, merged)
        users.sync_aliases(pool, row)
        due = _due_codes(pool, user.attributes, merged, pending)
        sent = [_send_code(worded.get(contact, occasion), row, contact, value) for contact, value in due.items()]
        if actor is not None:
            audit(actor, "AdminUpdateUserAttributes", pool_id=pool.id, subject=row.sub, names=sorted(values))
    with suppress(*outbox.NOT_DELIVERED) if actor is not None else nullcontext():
        outbox.deliver(*(item.message for item in sent))
    return [item.details for item in sent]


def _ask_custom_message(occasion: Occasion, user: PoolUser, values: Mapping[str, str]) -> dict[str, Occasion]:
    """Ask for the words of the codes that a change will send, before it is made. Raises as ``Occasion.worded``."""
    media = [delivery.MEDIA[contact] for contact in CONTACTS if values.get(contact)]
    if not occasion.asks(*media):
        return {}
    merged, pending = _checked_merge(occasion.pool, user, values)
    shown = {**occasions.event_attributes(user), **merged}
    due = _due_codes(occasion.pool, user.attributes, merged, pending)
    return {
        contact: occasion.worded(user.username, {**shown, contact: value}, [delivery.MEDIA[contact]])
        for contact, value in due.items()
    }


def _send_code(occasion: Occasion, user: PoolUser, contact: str, value: str) -> Sent:
    return delivery.send_code(occasion, user, PURPOSES[contact], contact, value)


def _checked_merge(
    pool: PoolConfig, user: PoolUser, values: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what ``_merge`` does, for a change that is allowed. Raises InvalidParameterException."""
    attributes.check_mutable(pool, user.attributes, values)
    _check_required(pool, values)
    _check_username_attribute(pool, user, values)
    merged, pending = _merge(pool, user.attributes, values)
    attributes.check_flags({**merged, **{k: v for k, v in values.items() if k in VERIFIED_FLAGS.values()}})
    return merged, pending


def _check_required(pool: PoolConfig, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        if value == "" and pool.attributes[name].required:
            raise InvalidParameterException(f"Invalid user attributes: {name}: Required attribute cannot be deleted.")


def _check_username_attribute(pool: PoolConfig, user: PoolUser, values: Mapping[str, str]) -> None:
    """A user who signs in by an address alone must keep one."""
    kept = [a for a in pool.username_attributes if values.get(a, user.attributes.get(a))]
    if pool.username_attributes and not kept:
        name = sorted(pool.username_attributes)[0]
        raise InvalidParameterException(f"Invalid user attributes: {name}: Required attribute cannot be deleted.")


def _merge(
    pool: PoolConfig, present: Mapping[str, str], values: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the new attributes, and the contacts that wait for verification before they replace the old ones."""
    merged = dict(present)
    pending = {}
    for name, value in values.items():
        flag = VERIFIED_FLAGS.get(name)
        if flag is None:
            merged[name] = value
        elif value == "":
            merged.pop(name, None)
            merged.pop(flag, None)
        elif value != present.get(name) and name in pool.verify_before_update and values.get(flag) != "true":
            pending[name] = value
        else:
            merged[name] = value
            if value != present.get(name) and flag not in values:
                merged[flag] = "false"
    return merged, pending


def _due_codes(
    pool: PoolConfig, before: Mapping[str, str], merged: Mapping[str, str], pending: Mapping[str, str]
) -> dict[str, str]:
    """Return the contacts that get a code, with the address that it goes to."""
    due = {}
    for contact in ("email", "phone_number"):
        flag = VERIFIED_FLAGS[contact]
        changed = merged.get(contact) if merged.get(contact) != before.get(contact) else None
        value = pending.get(contact) or changed
        wanted = contact in pool.auto_verified or contact in pending
        if value and wanted and (contact in pending or merged.get(flag) != "true"):
            due[contact] = value
    return due


def delete_attributes(
    pool: PoolConfig,
    user: PoolUser,
    names: list[str],
    *,
    client: ClientConfig | None = None,
    actor: Actor | None = None,
) -> None:
    """Remove attributes; ``client`` is given when users do so themselves.

    Raises InvalidParameterException, NotAuthorizedException.
    """
    for name in names:
        if name not in pool.attributes:
            raise InvalidParameterException(
                f"Invalid user attributes: user.{name}: Attribute does not exist in the schema.\n"
            )
    if client is not None:
        attributes.check_user_may_write(pool, client, names)
    occasion = occasions.of(pool, client.id if client else None, actor or Actor(), occasions.UPDATE_ATTRIBUTE)
    _change(occasion, user, dict.fromkeys(names, ""), actor)


def send_verification(
    pool: PoolConfig,
    client: ClientConfig,
    actor: Actor,
    user: PoolUser,
    name: str,
    *,
    metadata: Mapping[str, str] | None = None,
) -> CodeDelivery:
    """Send a code that verifies a contact: the pending value if there is one.

    Raises InvalidParameterException, LimitExceededException, CodeDeliveryFailureException; as
    ``triggers.invoke.call`` for CustomMessage.
    """
    if name not in CONTACTS:
        raise InvalidParameterException(ONLY_CONTACTS)
    value = user.pending_attributes.get(name) or user.attributes.get(name)
    if not value:
        raise InvalidParameterException(MISSING_CONTACT[name])
    attempts.claim_send(attempts.ATTRIBUTE_CODE, pool.id, user.username)
    occasion = occasions.of(pool, client.id, actor, occasions.VERIFY_ATTRIBUTE, metadata)
    occasion = delivery.worded(occasion, user, name, value)
    with transaction.atomic():
        sent = _send_code(occasion, user, name, value)
    outbox.deliver(sent.message)
    return sent.details


def verify(pool: PoolConfig, user: PoolUser, name: str, code: str) -> None:
    """Verify a contact by its code; a pending value takes the place of the old one.

    Raises InvalidParameterException, CodeMismatchException, ExpiredCodeException, AliasExistsException,
    LimitExceededException.
    """
    if name not in CONTACTS:
        raise InvalidParameterException(ONLY_CONTACTS)
    attempts.claim_guess("VerifyUserAttribute", pool.id, user.username)
    found = codes.check(user, PURPOSES[name], code)
    with transaction.atomic():
        codes.spend(found)
        row = users.locked(user)
        row.pending_attributes.pop(name, None)
        users.save_attributes(row, {**row.attributes, name: found.value, VERIFIED_FLAGS[name]: "true"})
        users.sync_aliases(pool, row)
