"""AssumeRoleWithWebIdentity, and the same trade inside of the enhanced flow of identity pools.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from cognito_app.core import jose
from cognito_app.errors import InvalidIdentityToken
from cognito_app.models import Role, standing
from cognito_app.services import identity_tokens, oidc_providers, principals, roles
from cognito_app.services.credentials import Issued
from cognito_app.services.sts import minting, narrowing, web_tokens
from cognito_app.services.sts.minting import Minted, Wish
from cognito_app.services.sts.narrowing import Asked

ASSUME = "sts:AssumeRoleWithWebIdentity"
FEDERATED = roles.IDENTITY_PROVIDER
TAGS_CLAIM = "https://aws.amazon.com/tags"
SOURCE_IDENTITY_CLAIM = "https://aws.amazon.com/source_identity"


@dataclass(frozen=True, slots=True)
class _Proven:
    """A verified token: the principal's name in trust policies, the condition keys, and what the answer says."""

    principal: str
    provider: str
    subject: str
    audience: str
    keys: Mapping[str, str | list[str]]
    claims: Mapping[str, Any]
    identity_id: str | None = None


def assume_with_token(
    asked: Asked,
    *,
    token: str,
    role_arn: str,
    session_name: str,
    provider_id: str | None = None,
) -> Minted:
    """Return credentials of a role for an OpenID token: of an identity pool, or of a provider that IAM knows.

    Raises InvalidIdentityToken, ExpiredWebIdentityToken, IDPCommunicationError, AccessDenied,
    MalformedPolicyDocument, PackedPolicyTooLarge, ValidationError.
    """
    if provider_id is not None:
        raise InvalidIdentityToken("ProviderId is for OAuth 2.0 access tokens, which are not supported.")
    proven = _prove(token)
    tags = proven.claims.get(TAGS_CLAIM)
    tags = tags if isinstance(tags, Mapping) else {}
    held = asked.narrowing(
        tags=minting.first_values(tags.get("principal_tags")),
        transitive=[str(key) for key in tags.get("transitive_tag_keys") or ()],
    )
    source = proven.claims.get(SOURCE_IDENTITY_CLAIM)
    wish = Wish(
        action=ASSUME,
        names={"Federated": {proven.principal}},
        session_name=session_name,
        seconds=asked.seconds or minting.DEFAULT_SECONDS,
        context=principals.surroundings(asked.ip),
        carried=proven.keys,
        narrowing=held,
        source_identity=source if isinstance(source, str) and source else None,
        identity_id=proven.identity_id,
        minimum_size=asked.minimum_size,
    )
    role = minting.check_trust(roles.loaded_by_arn(role_arn), wish)
    minting.check_duration(role, wish.seconds)
    return replace(minting.mint(role, wish), subject=proven.subject, audience=proven.audience, provider=proven.provider)


def _prove(token: str) -> _Proven:
    """Verify a token. Raises InvalidIdentityToken, ExpiredWebIdentityToken or IDPCommunicationError."""
    try:
        _, unverified = jose.peek(token)
    except jose.TokenError:
        raise InvalidIdentityToken("The ID Token provided is not a valid JWT.") from None
    issuer = str(unverified.get("iss"))
    return _of_pool(token) if issuer == identity_tokens.issuer() else _of_provider(issuer, token)


def _of_pool(token: str) -> _Proven:
    try:
        claims = identity_tokens.verify(token)
    except jose.TokenError as error:
        raise web_tokens.refusal(error, token) from None
    identity_id = str(claims["sub"])
    if not standing.identity_in_use(identity_id):
        raise InvalidIdentityToken("The identity of the token does not exist.")
    return _Proven(
        principal=FEDERATED,
        provider=FEDERATED,
        subject=identity_id,
        audience=str(claims["aud"]),
        keys=_pool_keys(claims),
        claims=claims,
        identity_id=identity_id,
    )


def _pool_keys(claims: Mapping[str, Any]) -> dict[str, str | list[str]]:
    return {
        f"{FEDERATED}:aud": str(claims["aud"]),
        f"{FEDERATED}:sub": str(claims["sub"]),
        f"{FEDERATED}:amr": [str(item) for item in claims["amr"]],
        "aws:FederatedProvider": FEDERATED,
    }


def _of_provider(issuer: str, token: str) -> _Proven:
    provider = oidc_providers.by_issuer(issuer)
    if provider is None:
        raise InvalidIdentityToken(f"No OpenIDConnect provider found in your account for {issuer[:256]}")
    claims, audience = web_tokens.verify(provider, token)
    arn = oidc_providers.arn_of(provider)
    return _Proven(
        principal=arn,
        provider=issuer,
        subject=str(claims["sub"]),
        audience=audience,
        keys={**web_tokens.condition_keys(provider.name, claims), "aws:FederatedProvider": arn},
        claims=claims,
    )


def assume(
    role: Role,
    claims: Mapping[str, Any],
    *,
    session_name: str,
    seconds: int,
    narrowing: Sequence[Mapping[str, Any]] = (),
    tags: Mapping[str, str] | None = None,
    ip: str = "",
) -> Issued | None:
    """Return credentials of a role for an identity with these claims (``aud``, ``sub``, ``amr``), or None.

    None says that the role does not trust the identity with these tags. The session policies in ``narrowing`` are
    together what the session may do at most. Raises PackedPolicyTooLarge or ValidationError for bad tags.
    """
    held = _held(narrowing, tags or {})
    wish = Wish(
        action=ASSUME,
        names={"Federated": {FEDERATED}},
        session_name=session_name,
        seconds=seconds,
        context=principals.surroundings(ip),
        carried=_pool_keys(claims),
        narrowing=held,
        identity_id=str(claims["sub"]),
    )
    loaded = roles.loaded(role.name)
    if loaded is None or not minting.is_trusted(loaded, wish):
        return None
    return minting.mint(loaded, wish).issued


def _held(documents: Sequence[Mapping[str, Any]], tags: Mapping[str, str]) -> narrowing.Narrowing:
    """Session policies of our own (the guests' scope-down) do not count against the limits of those of callers."""
    held = narrowing.read(tags=tags)
    if not documents:
        return held
    return replace(held, inline=tuple(orjson.dumps(document).decode() for document in documents), managed=())
