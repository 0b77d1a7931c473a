"""Pools with threat protection, pools that track devices."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from tests.agents import trust_one_proxy
from tests.clients.devices import ALWAYS
from tests.conftest import App, Inbox, make_app
from tests.threats import add_ons


@pytest.fixture
def guarded(idp: Any, inbox: Inbox, settings: Settings) -> App:
    """A pool with threat protection that acts."""
    trust_one_proxy(settings)
    return make_app(idp, inbox, **add_ons("ENFORCED"))


@pytest.fixture
def audited(idp: Any, inbox: Inbox, settings: Settings) -> App:
    """A pool with threat protection that looks on."""
    trust_one_proxy(settings)
    return make_app(idp, inbox, **add_ons("AUDIT"))


@pytest.fixture
def tracking(idp: Any, inbox: Inbox) -> App:
    """A pool that tracks devices, with two users."""
    app = make_app(idp, inbox, DeviceConfiguration=ALWAYS)
    app.sign_up("ann")
    app.sign_up("bob")
    return app
