"""Events of users, written with the outcome that they tell of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cognito_app.core import clock, ids
from cognito_app.models import AuthEvent, PoolUser
from cognito_app.models.rows import Rows
from cognito_app.services import config, log_delivery
from cognito_app.services.actor import Actor

EVENT_ROWS: Rows[AuthEvent] = Rows(AuthEvent)

SIGN_IN = "SignIn"
SIGN_UP = "SignUp"
FORGOT_PASSWORD = "ForgotPassword"  # noqa: S105  # an event type
PASSWORD_CHANGE = "PasswordChange"  # noqa: S105
RESEND_CODE = "ResendCode"

RESPONSES = {True: "Pass", False: "Fail", None: "InProgress"}


def risk_of(decision: str, *, level: str | None = None, compromised: bool = False) -> dict[str, Any]:
    """Return an EventRiskType; the level is absent without a risk."""
    risk: dict[str, Any] = {"RiskDecision": decision, "CompromisedCredentialsDetected": compromised}
    return {**risk, "RiskLevel": level} if level else risk


def is_trusted(feedback: Mapping[str, Any]) -> bool | None:
    """Return what was said of an event: that it was the user's own, that it was not, or nothing."""
    return {"Valid": True, "Invalid": False}.get(feedback.get("FeedbackValue", ""))


def challenge(name: str, *, passed: bool) -> dict[str, str]:
    """Return a ChallengeResponseType; ``name`` is Password or Mfa."""
    return {"ChallengeName": name, "ChallengeResponse": "Success" if passed else "Failure"}


def record(
    user: PoolUser | None,
    actor: Actor,
    kind: str,
    *,
    passed: bool | None,
    event_id: str | None = None,
    challenges: list[dict[str, str]] | None = None,
    risk: dict[str, Any] | None = None,
    client_id: str = "",
) -> None:
    """Store that ``user`` (or an unknown name) succeeded or failed at ``kind``, or is about to (None).

    Without ``challenges`` a sign-in is one by password. ``risk`` is kept by pools with threat protection only.
    """
    if challenges is None:
        challenges = [challenge("Password", passed=passed is not False)] if kind == SIGN_IN else []
    event = AuthEvent(
        id=event_id or ids.uuid4(),
        user_id=user.pk if user else None,
        type=kind,
        response=RESPONSES[passed],
        challenges=challenges,
        ip_address=actor.ip[:64],
        user_agent=actor.user_agent[:512],
        created_at=clock.now(),
    )
    pool = config.pool(user.pool_id) if user else None
    if pool is not None and pool.threat_protection != "OFF":
        event.risk = risk or risk_of("NoRisk")
    EVENT_ROWS.insert(event)
    if pool is not None and user is not None:
        log_delivery.user_activity(pool, user, event, actor, client_id)


def complete(event_id: str, *, passed: bool, challenges: list[dict[str, str]]) -> bool:
    """Give an event in progress its outcome; False if there is no such event."""
    rows = AuthEvent.objects.filter(pk=event_id)
    return rows.update(response=RESPONSES[passed], challenges=challenges) == 1


def confirm_sign_up(user: PoolUser) -> None:
    """Give the sign-up of a user who is confirmed now its outcome."""
    AuthEvent.objects.filter(user=user, type=SIGN_UP, response=RESPONSES[None]).update(response=RESPONSES[True])
