"""On whose behalf a pool's triggers run."""

from __future__ import annotations

from cognito_app.services.actor import Actor
from cognito_app.services.config import PoolConfig
from cognito_app.triggers.invoke import Caller


def caller(pool: PoolConfig, client_id: str | None, actor: Actor) -> Caller:
    """Return the caller of a pool's triggers; ``client_id`` is None where no app client takes part."""
    return Caller(pool_id=pool.id, configured=pool.triggers, client_id=client_id, user_agent=actor.user_agent)
