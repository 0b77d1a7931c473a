"""The web server: granian, WSGI, kept database connections."""

from __future__ import annotations

import http.client
import multiprocessing
import os
import time

from granian import Granian
from granian.constants import Interfaces

from cognito_app.management import worker

WSGI_TARGET = "project.wsgi:application"
PATIENCE_SECONDS = 60.0


def run(host: str, port: int, *, workers: int, threads: int) -> None:
    """Serve until interrupted."""
    # Forking a process that has threads copies locks that nobody will release.
    multiprocessing.set_start_method("spawn", force=True)
    os.environ[worker.SUPERVISED] = "1"
    Granian(
        WSGI_TARGET,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        backlog=1024,
        websockets=False,
        log_enabled=False,
        respawn_failed_workers=True,
    ).serve()


def wait_until_it_answers(host: str, port: int) -> bool:
    """Whether the server answers within a minute."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # what was asked for, not a default
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        connection = http.client.HTTPConnection(name, port, timeout=5)
        try:
            connection.request("GET", "/", headers={"Host": f"localhost:{port}"})
            connection.getresponse().read()
        except OSError:
            time.sleep(0.05)
        else:
            return True
        finally:
            connection.close()
    return False
