"""``manage.py serve``: the production server."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from cognito_app.conf import app_settings
from cognito_app.management import server

NEEDED = {
    "DATABASE_URL": "a PostgreSQL address, as postgres://user:password@host/name",
    "SECRET_KEY": "a long random text",
    "COGNITO_MASTER_KEYS": "one or more '<key id>:<base64 of 32 random bytes>'",
    "COGNITO_PUBLIC_URL": "the address under which clients reach this server",
}


class Command(BaseCommand):
    """See the module."""

    help = "Serve in production: PostgreSQL, keys from the environment or files, several workers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define the options."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
        parser.add_argument("--threads", type=int, default=2)

    def handle(self, *args: Any, **options: Any) -> None:
        """Check what production needs, then serve until interrupted."""
        problems = find_problems()
        if problems:
            raise CommandError("Refusing to start:\n" + "\n".join(f"  - {problem}" for problem in problems))
        server.run(options["host"], options["port"], workers=options["workers"], threads=options["threads"])


def find_problems() -> list[str]:
    """Return why this environment is not fit for production."""
    problems = [
        f"{name} (or {name}_FILE) is not set: {meaning}."
        for name, meaning in NEEDED.items()
        if not (os.environ.get(name) or os.environ.get(f"{name}_FILE"))
    ]
    if app_settings.development or settings.DEBUG:
        problems.append("COGNITO_DEVELOPMENT is set: development switches are on.")
    if app_settings.any_key:
        problems.append("COGNITO_ANY_KEY is set: signatures would not be checked.")
    return problems
