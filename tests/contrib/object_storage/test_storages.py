"""Where contents lie: any of Django's storages; and what a request costs."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.base import ContentFile, File
from django.core.files.storage import InMemoryStorage, storages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from tests.clients import s3 as clients
from tests.contrib.object_storage.conftest import refused

pytestmark = pytest.mark.django_db


class Reading(InMemoryStorage):
    """A storage that reads what it is given in small pieces, as those of clouds do."""

    def _save(self, name: str, content: Any) -> str:
        assert not content.seekable()
        found = bytearray()
        while piece := content.read(1000):
            assert len(piece) <= 1000
            found += piece
        whole: File[bytes] = ContentFile(bytes(found))
        memory: Any = super()
        return str(memory._save(name, whole))


@pytest.mark.parametrize("backend", ["django.core.files.storage.InMemoryStorage", f"{__name__}.Reading"])
def test_contents_in_another_storage(s3: Any, bucket: str, settings: Settings, backend: str, objects_dir: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "cognito_objects": {"BACKEND": backend}}
    content = bytes(range(256)) * 3000
    s3.put_object(Bucket=bucket, Key="o", Body=content)
    assert s3.get_object(Bucket=bucket, Key="o")["Body"].read() == content
    assert s3.get_object(Bucket=bucket, Key="o", Range="bytes=300000-300009")["Body"].read() == content[300000:300010]
    with refused("BadDigest", 400):
        s3.put_object(Bucket=bucket, Key="o", Body=b"x", ChecksumCRC32="AAAAAA==")
    assert not objects_dir.exists()
    kept: Any = storages["cognito_objects"]
    folders, _ = kept.listdir("")
    assert len(folders) >= 1


def test_a_warm_read_asks_the_database_twice(s3: Any, bucket: str) -> None:
    """Whether the credentials still stand, and for the object."""
    own = "${cognito-identity.amazonaws.com:sub}"
    me, keys = clients.identity_with(clients.may("s3:*", f"arn:aws:s3:::{bucket}/{own}/*"))
    mine = clients.client(keys)
    mine.put_object(Bucket=bucket, Key=f"{me}/o", Body=b"x")
    mine.get_object(Bucket=bucket, Key=f"{me}/o")
    with CaptureQueriesContext(connection) as queries:
        mine.get_object(Bucket=bucket, Key=f"{me}/o")
    assert len(queries) == 2
    with CaptureQueriesContext(connection) as queries:
        mine.head_object(Bucket=bucket, Key=f"{me}/o")
    assert len(queries) == 2


def test_each_object_of_a_list_costs_no_query(s3: Any, bucket: str) -> None:
    counts = []
    for number in range(3):
        s3.put_object(Bucket=bucket, Key=str(number), Body=b"x")
        with CaptureQueriesContext(connection) as queries:
            s3.list_objects_v2(Bucket=bucket)
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2] <= 3
