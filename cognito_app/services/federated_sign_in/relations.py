"""What the protocols of social and OpenID Connect providers must know of a provider of a pool.

Where a public provider is asked can be set (``COGNITO["LOGIN_PROVIDERS"]``), as for identity pools.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from cognito_app.conf import app_settings
from cognito_app.core import jose
from cognito_app.federation.flow import ProviderError, Relation
from cognito_app.models import IdentityProvider
from cognito_app.services import issuer_keys, issuer_tokens, providers
from cognito_app.services.issuer_tokens import ClaimError, Trust
from cognito_app.services.login_providers.openid import SOCIAL
from cognito_app.services.provider_rules import SUBJECT_CLAIMS

CALLBACK = "/oauth2/idpresponse"
KEYS = {
    "Google": "accounts.google.com",
    "Facebook": "graph.facebook.com",
    "LoginWithAmazon": "www.amazon.com",
    "SignInWithApple": "appleid.apple.com",
}
GOOGLE_USER_INFO = "https://openidconnect.googleapis.com/v1/userinfo"
PEOPLE_FIELDS = frozenset(
    (
        *("addresses", "ageRanges", "biographies", "birthdays", "emailAddresses", "genders", "locales", "locations"),
        *("names", "nicknames", "occupations", "organizations", "phoneNumbers", "photos", "urls"),
    )
)
SKEW_SECONDS = 60
VALIDATION = "token_validation"


def of(provider: IdentityProvider, base: str, extra: Mapping[str, str], answer: Mapping[str, str]) -> Relation:
    """Return the relation to a provider; ``extra`` goes into the authorization request.

    ``answer`` holds the parameters that the browser brought back, none at the start. Raises ProviderError.
    """
    details = {**provider.details, **_override(provider)}
    secrets = providers.open_secrets(provider)
    settings = {
        "KEY": details["client_id"],
        "SECRET": secrets.get("client_secret", ""),
        "SCOPE": [scope for scope in re.split(r"[,\s]+", details.get("authorize_scopes", "")) if scope],
        "IGNORE_DEFAULT_SCOPE": True,
        "AUTHORIZATION_URL": details["authorize_url"],
        "ACCESS_TOKEN_URL": details["token_url"],
        "TOKEN_ENDPOINT_AUTH_METHOD": "client_secret_post",
        "USE_PKCE": True,
        "AUTH_EXTRA_ARGUMENTS": dict(extra),
        "USERINFO_URL": details.get("attributes_url", ""),
        **_SPECIAL.get(provider.type, _nothing)(provider, details, secrets, answer),
    }
    trust = _trust(provider, details)
    _check_sender(trust, answer)
    return Relation(provider.type, settings, base + CALLBACK, lambda token: verified(token, trust))


def _check_sender(trust: Trust | None, answer: Mapping[str, str]) -> None:
    """An answer that names its issuer (RFC 9207) must come from the provider that the sign-in went to."""
    if trust is not None and "iss" in answer and answer["iss"] not in trust.issuers:
        raise ProviderError("callback", "invalid_claim", claim="iss")


def _override(provider: IdentityProvider) -> Mapping[str, Any]:
    key = KEYS.get(provider.type)
    return {} if key is None else app_settings.login_providers.get(key) or {}


Details = Mapping[str, Any]


def _nothing(provider: IdentityProvider, details: Details, secrets: Details, answer: Details) -> dict[str, Any]:
    return {}


def _oidc(provider: IdentityProvider, details: Details, secrets: Details, answer: Details) -> dict[str, Any]:
    return {"USERINFO_METHOD": details.get("attributes_request_method", "GET")}


def _google(provider: IdentityProvider, details: Details, secrets: Details, answer: Details) -> dict[str, Any]:
    return {
        "USERINFO_URL": details.get("userinfo_url", GOOGLE_USER_INFO),
        "PEOPLE_URL": details["attributes_url"],
        "PEOPLE_FIELDS": sorted(PEOPLE_FIELDS & set(provider.attribute_mapping.values())),
    }


def _facebook(provider: IdentityProvider, details: Details, secrets: Details, answer: Details) -> dict[str, Any]:
    fields = {"id", *provider.attribute_mapping.values()} - {"access_token", "id_token"}
    wanted = sorted(name for name in fields if re.fullmatch(r"[A-Za-z0-9_.]{1,64}", name))
    return {
        "USERINFO_URL": details["attributes_url"].partition("?")[0],
        "PROFILE_EXTRA_PARAMS": {"fields": ",".join(wanted)},
    }


def _apple(provider: IdentityProvider, details: Details, secrets: Details, answer: Details) -> dict[str, Any]:
    return {
        "CLIENT": details["client_id"],
        "TEAM": details["team_id"],
        "KEY": details["key_id"],
        "SECRET": secrets.get("private_key", ""),
        "USE_PKCE": False,
        "POSTED_NAME": posted_name(answer.get("user", "")),
    }


_SPECIAL = {"OIDC": _oidc, "Google": _google, "Facebook": _facebook, "SignInWithApple": _apple}


def posted_name(text: str) -> dict[str, str]:
    """Return the name in the ``user`` that a browser brings from Apple after the first consent."""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    given = document.get("name") if isinstance(document, dict) else None
    parts = {
        name: value
        for name in ("firstName", "lastName")
        if isinstance(given, dict) and isinstance(value := given.get(name), str) and value.strip()
    }
    return {**parts, "name": " ".join(parts.values())} if parts else {}


def _trust(provider: IdentityProvider, details: Details) -> Trust | None:
    """Return whose ID tokens are taken; None for providers that have none."""
    if provider.type in ("Google", "SignInWithApple"):
        known = {**SOCIAL[KEYS[provider.type]], **_override(provider)}
        return Trust(tuple(known["issuers"]), {details["client_id"]}, known["jwks_uri"], SKEW_SECONDS, _OUTAGE)
    if provider.type != "OIDC":
        return None
    issuer = str(details["oidc_issuer"])
    issuers = tuple(dict.fromkeys((issuer, issuer.rstrip("/"), issuer.rstrip("/") + "/")))
    return Trust(issuers, {details["client_id"]}, details["jwks_uri"], SKEW_SECONDS, _OUTAGE)


_OUTAGE = issuer_keys.OUTAGE_SECONDS


def verified(token: str, trust: Trust | None) -> dict[str, Any]:
    """Return the claims of an ID token for the provider's client. Raises ProviderError."""
    if trust is None:
        raise ProviderError(VALIDATION, "unsupported_feature")
    try:
        issuer_tokens.verify(token, trust)
    except ClaimError as error:
        raise ProviderError(VALIDATION, "invalid_claim", claim=error.claim) from None
    except jose.TokenError as error:
        raise ProviderError(VALIDATION, error.reason) from None
    except issuer_keys.UnreachableError:
        raise ProviderError(VALIDATION, "timeout") from None
    claims = jose.peek(token)[1]
    audience, party = claims["aud"], claims.get("azp")
    named = audience if isinstance(audience, list) else [audience]
    if not set(trust.client_ids) & {item for item in named if isinstance(item, str)}:
        raise ProviderError(VALIDATION, "invalid_claim", claim="aud")
    if party is not None and party not in trust.client_ids:
        raise ProviderError(VALIDATION, "invalid_claim", claim="azp")
    return claims


def subject_of(provider: IdentityProvider, claims: Mapping[str, Any], user_info: Mapping[str, Any]) -> Any:
    """Return a provider's id of a user: from the ID token where there is one, else from the profile."""
    source = claims if provider.type in ("OIDC", "Google", "SignInWithApple") else user_info
    return source.get(SUBJECT_CLAIMS[provider.type])
