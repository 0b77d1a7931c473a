"""Requests to the object storage as they stand on the wire, signed by botocore."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from lxml import etree  # type: ignore[import-untyped]  # has no types of its own
from pytest_django import Settings

from tests.clients import s3 as clients

HOST = "localhost:8000"
Keys = Sequence[str]


@pytest.fixture
def keys(admin_key: tuple[str, str], tmp_path: Path, settings: Settings) -> Keys:
    """An administrator's key; there is a bucket ``photos`` with an object ``o``."""
    settings.COGNITO_OBJECT_STORAGE = {"LOCATION": str(tmp_path / "objects")}
    made = clients.client(admin_key)
    made.create_bucket(Bucket="photos")
    made.put_object(Bucket="photos", Key="o", Body=b"x")
    return admin_key


def signed(
    keys: Keys, method: str, path: str, body: bytes = b"", query: str = "", service: str = "s3", **headers: str
) -> dict[str, str]:
    """Return the headers of a signed request for a path as it stands on the wire."""
    request = AWSRequest(method, f"http://{HOST}{path}" + (f"?{query}" if query else ""), data=body)
    for name, value in headers.items():
        request.headers[name.replace("_", "-")] = value
    S3SigV4Auth(Credentials(*keys), service, "us-east-1").add_auth(request)
    return {**{name.lower(): str(value) for name, value in request.headers.items()}, "host": HOST}


def code_of(response: Any) -> str:
    """Return the error's code in an answer, empty for a good one."""
    if response.status_code < 300:
        return ""
    return str(etree.fromstring(response.content).findtext("Code"))
