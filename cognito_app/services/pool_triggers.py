"""Who calls a pool's Lambda triggers: the pool, the app client and the agent, as events name them."""

from __future__ import annotations

from cognito_app.services.actor import Actor
from cognito_app.services.config import PoolConfig
from cognito_app.triggers.invoke import Caller


def caller(pool: PoolConfig, client_id: str | None, actor: Actor) -> Caller:
    """Return on whose behalf the triggers of a pool run."""
    return Caller(pool_id=pool.id, configured=pool.triggers, client_id=client_id, user_agent=actor.user_agent)
