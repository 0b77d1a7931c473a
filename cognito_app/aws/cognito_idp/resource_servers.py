"""Resource servers."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.models import ResourceServer
from cognito_app.services import resource_servers


def present(row: ResourceServer) -> dict[str, Any]:
    """Return a ResourceServerType."""
    return {"UserPoolId": row.pool_id, "Identifier": row.identifier, "Name": row.name, "Scopes": row.scopes or None}


@operation("CreateResourceServer")
def create_resource_server(
    call: Call, *, UserPoolId: str, Identifier: str, Name: str, Scopes: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    created = resource_servers.create(call.pool, call.actor, identifier=Identifier, name=Name, scopes=Scopes or [])
    return {"ResourceServer": present(created)}


@operation("DescribeResourceServer")
def describe_resource_server(call: Call, *, UserPoolId: str, Identifier: str) -> dict[str, Any]:
    return {"ResourceServer": present(resource_servers.find(call.pool, Identifier))}


@operation("UpdateResourceServer")
def update_resource_server(
    call: Call, *, UserPoolId: str, Identifier: str, Name: str, Scopes: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    changed = resource_servers.update(call.pool, call.actor, identifier=Identifier, name=Name, scopes=Scopes or [])
    return {"ResourceServer": present(changed)}


@operation("DeleteResourceServer")
def delete_resource_server(call: Call, *, UserPoolId: str, Identifier: str) -> None:
    resource_servers.delete(call.pool, call.actor, identifier=Identifier)


@operation("ListResourceServers")
def list_resource_servers(
    call: Call, *, UserPoolId: str, MaxResults: int | None = None, NextToken: str | None = None
) -> dict[str, Any]:
    found, token = resource_servers.page(call.pool, limit=MaxResults, token=NextToken)
    return {"ResourceServers": [present(row) for row in found], "NextToken": token}
