"""Credentials and tokens of identities: the classic and the enhanced flow.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cognito_app.conf import app_settings
from cognito_app.core import jose
from cognito_app.errors import (
    InvalidParameterException,
    NotAuthorizedException,
    ServiceError,
)
from cognito_app.models import IdentityPool
from cognito_app.services import (
    external_sts,
    identities,
    identity_pools,
    identity_roles,
    identity_tokens,
    principal_tags,
    roles,
    sts,
)
from cognito_app.services.actor import Actor
from cognito_app.services.credentials import Issued
from cognito_app.services.identity_links import forbidden
from cognito_app.services.identity_roles import misconfigured
from cognito_app.services.login_providers.verified import MISMATCH, WRONG_ISSUER, VerifiedLogin, invalid, refusal
from cognito_app.services.logins import OWN_KEY

SESSION_NAME = "CognitoIdentityCredentials"
SECONDS = 3600
CLASSIC_OFF = "Basic (classic) flow is not enabled, please use enhanced flow."
GUEST = ["unauthenticated"]


def open_id_token(identity_id: str, given: Mapping[str, str]) -> tuple[str, str]:
    """Return the identity's id and an OpenID token for it (classic flow).

    Raises ResourceNotFoundException, NotAuthorizedException, InvalidParameterException, ResourceConflictException,
    ExternalServiceException.
    """
    _, pool = identities.find(identity_id)
    if pool.configuration.get("AllowClassicFlow") is False:
        raise InvalidParameterException(CLASSIC_OFF)
    settled, pool, verified = identities.resolve(identity_id, given, "GetOpenIdToken")
    tags = principal_tags.of_logins(pool, verified)
    return settled, identity_tokens.issue(pool, settled, _amr(verified), tags=tags)


def _amr(verified: list[VerifiedLogin]) -> list[str]:
    return ["authenticated", *(item for login in verified for item in login.amr)] if verified else GUEST


def for_identity(identity_id: str, given: Mapping[str, str], custom_role: str | None) -> tuple[str, Issued]:
    """Return the identity's id and AWS credentials for it (enhanced flow).

    Raises ResourceNotFoundException, NotAuthorizedException, InvalidIdentityPoolConfigurationException,
    ResourceConflictException, ExternalServiceException.
    """
    if OWN_KEY in given:
        return _for_own_token(identity_id, given, custom_role)
    settled, pool, verified = identities.resolve(identity_id, given, "GetCredentialsForIdentity")
    role_arn = identity_roles.choose(pool, verified, custom_role)
    tags = principal_tags.of_logins(pool, verified)
    return settled, _issue(pool, settled, _amr(verified), role_arn, tags)


def _for_own_token(identity_id: str, given: Mapping[str, str], custom_role: str | None) -> tuple[str, Issued]:
    """Trade a token of ours, a developer user's as a rule: always for the default role."""
    claims = _own_claims(given[OWN_KEY])
    identity, pool = identities.find(identity_id)
    if claims["sub"] != identity_id or claims["aud"] != pool.id or len(given) > 1:
        raise NotAuthorizedException(MISMATCH)
    if custom_role:
        raise NotAuthorizedException(identity_roles.NOT_ALLOWED)
    amr = list(claims["amr"])
    guest = amr == GUEST
    if guest and identity.state != "guest":
        raise forbidden(identity_id)
    role_arn = identity_roles.default(pool, "unauthenticated" if guest else "authenticated")
    return identity.pk, _issue(pool, identity.pk, amr, role_arn, identity_tokens.principal_tags(claims))


def _own_claims(token: str) -> Mapping[str, Any]:
    """Return the claims of an identity token given as a login. Raises NotAuthorizedException."""
    try:
        _, unverified = jose.peek(token)
        if unverified.get("iss") != identity_tokens.issuer():
            raise invalid(WRONG_ISSUER)
        return identity_tokens.verify(token)
    except jose.TokenError as error:
        raise refusal(error, unverified.get("exp") if error.reason == "expired" else None) from None


def _issue(
    pool: IdentityPool, identity_id: str, amr: list[str], role_arn: str | None, tags: Mapping[str, str]
) -> Issued:
    """Ask the pool's driver; guests get no more than the scope-down allows."""
    if role_arn is None or pool.driver == IdentityPool.Driver.DISABLED:
        raise misconfigured(pool, role_arn, "no role, or the driver is disabled")
    narrowing = app_settings.guest_scope_down_policy if amr == GUEST else None
    if pool.driver == IdentityPool.Driver.STS:
        return external_sts.exchange(
            pool, identity_id, amr, role_arn, tags=tags, narrowing=narrowing, session_name=SESSION_NAME
        )
    role = roles.by_arn(role_arn)
    if role is None:
        raise misconfigured(pool, role_arn, "no such role")
    claims = {"aud": pool.id, "sub": identity_id, "amr": amr}
    held = [narrowing] if narrowing is not None else []
    try:
        issued = sts.assume(role, claims, session_name=SESSION_NAME, seconds=SECONDS, narrowing=held, tags=dict(tags))
    except ServiceError as error:
        raise misconfigured(pool, role_arn, error.message) from None
    if issued is None:
        raise misconfigured(pool, role_arn, "trust policy")
    return issued


def set_driver(actor: Actor, pool_id: str, driver: str, settings: dict[str, Any] | None = None) -> None:
    """Choose where a pool's credentials come from; only ``sts`` has settings (``external_sts``).

    Raises ResourceNotFoundException or InvalidParameterException.
    """
    check_driver(driver, settings or {})
    identity_pools.set_driver(actor, pool_id, driver, settings or {})


def check_driver(driver: str, settings: Mapping[str, Any]) -> None:
    """Raises InvalidParameterException for a driver that does not exist or cannot work with its settings."""
    if driver not in IdentityPool.Driver.values:
        raise InvalidParameterException(f"The driver must be one of {', '.join(IdentityPool.Driver.values)}.")
    if driver == IdentityPool.Driver.STS:
        external_sts.check_settings(settings)
    elif settings:
        raise InvalidParameterException(f"The driver {driver} has no settings.")
