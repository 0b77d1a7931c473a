"""Feature plans: what a pool's tier lacks is refused, and a tier is not lowered below what is in use."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from cognito_app.models import UserPool
from tests.conftest import FLOWS, App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db

LAMBDA = "arn:aws:lambda:us-east-1:000000000000:function:f"
ESSENTIALS_FEATURES: dict[str, dict[str, Any]] = {
    "Choice-Based Sign-In": {"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}}},
    "Password History": {"Policies": {"PasswordPolicy": {"MinimumLength": 8, "PasswordHistorySize": 3}}},
    "Access Token Customization": {
        "LambdaConfig": {"PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": LAMBDA}}
    },
    "Dynamic Client Registration": {"DcrConfiguration": {}},
    "Authentication Levels": {"AcrConfiguration": {"Level1": {"AcrValue": "urn:example:low"}}},
}
LITE_SETTINGS: list[dict[str, Any]] = [
    {"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]}}},
    {"Policies": {"PasswordPolicy": {"MinimumLength": 8, "PasswordHistorySize": 0}}},
    {"LambdaConfig": {"PreTokenGenerationConfig": {"LambdaVersion": "V1_0", "LambdaArn": LAMBDA}}},
    {"DcrConfiguration": {"EnableStatus": "Disabled"}},
    {"UserPoolAddOns": {"AdvancedSecurityMode": "OFF"}},
    {"AcrConfiguration": {}},
]
THREAT_PROTECTION = {"UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"}}


def lacks(tier: str, *features: str) -> str:
    """Return the message for features that a tier lacks."""
    names = ", ".join(features)
    return f"The following features need to be disabled for the {tier} pricing tier configured: {names}"


@pytest.mark.operation("CreateUserPool")
@pytest.mark.parametrize("feature", ESSENTIALS_FEATURES)
def test_a_lite_pool_is_not_created_with_more(idp: Any, feature: str) -> None:
    with refused("FeatureUnavailableInTierException", lacks("Lite", feature)):
        idp.create_user_pool(PoolName="p", UserPoolTier="LITE", **ESSENTIALS_FEATURES[feature])
    assert not UserPool.objects.exists()
    created = idp.create_user_pool(PoolName="p", **ESSENTIALS_FEATURES[feature])["UserPool"]
    assert created["UserPoolTier"] == "ESSENTIALS"


@pytest.mark.parametrize("given", LITE_SETTINGS)
def test_what_is_switched_off_needs_no_tier(idp: Any, given: dict[str, Any]) -> None:
    created = idp.create_user_pool(PoolName="p", UserPoolTier="LITE", **given)["UserPool"]
    assert created["UserPoolTier"] == "LITE"


@pytest.mark.parametrize("tier", ["LITE", "ESSENTIALS"])
def test_threat_protection_is_plus(idp: Any, tier: str) -> None:
    with refused("FeatureUnavailableInTierException", lacks(tier.capitalize(), "Threat Protection")):
        idp.create_user_pool(PoolName="p", UserPoolTier=tier, **THREAT_PROTECTION)
    assert idp.create_user_pool(PoolName="p", **THREAT_PROTECTION)["UserPool"]["UserPoolTier"] == "PLUS"


def test_all_that_is_lacking_is_named(idp: Any) -> None:
    given = {**ESSENTIALS_FEATURES["Password History"], **THREAT_PROTECTION}
    with refused("FeatureUnavailableInTierException", lacks("Lite", "Password History", "Threat Protection")):
        idp.create_user_pool(PoolName="p", UserPoolTier="LITE", **given)


@pytest.mark.operation("UpdateUserPool")
def test_an_update_is_held_to_the_tier_that_the_pool_keeps(idp: Any) -> None:
    pool_id = idp.create_user_pool(PoolName="p", UserPoolTier="LITE")["UserPool"]["Id"]
    for given in ESSENTIALS_FEATURES.values():
        with refused("FeatureUnavailableInTierException"):
            idp.update_user_pool(UserPoolId=pool_id, PoolName="changed", **given)
    with refused("FeatureUnavailableInTierException"):
        idp.update_user_pool(UserPoolId=pool_id, UserPoolTier="ESSENTIALS", **THREAT_PROTECTION)
    after = idp.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    assert (after["Name"], after["UserPoolTier"]) == ("p", "LITE")
    idp.update_user_pool(UserPoolId=pool_id, UserPoolTier="PLUS", **THREAT_PROTECTION)
    assert idp.describe_user_pool(UserPoolId=pool_id)["UserPool"]["UserPoolTier"] == "PLUS"
    # What an update leaves out goes back to its default, so nothing stands in the way any more.
    idp.update_user_pool(UserPoolId=pool_id, UserPoolTier="LITE")
    assert "UserPoolAddOns" not in idp.describe_user_pool(UserPoolId=pool_id)["UserPool"]


@pytest.mark.operation("CreateUserPoolClient")
@pytest.mark.operation("UpdateUserPoolClient")
def test_choice_based_sign_in_is_not_for_clients_of_lite_pools(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, UserPoolTier="LITE")
    message = lacks("Lite", "Choice-Based Sign-In")
    with refused("FeatureUnavailableInTierException", message):
        app.client(ExplicitAuthFlows=["ALLOW_USER_AUTH"])
    at = {"UserPoolId": app.pool_id, "ClientId": app.client_id}
    with refused("FeatureUnavailableInTierException", message):
        idp.update_user_pool_client(**at, ExplicitAuthFlows=["ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
    assert set(idp.describe_user_pool_client(**at)["UserPoolClient"]["ExplicitAuthFlows"]) == set(FLOWS)


@pytest.mark.operation("InitiateAuth")
@pytest.mark.operation("AdminInitiateAuth")
def test_choice_based_sign_in_does_not_start_in_lite_pools(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, UserPoolTier="LITE")
    given = {"ClientId": app.client_id, "AuthFlow": "USER_AUTH", "AuthParameters": {"USERNAME": "ann"}}
    with refused("FeatureUnavailableInTierException", lacks("Lite", "Choice-Based Sign-In")):
        idp.initiate_auth(**given)
    with refused("FeatureUnavailableInTierException", lacks("Lite", "Choice-Based Sign-In")):
        idp.admin_initiate_auth(UserPoolId=app.pool_id, **given)


@pytest.mark.operation("CreateUserPoolDomain")
@pytest.mark.operation("UpdateUserPoolDomain")
def test_managed_login_is_not_for_lite_pools(idp: Any) -> None:
    pool_id = idp.create_user_pool(PoolName="p", UserPoolTier="LITE")["UserPool"]["Id"]
    at = {"UserPoolId": pool_id, "Domain": "some-pages"}
    with refused("FeatureUnavailableInTierException", lacks("Lite", "Managed Login")):
        idp.create_user_pool_domain(**at, ManagedLoginVersion=2)
    assert idp.describe_user_pool_domain(Domain="some-pages")["DomainDescription"] == {}
    idp.create_user_pool_domain(**at)
    with refused("FeatureUnavailableInTierException", lacks("Lite", "Managed Login")):
        idp.update_user_pool_domain(**at, ManagedLoginVersion=2)
    assert idp.describe_user_pool_domain(Domain="some-pages")["DomainDescription"]["ManagedLoginVersion"] == 1


def not_lowered(app: App, *features: str) -> None:
    """Expect that the pool cannot become a LITE pool, and stays as it was."""
    names = ", ".join(features)
    message = f"The tier cannot be changed to LITE before these features are turned off: {names}"
    with refused("TierChangeNotAllowedException", message):
        app.idp.update_user_pool(UserPoolId=app.pool_id, UserPoolTier="LITE")
    assert app.idp.describe_user_pool(UserPoolId=app.pool_id)["UserPool"]["UserPoolTier"] == "ESSENTIALS"


def test_a_tier_is_not_lowered_while_a_client_or_domain_needs_it(app: App) -> None:
    app.client(ExplicitAuthFlows=["ALLOW_USER_AUTH"])
    app.client(ExplicitAuthFlows=["ALLOW_USER_AUTH"])
    app.idp.create_user_pool_domain(UserPoolId=app.pool_id, Domain="some-pages", ManagedLoginVersion=2)
    not_lowered(app, "Managed Login", "Choice-Based Sign-In")
    app.idp.update_user_pool_domain(UserPoolId=app.pool_id, Domain="some-pages", ManagedLoginVersion=1)
    not_lowered(app, "Choice-Based Sign-In")
    for client in app.idp.list_user_pool_clients(UserPoolId=app.pool_id)["UserPoolClients"]:
        app.idp.update_user_pool_client(UserPoolId=app.pool_id, ClientId=client["ClientId"])
    app.idp.update_user_pool(UserPoolId=app.pool_id, UserPoolTier="LITE")


def test_a_tier_is_not_lowered_while_client_registration_is_kept(app: App) -> None:
    app.idp.update_user_pool(UserPoolId=app.pool_id, DcrConfiguration={"OpenDcrEnabled": False})
    not_lowered(app, "Dynamic Client Registration")
    with refused("FeatureUnavailableInTierException", lacks("Lite", "Dynamic Client Registration")):
        app.idp.update_user_pool(UserPoolId=app.pool_id, UserPoolTier="LITE", DcrConfiguration={})
    off = {"EnableStatus": "Disabled"}
    app.idp.update_user_pool(UserPoolId=app.pool_id, UserPoolTier="LITE", DcrConfiguration=off)


@pytest.mark.parametrize(
    ("extras", "feature"),
    [
        ({"mfa": {"email": {"Message": "{####}"}}}, "Email MFA"),
        ({"sessions": {"tracking": "ENABLED", "max_per_user": 3}}, "Session Configuration"),
    ],
)
def test_a_tier_is_not_lowered_below_what_other_operations_set(app: App, extras: dict[str, Any], feature: str) -> None:
    UserPool.objects.filter(pk=app.pool_id).update(extras=extras)
    not_lowered(app, feature)


def test_a_plus_tier_is_not_lowered_while_activity_logs_are_exported(idp: Any) -> None:
    pool_id = idp.create_user_pool(PoolName="p", UserPoolTier="PLUS")["UserPool"]["Id"]
    exported = {"log_delivery": [{"EventSource": "userAuthEvents", "LogLevel": "INFO"}]}
    UserPool.objects.filter(pk=pool_id).update(extras=exported)
    with refused("TierChangeNotAllowedException"):
        idp.update_user_pool(UserPoolId=pool_id, UserPoolTier="ESSENTIALS")
    UserPool.objects.filter(pk=pool_id).update(extras={"log_delivery": [{"EventSource": "userNotification"}]})
    idp.update_user_pool(UserPoolId=pool_id, UserPoolTier="ESSENTIALS")


def test_the_setting_all_features_gives_every_pool_everything(idp: Any, inbox: Inbox, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "ALL_FEATURES": True}
    given = {**ESSENTIALS_FEATURES["Password History"], **THREAT_PROTECTION}
    app = make_app(idp, inbox, UserPoolTier="LITE", **given)
    app.client(ExplicitAuthFlows=["ALLOW_USER_AUTH"])
    idp.create_user_pool_domain(UserPoolId=app.pool_id, Domain="some-pages", ManagedLoginVersion=2)
    assert idp.describe_user_pool(UserPoolId=app.pool_id)["UserPool"]["UserPoolTier"] == "LITE"


@pytest.mark.operation("UpdateUserPool")
def test_a_tier_is_one_of_three(app: App) -> None:
    with refused("InvalidParameterException"):
        app.idp.update_user_pool(UserPoolId=app.pool_id, UserPoolTier="FREE")
    with refused("ResourceNotFoundException"):
        app.idp.update_user_pool(UserPoolId="us-east-1_none", UserPoolTier="LITE")
