"""Calls a trigger's function: five seconds a try, three tries, AWS's errors for whatever goes wrong.

Never call it inside a transaction: a slow function would hold locks.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-identity-pools-working-with-aws-lambda-triggers.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog

from cognito_app.core import ids
from cognito_app.errors import (
    InvalidLambdaResponseException,
    UnexpectedLambdaException,
    UserLambdaValidationException,
)
from cognito_app.triggers import targets
from cognito_app.triggers.outcome import BadAnswer, FunctionError, InvocationError, TimedOut
from cognito_app.triggers.transports import lambda_api, python, webhook
from cognito_app.triggers.values import UNRECOGNIZABLE

SECONDS = 5.0
TRIES = 3
LONGEST_MESSAGE = 500

NOT_APPLICABLE = "CLIENT_ID_NOT_APPLICABLE"
"""The client id in events of administrators' operations, which name no app client."""

TIMED_OUT = "Socket timeout while invoking Lambda function"
ENVELOPE = ("triggerSource", "userPoolId", "callerContext", "request", "response")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf triggers run: a pool with its LambdaConfig, the app client if there is one, the agent."""

    pool_id: str
    configured: Mapping[str, Any] = field(repr=False)
    client_id: str | None
    user_agent: str = ""

    def has(self, *triggers: str) -> bool:
        """Whether any of the triggers is configured."""
        return any(self.arn_of(name) for name in triggers)

    def arn_of(self, trigger: str) -> str | None:
        """Return the ARN of a trigger's function, or None."""
        given = self.configured.get(trigger)
        if isinstance(given, Mapping):
            given = given.get("LambdaArn")
        return str(given) if given else None


def event(
    caller: Caller,
    source: str,
    user_name: str,
    request: Mapping[str, Any],
    response: Mapping[str, Any] | None,
    *,
    version: str = "1",
) -> dict[str, Any]:
    """Return the event of a trigger; members of ``request`` that are None and optional are left out by the caller.

    Triggers whose answer nobody reads have no ``response``.
    """
    return {
        "version": version,
        "triggerSource": source,
        "region": caller.pool_id.split("_", 1)[0],
        "userPoolId": caller.pool_id,
        "userName": user_name,
        "callerContext": {"awsSdkVersion": sdk_version(caller.user_agent), "clientId": caller.client_id},
        "request": dict(request),
        **({} if response is None else {"response": dict(response)}),
    }


def sdk_version(user_agent: str) -> str:
    """Return the SDK that a User-Agent names, in AWS's form ``aws-sdk-<language>-<version>``."""
    for word in user_agent.split():
        name, _, version = word.partition("/")
        lowered = name.lower()
        if version and lowered in ("boto3", "botocore", "aws-cli"):
            return f"aws-sdk-python-{version}" if lowered != "aws-cli" else f"aws-cli-{version}"
        if version and lowered.startswith("aws-sdk-"):
            return f"{lowered}-{version}"
    return "aws-sdk-unknown-unknown"


def call(caller: Caller, trigger: str, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Run a configured trigger and return the ``response`` of the event that came back.

    Raises UserLambdaValidationException if the function refused, UnexpectedLambdaException if it could not be run,
    InvalidLambdaResponseException if its answer makes no sense.
    """
    arn = caller.arn_of(trigger)
    assert arn is not None
    try:
        return _response(_answer(arn, orjson.dumps(sent)))
    except FunctionError as error:
        raise UserLambdaValidationException(f"{trigger} failed with error {_clean(str(error))}.") from None
    except InvocationError as error:
        raise UnexpectedLambdaException(f"{trigger} invocation failed due to error {_clean(str(error))}.") from None
    except TimedOut:
        raise UnexpectedLambdaException(f"{trigger} invocation failed due to error {TIMED_OUT}.") from None
    except BadAnswer:
        raise InvalidLambdaResponseException(UNRECOGNIZABLE) from None


def notify(caller: Caller, trigger: str, sent: Mapping[str, Any]) -> None:
    """Hand an event to a configured trigger whose answer nobody reads: one try, the caller repeats what failed.

    Raises UserLambdaValidationException or UnexpectedLambdaException.
    """
    arn = caller.arn_of(trigger)
    assert arn is not None
    try:
        _try(targets.resolve(arn), arn, orjson.dumps(sent), message_id=f"msg_{ids.uuid4()}", wait=False)
    except FunctionError as error:
        raise UserLambdaValidationException(f"{trigger} failed with error {_clean(str(error))}.") from None
    except InvocationError as error:
        raise UnexpectedLambdaException(f"{trigger} invocation failed due to error {_clean(str(error))}.") from None
    except TimedOut:
        raise UnexpectedLambdaException(f"{trigger} invocation failed due to error {TIMED_OUT}.") from None
    except BadAnswer:
        return


def _try(target: targets.Target, arn: str, payload: bytes, *, message_id: str, wait: bool) -> bytes:
    if isinstance(target, targets.LambdaTarget):
        return lambda_api.call(target, arn, payload, seconds=SECONDS, wait=wait)
    if isinstance(target, targets.WebhookTarget):
        return webhook.call(target, arn, payload, seconds=SECONDS, message_id=message_id)
    return python.call(target, arn, payload, seconds=SECONDS)


def _answer(arn: str, payload: bytes) -> bytes:
    target = targets.resolve(arn)
    message_id = f"msg_{ids.uuid4()}"
    for left in reversed(range(TRIES)):
        try:
            return _try(target, arn, payload, message_id=message_id, wait=True)
        except TimedOut:
            log.warning("trigger_timed_out", arn=arn, tries_left=left)
            if not left:
                raise
    raise TimedOut


def _response(answer: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(answer)
    except orjson.JSONDecodeError:
        raise BadAnswer from None
    if not isinstance(document, dict) or any(name not in document for name in ENVELOPE):
        raise BadAnswer
    response = document["response"]
    if not isinstance(response, dict) or not isinstance(document["request"], dict):
        raise BadAnswer
    return response


def _clean(text: str) -> str:
    """Cut a function's message to what may be shown: no control characters, not endless."""
    return "".join(char if char.isprintable() else " " for char in text[:LONGEST_MESSAGE])
