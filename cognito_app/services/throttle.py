"""Request rates: every request is counted in its category, and for its pool, operation, user or source.

A window is a whole second of the server's clock. All processes share the counters: Redis where the setting
``REDIS_URL`` names one, else a table. With the setting ``REQUEST_QUOTAS`` off nothing is counted, nothing is asked.
Source: https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html#operation-quotas
"""

from __future__ import annotations

from collections.abc import Mapping

from cognito_app.conf import app_settings
from cognito_app.core import clock, keyring
from cognito_app.errors import TooManyRequestsException
from cognito_app.models import RateCounter
from cognito_app.services import limits, redis_counters
from cognito_app.services.config import PoolConfig
from cognito_app.services.rate_categories import (
    CATEGORIES,
    CHALLENGE_ANSWERS,
    PER_CLIENT,
    PER_DOMAIN,
    PER_OPERATION_OF_POOL,
    PER_SOURCE,
    PER_USER,
)

SIGN_IN = "UserAuthentication"
RECOVERY = "UserAccountRecovery"
NEW_PASSWORD = "NEW_PASSWORD_REQUIRED"  # noqa: S105  # a challenge
KEEP_SECONDS = 5


def count(
    category: str,
    *,
    operation: str = "",
    pool: PoolConfig | None = None,
    user: str | None = None,
    operation_limit: int | None = None,
) -> None:
    """Count a request; ``operation_limit`` holds the operation to that many a second in the whole installation.

    Raises TooManyRequestsException.
    """
    if app_settings.request_quotas:
        wanted = _buckets(category, operation, pool, user)
        if operation_limit is not None:
            wanted[f"operation:{operation}"] = operation_limit
        _take(wanted)


def count_answer(
    challenge: str, *, operation: str = "", pool: PoolConfig | None = None, user: str | None = None
) -> None:
    """Count the answer to a challenge: three times as many as sign-ins are free, more count as sign-ins.

    A new password counts as account recovery. Raises TooManyRequestsException.
    """
    if not app_settings.request_quotas:
        return
    if challenge == NEW_PASSWORD:
        _take(_buckets(RECOVERY, operation, pool, user))
        return
    wanted = _buckets(SIGN_IN, operation, pool, user)
    key, limit = _category_bucket(SIGN_IN, pool)
    del wanted[key]
    if not _passes({**wanted, f"answers:{key}": limit * CHALLENGE_ANSWERS}):
        _take({**wanted, key: limit})


def count_code_exchange(pool: PoolConfig) -> None:
    """Count the exchange of an authorization code: an allowance of its own, as large as that of sign-ins.

    Raises TooManyRequestsException.
    """
    if app_settings.request_quotas:
        key, limit = _category_bucket(SIGN_IN, pool)
        _take({f"codes:{key}": limit})


def count_visit(pool: PoolConfig, ip: str, client_id: str | None) -> None:
    """Count a request to the pages and OAuth endpoints of a pool: by source, client and domain.

    Raises TooManyRequestsException.
    """
    if not app_settings.request_quotas:
        return
    wanted = {f"domain:{pool.id}": PER_DOMAIN, f"source:{pool.id}:{ip[:45]}": PER_SOURCE}
    if client_id:
        wanted[f"client:{pool.id}:{_digest(client_id)}"] = PER_CLIENT
    _take(wanted)


def sweep() -> int:
    """Delete the counters of seconds gone by; returns their number."""
    return RateCounter.forget_before(clock.epoch() - KEEP_SECONDS)


def _buckets(category: str, operation: str, pool: PoolConfig | None, user: str | None) -> dict[str, int]:
    """Return the limit of every counter that a request adds to."""
    facts = CATEGORIES[category]
    key, limit = _category_bucket(category, pool)
    wanted = {key: limit}
    if pool is None:
        return wanted
    if facts.by_operation and limits.of_pool(pool, category) is None:
        wanted[f"operation:{operation}:{pool.id}"] = PER_OPERATION_OF_POOL
    if user is not None and facts.touches:
        wanted[f"{facts.touches}:{pool.id}:{_digest(pool.fold(user))}"] = PER_USER
    return wanted


def _category_bucket(category: str, pool: PoolConfig | None) -> tuple[str, int]:
    own = None if pool is None else limits.of_pool(pool, category)
    if pool is not None and own is not None:
        return f"category:{category}:{pool.id}", own
    return f"category:{category}", limits.in_force(category)


def _digest(name: str) -> str:
    return keyring.mac("request-quota", name.encode("utf-8", "surrogatepass")).hex()[:32]


def _take(wanted: Mapping[str, int]) -> None:
    if not _passes(wanted):
        raise TooManyRequestsException


def _passes(wanted: Mapping[str, int]) -> bool:
    if app_settings.redis_url:
        return redis_counters.of(app_settings.redis_url).take(clock.epoch(), wanted)
    return RateCounter.take(clock.epoch(), wanted)
