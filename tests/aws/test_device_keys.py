"""What becomes of a device's key: at the next sign-in, at a renewal, when it is forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cognito_app.core import clock
from cognito_app.models import Device
from cognito_app.services import upkeep
from cognito_app.services.device_tracking import MAX_UNCONFIRMED
from tests.clients.devices import (
    OTHER_KEY,
    UNKNOWN,
    KeptDevice,
    confirm,
    pycognito,
    refresh,
    sign_in_from,
)
from tests.conftest import PASSWORD, App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db


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
