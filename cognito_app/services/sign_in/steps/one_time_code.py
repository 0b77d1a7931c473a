"""The first factors EMAIL_OTP and SMS_OTP: a code that was sent to a contact stands for the password.

A wrong code leaves the session usable; the right one spends it, verifies the contact and confirms the user.
Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html
("Passwordless sign-in with one-time passwords")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.db import transaction

from cognito_app.core import keyring, masking, secrets
from cognito_app.errors import (
    AliasExistsException,
    CodeMismatchException,
    LimitExceededException,
    NotAuthorizedException,
    TooManyRequestsException,
)
from cognito_app.models import PoolUser
from cognito_app.services import (
    attempts,
    attributes,
    delivery,
    device_tracking,
    even_time,
    events,
    guess_sources,
    occasions,
    risk_settings,
    sign_up,
    users,
)
from cognito_app.services.auth_factors import CONTACT_OF
from cognito_app.services.config import PoolConfig
from cognito_app.services.sign_in import choice, factors, gates, hooks, risk
from cognito_app.services.sign_in.choice import Choice, Subject
from cognito_app.services.sign_in.state import INVALID_SESSION, NOBODY, Challenge, Context, Outcome
from cognito_app.services.sign_in.steps import message_code

DIGITS = 8
METHODS = {"EMAIL_OTP": ("email_otp",), "SMS_OTP": ("sms",)}


def put(context: Context, subject: Subject, factor: str, spend: Callable[[], None] | None = None) -> Challenge:
    """Make a code, send it to the user's contact, and return the challenge; nobody gets none, nor the disabled.

    Raises TooManyRequestsException, UnexpectedLambdaException.
    """
    with even_time.answering(context.client):
        return _put(context, subject, factor, spend)


def _put(context: Context, subject: Subject, factor: str, spend: Callable[[], None] | None) -> Challenge:
    _claim_send(context, subject)
    user, contact = hooks.before(context, subject.user, subject.name), CONTACT_OF[factor]
    made_up = delivery.made_up(context.pool, subject.name, contact)
    destination = user.attributes[contact] if user else ""
    code = secrets.digits(DIGITS)
    session = choice.seal(context, subject, factor, {"code": keyring.mac(*_parts(user, destination, code)).hex()})
    with transaction.atomic():
        if spend is not None:
            spend()
        message = factors.code_message(context, user, contact, destination, code) if user and user.enabled else None
    factors.send(message, later=context.client.hides_users)
    shown = masking.destination(destination) if user else made_up.destination
    parameters = {"CODE_DELIVERY_DELIVERY_MEDIUM": made_up.medium, "CODE_DELIVERY_DESTINATION": shown}
    return Challenge(name=factor, parameters=parameters, session=session)


def answer_email(context: Context, text: str | None, answers: Mapping[str, str]) -> Outcome:
    """Check EMAIL_OTP_CODE of the factor, first or second, that the session is of."""
    if not choice.is_choice(text):
        return message_code.answer_email(context, text, answers)
    return _answer(context, text, answers, "EMAIL_OTP", gates.parameter(answers, "EMAIL_OTP_CODE"))


def answer_sms(context: Context, text: str | None, answers: Mapping[str, str]) -> Outcome:
    """Check SMS_OTP_CODE."""
    return _answer(context, text, answers, "SMS_OTP", gates.parameter(answers, "SMS_OTP_CODE"))


def _answer(context: Context, text: str | None, answers: Mapping[str, str], factor: str, code: str) -> Outcome:
    chosen = choice.reopen(context, text, answers, factor)
    user = chosen.subject.user
    device_tracking.check_named(context.pool, user, context.device_key)
    _claim_guess(context, chosen)
    destination = user.attributes.get(CONTACT_OF[factor], "") if user else ""
    found = keyring.mac_candidates(*_parts(user, destination, code))
    right = any([secrets.compare(item.hex(), chosen.data["code"]) for item in found])
    if user is None or not right or not user.enabled:
        choice.record_failure(context, user)
        raise CodeMismatchException(message_code.WRONG_CODE)
    choice.check_still_offered(context, user, factor)
    context.attempt.by_password = False
    risk.judge(context, user, attempts.first_factor_key(context.pool.id, user.sub))
    signed_up = user.status == PoolUser.Status.UNCONFIRMED
    outcome = gates.second_factor(
        context, user, METHODS[factor], save=lambda: _save(context, chosen, user, factor, destination)
    )
    if signed_up:
        occasion = occasions.of(
            context.pool, context.client.id, context.actor, occasions.SIGN_UP, context.client_metadata or None
        )
        sign_up.tell_confirmed(occasion, user)
    return outcome


def _claim_send(context: Context, subject: Subject) -> None:
    """Count by name, whether or not there is such a user, and by address: nobody can use up another's messages."""
    name = context.pool.fold(subject.sign_in_name)
    try:
        attempts.claim_send("FirstFactorCode", context.pool.id, f"{name}\x1f{context.actor.ip}")
    except LimitExceededException as error:
        # The sign-in operations do not list LimitExceededException.
        raise TooManyRequestsException(error.message) from None


def _claim_guess(context: Context, chosen: Choice) -> None:
    guess_sources.check(context.client, context.actor)
    name = context.pool.fold(chosen.subject.sign_in_name)
    try:
        attempts.claim_guess("FirstFactorCode", context.pool.id, chosen.session.nonce)
        attempts.claim_guess("FirstFactorCodeOfName", context.pool.id, name)
    except LimitExceededException:
        raise NotAuthorizedException(attempts.LOCKED) from None


def _parts(user: PoolUser | None, destination: str, code: str) -> tuple[str, bytes]:
    text = f"{user.pk if user else NOBODY}\x1f{destination}\x1f{code}"
    return "first-factor-code", text.encode("utf-8", "surrogatepass")


def _save(context: Context, chosen: Choice, user: PoolUser, factor: str, destination: str) -> None:
    """Spend the session; the code proved the contact, and with it who signed up or was imported."""
    chosen.session.spend()
    contact = CONTACT_OF[factor]
    flag = attributes.VERIFIED_FLAGS[contact]
    if user.status == PoolUser.Status.CONFIRMED and user.attributes.get(flag) == "true":
        return
    row = users.locked(user)
    if row.attributes.get(contact) != destination or row.status != user.status or not row.enabled:
        raise NotAuthorizedException(INVALID_SESSION)
    signed_up = row.status == PoolUser.Status.UNCONFIRMED
    row.status = PoolUser.Status.CONFIRMED
    _store(context.pool, row, flag)
    if signed_up and context.pool.threat_protection != risk_settings.OFF:
        events.confirm_sign_up(row)
    user.status = row.status
    user.set_attributes(row.attributes)


def _store(pool: PoolConfig, row: PoolUser, flag: str) -> None:
    """Mark the contact as verified too, unless that would take another user's sign-in name."""
    unverified = dict(row.attributes)
    try:
        with transaction.atomic():
            users.save_attributes(row, {**unverified, flag: "true"})
            users.sync_aliases(pool, row)
    except AliasExistsException:
        users.save_attributes(row, unverified)
        users.sync_aliases(pool, row)
