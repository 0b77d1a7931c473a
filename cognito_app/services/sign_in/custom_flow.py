"""CUSTOM_AUTH between its steps: DefineAuthChallenge decides what comes next.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-challenge.html
"""

from __future__ import annotations

from django.db import transaction

from cognito_app.errors import InvalidLambdaResponseException, NotAuthorizedException
from cognito_app.models import PoolUser
from cognito_app.services import mfa_preferences
from cognito_app.services.mfa_rules import CONTACT_OF, FACTORS, TOTP
from cognito_app.services.sign_in import ending, factors, hooks, progress, srp_challenge, standing
from cognito_app.services.sign_in.custom_state import Custom
from cognito_app.services.sign_in.state import (
    WRONG_PASSWORD,
    Challenge,
    Context,
    Outcome,
    seal_session,
)
from cognito_app.services.sign_in.steps import device
from cognito_app.services.trigger_events import attributes_of
from cognito_app.triggers import challenges
from cognito_app.triggers.challenges import Person
from cognito_app.triggers.values import UNRECOGNIZABLE

CHALLENGE = "CUSTOM_CHALLENGE"
MAX_SESSION = 2048
ENTRIES = {
    **{factor: (factor,) for factor in FACTORS},
    "DEVICE_PASSWORD_VERIFIER": ("DEVICE_SRP_AUTH", "DEVICE_PASSWORD_VERIFIER"),
}
"""What an answered challenge of our own adds to the steps that the functions see."""


def state_of(context: Context) -> Custom:
    """Return the state of a custom sign-in."""
    custom = context.attempt.custom
    assert custom is not None
    return custom


def person(context: Context, user: PoolUser | None) -> Person:
    """Return whom the functions are asked about."""
    return Person(
        user_name=user.username if user else state_of(context).name,
        attributes=attributes_of(user),
        not_found=user is None if context.client.hides_users else None,
        metadata=context.client_metadata,
    )


def after_own_challenge(context: Context, user: PoolUser, methods: tuple[str, ...]) -> Outcome:
    """Go on when a challenge of our own (a password, a second factor, a device) was passed. Raises as ``go_on``."""
    context.attempt.custom = state_of(context).passed(*ENTRIES.get(context.attempt.answered, ()))
    return go_on(context, user, methods)


def go_on(context: Context, user: PoolUser | None, methods: tuple[str, ...]) -> Outcome:
    """Ask DefineAuthChallenge and do what it says.

    Raises NotAuthorizedException, UserLambdaValidationException, UnexpectedLambdaException,
    InvalidLambdaResponseException.
    """
    decided = challenges.define(hooks.caller(context), person(context, user), state_of(context).steps)
    if decided.fail or (decided.issue_tokens and user is None):
        raise _failed(context, user)
    if decided.issue_tokens and user is not None:
        return _issue(context, user, methods)
    if decided.challenge == CHALLENGE:
        return _create(context, user, methods)
    return _own_challenge(context, user, methods, decided.challenge or "")


def _failed(context: Context, user: PoolUser | None) -> NotAuthorizedException:
    progress.failed(context, user, challenges=[])
    return NotAuthorizedException(WRONG_PASSWORD)


def _issue(context: Context, user: PoolUser, methods: tuple[str, ...]) -> Outcome:
    """End the sign-in; a remembered device proves itself before, the pool's second factor is not asked for."""
    custom, context.attempt.custom = state_of(context), None
    user = hooks.still_valid(user)
    error = standing.error_of(context, user)
    if error is not None:
        progress.refused(context, user)
        raise error
    if not custom.has("DEVICE_PASSWORD_VERIFIER"):
        offered = device.offer(context, user, methods)
        if offered is not None:
            return offered
    return ending.end(context, user, methods)


def _create(context: Context, user: PoolUser | None, methods: tuple[str, ...]) -> Challenge:
    custom = state_of(context)
    made = challenges.create(hooks.caller(context), person(context, user), CHALLENGE, custom.steps)
    data = {"private": made.private, "metadata": made.metadata}
    session = seal_session(context, CHALLENGE, user, methods, data)
    if len(session) > MAX_SESSION:
        # The model allows no longer one, and what is private is nowhere else.
        raise InvalidLambdaResponseException(UNRECOGNIZABLE)
    name = user.username if user else srp_challenge.simulated_identity(context, custom.name)
    return Challenge(name=CHALLENGE, parameters={**made.public, "USERNAME": name}, session=session)


def _own_challenge(context: Context, user: PoolUser | None, methods: tuple[str, ...], name: str) -> Outcome:
    """Put a challenge of our own that the function named. Raises InvalidLambdaResponseException if it cannot be put."""
    custom = state_of(context)
    if name == "PASSWORD_VERIFIER" and custom.public_a is not None:
        return srp_challenge.ask(context, user, custom.name, custom.public_a)
    if name in FACTORS and (user is None or _has_factor(user, name)):
        if user is None:
            raise _failed(context, user)
        with transaction.atomic():
            challenge, message = factors.challenge_of(context, user, name, methods)
        factors.send(message)
        return challenge
    if name == device.CHALLENGE and user is not None:
        offered = device.offer(context, user, methods)
        if offered is not None:
            return offered
    raise InvalidLambdaResponseException(UNRECOGNIZABLE)


def _has_factor(user: PoolUser, factor: str) -> bool:
    if factor == TOTP:
        return mfa_preferences.of(user.mfa).has_totp
    return bool(user.attributes.get(CONTACT_OF[factor]))
