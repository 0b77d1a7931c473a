"""GetProvisionedLimit and UpdateProvisionedLimit set the rate that is enforced."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from tests import clocks
from tests.clients import boto
from tests.conftest import App, refused

pytestmark = pytest.mark.django_db


def definition(category: str = "UserCreation") -> dict[str, Any]:
    """Return the LimitDefinition of a category."""
    return {"LimitClass": "API_CATEGORY", "Attributes": {"Category": category}}


def values(limit: dict[str, Any]) -> tuple[int, int]:
    """Return the provisioned and the free value."""
    return limit["ProvisionedLimitValue"], limit["FreeLimitValue"]


@pytest.mark.operation("GetProvisionedLimit")
@pytest.mark.operation("UpdateProvisionedLimit")
def test_a_set_limit_is_shown_beside_the_default(idp: Any) -> None:
    assert values(idp.get_provisioned_limit(LimitDefinition=definition())["Limit"]) == (50, 50)
    updated = idp.update_provisioned_limit(LimitDefinition=definition(), RequestedLimitValue=80)["Limit"]
    assert values(updated) == (80, 50)
    shown = idp.get_provisioned_limit(LimitDefinition=definition())["Limit"]
    assert shown == updated
    assert shown["LimitDefinition"] == definition()
    assert values(idp.get_provisioned_limit(LimitDefinition=definition("UserRead"))["Limit"]) == (120, 120)
    idp.update_provisioned_limit(LimitDefinition=definition(), RequestedLimitValue=50)
    assert values(idp.get_provisioned_limit(LimitDefinition=definition())["Limit"]) == (50, 50)


def test_values_stay_between_the_default_and_the_accounts_maximum(idp: Any, settings: Settings) -> None:
    with refused("InvalidParameterException"):
        idp.update_provisioned_limit(LimitDefinition=definition(), RequestedLimitValue=49)
    with refused("ServiceQuotaExceededException"):
        idp.update_provisioned_limit(LimitDefinition=definition(), RequestedLimitValue=501)
    settings.COGNITO = {**settings.COGNITO, "MAXIMUM_LIMITS": {"UserCreation": 501}}
    assert (
        values(idp.update_provisioned_limit(LimitDefinition=definition(), RequestedLimitValue=501)["Limit"])[0] == 501
    )
    with refused("ServiceQuotaExceededException"):
        idp.update_provisioned_limit(LimitDefinition=definition(), RequestedLimitValue=502)
    assert values(idp.get_provisioned_limit(LimitDefinition=definition())["Limit"])[0] == 501


@pytest.mark.parametrize(
    ("category", "code"),
    [
        ("UserUpdate", "InvalidParameterException"),
        ("LimitManagement", "InvalidParameterException"),
        ("NoSuchCategory", "ResourceNotFoundException"),
        ("", "ResourceNotFoundException"),
    ],
)
def test_only_adjustable_categories_have_provisioned_limits(idp: Any, category: str, code: str) -> None:
    with refused(code):
        idp.get_provisioned_limit(LimitDefinition=definition(category))
    with refused(code):
        idp.update_provisioned_limit(LimitDefinition=definition(category), RequestedLimitValue=60)


@pytest.mark.parametrize(
    "given",
    [
        {"LimitClass": "API_CATEGORY", "Attributes": {}},
        {"LimitClass": "API_CATEGORY", "Attributes": {"Category": "UserRead", "Other": "x"}},
        {"LimitClass": "OTHER", "Attributes": {"Category": "UserRead"}},
        {"LimitClass": "API_CATEGORY"},
    ],
)
def test_a_limit_is_named_by_class_and_category(idp: Any, given: dict[str, Any]) -> None:
    with refused("InvalidParameterException"):
        idp.get_provisioned_limit(LimitDefinition=given)


def test_sign_in_rates_are_fixed_while_a_pool_uses_managed_login(app: App) -> None:
    app.idp.update_provisioned_limit(LimitDefinition=definition("UserAuthentication"), RequestedLimitValue=200)
    app.idp.create_user_pool_domain(UserPoolId=app.pool_id, Domain="pages", ManagedLoginVersion=2)
    for category in ("UserAuthentication", "UserFederation"):
        with refused("InvalidParameterException"):
            app.idp.update_provisioned_limit(LimitDefinition=definition(category), RequestedLimitValue=201)
    assert values(app.idp.get_provisioned_limit(LimitDefinition=definition("UserAuthentication"))["Limit"])[0] == 200
    app.idp.update_provisioned_limit(LimitDefinition=definition(), RequestedLimitValue=60)


def test_a_key_needs_the_permission(idp: Any) -> None:
    with refused("UnrecognizedClientException"):
        boto.client("cognito-idp").get_provisioned_limit(LimitDefinition=definition())


def sign_ups(app: App, first: int, count: int) -> int:
    """Try so many registrations; returns how many were not refused for their rate."""
    passed = 0
    for number in range(first, first + count):
        try:
            app.idp.confirm_sign_up(ClientId=app.client_id, Username=f"user{number}", ConfirmationCode="1")
        except app.idp.exceptions.TooManyRequestsException:
            continue
        except app.idp.exceptions.ClientError:
            passed += 1
    return passed


def test_a_changed_limit_is_the_one_enforced(app: App, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "REQUEST_QUOTAS": True}
    with clocks.stopped() as clock:
        assert sign_ups(app, 0, 60) == 50
        clock.shift(1)
        app.idp.update_provisioned_limit(LimitDefinition=definition(), RequestedLimitValue=55)
        assert sign_ups(app, 100, 60) == 55
        clock.shift(1)
        app.idp.update_provisioned_limit(LimitDefinition=definition(), RequestedLimitValue=50)
        assert sign_ups(app, 200, 60) == 50


def test_limits_are_managed_once_a_second(idp: Any, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "REQUEST_QUOTAS": True}
    with clocks.stopped() as clock:
        idp.get_provisioned_limit(LimitDefinition=definition())
        with refused("TooManyRequestsException", "Rate exceeded"):
            idp.update_provisioned_limit(LimitDefinition=definition(), RequestedLimitValue=60)
        clock.shift(1)
        assert values(idp.get_provisioned_limit(LimitDefinition=definition())["Limit"]) == (50, 50)


def run(*arguments: str) -> str:
    """Run ``manage.py limits`` and return what it prints."""
    out = io.StringIO()
    call_command("limits", *arguments, stdout=out)
    return out.getvalue()


def test_operators_set_any_limit_by_the_command(app: App) -> None:
    assert "UserUpdate 25\n" in run()
    assert "UserUpdate 9\n" in run("UserUpdate=9")
    shown = run("--pool", app.pool_id, "UserRead=7")
    assert "UserRead 7 (own)\n" in shown
    assert "UserUpdate 9\n" in shown
    assert "UserRead 120\n" in run("--pool", app.pool_id, "UserRead=")
    for wrong in (["UserRead=x"], ["Nothing=3"], ["UserRead=0"], ["--pool", "us-east-1_none", "UserRead=3"]):
        with pytest.raises(CommandError):
            run(*wrong)
