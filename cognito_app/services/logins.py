"""Logins given to an identity pool: which provider a key names, and whether its token is good.

Source: https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetId.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cognito_app.conf import app_settings
from cognito_app.core import clock, jose
from cognito_app.errors import NotAuthorizedException
from cognito_app.models import IdentityPool, user_rows
from cognito_app.services import config, tokens

OWN_KEY = "cognito-identity.amazonaws.com"
MISMATCH = "Logins don't match. Please include at least one valid login for this identity or identity pool."
UNSUPPORTED = "Token is not from a supported provider of this identity pool."


@dataclass(frozen=True, slots=True)
class VerifiedLogin:
    """A login whose token was verified; ``provider`` is the canonical key."""

    provider: str
    subject: str
    client_id: str
    claims: Mapping[str, Any] = field(repr=False)

    @property
    def amr(self) -> list[str]:
        """What the identity token says of this login."""
        return ["authenticated", self.provider, f"{self.provider}:CognitoSignIn:{self.subject}"]


def canonical_provider(pool_id: str) -> str:
    """Return AWS's name of a user pool as a login provider."""
    return f"cognito-idp.{pool_id.split('_', 1)[0]}.amazonaws.com/{pool_id}"


def user_pool_of(key: str) -> str | None:
    """Return the user pool that a Logins key names: in AWS's form, or as the pool's issuer without the scheme."""
    pool_id = key.rpartition("/")[2]
    if "_" not in pool_id:
        return None
    issuer_key = config.issuer_of(pool_id).split("://", 1)[-1]
    return pool_id if key in (canonical_provider(pool_id), issuer_key) else None


def verify_all(pool: IdentityPool, given: Mapping[str, str]) -> list[VerifiedLogin]:
    """Verify every login; one that fails fails the request.

    Raises NotAuthorizedException with AWS's text.
    """
    return [_verify(pool, key, token) for key, token in given.items()]


def _verify(pool: IdentityPool, key: str, token: str) -> VerifiedLogin:
    if key == OWN_KEY:
        raise NotAuthorizedException("Invalid login token. Can't pass in a Cognito token.")
    pool_id = user_pool_of(key)
    configured = {
        _canonical(provider["ProviderName"]): provider
        for provider in pool.configuration.get("CognitoIdentityProviders") or ()
        if "ProviderName" in provider
    }
    if pool_id is None or not any(name == canonical_provider(pool_id) for name in configured):
        raise NotAuthorizedException(MISMATCH if pool_id is None else UNSUPPORTED)
    claims = _claims(pool_id, token)
    providers = [
        provider
        for provider in pool.configuration["CognitoIdentityProviders"]
        if _canonical(provider.get("ProviderName", "")) == canonical_provider(pool_id)
        and provider.get("ClientId") == claims["aud"]
    ]
    if not providers:
        raise NotAuthorizedException(UNSUPPORTED)
    if any(provider.get("ServerSideTokenCheck") for provider in providers):
        _check_alive(pool_id, claims)
    return VerifiedLogin(
        provider=canonical_provider(pool_id), subject=str(claims["sub"]), client_id=str(claims["aud"]), claims=claims
    )


def _canonical(name: str) -> str:
    pool_id = user_pool_of(name)
    return canonical_provider(pool_id) if pool_id else name


def _claims(pool_id: str, token: str) -> Mapping[str, Any]:
    try:
        _, unverified = jose.peek(token)
    except jose.TokenError:
        raise NotAuthorizedException("Invalid login token. Not a valid OpenId Connect identity token.") from None
    if unverified.get("iss") != config.issuer_of(pool_id):
        raise NotAuthorizedException("Invalid login token. Issuer doesn't match providerName")
    if "aud" not in unverified:
        raise NotAuthorizedException("Invalid login token. Missing a required claim: aud")
    try:
        return tokens.verify_id_token(token)
    except jose.TokenError as error:
        if error.reason == "expired":
            now, expiry = clock.epoch(), unverified.get("exp")
            raise NotAuthorizedException(f"Invalid login token. Token expired: {now} >= {expiry}") from None
        raise NotAuthorizedException("Invalid login token. Couldn't verify signed token.") from None


def _check_alive(pool_id: str, claims: Mapping[str, Any]) -> None:
    """ServerSideTokenCheck: the user exists, is enabled, and has not signed out since."""
    user, revoked = user_rows.by_sub(pool_id, str(claims["sub"]), claims.get("origin_jti"))
    if user is None or not user.enabled or revoked:
        raise NotAuthorizedException("Invalid login token. Token is inactive.")


def account_matches(account_id: str | None) -> bool:
    """Whether the legacy AccountId of GetId is this installation's."""
    return account_id is None or account_id == app_settings.account_id
