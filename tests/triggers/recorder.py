"""One function for every trigger, the same behind each transport: it notes the event and answers as a pool's would."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tests.e2e import functions

RECORD = "TRIGGER_RECORD"
"""The environment variable that names the file of the events."""


def answer(event: Any) -> Any:
    """Note an event and answer it."""
    with Path(os.environ[RECORD]).open("a") as file:
        file.write(json.dumps(event) + "\n")
    trigger = event["triggerSource"].split("_")[0]
    if trigger == "DefineAuthChallenge":
        return functions.define(event, None)
    if trigger == "CreateAuthChallenge":
        return functions.create(event, None)
    if trigger == "VerifyAuthChallengeResponse":
        return functions.verify(event, None)
    if trigger == "PreSignUp" and event["userName"] == "auto":
        event["response"].update(autoConfirmUser=True, autoVerifyEmail=True)
    if trigger == "UserMigration" and event["userName"].startswith("moved"):
        address = {"email": f"{event['userName']}@example.com", "email_verified": "true"}
        event["response"].update(userAttributes=address, finalUserStatus="CONFIRMED", messageAction="SUPPRESS")
    return event


def handler(event: Any, context: Any) -> Any:
    """Answer as a Python callable."""
    return answer(event)
