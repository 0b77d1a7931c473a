"""Every trigger, in order, with its whole event, over every transport: each journey has one golden file.

``GOLDEN=write`` records the files anew, by the Lambda transport.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from cognito_app.triggers.transports import python
from tests.clients import endpoints
from tests.clients.endpoints import Answer, Received
from tests.conftest import Inbox
from tests.triggers import recorder
from tests.triggers.functions_of_pool import GOLDEN, UUID, arn
from tests.triggers.journeys import JOURNEYS, LOCAL, SENDERS

FOLDER = GOLDEN / "journeys"
SECRET = "whsec_" + base64.b64encode(b"a secret of the test").decode()
REASONS = (
    "SignUp",
    "ResendCode",
    "ForgotPassword",
    "UpdateUserAttribute",
    "VerifyUserAttribute",
    "Authentication",
    "AdminCreateUser",
)
LOCAL_SOURCES = {
    "PreSignUp_SignUp",
    "PreSignUp_AdminCreateUser",
    "PostConfirmation_ConfirmSignUp",
    "PostConfirmation_ConfirmForgotPassword",
    "PreAuthentication_Authentication",
    "PostAuthentication_Authentication",
    "DefineAuthChallenge_Authentication",
    "CreateAuthChallenge_Authentication",
    "VerifyAuthChallengeResponse_Authentication",
    "TokenGeneration_HostedAuth",
    "TokenGeneration_Authentication",
    "TokenGeneration_NewPasswordChallenge",
    "TokenGeneration_AuthenticateDevice",
    "TokenGeneration_RefreshTokens",
    "TokenGeneration_ClientCredentials",
    "UserMigration_Authentication",
    "UserMigration_ForgotPassword",
    "CustomEmailSender_AccountTakeOverNotification",
    *(f"{trigger}_{reason}" for trigger in ("CustomMessage", *SENDERS) if trigger != "KMSKeyID" for reason in REASONS),
}
FEDERATED_SOURCES = {"PreSignUp_ExternalProvider", "InboundFederation_ExternalProvider"}
"""Federated sign-in calls these; their golden files belong to ``test_inbound_federation``."""


def answer(received: Received) -> Answer:
    """Answer as the function behind a server."""
    return Answer(body=recorder.answer(received.event))


def answer_signed(received: Received) -> Answer:
    """Answer a webhook whose signature is right, and no other."""
    sent = received.headers
    text = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode() + received.body
    digest = hmac.digest(b"a secret of the test", text, hashlib.sha256)
    if sent["webhook-signature"] != "v1," + base64.b64encode(digest).decode():
        return Answer(status=401)
    return answer(received)


@pytest.fixture(params=["lambda", "webhook", "python"])
def events(
    request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[[], list[Any]]]:
    """Register the function for every trigger by one transport; returns how to read the events it got."""
    record = tmp_path / "events.jsonl"
    record.touch()
    monkeypatch.setenv(recorder.RECORD, str(record))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    python.stop_all()  # workers know the environment that they were started with
    with endpoints.running(answer_signed if request.param == "webhook" else answer) as endpoint:
        target = {
            "lambda": {"kind": "lambda", "endpoint_url": endpoint.url},
            "webhook": {"kind": "webhook", "url": endpoint.url, "secret": SECRET},
            "python": {"kind": "python", "target": "tests.triggers.recorder.handler"},
        }[request.param]
        functions = {arn(name): target for name in (*LOCAL, "CustomEmailSender", "CustomSMSSender")}
        settings.COGNITO = {**settings.COGNITO, "TRIGGERS": {"functions": functions}}
        yield lambda: [json.loads(line) for line in record.read_text().splitlines()]
    python.stop_all()


def masked(given: list[Any]) -> list[Any]:
    """Return events without what differs from run to run."""
    result = []
    for event in given:
        clients = event["callerContext"]["clientId"]
        hidden = {event["userPoolId"]: "POOL", event["callerContext"]["awsSdkVersion"]: "SDK"}
        if clients not in (None, "CLIENT_ID_NOT_APPLICABLE"):
            hidden[clients] = "CLIENT"
        text = json.dumps(event)
        for value, mask in hidden.items():
            text = text.replace(value, mask)
        made = json.loads(UUID.sub("UUID", text))
        if made["request"].get("code"):
            made["request"]["code"] = "CODE"
        for name in ("FEEDBACK_TOKEN", "LOGIN_TIME", "ONE_CLICK_LINK_VALID", "ONE_CLICK_LINK_INVALID"):
            if name in made["request"].get("userAttributes", {}):
                made["request"]["userAttributes"][name] = name
        result.append(made)
    return result


@pytest.mark.django_db
@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.__name__)
def test_a_journey_tells_its_functions_the_same_over_every_transport(
    journey: Callable[..., None],
    idp: Any,
    inbox: Inbox,
    settings: Settings,
    events: Callable[[], list[Any]],
    request: pytest.FixtureRequest,
) -> None:
    journey(idp, inbox, settings)
    found, path = masked(events()), FOLDER / f"{journey.__name__}.json"
    if os.environ.get("GOLDEN") == "write" and "lambda" in request.node.name:
        FOLDER.mkdir(exist_ok=True)
        path.write_text(json.dumps(found, indent=2) + "\n")
    expected = json.loads(path.read_text())
    assert [event["triggerSource"] for event in found] == [event["triggerSource"] for event in expected]
    assert found == expected


def recorded() -> dict[str, list[Any]]:
    """Return the events of all journeys, by journey."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def test_the_journeys_pass_every_source() -> None:
    found = {event["triggerSource"] for events in recorded().values() for event in events}
    assert found == LOCAL_SOURCES
    for source in FEDERATED_SOURCES:
        assert (GOLDEN / f"{source}.json").exists()


def test_no_event_has_a_key_that_the_guide_does_not_know() -> None:
    envelope = {"version", "triggerSource", "region", "userPoolId", "userName", "callerContext", "request", "response"}
    for events in recorded().values():
        for event in events:
            sender = re.match("Custom(Email|SMS)Sender", event["triggerSource"])
            assert set(event) == (envelope - {"response"} if sender else envelope)
            assert set(event["callerContext"]) == {"awsSdkVersion", "clientId"}
            values = event["request"].get("userAttributes", {}).values()
            assert all(isinstance(value, str) for value in values)
