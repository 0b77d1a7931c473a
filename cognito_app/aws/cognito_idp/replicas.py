"""Replicas of pools in other Regions."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.services import replicas
from cognito_app.services.replicas import Replica


def present(replica: Replica) -> dict[str, Any]:
    """Return a UserPoolReplicaType."""
    return {
        "RegionName": replica.region,
        "Status": replica.status,
        "Role": "PRIMARY" if replica.primary else "SECONDARY",
        "UserPoolArn": replica.arn,
    }


@operation("CreateUserPoolReplica")
def create_user_pool_replica(
    call: Call, *, UserPoolId: str, RegionName: str, UserPoolTags: dict[str, str] | None = None
) -> dict[str, Any]:
    return {"UserPoolReplica": present(replicas.create(call.actor, call.pool, RegionName, UserPoolTags))}


@operation("UpdateUserPoolReplica")
def update_user_pool_replica(call: Call, *, UserPoolId: str, RegionName: str, Status: str) -> dict[str, Any]:
    return {"UserPoolReplica": present(replicas.update(call.actor, call.pool, RegionName, Status))}


@operation("DeleteUserPoolReplica")
def delete_user_pool_replica(call: Call, *, UserPoolId: str, RegionName: str) -> dict[str, Any]:
    return {"UserPoolReplica": present(replicas.delete(call.actor, call.pool, RegionName))}


@operation("ListUserPoolReplicas")
def list_user_pool_replicas(call: Call, *, UserPoolId: str, NextToken: str | None = None) -> dict[str, Any]:
    found, token = replicas.page(call.pool, NextToken)
    return {"UserPoolReplicas": [present(replica) for replica in found], "NextToken": token}
