"""Provisioned limits: the request rates of the adjustable categories."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.errors import InvalidParameterException
from cognito_app.services import limits
from cognito_app.services.rate_categories import CATEGORIES


def _category(definition: dict[str, Any]) -> str:
    attributes: dict[str, str] = definition["Attributes"]
    if set(attributes) != {"Category"}:
        raise InvalidParameterException("Attributes must hold Category and nothing else.")
    return attributes["Category"]


def _present(definition: dict[str, Any], category: str, value: int) -> dict[str, Any]:
    return {
        "Limit": {
            "LimitDefinition": definition,
            "ProvisionedLimitValue": value,
            "FreeLimitValue": CATEGORIES[category].default,
        }
    }


@operation("GetProvisionedLimit")
def get_provisioned_limit(call: Call, *, LimitDefinition: dict[str, Any]) -> dict[str, Any]:
    category = limits.adjustable(_category(LimitDefinition)).name
    return _present(LimitDefinition, category, limits.in_force(category))


@operation("UpdateProvisionedLimit")
def update_provisioned_limit(
    call: Call, *, LimitDefinition: dict[str, Any], RequestedLimitValue: int
) -> dict[str, Any]:
    category = _category(LimitDefinition)
    return _present(LimitDefinition, category, limits.provision(call.actor, category, RequestedLimitValue))
