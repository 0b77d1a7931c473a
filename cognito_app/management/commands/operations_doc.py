"""``manage.py operations_doc``: writes docs/operations.md from the registry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management import BaseCommand

from cognito_app.aws import catalog


class Command(BaseCommand):
    """See the module."""

    help = "Write docs/operations.md."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file."""
        Path("docs/operations.md").write_text(catalog.markdown(), encoding="utf-8")
