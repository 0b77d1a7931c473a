"""Which identity proofs lead to: what is new is linked, what belongs to one person is merged.

Identities are locked in the order of their ids. The unique keys of logins and developer users are the arbiters between
parallel requests: whoever loses a race looks again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from django.db import IntegrityError, transaction

from cognito_app.conf import app_settings
from cognito_app.core import clock, ids
from cognito_app.errors import (
    DeveloperUserAlreadyRegisteredException,
    NotAuthorizedException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from cognito_app.models import DeveloperUser, Identity, IdentityPool, Login
from cognito_app.services.login_providers.verified import MISMATCH, VerifiedLogin

MAX_LOGINS = 20
RACES = 30  # each lost round is one that another request won
REGISTERED = "The developer user identifier is already registered under a different identity ID."
CONFLICT = "{} is already linked to another identity"

Key = tuple[str, str]
DEVELOPER = ""


class _ChangedError(Exception):
    """Another request moved a login while this one waited for its locks."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a request shows of itself: verified logins, and a developer user that the app's backend vouches for."""

    logins: tuple[VerifiedLogin, ...]
    developer: str | None = None

    @property
    def keys(self) -> list[Key]:
        """The login keys, the developer user's first."""
        public = [(login.provider, login.subject) for login in self.logins]
        return public if self.developer is None else [(DEVELOPER, digest(self.developer)), *public]


def digest(identifier: str) -> str:
    """Return what a developer user is found by."""
    return sha256(identifier.encode("utf-8", "surrogatepass")).hexdigest()


def forbidden(identity_id: str) -> NotAuthorizedException:
    """Return the refusal of an identity that the caller has not proven."""
    return NotAuthorizedException(f"Access to Identity '{identity_id}' is forbidden.")


def not_found(identity_id: str) -> ResourceNotFoundException:
    """Return the refusal of an identity that does not exist."""
    return ResourceNotFoundException(f"Identity '{identity_id}' not found.")


def settle(pool: IdentityPool, target_id: str | None, proof: Proof) -> str:
    """Return the identity of the proofs, after linking and merging what they prove.

    ``target_id`` is the identity that the request names. Raises NotAuthorizedException, ResourceNotFoundException,
    ResourceConflictException, DeveloperUserAlreadyRegisteredException.
    """
    owners = owners_of(pool, proof)
    found = set(owners.values())
    if len(owners) == len(proof.keys) and len(found) == 1 and target_id in (None, *found):
        return found.pop()
    return _retry(lambda: _settle(pool, target_id, proof))


def owners_of(pool: IdentityPool, proof: Proof) -> dict[Key, str]:
    """Return the identities that the proofs belong to already."""
    owners: dict[Key, str] = {}
    for provider, subject in proof.keys:
        if provider == DEVELOPER:
            users = DeveloperUser.objects.filter(pool=pool, digest=subject)
            owner = users.values_list("identity_id", flat=True).first()
        else:
            logins = Login.objects.filter(pool=pool, provider=provider, subject=subject)
            owner = logins.values_list("identity_id", flat=True).first()
        if owner is not None:
            owners[provider, subject] = owner
    return owners


def new_identity(pool: IdentityPool, state: Identity.State) -> Identity:
    """Make an identity in the pool's Region."""
    now = clock.now()
    region = pool.id.split(":", 1)[0] or app_settings.region
    return Identity.objects.create(id=ids.identity_id(region), pool=pool, state=state, created_at=now, modified_at=now)


def touch(identity: Identity, state: Identity.State | None = None, *, merged_into: str = "") -> None:
    """Store that an identity changed."""
    identity.state = state or Identity.State(identity.state)
    identity.merged_into = merged_into or identity.merged_into
    identity.modified_at = clock.now()
    identity.save(update_fields=["state", "merged_into", "modified_at"])


def lock(*identity_ids: str) -> dict[str, Identity]:
    """Lock identities until the transaction ends, in the order of their ids; those that are gone are missing."""
    rows = Identity.objects.select_for_update().filter(pk__in=identity_ids).order_by("pk")
    return {row.pk: row for row in rows}


def absorb(survivor: Identity, other: Identity) -> None:
    """Give all that leads to ``other`` to ``survivor`` and disable ``other``. Both must be locked.

    Raises ResourceConflictException.
    """
    mine = set(survivor.logins.values_list("provider", flat=True))
    theirs = set(other.logins.values_list("provider", flat=True))
    if mine & theirs:
        raise ResourceConflictException("Both identities have a login of the same provider.")
    if _count(survivor) + _count(other) > MAX_LOGINS:
        raise ResourceConflictException("Too many logins for one identity.")
    other.logins.update(identity=survivor)
    other.developer_users.update(identity=survivor)
    touch(other, Identity.State.DISABLED, merged_into=survivor.pk)
    touch(survivor)


def _count(identity: Identity) -> int:
    return identity.logins.count() + identity.developer_users.count()


def _retry(attempt: Callable[[], str]) -> str:
    for _ in range(RACES):
        try:
            with transaction.atomic():
                return attempt()
        except (IntegrityError, _ChangedError):
            continue
    raise ResourceConflictException("The login was linked by another request.")


def _settle(pool: IdentityPool, target_id: str | None, proof: Proof) -> str:
    owners = owners_of(pool, proof)
    wanted = set(owners.values()) | ({target_id} if target_id else set())
    rows = lock(*wanted)
    if target_id is not None and target_id not in rows:
        raise not_found(target_id)
    if wanted - set(rows) or owners_of(pool, proof) != owners:
        raise _ChangedError
    target = rows[target_id] if target_id else None
    if target is not None:
        _check_target(target, owners, proof)
    known = [rows[pk] for pk in dict.fromkeys(owners.values())]
    survivor = _survivor(target, known, owners) or new_identity(pool, Identity.State.LINKED)
    for other in [row for row in rows.values() if row.pk != survivor.pk]:
        absorb(survivor, other)
    _link(pool, survivor, proof, owners)
    return survivor.pk


def _check_target(target: Identity, owners: dict[Key, str], proof: Proof) -> None:
    """A linked identity must be proven, or anybody could take it."""
    if target.state == Identity.State.DISABLED:
        raise forbidden(target.pk)
    if proof.developer is not None:
        owner = owners.get((DEVELOPER, digest(proof.developer)))
        if owner not in (None, target.pk):
            raise DeveloperUserAlreadyRegisteredException(REGISTERED)
        if owner is None and not target.logins.exists():
            return  # the backend vouches for the identities that only its own users lead to
    if target.state == Identity.State.LINKED and target.pk not in owners.values():
        raise NotAuthorizedException(MISMATCH)


def _survivor(target: Identity | None, known: list[Identity], owners: dict[Key, str]) -> Identity | None:
    """The identity named in the request unless it is a guest among linked ones, else the developer user's or oldest."""
    if target is not None and (target.state == Identity.State.LINKED or not known):
        return target
    if not known:
        return None
    users = {owner for (provider, _), owner in owners.items() if provider == DEVELOPER}
    return min(known, key=lambda row: (row.pk not in users, row.created_at, row.pk))


def _link(pool: IdentityPool, identity: Identity, proof: Proof, owners: dict[Key, str]) -> None:
    new = [login for login in proof.logins if (login.provider, login.subject) not in owners]
    new_user = proof.developer is not None and (DEVELOPER, digest(proof.developer)) not in owners
    if not new and not new_user:
        return
    taken = set(identity.logins.values_list("provider", flat=True))
    if _count(identity) + len(new) + new_user > MAX_LOGINS:
        raise ResourceConflictException("Too many logins for one identity.")
    now = clock.now()
    for login in new:
        if login.provider in taken:
            raise ResourceConflictException(CONFLICT.format(login.provider))
        taken.add(login.provider)
        Login.objects.create(
            pool=pool, provider=login.provider, subject=login.subject, identity=identity, created_at=now
        )
    if new_user:
        identifier = proof.developer or ""
        DeveloperUser.objects.create(
            pool=pool, digest=digest(identifier), identifier=identifier, identity=identity, created_at=now
        )
    touch(identity, Identity.State.LINKED)
