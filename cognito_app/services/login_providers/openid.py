"""Logins by ID tokens of OpenID Connect providers: those of the account, Google, and Sign in with Apple.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/open-id.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cognito_app.conf import app_settings
from cognito_app.core import jose
from cognito_app.errors import ExternalServiceException, NotAuthorizedException
from cognito_app.services import issuer_keys, issuer_tokens, oidc_providers
from cognito_app.services.issuer_tokens import ClaimError, Trust
from cognito_app.services.login_providers.verified import (
    UNSUPPORTED,
    WRONG_ISSUER,
    VerifiedLogin,
    invalid,
    missing,
    not_an_identifier,
    refusal,
)

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


def verify_social(key: str, configured: str, token: str) -> VerifiedLogin:
    """Verify an ID token of Google or Apple; ``configured`` holds client ids with semicolons between.

    Raises NotAuthorizedException, ExternalServiceException.
    """
    settings = {**SOCIAL[key], **(app_settings.login_providers.get(key) or {})}
    client_ids = {item.strip() for item in configured.split(";")} - {""}
    trust = Trust(tuple(settings["issuers"]), client_ids, settings["jwks_uri"])
    return _verified(key, trust, token)


def verify(key: str, arn: str, token: str) -> VerifiedLogin:
    """Verify an ID token of one of the account's OpenID Connect providers.

    Raises NotAuthorizedException, ExternalServiceException.
    """
    provider = oidc_providers.by_arn(arn)
    if provider is None:
        raise NotAuthorizedException(UNSUPPORTED)
    issuer = oidc_providers.issuer_of(provider)
    login = _verified(key, Trust((issuer,), set(provider.client_ids)), token)
    return replace(login, proof=f"{arn}:OIDC:{login.subject}", names=(arn, key, f"{key}:{login.client_id}"))


def _verified(key: str, trust: Trust, token: str) -> VerifiedLogin:
    """Verify with the skew of clocks that identity pools forgive, and with the last day's keys in an outage."""
    forgiving = replace(trust, leeway_seconds=issuer_tokens.SKEW_SECONDS, usable_seconds=issuer_keys.OUTAGE_SECONDS)
    try:
        claims, client_id = issuer_tokens.verify(token, forgiving)
    except jose.TokenError as error:
        raise refusal(error, _expires(token) if error.reason == "expired" else None) from None
    except ClaimError as error:
        raise _bad_claim(error) from None
    except issuer_keys.UnreachableError:
        raise ExternalServiceException(UNREACHABLE) from None
    subject = str(claims["sub"])
    return VerifiedLogin(
        provider=key,
        subject=subject,
        client_id=client_id,
        claims=claims,
        proof=f"{key}:{client_id}:{subject}",
        names=(key,),
    )


def _expires(token: str) -> Any:
    return jose.peek(token)[1].get("exp")


def _bad_claim(error: ClaimError) -> NotAuthorizedException:
    if error.missing:
        return missing(error.claim)
    if error.claim == "sub":
        return not_an_identifier("sub")
    return invalid(WRONG_ISSUER) if error.claim == "iss" else NotAuthorizedException(UNSUPPORTED)
