"""No operation of the user pools API without a handler, a test, and a true line in docs/operations.md."""

from __future__ import annotations

from pathlib import Path

from cognito_app.aws import catalog, model, registry
from cognito_app.management.commands.operations_doc import document

ROOT = Path(__file__).parents[2]
OPERATIONS = set(model.service("cognito-idp").operations)


def test_every_operation_has_a_handler() -> None:
    assert len(OPERATIONS) == 141
    assert OPERATIONS - registry.implemented("cognito-idp") == set()


def test_every_operation_has_a_test() -> None:
    marked = catalog.tests_by_operation(ROOT / "tests")
    assert OPERATIONS - set(marked) == set()
    known = {name for service in catalog.SERVICES for name in model.service(service).operations}
    assert set(marked) - known == set(), "marks of operations that do not exist"


def test_the_document_is_up_to_date() -> None:
    assert (ROOT / "docs" / "operations.md").read_text(encoding="utf-8") == document(ROOT)
