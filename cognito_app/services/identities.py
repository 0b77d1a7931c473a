"""Identities: how guests and logins lead to one, and what administrators see of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import transaction

from cognito_app.errors import NotAuthorizedException, ResourceNotFoundException
from cognito_app.models import DeveloperUser, Identity, IdentityPool, Login
from cognito_app.services import identity_links, identity_pools, keyset, logins
from cognito_app.services.actor import Actor, audit
from cognito_app.services.identity_links import Proof, forbidden, not_found
from cognito_app.services.login_providers.verified import MISMATCH, VerifiedLogin

NO_GUESTS = "Unauthenticated access is not supported for this identity pool."


@dataclass(frozen=True, slots=True)
class Described:
    """An identity and the names of the providers that lead to it."""

    row: Identity
    providers: list[str]


def get_id(pool_id: str, given: Mapping[str, str], account_id: str | None) -> str:
    """Return the identity of the logins, made at the first time; without logins a new guest.

    Raises ResourceNotFoundException, NotAuthorizedException, ResourceConflictException, ExternalServiceException.
    """
    pool = identity_pools.find(pool_id)
    if not logins.account_matches(account_id):
        raise ResourceNotFoundException(f"IdentityPool '{pool_id}' not found.")
    if not given:
        _check_guests(pool)
        return identity_links.new_identity(pool, Identity.State.GUEST).pk
    verified = logins.verify_all(pool, given, "GetId")
    return identity_links.settle(pool, None, Proof(tuple(verified)))


def resolve(
    identity_id: str, given: Mapping[str, str], operation: str
) -> tuple[str, IdentityPool, list[VerifiedLogin]]:
    """Return the identity that a request for tokens or credentials speaks for, linking and merging as it proves.

    Raises ResourceNotFoundException, NotAuthorizedException, ResourceConflictException, ExternalServiceException.
    """
    identity, pool = find(identity_id)
    if not given:
        if identity.state != Identity.State.GUEST:
            raise forbidden(identity_id)
        _check_guests(pool)
        return identity_id, pool, []
    verified = logins.verify_all(pool, given, operation)
    return identity_links.settle(pool, identity_id, Proof(tuple(verified))), pool, verified


def find(identity_id: str) -> tuple[Identity, IdentityPool]:
    """Return an identity that is in use, and its pool. Raises ResourceNotFoundException, NotAuthorizedException."""
    identity = Identity.objects.filter(pk=identity_id).select_related("pool").first()
    if identity is None:
        raise not_found(identity_id)
    if identity.state == Identity.State.DISABLED:
        raise forbidden(identity_id)
    return identity, identity.pool


def _check_guests(pool: IdentityPool) -> None:
    if not pool.configuration.get("AllowUnauthenticatedIdentities"):
        raise NotAuthorizedException(NO_GUESTS)


def describe(identity_id: str) -> Described:
    """Return an identity, disabled ones too. Raises ResourceNotFoundException."""
    row = Identity.objects.filter(pk=identity_id).select_related("pool").first()
    if row is None:
        raise not_found(identity_id)
    return _described(row.pool, [row])[0]


def page(pool_id: str, *, hide_disabled: bool, limit: int, token: str | None) -> tuple[list[Described], str | None]:
    """Return a page of a pool's identities, oldest first, and the token of the next.

    Raises ResourceNotFoundException, InvalidParameterException.
    """
    pool = identity_pools.find(pool_id)
    rows = Identity.objects.filter(pool=pool)
    if hide_disabled:
        rows = rows.exclude(state=Identity.State.DISABLED)
    scope = f"ListIdentities:{pool_id}:{hide_disabled}"
    found, following = keyset.by_age(rows, scope=scope, limit=limit, token=token)
    return _described(pool, found), following


def _described(pool: IdentityPool, rows: Iterable[Identity]) -> list[Described]:
    found = list(rows)
    keys = [row.pk for row in found]
    names: defaultdict[str, list[str]] = defaultdict(list)
    for identity_id, provider in Login.objects.filter(identity__in=keys).values_list("identity_id", "provider"):
        names[identity_id].append(provider)
    developer = str(pool.configuration.get("DeveloperProviderName") or "")
    users = DeveloperUser.objects.filter(identity__in=keys).values_list("identity_id", flat=True).distinct()
    for identity_id in users:
        names[identity_id].append(developer)
    return [Described(row, sorted(names[row.pk])) for row in found]


@transaction.atomic
def delete(actor: Actor, identity_ids: Iterable[str]) -> None:
    """Delete identities of any pools; their credentials end. Those that do not exist count as deleted."""
    rows = identity_links.lock(*set(identity_ids))
    Identity.objects.filter(pk__in=rows).delete()
    for row in rows.values():
        audit(actor, "DeleteIdentities", pool_id=row.pool_id, subject=row.pk)


def unlink(actor: Actor, identity_id: str, given: Mapping[str, str], names: Iterable[str]) -> None:
    """Remove logins from the identity that the given ones prove; without any login left it is disabled.

    Raises ResourceNotFoundException, NotAuthorizedException, ExternalServiceException.
    """
    _, pool = find(identity_id)
    if not given:
        raise forbidden(identity_id)
    proof = Proof(tuple(logins.verify_all(pool, given, "UnlinkIdentity")))
    removed = {logins.canonical(name) for name in names}
    with transaction.atomic():
        identity = identity_links.lock(identity_id).get(identity_id)
        if identity is None:
            raise not_found(identity_id)
        present = set(identity.logins.values_list("provider", flat=True))
        if identity_id not in identity_links.owners_of(pool, proof).values() or removed - present:
            raise NotAuthorizedException(MISMATCH)
        identity.logins.filter(provider__in=removed).delete()
        if removed:
            close_if_empty(identity)
        audit(actor, "UnlinkIdentity", pool_id=pool.id, subject=identity_id, providers=sorted(removed))


def close_if_empty(identity: Identity) -> None:
    """Disable an identity that nothing leads to any more. It must be locked."""
    empty = not identity.logins.exists() and not identity.developer_users.exists()
    identity_links.touch(identity, Identity.State.DISABLED if empty else None)
