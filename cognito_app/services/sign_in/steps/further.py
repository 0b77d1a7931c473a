"""Step-up by a second factor alone: an access token or a browser session stands for the first one."""

from __future__ import annotations

from django.db import transaction

from cognito_app.errors import NotAuthorizedException
from cognito_app.models import PoolUser
from cognito_app.services import attempts
from cognito_app.services.mfa_rules import Decision
from cognito_app.services.sign_in import factors, hooks, risk, standing
from cognito_app.services.sign_in.state import WRONG_PASSWORD, Context, Outcome


def put(context: Context, user: PoolUser, name: str, decision: Decision) -> Outcome:
    """Ask for the second factor of ``decision``; ``context.attempt.target`` says what was proved before.

    Raises NotAuthorizedException, PasswordResetRequiredException, TooManyRequestsException, the errors of triggers.
    """
    target = context.attempt.target
    assert target is not None
    found = hooks.before(context, user, name)
    if found is None:
        raise NotAuthorizedException(WRONG_PASSWORD)
    error = standing.error_of(context, found)
    if error is not None:
        raise error
    context.attempt.by_password = False
    risk.judge(context, found, attempts.first_factor_key(context.pool.id, found.sub))
    with transaction.atomic():
        outcome, message = factors.offer(context, found, decision, target.credit)
    factors.send(message)
    return outcome
