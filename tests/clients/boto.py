"""Real boto3 clients whose requests go into Django's test client instead of a socket."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.config import Config
from django.test import Client
from django.test.client import ClientHandler

ENDPOINT = "http://localhost:8000"
# Made once: the middleware reads every static file when it is loaded.
_HANDLER = ClientHandler(enforce_csrf_checks=False)


def web_client(**defaults: Any) -> Client:
    """Return Django's test client with the one handler; ``defaults`` go into every request."""
    made = Client(**defaults)
    made.handler = _HANDLER
    return made


class _Raw(io.BytesIO):
    """What botocore expects below a response."""

    def stream(self, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        """Yield the body."""
        yield self.read()


def _send(request: Any, **kwargs: Any) -> AWSResponse:
    parts = urlsplit(request.url)
    headers = {
        key.lower(): value.decode() if isinstance(value, bytes) else str(value)
        for key, value in request.headers.items()
    }
    meta: dict[str, Any] = {
        "HTTP_" + key.upper().replace("-", "_"): value for key, value in headers.items() if key != "content-type"
    }
    body = request.body or b""
    response = web_client().generic(
        request.method,
        parts.path + (f"?{parts.query}" if parts.query else ""),
        body if isinstance(body, bytes) else str(body).encode(),
        content_type=headers.get("content-type", ""),
        **{**meta, "HTTP_HOST": parts.netloc},
    )
    answer: Any = AWSResponse
    made: AWSResponse = answer(request.url, response.status_code, HeadersDict(response.headers), _Raw(response.content))
    return made


def client(service: str, key: tuple[str, str] = ("x", "y"), token: str | None = None) -> Any:
    """Return a boto3 client without retries that talks to the app in this process."""
    make: Any = boto3.client
    made = make(
        service,
        endpoint_url=ENDPOINT,
        region_name="us-east-1",
        aws_access_key_id=key[0],
        aws_secret_access_key=key[1],
        aws_session_token=token,
        config=Config(retries={"max_attempts": 0, "mode": "standard"}, parameter_validation=False),
    )
    made.meta.events.register("before-send", _send)
    return made
