"""A running quickstart, as a newcomer has it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.hosted import CHROMIUM, FLAGS, NewWalk, Walker, administrator, application

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Running:
    """A server of this test run; ``facts`` is the line that it printed."""

    facts: dict[str, Any]
    process: subprocess.Popen[str]

    def code(self, to: str) -> str:
        """Return the code in the last message to an address."""
        texts = [path.read_text() for path in sorted(Path(self.facts["outbox_dir"]).glob("*.log"))]
        mine = [text for text in texts if f"To: {to}\n" in text]
        return str(re.findall(r"code is (\d{6})", mine[-1])[-1])


def start(data_dir: Path, *options: str, **more: str) -> Running:
    """Start quickstart, with more environment if it is given, and wait for its line."""
    given = ["--json", "--port", str(free_port()), "--data-dir", str(data_dir), *options]
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith(("COGNITO_", "DJANGO_", "SECRET_KEY"))
    }
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "quickstart", *given],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=_own_database({**clean, **more}, data_dir),
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.wait(10)
    return Running(facts=json.loads(line), process=process)


def database_of(data_dir: Path) -> str | None:
    """Return the address of a server's own database, or None where the tests do not use PostgreSQL."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        return None
    return url.rsplit("/", 1)[0] + "/e2e_" + hashlib.sha256(str(data_dir).encode()).hexdigest()[:24]


def _own_database(environment: dict[str, str], data_dir: Path) -> dict[str, str]:
    """On PostgreSQL every server of the tests gets a database of its own."""
    own = database_of(data_dir)
    if own is None:
        return environment
    import psycopg  # only where PostgreSQL is used

    name = own.rsplit("/", 1)[1]
    with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if found is None:
            connection.execute(f'CREATE DATABASE "{name}"')
    return {**environment, "DATABASE_URL": own}


def stop(running: Running) -> None:
    """Stop a server as Ctrl+C does."""
    running.process.send_signal(signal.SIGINT)
    running.process.wait(20)


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
