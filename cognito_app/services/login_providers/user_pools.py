"""Logins by ID tokens of this installation's own user pools: verified in place, without the network.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-integrating-user-pools-with-identity-pools.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from cognito_app.core import jose
from cognito_app.errors import NotAuthorizedException
from cognito_app.models import IdentityPool, user_rows
from cognito_app.services import config, tokens
from cognito_app.services.login_providers.verified import (
    MISMATCH,
    NOT_OPENID,
    UNSUPPORTED,
    WRONG_ISSUER,
    VerifiedLogin,
    invalid,
    refusal,
)


def canonical_provider(pool_id: str) -> str:
    """Return AWS's name of a user pool as a login provider."""
    return f"cognito-idp.{pool_id.split('_', 1)[0]}.amazonaws.com/{pool_id}"


def user_pool_of(key: str) -> str | None:
    """Return the user pool that a Logins key names: in AWS's form, or as the pool's issuer without the scheme."""
    pool_id = key.rpartition("/")[2]
    if "_" not in pool_id:
        return None
    return pool_id if key in (canonical_provider(pool_id), _issuer_key(pool_id)) else None


def _issuer_key(pool_id: str) -> str:
    return config.issuer_of(pool_id).split("://", 1)[-1]


def verify(pool: IdentityPool, pool_id: str, token: str) -> VerifiedLogin:
    """Verify an ID token of a user pool.

    Raises NotAuthorizedException with AWS's text.
    """
    name = canonical_provider(pool_id)
    listed = pool.configuration.get("CognitoIdentityProviders") or []
    entries = [entry for entry in listed if user_pool_of(entry.get("ProviderName", "")) == pool_id]
    if not entries:
        raise NotAuthorizedException(UNSUPPORTED if listed else MISMATCH)
    claims = _claims(pool_id, token)
    client_id = str(claims["aud"])
    entries = [entry for entry in entries if entry.get("ClientId") == client_id]
    if not entries:
        raise NotAuthorizedException(UNSUPPORTED)
    if any(entry.get("ServerSideTokenCheck") for entry in entries):
        _check_alive(pool_id, claims)
    subject = str(claims["sub"])
    preferred = claims.get("cognito:preferred_role")
    return VerifiedLogin(
        provider=name,
        subject=subject,
        client_id=client_id,
        claims=claims,
        proof=f"{name}:CognitoSignIn:{subject}",
        names=(f"{name}:{client_id}", f"{_issuer_key(pool_id)}:{client_id}", name, _issuer_key(pool_id)),
        roles=_roles(claims.get("cognito:roles")),
        preferred_role=str(preferred) if preferred else None,
    )


def _roles(value: Any) -> tuple[str, ...]:
    """The claim is a list, or (as the guide has it) a text with commas or a list in JSON."""
    if isinstance(value, str) and value.startswith("["):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return ()
    if isinstance(value, str):
        value = value.split(",")
    return tuple(str(item).strip() for item in value) if isinstance(value, list) else ()


def _claims(pool_id: str, token: str) -> Mapping[str, Any]:
    try:
        _, unverified = jose.peek(token)
    except jose.TokenError:
        raise invalid(NOT_OPENID) from None
    if unverified.get("iss") != config.issuer_of(pool_id):
        raise invalid(WRONG_ISSUER)
    if "aud" not in unverified:
        raise invalid("Missing a required claim: aud")
    try:
        return tokens.verify_id_token(token)
    except jose.TokenError as error:
        raise refusal(error, unverified.get("exp")) from None


def _check_alive(pool_id: str, claims: Mapping[str, Any]) -> None:
    """ServerSideTokenCheck: the user exists, is enabled, and has not signed out since."""
    user, revoked = user_rows.by_sub(pool_id, str(claims["sub"]), claims.get("origin_jti"))
    if user is None or not user.enabled or revoked:
        raise invalid("Token is inactive.")
