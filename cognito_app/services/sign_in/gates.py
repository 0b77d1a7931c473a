"""What stands between a right password and the tokens, in one order for every flow (spec/user-pools.md 6.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson
from django.db import transaction

from cognito_app.core import clock
from cognito_app.errors import (
    InvalidParameterException,
    NotAuthorizedException,
    PasswordResetRequiredException,
    ServiceError,
    UserNotConfirmedException,
    UserNotFoundException,
)
from cognito_app.models import PoolUser
from cognito_app.services import attempts, attributes, events, guess_sources, mfa_preferences, pool_profile
from cognito_app.services.mfa_rules import Kind
from cognito_app.services.sign_in import custom_flow, ending, factors, progress, risk, step_up
from cognito_app.services.sign_in.exchange import Signed
from cognito_app.services.sign_in.state import (
    DISABLED,
    WRONG_PASSWORD,
    Challenge,
    Context,
    Outcome,
    seal_session,
)
from cognito_app.services.sign_in.steps import device

NO_FACTOR_POSSIBLE = "MFA is required, and the user has no MFA method that can be used or set up."


def parameter(given: Mapping[str, str], name: str) -> str:
    """Return a parameter of a flow or challenge. Raises InvalidParameterException if it is missing."""
    value = given.get(name)
    if not value:
        raise InvalidParameterException(f"Missing required parameter {name}")
    return value


def signed(answers: Mapping[str, str]) -> Signed:
    """Return a client's answer to an SRP challenge. Raises InvalidParameterException if a part is missing."""
    block = parameter(answers, "PASSWORD_CLAIM_SECRET_BLOCK")
    signature = parameter(answers, "PASSWORD_CLAIM_SIGNATURE")
    return Signed(block=block, signature=signature, timestamp=parameter(answers, "TIMESTAMP"))


def unknown_user(context: Context) -> None:
    """Stop at a name that nobody has, unless the client hides that: then go on with made-up values.

    Raises UserNotFoundException, TooManyRequestsException for an address that tried too much.
    """
    if not context.client.hides_users:
        guess_sources.check(context.client, context.actor)
        guess_sources.count(context.client, context.actor)
        raise UserNotFoundException


def check_enabled(context: Context, user: PoolUser | None) -> None:
    """Refuse a disabled user before the password is looked at, where the client may show that there is such a user."""
    if user is not None and not user.enabled and not context.client.hides_users:
        raise NotAuthorizedException(DISABLED)


def wrong_password(context: Context, user: PoolUser | None) -> Exception:
    """Record a failed try and return the error for it; no password is right for one who was imported without any."""
    guess_sources.count(context.client, context.actor)
    events.record(user, context.actor, events.SIGN_IN, passed=False, client_id=context.client.id)
    imported = user is not None and user.password_hash is None and user.status == PoolUser.Status.RESET_REQUIRED
    if imported and not context.client.hides_users:
        return PasswordResetRequiredException()
    return NotAuthorizedException(WRONG_PASSWORD)


def after_password(
    context: Context, user: PoolUser, throttle_key: str, save: Callable[[], None] | None = None
) -> Outcome:
    """Go on after a right password: to an error of the user's state, a challenge, or the end.

    ``save`` runs in the closing transaction.
    """
    if not user.enabled:
        attempts.clear_sign_in(throttle_key)
        progress.refused(context, user)
        raise NotAuthorizedException(DISABLED)
    _check_status(context, user, throttle_key)
    risk.judge(context, user, throttle_key)
    if user.status == PoolUser.Status.FORCE_CHANGE_PASSWORD:
        attempts.clear_sign_in(throttle_key)
        return _new_password_challenge(context, user)
    return second_factor(context, user, ("pwd",), throttle_key=throttle_key, save=save)


def _check_status(context: Context, user: PoolUser, throttle_key: str) -> None:
    error: Exception | None = None
    if user.status == PoolUser.Status.RESET_REQUIRED:
        error = (
            NotAuthorizedException(WRONG_PASSWORD) if context.client.hides_users else PasswordResetRequiredException()
        )
    elif user.status == PoolUser.Status.UNCONFIRMED:
        if pool_profile.of(context.pool).hardened:
            # Whoever tried to sign up with a taken name knows no right password either, and is counted.
            raise wrong_password(context, user)
        error = UserNotConfirmedException()
    elif user.status == PoolUser.Status.FORCE_CHANGE_PASSWORD:
        expires_at = user.temporary_password_expires_at
        if expires_at is not None and expires_at <= clock.now():
            error = NotAuthorizedException("Temporary password has expired and must be reset by an administrator.")
    elif user.status != PoolUser.Status.CONFIRMED:
        error = NotAuthorizedException(WRONG_PASSWORD)
    if error is not None:
        attempts.clear_sign_in(throttle_key)
        progress.refused(context, user)
        raise error


def second_factor(
    context: Context,
    user: PoolUser,
    methods: tuple[str, ...],
    *,
    throttle_key: str | None = None,
    save: Callable[[], None] | None = None,
) -> Outcome:
    """Go on after the first factor: to the challenge of a second one, or the end.

    ``save`` runs before the challenge, so that what the first factor brought is not lost.
    Raises InvalidParameterException where the pool requires a factor that the user neither has nor can set up.
    """
    methods = step_up.with_credit(context, methods)
    due = mfa_preferences.may_be_due(context.pool, user) or risk.demands_mfa(context)
    if not (due or step_up.is_due(context, methods)):
        return finish(context, user, methods, throttle_key=throttle_key, save=save)
    try:
        with transaction.atomic():
            if save is not None:
                save()
            if throttle_key is not None:
                attempts.clear_sign_in(throttle_key)
            outcome, message = _after_first_factor(context, user, methods)
    except ServiceError:
        if throttle_key is not None:
            # The first factor was right, whatever stops the second.
            attempts.clear_sign_in(throttle_key)
        raise
    if outcome is None:
        # Triggers run at the end, outside of the transaction.
        return finish(context, user, methods)
    factors.send(message)
    return outcome


def _after_first_factor(
    context: Context, user: PoolUser, methods: tuple[str, ...]
) -> tuple[Challenge | None, factors.Pending]:
    """Decide about the second factor when what the first one brought is stored: it may have changed the attributes."""
    decision = mfa_preferences.decide(context.pool, user, demanded=risk.demands_mfa(context))
    decision = step_up.narrowed(context, user, methods, decision)
    if decision.kind is Kind.NONE:
        return None, None
    if decision.kind is Kind.REFUSED:
        raise InvalidParameterException(NO_FACTOR_POSSIBLE)
    if decision.kind is not Kind.SETUP and not (risk.demands_mfa(context) or step_up.is_due(context, methods)):
        challenge = device.offer(context, user, methods)
        if challenge is not None:
            return challenge, None
    return factors.offer(context, user, decision, methods)


def _new_password_challenge(context: Context, user: PoolUser) -> Challenge:
    shown = attributes.readable(context.pool, context.client, user.attributes)
    shown.pop("sub", None)
    shown.pop("identities", None)
    missing = [
        f"userAttributes.{rule.name}"
        for rule in context.pool.attributes.values()
        if rule.required and rule.name != "sub" and not user.attributes.get(rule.name)
    ]
    return Challenge(
        name="NEW_PASSWORD_REQUIRED",
        parameters={
            "USER_ID_FOR_SRP": user.username,
            "requiredAttributes": orjson.dumps(missing).decode(),
            "userAttributes": orjson.dumps(shown).decode(),
        },
        session=seal_session(context, "NEW_PASSWORD_REQUIRED", user, ("pwd",)),
    )


def finish(
    context: Context,
    user: PoolUser,
    methods: tuple[str, ...],
    *,
    throttle_key: str | None = None,
    save: Callable[[], None] | None = None,
) -> Outcome:
    """End the sign-in, when all that was asked has been answered, or let the functions of a custom one go on.

    Raises as ``ending.end`` and ``custom_flow.go_on``.
    """
    methods = step_up.with_credit(context, methods)
    step_up.check_reached(context, methods)
    if context.attempt.custom is not None:
        ending.settle(throttle_key, save)
        return custom_flow.after_own_challenge(context, user, methods)
    return ending.end(context, user, methods, throttle_key=throttle_key, save=save)
