"""Devices: the key a sign-in gets, confirming, showing, remembering, forgetting; whose tokens need the key."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cognito_app.core import clock, srp
from cognito_app.models import Device
from cognito_app.services import upkeep
from cognito_app.services.device_tracking import MAX_UNCONFIRMED
from tests.clients.devices import KeptDevice, confirm, pycognito, redirect_requests, verifier
from tests.conftest import PASSWORD, App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db

ALWAYS = {"ChallengeRequiredOnNewDevice": False, "DeviceOnlyRememberedOnUserPrompt": False}
OPT_IN = {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": True}
UNKNOWN = "Device does not exist."
OTHER_KEY = "us-east-1_0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"


@pytest.fixture
def tracking(idp: Any, inbox: Inbox) -> App:
    """A pool that tracks devices, with two users."""
    app = make_app(idp, inbox, DeviceConfiguration=ALWAYS)
    app.sign_up("ann")
    app.sign_up("bob")
    return app


def sign_in_from(app: App, key: str | None, name: str = "ann") -> Any:
    """Sign in by password with a DEVICE_KEY."""
    return app.idp.initiate_auth(
        ClientId=app.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD, "DEVICE_KEY": key},
    )["AuthenticationResult"]


def refresh(app: App, tokens: Any, key: str | None) -> Any:
    """Renew tokens in both ways; they must agree."""
    by_flow = app.idp.initiate_auth(
        ClientId=app.client_id,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"], "DEVICE_KEY": key},
    )
    named = {"DeviceKey": key} if key else {}
    by_call = app.idp.get_tokens_from_refresh_token(
        ClientId=app.client_id, RefreshToken=tokens["RefreshToken"], **named
    )
    claims = [
        jwt.decode(answer["AuthenticationResult"]["AccessToken"], options={"verify_signature": False})
        for answer in (by_flow, by_call)
    ]
    assert claims[0].get("device_key") == claims[1].get("device_key")
    return claims[0]


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


def test_a_known_device_is_not_given_a_new_key(tracking: App) -> None:
    kept = confirm(tracking, tracking.sign_in())
    later = clock.now() + timedelta(minutes=2)
    with time_machine.travel(later, tick=False):
        again = sign_in_from(tracking, kept.key)
    assert "NewDeviceMetadata" not in again
    assert (
        jwt.decode(again["AccessToken"], options={"verify_signature": False, "verify_iat": False})["device_key"]
        == kept.key
    )
    assert abs(Device.objects.get().last_authenticated_at - later) < timedelta(seconds=1)


def test_a_device_that_was_not_confirmed_keeps_its_key(tracking: App) -> None:
    made = tracking.sign_in()["NewDeviceMetadata"]
    assert sign_in_from(tracking, made["DeviceKey"])["NewDeviceMetadata"] == made
    assert Device.objects.count() == 1


def test_devices_that_are_never_confirmed_stay_few_and_go_after_a_day(tracking: App) -> None:
    kept = confirm(tracking, tracking.sign_in())
    last = [tracking.sign_in() for _ in range(MAX_UNCONFIRMED + 3)]
    assert Device.objects.count() == MAX_UNCONFIRMED + 1
    assert Device.objects.filter(pk=kept.key).exists()
    # The tokens of a sign-in whose device is gone without ever being confirmed go on.
    assert refresh(tracking, last[0], None)["device_key"] == last[0]["NewDeviceMetadata"]["DeviceKey"]
    with time_machine.travel(clock.now() + timedelta(days=1, minutes=1)):
        upkeep.sweep()
    assert list(Device.objects.values_list("key", flat=True)) == [kept.key]


def test_tokens_of_a_confirmed_device_are_renewed_only_with_its_key(tracking: App) -> None:
    first = tracking.sign_in()
    assert refresh(tracking, first, None)["device_key"] == first["NewDeviceMetadata"]["DeviceKey"]
    kept = confirm(tracking, first)
    second, strange = sign_in_from(tracking, kept.key), confirm(tracking, tracking.sign_in())
    for tokens in (first, second):
        for wrong in (None, strange.key, OTHER_KEY):
            with refused("NotAuthorizedException", "Invalid Refresh Token"):
                refresh(tracking, tokens, wrong)
            with refused("NotAuthorizedException", "Invalid Refresh Token"):
                tracking.idp.get_tokens_from_refresh_token(
                    ClientId=tracking.client_id,
                    RefreshToken=tokens["RefreshToken"],
                    **({"DeviceKey": wrong} if wrong else {}),
                )
        assert refresh(tracking, tokens, kept.key)["device_key"] == kept.key
    # Once devices are no longer tracked, nothing is asked for.
    tracking.idp.update_user_pool(UserPoolId=tracking.pool_id, AutoVerifiedAttributes=["email"])
    assert refresh(tracking, second, None)["device_key"] == kept.key


def test_a_wrong_key_does_not_use_a_rotating_token_up(tracking: App) -> None:
    client_id = tracking.client(
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
        RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
    )["ClientId"]
    tokens = tracking.sign_in(client_id=client_id)
    kept = confirm(tracking, tokens)

    def renew(token: str, **named: str) -> Any:
        answer = tracking.idp.get_tokens_from_refresh_token(ClientId=client_id, RefreshToken=token, **named)
        return answer["AuthenticationResult"]["RefreshToken"]

    with refused("NotAuthorizedException", "Invalid Refresh Token"):
        renew(tokens["RefreshToken"])
    successor = renew(tokens["RefreshToken"], DeviceKey=kept.key)
    with refused("NotAuthorizedException", "Invalid Refresh Token"):
        renew(successor)
    assert renew(successor, DeviceKey=kept.key) != successor


@pytest.mark.parametrize("by", ["user", "admin"])
def test_forgetting_a_device_ends_its_refresh_tokens_and_no_others(tracking: App, by: str) -> None:
    kept = confirm(tracking, tracking.sign_in())
    tokens, other = sign_in_from(tracking, kept.key), tracking.sign_in()
    if by == "user":
        tracking.idp.forget_device(AccessToken=other["AccessToken"], DeviceKey=kept.key)
    else:
        tracking.idp.admin_forget_device(UserPoolId=tracking.pool_id, Username="ann", DeviceKey=kept.key)
    for key in (kept.key, None):
        with refused("NotAuthorizedException", "Refresh Token has been revoked"):
            refresh(tracking, tokens, key)
    assert refresh(tracking, other, None)["username"] == "ann"
    assert tracking.idp.get_user(AccessToken=tokens["AccessToken"])["Username"] == "ann"
    with refused("ResourceNotFoundException", UNKNOWN):
        sign_in_from(tracking, kept.key)


def test_clients_drop_a_forgotten_device_and_send_the_same_srp_answer_again(tracking: App) -> None:
    gone = KeptDevice(OTHER_KEY, "-AAAAAAAA", "x")
    client = pycognito(tracking, gone)
    parameters = client.get_auth_params()
    first = tracking.idp.initiate_auth(AuthFlow="USER_SRP_AUTH", ClientId=tracking.client_id, AuthParameters=parameters)
    answers = client.process_challenge(first["ChallengeParameters"], parameters)
    given = {"ClientId": tracking.client_id, "ChallengeName": "PASSWORD_VERIFIER"}
    with refused("ResourceNotFoundException", UNKNOWN):
        tracking.idp.respond_to_auth_challenge(**given, ChallengeResponses=answers)
    answers["DEVICE_KEY"] = None
    tokens = tracking.idp.respond_to_auth_challenge(**given, ChallengeResponses=answers)["AuthenticationResult"]
    assert tokens["NewDeviceMetadata"]["DeviceKey"] != OTHER_KEY


def test_a_device_named_at_the_first_step_only_is_remembered_to_the_last(tracking: App) -> None:
    kept = confirm(tracking, tracking.sign_in())
    client = pycognito(tracking, kept)
    parameters = client.get_auth_params()
    first = tracking.idp.initiate_auth(AuthFlow="USER_SRP_AUTH", ClientId=tracking.client_id, AuthParameters=parameters)
    answers = client.process_challenge(first["ChallengeParameters"], parameters)
    del answers["DEVICE_KEY"]
    tokens = tracking.idp.respond_to_auth_challenge(
        ClientId=tracking.client_id, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=answers
    )["AuthenticationResult"]
    assert "NewDeviceMetadata" not in tokens
    claims = jwt.decode(tokens["AccessToken"], options={"verify_signature": False})
    assert claims["device_key"] == kept.key


def test_a_new_password_keeps_the_device(tracking: App) -> None:
    kept = confirm(tracking, tracking.sign_in())
    tracking.idp.admin_set_user_password(
        UserPoolId=tracking.pool_id, Username="ann", Password="Temporary-9!", Permanent=False
    )
    challenge = tracking.idp.initiate_auth(
        ClientId=tracking.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ann", "PASSWORD": "Temporary-9!", "DEVICE_KEY": kept.key},
    )
    tokens = tracking.idp.respond_to_auth_challenge(
        ClientId=tracking.client_id,
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": "ann", "NEW_PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    assert "NewDeviceMetadata" not in tokens


@pytest.mark.parametrize("hides", ["ENABLED", "LEGACY"])
def test_a_device_key_tells_nothing_of_a_hidden_user(tracking: App, hides: str) -> None:
    tracking.client_id = tracking.client(PreventUserExistenceErrors=hides)["ClientId"]
    strange = confirm(tracking, tracking.sign_in("bob")).key
    for key in (OTHER_KEY, strange):
        with refused("ResourceNotFoundException", UNKNOWN):
            sign_in_from(tracking, key, "ann")
        expected = ("ResourceNotFoundException", UNKNOWN) if hides == "ENABLED" else ("UserNotFoundException", None)
        with refused(*expected):
            sign_in_from(tracking, key, "nobody")


def test_deleting_the_user_deletes_the_devices(tracking: App) -> None:
    confirm(tracking, tracking.sign_in())
    tracking.idp.admin_delete_user(UserPoolId=tracking.pool_id, Username="ann")
    assert Device.objects.count() == 0


def statements(call: Any) -> list[str]:
    """Return the statements of a call, transaction marks left out."""
    with CaptureQueriesContext(connection) as captured:
        call()
    marks = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")
    return [item["sql"] for item in captured.captured_queries if not item["sql"].startswith(marks)]


def test_tracking_costs_little_and_nothing_where_it_is_off(tracking: App, inbox: Inbox) -> None:
    plain = make_app(tracking.idp, inbox)
    plain.sign_up("ann")
    kept = confirm(tracking, tracking.sign_in())
    sign_in_from(plain, OTHER_KEY)
    sign_in_from(tracking, kept.key)
    without = statements(lambda: sign_in_from(plain, OTHER_KEY))
    assert [sql for sql in without if "cognito_app_device" in sql] == []
    assert len(statements(lambda: sign_in_from(tracking, kept.key))) <= len(without) + 2
    assert len(statements(lambda: tracking.sign_in())) <= len(without) + 2
    token = tracking.sign_in()["AccessToken"]
    few = len(statements(lambda: tracking.idp.list_devices(AccessToken=token)))
    for _ in range(5):
        confirm(tracking, tracking.sign_in())
    assert len(statements(lambda: tracking.idp.list_devices(AccessToken=token))) == few
