"""What the tests of the object storage start from: a folder of their own, buckets, signers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pytest_django import Settings

from tests.clients import s3 as clients

Keys = tuple[str, ...]


@contextmanager
def refused(code: str, status: int | None = None) -> Iterator[dict[str, Any]]:
    """Expect S3's error with this code."""
    answer: dict[str, Any] = {}
    with pytest.raises(ClientError) as caught:
        yield answer
    response: Any = caught.value.response
    assert response["Error"]["Code"] == code, response
    if status is not None:
        assert response["ResponseMetadata"]["HTTPStatusCode"] == status
    answer.update(response["Error"])


@pytest.fixture
def objects_dir(tmp_path: Path, settings: Settings) -> Path:
    """Keep contents in a folder of the test."""
    folder = tmp_path / "objects"
    settings.COGNITO_OBJECT_STORAGE = {"LOCATION": str(folder)}
    return folder


@pytest.fixture
def s3(admin_key: tuple[str, str], objects_dir: Path) -> Any:
    """An administrator's client."""
    return clients.client(admin_key)


@pytest.fixture
def bucket(s3: Any) -> str:
    """A bucket."""
    s3.create_bucket(Bucket="photos")
    return "photos"
