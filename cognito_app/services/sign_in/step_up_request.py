"""What an app asks for by TARGET_ACR_VALUES, ACCESS_TOKEN and MAX_AGE, or by acr_values on the pages.

Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html
"""

from __future__ import annotations

from collections.abc import Mapping

from cognito_app.core import clock, numbers
from cognito_app.errors import InvalidParameterException, NotAuthorizedException
from cognito_app.models import PoolUser
from cognito_app.services import access, acr, tiers
from cognito_app.services.config import PoolConfig
from cognito_app.services.sign_in import step_up
from cognito_app.services.sign_in.resume import has_name
from cognito_app.services.sign_in.state import Context
from cognito_app.services.sign_in.target import Target

NO_LEVEL = "None of the values of TARGET_ACR_VALUES is an authentication level of the user pool."
NO_TARGET = "ACCESS_TOKEN requires TARGET_ACR_VALUES."
BAD_AGE = "MAX_AGE must be a number of seconds."
MET = "The access token already meets the requested authentication level."
FOREIGN = "The access token was not issued for this user."
INVALID = "Invalid Access Token"


def read(context: Context, name: str, parameters: Mapping[str, str]) -> Target | None:
    """Return what TARGET_ACR_VALUES, ACCESS_TOKEN and MAX_AGE ask for, None without a target.

    Raises InvalidParameterException, FeatureUnavailableInTierException, NotAuthorizedException,
    UserNotFoundException.
    """
    asked, token = parameters.get("TARGET_ACR_VALUES"), parameters.get("ACCESS_TOKEN")
    max_age = _seconds(parameters.get("MAX_AGE"))
    if not asked:
        if token:
            raise InvalidParameterException(NO_TARGET)
        return None
    tiers.require(context.pool.tier, tiers.STEP_UP)
    levels = acr.levels(context.pool, asked)
    if not levels:
        raise InvalidParameterException(NO_LEVEL)
    return Target(levels) if not token else _from_token(context.pool, name, token, levels, max_age)


def _seconds(text: str | None) -> int | None:
    if not text:
        return None
    seconds = numbers.whole(text, acr.LONGEST_AGE)
    if seconds is None:
        raise InvalidParameterException(BAD_AGE)
    return seconds


def _from_token(pool: PoolConfig, name: str, token: str, levels: tuple[int, ...], max_age: int | None) -> Target:
    grant = access.verify(token)
    # A token with "act" says that somebody else acts for the user.
    if grant.pool.id != pool.id or "act" in grant.claims:
        raise NotAuthorizedException(INVALID)
    if not has_name(pool, grant.user, name):
        raise NotAuthorizedException(FOREIGN)
    if grant.user.status != PoolUser.Status.CONFIRMED:
        return Target(levels)
    age = clock.now().timestamp() - int(grant.claims["auth_time"])
    held = acr.factors_in(grant.claims.get("amr", ()))
    if not held or (max_age is not None and age > max_age):
        return Target(levels)
    level = step_up.first_reachable(pool, grant.user, Target(levels, held))
    if level is not None and acr.level_of(held) >= level:
        if grant.claims.get("acr") in acr.names(pool):
            raise InvalidParameterException(MET)
        # The pool calls its levels otherwise by now: nothing is missing, yet no token may come for nothing.
        return Target(levels)
    return Target(levels, held)
