"""Identities: how guests and logins lead to one, and how they are linked and merged.

The unique key of a login is the arbiter between parallel requests: whoever loses the race looks again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.db import IntegrityError, transaction

from cognito_app.conf import app_settings
from cognito_app.core import clock, ids
from cognito_app.errors import NotAuthorizedException, ResourceConflictException, ResourceNotFoundException
from cognito_app.models import Identity, IdentityPool, Login
from cognito_app.services import identity_pools, logins
from cognito_app.services.logins import MISMATCH, VerifiedLogin

NO_GUESTS = "Unauthenticated access is not supported for this identity pool."
MAX_LOGINS = 20
RACES = 3


def forbidden(identity_id: str) -> NotAuthorizedException:
    """Return the refusal of an identity that the caller has not proven."""
    return NotAuthorizedException(f"Access to Identity '{identity_id}' is forbidden.")


def get_id(pool_id: str, given: Mapping[str, str], account_id: str | None) -> str:
    """Return the identity of the logins, made at the first time; without logins a new guest.

    Raises ResourceNotFoundException, NotAuthorizedException, ResourceConflictException.
    """
    pool = identity_pools.find(pool_id)
    if not logins.account_matches(account_id):
        raise ResourceNotFoundException(f"IdentityPool '{pool_id}' not found.")
    if not given:
        _check_guests(pool)
        return _new(pool, Identity.State.GUEST).pk
    verified = logins.verify_all(pool, given)
    return _retry(lambda: _resolve(pool, None, verified)).pk


def resolve(identity_id: str, given: Mapping[str, str]) -> tuple[Identity, IdentityPool, list[VerifiedLogin]]:
    """Return the identity that a request for tokens or credentials speaks for, linking and merging as it proves.

    Raises ResourceNotFoundException, NotAuthorizedException, ResourceConflictException.
    """
    identity, pool = find(identity_id)
    if not given:
        if identity.state != Identity.State.GUEST:
            raise forbidden(identity_id)
        _check_guests(pool)
        return identity, pool, []
    verified = logins.verify_all(pool, given)
    return _retry(lambda: _resolve(pool, identity_id, verified)), pool, verified


def find(identity_id: str) -> tuple[Identity, IdentityPool]:
    """Return an identity that is in use, and its pool. Raises ResourceNotFoundException, NotAuthorizedException."""
    identity = Identity.objects.filter(pk=identity_id).select_related("pool").first()
    if identity is None:
        raise ResourceNotFoundException(f"Identity '{identity_id}' not found.")
    if identity.state == Identity.State.DISABLED:
        raise forbidden(identity_id)
    return identity, identity.pool


def _check_guests(pool: IdentityPool) -> None:
    if not pool.configuration.get("AllowUnauthenticatedIdentities"):
        raise NotAuthorizedException(NO_GUESTS)


def _new(pool: IdentityPool, state: Identity.State) -> Identity:
    now = clock.now()
    region = pool.id.split(":", 1)[0] or app_settings.region
    return Identity.objects.create(id=ids.identity_id(region), pool=pool, state=state, created_at=now, modified_at=now)


def _retry(attempt: Callable[[], Identity]) -> Identity:
    for round_number in range(RACES):
        try:
            with transaction.atomic():
                return attempt()
        except IntegrityError:
            if round_number == RACES - 1:
                raise ResourceConflictException("The login was linked by another request.") from None
    raise AssertionError("unreachable")


def _resolve(pool: IdentityPool, identity_id: str | None, verified: list[VerifiedLogin]) -> Identity:
    owners = _owners(pool, verified)
    wanted = ({identity_id} if identity_id else set()) | set(owners.values())
    rows = {row.pk: row for row in Identity.objects.select_for_update().filter(pk__in=wanted).order_by("pk")}
    target = rows.get(identity_id) if identity_id else None
    if target is not None and target.state == Identity.State.LINKED and target.pk not in owners.values():
        raise NotAuthorizedException(MISMATCH)
    known = [rows[pk] for pk in dict.fromkeys(owners.values())]
    survivor = _survivor(target, known) or _new(pool, Identity.State.LINKED)
    for other in [row for row in rows.values() if row.pk != survivor.pk]:
        _absorb(survivor, other)
    _link(pool, survivor, [login for login in verified if (login.provider, login.subject) not in owners])
    return survivor


def _owners(pool: IdentityPool, verified: list[VerifiedLogin]) -> dict[tuple[str, str], str]:
    owners = {}
    for login in verified:
        row = Login.objects.filter(pool=pool, provider=login.provider, subject=login.subject).first()
        if row is not None:
            owners[login.provider, login.subject] = row.identity_id
    return owners


def _survivor(target: Identity | None, known: list[Identity]) -> Identity | None:
    """The identity named in the request if it is proven or nobody's yet, else the oldest linked one."""
    if target is not None and (target in known or not known):
        return target
    return min(known, key=lambda row: (row.created_at, row.pk)) if known else None


def _absorb(survivor: Identity, other: Identity) -> None:
    mine = set(survivor.logins.values_list("provider", flat=True))
    theirs = list(other.logins.all())
    if any(login.provider in mine for login in theirs):
        raise ResourceConflictException("Both identities have a login of the same provider.")
    if len(mine) + len(theirs) > MAX_LOGINS:
        raise ResourceConflictException("Too many logins for one identity.")
    Login.objects.filter(pk__in=[login.pk for login in theirs]).update(identity=survivor)
    other.state = Identity.State.DISABLED
    other.merged_into = survivor.pk
    other.modified_at = clock.now()
    other.save()


def _link(pool: IdentityPool, identity: Identity, new: list[VerifiedLogin]) -> None:
    taken = set(identity.logins.values_list("provider", flat=True)) if new else set()
    for login in new:
        if login.provider in taken:
            raise ResourceConflictException(f"{login.provider} is already linked to another identity")
        Login.objects.create(
            pool=pool, provider=login.provider, subject=login.subject, identity=identity, created_at=clock.now()
        )
    if identity.state != Identity.State.LINKED:
        identity.state = Identity.State.LINKED
        identity.modified_at = clock.now()
        identity.save()
