"""``manage.py setup_link``: a one-time link for the first operator."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand

from cognito_app.conf import app_settings
from cognito_app.services import operators


class Command(BaseCommand):
    """See the module."""

    help = "Print a link that lets its bearer create an operator, once, within a day."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the link."""
        self.stdout.write(f"{app_settings.public_url}/portal/setup/{operators.new_link()}/")
