"""Odd values in every member of every operation: never a 5xx, never a half-written row."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from django.test import Client

from cognito_app.aws import model, registry
from tests.conftest import App

pytestmark = pytest.mark.django_db

ODD: list[Any] = [
    "",
    " ",
    "𝕌̈nïcode‮ ",
    "' OR 1=1 --",
    "%00%0a",
    "a\x00b",
    "x" * 5000,
    "-1",
    -1,
    0,
    2**62,
    2**70,
    1.5,
    True,
    [],
    [[]],
    {},
    {"a": {"b": ["c"]}},
    ["a", None, 1],
]


def fill(service: model.Service, name: str, odd: Any, depth: int = 0) -> Any:
    """Return a value of a shape whose leaves are odd."""
    shape = service.shapes[name]
    if shape["type"] == "structure" and depth < 4 and isinstance(odd, str | int | float):
        return {key: fill(service, inner["shape"], odd, depth + 1) for key, inner in shape["members"].items()}
    if shape["type"] == "list" and depth < 4 and isinstance(odd, str | int | float):
        return [fill(service, shape["member"]["shape"], odd, depth + 1)]
    if shape["type"] == "map" and isinstance(odd, str):
        return {odd: odd, "USERNAME": odd, "PASSWORD": odd, "REFRESH_TOKEN": odd, "SRP_A": odd}
    if "enum" in shape:
        return shape["enum"][0]
    return odd


@pytest.mark.parametrize("service", ["cognito-idp", "cognito-identity"])
def test_odd_values(app: App, admin_key: tuple[str, str], service: str) -> None:
    facts = model.service(service)
    real = {"UserPoolId": app.pool_id, "ClientId": app.client_id}
    for name in sorted(registry.implemented(service)):
        operation = facts.operations[name]
        for odd in ODD:
            body = {key: fill(facts, shape["shape"], odd) for key, shape in operation.input_members.items()}
            for kept in ({}, real):
                given = {**body, **{key: value for key, value in kept.items() if key in operation.input_members}}
                text = json.dumps(given)
                request = AWSRequest("POST", "http://localhost:8000/", data=text)
                request.headers["X-Amz-Target"] = f"{facts.target_prefix}.{name}"
                request.headers["Content-Type"] = "application/x-amz-json-1.1"
                SigV4Auth(Credentials(*admin_key), service, "us-east-1").add_auth(request)
                meta: dict[str, Any] = {"HTTP_" + k.upper().replace("-", "_"): v for k, v in request.headers.items()}
                kind = meta.pop("HTTP_CONTENT_TYPE")
                answer = Client().post("/", text, content_type=kind, HTTP_HOST="localhost:8000", **meta)
                assert answer.status_code < 500 or answer.status_code == 501, (name, odd, answer.content)
