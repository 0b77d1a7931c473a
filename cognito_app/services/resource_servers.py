"""Resource servers and their custom scopes.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-define-resource-servers.html
"""

from __future__ import annotations

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


def find(pool: PoolConfig, identifier: str) -> ResourceServer:
    """Return a resource server. Raises ResourceNotFoundException."""
    row = ResourceServer.objects.filter(pool_id=pool.id, identifier=identifier).first()
    if row is None:
        raise ResourceNotFoundException(f"Resource server {identifier} does not exist.")
    return row


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
