"""Identity pools, their roles and tags."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.models import IdentityPool
from cognito_app.services import identity_pools, principal_tags


def present(row: IdentityPool) -> dict[str, Any]:
    """Return an IdentityPool."""
    return {
        "IdentityPoolId": row.id,
        "IdentityPoolName": row.name,
        **row.configuration,
        "IdentityPoolTags": row.tags or None,
    }


@operation("CreateIdentityPool")
def create_identity_pool(
    call: Call, *, IdentityPoolName: str, IdentityPoolTags: dict[str, str] | None = None, **settings: Any
) -> dict[str, Any]:
    created = identity_pools.create(call.actor, name=IdentityPoolName, settings=settings, tags=IdentityPoolTags)
    return present(created)


@operation("DescribeIdentityPool")
def describe_identity_pool(call: Call, *, IdentityPoolId: str) -> dict[str, Any]:
    return present(identity_pools.find(IdentityPoolId))


@operation("UpdateIdentityPool")
def update_identity_pool(
    call: Call,
    *,
    IdentityPoolId: str,
    IdentityPoolName: str,
    IdentityPoolTags: dict[str, str] | None = None,
    **settings: Any,
) -> dict[str, Any]:
    changed = identity_pools.update(
        call.actor, IdentityPoolId, name=IdentityPoolName, settings=settings, tags=IdentityPoolTags
    )
    return present(changed)


@operation("DeleteIdentityPool")
def delete_identity_pool(call: Call, *, IdentityPoolId: str) -> None:
    identity_pools.delete(call.actor, IdentityPoolId)


@operation("ListIdentityPools")
def list_identity_pools(call: Call, *, MaxResults: int, NextToken: str | None = None) -> dict[str, Any]:
    found, token = identity_pools.page(limit=MaxResults, token=NextToken)
    described = [{"IdentityPoolId": row.id, "IdentityPoolName": row.name} for row in found]
    return {"IdentityPools": described, "NextToken": token}


@operation("SetIdentityPoolRoles")
def set_identity_pool_roles(
    call: Call, *, IdentityPoolId: str, Roles: dict[str, str], RoleMappings: dict[str, Any] | None = None
) -> None:
    identity_pools.set_roles(call.actor, IdentityPoolId, roles=Roles, mappings=RoleMappings, principal=call.principal)


@operation("GetIdentityPoolRoles")
def get_identity_pool_roles(call: Call, *, IdentityPoolId: str) -> dict[str, Any]:
    row = identity_pools.find(IdentityPoolId)
    return {"IdentityPoolId": row.id, "Roles": row.roles, "RoleMappings": row.role_mappings or None}


@operation("SetPrincipalTagAttributeMap")
def set_principal_tag_attribute_map(
    call: Call,
    *,
    IdentityPoolId: str,
    IdentityProviderName: str,
    UseDefaults: bool = False,
    PrincipalTags: dict[str, str] | None = None,
) -> dict[str, Any]:
    stored = principal_tags.set_map(
        call.actor, IdentityPoolId, IdentityProviderName, use_defaults=UseDefaults, tags=PrincipalTags or {}
    )
    return {"IdentityPoolId": IdentityPoolId, "IdentityProviderName": IdentityProviderName, **stored}


@operation("GetPrincipalTagAttributeMap")
def get_principal_tag_attribute_map(call: Call, *, IdentityPoolId: str, IdentityProviderName: str) -> dict[str, Any]:
    stored = principal_tags.get_map(IdentityPoolId, IdentityProviderName)
    return {"IdentityPoolId": IdentityPoolId, "IdentityProviderName": IdentityProviderName, **stored}


@operation("TagResource")
def tag_resource(call: Call, *, ResourceArn: str, Tags: dict[str, str]) -> dict[str, Any]:
    present_tags = identity_pools.by_arn(ResourceArn).tags
    identity_pools.set_tags(call.actor, ResourceArn, {**present_tags, **Tags})
    return {}


@operation("UntagResource")
def untag_resource(call: Call, *, ResourceArn: str, TagKeys: list[str]) -> dict[str, Any]:
    present_tags = identity_pools.by_arn(ResourceArn).tags
    kept = {name: value for name, value in present_tags.items() if name not in TagKeys}
    identity_pools.set_tags(call.actor, ResourceArn, kept)
    return {}


@operation("ListTagsForResource")
def list_tags_for_resource(call: Call, *, ResourceArn: str) -> dict[str, Any]:
    return {"Tags": identity_pools.by_arn(ResourceArn).tags}
