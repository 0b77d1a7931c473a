"""Roles and their trust policies."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.iam import present
from cognito_app.aws.iam.pages import page
from cognito_app.aws.iam.present import Tags
from cognito_app.aws.registry import operation
from cognito_app.errors import InvalidInput
from cognito_app.services import roles


@operation("CreateRole")
def create_role(
    call: Call,
    *,
    RoleName: str,
    AssumeRolePolicyDocument: str,
    Path: str = "/",
    Description: str = "",
    MaxSessionDuration: int = 3600,
    PermissionsBoundary: str | None = None,
    Tags: Tags | None = None,
) -> dict[str, Any]:
    if PermissionsBoundary is not None:
        raise InvalidInput("Permissions boundaries are not supported.")
    made = roles.create(
        call.actor,
        name=RoleName,
        trust_policy=roles.read_trust(AssumeRolePolicyDocument),
        description=Description,
        max_session_duration=MaxSessionDuration,
        path=Path,
        tags=present.read_tags(Tags),
    )
    return {"Role": present.role(made)}


@operation("GetRole")
def get_role(call: Call, *, RoleName: str) -> dict[str, Any]:
    return {"Role": present.role(roles.find(RoleName).row)}


@operation("UpdateRole")
def update_role(
    call: Call, *, RoleName: str, Description: str | None = None, MaxSessionDuration: int | None = None
) -> dict[str, Any]:
    roles.describe(call.actor, RoleName, description=Description, max_session_duration=MaxSessionDuration)
    return {}


@operation("DeleteRole")
def delete_role(call: Call, *, RoleName: str) -> None:
    roles.delete_empty(call.actor, RoleName)


@operation("ListRoles")
def list_roles(
    call: Call, *, PathPrefix: str = "/", Marker: str | None = None, MaxItems: int | None = None
) -> dict[str, Any]:
    rows = [held.row for held in roles.listed() if held.row.path.startswith(PathPrefix)]
    found, more = page(rows, scope=f"ListRoles:{PathPrefix}", name=lambda row: row.name, marker=Marker, limit=MaxItems)
    return {"Roles": [present.role(row, listed=True) for row in found], **more}


@operation("UpdateAssumeRolePolicy")
def update_assume_role_policy(call: Call, *, RoleName: str, PolicyDocument: str) -> None:
    roles.set_trust(call.actor, RoleName, PolicyDocument)


@operation("ListInstanceProfilesForRole")
def list_instance_profiles_for_role(
    call: Call, *, RoleName: str, Marker: str | None = None, MaxItems: int | None = None
) -> dict[str, Any]:
    roles.find(RoleName)  # there are no instances here, so no role has a profile
    return {"InstanceProfiles": [], "IsTruncated": False}
