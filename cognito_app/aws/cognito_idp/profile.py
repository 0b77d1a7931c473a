"""What signed-in users do with their own account."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.cognito_idp import present
from cognito_app.aws.registry import operation
from cognito_app.services import admin_users, attributes, profile, recovery


@operation("GetUser")
def get_user(call: Call, *, AccessToken: str) -> dict[str, Any]:
    grant = call.grant
    shown = attributes.readable(grant.pool, grant.client, grant.user.attributes)
    return {
        "Username": grant.user.username,
        "UserAttributes": attributes.to_wire(shown),
        **present.mfa(grant.user),
    }


@operation("UpdateUserAttributes")
def update_user_attributes(
    call: Call,
    *,
    UserAttributes: list[dict[str, str]],
    AccessToken: str,
    ClientMetadata: dict[str, str] | None = None,
) -> dict[str, Any]:
    grant = call.grant
    given = attributes.from_wire(UserAttributes)
    sent = profile.update(grant.pool, grant.client, call.actor, grant.user, given, metadata=ClientMetadata)
    return {"CodeDeliveryDetailsList": [present.code_delivery(item) for item in sent]}


@operation("DeleteUserAttributes")
def delete_user_attributes(call: Call, *, UserAttributeNames: list[str], AccessToken: str) -> dict[str, Any]:
    grant = call.grant
    profile.delete_attributes(grant.pool, grant.user, UserAttributeNames, client=grant.client)
    return {}


@operation("GetUserAttributeVerificationCode")
def get_user_attribute_verification_code(
    call: Call, *, AccessToken: str, AttributeName: str, ClientMetadata: dict[str, str] | None = None
) -> dict[str, Any]:
    grant = call.grant
    details = profile.send_verification(
        grant.pool, grant.client, call.actor, grant.user, AttributeName, metadata=ClientMetadata
    )
    return {"CodeDeliveryDetails": present.code_delivery(details)}


@operation("VerifyUserAttribute")
def verify_user_attribute(call: Call, *, AccessToken: str, AttributeName: str, Code: str) -> dict[str, Any]:
    profile.verify(call.grant.pool, call.grant.user, AttributeName, Code)
    return {}


@operation("ChangePassword")
def change_password(
    call: Call, *, ProposedPassword: str, AccessToken: str, PreviousPassword: str | None = None
) -> dict[str, Any]:
    grant = call.grant
    recovery.change(
        grant.pool,
        grant.user,
        call.actor,
        previous=PreviousPassword,
        proposed=ProposedPassword,
        origin_jti=grant.claims.get("origin_jti"),
        client_id=grant.client.id,
    )
    return {}


@operation("DeleteUser")
def delete_user(call: Call, *, AccessToken: str) -> None:
    admin_users.delete_self(call.grant.user)
