"""Which settings of a pool belong to a feature plan, and what stands in the way of a lower one.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/feature-plans-deactivate.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cognito_app.errors import TierChangeNotAllowedException
from cognito_app.models import AppClient, Domain, PoolReplica, UserPool
from cognito_app.services import tiers
from cognito_app.services.tiers import Feature

MANAGED_LOGIN_VERSION = 2


def default_tier(settings: Mapping[str, Any]) -> str:
    """Return the tier of a new pool that names none: PLUS if it turns threat protection on, else ESSENTIALS."""
    return "PLUS" if tiers.THREAT_PROTECTION in set(_of_settings(settings)) else "ESSENTIALS"


def check_pool(tier: str, settings: Mapping[str, Any]) -> None:
    """Raises FeatureUnavailableInTierException if the settings ask for what the tier lacks."""
    tiers.require(tier, *_of_settings(settings))


def check_client(tier: str, settings: Mapping[str, Any]) -> None:
    """Raises FeatureUnavailableInTierException if an app client's settings ask for what the tier lacks."""
    tiers.require(tier, *_of_client(settings))


def check_domain(tier: str, managed_login_version: int | None) -> None:
    """Raises FeatureUnavailableInTierException for managed login where the tier has the classic pages only."""
    if managed_login_version == MANAGED_LOGIN_VERSION:
        tiers.require(tier, tiers.MANAGED_LOGIN)


def check_lowering(row: UserPool, changed: Mapping[str, Any]) -> None:
    """Raises TierChangeNotAllowedException if an update lowers the tier below what a feature needs that stays on."""
    tier = changed["UserPoolTier"]
    if tiers.RANKS[tier] >= tiers.RANKS[row.configuration.get("UserPoolTier", "ESSENTIALS")]:
        return
    in_use = (*_of_settings(changed), *_in_use(row))
    names = dict.fromkeys(feature.name for feature in in_use if not tiers.offers(tier, feature))
    if names:
        raise TierChangeNotAllowedException(
            f"The tier cannot be changed to {tier} before these features are turned off: {', '.join(names)}"
        )


def _of_settings(settings: Mapping[str, Any]) -> Iterator[Feature]:
    policies = settings.get("Policies") or {}
    factors = (policies.get("SignInPolicy") or {}).get("AllowedFirstAuthFactors") or ()
    if set(factors) - {"PASSWORD"}:
        yield tiers.CHOICE_BASED_SIGN_IN
    if (policies.get("PasswordPolicy") or {}).get("PasswordHistorySize"):
        yield tiers.PASSWORD_HISTORY
    token_trigger = (settings.get("LambdaConfig") or {}).get("PreTokenGenerationConfig") or {}
    if token_trigger.get("LambdaVersion", "V1_0") != "V1_0":
        yield tiers.ACCESS_TOKEN_CUSTOMIZATION
    registration = settings.get("DcrConfiguration")
    if registration is not None and registration.get("EnableStatus") != "Disabled":
        yield tiers.CLIENT_REGISTRATION
    if settings.get("AcrConfiguration"):
        yield tiers.STEP_UP
    if (settings.get("UserPoolAddOns") or {}).get("AdvancedSecurityMode", "OFF") != "OFF":
        yield tiers.THREAT_PROTECTION


def _of_client(settings: Mapping[str, Any]) -> Iterator[Feature]:
    flows = settings.get("ExplicitAuthFlows") or ()
    if "ALLOW_USER_AUTH" in flows:
        yield tiers.CHOICE_BASED_SIGN_IN
    if any(flow.startswith("ALLOW_TOKEN_EXCHANGE_") for flow in flows):
        yield tiers.TOKEN_EXCHANGE


def _in_use(row: UserPool) -> Iterator[Feature]:
    """What other operations turned on: an update of the pool does not reset it."""
    if (row.extras.get("mfa") or {}).get("email") is not None:
        yield tiers.EMAIL_MFA
    if (row.extras.get("webauthn") or {}).get("FactorConfiguration") == "MULTI_FACTOR_WITH_USER_VERIFICATION":
        yield tiers.PASSKEY_MFA
    if (row.extras.get("sessions") or {}).get("tracking") == "ENABLED":
        yield tiers.SESSION_CONFIGURATION
    if any(item.get("EventSource") == "userAuthEvents" for item in row.extras.get("log_delivery") or ()):
        yield tiers.ACTIVITY_LOG_EXPORT
    if Domain.objects.filter(pool=row, managed_login_version=MANAGED_LOGIN_VERSION).exists():
        yield tiers.MANAGED_LOGIN
    if PoolReplica.objects.filter(pool=row).exists():
        yield tiers.REPLICATION
    for settings in AppClient.objects.filter(pool=row).values_list("configuration", flat=True).iterator():
        yield from _of_client(settings)
