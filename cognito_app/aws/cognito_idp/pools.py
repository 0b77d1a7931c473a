"""User pools and their tags."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.models import UserPool
from cognito_app.services import pool_rules, pools, replicas, users

ABSENT_IF_EMPTY = ("AutoVerifiedAttributes", "AliasAttributes", "UsernameAttributes")


def present(row: UserPool, *, domains: bool = True) -> dict[str, Any]:
    """Return a UserPoolType."""
    local = replicas.here(row.id)
    result: dict[str, Any] = {
        "Id": row.id,
        "Name": row.name,
        **{name: value for name, value in row.configuration.items() if value or name not in ABSENT_IF_EMPTY},
        "AcrConfiguration": pool_rules.effective_acr(row.configuration),
        "LastModifiedDate": row.modified_at,
        "CreationDate": row.created_at,
        "SchemaAttributes": row.schema,
        "EstimatedNumberOfUsers": users.estimated_count(row.id),
        "UserPoolTags": row.tags if local is None else local.tags,
        "Arn": replicas.arn_of(row.id, None if local is None else local.region),
    }
    if domains:
        for domain in row.domains.all():
            result["CustomDomain" if domain.is_custom else "Domain"] = domain.name
    return result


@operation("CreateUserPool")
def create_user_pool(
    call: Call,
    *,
    PoolName: str,
    Schema: list[dict[str, Any]] | None = None,
    UserPoolTags: dict[str, str] | None = None,
    **settings: Any,
) -> dict[str, Any]:
    created = pools.create(call.actor, name=PoolName, settings=settings, attributes=Schema, tags=UserPoolTags)
    return {"UserPool": present(created, domains=False)}


@operation("DescribeUserPool")
def describe_user_pool(call: Call, *, UserPoolId: str) -> dict[str, Any]:
    return {"UserPool": present(pools.find(UserPoolId))}


@operation("UpdateUserPool")
def update_user_pool(
    call: Call,
    *,
    UserPoolId: str,
    PoolName: str | None = None,
    UserPoolTags: dict[str, str] | None = None,
    **settings: Any,
) -> dict[str, Any]:
    pools.update(call.actor, UserPoolId, settings=settings, name=PoolName, tags=UserPoolTags)
    return {}


@operation("DeleteUserPool")
def delete_user_pool(call: Call, *, UserPoolId: str) -> None:
    pools.delete(call.actor, UserPoolId)


@operation("ListUserPools")
def list_user_pools(call: Call, *, MaxResults: int, NextToken: str | None = None) -> dict[str, Any]:
    found, token = pools.page(limit=MaxResults, token=NextToken)
    return {"UserPools": [_description(row) for row in found], "NextToken": token}


def _description(row: UserPool) -> dict[str, Any]:
    return {
        "Id": row.id,
        "Name": row.name,
        "LambdaConfig": row.configuration.get("LambdaConfig", {}),
        "LastModifiedDate": row.modified_at,
        "CreationDate": row.created_at,
    }


@operation("AddCustomAttributes")
def add_custom_attributes(call: Call, *, UserPoolId: str, CustomAttributes: list[dict[str, Any]]) -> dict[str, Any]:
    pools.add_custom_attributes(call.actor, UserPoolId, CustomAttributes)
    return {}


@operation("TagResource")
def tag_resource(call: Call, *, ResourceArn: str, Tags: dict[str, str]) -> dict[str, Any]:
    pools.tag(call.actor, ResourceArn, Tags)
    return {}


@operation("UntagResource")
def untag_resource(call: Call, *, ResourceArn: str, TagKeys: list[str]) -> dict[str, Any]:
    pools.untag(call.actor, ResourceArn, TagKeys)
    return {}


@operation("ListTagsForResource")
def list_tags_for_resource(call: Call, *, ResourceArn: str) -> dict[str, Any]:
    return {"Tags": pools.tags_of(ResourceArn)}
