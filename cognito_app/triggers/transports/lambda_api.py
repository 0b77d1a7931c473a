"""Functions behind the Lambda Invoke API: AWS's own, or any endpoint that speaks it.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import boto3
import orjson
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, ReadTimeoutError

from cognito_app.conf import app_settings
from cognito_app.triggers.outcome import MAX_ANSWER_BYTES, BadAnswer, FunctionError, InvocationError, TimedOut
from cognito_app.triggers.targets import LambdaTarget

CONNECT_SECONDS = 1.0


@lru_cache(maxsize=64)
def _client(endpoint_url: str | None, region: str, seconds: float) -> Any:
    # One try a call: botocore's own retries would multiply ours.
    limits = Config(connect_timeout=CONNECT_SECONDS, read_timeout=seconds, retries={"total_max_attempts": 1})
    make: Any = boto3.client
    return make("lambda", endpoint_url=endpoint_url, region_name=region, config=limits)


def call(target: LambdaTarget, arn: str, event: bytes, *, seconds: float, wait: bool) -> bytes:
    """Invoke a function and return its answer; without ``wait`` return as soon as the event is taken.

    Raises FunctionError, InvocationError, TimedOut, BadAnswer.
    """
    parts = arn.split(":")
    region = parts[3] or app_settings.region
    try:
        result = _client(target.endpoint_url, region, seconds).invoke(
            FunctionName=_name(target, arn, parts),
            InvocationType="RequestResponse" if wait else "Event",
            Payload=event,
        )
        answer: bytes = result["Payload"].read(MAX_ANSWER_BYTES + 1)
    except (ReadTimeoutError, ConnectTimeoutError):
        raise TimedOut from None
    except ClientError as error:
        raise InvocationError(str(error.response.get("Error", {}).get("Code", "ServiceException"))) from None
    except BotoCoreError as error:
        raise InvocationError(type(error).__name__) from None
    if len(answer) > MAX_ANSWER_BYTES:
        raise BadAnswer
    if result.get("FunctionError"):
        raise FunctionError(_message(answer))
    return answer


def _name(target: LambdaTarget, arn: str, parts: list[str]) -> str:
    if target.name_mode.startswith("fixed:"):
        return target.name_mode.removeprefix("fixed:")
    return parts[6] if target.name_mode == "name" and len(parts) > 6 else arn


def _message(answer: bytes) -> str:
    try:
        told = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return ""
    return str(told.get("errorMessage", "")) if isinstance(told, dict) else ""
