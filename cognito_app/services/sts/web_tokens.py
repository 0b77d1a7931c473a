"""ID tokens of OpenID Connect providers for STS: its texts, and the condition keys that a token gives.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cognito_app.core import clock, jose
from cognito_app.errors import ExpiredWebIdentityToken, IDPCommunicationError, InvalidIdentityToken, ServiceError
from cognito_app.models import OpenIdProvider
from cognito_app.services import config, issuer_keys, issuer_tokens, oidc_providers, tokens
from cognito_app.services.issuer_tokens import ClaimError, Trust

LONGEST_VALUE = 1024
WRONG_AUDIENCE = "Incorrect token audience"
NO_KEY = (
    "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity "
    "documentation for requirements"
)
_COMPUTED = frozenset({"aud", "sub", "amr", "oaud", "azp"})


def verify(provider: OpenIdProvider, token: str) -> tuple[Mapping[str, Any], str]:
    """Return the claims of a token of a provider, and the client that it is for.

    Raises InvalidIdentityToken, ExpiredWebIdentityToken or IDPCommunicationError.
    """
    issuer = oidc_providers.issuer_of(provider)
    trust = Trust((issuer,), provider.client_ids)
    try:
        if not _is_ours(issuer):
            return issuer_tokens.verify(token, trust)
        claims = tokens.verify_id_token(token)
        return claims, issuer_tokens.check_claims(claims, trust)
    except (issuer_keys.NoKeyError, issuer_keys.UnusableError):
        raise InvalidIdentityToken(NO_KEY) from None
    except issuer_keys.UnreachableError:
        raise IDPCommunicationError("The identity provider could not be reached.") from None
    except ClaimError as error:
        wrong = WRONG_AUDIENCE if error.claim == "aud" else f"Missing a required claim: {error.claim}"
        raise InvalidIdentityToken(wrong) from None
    except jose.TokenError as error:
        raise refusal(error, token) from None


def _is_ours(issuer: str) -> bool:
    pool_id = issuer.rpartition("/")[2]
    if "_" not in pool_id or issuer != config.issuer_of(pool_id):
        return False
    try:
        return bool(config.pool(pool_id))
    except ServiceError:
        return False


def condition_keys(name: str, claims: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """Return the condition keys of a provider's token: AWS's own, and every other claim that is a text."""
    keys: dict[str, str | list[str]] = {
        f"{name}:{claim}": value
        for claim, value in claims.items()
        if isinstance(value, str) and claim not in _COMPUTED and len(value) <= LONGEST_VALUE and "://" not in claim
    }
    keys[f"{name}:aud"] = issuer_tokens.audience(claims) or ""
    keys[f"{name}:sub"] = str(claims["sub"])
    given = claims.get("aud")
    keys[f"{name}:oaud"] = given if isinstance(given, str) else [str(item) for item in given or ()]
    amr = claims.get("amr")
    if isinstance(amr, str | list):
        keys[f"{name}:amr"] = amr if isinstance(amr, str) else [str(item) for item in amr]
    return keys


def refusal(error: jose.TokenError, token: str) -> ServiceError:
    """Return STS's text for a token that must not be believed."""
    if error.reason == "expired":
        _, claims = jose.peek(token)
        return ExpiredWebIdentityToken(
            f"Token expired: current date/time {clock.epoch()} must be before the expiration date/time "
            f"{claims.get('exp')}"
        )
    return InvalidIdentityToken(
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
    )
