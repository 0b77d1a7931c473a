"""What must be known before Django's settings are read: the options of ``quickstart``, and its keys."""

from __future__ import annotations

import argparse
import base64
import ipaddress
import json
import os
import secrets
import sys
from pathlib import Path

COMMAND = "quickstart"
KEYS_FILE = "keys.json"


def parser() -> argparse.ArgumentParser:
    """Return the options of ``quickstart``."""
    options = argparse.ArgumentParser(prog=f"manage.py {COMMAND}", description="Run everything on this computer.")
    options.add_argument("--host", default="127.0.0.1", help="address to listen on")
    options.add_argument("--port", type=int, default=8000, help="port to listen on")
    options.add_argument("--data-dir", default="./var", help="folder of the database, keys and messages")
    options.add_argument("--no-demo", action="store_true", help="start without demo data")
    options.add_argument("--json", action="store_true", help="print one line of JSON instead of the summary")
    options.add_argument("--any-key", action="store_true", help="take any AWS access key as an administrator's")
    options.add_argument(
        "--allow-non-loopback", action="store_true", help="listen on an address that other computers reach"
    )
    return options


def prepare(arguments: list[str]) -> None:
    """Set the environment for ``quickstart`` and make its keys; other commands are left alone."""
    if len(arguments) < 2 or arguments[1] != COMMAND:
        return
    options = parser().parse_args(arguments[2:])
    if not _is_loopback(options.host) and not options.allow_non_loopback:
        sys.exit(
            f"quickstart runs with development switches and does not listen on {options.host}. "
            "Use `manage.py serve` for a server, or add --allow-non-loopback if you know who can reach this address."
        )
    directory = Path(options.data_dir).resolve()
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    make_keys(directory)
    os.environ["COGNITO_DEVELOPMENT"] = "1"
    os.environ["COGNITO_DATA_DIR"] = str(directory)
    os.environ.setdefault("COGNITO_PUBLIC_URL", f"http://localhost:{options.port}")
    os.environ.setdefault("COGNITO_AUTH_BASE_DOMAIN", f"auth.localhost:{options.port}")
    os.environ.setdefault("COGNITO_OBJECTS_DOMAIN", f"s3.localhost:{options.port}")
    # Two workers with one hash each: more hashes than processors only get in each other's way.
    os.environ.setdefault("COGNITO_PASSWORD_SLOTS", "1")
    os.environ["COGNITO_ANY_KEY"] = "1" if options.any_key else "0"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def make_keys(directory: Path) -> None:
    """Create the development keys once, readable by their owner only."""
    path = directory / KEYS_FILE
    if path.exists():
        return
    keys = {
        "secret_key": secrets.token_urlsafe(48),
        "master_keys": ["development:" + base64.b64encode(secrets.token_bytes(32)).decode()],
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(keys, file)
