"""A Lambda endpoint whose functions are Python callables by trigger source, and golden events."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_django import Settings

from tests.clients import endpoints
from tests.clients.endpoints import Answer, Endpoint, Received

ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
GOLDEN = Path(__file__).parent / "golden"
Function = Callable[[Any], Any]


class Refusal(Exception):
    """Raised by a function to refuse."""


@dataclass
class Lambdas:
    """The functions, by source; what they are not told to do, they leave unchanged."""

    endpoint: Endpoint
    functions: dict[str, Function] = field(default_factory=dict)

    def on(self, source: str, function: Function) -> None:
        """Set the function of a source."""
        self.functions[source] = function

    def refuse(self, source: str, text: str = "not today") -> None:
        """Let a source refuse."""

        def refusing(event: Any) -> Any:
            raise Refusal(text)

        self.functions[source] = refusing

    def respond(self, source: str, **response: Any) -> None:
        """Let a source answer with members of ``response``."""

        def responding(event: Any) -> Any:
            event["response"].update(response)
            return event

        self.functions[source] = responding

    def answer(self, received: Received) -> Answer:
        """Run the function of the event."""
        event = received.event
        function = self.functions.get(event["triggerSource"], lambda given: given)
        try:
            result = function(event)
        except Refusal as error:
            return Answer(
                body={"errorMessage": str(error), "errorType": "Refusal"},
                headers={"X-Amz-Function-Error": "Unhandled"},
            )
        return result if isinstance(result, Answer) else Answer(body=result)

    @property
    def sources(self) -> list[str]:
        """Return the sources that ran, in order."""
        return [received.event["triggerSource"] for received in self.endpoint.received]

    def last(self, source: str) -> Any:
        """Return the last event of a source."""
        return self.endpoint.events(source)[-1]

    def forget(self) -> None:
        """Forget the events received."""
        self.endpoint.received.clear()


@contextmanager
def serving(settings: Settings, monkeypatch: Any) -> Iterator[Lambdas]:
    """Run the endpoint, and register it for every ARN."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with endpoints.running() as endpoint:
        lambdas = Lambdas(endpoint)
        endpoint.answer = lambdas.answer
        triggers = {"endpoints": {"local": {"kind": "lambda", "endpoint_url": endpoint.url}}, "default": "local"}
        settings.COGNITO = {**settings.COGNITO, "TRIGGERS": triggers}
        yield lambdas


def config(*names: str, version: str | None = None) -> dict[str, Any]:
    """Return a LambdaConfig; ``version`` adds PreTokenGenerationConfig."""
    result: dict[str, Any] = {name: ARN + name for name in names}
    if version is not None:
        result["PreTokenGenerationConfig"] = {"LambdaArn": ARN + "tokens", "LambdaVersion": version}
        result["PreTokenGeneration"] = ARN + "tokens"
    return result


def golden(event: Any, name: str = "") -> None:
    """Compare a whole event with its golden file, what differs from run to run masked."""
    path = GOLDEN / f"{name or event['triggerSource']}.json"
    text = json.dumps(_masked(event), indent=2, sort_keys=True) + "\n"
    if os.environ.get("WRITE_GOLDEN"):
        path.write_text(text)
    assert json.loads(text) == json.loads(path.read_text())


def _masked(event: Any) -> Any:
    masks = {event["userPoolId"]: "POOL", event["callerContext"]["clientId"]: "CLIENT"}
    sub = event["request"].get("userAttributes", {}).get("sub")
    if sub:
        masks[sub] = "SUB"
    sdk = event["callerContext"]["awsSdkVersion"]
    assert sdk.startswith("aws-sdk-")
    masks[sdk] = "SDK"
    text = json.dumps(event)
    for value, mask in masks.items():
        text = text.replace(value, mask)
    return json.loads(text)
