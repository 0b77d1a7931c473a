"""Logins given to an identity pool: which provider a key names, and whether its token is good.

Source: https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetId.html
"""

from __future__ import annotations

from collections.abc import Mapping

from cognito_app.conf import app_settings
from cognito_app.errors import ExternalServiceException, NotAuthorizedException
from cognito_app.models import IdentityPool, SpentNonce
from cognito_app.services.login_providers import openid, saml, social, user_pools
from cognito_app.services.login_providers.verified import MISMATCH, VerifiedLogin, invalid

OWN_KEY = "cognito-identity.amazonaws.com"


def canonical(key: str) -> str:
    """Return the name that logins of a provider are stored under."""
    pool_id = user_pools.user_pool_of(key)
    if pool_id is not None:
        return user_pools.canonical_provider(pool_id)
    return key.partition(":oidc-provider/")[2] or key


def provider_names(pool: IdentityPool) -> set[str]:
    """Return the canonical names of the providers that a pool is configured with."""
    settings = pool.configuration
    users = {canonical(entry["ProviderName"]) for entry in settings.get("CognitoIdentityProviders") or ()}
    openid = {arn.partition(":oidc-provider/")[2] for arn in settings.get("OpenIdConnectProviderARNs") or ()}
    developer = {settings["DeveloperProviderName"]} if settings.get("DeveloperProviderName") else set()
    others = {*(settings.get("SupportedLoginProviders") or ()), *(settings.get("SamlProviderARNs") or ())}
    return users | openid | developer | others


def verify_all(pool: IdentityPool, given: Mapping[str, str], operation: str) -> list[VerifiedLogin]:
    """Verify every login; one that fails fails the request. May ask providers: call it outside of transactions.

    Raises NotAuthorizedException with AWS's text, ExternalServiceException.
    """
    if OWN_KEY in given:
        raise invalid("Can't pass in a Cognito token.")
    verified = [_verify(pool, key, token, operation) for key, token in given.items()]
    for login in verified:
        if login.once is not None and not SpentNonce.spend(*login.once):
            raise invalid(saml.USED)
    # One user pool has two names: both may stand in one request.
    return list({(login.provider, login.subject): login for login in reversed(verified)}.values())[::-1]


def _verify(pool: IdentityPool, key: str, token: str, operation: str) -> VerifiedLogin:
    pool_id = user_pools.user_pool_of(key)
    if pool_id is not None:
        return user_pools.verify(pool, pool_id, token)
    if key in (pool.configuration.get("SamlProviderARNs") or ()):
        return saml.verify(key, token, operation)
    configured = (pool.configuration.get("SupportedLoginProviders") or {}).get(key)
    if configured is not None:
        return _verify_public(key, configured, token)
    arn = f"arn:aws:iam::{app_settings.account_id}:oidc-provider/{key}"
    if arn in (pool.configuration.get("OpenIdConnectProviderARNs") or ()):
        return openid.verify(key, arn, token)
    raise NotAuthorizedException(MISMATCH)


def _verify_public(key: str, configured: str, token: str) -> VerifiedLogin:
    """Verify a login of one of the providers that AWS knows by name; ``None`` in the settings switches one off."""
    if app_settings.login_providers.get(key, {}) is None:
        raise ExternalServiceException(f"{key} is switched off.")
    if key in openid.SOCIAL:
        return openid.verify_social(key, configured, token)
    if key == social.FACEBOOK:
        return social.verify_facebook(configured, token)
    if key == social.AMAZON:
        return social.verify_amazon(configured, token)
    # Twitter and Digits can be configured, for the sake of old templates; their tokens cannot be verified.
    raise ExternalServiceException(f"{key} gives no answer.")


def account_matches(account_id: str | None) -> bool:
    """Whether the legacy AccountId of GetId is this installation's."""
    return account_id is None or account_id == app_settings.account_id
