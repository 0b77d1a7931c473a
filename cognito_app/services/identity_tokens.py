"""The identity pools' own OpenID tokens: RS512, ten minutes, verified by STS.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from cognito_app.conf import app_settings
from cognito_app.core import clock, jose
from cognito_app.models import IdentityPool
from cognito_app.services import identity_keys, identity_pools

ALGORITHM = "RS512"
ALGORITHMS = identity_keys.ALGORITHMS
SECONDS = 600
POOL_ARN = "https://cognito-identity.amazonaws.com/identity-pool-arn"
TAGS = "https://aws.amazon.com/tags"
FLAT_TAGS = "https://aws.amazon.com/tags/principal_tags"


def issuer() -> str:
    """Return the ``iss`` of identity tokens."""
    return app_settings.identity_token_issuer or app_settings.public_url


def issue(
    pool: IdentityPool,
    identity_id: str,
    amr: list[str],
    *,
    tags: Mapping[str, str] | None = None,
    flat_tags: bool = False,
    seconds: int = SECONDS,
    algorithm: str = ALGORITHM,
) -> str:
    """Return a token for an identity; ``amr`` says how it was proven, ``tags`` become those of a session.

    ``flat_tags`` adds them in the form that SeaweedFS reads.
    """
    now = clock.epoch()
    key = identity_keys.signing(algorithm)
    claims: dict[str, Any] = {
        "sub": identity_id,
        "aud": pool.id,
        "amr": amr,
        "iss": issuer(),
        POOL_ARN: identity_pools.arn_of(pool.id),
        "exp": now + seconds,
        "iat": now,
    }
    if tags:
        claims[TAGS] = {"principal_tags": {name: [value] for name, value in tags.items()}}
    if tags and flat_tags:
        claims[FLAT_TAGS] = dict(tags)
    return jose.sign(claims, key.private, key.kid, algorithm, typ="JWS")


def principal_tags(claims: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags that a token carries."""
    given = claims.get(TAGS) or {}
    return {name: values[0] for name, values in given.get("principal_tags", {}).items()}


def verify(token: str) -> Mapping[str, Any]:
    """Return the claims of one of our identity tokens. Raises core.jose.TokenError."""
    header, _ = jose.peek(token)
    found = identity_keys.public(str(header.get("kid")))
    if found is None:
        raise jose.TokenError("signature")
    claims = jose.verify(token, *found)
    if claims.get("iss") != issuer():
        raise jose.TokenError("malformed")
    jose.check_time(claims, clock.now())
    return claims


def jwks() -> bytes:
    """Return the published keys."""
    return identity_keys.jwks()


def forget() -> None:
    """Drop the keys from memory (between tests)."""
    identity_keys.forget()


def discovery() -> bytes:
    """Return the discovery document of the identity issuer."""
    return orjson.dumps(
        {
            "issuer": issuer(),
            "jwks_uri": f"{app_settings.public_url}/.well-known/jwks_uri",
            "authorization_endpoint": f"{app_settings.public_url}/",
            "subject_types_supported": ["public"],
            "response_types_supported": ["token"],
            "id_token_signing_alg_values_supported": list(ALGORITHMS),
        }
    )
