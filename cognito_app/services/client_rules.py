"""What an app client's settings look like when they are stored: defaults filled in, combinations checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from cognito_app.errors import (
    InvalidOAuthFlowException,
    InvalidParameterException,
    ScopeDoesNotExistException,
)
from cognito_app.models import IdentityProvider, ResourceServer
from cognito_app.services import tier_rules
from cognito_app.services.config import LEGACY_FLOWS, SECONDS_PER_UNIT, PoolConfig

RESERVED_SCOPES = frozenset({"openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"})
CLIENT_TOKEN_FLOW = "ALLOW_CLIENT_TOKEN_AUTH"  # noqa: S105  # a flow
IMPERSONATION_FLOW, DELEGATION_FLOW = "ALLOW_TOKEN_EXCHANGE_IMPERSONATION", "ALLOW_TOKEN_EXCHANGE_DELEGATION"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
UNSAFE_SCHEMES = frozenset({"javascript", "data", "vbscript", "file", "blob", "about"})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
ONLY_SAML = "A client with a SAML provider that supports IdP-initiated sign-in can have only SAML providers."
VALIDITY = {
    "AccessToken": ("hours", 300, 86_400),
    "IdToken": ("hours", 300, 86_400),
    "RefreshToken": ("days", 3_600, 315_360_000),
}


def normalize(pool: PoolConfig, settings: Mapping[str, Any], *, has_secret: bool) -> dict[str, Any]:
    """Return settings as Describe shows them.

    Raises InvalidParameterException, InvalidOAuthFlowException, ScopeDoesNotExistException,
    FeatureUnavailableInTierException.
    """
    result = {name: value for name, value in settings.items() if value is not None}
    tier_rules.check_client(pool.tier, result)
    _check_flows(pool, result, has_secret=has_secret)
    _check_validity(result)
    _check_oauth(pool, result, has_secret=has_secret)
    _check_attributes(pool, result)
    _check_providers(pool, result)
    if result.get("EnablePropagateAdditionalUserContextData") and not has_secret:
        raise InvalidParameterException("EnablePropagateAdditionalUserContextData requires a client secret.")
    result["RefreshTokenValidity"] = result.get("RefreshTokenValidity") or 30
    result.setdefault("AllowedOAuthFlowsUserPoolClient", False)
    result.setdefault("EnableTokenRevocation", True)
    result.setdefault("EnablePropagateAdditionalUserContextData", False)
    result.setdefault("AuthSessionValidity", 3)
    return result


def _check_flows(pool: PoolConfig, result: Mapping[str, Any], *, has_secret: bool) -> None:
    flows = set(result.get("ExplicitAuthFlows") or ())
    if any(flow in LEGACY_FLOWS for flow in flows) and any(flow.startswith("ALLOW_") for flow in flows):
        raise InvalidParameterException("ExplicitAuthFlows cannot mix ALLOW_ values with legacy values.")
    if CLIENT_TOKEN_FLOW in flows and (len(flows) > 1 or not has_secret):
        raise InvalidParameterException(
            f"{CLIENT_TOKEN_FLOW} must be the only authentication flow of a client that has a secret."
        )
    rotation = result.get("RefreshTokenRotation") or {}
    if rotation.get("Feature") == "ENABLED" and "ALLOW_REFRESH_TOKEN_AUTH" in flows:
        raise InvalidParameterException("ALLOW_REFRESH_TOKEN_AUTH cannot be enabled with refresh token rotation.")


def _check_validity(result: Mapping[str, Any]) -> None:
    units = result.get("TokenValidityUnits") or {}
    lifetimes = {}
    for token, (default_unit, low, high) in VALIDITY.items():
        value = result.get(f"{token}Validity")
        if value:
            seconds = value * SECONDS_PER_UNIT[units.get(token, default_unit)]
            lifetimes[token] = seconds
            if not low <= seconds <= high:
                raise InvalidParameterException("Invalid range for token validity.")
    refresh = lifetimes.get("RefreshToken", 30 * 86_400)
    if any(lifetimes.get(token, 3_600) > refresh for token in ("AccessToken", "IdToken")):
        raise InvalidParameterException("Refresh token validity must not be shorter than that of the other tokens.")


def _check_oauth(pool: PoolConfig, result: Mapping[str, Any], *, has_secret: bool) -> None:
    callbacks = result.get("CallbackURLs") or []
    for url in [*callbacks, *(result.get("LogoutURLs") or [])]:
        _check_url(url)
    default = result.get("DefaultRedirectURI")
    if default is not None and default not in callbacks:
        raise InvalidParameterException("DefaultRedirectURI must be one of CallbackURLs.")
    flows = set(result.get("AllowedOAuthFlows") or ())
    scopes = list(result.get("AllowedOAuthScopes") or ())
    custom = [scope for scope in scopes if scope not in RESERVED_SCOPES]
    _check_scopes(pool, custom)
    if not result.get("AllowedOAuthFlowsUserPoolClient"):
        return
    if "client_credentials" in flows:
        if flows != {"client_credentials"}:
            raise InvalidOAuthFlowException(
                "client_credentials flow can not be selected along with code flow or implicit flow."
            )
        if not has_secret:
            raise InvalidOAuthFlowException(
                "client_credentials flow can not be selected if client does not have a client secret."
            )
        if len(custom) != len(scopes) or not custom:
            raise InvalidOAuthFlowException("client_credentials flow requires custom scopes only.")
    elif flows and not callbacks:
        raise InvalidParameterException("CallbackURLs are required for the code and implicit flows.")
    if flows and not scopes:
        raise InvalidParameterException(
            "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows."
        )


def _check_scopes(pool: PoolConfig, custom: list[str]) -> None:
    if not custom:
        return
    known = set()
    for identifier, scopes in ResourceServer.objects.filter(pool_id=pool.id).values_list("identifier", "scopes"):
        known |= {f"{identifier}/{scope['ScopeName']}" for scope in scopes}
    for scope in custom:
        if scope not in known:
            raise ScopeDoesNotExistException(f"Invalid scope requested: {scope}")


def _check_url(url: str) -> None:
    scheme, _, rest = url.partition(":")
    if not _SCHEME.fullmatch(scheme) or not rest or scheme.lower() in UNSAFE_SCHEMES:
        raise InvalidParameterException(f"Invalid URL: {url}")
    if "#" in url or any(char <= " " or char == "\x7f" for char in url):
        raise InvalidParameterException(f"Invalid URL: {url} must not contain a fragment or white space.")
    if scheme.lower() not in {"http", "https"}:
        return
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        host = None
    if not host:
        raise InvalidParameterException(f"Invalid URL: {url}")
    if scheme.lower() == "http" and host not in LOOPBACK:
        raise InvalidParameterException(f"{url} cannot use the HTTP protocol.")


def _check_attributes(pool: PoolConfig, result: Mapping[str, Any]) -> None:
    for member in ("ReadAttributes", "WriteAttributes"):
        for name in result.get(member) or ():
            rule = pool.attributes.get(name)
            if rule is None:
                raise InvalidParameterException(
                    f"Invalid {member.removesuffix('Attributes').lower()} attributes specified while creating a client"
                )
            if member == "WriteAttributes" and name in ("email_verified", "phone_number_verified", "sub", "identities"):
                raise InvalidParameterException("Invalid write attributes specified while creating a client")
    writable = result.get("WriteAttributes")
    if writable:
        required = [rule.name for rule in pool.attributes.values() if rule.required and rule.name != "sub"]
        missing = [name for name in required if name not in writable]
        if missing:
            raise InvalidParameterException(f"Required attributes must be writable: {', '.join(missing)}")


def _check_providers(pool: PoolConfig, result: Mapping[str, Any]) -> None:
    names = result.get("SupportedIdentityProviders") or ()
    others = {name for name in names if name != "COGNITO"}
    if not others:
        return
    rows = IdentityProvider.objects.filter(pool_id=pool.id, name__in=others)
    found = {name: (kind, details) for name, kind, details in rows.values_list("name", "type", "details")}
    for name in names:
        if name != "COGNITO" and name not in found:
            raise InvalidParameterException(f"The provider {name} does not exist for User Pool {pool.id}.")
    only_saml = "COGNITO" not in names and all(kind == "SAML" for kind, _ in found.values())
    if not only_saml and any(starts_sign_in(details) for _, details in found.values()):
        raise InvalidParameterException(ONLY_SAML)


def starts_sign_in(details: Mapping[str, str]) -> bool:
    """Whether a SAML provider may send users who did not ask for a sign-in here."""
    return details.get("IDPInit") == "true"
