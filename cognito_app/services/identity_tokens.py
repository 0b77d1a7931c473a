"""The identity pools' own OpenID tokens: RS512, ten minutes, verified by STS.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.db import IntegrityError, transaction

from cognito_app.conf import app_settings
from cognito_app.core import clock, jose
from cognito_app.models import IdentityPool, SigningKey
from cognito_app.services import identity_pools, keys
from cognito_app.services.keys import LoadedKey

ALGORITHM = "RS512"
SECONDS = 600
TAGS = "https://aws.amazon.com/tags"

_lock = threading.Lock()
_signing: dict[str, LoadedKey] = {}


def issuer() -> str:
    """Return the ``iss`` of identity tokens."""
    return app_settings.identity_token_issuer or app_settings.public_url


def _key() -> LoadedKey:
    with _lock:
        if "now" not in _signing:
            _signing["now"] = keys.load(_newest() or _first())
        return _signing["now"]


def _newest() -> SigningKey | None:
    return SigningKey.objects.filter(use=SigningKey.Use.IDENTITY, retired_at=None).order_by("-created_at").first()


def _first() -> SigningKey:
    """Make the installation's first key; of several processes that try, one wins by the key's fixed name."""
    row = keys.new_key(SigningKey.Use.IDENTITY, algorithm=ALGORITHM, kid=f"{app_settings.region}-1")
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return SigningKey.objects.get(pk=row.kid)
    return row


def forget() -> None:
    """Drop the key from memory (after a rotation, and between tests)."""
    with _lock:
        _signing.clear()


def issue(
    pool: IdentityPool,
    identity_id: str,
    amr: list[str],
    *,
    tags: Mapping[str, str] | None = None,
    seconds: int = SECONDS,
) -> str:
    """Return a token for an identity; ``amr`` says how it was proven, ``tags`` become those of a session."""
    now = clock.epoch()
    key = _key()
    claims: dict[str, Any] = {
        "sub": identity_id,
        "aud": pool.id,
        "amr": amr,
        "iss": issuer(),
        "https://cognito-identity.amazonaws.com/identity-pool-arn": identity_pools.arn_of(pool.id),
        "exp": now + seconds,
        "iat": now,
    }
    if tags:
        claims[TAGS] = {"principal_tags": {name: [value] for name, value in tags.items()}}
    return jose.sign(claims, key.private, key.kid, ALGORITHM, typ="JWS")


def principal_tags(claims: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags that a token carries."""
    given = claims.get(TAGS) or {}
    return {name: values[0] for name, values in given.get("principal_tags", {}).items()}


def verify(token: str) -> Mapping[str, Any]:
    """Return the claims of one of our identity tokens. Raises core.jose.TokenError."""
    header, _ = jose.peek(token)
    claims = jose.verify(token, _public_key(str(header.get("kid"))), ALGORITHM)
    if claims.get("iss") != issuer():
        raise jose.TokenError("malformed")
    jose.check_time(claims, clock.now())
    return claims


def _public_key(kid: str) -> RSAPublicKey:
    key = _key()
    if kid == key.kid:
        return key.public
    row = SigningKey.objects.filter(pk=kid[:64], use=SigningKey.Use.IDENTITY).first() if "\x00" not in kid else None
    if row is None:
        raise jose.TokenError("signature")
    return keys.load(row).public


def jwks() -> bytes:
    """Return the published keys."""
    _key()
    published = SigningKey.objects.filter(use=SigningKey.Use.IDENTITY).values_list("public_jwk", flat=True)
    return orjson.dumps({"keys": list(published)})


def discovery() -> bytes:
    """Return the discovery document of the identity issuer."""
    return orjson.dumps(
        {
            "issuer": issuer(),
            "jwks_uri": f"{app_settings.public_url}/.well-known/jwks_uri",
            "authorization_endpoint": f"{app_settings.public_url}/",
            "subject_types_supported": ["public"],
            "response_types_supported": ["token"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
        }
    )
