"""Fixtures of the federation tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.clients import identity_provider
from tests.clients.identity_provider import IdentityProvider
from tests.conftest import App
from tests.federation.journey import Journey


@pytest.fixture
def provider(settings: Settings) -> Iterator[IdentityProvider]:
    """A provider on the loopback, which the pool may reach."""
    settings.COGNITO = {**settings.COGNITO, "OUTGOING_PRIVATE_NETWORKS": True}
    with identity_provider.running() as made:
        yield made


@pytest.fixture
def journey(app: App, provider: IdentityProvider) -> Journey:
    """A pool with the provider."""
    return Journey(app, provider)
