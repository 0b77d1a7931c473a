"""Threat protection: its settings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from cognito_app.core import clock
from cognito_app.models import RiskConfiguration
from tests.conftest import App, refused
from tests.threats import (
    FULL,
    action,
    compromised,
    configure,
)

pytestmark = pytest.mark.django_db


@pytest.mark.operation("SetRiskConfiguration")
@pytest.mark.operation("DescribeRiskConfiguration")
def test_settings_are_stored_and_described(guarded: App) -> None:
    before = clock.now()
    given = configure(guarded, **FULL)
    described = guarded.idp.describe_risk_configuration(UserPoolId=guarded.pool_id)["RiskConfiguration"]
    assert described == given
    assert {name: described[name] for name in FULL} == FULL
    assert described["UserPoolId"] == guarded.pool_id
    assert "ClientId" not in described
    assert before - timedelta(seconds=1) <= described["LastModifiedDate"] <= clock.now()


@pytest.mark.operation("SetRiskConfiguration")
@pytest.mark.operation("DescribeRiskConfiguration")
def test_a_client_overrides_the_pool_and_inherits_again(guarded: App) -> None:
    configure(guarded, **FULL)
    names = {"UserPoolId": guarded.pool_id, "ClientId": guarded.client_id}
    assert "ClientId" not in guarded.idp.describe_risk_configuration(**names)["RiskConfiguration"]
    own = {"RiskExceptionConfiguration": {"BlockedIPRangeList": ["198.51.100.0/24"]}}
    guarded.idp.set_risk_configuration(**names, **own)
    described = guarded.idp.describe_risk_configuration(**names)["RiskConfiguration"]
    assert described["ClientId"] == guarded.client_id
    assert described["RiskExceptionConfiguration"] == own["RiskExceptionConfiguration"]
    assert "AccountTakeoverRiskConfiguration" not in described
    guarded.idp.set_risk_configuration(**names)
    described = guarded.idp.describe_risk_configuration(**names)["RiskConfiguration"]
    assert "ClientId" not in described
    assert described["RiskExceptionConfiguration"] == FULL["RiskExceptionConfiguration"]


@pytest.mark.operation("SetRiskConfiguration")
def test_a_pool_is_reset_by_its_id_alone(guarded: App) -> None:
    configure(guarded, **FULL)
    assert configure(guarded) == {"UserPoolId": guarded.pool_id}
    described = guarded.idp.describe_risk_configuration(UserPoolId=guarded.pool_id)["RiskConfiguration"]
    assert described == {"UserPoolId": guarded.pool_id}


def test_settings_of_a_client_go_with_it(guarded: App) -> None:
    client_id = guarded.client()["ClientId"]
    guarded.idp.set_risk_configuration(UserPoolId=guarded.pool_id, ClientId=client_id, **FULL)
    guarded.idp.delete_user_pool_client(UserPoolId=guarded.pool_id, ClientId=client_id)
    assert not RiskConfiguration.objects.exists()


@pytest.mark.parametrize("ranges", [["192.0.2.1"], ["192.0.2.0/33"], ["example.com/24"], ["2001:db8::/129"], [""]])
def test_ranges_must_be_cidr(guarded: App, ranges: list[str]) -> None:
    for member in ("BlockedIPRangeList", "SkippedIPRangeList"):
        with refused("InvalidParameterException"):
            configure(guarded, RiskExceptionConfiguration={member: ranges})
    with refused("InvalidParameterException"):
        configure(guarded, RiskExceptionConfiguration={"BlockedIPRangeList": ["192.0.2.0/24"] * 201})
    assert not RiskConfiguration.objects.exists()


def test_a_higher_level_must_not_be_milder(guarded: App) -> None:
    with refused("InvalidParameterException"):
        configure(
            guarded,
            AccountTakeoverRiskConfiguration={
                "Actions": {"LowAction": action("BLOCK"), "HighAction": action("MFA_REQUIRED")}
            },
        )


def test_notify_needs_a_notify_configuration(guarded: App) -> None:
    with refused("InvalidParameterException"):
        configure(guarded, AccountTakeoverRiskConfiguration={"Actions": {"LowAction": action("NO_ACTION", True)}})


def test_an_unknown_event_is_refused(guarded: App) -> None:
    with refused("InvalidParameterException"):
        compromised(guarded, "BLOCK", "SIGN_OUT")


def test_settings_need_the_add_on(app: App) -> None:
    with refused("UserPoolAddOnNotEnabledException"):
        configure(app, **FULL)
    with refused("UserPoolAddOnNotEnabledException"):
        app.idp.describe_risk_configuration(UserPoolId=app.pool_id)


def test_pools_and_clients_must_exist(guarded: App, app: App) -> None:
    for name in ("set_risk_configuration", "describe_risk_configuration"):
        call = getattr(guarded.idp, name)
        with refused("ResourceNotFoundException"):
            call(UserPoolId="us-east-1_Nothing00")
        with refused("ResourceNotFoundException"):
            call(UserPoolId=guarded.pool_id, ClientId=app.client_id)


def test_threat_protection_needs_the_plus_tier(idp: Any, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "ALL_FEATURES": False}
    add_on = {"UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"}}
    with refused("FeatureUnavailableInTierException"):
        idp.create_user_pool(PoolName="p", UserPoolTier="ESSENTIALS", **add_on)
    pool = idp.create_user_pool(PoolName="p", UserPoolTier="PLUS", **add_on)["UserPool"]
    idp.update_user_pool(UserPoolId=pool["Id"], **add_on)
    with refused("FeatureUnavailableInTierException"):
        idp.update_user_pool(UserPoolId=pool["Id"], UserPoolTier="LITE", **add_on)
