"""What an access token allows, and which client belongs to which pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cognito_app.core import jose
from cognito_app.errors import NotAuthorizedException, ResourceNotFoundException, UserNotFoundException
from cognito_app.models import PoolUser, user_rows
from cognito_app.services import config, tokens
from cognito_app.services.config import ClientConfig, PoolConfig

REASONS = {
    "malformed": "Invalid Access Token",
    "signature": "Could not verify signature for Access Token",
    "expired": "Access Token has expired",
    "not_yet": "Invalid Access Token",
}


@dataclass(frozen=True, slots=True)
class AccessGrant:
    """A valid access token: whose it is, and by which client."""

    user: PoolUser
    client: ClientConfig
    pool: PoolConfig
    scopes: frozenset[str]
    claims: Mapping[str, Any] = field(repr=False)


def check_client_of_pool(client: ClientConfig, pool: PoolConfig) -> None:
    """Raises ResourceNotFoundException if the client belongs to another pool."""
    if client.pool_id != pool.id:
        raise ResourceNotFoundException(f"User pool client {client.id} does not exist.")


def verify(token: str, *, scope: str = tokens.API_SCOPE) -> AccessGrant:
    """Check an access token completely, in the order of spec/user-pools.md 1.8, with one query for the user.

    Raises NotAuthorizedException or UserNotFoundException.
    """
    try:
        claims = tokens.verify(token, use="access")
    except jose.TokenError as error:
        raise NotAuthorizedException(REASONS[error.reason]) from None
    scopes = frozenset(str(claims.get("scope", "")).split())
    if scope not in scopes:
        raise NotAuthorizedException("Access Token does not have required scopes")
    try:
        pool = config.pool(str(claims["iss"]).rsplit("/", 1)[-1])
        client = config.client(str(claims.get("client_id", "")))
    except ResourceNotFoundException:
        raise NotAuthorizedException("Invalid Access Token") from None
    user = user_of(pool, claims, "Access Token")
    return AccessGrant(user=user, client=client, pool=pool, scopes=scopes, claims=claims)


def user_of(pool: PoolConfig, claims: Mapping[str, Any], what: str) -> PoolUser:
    """Return the user of a verified token if it was not revoked; ``what`` names it in messages.

    Raises NotAuthorizedException or UserNotFoundException.
    """
    user, revoked = user_rows.by_sub(pool.id, str(claims["sub"]), claims.get("origin_jti"))
    if user is None:
        raise UserNotFoundException
    if revoked or _signed_out_since(user, claims):
        raise NotAuthorizedException(f"{what} has been revoked")
    if not user.enabled:
        raise NotAuthorizedException("User is disabled.")
    return user


def _signed_out_since(user: PoolUser, claims: Mapping[str, Any]) -> bool:
    """Tokens without ``origin_jti`` (revocation is off for the client) fall by their age alone."""
    if user.signed_out_at is None or "origin_jti" in claims:
        return False
    return bool(claims.get("iat", 0) < int(user.signed_out_at.timestamp()))
