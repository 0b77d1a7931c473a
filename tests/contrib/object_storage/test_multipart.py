"""Uploads in parts."""

from __future__ import annotations

import base64
import hashlib
import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig

from cognito_app.contrib.object_storage import files
from cognito_app.contrib.object_storage.models import Leftover, Part, Upload
from tests.clients import s3 as clients
from tests.contrib.object_storage.conftest import refused

pytestmark = pytest.mark.django_db

FIVE = 5 * 1024 * 1024
BIG = bytes(range(256)) * (FIVE // 256)


def begin(s3: Any, bucket: str, **more: Any) -> str:
    """Announce an upload of the key ``o``."""
    return str(s3.create_multipart_upload(Bucket=bucket, Key="o", **more)["UploadId"])


def part(s3: Any, bucket: str, upload: str, number: int, content: bytes) -> dict[str, Any]:
    """Upload a part; returns what completing wants to know."""
    sent = s3.upload_part(Bucket=bucket, Key="o", UploadId=upload, PartNumber=number, Body=content)
    return {"PartNumber": number, "ETag": sent["ETag"]}


def complete(s3: Any, bucket: str, upload: str, parts: list[dict[str, Any]], **more: Any) -> Any:
    """Complete an upload."""
    given = {"Parts": parts}
    return s3.complete_multipart_upload(Bucket=bucket, Key="o", UploadId=upload, MultipartUpload=given, **more)


def test_parts_become_one_object(s3: Any, bucket: str, objects_dir: Path) -> None:
    upload = begin(s3, bucket, ContentType="text/x", Metadata={"a": "b"}, Tagging="t=1")
    parts = [part(s3, bucket, upload, number, content) for number, content in ((2, BIG), (5, b"end"))]
    replaced = part(s3, bucket, upload, 2, BIG)
    with refused("404", 404):
        s3.head_object(Bucket=bucket, Key="o")
    done = complete(s3, bucket, upload, [replaced, parts[1]])
    digests = hashlib.md5(BIG).digest() + hashlib.md5(b"end").digest()
    assert done["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-2"'
    assert (done["Bucket"], done["Key"], done["Location"]) == (bucket, "o", f"http://localhost:8000/s3/{bucket}/o")
    got = s3.get_object(Bucket=bucket, Key="o")
    assert got["Body"].read() == BIG + b"end"
    assert (got["ContentType"], got["Metadata"], got["TagCount"]) == ("text/x", {"a": "b"}, 1)
    across = s3.get_object(Bucket=bucket, Key="o", Range=f"bytes={FIVE - 2}-{FIVE + 1}")
    assert across["Body"].read() == BIG[-2:] + b"en"
    second = s3.get_object(Bucket=bucket, Key="o", PartNumber=2)
    assert (second["Body"].read(), second["PartsCount"]) == (b"end", 2)
    assert s3.head_object(Bucket=bucket, Key="o", PartNumber=1)["ContentLength"] == FIVE
    with refused("416", 416):
        s3.head_object(Bucket=bucket, Key="o", PartNumber=3)
    with refused("NoSuchUpload", 404):
        complete(s3, bucket, upload, [replaced, parts[1]])
    assert (Upload.objects.count(), Part.objects.count()) == (0, 0)
    assert Leftover.objects.count() == 1  # the part that was replaced


def test_bad_completions_change_nothing(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    first, small, last = (
        part(s3, bucket, upload, number, content) for number, content in ((1, BIG), (2, b"small"), (3, b"end"))
    )
    with refused("EntityTooSmall", 400) as answer:
        complete(s3, bucket, upload, [first, small, last])
    assert (answer["PartNumber"], answer["ProposedSize"]) == ("2", "5")
    with refused("InvalidPartOrder", 400):
        complete(s3, bucket, upload, [last, first])
    with refused("InvalidPartOrder", 400):
        complete(s3, bucket, upload, [first, first])
    with refused("InvalidPart", 400):
        complete(s3, bucket, upload, [first, {"PartNumber": 4, "ETag": last["ETag"]}])
    with refused("InvalidPart", 400):
        complete(s3, bucket, upload, [first, {"PartNumber": 3, "ETag": first["ETag"]}])
    with refused("MalformedXML", 400):
        complete(s3, bucket, upload, [])
    assert Part.objects.count() == 3
    complete(s3, bucket, upload, [first, last])
    assert s3.head_object(Bucket=bucket, Key="o")["ContentLength"] == FIVE + 3


def test_an_aborted_upload_leaves_nothing(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    part(s3, bucket, upload, 1, b"x")
    s3.abort_multipart_upload(Bucket=bucket, Key="o", UploadId=upload)
    for call in (
        lambda: s3.abort_multipart_upload(Bucket=bucket, Key="o", UploadId=upload),
        lambda: part(s3, bucket, upload, 1, b"x"),
        lambda: s3.list_parts(Bucket=bucket, Key="o", UploadId=upload),
        lambda: s3.upload_part(Bucket=bucket, Key="o", UploadId="none", PartNumber=1, Body=b""),
    ):
        with refused("NoSuchUpload", 404):
            call()
    other = begin(s3, bucket)
    with refused("NoSuchUpload", 404):
        s3.upload_part(Bucket=bucket, Key="another", UploadId=other, PartNumber=1, Body=b"")
    with refused("InvalidArgument", 400):
        part(s3, bucket, other, 10_001, b"x")


def test_lists_of_parts_and_uploads(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    for number in (1, 3, 7):
        part(s3, bucket, upload, number, b"x" * number)
    page = s3.list_parts(Bucket=bucket, Key="o", UploadId=upload, MaxParts=2)
    assert [(row["PartNumber"], row["Size"]) for row in page["Parts"]] == [(1, 1), (3, 3)]
    assert (page["IsTruncated"], page["NextPartNumberMarker"]) == (True, 3)
    rest = s3.list_parts(Bucket=bucket, Key="o", UploadId=upload, PartNumberMarker=3)
    assert [row["PartNumber"] for row in rest["Parts"]] == [7]
    again = begin(s3, bucket)
    nested = s3.create_multipart_upload(Bucket=bucket, Key="n/1")["UploadId"]
    everything = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    ids = sorted([upload, again])
    assert [(row["Key"], row["UploadId"]) for row in everything] == [("n/1", nested), ("o", ids[0]), ("o", ids[1])]
    first = s3.list_multipart_uploads(Bucket=bucket, MaxUploads=2)
    assert (first["IsTruncated"], first["NextKeyMarker"], first["NextUploadIdMarker"]) == (True, "o", ids[0])
    second = s3.list_multipart_uploads(Bucket=bucket, KeyMarker="o", UploadIdMarker=ids[0])
    assert [row["UploadId"] for row in second["Uploads"]] == [ids[1]]
    rolled = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    assert [row["Prefix"] for row in rolled["CommonPrefixes"]] == ["n/"]
    assert len(rolled["Uploads"]) == 2


def test_checksums_of_parts_and_of_the_whole(s3: Any, bucket: str) -> None:
    whole = base64.b64encode(zlib.crc32(BIG + b"end").to_bytes(4, "big")).decode()
    upload = begin(s3, bucket, ChecksumAlgorithm="CRC32")
    parts = []
    for number, content in ((1, BIG), (2, b"end")):
        sent = s3.upload_part(Bucket=bucket, Key="o", UploadId=upload, PartNumber=number, Body=content)
        parts.append({"PartNumber": number, "ETag": sent["ETag"], "ChecksumCRC32": sent["ChecksumCRC32"]})
    with refused("InvalidPart", 400):
        complete(s3, bucket, upload, [parts[0], {**parts[1], "ChecksumCRC32": parts[0]["ChecksumCRC32"]}])
    done = complete(s3, bucket, upload, parts)
    assert done["ChecksumType"] == "COMPOSITE"
    assert done["ChecksumCRC32"].endswith("-2")
    upload = begin(s3, bucket, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    parts = [part(s3, bucket, upload, number, content) for number, content in ((1, BIG), (2, b"end"))]
    with refused("BadDigest", 400):
        complete(s3, bucket, upload, parts, ChecksumCRC32="AAAAAA==")
    done = complete(s3, bucket, upload, parts, ChecksumCRC32=whole)
    assert (done["ChecksumCRC32"], done["ChecksumType"]) == (whole, "FULL_OBJECT")
    assert s3.get_object(Bucket=bucket, Key="o", ChecksumMode="ENABLED")["ChecksumCRC32"] == whole
    with refused("InvalidRequest", 400):
        begin(s3, bucket, ChecksumAlgorithm="SHA256", ChecksumType="FULL_OBJECT")


def test_boto3_transfers_large_files_by_itself(s3: Any, bucket: str) -> None:
    content = BIG * 2 + b"tail"
    config = TransferConfig(multipart_threshold=FIVE, multipart_chunksize=FIVE, use_threads=False)
    s3.upload_fileobj(io.BytesIO(content), bucket, "big", Config=config)
    assert s3.head_object(Bucket=bucket, Key="big")["ETag"].endswith('-3"')
    back = io.BytesIO()
    s3.download_fileobj(bucket, "big", back, Config=config)
    assert back.getvalue() == content
    s3.copy({"Bucket": bucket, "Key": "big"}, bucket, "copy", Config=config)
    copied = io.BytesIO()
    s3.download_fileobj(bucket, "copy", copied, Config=config)
    assert copied.getvalue() == content


def test_parts_out_of_objects(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789")
    upload = begin(s3, bucket)
    source = {"Bucket": bucket, "Key": "source"}
    given = {"Bucket": bucket, "Key": "o", "UploadId": upload, "CopySource": source}
    copied = s3.upload_part_copy(PartNumber=1, CopySourceRange="bytes=2-4", **given)["CopyPartResult"]
    complete(s3, bucket, upload, [{"PartNumber": 1, "ETag": copied["ETag"]}])
    assert s3.get_object(Bucket=bucket, Key="o")["Body"].read() == b"234"
    upload = begin(s3, bucket)
    given["UploadId"] = upload
    for bad, code in (("bytes=5-2", "InvalidArgument"), ("bytes=0-10", "InvalidRange"), ("0-1", "InvalidArgument")):
        with refused(code):
            s3.upload_part_copy(PartNumber=1, CopySourceRange=bad, **given)


def test_rights_for_uploads(s3: Any, bucket: str) -> None:
    writer = clients.client(clients.user(clients.may("s3:PutObject", f"arn:aws:s3:::{bucket}/o")))
    upload = begin(writer, bucket)
    sent = part(writer, bucket, upload, 1, b"x")
    attempts: list[Callable[[], Any]] = [
        lambda: writer.abort_multipart_upload(Bucket=bucket, Key="o", UploadId=upload),
        lambda: writer.list_parts(Bucket=bucket, Key="o", UploadId=upload),
        lambda: writer.list_multipart_uploads(Bucket=bucket),
        lambda: writer.create_multipart_upload(Bucket=bucket, Key="p"),
        lambda: writer.upload_part_copy(
            Bucket=bucket, Key="o", UploadId=upload, PartNumber=2, CopySource={"Bucket": bucket, "Key": "o"}
        ),
    ]
    for call in attempts:
        with refused("AccessDenied", 403):
            call()
    complete(writer, bucket, upload, [sent])


def test_a_bucket_with_an_upload_can_be_deleted(s3: Any, bucket: str, objects_dir: Path) -> None:
    part(s3, bucket, begin(s3, bucket), 1, b"x")
    s3.delete_bucket(Bucket=bucket)
    assert Leftover.objects.count() == 1
    Leftover.objects.update(due_at="2020-01-01T00:00:00Z")
    assert files.sweep() == 1
    assert [path for path in objects_dir.rglob("*") if path.is_file()] == []
