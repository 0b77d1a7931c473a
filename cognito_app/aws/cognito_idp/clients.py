"""App clients and their secrets."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.models import AppClient, ClientSecret
from cognito_app.services import clients

ABSENT_IF_EMPTY = ("ReadAttributes", "WriteAttributes")


def present(row: AppClient) -> dict[str, Any]:
    """Return a UserPoolClientType, the secret included: infrastructure tools read it here."""
    settings = {name: value for name, value in row.configuration.items() if value or name not in ABSENT_IF_EMPTY}
    return {
        "UserPoolId": row.pool_id,
        "ClientName": row.name,
        "ClientId": row.id,
        "ClientSecret": clients.first_secret(row),
        "LastModifiedDate": row.modified_at,
        "CreationDate": row.created_at,
        **settings,
        "ClientType": clients.kind_of(row),
    }


@operation("CreateUserPoolClient")
def create_user_pool_client(
    call: Call,
    *,
    UserPoolId: str,
    ClientName: str,
    GenerateSecret: bool = False,
    ClientSecret: str | None = None,
    **settings: Any,
) -> dict[str, Any]:
    created = clients.create(
        call.pool,
        call.actor,
        name=ClientName,
        settings=settings,
        generate_secret=GenerateSecret,
        secret=ClientSecret,
    )
    return {"UserPoolClient": present(created)}


@operation("DescribeUserPoolClient")
def describe_user_pool_client(call: Call, *, UserPoolId: str, ClientId: str) -> dict[str, Any]:
    return {"UserPoolClient": present(clients.find(call.pool, ClientId))}


@operation("UpdateUserPoolClient")
def update_user_pool_client(
    call: Call, *, UserPoolId: str, ClientId: str, ClientName: str | None = None, **settings: Any
) -> dict[str, Any]:
    changed = clients.update(call.pool, call.actor, ClientId, settings=settings, name=ClientName)
    return {"UserPoolClient": present(changed)}


@operation("DeleteUserPoolClient")
def delete_user_pool_client(call: Call, *, UserPoolId: str, ClientId: str) -> None:
    clients.delete(call.pool, call.actor, ClientId)


@operation("ListUserPoolClients")
def list_user_pool_clients(
    call: Call,
    *,
    UserPoolId: str,
    MaxResults: int | None = None,
    NextToken: str | None = None,
    ClientType: str | None = None,
) -> dict[str, Any]:
    found, token = clients.page(call.pool, limit=MaxResults, token=NextToken, kind=ClientType)
    described = [{"ClientId": row.id, "UserPoolId": row.pool_id, "ClientName": row.name} for row in found]
    return {"UserPoolClients": described, "NextToken": token}


@operation("AddUserPoolClientSecret")
def add_user_pool_client_secret(
    call: Call, *, UserPoolId: str, ClientId: str, ClientSecret: str | None = None
) -> dict[str, Any]:
    stored, value = clients.add_secret(call.pool, call.actor, ClientId, secret=ClientSecret)
    return {"ClientSecretDescriptor": {**_descriptor(stored), "ClientSecretValue": value}}


@operation("ListUserPoolClientSecrets")
def list_user_pool_client_secrets(call: Call, *, UserPoolId: str, ClientId: str, **unused: Any) -> dict[str, Any]:
    row = clients.find(call.pool, ClientId)
    return {"ClientSecrets": [_descriptor(stored) for stored in row.secrets.all()]}


@operation("DeleteUserPoolClientSecret")
def delete_user_pool_client_secret(
    call: Call, *, UserPoolId: str, ClientId: str, ClientSecretId: str
) -> dict[str, Any]:
    clients.delete_secret(call.pool, call.actor, ClientId, ClientSecretId)
    return {}


def _descriptor(stored: ClientSecret) -> dict[str, Any]:
    return {"ClientSecretId": stored.id, "ClientSecretCreateDate": stored.created_at}
