"""Devices: the key a sign-in gets, confirming, showing, remembering, forgetting; whose tokens need the key."""

from __future__ import annotations

import base64
import re
from typing import Any

import jwt
import pytest

from cognito_app.core import srp
from cognito_app.models import Device
from tests.clients.devices import (
    ALWAYS,
    OPT_IN,
    OTHER_KEY,
    UNKNOWN,
    confirm,
    pycognito,
    redirect_requests,
    sign_in_from,
    verifier,
)
from tests.conftest import App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db


def attributes(device: Any) -> dict[str, str]:
    """Return a device's attributes by name."""
    return {item["Name"]: item["Value"] for item in device["DeviceAttributes"]}


def test_a_sign_in_without_a_device_is_given_one(tracking: App) -> None:
    tokens, other = tracking.sign_in(), tracking.sign_in("bob")
    made = tokens["NewDeviceMetadata"]
    assert re.fullmatch(r"us-east-1_[0-9a-f-]{36}", made["DeviceKey"])
    assert re.fullmatch(r"-\w{8}", made["DeviceGroupKey"])
    claims = jwt.decode(tokens["AccessToken"], options={"verify_signature": False})
    assert claims["device_key"] == made["DeviceKey"]
    assert "device_key" not in jwt.decode(tokens["IdToken"], options={"verify_signature": False})
    assert other["NewDeviceMetadata"]["DeviceGroupKey"] == made["DeviceGroupKey"]
    assert other["NewDeviceMetadata"]["DeviceKey"] != made["DeviceKey"]


def test_a_pool_without_tracking_knows_no_devices(app: App) -> None:
    app.sign_up()
    tokens = sign_in_from(app, OTHER_KEY)
    assert "NewDeviceMetadata" not in tokens
    assert "device_key" not in jwt.decode(tokens["AccessToken"], options={"verify_signature": False})
    assert Device.objects.count() == 0
    token, named = {"AccessToken": tokens["AccessToken"]}, {"UserPoolId": app.pool_id, "Username": "ann"}
    key = {"DeviceKey": OTHER_KEY}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("confirm_device", {**token, **key}),
        ("get_device", {**token, **key}),
        ("list_devices", token),
        ("forget_device", {**token, **key}),
        ("update_device_status", {**token, **key}),
        ("admin_get_device", {**named, **key}),
        ("admin_list_devices", named),
        ("admin_forget_device", {**named, **key}),
        ("admin_update_device_status", {**named, **key}),
    ]
    for method, given in calls:
        with refused("InvalidUserPoolConfigurationException"):
            getattr(app.idp, method)(**given)


@pytest.mark.operation("ConfirmDevice")
def test_confirming_by_pycognito_with_a_bearer_header_and_no_name(tracking: App) -> None:
    client = pycognito(tracking)
    answer = client.authenticate_user()
    with redirect_requests():
        response, secret = client.confirm_device(answer, device_name="")
    assert (response.status_code, response.text) == (200, '{"UserConfirmationNecessary":false}')
    tokens = answer["AuthenticationResult"]
    key = tokens["NewDeviceMetadata"]["DeviceKey"]
    row = Device.objects.get(pk=key)
    assert row.remembered
    assert secret.encode() not in bytes(row.verifier_sealed or b"")
    shown = tracking.idp.get_device(AccessToken=tokens["AccessToken"], DeviceKey=key)["Device"]
    assert "device_name" not in attributes(shown)
    with redirect_requests():
        client.forget_device(tokens["AccessToken"], key)
    assert not Device.objects.filter(pk=key).exists()


def test_a_device_is_confirmed_once(tracking: App) -> None:
    tokens = tracking.sign_in()
    kept = confirm(tracking, tokens)
    before = bytes(Device.objects.get().verifier_sealed or b"")
    with refused("DeviceKeyExistsException"):
        confirm(tracking, tokens)
    assert bytes(Device.objects.get().verifier_sealed or b"") == before
    assert Device.objects.get().pk == kept.key


@pytest.mark.parametrize(
    "config",
    [
        None,
        {},
        {"Salt": "AAEC"},
        {"Salt": "AAEC", "PasswordVerifier": ""},
        {"Salt": "not base64!", "PasswordVerifier": "AAEC"},
        {"Salt": "AAEC", "PasswordVerifier": "AA=A"},
        {"Salt": "AAEC", "PasswordVerifier": "\u00e9"},
        {"Salt": "AAEC", "PasswordVerifier": "AA=="},
        {"Salt": base64.b64encode(b"\xff" * 100).decode(), "PasswordVerifier": "AAEC"},
        {"Salt": "AAEC", "PasswordVerifier": base64.b64encode(srp.N.to_bytes(385, "big")).decode()},
        {"Salt": "AAEC", "PasswordVerifier": "A" * 100_000},
    ],
)
def test_a_bad_verifier_is_refused_and_stores_nothing(tracking: App, config: dict[str, str] | None) -> None:
    tokens = tracking.sign_in()
    given = {} if config is None else {"DeviceSecretVerifierConfig": config}
    with refused("InvalidParameterException"):
        tracking.idp.confirm_device(
            AccessToken=tokens["AccessToken"], DeviceKey=tokens["NewDeviceMetadata"]["DeviceKey"], **given
        )
    assert Device.objects.get().confirmed_at is None


@pytest.mark.operation("GetDevice")
@pytest.mark.operation("AdminGetDevice")
def test_a_device_is_shown_to_its_owner_and_in_full_to_administrators(tracking: App) -> None:
    tokens = tracking.sign_in()
    kept = confirm(tracking, tokens)
    own = tracking.idp.get_device(AccessToken=tokens["AccessToken"], DeviceKey=kept.key)["Device"]
    full = tracking.idp.admin_get_device(UserPoolId=tracking.pool_id, Username="ann", DeviceKey=kept.key)["Device"]
    assert own["DeviceKey"] == full["DeviceKey"] == kept.key
    assert attributes(own) == {"device_status": "valid", "device_name": "phone", "last_ip_used": "127.0.0.1"}
    owner = f"ann.{tracking.pool_id}"
    assert attributes(full) == {
        **attributes(own),
        "dev:device_arn": f"arn:aws:cognito-idp:us-east-1:000000000000:owner/{owner}/device/{kept.key}",
        "dev:device_owner": owner,
        "dev:device_remembered_status": "remembered",
        "dev:device_sdk": "aws-sdk",
    }
    assert own["DeviceCreateDate"] <= own["DeviceLastModifiedDate"]
    assert own["DeviceLastAuthenticatedDate"].microsecond == 0


def test_a_device_that_was_not_confirmed_is_unknown_to_the_operations(tracking: App) -> None:
    tokens = tracking.sign_in()
    named = {"AccessToken": tokens["AccessToken"], "DeviceKey": tokens["NewDeviceMetadata"]["DeviceKey"]}
    for method in ("get_device", "forget_device", "update_device_status"):
        with refused("ResourceNotFoundException", UNKNOWN):
            getattr(tracking.idp, method)(**named)
    assert tracking.idp.list_devices(AccessToken=tokens["AccessToken"])["Devices"] == []


@pytest.mark.operation("ForgetDevice")
@pytest.mark.operation("AdminForgetDevice")
def test_unknown_keys_and_keys_of_others_do_not_exist(tracking: App, inbox: Inbox) -> None:
    own, strange = tracking.sign_in(), confirm(tracking, tracking.sign_in("bob"))
    other_pool = make_app(tracking.idp, inbox, DeviceConfiguration=ALWAYS)
    other_pool.sign_up("ann")
    elsewhere = confirm(other_pool, other_pool.sign_in())
    _, config = verifier(own)
    for key in (strange.key, elsewhere.key, OTHER_KEY, "x_0"):
        mine = {"AccessToken": own["AccessToken"], "DeviceKey": key}
        admin = {"UserPoolId": tracking.pool_id, "Username": "ann", "DeviceKey": key}
        with refused("ResourceNotFoundException", UNKNOWN):
            tracking.idp.confirm_device(**mine, DeviceSecretVerifierConfig=config)
        for method in ("get_device", "forget_device", "update_device_status"):
            with refused("ResourceNotFoundException", UNKNOWN):
                getattr(tracking.idp, method)(**mine)
        for method in ("admin_get_device", "admin_forget_device", "admin_update_device_status"):
            with refused("ResourceNotFoundException", UNKNOWN):
                getattr(tracking.idp, method)(**admin)
        with refused("ResourceNotFoundException", UNKNOWN):
            sign_in_from(tracking, key)
    assert Device.objects.filter(pk__in=[strange.key, elsewhere.key], remembered=True).count() == 2


def test_bad_requests_are_refused(tracking: App) -> None:
    tokens = tracking.sign_in()
    for key in ("no-underscore", "x_" + "0" * 60, ""):
        with refused("InvalidParameterException"):
            tracking.idp.get_device(AccessToken=tokens["AccessToken"], DeviceKey=key)
    with refused("InvalidParameterException", "Missing required parameter AccessToken"):
        tracking.idp.get_device(DeviceKey=OTHER_KEY)
    with refused("NotAuthorizedException", "Invalid Access Token"):
        tracking.idp.list_devices(AccessToken="x")
    with refused("InvalidParameterException"):
        tracking.idp.update_device_status(
            AccessToken=tokens["AccessToken"], DeviceKey=OTHER_KEY, DeviceRememberedStatus="maybe"
        )
    named = {"UserPoolId": tracking.pool_id, "Username": "nobody"}
    for method in ("admin_get_device", "admin_list_devices"):
        with refused("ResourceNotFoundException", "User does not exist."):
            getattr(tracking.idp, method)(**named, **({} if "list" in method else {"DeviceKey": OTHER_KEY}))
    for method in ("admin_forget_device", "admin_update_device_status"):
        with refused("UserNotFoundException", "User does not exist."):
            getattr(tracking.idp, method)(**named, DeviceKey=OTHER_KEY)
    with refused("ResourceNotFoundException", UNKNOWN):
        sign_in_from(tracking, "x" * 100)
    tracking.idp.global_sign_out(AccessToken=tokens["AccessToken"])
    with refused("NotAuthorizedException", "Access Token has been revoked"):
        tracking.idp.list_devices(AccessToken=tokens["AccessToken"])


@pytest.mark.operation("UpdateDeviceStatus")
@pytest.mark.operation("AdminUpdateDeviceStatus")
def test_the_status_is_the_users_choice_where_the_pool_asks_for_it(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, DeviceConfiguration=OPT_IN)
    app.sign_up()
    tokens = app.sign_in()
    _, config = verifier(tokens)
    key = tokens["NewDeviceMetadata"]["DeviceKey"]
    named = {"AccessToken": tokens["AccessToken"], "DeviceKey": key}
    assert idp.confirm_device(**named, DeviceSecretVerifierConfig=config)["UserConfirmationNecessary"] is True

    def status() -> str:
        shown = idp.admin_get_device(UserPoolId=app.pool_id, Username="ann", DeviceKey=key)["Device"]
        return attributes(shown)["dev:device_remembered_status"]

    assert status() == "not_remembered"
    idp.update_device_status(**named, DeviceRememberedStatus="remembered")
    assert status() == "remembered"
    idp.update_device_status(**named)
    assert status() == "remembered"
    idp.admin_update_device_status(
        UserPoolId=app.pool_id, Username="ann", DeviceKey=key, DeviceRememberedStatus="not_remembered"
    )
    assert status() == "not_remembered"


@pytest.mark.operation("ListDevices")
@pytest.mark.operation("AdminListDevices")
def test_lists_are_paged_and_a_token_is_good_for_its_list_only(tracking: App) -> None:
    kept = [confirm(tracking, tracking.sign_in()).key for _ in range(5)]
    confirm(tracking, tracking.sign_in("bob"))
    token = tracking.sign_in()["AccessToken"]
    named = {"UserPoolId": tracking.pool_id, "Username": "ann"}

    def walk(method: Any, given: dict[str, str]) -> list[str]:
        seen, page = [], method(**given, Limit=2)
        sizes = [len(page["Devices"])]
        while True:
            seen += [item["DeviceKey"] for item in page["Devices"]]
            if "PaginationToken" not in page:
                assert sizes == [2, 2, 1]
                return seen
            page = method(**given, Limit=2, PaginationToken=page["PaginationToken"])
            sizes.append(len(page["Devices"]))

    assert walk(tracking.idp.list_devices, {"AccessToken": token}) == kept
    assert walk(tracking.idp.admin_list_devices, named) == kept
    assert len(tracking.idp.list_devices(AccessToken=token, Limit=0)["Devices"]) == 5
    foreign = tracking.idp.list_devices(AccessToken=token, Limit=2)["PaginationToken"]
    for wrong in (foreign, "garbage"):
        with refused("InvalidParameterException"):
            tracking.idp.admin_list_devices(**named, PaginationToken=wrong)
