"""Contents that come in: what is checked, and that nothing half-written is ever seen."""

from __future__ import annotations

import base64
import hashlib
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from cognito_app.contrib.object_storage import crc_sums, files
from cognito_app.contrib.object_storage.models import Leftover, StoredObject
from cognito_app.services import upkeep
from tests.clients import s3 as clients
from tests.contrib.object_storage.conftest import refused

pytestmark = pytest.mark.django_db


def stored(folder: Path) -> list[Path]:
    """The files of a storage's folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def test_wrong_digests_store_nothing(s3: Any, bucket: str, objects_dir: Path) -> None:
    s3.put_object(Bucket=bucket, Key="o", Body=b"before")
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    with refused("BadDigest", 400):
        s3.put_object(Bucket=bucket, Key="o", Body=b"after", ContentMD5=wrong)
    with refused("InvalidDigest", 400):
        s3.put_object(Bucket=bucket, Key="o", Body=b"after", ContentMD5="nonsense")
    with refused("BadDigest", 400):
        s3.put_object(Bucket=bucket, Key="o", Body=b"after", ChecksumCRC32="AAAAAA==")
    with refused("InvalidRequest", 400):
        s3.put_object(Bucket=bucket, Key="o", Body=b"after", ChecksumSHA256="AAAA")
    assert s3.get_object(Bucket=bucket, Key="o")["Body"].read() == b"before"
    assert len(stored(objects_dir)) == 1
    assert Leftover.objects.count() == 0


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums_are_kept(s3: Any, bucket: str, algorithm: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="o", Body=b"x", ChecksumAlgorithm=algorithm)
    assert put[f"Checksum{algorithm}"]
    head = s3.head_object(Bucket=bucket, Key="o", ChecksumMode="ENABLED")
    assert head[f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"]
    assert f"Checksum{algorithm}" not in s3.head_object(Bucket=bucket, Key="o")


def test_what_is_replaced_stays_for_its_readers_and_goes_later(s3: Any, bucket: str, objects_dir: Path) -> None:
    s3.put_object(Bucket=bucket, Key="o", Body=b"old")
    row = StoredObject.objects.get()
    reading = files.read(row.segments, 0, 3)
    s3.put_object(Bucket=bucket, Key="o", Body=b"new")
    assert b"".join(reading) == b"old"
    assert len(stored(objects_dir)) == 2
    Leftover.objects.update(due_at="2020-01-01T00:00:00Z")
    s3.put_object(Bucket=bucket, Key="other", Body=b"x")
    assert len(stored(objects_dir)) == 2
    s3.delete_object(Bucket=bucket, Key="o")
    s3.delete_object(Bucket=bucket, Key="other")
    Leftover.objects.update(due_at="2020-01-01T00:00:00Z")
    assert upkeep.sweep() == 2
    assert stored(objects_dir) == []


@pytest.mark.parametrize(
    "more",
    [
        {"ServerSideEncryption": "AES256"},
        {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32},
        {"WebsiteRedirectLocation": "/x"},
        {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": "2030-01-01T00:00:00Z"},
        {"GrantRead": "id=1"},
    ],
)
def test_what_is_not_built_is_refused(s3: Any, bucket: str, more: dict[str, str]) -> None:
    with refused("NotImplemented", 501):
        s3.put_object(Bucket=bucket, Key="o", Body=b"x", **more)


def test_lists_of_rights_and_storage_classes_are_refused(s3: Any, bucket: str) -> None:
    with refused("AccessControlListNotSupported", 400):
        s3.put_object(Bucket=bucket, Key="o", Body=b"x", ACL="public-read")
    s3.put_object(Bucket=bucket, Key="o", Body=b"x", ACL="bucket-owner-full-control", StorageClass="STANDARD")
    with refused("InvalidStorageClass", 400):
        s3.put_object(Bucket=bucket, Key="o", Body=b"x", StorageClass="GLACIER")


@pytest.mark.parametrize(
    "operation",
    [
        lambda s3, b: s3.get_bucket_versioning(Bucket=b),
        lambda s3, b: s3.get_bucket_policy(Bucket=b),
        lambda s3, b: s3.get_bucket_acl(Bucket=b),
        lambda s3, b: s3.get_object_acl(Bucket=b, Key="o"),
        lambda s3, b: s3.put_bucket_versioning(Bucket=b, VersioningConfiguration={"Status": "Enabled"}),
        lambda s3, b: s3.list_object_versions(Bucket=b),
        lambda s3, b: s3.get_object_attributes(Bucket=b, Key="o", ObjectAttributes=["ETag"]),
        lambda s3, b: s3.restore_object(Bucket=b, Key="o"),
    ],
)
def test_operations_that_are_not_built_are_refused(s3: Any, bucket: str, operation: Any) -> None:
    with refused("NotImplemented", 501):
        operation(s3, bucket)


def test_sizes_are_limited(s3: Any, bucket: str, settings: Any) -> None:
    settings.COGNITO_OBJECT_STORAGE = {**settings.COGNITO_OBJECT_STORAGE, "MAX_OBJECT_BYTES": 10}
    s3.put_object(Bucket=bucket, Key="o", Body=b"x" * 10)
    with refused("EntityTooLarge", 400):
        s3.put_object(Bucket=bucket, Key="o", Body=b"x" * 11)
    with refused("KeyTooLongError", 400):
        s3.put_object(Bucket=bucket, Key="k" * 1025, Body=b"")
    s3.put_object(Bucket=bucket, Key="ü" * 512, Body=b"")
    with refused("KeyTooLongError", 400):
        s3.put_object(Bucket=bucket, Key="ü" * 513, Body=b"")
    with refused("MetadataTooLarge", 400):
        s3.put_object(Bucket=bucket, Key="o", Body=b"", Metadata={"a": "x" * 2048})


def test_a_missing_bucket(s3: Any) -> None:
    with refused("NoSuchBucket", 404):
        s3.put_object(Bucket="nowhere", Key="o", Body=b"x")
    with refused("NoSuchBucket", 404):
        s3.delete_object(Bucket="nowhere", Key="o")


def test_copies(s3: Any, bucket: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="a b+ü", Body=b"x", ContentType="text/x", Metadata={"m": "1"}, Tagging="t=1")
    source = {"Bucket": bucket, "Key": "a b+ü"}
    copied = s3.copy_object(Bucket=bucket, Key="copy", CopySource=source)["CopyObjectResult"]
    assert (copied["ETag"], copied["ChecksumCRC32"]) == (put["ETag"], put["ChecksumCRC32"])
    got = s3.get_object(Bucket=bucket, Key="copy")
    assert (got["Body"].read(), got["ContentType"], got["Metadata"], got["TagCount"]) == (b"x", "text/x", {"m": "1"}, 1)
    given = {"Bucket": bucket, "Key": "a b+ü", "CopySource": source}
    with refused("InvalidRequest", 400):
        s3.copy_object(**given)
    s3.copy_object(**given, MetadataDirective="REPLACE", Metadata={"m": "2"}, TaggingDirective="REPLACE", Tagging="")
    head = s3.head_object(Bucket=bucket, Key="a b+ü")
    assert (head["Metadata"], head["ContentType"]) == ({"m": "2"}, "binary/octet-stream")
    assert s3.get_object_tagging(Bucket=bucket, Key="a b+ü")["TagSet"] == []
    with refused("NoSuchKey", 404):
        s3.copy_object(Bucket=bucket, Key="x", CopySource={"Bucket": bucket, "Key": "none"})
    with refused("PreconditionFailed", 412):
        s3.copy_object(Bucket=bucket, Key="x", CopySource=source, CopySourceIfNoneMatch=put["ETag"])
    with refused("InvalidArgument", 400):
        s3.copy_object(Bucket=bucket, Key="x", CopySource="nonsense")


def test_a_copy_needs_both_rights(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="secret", Body=b"x")
    arn = f"arn:aws:s3:::{bucket}"
    writer = clients.client(clients.user(clients.may("s3:PutObject", f"{arn}/mine/*")))
    reader = clients.client(clients.user(clients.may("s3:GetObject", f"{arn}/*")))
    for client in (writer, reader):
        with refused("AccessDenied", 403):
            client.copy_object(Bucket=bucket, Key="mine/o", CopySource={"Bucket": bucket, "Key": "secret"})
    both = clients.client(clients.user(clients.may(["s3:PutObject", "s3:GetObject"], f"{arn}/*")))
    both.copy_object(Bucket=bucket, Key="mine/o", CopySource={"Bucket": bucket, "Key": "secret"})


def test_many_are_deleted_each_by_its_own_right(s3: Any, bucket: str) -> None:
    for key in ("mine/1", "mine/2", "other", "<&>"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    deleter = clients.client(clients.user(clients.may("s3:DeleteObject", f"arn:aws:s3:::{bucket}/mine/*")))
    wanted = {"Objects": [{"Key": key} for key in ("mine/1", "mine/none", "other")]}
    answer = deleter.delete_objects(Bucket=bucket, Delete=wanted)
    assert [row["Key"] for row in answer["Deleted"]] == ["mine/1", "mine/none"]
    assert [(row["Key"], row["Code"]) for row in answer["Errors"]] == [("other", "AccessDenied")]
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "<&>"}, {"Key": "other"}], "Quiet": True})
    assert ("Deleted" in quiet, "Errors" in quiet) == (False, False)
    assert [row["Key"] for row in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["mine/2"]
    with refused("MalformedXML", 400):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": []})
    with refused("MalformedXML", 400):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": str(number)} for number in range(1001)]})


def test_a_content_that_comes_too_late_is_refused(s3: Any, bucket: str, settings: Any) -> None:
    """Its file may have been removed already."""
    given = {**settings.COGNITO_OBJECT_STORAGE, "KEEP_UNFINISHED_SECONDS": 0}
    settings.COGNITO_OBJECT_STORAGE = given
    with refused("RequestTimeout", 400):
        s3.put_object(Bucket=bucket, Key="o", Body=b"x")
    assert StoredObject.objects.count() == 0


@pytest.mark.skipif(find_spec("awscrt") is not None, reason="awscrt is installed")
def test_algorithms_without_a_library_are_refused(s3: Any, bucket: str) -> None:
    with refused("NotImplemented", 501):
        s3.put_object(Bucket=bucket, Key="o", Body=b"x", ChecksumCRC32C="AAAAAA==")
    with refused("NotImplemented", 501):
        s3.create_multipart_upload(Bucket=bucket, Key="o", ChecksumAlgorithm="CRC64NVME")


def test_known_values_of_checksums_of_parts() -> None:
    """The check value of the catalogue of CRC algorithms, put together from two halves."""
    halves = [
        (base64.b64encode(zlib.crc32(text).to_bytes(4, "big")).decode(), len(text)) for text in (b"1234", b"56789")
    ]
    assert base64.b64decode(crc_sums.joined("CRC32", halves)).hex() == "cbf43926"
