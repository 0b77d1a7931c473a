"""The second factor SOFTWARE_TOKEN_MFA: a code of the user's authenticator app, each taken once in the account."""

from __future__ import annotations

from collections.abc import Mapping

from cognito_app.errors import CodeMismatchException
from cognito_app.models import SoftwareToken
from cognito_app.services import attempts, software_tokens
from cognito_app.services.mfa_rules import TOTP
from cognito_app.services.sign_in import factors, gates
from cognito_app.services.sign_in.resume import resume, wrong_code
from cognito_app.services.sign_in.state import Context, Outcome, Session


def answer(context: Context, text: str | None, answers: Mapping[str, str]) -> Outcome:
    """Check SOFTWARE_TOKEN_MFA_CODE; a wrong or used code leaves the session usable."""
    code = gates.parameter(answers, "SOFTWARE_TOKEN_MFA_CODE")
    session, user = resume(context, text, TOTP, answers)
    token = software_tokens.find(user)
    throttle_key = attempts.mfa_key(context.pool.id, user.sub)
    attempts.claim_sign_in(throttle_key)
    try:
        step = software_tokens.check(user, token, code)
    except CodeMismatchException as error:
        raise wrong_code(context, user, error.message) from None
    return gates.finish(
        context,
        user,
        session.methods + factors.METHODS[TOTP],
        throttle_key=throttle_key,
        save=lambda: _save(session, token, step),
    )


def _save(session: Session, token: SoftwareToken, step: int) -> None:
    session.spend()
    software_tokens.spend(token, step)
