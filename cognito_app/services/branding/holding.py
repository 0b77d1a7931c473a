"""What a change of a pool's pages holds, so that limits are true and no row outlives its client."""

from __future__ import annotations

from cognito_app.errors import ResourceNotFoundException
from cognito_app.models import AppClient, UserPool
from cognito_app.services.config import PoolConfig


def hold(pool: PoolConfig, client_id: str | None = None) -> None:
    """Lock a pool, and a client of it, until the transaction ends. Raises ResourceNotFoundException."""
    if not UserPool.objects.select_for_update(no_key=True).filter(pk=pool.id).values_list("id"):
        raise ResourceNotFoundException(f"User pool {pool.id} does not exist.")
    if client_id is None:
        return
    if not AppClient.objects.select_for_update(no_key=True).filter(pk=client_id, pool_id=pool.id).values_list("id"):
        raise ResourceNotFoundException(f"User pool client {client_id} does not exist.")
