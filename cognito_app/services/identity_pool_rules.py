"""What the settings of an identity pool must fulfil beyond the shapes of the model.

Source: https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_CreateIdentityPool.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from cognito_app.conf import app_settings
from cognito_app.errors import InvalidParameterException

MAX_RULES = 25
MAX_USER_POOLS = 50
PUBLIC_PROVIDERS = frozenset(
    {
        "accounts.google.com",
        "api.twitter.com",
        "appleid.apple.com",
        "cognito-identity.amazonaws.com",
        "graph.facebook.com",
        "www.amazon.com",
        "www.digits.com",
    }
)
_ROLE = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]{1,576}")


def check(settings: Mapping[str, Any]) -> None:
    """Check the members of CreateIdentityPool and UpdateIdentityPool. Raises InvalidParameterException."""
    developer = settings.get("DeveloperProviderName")
    if developer in PUBLIC_PROVIDERS:
        raise InvalidParameterException(f"{developer} is the name of a public provider.")
    entries = settings.get("CognitoIdentityProviders") or []
    if len(entries) > MAX_USER_POOLS:
        raise InvalidParameterException(f"An identity pool can have at most {MAX_USER_POOLS} user pool clients.")
    if any(not entry.get("ProviderName") or not entry.get("ClientId") for entry in entries):
        raise InvalidParameterException("ProviderName and ClientId are required for every Cognito identity provider.")
    for name in set(settings.get("SupportedLoginProviders") or ()):
        if name not in PUBLIC_PROVIDERS or name == "cognito-identity.amazonaws.com":
            raise InvalidParameterException(f"{name} is not a supported login provider.")
    _check_arns(settings.get("OpenIdConnectProviderARNs") or (), "oidc-provider")
    _check_arns(settings.get("SamlProviderARNs") or (), "saml-provider")


def _check_arns(arns: Iterable[str], kind: str) -> None:
    start = f"arn:aws:iam::{app_settings.account_id}:{kind}/"
    for arn in arns:
        if not arn.startswith(start) or arn == start:
            raise InvalidParameterException(f"The ARN of a provider must begin with {start}")


def roles_of(roles: Mapping[str, str], mappings: Mapping[str, Any]) -> list[str]:
    """Return the ARNs of all roles that SetIdentityPoolRoles names, after its rules.

    Raises InvalidParameterException.
    """
    named = set(roles.values())
    for mapping in mappings.values():
        named |= _check_mapping(mapping)
    for arn in named:
        if not _ROLE.fullmatch(arn):
            raise InvalidParameterException(f"'{arn}' is not the ARN of a role.")
    return sorted(named)


def _check_mapping(mapping: Mapping[str, Any]) -> set[str]:
    if not mapping.get("AmbiguousRoleResolution"):
        raise InvalidParameterException("AmbiguousRoleResolution is required for role mappings.")
    rules = (mapping.get("RulesConfiguration") or {}).get("Rules") or []
    if mapping["Type"] != "Rules":
        return set()
    if not 1 <= len(rules) <= MAX_RULES:
        raise InvalidParameterException(f"RulesConfiguration must have between 1 and {MAX_RULES} rules.")
    return {rule["RoleARN"] for rule in rules}
