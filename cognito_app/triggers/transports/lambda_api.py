"""Functions behind the Lambda Invoke API: AWS's own, or any endpoint that speaks it.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import io
import os
from functools import lru_cache, partial
from typing import Any

import boto3
import orjson
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from cognito_app.conf import app_settings
from cognito_app.triggers.outcome import FunctionError, InvocationError
from cognito_app.triggers.targets import LambdaTarget
from cognito_app.triggers.transports import http


@lru_cache(maxsize=64)
def _client(endpoint_url: str | None, region: str, seconds: float) -> Any:
    # One try a call: botocore's own retries would multiply ours.
    make: Any = boto3.client
    config = Config(retries={"total_max_attempts": 1})
    client = make("lambda", endpoint_url=endpoint_url, region_name=region, config=config)
    client.meta.events.register("before-send.lambda.Invoke", partial(_send, seconds=seconds))
    return client


def _send(request: AWSPreparedRequest, *, seconds: float, **unused: Any) -> AWSResponse:
    """Send what botocore signed: its own sending knows neither an end in time nor a cap on the answer."""
    body: Any = request.body
    bundle = os.environ.get("AWS_CA_BUNDLE") or None
    reply = http.post(request.url, body, dict(request.headers.items()), seconds=seconds, ca_bundle=bundle)
    make: Any = AWSResponse
    response: AWSResponse = make(request.url, reply.status, HeadersDict(reply.headers), _Body(reply.body))
    return response


class _Body(io.BytesIO):
    """What botocore expects below a response."""

    def stream(self, *args: Any, **kwargs: Any) -> Any:
        """Yield the body."""
        yield self.read()


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
        answer: bytes = result["Payload"].read()
    except ClientError as error:
        raise InvocationError(str(error.response.get("Error", {}).get("Code", "ServiceException"))) from None
    except (BotoCoreError, ResponseParserError) as error:
        raise InvocationError(type(error).__name__) from None
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
