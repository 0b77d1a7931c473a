"""Requests as they stand on the wire: bodies that no SDK would send."""

from __future__ import annotations

import json
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from django.http import HttpResponse
from django.test import Client

from cognito_app.aws import model

ENDPOINT = "http://localhost:8000/"


def post(service: str, operation: str, body: Any, key: tuple[str, str] | None = None) -> HttpResponse:
    """Send a JSON document to an operation, signed if a key is given."""
    facts = model.service(service)
    text = body if isinstance(body, str) else json.dumps(body)
    request = AWSRequest("POST", ENDPOINT, data=text.encode("utf-8", "surrogatepass"))
    request.headers["X-Amz-Target"] = f"{facts.target_prefix}.{operation}"
    request.headers["Content-Type"] = "application/x-amz-json-1.1"
    if key is not None:
        SigV4Auth(Credentials(*key), service, "us-east-1").add_auth(request)
    meta: dict[str, Any] = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in request.headers.items()}
    kind = meta.pop("HTTP_CONTENT_TYPE")
    response = Client().post("/", request.data, content_type=kind, HTTP_HOST="localhost:8000", **meta)
    assert isinstance(response, HttpResponse)
    return response


def document(response: HttpResponse) -> Any:
    """Read an answer, whose type Django's test client does not take for JSON."""
    return json.loads(response.content)
