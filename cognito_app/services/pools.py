"""User pools: creating, describing, changing, deleting.

Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPool.html
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from cognito_app.conf import app_settings
from cognito_app.core import clock, ids
from cognito_app.errors import InvalidParameterException, LimitExceededException, ResourceNotFoundException
from cognito_app.models import Domain, PoolReplica, PoolUser, UserPool
from cognito_app.models.base import delete_in_batches
from cognito_app.services import (
    keys,
    keyset,
    mfa_configuration,
    pool_rules,
    replica_rules,
    schema,
    stamps,
    tier_rules,
)
from cognito_app.services.actor import Actor, audit
from cognito_app.services.config import stamp_of
from cognito_app.services.imports.states import check_idle

MAX_POOLS = 10_000
DOMAIN_ATTACHED = "User pool cannot be deleted. It has a domain configured that should be deleted first."
PROTECTED = (
    "The user pool cannot be deleted because deletion protection is activated. "
    "Deletion protection must be inactivated first."
)


def find(pool_id: str) -> UserPool:
    """Return a pool with its domains. Raises ResourceNotFoundException."""
    row = UserPool.objects.filter(pk=pool_id).prefetch_related("domains").first()
    if row is None:
        raise ResourceNotFoundException(f"User pool {pool_id} does not exist.")
    return row


def create(
    actor: Actor,
    *,
    name: str,
    settings: dict[str, Any],
    attributes: list[dict[str, Any]] | None = None,
    tags: dict[str, str] | None = None,
) -> UserPool:
    """Create a pool; ``settings`` holds the members of CreateUserPool that UpdateUserPool has too, and those fixed
    at creation.

    Raises InvalidParameterException, FeatureUnavailableInTierException or LimitExceededException.
    """
    configuration = pool_rules.normalize(settings, creating=True)
    tier_rules.check_pool(configuration["UserPoolTier"], configuration)
    built_schema = schema.build(attributes or [])
    pool_rules.check_schema(configuration, built_schema)
    if UserPool.objects.all()[MAX_POOLS - 1 : MAX_POOLS].exists():
        raise LimitExceededException("Maximum number of user pools exceeded.")
    now = clock.now()
    row = UserPool(
        id=ids.user_pool_id(app_settings.region),
        name=name,
        configuration=configuration,
        schema=built_schema,
        tags=pool_rules.check_tags(tags or {}),
        created_at=now,
        modified_at=now,
    )
    with transaction.atomic():
        row.save(force_insert=True)
        keys.create_for_pool(row)
        stamps.bump(stamp_of(row.id))
        audit(actor, "CreateUserPool", pool_id=row.id)
    return row


def update(
    actor: Actor, pool_id: str, *, settings: dict[str, Any], name: str | None = None, tags: dict[str, str] | None = None
) -> None:
    """Replace a pool's settings: what is left out falls back to its default, but for the members that AWS keeps.

    Raises ResourceNotFoundException, InvalidParameterException, UserImportInProgressException,
    FeatureUnavailableInTierException, TierChangeNotAllowedException.
    """
    with transaction.atomic():
        row = _locked(pool_id)
        check_idle(pool_id)
        before = row.configuration
        configuration = pool_rules.replace(before, settings, row.extras)
        tier_rules.check_pool(configuration["UserPoolTier"], settings)
        tier_rules.check_lowering(row, configuration)
        replica_rules.check_update(row, configuration)
        row.configuration = configuration
        mfa_configuration.follow_update(row, before)
        if name is not None:
            row.name = name
        if tags is not None:
            row.tags = pool_rules.check_tags(tags)
        _save(row)
        audit(actor, "UpdateUserPool", pool_id=pool_id, members=sorted(settings))


@contextmanager
def changing(actor: Actor, pool_id: str, action: str, **detail: Any) -> Iterator[UserPool]:
    """Lock a pool's row for a change of its settings; store it, tell the processes, write the audit row.

    Raises ResourceNotFoundException.
    """
    with transaction.atomic():
        row = _locked(pool_id)
        yield row
        _save(row)
        audit(actor, action, pool_id=pool_id, **detail)


def _locked(pool_id: str) -> UserPool:
    row = UserPool.objects.select_for_update().filter(pk=pool_id).first()
    if row is None:
        raise ResourceNotFoundException(f"User pool {pool_id} does not exist.")
    return row


def _save(row: UserPool) -> None:
    row.modified_at = clock.now()
    row.save()
    stamps.bump(stamp_of(row.id))


def add_custom_attributes(actor: Actor, pool_id: str, given: list[dict[str, Any]]) -> None:
    """Add custom attributes to a pool's schema.

    Raises ResourceNotFoundException, InvalidParameterException or UserImportInProgressException.
    """
    with transaction.atomic():
        row = _locked(pool_id)
        check_idle(pool_id)
        row.schema = schema.extend(row.schema, given)
        _save(row)
        audit(actor, "AddCustomAttributes", pool_id=pool_id)


def delete(actor: Actor, pool_id: str) -> None:
    """Delete a pool with everything in it.

    Raises ResourceNotFoundException, InvalidParameterException or UserImportInProgressException.
    """
    with transaction.atomic():
        row = _locked(pool_id)
        check_idle(pool_id)
        if row.configuration.get("DeletionProtection") == "ACTIVE":
            raise InvalidParameterException(PROTECTED)
        if Domain.objects.filter(pool=row).exists():
            raise InvalidParameterException(DOMAIN_ATTACHED)
        replica_rules.check_deletion(row)
        delete_in_batches(PoolUser.objects.filter(pool=row))
        row.delete()
        stamps.drop(stamp_of(pool_id))
        audit(actor, "DeleteUserPool", pool_id=pool_id)


def page(*, limit: int, token: str | None) -> tuple[list[UserPool], str | None]:
    """Return a page of pools, oldest first, and the token of the next."""
    return keyset.by_age(UserPool.objects.all(), scope="ListUserPools", limit=limit, token=token)


def tags_of(arn: str) -> dict[str, str]:
    """Return the tags of a pool or a replica. Raises ResourceNotFoundException."""
    return dict(_tagged(arn).tags)


def tag(actor: Actor, arn: str, tags: dict[str, str]) -> None:
    """Add or change tags. Raises ResourceNotFoundException or InvalidParameterException."""
    with transaction.atomic():
        row = _tagged(arn, locked=True)
        row.tags = pool_rules.check_tags({**row.tags, **tags})
        row.save(update_fields=["tags"])
        audit(actor, "TagResource", pool_id=_pool_id(arn))


def untag(actor: Actor, arn: str, names: list[str]) -> None:
    """Remove tags. Raises ResourceNotFoundException."""
    with transaction.atomic():
        row = _tagged(arn, locked=True)
        row.tags = {name: value for name, value in row.tags.items() if name not in names}
        row.save(update_fields=["tags"])
        audit(actor, "UntagResource", pool_id=_pool_id(arn))


def _pool_id(arn: str) -> str:
    return arn.rpartition("userpool/")[2]


def _tagged(arn: str, *, locked: bool = False) -> UserPool | PoolReplica:
    """Return the pool of an ARN, or its replica if the ARN is of another Region."""
    pool_id = _pool_id(arn)
    region = arn.split(":")[3] if arn.count(":") >= 5 else ""
    if arn != f"arn:aws:cognito-idp:{region}:{app_settings.account_id}:userpool/{pool_id}":
        raise ResourceNotFoundException(f"Resource {arn} does not exist.")
    row = _locked(pool_id) if locked else find(pool_id)
    if region == pool_id.split("_", 1)[0]:
        return row
    replica = PoolReplica.objects.filter(pool=row, region=region).first()
    if replica is None:
        raise ResourceNotFoundException(f"Resource {arn} does not exist.")
    return replica
