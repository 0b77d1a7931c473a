"""Where a code goes: the contact, the message, and what the caller is told about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from cognito_app.core import keyring, masking
from cognito_app.messages import templates
from cognito_app.models import OutboxMessage, PoolUser, VerificationCode
from cognito_app.services import codes, domains, mfa_preferences, occasions, outbox
from cognito_app.services.attributes import CONTACTS, VERIFIED_FLAGS
from cognito_app.services.config import PoolConfig
from cognito_app.services.mfa_preferences import RECOVERY_CONTACTS
from cognito_app.services.occasions import Occasion
from cognito_app.services.users import contact_kind

MEDIA = {"email": templates.EMAIL, "phone_number": templates.SMS}


@dataclass(frozen=True, slots=True)
class CodeDelivery:
    """What the caller learns about a code on its way (CodeDeliveryDetailsType)."""

    destination: str
    medium: str
    attribute: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A stored message and what to say about it."""

    message: OutboxMessage
    details: CodeDelivery


def details_of(attribute: str, value: str) -> CodeDelivery:
    """Describe a delivery to a contact."""
    return CodeDelivery(destination=masking.destination(value), medium=MEDIA[attribute], attribute=attribute)


def worded(occasion: Occasion, user: PoolUser, attribute: str, value: str) -> Occasion:
    """Return the occasion of a code for a contact with the words of CustomMessage, before any transaction.

    Raises as ``Occasion.worded``.
    """
    attributes = {**occasions.event_attributes(user), attribute: value}
    return occasion.worded(user.username, attributes, [MEDIA[attribute]])


def send_code(
    occasion: Occasion,
    user: PoolUser,
    purpose: VerificationCode.Purpose,
    attribute: str,
    value: str,
    *,
    is_first: bool = False,
) -> Sent:
    """Make a code and store its message, in the running transaction; ``outbox.deliver`` it afterwards.

    ``is_first`` is for users who were stored in the same transaction.
    """
    code = codes.issue(user, purpose, attribute=attribute, value=value)
    if not is_first:
        outbox.supersede(user, [purpose])
    medium = MEDIA[attribute]
    message = templates.verification(
        occasion.pool.raw,
        purpose=purpose,
        medium=medium,
        destination=value,
        code=code,
        texts=occasion.texts,
        link=_link(occasion, user, code) if attribute == "email" else None,
    )
    handover = occasion.handover(user, medium, code, **{attribute: value})
    row = outbox.enqueue(user, message, handover, lifetime=codes.LIFETIMES[purpose], is_first=is_first)
    return Sent(message=row, details=details_of(attribute, value))


def _link(occasion: Occasion, user: PoolUser, code: str) -> str | None:
    """Return the address that confirms a sign-up, where its mail may hold one."""
    wanted = templates.wants_link(occasion.pool.raw) or bool(occasion.texts.email)
    client_id = occasion.caller.client_id
    if not wanted or client_id is None or occasion.reason not in (occasions.SIGN_UP, occasions.RESEND):
        return None
    query = urlencode({"client_id": client_id, "user_name": user.username, "confirmation_code": code})
    return f"{domains.base_url(occasion.pool.id)}/confirmUser?{query}"


def to_verify_at_sign_up(pool: PoolConfig, user: PoolUser) -> str | None:
    """Return the contact that a new user proves: the phone before the e-mail, only if the pool verifies it."""
    for attribute in CONTACTS:
        if attribute in pool.auto_verified and user.attributes.get(attribute):
            return attribute
    return None


def for_recovery(pool: PoolConfig, user: PoolUser) -> str | None:
    """Return the verified contact that a password reset goes to, or None.

    Where the pool sets the ways of recovery, the contact of the user's second factor is none of them.
    """
    in_use = mfa_preferences.contact_in_use(pool, user) if pool.recovery is not None else None
    for attribute in _recovery_order(pool):
        if attribute == in_use:
            continue
        if user.attributes.get(attribute) and user.attributes.get(VERIFIED_FLAGS[attribute]) == "true":
            return attribute
    return None


def _recovery_order(pool: PoolConfig) -> Iterable[str]:
    if pool.recovery is None:
        return CONTACTS
    return [RECOVERY_CONTACTS[name] for name in pool.recovery if name in RECOVERY_CONTACTS]


def simulated(pool: PoolConfig, name: str, attributes: Iterable[str]) -> CodeDelivery:
    """Describe a delivery for a name that nobody has, the same each time."""
    kind = contact_kind(name)
    return made_up(pool, name, kind or next(iter(attributes), "email"))


def made_up(pool: PoolConfig, name: str, attribute: str) -> CodeDelivery:
    """Describe a delivery to a contact of a name that nobody has: the name itself where it is such a contact."""
    if contact_kind(name) == attribute:
        return details_of(attribute, name)
    digest = keyring.mac("simulated-delivery", f"{pool.id}:{pool.fold(name)}".encode("utf-8", "surrogatepass"))
    if attribute == "phone_number":
        return details_of("phone_number", f"+1555{int.from_bytes(digest[:4], 'big') % 10_000_000:07d}")
    letters = [chr(ord("a") + byte % 26) for byte in digest[:2]]
    return details_of("email", f"{letters[0]}@{letters[1]}")


def simulated_recovery(pool: PoolConfig, name: str) -> CodeDelivery:
    """Describe a password reset for a name that nobody has."""
    return simulated(pool, name, [a for a in _recovery_order(pool) if a in pool.auto_verified] or ["email"])


def simulated_sign_up(pool: PoolConfig, name: str) -> CodeDelivery:
    """Describe a confirmation code for a name that nobody has."""
    return simulated(pool, name, [a for a in CONTACTS if a in pool.auto_verified])
