"""What a client does with devices, by pycognito's own code; its requests go into Django's test client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from unittest import mock

import jwt
from django.http import HttpResponse
from django.test import Client
from pycognito import AWSSRP
from pycognito.aws_srp import generate_hash_device

from tests.conftest import PASSWORD, App

ALWAYS = {"ChallengeRequiredOnNewDevice": False, "DeviceOnlyRememberedOnUserPrompt": False}
OPT_IN = {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": True}
UNKNOWN = "Device does not exist."
OTHER_KEY = "us-east-1_0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"


TRACKING = {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": False}
MFA = {
    "MfaConfiguration": "ON",
    "SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::000000000000:role/sms", "ExternalId": "x"},
}


@dataclass
class KeptDevice:
    """What a client keeps of its device."""

    key: str
    group_key: str
    secret: str


def verifier(tokens: Any) -> tuple[str, dict[str, str]]:
    """Make up a device's secret; returns it and what ConfirmDevice takes."""
    made = tokens["NewDeviceMetadata"]
    secret, config = generate_hash_device(made["DeviceGroupKey"], made["DeviceKey"])
    return str(secret), dict(config)


def confirm(app: App, tokens: Any, name: str = "phone") -> KeptDevice:
    """Confirm the device that a sign-in was given."""
    made = tokens["NewDeviceMetadata"]
    secret, config = verifier(tokens)
    app.idp.confirm_device(
        AccessToken=tokens["AccessToken"],
        DeviceKey=made["DeviceKey"],
        DeviceName=name,
        DeviceSecretVerifierConfig=config,
    )
    return KeptDevice(made["DeviceKey"], made["DeviceGroupKey"], secret)


def pycognito(
    app: App, device: KeptDevice | None = None, *, client_id: str | None = None, secret: str | None = None
) -> Any:
    """Return pycognito's SRP client for ann."""
    kept = (
        {}
        if device is None
        else {"device_key": device.key, "device_group_key": device.group_key, "device_password": device.secret}
    )
    return AWSSRP(
        "ann", PASSWORD, app.pool_id, client_id or app.client_id, client=app.idp, client_secret=secret, **kept
    )


class _Answer:
    """What pycognito reads of a response of requests."""

    json = None

    def __init__(self, response: HttpResponse) -> None:
        self.status_code = response.status_code
        self.text = response.content.decode()


def _post(url: str, *, headers: dict[str, str], data: str, timeout: int) -> _Answer:
    meta: dict[str, Any] = {"HTTP_" + key.upper().replace("-", "_"): value for key, value in headers.items()}
    kind = meta.pop("HTTP_CONTENT_TYPE")
    response: Any = Client().post("/", data, content_type=kind, **meta)
    return _Answer(response)


def redirect_requests() -> Any:
    """Send pycognito's device calls, which know AWS's address only, to this process."""
    return mock.patch("pycognito.aws_srp.requests.post", _post)


def turn_mfa_on(app: App, tracking: dict[str, bool] | None = None) -> None:
    """Demand a second factor from now on."""
    app.idp.update_user_pool(UserPoolId=app.pool_id, DeviceConfiguration=tracking or TRACKING, **MFA)


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
