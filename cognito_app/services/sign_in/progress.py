"""The event of a sign-in: one row from the first factor to the tokens, which carry its id."""

from __future__ import annotations

from typing import Any

from cognito_app.core import ids
from cognito_app.models import PoolUser
from cognito_app.services import events, risk_settings
from cognito_app.services.sign_in.state import Challenge, Context, Outcome


def challenged(context: Context, outcome: Outcome) -> Outcome:
    """Record that an attempt goes on with a challenge, in pools with threat protection."""
    attempt = context.attempt
    if isinstance(outcome, Challenge) and attempt.user is not None and not attempt.recorded:
        events.record(
            attempt.user,
            context.actor,
            events.SIGN_IN,
            passed=None,
            event_id=attempt.event_id,
            risk=attempt.risk or None,
            client_id=context.client.id,
        )
    return outcome


def passed(context: Context, user: PoolUser, methods: tuple[str, ...]) -> None:
    """Record the end of a sign-in, in the transaction of the tokens."""
    attempt = context.attempt
    proved_before = attempt.target.credit if attempt.target else ()
    answered = _answered(tuple(name for name in methods if name not in proved_before))
    if attempt.recorded and events.complete(attempt.event_id, passed=True, challenges=answered):
        return
    events.record(
        user,
        context.actor,
        events.SIGN_IN,
        passed=True,
        event_id=attempt.event_id,
        challenges=answered,
        risk=attempt.risk or None,
        client_id=context.client.id,
    )


def failed(
    context: Context,
    user: PoolUser | None,
    *,
    challenges: list[dict[str, str]] | None = None,
    risk: dict[str, Any] | None = None,
) -> None:
    """Record that a try ended here; by default because a right password was not enough."""
    if challenges is None:
        challenges = [events.challenge("Password", passed=True)] if context.attempt.by_password else []
    attempt = context.attempt
    if attempt.recorded and events.complete(attempt.event_id, passed=False, challenges=challenges):
        return
    events.record(
        user,
        context.actor,
        events.SIGN_IN,
        passed=False,
        event_id=attempt.event_id,
        challenges=challenges,
        risk=risk,
        client_id=context.client.id,
    )
    # The page of a user who is not confirmed goes on with the same attempt.
    attempt.event_id = ids.uuid4()


def refused(context: Context, user: PoolUser) -> None:
    """Record, in pools with threat protection, that the state of the user ended a try after the right password."""
    if context.pool.threat_protection != risk_settings.OFF:
        failed(context, user)


def wrong_second_factor(context: Context, user: PoolUser) -> None:
    """Record a wrong answer to a challenge of a second factor; a later right one still completes the event."""
    wrong = events.challenge("Mfa", passed=False)
    attempt = context.attempt
    answered = [events.challenge("Password", passed=True), wrong]
    if attempt.recorded and events.complete(attempt.event_id, passed=False, challenges=answered):
        return
    events.record(user, context.actor, events.SIGN_IN, passed=False, challenges=[wrong], client_id=context.client.id)


def _answered(methods: tuple[str, ...]) -> list[dict[str, str]]:
    """Return what the methods of a proof (RFC 8176 names) answered."""
    named = {"pwd": "Password", "mfa": "Mfa"}
    return [events.challenge(name, passed=True) for method, name in named.items() if method in methods]
