"""What every answer must be: a success, or an error that the model lists."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from cognito_app.aws import model
from tests.clients import raw

IDP = model.service("cognito-idp")
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/CommonErrors.html
COMMON = frozenset({"SerializationException", "InvalidParameterException"})


def send(name: str, body: Any, key: tuple[str, str]) -> HttpResponse:
    """Send a request and check its answer; an AssertionError shows what was sent."""
    answer = raw.post("cognito-idp", name, body, None if IDP.operations[name].unsigned else key)
    if answer.status_code == 200:
        assert isinstance(raw.document(answer), dict)
        return answer
    told = raw.document(answer)
    assert answer.status_code == 400, (name, body, answer.status_code, told)
    assert told["__type"] in COMMON | IDP.operations[name].errors, (name, body, told)
    return answer
