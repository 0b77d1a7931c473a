"""Identity pools and their roles.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/identity-pools.html
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from cognito_app.conf import app_settings
from cognito_app.core import clock, ids
from cognito_app.errors import (
    AccessDeniedException,
    InvalidParameterException,
    LimitExceededException,
    NotAuthorizedException,
    ResourceNotFoundException,
)
from cognito_app.models import Identity, IdentityPool
from cognito_app.models.base import delete_in_batches
from cognito_app.services import identity_pool_rules, keyset, principals
from cognito_app.services.actor import Actor, audit
from cognito_app.services.principals import Principal

MAX_POOLS = 1000
MAX_TAGS = 50


def find(pool_id: str) -> IdentityPool:
    """Return an identity pool. Raises ResourceNotFoundException."""
    row = IdentityPool.objects.filter(pk=pool_id).first()
    if row is None:
        raise ResourceNotFoundException(f"IdentityPool '{pool_id}' not found.")
    return row


def create(actor: Actor, *, name: str, settings: dict[str, Any], tags: dict[str, str] | None = None) -> IdentityPool:
    """Create an identity pool. Raises LimitExceededException, InvalidParameterException."""
    identity_pool_rules.check(settings)
    if IdentityPool.objects.all()[MAX_POOLS - 1 : MAX_POOLS].exists():
        raise LimitExceededException("Maximum number of identity pools exceeded.")
    now = clock.now()
    with transaction.atomic():
        row = IdentityPool.objects.create(
            id=ids.identity_id(app_settings.region),
            name=name,
            configuration=_stored(settings),
            tags=_checked_tags(tags or {}),
            created_at=now,
            modified_at=now,
        )
        audit(actor, "CreateIdentityPool", pool_id=row.id)
    return row


def _stored(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def update(
    actor: Actor, pool_id: str, *, name: str, settings: dict[str, Any], tags: dict[str, str] | None
) -> IdentityPool:
    """Replace the settings: what is left out is cleared, but for the developer provider's name, which never changes.

    Raises ResourceNotFoundException or InvalidParameterException.
    """
    identity_pool_rules.check(settings)
    with transaction.atomic():
        row = locked(pool_id)
        fixed = row.configuration.get("DeveloperProviderName")
        given = settings.get("DeveloperProviderName")
        if fixed and given and given != fixed:
            raise InvalidParameterException("The developer provider name of an identity pool cannot be changed.")
        row.name = name
        row.configuration = _stored({**settings, "DeveloperProviderName": given or fixed})
        if tags is not None:
            row.tags = _checked_tags(tags)
        row.modified_at = clock.now()
        row.save()
        audit(actor, "UpdateIdentityPool", pool_id=pool_id)
    return row


def locked(pool_id: str) -> IdentityPool:
    """Return a pool, locked until the transaction ends. Raises ResourceNotFoundException."""
    row = IdentityPool.objects.select_for_update().filter(pk=pool_id).first()
    if row is None:
        raise ResourceNotFoundException(f"IdentityPool '{pool_id}' not found.")
    return row


@transaction.atomic
def delete(actor: Actor, pool_id: str) -> None:
    """Delete an identity pool with its identities; their credentials end. Raises ResourceNotFoundException."""
    row = locked(pool_id)
    delete_in_batches(Identity.objects.filter(pool=row))
    row.delete()
    audit(actor, "DeleteIdentityPool", pool_id=pool_id)


def page(*, limit: int, token: str | None) -> tuple[list[IdentityPool], str | None]:
    """Return a page of identity pools, oldest first, and the token of the next."""
    return keyset.by_age(IdentityPool.objects.all(), scope="ListIdentityPools", limit=limit, token=token)


def set_roles(
    actor: Actor,
    pool_id: str,
    *,
    roles: dict[str, str],
    mappings: dict[str, Any] | None,
    principal: Principal | None = None,
) -> None:
    """Replace the roles and role mappings of a pool; ``principal`` must be allowed to pass every role.

    Raises ResourceNotFoundException, NotAuthorizedException or InvalidParameterException.
    """
    find(pool_id)
    named = identity_pool_rules.roles_of(roles, mappings or {})
    for arn in named if principal else ():
        _check_pass_role(principal, arn)
    with transaction.atomic():
        row = locked(pool_id)
        row.roles = roles
        row.role_mappings = mappings or {}
        row.modified_at = clock.now()
        row.save(update_fields=["roles", "role_mappings", "modified_at"])
        audit(actor, "SetIdentityPoolRoles", pool_id=pool_id, roles=sorted(roles.values()))


def _check_pass_role(principal: Principal | None, arn: str) -> None:
    assert principal is not None
    service = {"iam:PassedToService": "cognito-identity.amazonaws.com"}
    try:
        principals.authorize(principal, "iam:PassRole", arn, extra=service)
    except AccessDeniedException:
        raise NotAuthorizedException(f"Access to Role '{arn}' is forbidden.") from None


def set_driver(actor: Actor, pool_id: str, driver: str, settings: dict[str, Any]) -> None:
    """Store where the pool's credentials come from, after ``identity_credentials.check_driver``.

    Raises ResourceNotFoundException.
    """
    with transaction.atomic():
        row = locked(pool_id)
        row.driver, row.driver_settings = driver, settings
        row.modified_at = clock.now()
        row.save(update_fields=["driver", "driver_settings", "modified_at"])
        audit(actor, "SetIdentityPoolDriver", pool_id=pool_id, driver=driver)


def arn_of(pool_id: str) -> str:
    """Return an identity pool's ARN."""
    region = pool_id.split(":", 1)[0]
    return f"arn:aws:cognito-identity:{region}:{app_settings.account_id}:identitypool/{pool_id}"


def by_arn(arn: str) -> IdentityPool:
    """Return the pool of an ARN. Raises ResourceNotFoundException."""
    pool_id = arn.rpartition("identitypool/")[2]
    if arn != arn_of(pool_id):
        raise ResourceNotFoundException(f"Resource '{arn}' not found.")
    return find(pool_id)


@transaction.atomic
def set_tags(actor: Actor, arn: str, tags: dict[str, str]) -> None:
    """Replace a pool's tags. Raises ResourceNotFoundException or InvalidParameterException."""
    row = locked(by_arn(arn).id)
    row.tags = _checked_tags(tags)
    row.save(update_fields=["tags"])
    audit(actor, "TagResource", pool_id=row.id)


def _checked_tags(tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > MAX_TAGS:
        raise InvalidParameterException(f"A resource can have at most {MAX_TAGS} tags.")
    return tags
