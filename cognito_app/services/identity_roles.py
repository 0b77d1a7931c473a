"""Which role the credentials of an identity are for.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/role-based-access-control.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import structlog

from cognito_app.errors import InvalidIdentityPoolConfigurationException, NotAuthorizedException
from cognito_app.models import IdentityPool
from cognito_app.services.login_providers.verified import VerifiedLogin

NOT_ALLOWED = "The custom role is not among the roles of the login."
AMBIGUOUS = "Access denied: no unambiguous role for the login."

log = structlog.get_logger(__name__)


def misconfigured(pool: IdentityPool, role_arn: str | None, reason: str) -> InvalidIdentityPoolConfigurationException:
    """AWS folds every cause into one text; operators find the real one in the log."""
    log.warning("identity_credentials_refused", pool_id=pool.id, role=role_arn, reason=reason)
    return InvalidIdentityPoolConfigurationException()


def choose(pool: IdentityPool, verified: list[VerifiedLogin], custom_role: str | None) -> str | None:
    """Return the role's ARN, or None if the pool has none for the case (spec/identity-pools.md 4.2).

    Of several logins the first that has a mapping decides. Raises NotAuthorizedException.
    """
    if not verified:
        if custom_role:
            raise NotAuthorizedException(NOT_ALLOWED)
        return default(pool, "unauthenticated")
    for login in verified:
        mapping = next((pool.role_mappings[name] for name in login.names if name in pool.role_mappings), None)
        if mapping:
            return _mapped(pool, mapping, login, custom_role)
    return _without_mapping(pool, verified, custom_role)


def default(pool: IdentityPool, kind: str) -> str | None:
    """Return the pool's role for ``authenticated`` or ``unauthenticated`` identities."""
    arn: str | None = pool.roles.get(kind)
    return arn


def _without_mapping(pool: IdentityPool, verified: list[VerifiedLogin], custom_role: str | None) -> str | None:
    """Without mappings the roles of a SAML assertion count; other logins get the default role."""
    asserted = [role for login in verified if ":saml-provider/" in login.provider for role in login.roles]
    if custom_role:
        if custom_role not in asserted:
            raise NotAuthorizedException(NOT_ALLOWED)
        return custom_role
    return default(pool, "authenticated") or (asserted[0] if len(asserted) == 1 else None)


def _mapped(
    pool: IdentityPool, mapping: Mapping[str, Any], login: VerifiedLogin, custom_role: str | None
) -> str | None:
    if mapping["Type"] == "Token":
        allowed, preferred = list(login.roles), login.preferred_role
    else:
        allowed = [rule["RoleARN"] for rule in mapping["RulesConfiguration"]["Rules"] if matches(rule, login.claims)]
        preferred = allowed[0] if allowed else None
    if custom_role:
        if custom_role not in allowed:
            raise NotAuthorizedException(NOT_ALLOWED)
        return custom_role
    if preferred or len(allowed) == 1:
        return preferred or allowed[0]
    if mapping["AmbiguousRoleResolution"] == "Deny":
        raise NotAuthorizedException(AMBIGUOUS)
    return default(pool, "authenticated")


def matches(rule: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    """Whether a mapping rule fits; a rule on a claim that is absent never does, NotEqual neither."""
    found = claims.get(rule["Claim"])
    if found is None:
        return False
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
    return value if isinstance(value, str) else orjson.dumps(value).decode()
