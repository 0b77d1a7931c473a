"""Replicas of pools in other Regions: roles of sites that work on one database. No data is copied.

A site is a group of processes with a Region of its own (the setting ``REGION``) that names the Regions of the other
sites in ``REPLICA_REGIONS``. Where a pool's Region is another site's and the pool has a replica here, this site acts as
the secondary.
Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-multi-region.html
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from cognito_app.conf import app_settings
from cognito_app.core import clock
from cognito_app.errors import (
    InvalidParameterException,
    LimitExceededException,
    OperationNotEnabledException,
    ResourceNotFoundException,
)
from cognito_app.models import PoolReplica, UserPool
from cognito_app.services import keyset, pool_rules, replica_rules
from cognito_app.services.actor import Actor, audit
from cognito_app.services.config import PoolConfig

MAX_SECONDARIES = 1
LARGEST_PAGE = 60
ACTIVE, INACTIVE, DELETING = "ACTIVE", "INACTIVE", "DELETING"


@dataclass(frozen=True, slots=True)
class Replica:
    """A pool as it is in one Region."""

    pool_id: str
    region: str
    status: str
    primary: bool

    @property
    def arn(self) -> str:
        """The pool's ARN in this Region."""
        return arn_of(self.pool_id, self.region)


def arn_of(pool_id: str, region: str | None = None) -> str:
    """Return a pool's ARN in a Region, its own if none is given."""
    region = region or pool_id.split("_", 1)[0]
    return f"arn:aws:cognito-idp:{region}:{app_settings.account_id}:userpool/{pool_id}"


def _of(row: PoolReplica, status: str | None = None) -> Replica:
    return Replica(pool_id=row.pool_id, region=row.region, status=status or row.status, primary=False)


def create(actor: Actor, pool: PoolConfig, region: str, tags: dict[str, str] | None = None) -> Replica:
    """Make a pool's replica in the Region of another site; there is nothing to copy, so it is INACTIVE at once.

    Raises ResourceNotFoundException, InvalidParameterException, FeatureUnavailableInTierException,
    LimitExceededException, OperationNotEnabledException.
    """
    if region == pool.region:
        raise InvalidParameterException(f"{region} is the Region of the primary user pool.")
    with transaction.atomic():
        row = _locked(pool.id)
        replica_rules.check_eligible(row.configuration)
        if PoolReplica.objects.filter(pool=row).count() >= MAX_SECONDARIES:
            raise LimitExceededException("A user pool can have one secondary replica.")
        if region not in app_settings.replica_regions:
            raise OperationNotEnabledException(f"No site of this installation is in the Region {region}.")
        made = PoolReplica.objects.create(
            pool=row,
            region=region,
            status=INACTIVE,
            tags=pool_rules.check_tags(tags or {}),
            created_at=clock.now(),
        )
        audit(actor, "CreateUserPoolReplica", pool_id=pool.id, subject=region)
    return _of(made)


def update(actor: Actor, pool: PoolConfig, region: str, status: str) -> Replica:
    """Make a replica ACTIVE or INACTIVE. Raises ResourceNotFoundException or InvalidParameterException."""
    with transaction.atomic():
        row = _secondary(pool, region)
        row.status = status
        row.save(update_fields=["status"])
        audit(actor, "UpdateUserPoolReplica", pool_id=pool.id, subject=region, status=status)
    return _of(row)


def delete(actor: Actor, pool: PoolConfig, region: str) -> Replica:
    """Delete a replica that is INACTIVE. Raises ResourceNotFoundException or InvalidParameterException."""
    with transaction.atomic():
        row = _secondary(pool, region)
        if row.status != INACTIVE:
            raise InvalidParameterException("A replica must be INACTIVE before it can be deleted.")
        row.delete()
        audit(actor, "DeleteUserPoolReplica", pool_id=pool.id, subject=region)
    return _of(row, DELETING)


def page(pool: PoolConfig, token: str | None) -> tuple[list[Replica], str | None]:
    """Return the primary, then the secondaries, and the token of the next page.

    Raises InvalidParameterException.
    """
    rows = PoolReplica.objects.filter(pool_id=pool.id)
    found, following = keyset.by_age(rows, scope=f"ListUserPoolReplicas:{pool.id}", limit=LARGEST_PAGE, token=token)
    first = [] if token else [Replica(pool_id=pool.id, region=pool.region, status=ACTIVE, primary=True)]
    return [*first, *(_of(row) for row in found)], following


def _locked(pool_id: str) -> UserPool:
    row = UserPool.objects.select_for_update().filter(pk=pool_id).first()
    if row is None:
        raise ResourceNotFoundException(f"User pool {pool_id} does not exist.")
    return row


def _secondary(pool: PoolConfig, region: str) -> PoolReplica:
    if region == pool.region:
        raise InvalidParameterException(f"{region} is the Region of the primary user pool.")
    row = PoolReplica.objects.select_for_update().filter(pool_id=pool.id, region=region).first()
    if row is None:
        raise ResourceNotFoundException(f"User pool {pool.id} has no replica in {region}.")
    return row


def here(pool_id: str) -> PoolReplica | None:
    """Return the secondary that this site is for a pool, or None where it is the primary.

    Asks the database only on a site that has others beside it, about pools of another Region.
    """
    if not app_settings.replica_regions or pool_id.split("_", 1)[0] == app_settings.region:
        return None
    return PoolReplica.objects.filter(pool_id=pool_id, region=app_settings.region).first()


def serves_users(pool_id: str) -> bool:
    """Whether users may sign in at this site: not at a secondary before it is ACTIVE."""
    local = here(pool_id)
    return local is None or local.status == ACTIVE


def require_primary(pool_id: str) -> None:
    """Raises OperationNotEnabledException on a secondary: it makes no users and changes none."""
    if here(pool_id) is not None:
        raise OperationNotEnabledException("This operation is not available in a secondary Region.")
