"""PreTokenGeneration: asked when it is clear what tokens are to say, before they are signed.

It runs outside of transactions; a pool without the trigger pays nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from cognito_app.services import claim_changes, claims, pool_triggers, tokens
from cognito_app.services.actor import Actor
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.tokens import Grant, Tokens
from cognito_app.services.trigger_events import attributes_of
from cognito_app.triggers import token_generation
from cognito_app.triggers.token_generation import GroupChange, TokenChanges


def sign(grant: Grant, actor: Actor, source: str, metadata: Mapping[str, str] | None = None) -> Tokens:
    """Sign the first tokens of a family; if the trigger fails, its refresh token is revoked.

    Raises UserLambdaValidationException, UnexpectedLambdaException, InvalidLambdaResponseException.
    """
    try:
        changed = customized(grant, actor, source, metadata)
    except Exception:
        tokens.revoke_family(grant.origin_jti)
        raise
    return tokens.sign(changed)


def customized(grant: Grant, actor: Actor, source: str, metadata: Mapping[str, str] | None = None) -> Grant:
    """Return the grant with what the trigger changes. Raises as ``sign``."""
    calling = pool_triggers.caller(grant.pool, grant.client.id, actor)
    if token_generation.version_of(calling) is None:
        return grant
    roles = claims.roles_of(grant.groups)
    changes = token_generation.change(
        calling,
        source,
        grant.user.username,
        attributes_of(grant.user),
        groups=GroupChange(
            groups=tuple(group.name for group in grant.groups),
            roles=tuple(roles.get(claim_changes.ROLES, ())),
            preferred_role=roles.get(claim_changes.PREFERRED_ROLE),
        ),
        scopes=grant.scopes,
        metadata=metadata,
    )
    return replace(grant, changes=claim_changes.check(changes))


def customizer(actor: Actor, source: str, metadata: Mapping[str, str] | None = None) -> Callable[[Grant], Grant]:
    """Return ``customized`` for a grant that is yet to come."""
    return lambda grant: customized(grant, actor, source, metadata)


def of_client(
    pool: PoolConfig,
    client: ClientConfig,
    actor: Actor,
    scopes: tuple[str, ...],
    metadata: Mapping[str, str] | None = None,
) -> TokenChanges:
    """Ask about a token that stands for a client and no user, where the trigger is of version 3. Raises as ``sign``."""
    changes = token_generation.change(
        pool_triggers.caller(pool, client.id, actor),
        token_generation.CLIENT_CREDENTIALS,
        client.id,
        {},
        groups=GroupChange(groups=(), roles=(), preferred_role=None),
        scopes=scopes,
        metadata=metadata,
    )
    return claim_changes.check(changes)
