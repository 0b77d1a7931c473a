"""Logins by ID tokens of OpenID Connect providers: those of the account, Google, and Sign in with Apple.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/open-id.html
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from cognito_app.conf import app_settings
from cognito_app.core import clock, jose
from cognito_app.errors import ExternalServiceException, NotAuthorizedException
from cognito_app.services import issuer_keys, oidc_providers
from cognito_app.services.login_providers.verified import (
    NOT_OPENID,
    UNSUPPORTED,
    WRONG_ISSUER,
    VerifiedLogin,
    checked_subject,
    invalid,
    refusal,
)

SKEW_SECONDS = 300
UNREACHABLE = "The identity provider did not give its keys."
SOCIAL: dict[str, dict[str, Any]] = {
    "accounts.google.com": {
        "issuers": ["https://accounts.google.com", "accounts.google.com"],
        "jwks_uri": "https://www.googleapis.com/oauth2/v3/certs",
    },
    "appleid.apple.com": {
        "issuers": ["https://appleid.apple.com"],
        "jwks_uri": "https://appleid.apple.com/auth/keys",
    },
}


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose tokens are taken, for whom, and where the keys are (by discovery without ``jwks_uri``)."""

    issuers: tuple[str, ...]
    client_ids: Collection[str]
    jwks_uri: str | None = None


def verify_social(key: str, configured: str, token: str) -> VerifiedLogin:
    """Verify an ID token of Google or Apple; ``configured`` holds client ids with semicolons between.

    Raises NotAuthorizedException, ExternalServiceException.
    """
    settings = {**SOCIAL[key], **(app_settings.login_providers.get(key) or {})}
    client_ids = {item.strip() for item in configured.split(";")} - {""}
    trust = Trust(tuple(settings["issuers"]), client_ids, settings["jwks_uri"])
    claims, client_id = _claims(trust, token)
    subject = checked_subject(claims.get("sub"))
    return VerifiedLogin(
        provider=key,
        subject=subject,
        client_id=client_id,
        claims=claims,
        proof=f"{key}:{client_id}:{subject}",
        names=(key,),
    )


def verify(key: str, arn: str, token: str) -> VerifiedLogin:
    """Verify an ID token of one of the account's OpenID Connect providers.

    Raises NotAuthorizedException, ExternalServiceException.
    """
    provider = oidc_providers.by_arn(arn)
    if provider is None:
        raise NotAuthorizedException(UNSUPPORTED)
    issuer = oidc_providers.issuer_of(provider)
    claims, client_id = _claims(Trust((issuer,), set(provider.client_ids)), token)
    subject = checked_subject(claims.get("sub"))
    return VerifiedLogin(
        provider=key,
        subject=subject,
        client_id=client_id,
        claims=claims,
        proof=f"{arn}:OIDC:{subject}",
        names=(arn, key, f"{key}:{client_id}"),
    )


def _claims(trust: Trust, token: str) -> tuple[dict[str, Any], str]:
    """Check in the guide's order, but ask for keys only when all else is well: junk costs no request."""
    try:
        _, unverified = jose.peek(token)
    except jose.TokenError:
        raise invalid(NOT_OPENID) from None
    if unverified.get("iss") not in trust.issuers:
        raise invalid(WRONG_ISSUER)
    for claim in ("aud", "sub", "exp"):
        if unverified.get(claim) in (None, "", []):
            raise invalid(f"Missing a required claim: {claim}")
    client_id = _audience(unverified, trust.client_ids)
    try:
        _check_time(unverified)
        claims = issuer_keys.verify(token, trust.issuers[0], trust.jwks_uri)
    except jose.TokenError as error:
        raise refusal(error, unverified.get("exp")) from None
    except issuer_keys.UnreachableError:
        raise ExternalServiceException(UNREACHABLE) from None
    return claims, client_id


def _audience(claims: dict[str, Any], client_ids: Collection[str]) -> str:
    """Return the client that the token is for: ``azp`` decides where it is, else ``aud``."""
    given = claims["azp"] if claims.get("azp") else claims["aud"]
    for candidate in given if isinstance(given, list) else [given]:
        if isinstance(candidate, str) and candidate in client_ids:
            return candidate
    raise NotAuthorizedException(UNSUPPORTED)


def _check_time(claims: dict[str, Any]) -> None:
    now = clock.now()
    jose.check_time(claims, now, SKEW_SECONDS)
    issued = claims.get("iat", 0)
    if isinstance(issued, bool) or not isinstance(issued, int | float):
        raise jose.TokenError("malformed")
    if issued > now.timestamp() + SKEW_SECONDS:
        raise jose.TokenError("not_yet")
