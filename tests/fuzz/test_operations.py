"""Requests to every operation, as many as fit into ``FUZZ_SECONDS`` (20) and at least ``FUZZ_REQUESTS`` (1)."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.conftest import Inbox
from tests.fuzz import check, world
from tests.fuzz.requests import requests, resolve

SECONDS = float(os.environ.get("FUZZ_SECONDS", "20"))
LEAST = int(os.environ.get("FUZZ_REQUESTS", "1"))
BATCH = 300


@pytest.mark.django_db
def test_every_answer_is_a_success_or_a_listed_error(idp: Any, admin_key: tuple[str, str], inbox: Inbox) -> None:
    started, sent = time.monotonic(), 0
    while sent < LEAST or time.monotonic() - started < SECONDS:
        sent += batch(idp, admin_key)
    print(f"{sent} requests")


def batch(idp: Any, key: tuple[str, str]) -> int:
    """Send a batch of requests to a world of their own."""
    here = world.build(idp)
    count = 0

    @settings(
        max_examples=BATCH,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(requests())
    def run(request: tuple[str, Any]) -> None:
        nonlocal here, count
        name, body = request
        check.send(name, resolve(body, here), key)
        count += 1
        if count % 50 == 0 and not world.still_there(idp, here):
            here = world.build(idp)

    run()
    return count
