"""Lists of keys: order, pages, prefixes rolled up, against a plain model of what S3 says."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cognito_app.contrib.object_storage.models import StoredObject
from cognito_app.core import clock
from tests.contrib.object_storage.conftest import refused

pytestmark = pytest.mark.django_db

KEYS = [
    "a",
    "a/",
    "a/1",
    "a/2/x",
    "a/2/y",
    "a b",
    "a+b",
    "B",
    "b//c",
    "b/c",
    "z%2Fz",
    "ä",
    "é/1",
    "𝕏/1",
    "~",
    "a/\U0010ffff",
]


def fill(bucket: str, keys: list[str]) -> None:
    """Make rows for keys, without contents."""
    rows = [
        StoredObject(bucket_id=bucket, key=key.encode(), segments=[], size=0, etag="0" * 32, modified_at=clock.now())
        for key in keys
    ]
    StoredObject.objects.bulk_create(rows)


def expected(keys: list[str], prefix: str, delimiter: str) -> list[str]:
    """What a list holds, in the order of the bytes."""
    found = []
    for key in sorted(keys, key=str.encode):
        if key.startswith(prefix):
            at = key.find(delimiter, len(prefix)) if delimiter else -1
            found.append(key if at < 0 else "P:" + key[: at + len(delimiter)])
    return list(dict.fromkeys(found))


def walked(s3: Any, bucket: str, prefix: str, delimiter: str, size: int) -> list[str]:
    """All entries of a list, page by page, in the order of the bytes."""
    found: list[str] = []
    more: dict[str, Any] = {"Delimiter": delimiter} if delimiter else {}
    while True:
        page = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=size, **more)
        entries = [row["Key"] for row in page.get("Contents", [])]
        entries += ["P:" + row["Prefix"] for row in page.get("CommonPrefixes", [])]
        assert page["KeyCount"] == len(entries) <= size
        found += sorted(entries, key=lambda entry: entry.removeprefix("P:").encode())
        if not page["IsTruncated"]:
            return found
        more["ContinuationToken"] = page["NextContinuationToken"]


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("delimiter", ["", "/", "//", "b"])
@pytest.mark.parametrize("prefix", ["", "a", "a/", "a/2", "b/", "ä", "none"])
def test_pages_join_to_the_whole(s3: Any, bucket: str, prefix: str, delimiter: str, size: int) -> None:
    fill(bucket, KEYS)
    assert walked(s3, bucket, prefix, delimiter, size) == expected(KEYS, prefix, delimiter)


def test_random_keys(s3: Any, bucket: str) -> None:
    dice = random.Random(7)
    keys = list({"".join(dice.choice("ab/é") for _ in range(dice.randint(1, 9))) for _ in range(400)})
    fill(bucket, keys)
    for prefix in ("", "a", "a/", "é", "/"):
        for delimiter in ("", "/", "b"):
            for size in (7, 100):
                assert walked(s3, bucket, prefix, delimiter, size) == expected(keys, prefix, delimiter)


def test_what_is_rolled_up_is_not_read(s3: Any, bucket: str) -> None:
    fill(bucket, [f"{folder}/{number:05d}" for folder in "abc" for number in range(2000)] + ["d"])
    with CaptureQueriesContext(connection) as queries:
        page = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [row["Prefix"] for row in page["CommonPrefixes"]] == ["a/", "b/", "c/"]
    assert [row["Key"] for row in page["Contents"]] == ["d"]
    asked = [query["sql"] for query in queries if "storedobject" in query["sql"]]
    assert len(asked) == 4
    assert all("LIMIT 50" in sql for sql in asked)


def test_a_full_page_is_one_query(s3: Any, bucket: str) -> None:
    fill(bucket, [f"{number:05d}" for number in range(2500)])
    with CaptureQueriesContext(connection) as queries:
        page = s3.list_objects_v2(Bucket=bucket)
    assert (page["KeyCount"], page["IsTruncated"], page["MaxKeys"]) == (1000, True, 1000)
    assert len([query for query in queries if "storedobject" in query["sql"]]) == 1


def test_start_after_and_marker(s3: Any, bucket: str) -> None:
    fill(bucket, ["a", "b/1", "b/2", "c"])
    assert [r["Key"] for r in s3.list_objects_v2(Bucket=bucket, StartAfter="a")["Contents"]] == ["b/1", "b/2", "c"]
    first = s3.list_objects(Bucket=bucket, Delimiter="/", MaxKeys=2)
    assert (first["IsTruncated"], first["NextMarker"]) == (True, "b/")
    second = s3.list_objects(Bucket=bucket, Delimiter="/", Marker="b/")
    assert ([r["Key"] for r in second["Contents"]], second.get("CommonPrefixes")) == (["c"], None)
    assert [r["Key"] for r in s3.list_objects(Bucket=bucket, Marker="b/1")["Contents"]] == ["b/2", "c"]


def test_members_of_an_entry(s3: Any, bucket: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="a", Body=b"abc")
    row = s3.list_objects_v2(Bucket=bucket, FetchOwner=True)["Contents"][0]
    assert (row["Size"], row["ETag"], row["StorageClass"]) == (3, put["ETag"], "STANDARD")
    assert (row["Owner"]["ID"], row["ChecksumAlgorithm"]) == ("000000000000", ["CRC32"])
    assert "Owner" not in s3.list_objects_v2(Bucket=bucket)["Contents"][0]
    empty = s3.list_objects_v2(Bucket=bucket, MaxKeys=0)
    assert (empty["KeyCount"], empty["IsTruncated"]) == (0, False)


def test_bad_parameters(s3: Any, bucket: str) -> None:
    fill(bucket, ["a", "b", "c"])
    token = s3.list_objects_v2(Bucket=bucket, MaxKeys=1)["NextContinuationToken"]
    s3.create_bucket(Bucket="other")
    for bucket_name, given in (
        (bucket, {"ContinuationToken": "x"}),
        (bucket, {"ContinuationToken": token[:-2] + "AA"}),
        (bucket, {"ContinuationToken": token, "Prefix": "b"}),
        ("other", {"ContinuationToken": token}),
        (bucket, {"MaxKeys": -1}),
        (bucket, {"EncodingType": "base64"}),
    ):
        with refused("InvalidArgument", 400):
            s3.list_objects_v2(Bucket=bucket_name, **given)
    with refused("NoSuchBucket", 404):
        s3.list_objects_v2(Bucket="nowhere")
