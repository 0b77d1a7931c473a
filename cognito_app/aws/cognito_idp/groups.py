"""Groups."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.cognito_idp import present
from cognito_app.aws.registry import operation
from cognito_app.services import groups, users


@operation("CreateGroup")
def create_group(
    call: Call,
    *,
    GroupName: str,
    UserPoolId: str,
    Description: str | None = None,
    RoleArn: str | None = None,
    Precedence: int | None = None,
) -> dict[str, Any]:
    created = groups.create(
        call.pool, call.actor, name=GroupName, description=Description, role_arn=RoleArn, precedence=Precedence
    )
    return {"Group": present.group(created)}


@operation("GetGroup")
def get_group(call: Call, *, GroupName: str, UserPoolId: str) -> dict[str, Any]:
    return {"Group": present.group(groups.find(call.pool, GroupName))}


@operation("UpdateGroup")
def update_group(
    call: Call,
    *,
    GroupName: str,
    UserPoolId: str,
    Description: str | None = None,
    RoleArn: str | None = None,
    Precedence: int | None = None,
) -> dict[str, Any]:
    changed = groups.update(
        call.pool, call.actor, name=GroupName, description=Description, role_arn=RoleArn, precedence=Precedence
    )
    return {"Group": present.group(changed)}


@operation("DeleteGroup")
def delete_group(call: Call, *, GroupName: str, UserPoolId: str) -> None:
    groups.delete(call.pool, call.actor, name=GroupName)


@operation("ListGroups")
def list_groups(
    call: Call, *, UserPoolId: str, Limit: int | None = None, NextToken: str | None = None
) -> dict[str, Any]:
    found, token = groups.page(call.pool, limit=Limit, token=NextToken)
    return {"Groups": [present.group(row) for row in found], "NextToken": token}


@operation("ListUsersInGroup")
def list_users_in_group(
    call: Call, *, UserPoolId: str, GroupName: str, Limit: int | None = None, NextToken: str | None = None
) -> dict[str, Any]:
    found, token = groups.members(call.pool, name=GroupName, limit=Limit, token=NextToken)
    return {"Users": [present.user(row) for row in found], "NextToken": token}


@operation("AdminAddUserToGroup")
def admin_add_user_to_group(call: Call, *, UserPoolId: str, Username: str, GroupName: str) -> None:
    groups.add_member(call.pool, call.actor, name=GroupName, user=users.find(call.pool, Username))


@operation("AdminRemoveUserFromGroup")
def admin_remove_user_from_group(call: Call, *, UserPoolId: str, Username: str, GroupName: str) -> None:
    groups.remove_member(call.pool, call.actor, name=GroupName, user=users.find(call.pool, Username))


@operation("AdminListGroupsForUser")
def admin_list_groups_for_user(
    call: Call, *, Username: str, UserPoolId: str, Limit: int | None = None, NextToken: str | None = None
) -> dict[str, Any]:
    user = users.find(call.pool, Username)
    found, token = groups.page_of_user(call.pool, user, limit=Limit, token=NextToken)
    return {"Groups": [present.group(row) for row in found], "NextToken": token}
