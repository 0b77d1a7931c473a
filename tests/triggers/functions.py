"""Handlers for the tests, written as for Lambda."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

SEEN: list[tuple[str, bool]] = []
"""The sources that ``watching`` was called for, and whether a transaction was open."""


def watching(event: Any, context: Any) -> Any:
    """Note whether a transaction is open."""
    from django.db import connection  # workers import this module without Django

    SEEN.append((event["triggerSource"], connection.in_atomic_block))
    return event


def unchanged(event: Any, context: Any) -> Any:
    """Return the event as it came."""
    return event


def noisy(event: Any, context: Any) -> Any:
    """Print to the output that the worker answers on."""
    print("hello from the handler")
    event["response"]["name"] = context.function_name
    return event


def refusing(event: Any, context: Any) -> Any:
    """Refuse."""
    raise ValueError("no\x00 way")


def leaving(event: Any, context: Any) -> Any:
    """End the interpreter in Python's way."""
    sys.exit("gone")


def dying(event: Any, context: Any) -> Any:
    """End the process without a word."""
    os._exit(3)


def hanging(event: Any, context: Any) -> Any:
    """Never come back."""
    while True:
        time.sleep(1)


def nothing(event: Any, context: Any) -> Any:
    """Answer null."""


def renamed(event: Any, context: Any) -> Any:
    """Answer with keys in another case."""
    return {key.title(): value for key, value in event.items()}


def process(event: Any, context: Any) -> Any:
    """Say which process this is."""
    event["response"]["pid"] = os.getpid()
    return event


seen: list[str] = []


def outside_transactions(event: Any, context: Any) -> Any:
    """Note the source; refuse to run in a transaction. Somebody unknown is taken over."""
    from django.db import connection

    assert connection.in_atomic_block is False
    seen.append(event["triggerSource"])
    if event["triggerSource"].startswith("UserMigration"):
        event["response"].update(userAttributes={"email": "moved@example.com"}, finalUserStatus="CONFIRMED")
    return event


def strange(event: Any, context: Any) -> Any:
    """Answer what no JSON can hold."""
    return {**event, "response": {"value": object()}}


def huge(event: Any, context: Any) -> Any:
    """Answer more than Lambda lets through, but less than would fill the memory."""
    return {**event, "response": {"value": "x" * (7 * 1024 * 1024)}}


def talkative(event: Any, context: Any) -> Any:
    """Refuse at length."""
    raise ValueError("x" * 100_000)
