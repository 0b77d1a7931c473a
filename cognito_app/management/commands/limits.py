"""``manage.py limits``: shows the request rates in force and sets them, for the installation or one pool."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from cognito_app.errors import ServiceError
from cognito_app.services import config, limits
from cognito_app.services.actor import Actor
from cognito_app.services.rate_categories import CATEGORIES

OPERATOR = Actor(name="manage.py limits")


class Command(BaseCommand):
    """See the module."""

    help = "Show request rates; with Category=RPS set them, with --pool for one pool (Category= takes it away)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define the options."""
        parser.add_argument("--pool", help="id of the pool that gets limits of its own")
        parser.add_argument("changes", nargs="*", metavar="Category=RPS")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set what is given, then print what is in force."""
        pool_id = options["pool"]
        try:
            changes = [_change(text) for text in options["changes"]]
            if pool_id:
                limits.set_for_pool(OPERATOR, pool_id, dict(changes))
            else:
                for name, value in changes:
                    limits.set_for_installation(OPERATOR, name, value or 0)
            pool = config.pool(pool_id) if pool_id else None
        except ServiceError as error:
            raise CommandError(error.message) from None
        for name in CATEGORIES:
            own = limits.of_pool(pool, name) if pool else None
            self.stdout.write(f"{name} {own or limits.in_force(name)}" + (" (own)" if own else ""))


def _change(text: str) -> tuple[str, int | None]:
    name, _, value = text.partition("=")
    if value and not value.isdecimal():
        raise CommandError(f"{text} is not Category=RPS.")
    return name, int(value) if value else None
