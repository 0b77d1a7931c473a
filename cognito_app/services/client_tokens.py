"""Access tokens that stand for an app client and no user, by the token endpoint or by GetClientToken.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-define-resource-servers.html
"""

from __future__ import annotations

from collections.abc import Mapping

from cognito_app.core import clock, jose
from cognito_app.errors import InvalidParameterException, NotAuthorizedException, ServiceError
from cognito_app.services import claim_changes, claims, client_rules, clients, keys, resource_servers, token_triggers
from cognito_app.services.actor import Actor
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.tokens import Tokens


def scopes_of(pool: PoolConfig, client: ClientConfig) -> tuple[str, ...]:
    """Return the custom scopes of a client, as far as their resource servers still have them."""
    in_force = resource_servers.scopes_in_force(pool)
    return tuple(name for name in client.oauth_scopes if name in in_force)


def sign(
    pool: PoolConfig,
    client: ClientConfig,
    scopes: tuple[str, ...],
    actor: Actor,
    metadata: Mapping[str, str] | None = None,
) -> Tokens:
    """Sign an access token of the client's own.

    Raises UserLambdaValidationException, UnexpectedLambdaException, InvalidLambdaResponseException.
    """
    changes = token_triggers.of_client(pool, client, actor, scopes, metadata)
    signing = keys.of_pool(pool.id)
    if signing is None:
        raise RuntimeError("a pool without signing keys")
    body = claims.client_access_token(pool.issuer, client.id, scopes, clock.epoch(), client.access_seconds)
    body = claim_changes.on_access_token(body, changes, client.id)
    access = jose.sign(body, signing.access_token.private, signing.access_token.kid)
    return Tokens(access=access, id=None, refresh=None, expires_in=client.access_seconds)


def issue(
    pool: PoolConfig,
    client: ClientConfig,
    actor: Actor,
    *,
    secret: str,
    scopes: list[str] | None,
    metadata: Mapping[str, str] | None = None,
) -> Tokens:
    """Run GetClientToken; without ``scopes`` the client gets all that it has.

    Raises NotAuthorizedException, and InvalidParameterException for a client without the flow or a scope not its own.
    """
    if not client.secrets or not clients.verify_secret(client, secret):
        raise NotAuthorizedException(f"Unable to verify client secret for client {client.id}")
    if client_rules.CLIENT_TOKEN_FLOW not in client.flows:
        raise InvalidParameterException(f"{client_rules.CLIENT_TOKEN_FLOW} flow not enabled for this client")
    custom = [name for name in client.oauth_scopes if name not in client_rules.RESERVED_SCOPES]
    for name in scopes or ():
        if name not in custom:
            raise InvalidParameterException(f"Invalid scope requested: {name}")
    granted = tuple(name for name in scopes_of(pool, client) if not scopes or name in scopes)
    if not granted:
        raise InvalidParameterException("The app client has no custom scopes to authorize.")
    try:
        return sign(pool, client, granted, actor, metadata)
    except ServiceError as error:
        # The operation lists no error of triggers.
        raise NotAuthorizedException(error.message) from None
