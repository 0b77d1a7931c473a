"""Fixtures of the trigger tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from cognito_app.triggers import invoke
from tests.clients import endpoints
from tests.triggers.functions_of_pool import Functions


@pytest.fixture
def functions(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    """An endpoint that runs every function, with a deadline that tests can wait for."""
    monkeypatch.setattr(invoke, "SECONDS", 1.0)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with endpoints.running() as endpoint:
        made = Functions(endpoint)
        endpoint.answer = made.answer
        triggers = {"endpoints": {"here": {"kind": "lambda", "endpoint_url": endpoint.url}}, "default": "here"}
        settings.COGNITO = {**settings.COGNITO, "TRIGGERS": triggers}
        yield made
