"""Starting and stopping a real server; no Django is loaded in this process."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
        env=own_database({**clean, **more}, data_dir),
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


def own_database(environment: dict[str, str], data_dir: Path) -> dict[str, str]:
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
