"""A running quickstart, as a newcomer has it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.hosted import CHROMIUM, FLAGS, NewWalk, Walker, administrator, application
from tests.e2e.server import Running, start, stop


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One quickstart for all end-to-end tests."""
    running = start(tmp_path_factory.mktemp("quickstart"))
    yield running
    stop(running)


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core."""
    folder = tmp_path_factory.mktemp("axe")
    (folder / "package.json").write_text('{"private": true}')
    command = ["npm", "install", "--no-audit", "--no-fund", "--silent", "axe-core@4"]
    subprocess.run(command, cwd=folder, check=True, timeout=180)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of a module."""
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pictures go."""
    wanted = os.environ.get("COGNITO_PICTURES")
    folder = Path(wanted) if wanted else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def callback() -> Iterator[str]:
    """The application's address."""
    with application() as address:
        yield address


@pytest.fixture
def new_walk(browser: Browser, axe: str, pictures: Path) -> Iterator[NewWalk]:
    """Make walkers, each in a browser profile of its own; at the end nothing may stand in the console."""
    with ExitStack() as opened:
        walkers: list[Walker] = []

        def make() -> Walker:
            context = opened.enter_context(browser.new_context())
            walkers.append(Walker(context.new_page(), axe, pictures))
            return walkers[-1]

        yield make
        assert [problem for walker in walkers for problem in walker.problems] == []


@pytest.fixture(scope="session")
def idp(server: Running) -> Any:
    """The server's administrator."""
    return administrator(server)
