"""What administrators do with users."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.cognito_idp import present
from cognito_app.aws.registry import operation
from cognito_app.errors import InvalidParameterException
from cognito_app.services import admin_users, attributes, directory, profile, sign_up, users


@operation("AdminCreateUser")
def admin_create_user(
    call: Call,
    *,
    UserPoolId: str,
    Username: str,
    UserAttributes: list[dict[str, str]] | None = None,
    TemporaryPassword: str | None = None,
    ForceAliasCreation: bool = False,
    MessageAction: str | None = None,
    DesiredDeliveryMediums: list[str] | None = None,
    ValidationData: list[dict[str, str]] | None = None,
    ClientMetadata: dict[str, str] | None = None,
) -> dict[str, Any]:
    created = admin_users.create(
        call.pool,
        call.actor,
        username=Username,
        given=attributes.from_wire(UserAttributes),
        temporary_password=TemporaryPassword,
        action=MessageAction,
        media=DesiredDeliveryMediums,
        force_alias=ForceAliasCreation,
        validation_data=attributes.from_wire(ValidationData),
        metadata=ClientMetadata,
    )
    return {"User": present.user(created)}


@operation("AdminGetUser")
def admin_get_user(call: Call, *, UserPoolId: str, Username: str) -> dict[str, Any]:
    row = users.find(call.pool, Username)
    found = {**present.user(row), **present.mfa(row)}
    found["UserAttributes"] = found.pop("Attributes")
    return found


@operation("AdminUpdateUserAttributes")
def admin_update_user_attributes(
    call: Call,
    *,
    UserPoolId: str,
    Username: str,
    UserAttributes: list[dict[str, str]],
    ClientMetadata: dict[str, str] | None = None,
) -> dict[str, Any]:
    user = users.find(call.pool, Username)
    given = attributes.from_wire(UserAttributes)
    profile.admin_update(call.pool, call.actor, user, given, metadata=ClientMetadata)
    return {}


@operation("AdminDeleteUserAttributes")
def admin_delete_user_attributes(
    call: Call, *, UserPoolId: str, Username: str, UserAttributeNames: list[str]
) -> dict[str, Any]:
    user = users.find(call.pool, Username)
    profile.delete_attributes(call.pool, user, UserAttributeNames, actor=call.actor)
    return {}


@operation("AdminDeleteUser")
def admin_delete_user(call: Call, *, UserPoolId: str, Username: str) -> None:
    admin_users.delete(call.actor, users.find(call.pool, Username))


@operation("AdminEnableUser")
def admin_enable_user(call: Call, *, UserPoolId: str, Username: str) -> dict[str, Any]:
    admin_users.enable(call.actor, users.find(call.pool, Username))
    return {}


@operation("AdminDisableUser")
def admin_disable_user(call: Call, *, UserPoolId: str, Username: str) -> dict[str, Any]:
    admin_users.disable(call.actor, users.find(call.pool, Username))
    return {}


@operation("AdminConfirmSignUp")
def admin_confirm_sign_up(
    call: Call, *, UserPoolId: str, Username: str, ClientMetadata: dict[str, str] | None = None
) -> dict[str, Any]:
    sign_up.admin_confirm(call.pool, call.actor, username=Username, metadata=ClientMetadata)
    return {}


@operation("AdminSetUserPassword")
def admin_set_user_password(
    call: Call, *, UserPoolId: str, Username: str, Password: str, Permanent: bool = False
) -> dict[str, Any]:
    user = users.find(call.pool, Username)
    admin_users.set_password(call.pool, call.actor, user, Password, permanent=Permanent)
    return {}


@operation("AdminResetUserPassword")
def admin_reset_user_password(
    call: Call, *, UserPoolId: str, Username: str, ClientMetadata: dict[str, str] | None = None
) -> dict[str, Any]:
    user = users.find(call.pool, Username)
    admin_users.reset_password(call.pool, call.actor, user, metadata=ClientMetadata)
    return {}


@operation("ListUsers")
def list_users(
    call: Call,
    *,
    UserPoolId: str,
    AttributesToGet: list[str] | None = None,
    Limit: int | None = None,
    PaginationToken: str | None = None,
    Filter: str | None = None,
) -> dict[str, Any]:
    for name in AttributesToGet or ():
        if name not in call.pool.attributes:
            raise InvalidParameterException(f"Invalid search attribute: {name}")
    found, token = directory.page(call.pool, text=Filter, limit=Limit, token=PaginationToken)
    return {"Users": [present.user(row, AttributesToGet) for row in found], "PaginationToken": token}
