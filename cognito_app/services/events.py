"""Sign-in events of users, written with the outcome that they tell of."""

from __future__ import annotations

from cognito_app.core import clock, ids
from cognito_app.models import AuthEvent, PoolUser
from cognito_app.models.rows import Rows
from cognito_app.services.actor import Actor

EVENT_ROWS: Rows[AuthEvent] = Rows(AuthEvent)

SIGN_IN = "SignIn"
SIGN_UP = "SignUp"
FORGOT_PASSWORD = "ForgotPassword"  # noqa: S105  # an event type
PASSWORD_CHANGE = "PasswordChange"  # noqa: S105
RESEND_CODE = "ResendCode"

PASSWORD = "Password"  # noqa: S105  # a challenge's name
MFA = "Mfa"


def record(
    user: PoolUser | None,
    actor: Actor,
    kind: str,
    *,
    passed: bool,
    event_id: str | None = None,
    challenges: tuple[str, ...] = (PASSWORD,),
) -> None:
    """Store that ``user`` (or an unknown name) succeeded or failed at ``kind``; ``challenges`` are a sign-in's."""
    outcome = "Success" if passed else "Failure"
    EVENT_ROWS.insert(
        AuthEvent(
            id=event_id or ids.uuid4(),
            user_id=user.pk if user else None,
            type=kind,
            response="Pass" if passed else "Fail",
            challenges=[
                {"ChallengeName": name, "ChallengeResponse": outcome} for name in challenges if kind == SIGN_IN
            ],
            ip_address=actor.ip[:64],
            user_agent=actor.user_agent[:512],
            created_at=clock.now(),
        )
    )
