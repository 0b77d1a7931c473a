"""Session tracking of pools, and how long a client goes on with a browser's session.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/managing-user-sessions.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cognito_app.core import clock
from cognito_app.errors import InvalidParameterException
from cognito_app.models import AppClient
from cognito_app.services import clients, pools, tiers
from cognito_app.services.actor import Actor
from cognito_app.services.config import ClientConfig, PoolConfig

DEFAULT_MAX_PER_USER = 20
DEFAULT_SSO_MINUTES = 60


@dataclass(frozen=True, slots=True)
class PoolSessions:
    """Whether a pool tracks sessions, and how many token sessions a user may have."""

    tracking: str = "DISABLED"
    max_per_user: int = DEFAULT_MAX_PER_USER


def of_pool(pool: PoolConfig) -> PoolSessions:
    """Return a pool's setting, the default if none was ever made."""
    stored = pool.extras.get("sessions")
    return PoolSessions(stored["tracking"], stored["max_per_user"]) if stored else PoolSessions()


def set_pool(actor: Actor, pool_id: str, wanted: PoolSessions) -> None:
    """Replace a pool's setting; those of its clients stay.

    Raises ResourceNotFoundException or FeatureUnavailableInTierException.
    """
    with pools.changing(actor, pool_id, "SetUserPoolSessionConfiguration", tracking=wanted.tracking) as row:
        tiers.require(row.configuration.get("UserPoolTier", "ESSENTIALS"), tiers.SESSION_CONFIGURATION)
        kept = row.extras.get("sessions") or {}
        row.extras["sessions"] = {**kept, "tracking": wanted.tracking, "max_per_user": wanted.max_per_user}


def sso_minutes(extras: Mapping[str, Any]) -> int:
    """Return a client's MaxValidityMinutes as it is stored, the default if it was never set."""
    return int(extras.get("sso_minutes", DEFAULT_SSO_MINUTES))


def set_client(pool: PoolConfig, actor: Actor, client_id: str, minutes: int) -> None:
    """Replace a client's setting.

    Raises ResourceNotFoundException, FeatureUnavailableInTierException; InvalidParameterException where the pool does
    not track sessions.
    """
    clients.find(pool, client_id)
    action = "SetUserPoolClientSessionConfiguration"
    with pools.changing(actor, pool.id, action, client=client_id) as row:
        tiers.require(row.configuration.get("UserPoolTier", "ESSENTIALS"), tiers.SESSION_CONFIGURATION)
        sessions = row.extras.get("sessions") or {}
        if sessions.get("tracking") != "ENABLED":
            raise InvalidParameterException("Session tracking must be enabled for the user pool.")
        client = clients.locked(pool, client_id)
        client.extras["sso_minutes"] = minutes
        client.modified_at = clock.now()
        client.save(update_fields=["extras", "modified_at"])
        stored = AppClient.objects.filter(pool_id=pool.id).values_list("extras__sso_minutes", flat=True)
        row.extras["sessions"] = {**sessions, "longest_sso_minutes": max(filter(None, stored), default=0)}


def browser_lifetime(pool: PoolConfig) -> timedelta:
    """Return how long a browser's session lasts: as long as the client that accepts the oldest ones may use it."""
    longest = (pool.extras.get("sessions") or {}).get("longest_sso_minutes", 0) if pool.session_limit is not None else 0
    return timedelta(minutes=max(longest, DEFAULT_SSO_MINUTES))


def reuse_limit(pool: PoolConfig, client: ClientConfig) -> timedelta:
    """Return how long after the last real sign-in a client goes on with a browser's session; zero is never."""
    tracked = pool.session_limit is not None
    return timedelta(minutes=sso_minutes(client.extras) if tracked else DEFAULT_SSO_MINUTES)
