"""Users that an app's backend vouches for (developer authenticated identities).

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/developer-authenticated-identities.html
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from cognito_app.errors import (
    ExternalServiceException,
    InvalidParameterException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from cognito_app.models import DeveloperUser, Identity, IdentityPool
from cognito_app.services import (
    identities,
    identity_links,
    identity_pools,
    identity_tokens,
    keyset,
    logins,
    principal_tags,
)
from cognito_app.services.actor import Actor, audit
from cognito_app.services.identity_links import Proof, digest, not_found
from cognito_app.services.login_providers.verified import VerifiedLogin, invalid

SECONDS = 900
PAGE = 60
UNSUPPORTED = "This identity pool does not support the specified developer provider"


def open_id_token(
    pool_id: str,
    identity_id: str | None,
    given: Mapping[str, str],
    *,
    tags: Mapping[str, str] | None,
    seconds: int | None,
) -> tuple[str, str]:
    """Return the identity of a developer user, made or linked as the logins prove, and an OpenID token for it.

    Raises ResourceNotFoundException, NotAuthorizedException, ResourceConflictException, InvalidParameterException,
    DeveloperUserAlreadyRegisteredException.
    """
    pool = identity_pools.find(pool_id)
    name = _provider(pool)
    if name is None or name not in given:
        raise InvalidParameterException(UNSUPPORTED)
    principal_tags.check_literals(tags or {})
    if identity_id is not None:
        _of_pool(pool, identity_id)
    identifier = given[name]
    public = {key: token for key, token in given.items() if key != name}
    verified = _verify(pool, public)
    settled = identity_links.settle(pool, identity_id, Proof(verified, identifier))
    amr = ["authenticated", name, f"{name}:{pool.id}:{identifier}"]
    amr += [entry for login in verified for entry in login.amr]
    return settled, identity_tokens.issue(pool, settled, amr, tags=tags, seconds=seconds or SECONDS)


def _verify(pool: IdentityPool, public: Mapping[str, str]) -> tuple[VerifiedLogin, ...]:
    try:
        return tuple(logins.verify_all(pool, public, "GetOpenIdTokenForDeveloperIdentity"))
    except ExternalServiceException as error:  # the model does not list it for this operation
        raise invalid(error.message) from None


def lookup(
    pool_id: str, identity_id: str | None, identifier: str | None, *, limit: int | None, token: str | None
) -> tuple[str, list[str], str | None]:
    """Return an identity, its developer users, and the token of the next page.

    Raises ResourceNotFoundException, InvalidParameterException, ResourceConflictException (both given, no match).
    """
    pool = identity_pools.find(pool_id)
    if identifier is not None:
        user = _user(pool, identifier)
        if identity_id not in (None, user.identity_id):
            raise ResourceConflictException("The developer user identifier belongs to another identity.")
        return user.identity_id, [identifier], None
    if identity_id is None:
        raise InvalidParameterException("Either IdentityId or DeveloperUserIdentifier is required.")
    _of_pool(pool, identity_id)
    rows = DeveloperUser.objects.filter(identity=identity_id)
    scope = f"LookupDeveloperIdentity:{identity_id}"
    found, following = keyset.by_key(rows, scope=scope, limit=limit or PAGE, token=token)
    return identity_id, [row.identifier for row in found], following


def merge(actor: Actor, pool_id: str, provider: str, *, source: str, destination: str) -> str:
    """Give the identity of one developer user to that of another; returns the latter.

    Raises ResourceNotFoundException, InvalidParameterException, ResourceConflictException.
    """
    pool = identity_pools.find(pool_id)
    _check_provider(pool, provider)
    with transaction.atomic():
        pair = [_user(pool, identifier).identity_id for identifier in (source, destination)]
        rows = identity_links.lock(*pair)
        if [_user(pool, identifier).identity_id for identifier in (source, destination)] != pair:
            raise ResourceConflictException("The identities are being changed by another request.")
        if pair[0] != pair[1]:
            identity_links.absorb(rows[pair[1]], rows[pair[0]])
            audit(actor, "MergeDeveloperIdentities", pool_id=pool_id, subject=pair[1], merged=pair[0])
    return pair[1]


def unlink(actor: Actor, pool_id: str, identity_id: str, provider: str, identifier: str) -> None:
    """Take a developer user from an identity; without any login left this is disabled.

    Raises ResourceNotFoundException, InvalidParameterException, ResourceConflictException (it is of another identity).
    """
    pool = identity_pools.find(pool_id)
    _check_provider(pool, provider)
    _of_pool(pool, identity_id)
    with transaction.atomic():
        identity = identity_links.lock(identity_id).get(identity_id)
        if identity is None:
            raise not_found(identity_id)
        user = _user(pool, identifier)
        if user.identity_id != identity_id:
            raise ResourceConflictException("The developer user identifier belongs to another identity.")
        user.delete()
        identities.close_if_empty(identity)
        audit(actor, "UnlinkDeveloperIdentity", pool_id=pool_id, subject=identity_id)


def _provider(pool: IdentityPool) -> str | None:
    name: str | None = pool.configuration.get("DeveloperProviderName")
    return name


def _check_provider(pool: IdentityPool, name: str) -> None:
    if name != _provider(pool):
        raise InvalidParameterException(UNSUPPORTED)


def _of_pool(pool: IdentityPool, identity_id: str) -> None:
    """An identity of another pool is not found, like one that does not exist."""
    if not Identity.objects.filter(pk=identity_id, pool=pool).exists():
        raise not_found(identity_id)


def _user(pool: IdentityPool, identifier: str) -> DeveloperUser:
    user = DeveloperUser.objects.filter(pool=pool, digest=digest(identifier)).first()
    if user is None:
        raise ResourceNotFoundException("The developer user identifier was not found.")
    return user
