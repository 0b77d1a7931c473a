"""Step-up: a sign-in has to reach a level of authentication, from the start or from what a token proves.

Levels are minima: where a user lacks the factors of a level, those of a higher one serve as well.
Source: https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flows-selection-sdk.html
("Step-up authentication with the USER_AUTH flow")
"""

from __future__ import annotations

from collections.abc import Iterable

from cognito_app.core import keyring
from cognito_app.errors import InvalidParameterException, NotAuthorizedException
from cognito_app.models import PoolUser
from cognito_app.services import acr, auth_factors, mfa_preferences
from cognito_app.services.config import PoolConfig
from cognito_app.services.mfa_rules import EMAIL, SMS, TOTP, Decision, Kind
from cognito_app.services.sign_in.state import Context
from cognito_app.services.sign_in.target import Target

NO_FACTOR = "The user has no authentication factors that reach a requested authentication level."

SECOND = {TOTP: "otp", SMS: "sms", EMAIL: "email_otp"}
FIRST = {
    auth_factors.PASSWORD: "pwd",
    auth_factors.PASSWORD_SRP: "pwd",
    auth_factors.PASSKEY: "swk",
    "EMAIL_OTP": "email_otp",
    "SMS_OTP": "sms",
}
"""What an answered challenge adds to the methods (either kind of passkey reaches the same level)."""


def first_reachable(pool: PoolConfig, user: PoolUser, target: Target) -> int | None:
    """Return the first of the levels that the user's factors, with those proved already, reach."""
    seconds = mfa_preferences.askable(pool, user)
    firsts = auth_factors.available(pool, user)
    reached = acr.level_of(target.credit)
    for level in target.levels:
        if (
            reached >= level
            or _missing_seconds(target.credit, seconds, level)
            or _firsts(target, firsts, seconds, level)
        ):
            return level
    return None


def narrow(context: Context, name: str, user: PoolUser | None, offered: tuple[str, ...]) -> tuple[str, ...]:
    """Leave, of the first factors offered, those that lead to the level asked for.

    Where the client hides who exists, nobody is refused here: what the user lacks shows after the first factor.
    Raises InvalidParameterException.
    """
    target = context.attempt.target
    if target is None:
        return offered
    for seconds in _second_factors(context, name, user):
        for level in target.levels:
            found = _firsts(target, offered, seconds, level)
            if found:
                return found
    raise InvalidParameterException(NO_FACTOR)


def _second_factors(context: Context, name: str, user: PoolUser | None) -> list[tuple[str, ...]]:
    """What to count on as second factors; half of the names that nobody has seem to have some."""
    pool = context.pool
    if user is not None:
        own = mfa_preferences.askable(pool, user)
    else:
        digest = keyring.mac(
            "simulated-second-factors", f"{pool.id}:{pool.fold(name)}".encode("utf-8", "surrogatepass")
        )
        own = pool.mfa_factors if digest[0] & 1 else ()
    return [own, pool.mfa_factors] if context.client.hides_users else [own]


def _firsts(target: Target, offered: Iterable[str], seconds: Iterable[str], level: int) -> tuple[str, ...]:
    """The first factors, none of them proved already, that reach a level alone or with a second factor."""
    held, more = target.credit, tuple(seconds)
    return tuple(
        challenge
        for challenge in offered
        if FIRST[challenge] not in held
        and (
            acr.level_of((*held, FIRST[challenge])) >= level or _missing_seconds((*held, FIRST[challenge]), more, level)
        )
    )


def _missing_seconds(methods: Iterable[str], seconds: Iterable[str], level: int) -> tuple[str, ...]:
    """The second factors each of which, with the methods, reaches a level."""
    held = tuple(methods)
    if not held:
        return ()
    return tuple(name for name in seconds if SECOND[name] not in held and acr.level_of((*held, SECOND[name])) >= level)


def next_second(context: Context, user: PoolUser, preferred: str = "") -> Decision | None:
    """Return the second factor to ask for where that is all that is missing, None where a first factor is due.

    ``preferred`` is a first factor that the app wants instead.
    """
    target = context.attempt.target
    if target is None or not target.credit or user.status != PoolUser.Status.CONFIRMED:
        return None
    level = first_reachable(context.pool, user, target)
    if level is None or acr.level_of(target.credit) >= level:
        return None
    seconds = mfa_preferences.askable(context.pool, user)
    if preferred in _firsts(target, auth_factors.available(context.pool, user), seconds, level):
        return None
    found = _missing_seconds(target.credit, seconds, level)
    return _among(user, found) if found else None


def with_credit(context: Context, methods: tuple[str, ...]) -> tuple[str, ...]:
    """Return the methods of a sign-in with what an earlier one proved."""
    target = context.attempt.target
    return methods if target is None else tuple(dict.fromkeys((*target.credit, *methods)))


def is_due(context: Context, methods: tuple[str, ...]) -> bool:
    """Whether the methods so far do not reach the first wish: a second factor may be needed."""
    target = context.attempt.target
    return target is not None and acr.level_of(methods) < target.levels[0]


def narrowed(context: Context, user: PoolUser, methods: tuple[str, ...], decision: Decision) -> Decision:
    """Return what follows the first factor, so that the level is reached; ``decision`` is what follows anyway.

    Raises InvalidParameterException.
    """
    target = context.attempt.target
    if target is None:
        return decision
    if target.credit and len(acr.factors_in(methods)) > 1:
        # Two factors were proved: what the pool demands of every sign-in is met.
        decision = Decision(Kind.NONE)
    seconds = mfa_preferences.askable(context.pool, user)
    for level in target.levels:
        if acr.level_of(methods) >= level:
            return decision
        found = _missing_seconds(methods, seconds, level)
        if found:
            return _among(user, found, decision)
    raise InvalidParameterException(NO_FACTOR)


def _among(user: PoolUser, found: tuple[str, ...], decision: Decision | None = None) -> Decision:
    """Ask for one of the factors found: of those that follow anyway or the preferred one, if it is among them."""
    if decision is not None and decision.kind in (Kind.CHALLENGE, Kind.SELECT):
        found = tuple(name for name in found if name in decision.factors) or found
    preferred = mfa_preferences.of(user.mfa).preferred
    if preferred in found:
        found = (preferred,)
    return Decision(Kind.CHALLENGE if len(found) == 1 else Kind.SELECT, found)


def check_reached(context: Context, methods: tuple[str, ...]) -> None:
    """Refuse to end a sign-in below every level that was asked for. Raises NotAuthorizedException."""
    target = context.attempt.target
    if target is not None and acr.level_of(methods) < min(target.levels):
        raise NotAuthorizedException(NO_FACTOR)
