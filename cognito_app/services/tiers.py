"""Feature plans: what a pool of a tier may use.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-sign-in-feature-plans.html
"""

from __future__ import annotations

from typing import NamedTuple

from cognito_app.conf import app_settings
from cognito_app.errors import FeatureUnavailableInTierException

RANKS = {"LITE": 0, "ESSENTIALS": 1, "PLUS": 2}


class Feature(NamedTuple):
    """A feature by its name in messages, and the lowest tier that has it."""

    name: str
    least: str


ACCESS_TOKEN_CUSTOMIZATION = Feature("Access Token Customization", "ESSENTIALS")
CHOICE_BASED_SIGN_IN = Feature("Choice-Based Sign-In", "ESSENTIALS")
CLIENT_REGISTRATION = Feature("Dynamic Client Registration", "ESSENTIALS")
EMAIL_MFA = Feature("Email MFA", "ESSENTIALS")
MANAGED_LOGIN = Feature("Managed Login", "ESSENTIALS")
PASSKEY_MFA = Feature("Passkey MFA", "ESSENTIALS")
PASSWORD_HISTORY = Feature("Password History", "ESSENTIALS")
SESSION_CONFIGURATION = Feature("Session Configuration", "ESSENTIALS")
STEP_UP = Feature("Authentication Levels", "ESSENTIALS")
TOKEN_EXCHANGE = Feature("Token Exchange", "ESSENTIALS")
REPLICATION = Feature("Multi-Region Replication", "ESSENTIALS")
THREAT_PROTECTION = Feature("Threat Protection", "PLUS")
ACTIVITY_LOG_EXPORT = Feature("User Activity Log Export", "PLUS")


def offers(tier: str, feature: Feature) -> bool:
    """Whether a pool of this tier has the feature; the setting ``ALL_FEATURES`` gives every pool all of them."""
    return app_settings.all_features or RANKS[tier] >= RANKS[feature.least]


def require(tier: str, *wanted: Feature) -> None:
    """Raises FeatureUnavailableInTierException that names all of ``wanted`` that the tier lacks."""
    lacking = [feature.name for feature in wanted if not offers(tier, feature)]
    if lacking:
        raise FeatureUnavailableInTierException(
            f"The following features need to be disabled for the {tier.capitalize()} pricing tier configured: "
            + ", ".join(lacking)
        )
