"""Pools with threat protection, with second factors, with devices; a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from pytest_django import Settings

from tests.agents import trust_one_proxy
from tests.aws import levels
from tests.aws.choice import create
from tests.aws.mfa import PHONE, START, make_mfa_app
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


@pytest.fixture
def mfa_app(idp: Any, inbox: Inbox) -> App:
    """A pool that offers every second factor, optionally."""
    return make_mfa_app(idp, inbox)


@pytest.fixture
def clock() -> Iterator[Any]:
    """A clock that stands still until it is moved."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def stepped(idp: Any, inbox: Inbox) -> App:
    """A pool with every factor; ann has a password, an authenticator app and a phone, none of which is turned on."""
    app = levels.make(idp, inbox)
    create(app, phone_number=PHONE)
    return app
