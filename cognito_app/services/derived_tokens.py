"""Token exchange: a token of a user is traded for a narrower one for another service (RFC 8693).

Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetDerivedToken.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cognito_app.core import clock, jose
from cognito_app.errors import InvalidParameterException, NotAuthorizedException, ResourceNotFoundException
from cognito_app.models import PoolUser
from cognito_app.services import (
    access,
    claims,
    client_rules,
    clients,
    config,
    groups,
    keys,
    resource_servers,
    token_triggers,
    tokens,
)
from cognito_app.services.actor import Actor, audit
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.tokens import API_SCOPE, Grant
from cognito_app.triggers import token_generation

ACCESS_TOKEN, ID_TOKEN = "ACCESS_TOKEN", "ID_TOKEN"
USE = "token_use"
USES = {ACCESS_TOKEN: "access", ID_TOKEN: "id"}
REASONS = {
    "malformed": "Invalid {}",
    "signature": "Could not verify signature for {}",
    "expired": "{} has expired",
    "not_yet": "Invalid {}",
}


@dataclass(frozen=True, slots=True)
class GivenToken:
    """A token as the request presents it; ``provider`` names who issued it, None for the pool itself."""

    text: str = field(repr=False)
    kind: str
    provider: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the new token is to be: its kind, scopes (None: those of the subject token) and audience."""

    kind: str
    scopes: tuple[str, ...] | None
    audience: str | None


@dataclass(frozen=True, slots=True)
class Derived:
    """An issued token; ``scopes`` is None for an ID token, which carries none."""

    token: str = field(repr=False)
    kind: str
    expires_in: int
    scopes: tuple[str, ...] | None


def authenticate(client: ClientConfig, secret: str | None, *, by_iam: bool) -> None:
    """Check the client's secret; a caller whose IAM credentials were accepted may leave it out.

    Raises NotAuthorizedException.
    """
    if by_iam and secret is None:
        return
    if not clients.verify_secret(client, secret):
        raise NotAuthorizedException(f"Unable to verify client secret for client {client.id}")


def exchange(
    pool: PoolConfig, client: ClientConfig, caller: Actor, subject: GivenToken, actor: GivenToken | None, wanted: Wanted
) -> Derived:
    """Issue a token that says of the subject's user what the subject token does, or less.

    With ``actor`` it names who acts for the user. Raises InvalidParameterException, NotAuthorizedException,
    ResourceNotFoundException, UserNotFoundException, UnexpectedLambdaException.
    """
    flow = client_rules.IMPERSONATION_FLOW if actor is None else client_rules.DELEGATION_FLOW
    if flow not in client.flows:
        raise InvalidParameterException(f"{flow} flow not enabled for this client")
    known = _verify(pool, subject, "Subject Token")
    if _is_of_client(known):
        raise NotAuthorizedException("The Subject Token does not stand for a user.")
    user = access.user_of(pool, known, "Subject Token")
    chain = _chain(known, None if actor is None else _acting(pool, actor))
    if wanted.audience is not None:
        resource_servers.find(pool, wanted.audience)
    scopes = _scopes(pool, client, known, wanted.scopes)
    if wanted.kind == ID_TOKEN and subject.kind == ACCESS_TOKEN and not {"openid", API_SCOPE} & set(scopes):
        raise InvalidParameterException("An ID token needs the scope openid.")
    grant = token_triggers.customized(
        _grant(pool, client, user, known, scopes), caller, token_generation.AUTHENTICATION
    )
    body = _body(grant, known, wanted, chain)
    issued = _sign(pool, body, wanted.kind)
    audit(caller, "GetDerivedToken", pool_id=pool.id, subject=user.sub, client=client.id, acting=bool(actor))
    return Derived(
        token=issued,
        kind=wanted.kind,
        expires_in=body["exp"] - body["iat"],
        scopes=tuple(str(body.get("scope", "")).split()) if wanted.kind == ACCESS_TOKEN else None,
    )


def _verify(pool: PoolConfig, given: GivenToken, what: str) -> Mapping[str, Any]:
    if given.provider is not None:
        # Nothing here can fetch a provider's keys or check an assertion: what cannot be verified is not believed.
        raise NotAuthorizedException(f"The {what} of the provider {given.provider} cannot be verified.")
    if given.kind not in USES:
        raise InvalidParameterException(f"A {what} of the type {given.kind} needs the name of its provider.")
    try:
        known = tokens.verify(given.text, use=USES[given.kind])
    except jose.TokenError as error:
        raise NotAuthorizedException(REASONS[error.reason].format(what)) from None
    if known["iss"] != pool.issuer:
        raise NotAuthorizedException(f"Invalid {what}")
    return known


def _is_of_client(known: Mapping[str, Any]) -> bool:
    """Whether a token came from client credentials."""
    return known[USE] == USES[ACCESS_TOKEN] and "username" not in known


def _acting(pool: PoolConfig, given: GivenToken) -> str:
    """Return the subject of an actor token: a user, or a client that got it by its credentials."""
    known = _verify(pool, given, "Actor Token")
    if not _is_of_client(known):
        return access.user_of(pool, known, "Actor Token").sub
    try:
        client = config.client(str(known["sub"]))
    except ResourceNotFoundException:
        raise NotAuthorizedException("Invalid Actor Token") from None
    return client.id


def _chain(known: Mapping[str, Any], acting: str | None) -> Mapping[str, Any] | None:
    """Return the ``act`` claim: the actor, within it who acted before (RFC 8693 section 4.1)."""
    earlier: Mapping[str, Any] | None = known.get("act")
    if acting is None:
        return earlier
    return {"sub": acting, "act": earlier} if earlier else {"sub": acting}


def _scopes(
    pool: PoolConfig, client: ClientConfig, known: Mapping[str, Any], asked: tuple[str, ...] | None
) -> tuple[str, ...]:
    """Return the scopes to grant: those asked for that subject token and client have, or all of the subject token's.

    An ID token has none.
    """
    held = tuple(str(known.get("scope", "")).split())
    if not asked:
        return held
    allowed = set(client.oauth_scopes) & (client_rules.RESERVED_SCOPES | resource_servers.scopes_in_force(pool))
    granted = tuple(scope for scope in dict.fromkeys(asked) if scope in held and scope in allowed)
    if not granted:
        raise InvalidParameterException("None of the requested scopes can be granted.")
    return granted


def _grant(
    pool: PoolConfig, client: ClientConfig, user: PoolUser, known: Mapping[str, Any], scopes: tuple[str, ...]
) -> Grant:
    return Grant(
        pool=pool,
        client=client,
        user=user,
        groups=groups.of_user(user.pk),
        scopes=scopes,
        auth_time=clock.from_epoch(known["auth_time"]),
        origin_jti=known.get("origin_jti", ""),
        event_id=known.get("event_id", ""),
        levels={name: known[name] for name in tokens.LEVEL_CLAIMS if name in known},
    )


def _body(grant: Grant, known: Mapping[str, Any], wanted: Wanted, act: Mapping[str, Any] | None) -> dict[str, Any]:
    now = clock.epoch()
    if wanted.kind == ACCESS_TOKEN:
        body = claims.access_token(grant, now)
    else:
        body = claims.id_token(grant, now, None)
        if known[USE] == USES[ID_TOKEN]:
            # An ID token has no scopes that say what it may show: not more than it shows itself.
            hidden = [name for name in claims.visible_attributes(grant) if name not in known]
            body = {name: value for name, value in body.items() if name not in hidden}
    return claims.derived(body, known, audience=wanted.audience, act=act)


def _sign(pool: PoolConfig, body: dict[str, Any], kind: str) -> str:
    signing = keys.of_pool(pool.id)
    if signing is None:
        raise RuntimeError("a pool without signing keys")
    key = signing.access_token if kind == ACCESS_TOKEN else signing.id_token
    issued = jose.sign(body, key.private, key.kid)
    if len(issued) > jose.MAX_TOKEN_CHARS:
        raise InvalidParameterException("The chain of actors is too long.")
    return issued
