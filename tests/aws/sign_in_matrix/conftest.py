"""Fixtures of the matrix."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.conftest import Inbox
from tests.triggers.lambdas import Lambdas, serving
from tests.triggers.test_custom_auth import CREATE, DEFINE, VERIFY, create, define, verify


@pytest.fixture(autouse=True)
def lambdas(settings: Settings, monkeypatch: pytest.MonkeyPatch, inbox: Inbox, quick_hashes: None) -> Iterator[Lambdas]:
    """The functions of custom sign-in; messages are not limited, hashes of passwords are quick."""
    with serving(settings, monkeypatch) as running:
        settings.COGNITO = {**settings.COGNITO, "RATE_LIMITS": False}
        running.functions.update({DEFINE: define, CREATE: create, VERIFY: verify})
        yield running
