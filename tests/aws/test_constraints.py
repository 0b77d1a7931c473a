"""Each constraint of the models, broken once: 400, with AWS's words for that constraint at that place."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_app.aws import model
from tests.clients import raw
from tests.clients.shapes import Violation, plain, violations

pytestmark = pytest.mark.django_db

IDP = model.service("cognito-idp")
OPERATIONS = sorted(IDP.operations)
# Clients name a device after a host that may have no name (spec/clients.md 47).
TAKEN_ALL_THE_SAME = {"ConfirmDevice-DeviceName-min"}
# The live service's own rules for passwords stand in for the model's (spec/user-pools.md 1.9).
PASSWORD_PATTERN = r"^[\S]+.*[\S]+$"


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_broken_constraint_is_named(admin_key: tuple[str, str], name: str) -> None:
    for broken in violations(IDP.operations[name]):
        if str(broken) in TAKEN_ALL_THE_SAME:
            continue
        answer = raw.post("cognito-idp", name, broken.body, admin_key)
        told = raw.document(answer)
        assert answer.status_code == 400, (str(broken), told)
        assert told["__type"] == "InvalidParameterException", (str(broken), told)
        assert _expected(broken) in told["message"], (str(broken), told)


def _expected(broken: Violation) -> str:
    if "assword'" in broken.expected and broken.constraint == "pattern":
        return broken.expected.rpartition(": ")[0] + ": " + PASSWORD_PATTERN
    # A list of values may go on behind the model's (``validate.DOCUMENTED_VALUES``).
    return broken.expected.removesuffix("]") if broken.constraint == "enum" else broken.expected


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_member_of_a_wrong_type_is_a_serialization_error(admin_key: tuple[str, str], name: str) -> None:
    operation = IDP.operations[name]
    base: dict[str, Any] = plain(IDP, operation.input_shape) if operation.input_shape else {}
    for member, reference in operation.input_members.items():
        if IDP.shapes[reference["shape"]].get("document"):
            continue
        wrong: Any = 5 if IDP.shapes[reference["shape"]]["type"] not in ("integer", "long", "timestamp") else "text"
        answer = raw.post("cognito-idp", name, {**base, member: wrong}, admin_key)
        assert (answer.status_code, raw.document(answer)["__type"]) == (400, "SerializationException"), (name, member)


def test_the_violations_cover_the_model() -> None:
    broken = [violation for operation in IDP.operations.values() for violation in violations(operation)]
    assert len(broken) > 1500
    assert {violation.constraint for violation in broken} == {"required", "min", "max", "pattern", "enum"}
