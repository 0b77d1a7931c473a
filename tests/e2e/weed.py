"""A SeaweedFS server of a test (github.com/seaweedfs/seaweedfs), with its S3 gateway and STS on the loopback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.server import free_port

WEED = os.environ.get("COGNITO_WEED") or shutil.which("weed")
KEY = ("weedadministrator", "weed-administrator-secret")
SECONDS = 60


@contextmanager
def running(folder: Path, iam: dict[str, Any]) -> Iterator[str]:
    """Start a server with these roles, and an administrator with ``KEY``; yields the gateway's address."""
    assert WEED is not None
    ports = {name: free_port() for name in ("master", "volume", "filer", "s3")}
    (folder / "iam.json").write_text(json.dumps(iam))
    credentials = [{"accessKey": KEY[0], "secretKey": KEY[1]}]
    identities = [{"name": "administrator", "credentials": credentials, "actions": ["Admin", "Read", "Write", "List"]}]
    (folder / "s3.json").write_text(json.dumps({"identities": identities}))
    (folder / "data").mkdir()
    options = [f"-{name}.port={port}" for name, port in ports.items()]
    options += [f"-{name}.port.grpc={free_port()}" for name in ports]
    with (folder / "weed.log").open("wb") as log:
        process = subprocess.Popen(
            [
                WEED,
                "server",
                f"-dir={folder / 'data'}",
                "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1",
                "-master.telemetry=false",
                "-filer",
                "-s3",
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
                f"-s3.config={folder / 's3.json'}",
                f"-s3.iam.config={folder / 'iam.json'}",
                *options,
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
    address = f"http://127.0.0.1:{ports['s3']}"
    try:
        _wait(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("SeaweedFS did not start")
