"""USER_AUTH: the user chooses among the first factors that they have.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flows-selection-sdk.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from cognito_app.errors import InvalidParameterException, NotAuthorizedException
from cognito_app.services.auth_factors import CONTACT_OF, PASSKEY, PASSWORD, PASSWORD_SRP
from cognito_app.services.sign_in import auto, choice, gates, step_up, step_up_request
from cognito_app.services.sign_in.choice import Choice, Subject
from cognito_app.services.sign_in.state import INVALID_SESSION, Challenge, Context, Outcome
from cognito_app.services.sign_in.steps import further, one_time_code, passkey, password, srp

SELECT = "SELECT_CHALLENGE"
VERIFIER = "PASSWORD_VERIFIER"

Spend = Callable[[], None]


def start(context: Context, parameters: Mapping[str, str]) -> Outcome:
    """Put PREFERRED_CHALLENGE if the user has it, else let them choose; a confirmed sign-up needs neither."""
    name = gates.parameter(parameters, "USERNAME")
    if context.session:
        signed_in = auto.finish(context, context.session, name)
        if signed_in is not None:
            return signed_in
    preferred = parameters.get("PREFERRED_CHALLENGE", "")
    target = step_up_request.read(context, name, parameters)
    if target is not None:
        context.attempt.target = target
    subject = choice.subject_of(context, name)
    missing = step_up.next_second(context, subject.user, preferred) if subject.user else None
    if subject.user is not None and missing is not None:
        return further.put(context, subject.user, name, missing)
    subject = replace(subject, offered=step_up.narrow(context, name, subject.user, subject.offered))
    if preferred not in subject.offered:
        session = choice.seal(context, subject, SELECT)
        return Challenge(name=SELECT, parameters={}, session=session, available=subject.offered)
    outcome = _put(context, subject, preferred, parameters)
    if isinstance(outcome, Challenge) and outcome.name in (preferred, VERIFIER):
        return replace(outcome, available=subject.offered)
    return outcome


def answer(context: Context, text: str | None, answers: Mapping[str, str]) -> Outcome:
    """Go on to the challenge named by ANSWER, and past it if its own member comes along."""
    wanted = gates.parameter(answers, "ANSWER")
    chosen = choice.reopen(context, text, answers)
    if wanted not in chosen.subject.offered:
        raise InvalidParameterException(f"ANSWER must be one of {', '.join(chosen.subject.offered)}.")
    if wanted == PASSKEY and answers.get("CREDENTIAL"):
        return passkey.answer(context, text, answers)
    return _put(context, chosen.subject, wanted, answers, chosen.session.spend)


def answer_password(context: Context, text: str | None, answers: Mapping[str, str]) -> Outcome:
    """Check PASSWORD; the session is spent by a right and a wrong one."""
    gates.parameter(answers, "PASSWORD")
    return _answer_chosen(context, text, answers, PASSWORD)


def answer_password_srp(context: Context, text: str | None, answers: Mapping[str, str]) -> Outcome:
    """Answer SRP_A with PASSWORD_VERIFIER."""
    gates.parameter(answers, "SRP_A")
    return _answer_chosen(context, text, answers, PASSWORD_SRP)


def _answer_chosen(context: Context, text: str | None, answers: Mapping[str, str], wanted: str) -> Outcome:
    chosen: Choice = choice.reopen(context, text, answers)
    if wanted not in chosen.subject.offered:
        raise NotAuthorizedException(INVALID_SESSION)
    return _put(context, chosen.subject, wanted, answers, chosen.session.spend)


def _put(
    context: Context, subject: Subject, wanted: str, given: Mapping[str, str], spend: Spend | None = None
) -> Outcome:
    """Put a challenge, or check what the request brings for it; ``spend`` ends the session of the choice."""
    if wanted in CONTACT_OF:
        return one_time_code.put(context, subject, wanted, spend)
    if wanted == PASSWORD and given.get("PASSWORD"):
        credentials = {"USERNAME": subject.sign_in_name, "PASSWORD": given["PASSWORD"]}
        return password.start(context, credentials, spend)
    if wanted == PASSWORD_SRP and given.get("SRP_A"):
        outcome = srp.start(context, {"USERNAME": subject.sign_in_name, "SRP_A": given["SRP_A"]})
        assert isinstance(outcome, Challenge)
        # The state is in SECRET_BLOCK; clients send a session back all the same.
        challenge = replace(outcome, session=choice.seal(context, subject, VERIFIER))
    elif wanted == PASSKEY:
        challenge = passkey.put(context, subject)
    else:
        challenge = Challenge(name=wanted, parameters={}, session=choice.seal(context, subject, wanted))
    if spend is not None:
        spend()
    return challenge
