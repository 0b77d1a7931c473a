"""``manage.py quickstart``: database, keys, demo data and a server, in one command on one computer."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command

from cognito_app.conf import app_settings
from cognito_app.contrib.demo import policies
from cognito_app.contrib.object_storage import seed
from cognito_app.management import server, summary
from cognito_app.services import demo, operators, upkeep
from cognito_app.services.demo import Demo

DEMO_FILE = "demo.json"


class Command(BaseCommand):
    """See the module."""

    help = "Run everything on this computer: embedded database, demo data, server."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the options that were read before the settings (``project/development.py``)."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--data-dir", default="./var")
        parser.add_argument("--no-demo", action="store_true")
        parser.add_argument("--json", action="store_true")
        parser.add_argument("--any-key", action="store_true")
        parser.add_argument("--allow-non-loopback", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare, then serve until interrupted."""
        if not app_settings.development:
            raise CommandError("quickstart must be started by manage.py, which sets the development switches.")
        host, port = options["host"], options["port"]
        _check_port(host, port)
        call_command("migrate", verbosity=0, interactive=False)
        directory = Path(options["data_dir"]).resolve()
        facts = _facts(directory, with_demo=not options["no_demo"])
        text = json.dumps(facts) if options["json"] else summary.text(facts, directory)
        stop = threading.Event()
        threading.Thread(target=_announce, args=(host, port, text), daemon=True).start()
        threading.Thread(target=upkeep.run, args=(stop,), daemon=True).start()
        server.run(host, port, workers=2, threads=1)
        stop.set()


def _check_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(f"Cannot listen on {host}:{port}: {error.strerror}. Choose another --port.") from None


def _facts(directory: Path, *, with_demo: bool) -> dict[str, Any]:
    base = app_settings.public_url
    key_id, secret = demo.administrator()
    made = _demo(directory) if with_demo else Demo()
    bucket = seed.make("demo-authenticated", "demo-guest") if with_demo else None
    portal = f"{base}/portal/" if operators.exist() else f"{base}/portal/setup/{operators.new_link()}/"
    return {
        "endpoint": base,
        "region": app_settings.region,
        "account_id": app_settings.account_id,
        **made.as_dict(),
        "domain_url": f"{base}/{made.user_pool_id}" if made.user_pool_id else None,
        "portal_url": portal,
        "access_key_id": key_id,
        "secret_access_key": secret,
        "outbox_dir": settings.COGNITO["OUTBOX_DIR"],
        "demo_service_url": f"{base}/demo" if with_demo else None,
        "object_storage_url": f"{base}/s3",
        "bucket": bucket,
    }


def _demo(directory: Path) -> Demo:
    path = directory / DEMO_FILE
    if path.is_file():
        known = Demo(**json.loads(path.read_text(encoding="utf-8")))
        if demo.still_there(known):
            return known
    made = demo.make(policies)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(made.as_dict(), file)
    return made


def _announce(host: str, port: int, text: str) -> None:
    """Print where everything is as soon as the server answers."""
    if server.wait_until_it_answers(host, port):
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
