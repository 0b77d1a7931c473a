"""Users' attributes: reading, changing, verifying, deleting; by the users themselves or by administrators.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-email-phone-verification.html
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from cognito_app.errors import InvalidParameterException
from cognito_app.models import PoolUser, VerificationCode
from cognito_app.services import attempts, attributes, codes, delivery, outbox, users
from cognito_app.services.actor import Actor, audit
from cognito_app.services.attributes import CONTACTS, VERIFIED_FLAGS
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.delivery import CodeDelivery, Sent

PURPOSES = {
    "email": VerificationCode.Purpose.EMAIL,
    "phone_number": VerificationCode.Purpose.PHONE_NUMBER,
}
MISSING_CONTACT = {
    "email": "User does not have a valid registered email address",
    "phone_number": "User does not have a valid registered phone number",
}
ONLY_CONTACTS = "Invalid attribute name. Only phone_number and email can be verified."


def update(pool: PoolConfig, client: ClientConfig, user: PoolUser, given: Mapping[str, str]) -> list[CodeDelivery]:
    """Change the attributes of a signed-in user; returns what codes were sent where.

    Raises NotAuthorizedException, InvalidParameterException, AliasExistsException, CodeDeliveryFailureException.
    """
    attributes.check_user_may_write(pool, client, list(given))
    return _change(pool, user, attributes.normalized(pool, given), None)


def admin_update(pool: PoolConfig, actor: Actor, user: PoolUser, given: Mapping[str, str]) -> None:
    """Change any mutable attribute of a user, the verified flags included.

    Raises InvalidParameterException, AliasExistsException.
    """
    _change(pool, user, attributes.normalized(pool, given), actor)


def _change(pool: PoolConfig, user: PoolUser, values: dict[str, str], actor: Actor | None) -> list[CodeDelivery]:
    if any(contact in values and contact in pool.auto_verified for contact in CONTACTS):
        delivery.require_triggers(pool)
    with transaction.atomic():
        row = users.locked(user)
        attributes.check_mutable(pool, row.attributes, values)
        _check_required(pool, values)
        _check_username_attribute(pool, row, values)
        merged, pending = _merge(pool, row.attributes, values)
        attributes.check_flags({**merged, **{k: v for k, v in values.items() if k in VERIFIED_FLAGS.values()}})
        row.pending_attributes = {**row.pending_attributes, **pending}
        for contact in CONTACTS:
            if contact in values and contact not in pending:
                row.pending_attributes.pop(contact, None)
                VerificationCode.objects.filter(user=row, purpose=PURPOSES[contact]).delete()
        users.save_attributes(row, merged)
        users.sync_aliases(pool, row)
        sent = _send_codes(pool, row, user.attributes, merged, pending)
        if actor is not None:
            audit(actor, "AdminUpdateUserAttributes", pool_id=pool.id, subject=row.sub, names=sorted(values))
    for item in sent:
        outbox.deliver(item.message)
    return [item.details for item in sent]


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


def _send_codes(
    pool: PoolConfig,
    user: PoolUser,
    before: Mapping[str, str],
    merged: Mapping[str, str],
    pending: Mapping[str, str],
) -> list[Sent]:
    sent = []
    for contact in ("email", "phone_number"):
        flag = VERIFIED_FLAGS[contact]
        changed = merged.get(contact) if merged.get(contact) != before.get(contact) else None
        value = pending.get(contact) or changed
        wanted = contact in pool.auto_verified or contact in pending
        if value and wanted and (contact in pending or merged.get(flag) != "true"):
            sent.append(delivery.send_code(pool, user, PURPOSES[contact], contact, value))
    return sent


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
    _change(pool, user, dict.fromkeys(names, ""), actor)


def send_verification(pool: PoolConfig, user: PoolUser, name: str) -> CodeDelivery:
    """Send a code that verifies a contact: the pending value if there is one.

    Raises InvalidParameterException, LimitExceededException, CodeDeliveryFailureException.
    """
    if name not in CONTACTS:
        raise InvalidParameterException(ONLY_CONTACTS)
    value = user.pending_attributes.get(name) or user.attributes.get(name)
    if not value:
        raise InvalidParameterException(MISSING_CONTACT[name])
    attempts.claim_send("GetUserAttributeVerificationCode", pool.id, user.username)
    delivery.require_triggers(pool)
    with transaction.atomic():
        sent = delivery.send_code(pool, user, PURPOSES[name], name, value)
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
