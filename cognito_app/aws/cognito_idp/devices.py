"""Devices that users sign in from."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.conf import app_settings
from cognito_app.errors import ResourceNotFoundException
from cognito_app.models import Device, PoolUser
from cognito_app.services import devices, users
from cognito_app.services.config import PoolConfig

SDK = "aws-sdk"


def present(row: Device) -> dict[str, Any]:
    """Return a DeviceType as its owner sees it."""
    attributes = {"device_status": "valid", "device_name": row.name, "last_ip_used": row.last_ip}
    return _document(row, attributes)


def present_to_admin(pool: PoolConfig, user: PoolUser, row: Device) -> dict[str, Any]:
    """Return a DeviceType as administrators see it."""
    owner = f"{user.username}.{pool.id}"
    arn = f"arn:aws:cognito-idp:{pool.region}:{app_settings.account_id}:owner/{owner}/device/{row.key}"
    attributes = {
        "device_status": "valid",
        "device_name": row.name,
        "dev:device_arn": arn,
        "dev:device_owner": owner,
        "last_ip_used": row.last_ip,
        "dev:device_remembered_status": "remembered" if row.remembered else "not_remembered",
        "dev:device_sdk": SDK,
    }
    return _document(row, attributes)


def _document(row: Device, attributes: dict[str, str]) -> dict[str, Any]:
    return {
        "DeviceKey": row.key,
        "DeviceAttributes": [{"Name": name, "Value": value} for name, value in attributes.items() if value],
        "DeviceCreateDate": row.created_at,
        "DeviceLastModifiedDate": row.modified_at,
        "DeviceLastAuthenticatedDate": row.last_authenticated_at.replace(microsecond=0),
    }


@operation("ConfirmDevice")
def confirm_device(
    call: Call,
    *,
    AccessToken: str,
    DeviceKey: str,
    DeviceSecretVerifierConfig: dict[str, str] | None = None,
    DeviceName: str = "",
) -> dict[str, Any]:
    secret = DeviceSecretVerifierConfig or {}
    asks = devices.confirm(
        call.grant.pool,
        call.actor,
        call.grant.user,
        key=DeviceKey,
        name=DeviceName,
        salt=secret.get("Salt"),
        verifier=secret.get("PasswordVerifier"),
    )
    return {"UserConfirmationNecessary": asks}


@operation("GetDevice")
def get_device(call: Call, *, DeviceKey: str, AccessToken: str | None = None) -> dict[str, Any]:
    return {"Device": present(devices.find(call.grant.pool, call.grant.user, DeviceKey))}


@operation("ListDevices")
def list_devices(
    call: Call, *, AccessToken: str, Limit: int | None = None, PaginationToken: str | None = None
) -> dict[str, Any]:
    found, token = devices.page(
        call.grant.pool, call.grant.user, operation="ListDevices", limit=Limit, token=PaginationToken
    )
    return {"Devices": [present(row) for row in found], "PaginationToken": token}


@operation("ForgetDevice")
def forget_device(call: Call, *, DeviceKey: str, AccessToken: str | None = None) -> None:
    devices.forget(call.grant.pool, call.actor, call.grant.user, DeviceKey, action="ForgetDevice")


@operation("UpdateDeviceStatus")
def update_device_status(
    call: Call, *, AccessToken: str, DeviceKey: str, DeviceRememberedStatus: str | None = None
) -> dict[str, Any]:
    devices.set_remembered(
        call.grant.pool,
        call.actor,
        call.grant.user,
        DeviceKey,
        status=DeviceRememberedStatus,
        action="UpdateDeviceStatus",
    )
    return {}


@operation("AdminGetDevice")
def admin_get_device(call: Call, *, DeviceKey: str, UserPoolId: str, Username: str) -> dict[str, Any]:
    user = _named(call, Username)
    return {"Device": present_to_admin(call.pool, user, devices.find(call.pool, user, DeviceKey))}


@operation("AdminListDevices")
def admin_list_devices(
    call: Call, *, UserPoolId: str, Username: str, Limit: int | None = None, PaginationToken: str | None = None
) -> dict[str, Any]:
    user = _named(call, Username)
    found, token = devices.page(call.pool, user, operation="AdminListDevices", limit=Limit, token=PaginationToken)
    return {"Devices": [present_to_admin(call.pool, user, row) for row in found], "PaginationToken": token}


@operation("AdminForgetDevice")
def admin_forget_device(call: Call, *, UserPoolId: str, Username: str, DeviceKey: str) -> None:
    user = users.find(call.pool, Username)
    devices.forget(call.pool, call.actor, user, DeviceKey, action="AdminForgetDevice")


@operation("AdminUpdateDeviceStatus")
def admin_update_device_status(
    call: Call, *, UserPoolId: str, Username: str, DeviceKey: str, DeviceRememberedStatus: str | None = None
) -> dict[str, Any]:
    user = users.find(call.pool, Username)
    devices.set_remembered(
        call.pool, call.actor, user, DeviceKey, status=DeviceRememberedStatus, action="AdminUpdateDeviceStatus"
    )
    return {}


def _named(call: Call, name: str) -> PoolUser:
    """The model gives AdminGetDevice and AdminListDevices no UserNotFoundException."""
    user = users.find_or_none(call.pool, name)
    if user is None:
        raise ResourceNotFoundException("User does not exist.")
    return user
