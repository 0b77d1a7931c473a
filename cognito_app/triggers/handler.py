"""Runs a Python handler as Lambda would: ``handler(event, context)``."""

from __future__ import annotations

import time
import uuid
from importlib import import_module
from typing import Any


class LambdaContext:
    """What handlers read of Lambda's context object."""

    function_version = "$LATEST"
    memory_limit_in_mb = "128"
    identity = None
    client_context = None

    def __init__(self, arn: str, seconds: float) -> None:
        self.invoked_function_arn = arn
        self.function_name = arn.split(":")[6] if arn.count(":") >= 6 else arn
        self.aws_request_id = str(uuid.uuid4())
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self.log_stream_name = self.aws_request_id
        self._deadline = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the handler may still run, in milliseconds."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def run(path: str, arn: str, event: Any, seconds: float) -> Any:
    """Import and call a handler; whatever it raises is passed on."""
    module, _, name = path.rpartition(".")
    handler = getattr(import_module(module), name)
    return handler(event, LambdaContext(arn, seconds))
