"""Ranges, conditions, overrides: what a reader may ask for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contrib.object_storage.conftest import refused

pytestmark = pytest.mark.django_db

CONTENT = bytes(range(256)) * 4


@pytest.fixture
def etag(s3: Any, bucket: str) -> str:
    """The entity tag of an object named ``o``."""
    return str(s3.put_object(Bucket=bucket, Key="o", Body=CONTENT)["ETag"])


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=0-0", CONTENT[:1]),
        ("bytes=10-19", CONTENT[10:20]),
        ("bytes=1000-", CONTENT[1000:]),
        ("bytes=1000-5000", CONTENT[1000:]),
        ("bytes=-5", CONTENT[-5:]),
        ("bytes=-5000", CONTENT),
    ],
)
def test_a_range_of_bytes(s3: Any, bucket: str, etag: str, asked: str, expected: bytes) -> None:
    got = s3.get_object(Bucket=bucket, Key="o", Range=asked)
    assert got["Body"].read() == expected
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    start = len(CONTENT) - len(expected) if not asked.startswith("bytes=0") and asked != "bytes=10-19" else None
    if start is not None:
        assert got["ContentRange"] == f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
    assert "ChecksumCRC32" not in got
    assert s3.head_object(Bucket=bucket, Key="o", Range=asked)["ContentLength"] == len(expected)


@pytest.mark.parametrize("asked", ["bytes=5-2", "lines=1-2", "bytes=0-1,4-5", "bytes=-", "bytes=a-b"])
def test_what_is_no_range_of_bytes_is_ignored(s3: Any, bucket: str, etag: str, asked: str) -> None:
    got = s3.get_object(Bucket=bucket, Key="o", Range=asked)
    assert (got["ResponseMetadata"]["HTTPStatusCode"], got["Body"].read()) == (200, CONTENT)


@pytest.mark.parametrize("asked", ["bytes=1024-", "bytes=5000-6000", "bytes=-0"])
def test_a_range_behind_the_end_is_refused(s3: Any, bucket: str, etag: str, asked: str) -> None:
    with refused("InvalidRange", 416) as answer:
        s3.get_object(Bucket=bucket, Key="o", Range=asked)
    assert answer["ActualObjectSize"] == "1024"


def test_conditions_of_readers(s3: Any, bucket: str, etag: str) -> None:
    later, earlier = datetime.now(UTC) + timedelta(hours=1), datetime.now(UTC) - timedelta(hours=1)
    for good in (
        {"IfMatch": etag},
        {"IfMatch": "*"},
        {"IfNoneMatch": '"other"'},
        {"IfModifiedSince": earlier},
        {"IfUnmodifiedSince": later},
        {"IfMatch": etag, "IfUnmodifiedSince": earlier},
        {"IfNoneMatch": '"other"', "IfModifiedSince": later},
    ):
        assert s3.get_object(Bucket=bucket, Key="o", **good)["Body"].read() == CONTENT
    for failed in ({"IfMatch": '"other"'}, {"IfUnmodifiedSince": earlier}):
        with refused("PreconditionFailed", 412):
            s3.get_object(Bucket=bucket, Key="o", **failed)
        with refused("412", 412):
            s3.head_object(Bucket=bucket, Key="o", **failed)
    for unchanged in ({"IfNoneMatch": etag}, {"IfModifiedSince": later}):
        with refused("304", 304):
            s3.get_object(Bucket=bucket, Key="o", **unchanged)


def test_conditions_of_writers(s3: Any, bucket: str, etag: str) -> None:
    with refused("PreconditionFailed", 412):
        s3.put_object(Bucket=bucket, Key="o", Body=b"x", IfNoneMatch="*")
    s3.put_object(Bucket=bucket, Key="new", Body=b"x", IfNoneMatch="*")
    with refused("PreconditionFailed", 412):
        s3.put_object(Bucket=bucket, Key="o", Body=b"x", IfMatch='"other"')
    with refused("NoSuchKey", 404):
        s3.put_object(Bucket=bucket, Key="none", Body=b"x", IfMatch='"other"')
    assert s3.get_object(Bucket=bucket, Key="o")["Body"].read() == CONTENT
    s3.put_object(Bucket=bucket, Key="o", Body=b"x", IfMatch=etag)
    assert s3.get_object(Bucket=bucket, Key="o")["Body"].read() == b"x"


def test_a_reader_may_choose_the_headers(s3: Any, bucket: str, etag: str) -> None:
    got = s3.get_object(
        Bucket=bucket,
        Key="o",
        ResponseContentType="text/x",
        ResponseContentDisposition='attachment; filename="a.txt"',
        ResponseCacheControl="no-store",
        ResponseContentLanguage="fr",
    )
    assert (got["ContentType"], got["ContentDisposition"]) == ("text/x", 'attachment; filename="a.txt"')
    assert (got["CacheControl"], got["ContentLanguage"]) == ("no-store", "fr")
    with refused("InvalidArgument", 400):
        s3.get_object(Bucket=bucket, Key="o", ResponseContentType="text/x\r\nSet-Cookie: a=b")


def test_an_empty_object(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="empty")
    got = s3.get_object(Bucket=bucket, Key="empty")
    assert (got["ContentLength"], got["Body"].read()) == (0, b"")
    assert got["ContentType"] == "binary/octet-stream"
    with refused("InvalidRange", 416):
        s3.get_object(Bucket=bucket, Key="empty", Range="bytes=0-")
