"""The challenges of second factors: codes by message, authenticator apps, the choice and the set-up of a factor."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

import orjson

from cognito_app.core import keyring, masking, secrets
from cognito_app.errors import LimitExceededException, TooManyRequestsException
from cognito_app.messages import templates
from cognito_app.models import OutboxMessage, PoolUser
from cognito_app.services import attempts, delivery, late_delivery, occasions, outbox, software_tokens
from cognito_app.services.mfa_rules import CONTACT_OF, EMAIL, SMS, TOTP, Decision, Kind
from cognito_app.services.occasions import Occasion
from cognito_app.services.sign_in.state import Challenge, Context, seal_session

SELECT = "SELECT_MFA_TYPE"
SETUP = "MFA_SETUP"
CODE_DIGITS = 6
METHODS = {SMS: ("sms", "mfa"), EMAIL: ("email_otp", "mfa"), TOTP: ("otp", "mfa")}
"""What a factor adds to the methods of a sign-in (spec/user-pools.md 6.12)."""


@dataclass(frozen=True, slots=True)
class Unworded:
    """A code whose message is stored when CustomMessage, which is no matter for a transaction, has been asked."""

    occasion: Occasion
    user: PoolUser
    contact: str
    destination: str
    code: str = field(repr=False)
    lifetime: timedelta


Pending = OutboxMessage | Unworded | None
Offer = tuple[Challenge, Pending]


def offer(context: Context, user: PoolUser, decision: Decision, methods: tuple[str, ...]) -> Offer:
    """Return the challenge of a decision, and the message to send when the transaction is over (``send``).

    Raises MFAMethodNotFoundException, TooManyRequestsException.
    """
    if decision.kind is Kind.SELECT:
        return _choice(context, user, decision.factors, methods), None
    if decision.kind is Kind.SETUP:
        return _setup(context, user, decision.factors, methods), None
    return challenge_of(context, user, decision.factors[0], methods)


def challenge_of(context: Context, user: PoolUser, factor: str, methods: tuple[str, ...]) -> Offer:
    """Return the challenge of one factor, in the running transaction. Raises as ``offer``."""
    if factor == TOTP:
        return _software_token(context, user, methods), None
    return message_code(context, user, factor, user.attributes[CONTACT_OF[factor]], methods)


def message_code(
    context: Context,
    user: PoolUser,
    factor: str,
    destination: str,
    methods: tuple[str, ...],
    *,
    setting_up: bool = False,
) -> Offer:
    """Make a code for SMS_MFA or EMAIL_OTP and store its message, in the running transaction.

    The session holds the keyed hash of code and destination: the code counts for this session and address alone.
    ``setting_up`` is for a contact that becomes the user's with the code.
    """
    medium = delivery.MEDIA[CONTACT_OF[factor]]
    if factor == EMAIL:
        _claim_email(context, destination)
    code = secrets.digits(CODE_DIGITS)
    data = {"code": keyring.mac(*_code_parts(user, destination, code)).hex()}
    if setting_up:
        data["contact"] = destination
    challenge = Challenge(
        name=factor,
        parameters={
            "CODE_DELIVERY_DELIVERY_MEDIUM": medium,
            "CODE_DELIVERY_DESTINATION": masking.destination(destination),
            "USER_ID_FOR_SRP": user.username,
        },
        session=seal_session(context, factor, user, methods, data),
    )
    return challenge, code_message(context, user, CONTACT_OF[factor], destination, code)


def code_message(context: Context, user: PoolUser, contact: str, destination: str, code: str) -> Pending:
    """Store the message of a sign-in code, as a first or a second factor, in the running transaction."""
    # ClientMetadata reaches the functions of messages when it came with an answer, not with the first request.
    metadata = context.client_metadata or None
    occasion = occasions.of(context.pool, context.client.id, context.actor, occasions.AUTHENTICATION, metadata)
    lifetime = timedelta(minutes=context.client.session_minutes)
    pending = Unworded(occasion, user, contact, destination, code, lifetime)
    return pending if occasion.asks(delivery.MEDIA[contact]) else _enqueue(pending)


def _enqueue(pending: Unworded) -> OutboxMessage:
    pool, medium = pending.occasion.pool, delivery.MEDIA[pending.contact]
    message = templates.authentication(
        pool.raw,
        (pool.extras.get("mfa") or {}).get("email"),
        medium=medium,
        destination=pending.destination,
        code=pending.code,
        texts=pending.occasion.texts,
    )
    told = {pending.contact: pending.destination}
    handover = pending.occasion.handover(pending.user, medium, pending.code, **told)
    return outbox.enqueue(pending.user, message, handover, lifetime=pending.lifetime)


def _claim_email(context: Context, destination: str) -> None:
    try:
        attempts.claim_send("EmailMfa", context.pool.id, f"{destination}\x1f{context.actor.ip}")
    except LimitExceededException as error:
        # The sign-in operations do not list LimitExceededException.
        raise TooManyRequestsException(error.message) from None


def is_code(user: PoolUser, destination: str, given: str, expected: str) -> bool:
    """Whether a code is the one that a session was made for."""
    found = keyring.mac_candidates(*_code_parts(user, destination, given))
    return any([secrets.compare(item.hex(), expected) for item in found])


def _code_parts(user: PoolUser, destination: str, code: str) -> tuple[str, bytes]:
    return "mfa-code", f"{user.pk}\x1f{destination}\x1f{code}".encode("utf-8", "surrogatepass")


def send(message: Pending, *, later: bool = False) -> None:
    """Send the message of a challenge after the transaction; what the backend refuses is tried again by the worker.

    ``later`` is for a first factor that must not show who exists: the answer does not wait for the mail server.
    The sign-in operations list no CodeDeliveryFailureException. Raises as ``triggers.invoke.call`` for CustomMessage.
    """
    if isinstance(message, Unworded):
        worded = delivery.worded(message.occasion, message.user, message.contact, message.destination)
        message = _enqueue(replace(message, occasion=worded))
    if later and message is not None:
        late_delivery.hand_over(message)
        return
    with suppress(*outbox.NOT_DELIVERED):
        outbox.deliver(message)


def _software_token(context: Context, user: PoolUser, methods: tuple[str, ...]) -> Challenge:
    name = software_tokens.find(user).friendly_name
    parameters = {"USER_ID_FOR_SRP": user.username}
    if name:
        parameters["FRIENDLY_DEVICE_NAME"] = name
    return Challenge(name=TOTP, parameters=parameters, session=seal_session(context, TOTP, user, methods))


def _choice(context: Context, user: PoolUser, found: tuple[str, ...], methods: tuple[str, ...]) -> Challenge:
    listed = _json_list(found)
    # The developer guide prints the first name, the live service and published clients use the second.
    parameters = {"MFAS_CAN_SELECT": listed, "MFAS_CAN_CHOOSE": listed, "USER_ID_FOR_SRP": user.username}
    session = seal_session(context, SELECT, user, methods, {"factors": list(found)})
    return Challenge(name=SELECT, parameters=parameters, session=session)


def _setup(context: Context, user: PoolUser, missing: tuple[str, ...], methods: tuple[str, ...]) -> Challenge:
    parameters = {"MFAS_CAN_SETUP": _json_list(missing), "USER_ID_FOR_SRP": user.username}
    session = seal_session(context, SETUP, user, methods, {"factors": list(missing)})
    return Challenge(name=SETUP, parameters=parameters, session=session)


def _json_list(names: tuple[str, ...]) -> str:
    return orjson.dumps(list(names)).decode()
