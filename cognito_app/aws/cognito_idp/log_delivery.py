"""Log delivery."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.services import log_delivery


def present(pool_id: str, configurations: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a LogDeliveryConfigurationType."""
    return {"UserPoolId": pool_id, "LogConfigurations": configurations}


@operation("SetLogDeliveryConfiguration")
def set_log_delivery_configuration(
    call: Call, *, UserPoolId: str, LogConfigurations: list[dict[str, Any]]
) -> dict[str, Any]:
    stored = log_delivery.configure(call.pool, call.actor, LogConfigurations)
    return {"LogDeliveryConfiguration": present(UserPoolId, stored)}


@operation("GetLogDeliveryConfiguration")
def get_log_delivery_configuration(call: Call, *, UserPoolId: str) -> dict[str, Any]:
    return {"LogDeliveryConfiguration": present(UserPoolId, log_delivery.of(call.pool))}
