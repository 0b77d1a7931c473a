"""``manage.py cleanup``: deletes rows past their time, once."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand

from cognito_app.services import upkeep


class Command(BaseCommand):
    """See the module."""

    help = "Delete expired codes, sessions, tokens and messages."

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep and say how much there was."""
        self.stdout.write(f"{upkeep.sweep()} rows deleted")
