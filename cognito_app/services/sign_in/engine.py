"""The sign-in engine: which step answers which flow and which challenge.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/authentication.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from cognito_app.errors import InvalidParameterException
from cognito_app.models import PoolUser
from cognito_app.services import even_time, tiers
from cognito_app.services.mfa_rules import Decision
from cognito_app.services.sign_in import progress, risk
from cognito_app.services.sign_in.state import Context, Outcome
from cognito_app.services.sign_in.steps import (
    custom,
    device_srp,
    further,
    message_code,
    mfa_setup,
    new_password,
    one_time_code,
    passkey,
    password,
    select_mfa,
    software_token,
    srp,
    user_auth,
)

Step = Callable[[Context, Mapping[str, str]], Outcome]
Answer = Callable[[Context, str | None, Mapping[str, str]], Outcome]

ADMIN_PASSWORD_FLOWS = ("ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH")
FLOW_OFF = {
    "USER_PASSWORD_AUTH": "USER_PASSWORD_AUTH flow not enabled for this client",
    "USER_SRP_AUTH": "USER_SRP_AUTH is not enabled for the client.",
    "CUSTOM_AUTH": "CUSTOM_AUTH is not enabled for the client.",
    "USER_AUTH": "USER_AUTH is not enabled for the client.",
}
PERMISSIONS = {
    "USER_PASSWORD_AUTH": "ALLOW_USER_PASSWORD_AUTH",
    "ADMIN_USER_PASSWORD_AUTH": "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ADMIN_NO_SRP_AUTH": "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "USER_SRP_AUTH": "ALLOW_USER_SRP_AUTH",
    "CUSTOM_AUTH": "ALLOW_CUSTOM_AUTH",
    "USER_AUTH": "ALLOW_USER_AUTH",
}

STARTS: dict[str, Step] = {
    "USER_PASSWORD_AUTH": password.start,
    "ADMIN_USER_PASSWORD_AUTH": password.start,
    "ADMIN_NO_SRP_AUTH": password.start,
    "USER_SRP_AUTH": srp.start,
    "USER_AUTH": user_auth.start,
    "CUSTOM_AUTH": custom.start,
}
ANSWERS: dict[str, Answer] = {
    "ADMIN_NO_SRP_AUTH": user_auth.answer_password,  # the old name
    "PASSWORD_VERIFIER": srp.answer,
    "NEW_PASSWORD_REQUIRED": new_password.answer,
    "SMS_MFA": message_code.answer_sms,
    "EMAIL_OTP": one_time_code.answer_email,
    "SMS_OTP": one_time_code.answer_sms,
    "WEB_AUTHN": passkey.answer,
    passkey.OF_ANYONE: passkey.answer_invitation,  # no name of AWS: of the hosted pages alone
    "SELECT_CHALLENGE": user_auth.answer,
    "PASSWORD": user_auth.answer_password,
    "PASSWORD_SRP": user_auth.answer_password_srp,
    "SOFTWARE_TOKEN_MFA": software_token.answer,
    "SELECT_MFA_TYPE": select_mfa.answer,
    "MFA_SETUP": mfa_setup.answer,
    "DEVICE_SRP_AUTH": device_srp.start,
    "DEVICE_PASSWORD_VERIFIER": device_srp.answer,
    "CUSTOM_CHALLENGE": custom.answer,
}


def check_flow(context: Context, flow: str) -> None:
    """Check that a flow may be started by this call and client.

    Raises InvalidParameterException or FeatureUnavailableInTierException.
    """
    illegal = ("USER_PASSWORD_AUTH",) if context.admin else ADMIN_PASSWORD_FLOWS
    if flow in illegal or flow not in PERMISSIONS:
        raise InvalidParameterException("Initiate Auth method not supported.")
    if flow == "USER_AUTH":
        tiers.require(context.pool.tier, tiers.CHOICE_BASED_SIGN_IN)
    if PERMISSIONS[flow] not in context.client.flows:
        raise InvalidParameterException(FLOW_OFF.get(flow, "Auth flow not enabled for this client"))
    if flow == "CUSTOM_AUTH" and not context.pool.triggers.get("DefineAuthChallenge"):
        raise InvalidParameterException("Custom auth lambda trigger is not configured for the user pool.")


def start(context: Context, flow: str, parameters: Mapping[str, str]) -> Outcome:
    """Begin a sign-in that ``check_flow`` allowed.

    Raises InvalidParameterException for missing parameters, NotAuthorizedException, UserNotFoundException,
    UserNotConfirmedException, PasswordResetRequiredException.
    """
    with _refusing_evenly(context):
        risk.check_source(context, parameters.get("USERNAME", ""))
        return progress.challenged(context, STARTS[flow](context, parameters))


def go_further(context: Context, user: PoolUser, decision: Decision) -> Outcome:
    """Begin a sign-in of which ``context.attempt.target`` proves the first factor. Raises as ``start``."""
    risk.check_source(context, user.username)
    return progress.challenged(context, further.put(context, user, user.username, decision))


def respond(context: Context, challenge: str, session: str | None, answers: Mapping[str, str]) -> Outcome:
    """Answer a challenge.

    Raises as ``start``, and CodeMismatchException, ExpiredCodeException, InvalidPasswordException,
    MFAMethodNotFoundException, AliasExistsException where the challenge asks for such.
    """
    with _refusing_evenly(context):
        risk.check_source(context, answers.get("USERNAME", ""))
        context.attempt.answered = challenge
        return progress.challenged(context, ANSWERS[challenge](context, session, answers))


def _refusing_evenly(context: Context) -> AbstractContextManager[None]:
    return even_time.answering(context.client, only_refusals=True, step=even_time.REFUSAL_STEP)
