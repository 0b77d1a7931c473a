"""Threat-protection settings."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.models import RiskConfiguration
from cognito_app.services import risk_configuration


def present(row: RiskConfiguration) -> dict[str, Any]:
    """Return a RiskConfigurationType."""
    return {
        "UserPoolId": row.pool_id,
        "ClientId": row.client_id or None,
        **row.configuration,
        "LastModifiedDate": row.modified_at,
    }


@operation("SetRiskConfiguration")
def set_risk_configuration(
    call: Call, *, UserPoolId: str, ClientId: str | None = None, **sections: Any
) -> dict[str, Any]:
    client_id = call.client.id if ClientId else ""
    return {"RiskConfiguration": present(risk_configuration.configure(call.pool, call.actor, client_id, sections))}


@operation("DescribeRiskConfiguration")
def describe_risk_configuration(call: Call, *, UserPoolId: str, ClientId: str | None = None) -> dict[str, Any]:
    client_id = call.client.id if ClientId else ""
    return {"RiskConfiguration": present(risk_configuration.find(call.pool, client_id))}
