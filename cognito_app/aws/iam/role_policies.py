"""A role's own policies, and the managed ones attached to it."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.iam import present
from cognito_app.aws.iam.pages import page
from cognito_app.aws.registry import operation
from cognito_app.services import roles


@operation("PutRolePolicy")
def put_role_policy(call: Call, *, RoleName: str, PolicyName: str, PolicyDocument: str) -> None:
    roles.put_policy(call.actor, RoleName, PolicyName, PolicyDocument)


@operation("GetRolePolicy")
def get_role_policy(call: Call, *, RoleName: str, PolicyName: str) -> dict[str, Any]:
    held = roles.inline_policy(RoleName, PolicyName)
    return {"RoleName": RoleName, "PolicyName": PolicyName, "PolicyDocument": present.document(held)}


@operation("DeleteRolePolicy")
def delete_role_policy(call: Call, *, RoleName: str, PolicyName: str) -> None:
    roles.delete_policy(call.actor, RoleName, PolicyName)


@operation("ListRolePolicies")
def list_role_policies(
    call: Call, *, RoleName: str, Marker: str | None = None, MaxItems: int | None = None
) -> dict[str, Any]:
    names = list(roles.find(RoleName).row.policies)
    found, more = page(
        names, scope=f"ListRolePolicies:{RoleName}", name=lambda name: name, marker=Marker, limit=MaxItems
    )
    return {"PolicyNames": found, **more}


@operation("AttachRolePolicy")
def attach_role_policy(call: Call, *, RoleName: str, PolicyArn: str) -> None:
    roles.attach(call.actor, RoleName, PolicyArn)


@operation("DetachRolePolicy")
def detach_role_policy(call: Call, *, RoleName: str, PolicyArn: str) -> None:
    roles.detach(call.actor, RoleName, PolicyArn)


def _path(arn: str) -> str:
    """Return the path within a policy's ARN, with both slashes."""
    return arn.partition(":policy")[2].rpartition("/")[0] + "/"


@operation("ListAttachedRolePolicies")
def list_attached_role_policies(
    call: Call,
    *,
    RoleName: str,
    PathPrefix: str = "/",
    Marker: str | None = None,
    MaxItems: int | None = None,
) -> dict[str, Any]:
    arns = [arn for arn in roles.find(RoleName).attached if _path(arn).startswith(PathPrefix)]
    found, more = page(
        arns,
        scope=f"ListAttachedRolePolicies:{RoleName}:{PathPrefix}",
        name=lambda arn: arn.rpartition("/")[2],
        marker=Marker,
        limit=MaxItems,
    )
    attached = [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in found]
    return {"AttachedPolicies": attached, **more}
