"""MFA_SETUP: a user without a second factor registers one before the sign-in goes on.

An authenticator app is registered by AssociateSoftwareToken and VerifySoftwareToken with the session
(``totp_setup``); an e-mail address or phone number is given in the answer and proved by a code.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from cognito_app.errors import InvalidParameterException, NotAuthorizedException
from cognito_app.models import PoolUser
from cognito_app.services import attributes, mfa_preferences
from cognito_app.services.mfa_rules import CONTACT_OF, EMAIL, SMS, TOTP
from cognito_app.services.sign_in import factors, gates
from cognito_app.services.sign_in.resume import check_set_up_is_due, resume
from cognito_app.services.sign_in.state import INVALID_SESSION, Context, Outcome, Session

CONTACT_ANSWERS = (("EMAIL", EMAIL), ("email", EMAIL), ("PHONE_NUMBER", SMS), ("phone_number", SMS))


def answer(context: Context, text: str | None, answers: Mapping[str, str]) -> Outcome:
    """End the sign-in with the session of VerifySoftwareToken, or send a code to the EMAIL that was given."""
    session, user = resume(context, text, factors.SETUP, answers)
    if session.data.get("verified"):
        if not mfa_preferences.of(user.mfa).has_totp:
            raise NotAuthorizedException(INVALID_SESSION)
        methods = session.methods + factors.METHODS[TOTP]
        return gates.finish(context, user, methods, save=session.spend)
    for member, factor in CONTACT_ANSWERS:
        if answers.get(member):
            return _send_to_new_contact(context, session, user, factor, answers[member])
    raise InvalidParameterException("User has not verified software token mfa")


def _send_to_new_contact(context: Context, session: Session, user: PoolUser, factor: str, destination: str) -> Outcome:
    contact = CONTACT_OF[factor]
    check_set_up_is_due(context.pool, user)
    if factor not in session.data["factors"] or user.attributes.get(contact):
        raise InvalidParameterException(f"{factor} cannot be set up in this sign-in.")
    attributes.normalized(context.pool, {contact: destination})
    with transaction.atomic():
        session.spend()
        challenge, message = factors.message_code(context, user, factor, destination, session.methods, setting_up=True)
    factors.send(message)
    return challenge
