"""The second factors SMS_MFA and EMAIL_OTP: a code that was sent to the user's phone number or e-mail address.

A wrong code leaves the session usable; the right one spends it and verifies the contact.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from cognito_app.errors import AliasExistsException
from cognito_app.models import PoolUser
from cognito_app.services import attempts, attributes, mfa_preferences, users
from cognito_app.services.config import PoolConfig
from cognito_app.services.mfa_rules import CONTACT_OF, EMAIL, SMS
from cognito_app.services.sign_in import factors, gates
from cognito_app.services.sign_in.resume import check_set_up_is_due, resume, wrong_code
from cognito_app.services.sign_in.state import Context, Outcome, Session

WRONG_CODE = "Invalid code or auth state for the user."


def answer_sms(context: Context, session: str | None, answers: Mapping[str, str]) -> Outcome:
    """Check SMS_MFA_CODE."""
    return _answer(context, session, answers, SMS, gates.parameter(answers, "SMS_MFA_CODE"))


def answer_email(context: Context, session: str | None, answers: Mapping[str, str]) -> Outcome:
    """Check EMAIL_OTP_CODE, which the model's documentation also calls EMAIL_MFA_CODE."""
    code = answers.get("EMAIL_MFA_CODE") or gates.parameter(answers, "EMAIL_OTP_CODE")
    return _answer(context, session, answers, EMAIL, code)


def _answer(context: Context, text: str | None, answers: Mapping[str, str], factor: str, code: str) -> Outcome:
    session, user = resume(context, text, factor, answers)
    contact = CONTACT_OF[factor]
    destination = session.data.get("contact") or user.attributes.get(contact, "")
    throttle_key = attempts.mfa_key(context.pool.id, user.sub)
    attempts.claim_sign_in(throttle_key)
    if not factors.is_code(user, destination, code, session.data["code"]):
        raise wrong_code(context, user, WRONG_CODE)
    return gates.finish(
        context,
        user,
        session.methods + factors.METHODS[factor],
        throttle_key=throttle_key,
        save=lambda: _save(context.pool, session, user, factor, destination),
    )


def _save(pool: PoolConfig, session: Session, user: PoolUser, factor: str, destination: str) -> None:
    session.spend()
    contact = CONTACT_OF[factor]
    if "contact" in session.data:
        _set_up(pool, user, factor, destination)
    elif user.attributes.get(attributes.VERIFIED_FLAGS[contact]) != "true":
        _mark_verified(pool, user, contact, destination)


def _set_up(pool: PoolConfig, user: PoolUser, factor: str, destination: str) -> None:
    """Give the user the contact that answered, and turn its factor on.

    Raises NotAuthorizedException, AliasExistsException.
    """
    row = users.locked(user)
    check_set_up_is_due(pool, row)
    contact = CONTACT_OF[factor]
    users.save_attributes(row, {**row.attributes, contact: destination, attributes.VERIFIED_FLAGS[contact]: "true"})
    users.sync_aliases(pool, row)
    mfa_preferences.turn_on(row, factor)
    user.set_attributes(row.attributes)
    user.mfa = row.mfa


def _mark_verified(pool: PoolConfig, user: PoolUser, contact: str, destination: str) -> None:
    """Mark the contact as verified, unless that would take another user's sign-in name."""
    row = users.locked(user)
    if row.attributes.get(contact) != destination:
        return
    try:
        with transaction.atomic():
            users.save_attributes(row, {**row.attributes, attributes.VERIFIED_FLAGS[contact]: "true"})
            users.sync_aliases(pool, row)
    except AliasExistsException:
        return
    user.set_attributes(row.attributes)
