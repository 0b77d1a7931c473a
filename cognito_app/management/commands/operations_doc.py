"""``manage.py operations_doc``: writes docs/operations.md from the registry, the tests and docs/differences.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management import BaseCommand

from cognito_app.aws import catalog


def document(root: Path) -> str:
    """Return docs/operations.md of a checkout."""
    differences = (root / "docs" / "differences.md").read_text(encoding="utf-8")
    return catalog.markdown(catalog.tests_by_operation(root / "tests"), catalog.differences_by_operation(differences))


class Command(BaseCommand):
    """See the module."""

    help = "Write docs/operations.md; run it in a checkout."
    requires_system_checks = ()  # it needs neither keys nor a database

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file."""
        Path("docs/operations.md").write_text(document(Path()), encoding="utf-8")
