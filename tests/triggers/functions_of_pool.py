"""Functions of a pool behind the loopback Lambda endpoint, and golden files of the events they receive."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.clients.endpoints import Answer, Endpoint, Received

GOLDEN = Path(__file__).parent / "golden"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
SDK = re.compile(r"aws-sdk-python-[\w.]+")


def arn(name: str) -> str:
    """Return the ARN of a function."""
    return f"arn:aws:lambda:us-east-1:000000000000:function:{name}"


def lambda_config(*names: str, **more: Any) -> dict[str, Any]:
    """Return a LambdaConfig whose functions are called like their triggers."""
    return {**{name: arn(name) for name in names}, **more}


@dataclass
class Functions:
    """What the functions of a test answer; by default they return the event as it came."""

    endpoint: Endpoint
    responses: dict[str, dict[str, Any]] = field(default_factory=dict)
    before: Callable[[Any], None] | None = None
    failure: Answer | None = None

    def answer(self, received: Received) -> Answer:
        """Answer an invocation: the trigger's name stands before the underscore of the source."""
        event = received.event
        if self.before is not None:
            self.before(event)
        if self.failure is not None:
            return self.failure
        event.setdefault("response", {}).update(self.responses.get(event["triggerSource"].split("_")[0], {}))
        return Answer(body=event)

    def refuse(self, text: str) -> None:
        """Let every function raise."""
        body = {"errorMessage": text, "errorType": "Exception", "stackTrace": ["secret"]}
        self.failure = Answer(body=body, headers={"X-Amz-Function-Error": "Unhandled"})

    def event(self, source: str) -> Any:
        """Return the one event of a source."""
        found = self.endpoint.events(source)
        assert len(found) == 1, [item["triggerSource"] for item in self.endpoint.events()]
        return found[0]

    def sources(self) -> list[str]:
        """Return the sources of all events, in order."""
        return [event["triggerSource"] for event in self.endpoint.events()]

    def check(self, source: str, pool_id: str, client_id: str, kind: str = "") -> Any:
        """Compare the one event of a source with its golden file; ``GOLDEN=write`` records it anew.

        ``kind`` tells files of one source apart.
        """
        event = self.event(source)
        text = json.dumps(event, indent=2).replace(pool_id, "<pool>").replace(client_id, "<client>")
        text = SDK.sub("aws-sdk-python-<version>", UUID.sub("<uuid>", text))
        masked = json.loads(text)
        if masked["request"].get("code"):
            masked["request"]["code"] = "<code>"
        path = GOLDEN / f"{source}{kind}.json"
        if os.environ.get("GOLDEN") == "write":
            path.write_text(json.dumps(masked, indent=2) + "\n")
        assert masked == json.loads(path.read_text())
        return event
