"""T12: a random walk over sign-in, sign-up and reset yields tokens only where the model allows, and never a 5xx.

``WALK_STEPS`` requests by default 600, 20,000 under the marker ``slow``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from pytest_django import Settings

from cognito_app.conf import app_settings
from tests.conftest import Inbox
from tests.security.walk import world
from tests.security.walk.accounts import Accounts
from tests.security.walk.answers import Answers
from tests.security.walk.ground import START, Ground, Tally
from tests.security.walk.starts import Starts
from tests.triggers.lambdas import Lambdas, serving
from tests.triggers.test_custom_auth import CREATE, DEFINE, VERIFY, create, define, verify

pytestmark = pytest.mark.django_db

STEPS = int(os.environ.get("WALK_STEPS", "600"))
FULL = int(os.environ.get("WALK_STEPS", "20000"))
LENGTH = 60
BATCH = 12


class Walk(Starts, Answers, Accounts):
    """Every step."""


@pytest.fixture
def lambdas(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambdas]:
    with serving(settings, monkeypatch) as running:
        running.functions.update({DEFINE: define, CREATE: create, VERIFY: verify})
        yield running


@pytest.fixture
def ground(
    idp: Any,
    inbox: Inbox,
    admin_key: tuple[str, str],
    lambdas: Lambdas,
    settings: Settings,
    quick_hashes: None,
) -> type[Ground]:
    """The world, in which messages are not limited (guesses are), and hashes of passwords are quick."""
    settings.COGNITO = {**settings.COGNITO, "RATE_LIMITS": False}
    assert app_settings.outbox_dir
    with time_machine.travel(START, tick=True):
        Walk.world = world.build(idp, inbox.folder, admin_key)
    Walk.tally = Tally()
    return Walk


def walk(ground: type[Ground], steps: int) -> None:
    """Walk until so many requests were made."""
    while ground.tally.steps < steps:
        run_state_machine_as_test(
            ground,
            settings=settings(
                max_examples=BATCH,
                stateful_step_count=LENGTH,
                deadline=None,
                database=None,
                phases=(Phase.generate,) if os.environ.get("WALK_QUICK") else (Phase.generate, Phase.shrink),
                suppress_health_check=list(HealthCheck),
            ),
        )
        print(ground.tally, flush=True)
    assert ground.tally.sign_ins > steps // 100


def test_tokens_only_where_the_model_allows(ground: type[Ground]) -> None:
    walk(ground, STEPS)


@pytest.mark.slow
def test_tokens_only_where_the_model_allows_in_full(ground: type[Ground]) -> None:
    walk(ground, FULL)
