"""What stands between a right password and the tokens, in one order for every flow (spec/user-pools.md 6.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson
from django.db import transaction

from cognito_app.core import clock, ids
from cognito_app.errors import (
    InvalidParameterException,
    NotAuthorizedException,
    NotImplementedException,
    PasswordResetRequiredException,
    UserNotConfirmedException,
    UserNotFoundException,
)
from cognito_app.models import PoolUser
from cognito_app.services import attempts, attributes, events
from cognito_app.services.sign_in.exchange import Signed
from cognito_app.services.sign_in.state import (
    DISABLED,
    WRONG_PASSWORD,
    Challenge,
    Context,
    Outcome,
    Proof,
    SignedIn,
    seal_session,
)
from cognito_app.services.sign_in.steps import device
from cognito_app.triggers import invoke


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


def check_triggers(context: Context) -> None:
    """Refuse a pool whose sign-in triggers cannot run. Raises UnexpectedLambdaException."""
    names = ("PreAuthentication", "PostAuthentication", "PreTokenGeneration", "PreTokenGenerationConfig")
    invoke.require(context.pool.triggers, *names)


def unknown_user(context: Context) -> None:
    """Stop at a name that nobody has, unless the client hides that: then go on with made-up values.

    Raises UserNotFoundException.
    """
    invoke.require(context.pool.triggers, "UserMigration")
    if not context.client.hides_users:
        raise UserNotFoundException


def check_enabled(context: Context, user: PoolUser | None) -> None:
    """Refuse a disabled user before the password is looked at, where the client may show that there is such a user."""
    if user is not None and not user.enabled and not context.client.hides_users:
        raise NotAuthorizedException(DISABLED)


def wrong_password(context: Context, user: PoolUser | None) -> NotAuthorizedException:
    """Record a failed try and return the error for it."""
    events.record(user, context.actor, events.SIGN_IN, passed=False)
    return NotAuthorizedException(WRONG_PASSWORD)


def after_password(
    context: Context, user: PoolUser, throttle_key: str, save: Callable[[], None] | None = None
) -> Outcome:
    """Go on after a right password: to an error of the user's state, a challenge, or the end.

    ``save`` runs in the closing transaction.
    """
    if not user.enabled:
        attempts.clear_sign_in(throttle_key)
        raise NotAuthorizedException(DISABLED)
    _check_status(context, user, throttle_key)
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
        error = UserNotConfirmedException()
    elif user.status == PoolUser.Status.FORCE_CHANGE_PASSWORD:
        expires_at = user.temporary_password_expires_at
        if expires_at is not None and expires_at <= clock.now():
            error = NotAuthorizedException("Temporary password has expired and must be reset by an administrator.")
    elif user.status != PoolUser.Status.CONFIRMED:
        error = NotAuthorizedException(WRONG_PASSWORD)
    if error is not None:
        attempts.clear_sign_in(throttle_key)
        raise error


def second_factor(
    context: Context,
    user: PoolUser,
    methods: tuple[str, ...],
    *,
    throttle_key: str | None = None,
    save: Callable[[], None] | None = None,
) -> Outcome:
    """Go on after the first factor: to the challenge of a second one, or the end."""
    if context.pool.mfa_mode == "ON":
        challenge = device.offer(context, user, methods)
        if challenge is not None:
            _pass_first_factor(throttle_key, save)
            return challenge
        # The factors are not built yet.
        raise NotImplementedException("Multi-factor authentication is not implemented in this release.")
    return finish(context, user, methods, throttle_key=throttle_key, save=save)


def _pass_first_factor(throttle_key: str | None, save: Callable[[], None] | None) -> None:
    """Store what the first factor brought, where a challenge follows it."""
    with transaction.atomic():
        if save is not None:
            save()
        if throttle_key is not None:
            attempts.clear_sign_in(throttle_key)


def _new_password_challenge(context: Context, user: PoolUser) -> Challenge:
    shown = attributes.readable(context.pool, context.client, user.attributes)
    shown.pop("sub", None)
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
) -> SignedIn:
    """End the sign-in: one transaction clears the failures, stores the event and the tokens or browser session."""
    proof = Proof(user=user, methods=methods, time=clock.now(), event_id=ids.uuid4(), device_key=context.device_key)
    with transaction.atomic():
        if save is not None:
            save()
        if throttle_key is not None:
            attempts.clear_sign_in(throttle_key)
        events.record(user, context.actor, events.SIGN_IN, passed=True, event_id=proof.event_id)
        result = context.complete(proof)
    return SignedIn(proof=proof, result=result)
