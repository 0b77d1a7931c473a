"""SELECT_MFA_TYPE: the user chooses among several second factors."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from cognito_app.errors import InvalidParameterException, MFAMethodNotFoundException
from cognito_app.models import PoolUser
from cognito_app.services.mfa_rules import CONTACT_OF, EMAIL
from cognito_app.services.sign_in import factors, gates
from cognito_app.services.sign_in.resume import resume
from cognito_app.services.sign_in.state import Context, Outcome

OTHER_NAMES = {"EMAIL_MFA": EMAIL}


def answer(context: Context, text: str | None, answers: Mapping[str, str]) -> Outcome:
    """Go on to the factor named by ANSWER; the session is spent by a choice that can be followed."""
    given = gates.parameter(answers, "ANSWER")
    factor = OTHER_NAMES.get(given, given)
    session, user = resume(context, text, factors.SELECT, answers)
    if factor not in session.data["factors"]:
        raise InvalidParameterException(f"ANSWER must be one of {', '.join(session.data['factors'])}.")
    _check_contact(user, factor)
    with transaction.atomic():
        session.spend()
        challenge, message = factors.challenge_of(context, user, factor, session.methods)
    factors.send(message)
    return challenge


def _check_contact(user: PoolUser, factor: str) -> None:
    contact = CONTACT_OF.get(factor)
    if contact is not None and not user.attributes.get(contact):
        raise MFAMethodNotFoundException(f"User does not have a {contact}.")
