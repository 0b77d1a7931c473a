"""Resource servers and their custom scopes.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-define-resource-servers.html
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.db import IntegrityError, transaction

from cognito_app.core import clock
from cognito_app.errors import InvalidParameterException, LimitExceededException, ResourceNotFoundException
from cognito_app.models import ResourceServer
from cognito_app.services import keyset, stamps
from cognito_app.services.actor import Actor, audit
from cognito_app.services.config import PoolConfig, stamp_of

MAX_SERVERS = 300
LARGEST_PAGE = 50
MAX_POOLS_IN_MEMORY = 2000


def find(pool: PoolConfig, identifier: str) -> ResourceServer:
    """Return a resource server. Raises ResourceNotFoundException."""
    row = ResourceServer.objects.filter(pool_id=pool.id, identifier=identifier).first()
    if row is None:
        raise ResourceNotFoundException(f"Resource server {identifier} does not exist.")
    return row


def scopes_in_force(pool: PoolConfig) -> frozenset[str]:
    """Return the full names of the custom scopes that the pool's resource servers have, from memory if they are known.

    A client may still list a scope that was taken away from its resource server: no token carries such a one.
    """
    return _scopes_at(pool.id, pool.version)


@lru_cache(maxsize=MAX_POOLS_IN_MEMORY)
def _scopes_at(pool_id: str, version: int) -> frozenset[str]:
    # A change of a resource server bumps the pool's version.
    rows = ResourceServer.objects.filter(pool_id=pool_id).values_list("identifier", "scopes")
    return frozenset(f"{identifier}/{scope['ScopeName']}" for identifier, scopes in rows for scope in scopes)


def create(
    pool: PoolConfig, actor: Actor, *, identifier: str, name: str, scopes: list[dict[str, Any]]
) -> ResourceServer:
    """Create a resource server. Raises InvalidParameterException or LimitExceededException."""
    _check_scopes(scopes)
    if ResourceServer.objects.filter(pool_id=pool.id)[MAX_SERVERS - 1 : MAX_SERVERS].exists():
        raise LimitExceededException("Maximum number of resource servers for the user pool exceeded.")
    try:
        with transaction.atomic():
            row = ResourceServer.objects.create(
                pool_id=pool.id, identifier=identifier, name=name, scopes=scopes, created_at=clock.now()
            )
            stamps.bump(stamp_of(pool.id))
            audit(actor, "CreateResourceServer", pool_id=pool.id, subject=identifier)
    except IntegrityError:
        raise InvalidParameterException(f"{identifier} already exists in user pool {pool.id}.") from None
    return row


@transaction.atomic
def update(
    pool: PoolConfig, actor: Actor, *, identifier: str, name: str, scopes: list[dict[str, Any]]
) -> ResourceServer:
    """Replace the name and scopes. Raises ResourceNotFoundException or InvalidParameterException."""
    _check_scopes(scopes)
    row = find(pool, identifier)
    row.name, row.scopes = name, scopes
    row.save()
    stamps.bump(stamp_of(pool.id))
    audit(actor, "UpdateResourceServer", pool_id=pool.id, subject=identifier)
    return row


@transaction.atomic
def delete(pool: PoolConfig, actor: Actor, *, identifier: str) -> None:
    """Delete a resource server. Raises ResourceNotFoundException."""
    find(pool, identifier).delete()
    stamps.bump(stamp_of(pool.id))
    audit(actor, "DeleteResourceServer", pool_id=pool.id, subject=identifier)


def page(pool: PoolConfig, *, limit: int | None, token: str | None) -> tuple[list[ResourceServer], str | None]:
    """Return a page of resource servers, oldest first, and the token of the next."""
    rows = ResourceServer.objects.filter(pool_id=pool.id)
    return keyset.by_key(rows, scope=f"ListResourceServers:{pool.id}", limit=limit or LARGEST_PAGE, token=token)


def _check_scopes(scopes: list[dict[str, Any]]) -> None:
    names = [scope["ScopeName"] for scope in scopes]
    if len(set(names)) != len(names):
        raise InvalidParameterException("Scope names must be unique within a resource server.")
