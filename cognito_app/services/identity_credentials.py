"""Credentials and tokens of identities: which role, and the trade.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/role-based-access-control.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from cognito_app.conf import app_settings
from cognito_app.core import jose
from cognito_app.errors import (
    InvalidIdentityPoolConfigurationException,
    InvalidParameterException,
    NotAuthorizedException,
)
from cognito_app.models import IdentityPool
from cognito_app.services import identities, identity_tokens, logins, roles, sts
from cognito_app.services.credentials import Issued
from cognito_app.services.logins import OWN_KEY, VerifiedLogin

SESSION_NAME = "CognitoIdentityCredentials"
SECONDS = 3600
CLASSIC_OFF = "Basic (classic) flow is not enabled, please use enhanced flow."

log = structlog.get_logger(__name__)


def open_id_token(identity_id: str, given: Mapping[str, str]) -> tuple[str, str]:
    """Return the identity's id and an OpenID token for it (classic flow).

    Raises ResourceNotFoundException, NotAuthorizedException, InvalidParameterException, ResourceConflictException.
    """
    identity, pool, verified = identities.resolve(identity_id, given)
    if pool.configuration.get("AllowClassicFlow") is False:
        raise InvalidParameterException(CLASSIC_OFF)
    return identity.pk, identity_tokens.issue(pool, identity.pk, _amr(verified))


def _amr(verified: list[VerifiedLogin]) -> list[str]:
    if not verified:
        return ["unauthenticated"]
    return ["authenticated", *(item for login in verified for item in login.amr[1:])]


def for_identity(identity_id: str, given: Mapping[str, str], custom_role: str | None) -> tuple[str, Issued]:
    """Return the identity's id and AWS credentials for it (enhanced flow).

    Raises ResourceNotFoundException, NotAuthorizedException, InvalidIdentityPoolConfigurationException,
    ResourceConflictException.
    """
    if OWN_KEY in given:
        return _for_own_token(identity_id, given[OWN_KEY])
    identity, pool, verified = identities.resolve(identity_id, given)
    role_arn = _role(pool, verified, custom_role)
    return identity.pk, _issue(pool, identity.pk, _amr(verified), role_arn)


def _for_own_token(identity_id: str, token: str) -> tuple[str, Issued]:
    claims = _own_claims(token)
    if claims["sub"] != identity_id:
        raise NotAuthorizedException(logins.MISMATCH)
    identity, pool = identities.find(identity_id)
    if claims["aud"] != pool.id:
        raise NotAuthorizedException(logins.MISMATCH)
    authenticated = "authenticated" in claims["amr"]
    role_arn = pool.roles.get("authenticated" if authenticated else "unauthenticated")
    return identity.pk, _issue(pool, identity.pk, list(claims["amr"]), role_arn)


def _own_claims(token: str) -> Mapping[str, Any]:
    """Return the claims of an identity token given as a login. Raises NotAuthorizedException."""
    try:
        return identity_tokens.verify(token)
    except jose.TokenError as error:
        reason = "Token expired" if error.reason == "expired" else "Couldn't verify signed token."
        raise NotAuthorizedException(f"Invalid login token. {reason}") from None


def _issue(pool: IdentityPool, identity_id: str, amr: list[str], role_arn: str | None) -> Issued:
    role = roles.by_arn(role_arn) if role_arn else None
    if pool.driver == IdentityPool.Driver.DISABLED or role is None:
        log.warning("identity_credentials_refused", pool_id=pool.id, role=role_arn, reason="no such role")
        raise InvalidIdentityPoolConfigurationException
    guest = amr == ["unauthenticated"]
    issued = sts.assume(
        role,
        {"aud": pool.id, "sub": identity_id, "amr": amr},
        session_name=SESSION_NAME,
        seconds=SECONDS,
        narrowing=[app_settings.guest_scope_down_policy] if guest else [],
    )
    if issued is None:
        # AWS folds every cause into one text; operators find the real one here.
        log.warning("identity_credentials_refused", pool_id=pool.id, role=role_arn, reason="trust policy")
        raise InvalidIdentityPoolConfigurationException
    return issued


def _default_role(pool: IdentityPool, kind: str) -> str | None:
    arn: str | None = pool.roles.get(kind)
    return arn


def _role(pool: IdentityPool, verified: list[VerifiedLogin], custom_role: str | None) -> str | None:
    """Choose a role as GetCredentialsForIdentity does (spec/identity-pools.md 4.2)."""
    if not verified:
        return _default_role(pool, "unauthenticated")
    for login in verified:
        mapping = pool.role_mappings.get(f"{login.provider}:{login.client_id}") or _by_issuer(pool, login)
        if mapping:
            return _mapped(pool, mapping, login, custom_role)
    if custom_role:
        raise NotAuthorizedException("The custom role is not among the roles of the login.")
    return _default_role(pool, "authenticated")


def _by_issuer(pool: IdentityPool, login: VerifiedLogin) -> Any:
    issuer_key = str(login.claims["iss"]).split("://", 1)[-1]
    return pool.role_mappings.get(f"{issuer_key}:{login.client_id}")


def _mapped(
    pool: IdentityPool, mapping: Mapping[str, Any], login: VerifiedLogin, custom_role: str | None
) -> str | None:
    if mapping["Type"] == "Token":
        allowed = list(login.claims.get("cognito:roles") or ())
        preferred = login.claims.get("cognito:preferred_role")
    else:
        allowed = [rule["RoleARN"] for rule in mapping["RulesConfiguration"]["Rules"] if _matches(rule, login.claims)]
        preferred = allowed[0] if allowed else None
    if custom_role:
        if custom_role not in allowed:
            raise NotAuthorizedException("The custom role is not among the roles of the login.")
        return custom_role
    if preferred or len(allowed) == 1:
        return str(preferred or allowed[0])
    if mapping["AmbiguousRoleResolution"] == "Deny":
        raise NotAuthorizedException("Access denied: no unambiguous role for the login.")
    return _default_role(pool, "authenticated")


def _matches(rule: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    if rule["Claim"] not in claims:
        return False
    found = claims[rule["Claim"]]
    values = [_text(item) for item in (found if isinstance(found, list) else [found])]
    wanted = rule["Value"]
    if rule["MatchType"] == "Equals":
        return wanted in values
    if rule["MatchType"] == "NotEqual":
        return wanted not in values
    if rule["MatchType"] == "StartsWith":
        return any(value.startswith(wanted) for value in values)
    return any(wanted in value for value in values)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
