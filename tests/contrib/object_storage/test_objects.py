"""Objects: stored, read, described, deleted, listed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients import s3 as clients
from tests.contrib.object_storage.conftest import refused

pytestmark = pytest.mark.django_db

OWN = "${cognito-identity.amazonaws.com:sub}"


def test_what_is_put_comes_back_with_its_description(s3: Any, bucket: str) -> None:
    put = s3.put_object(
        Bucket=bucket,
        Key="a/b c+d/ü%2F.txt",
        Body=b"hello",
        ContentType="text/plain",
        CacheControl="max-age=5",
        ContentDisposition="inline",
        ContentLanguage="de",
        ContentEncoding="identity",
        Metadata={"color": "blue"},
    )
    assert put["ETag"] == '"5d41402abc4b2a76b9719d911017c592"'
    assert put["ChecksumCRC32"] == "NhCmhg=="
    got = s3.get_object(Bucket=bucket, Key="a/b c+d/ü%2F.txt")
    assert got["Body"].read() == b"hello"
    assert (got["ContentType"], got["CacheControl"], got["ContentDisposition"]) == (
        "text/plain",
        "max-age=5",
        "inline",
    )
    assert (got["ContentLanguage"], got["ContentEncoding"], got["Metadata"]) == ("de", "identity", {"color": "blue"})
    assert (got["ChecksumCRC32"], got["ChecksumType"]) == ("NhCmhg==", "FULL_OBJECT")
    head = s3.head_object(Bucket=bucket, Key="a/b c+d/ü%2F.txt")
    assert (head["ContentLength"], head["ETag"], head["AcceptRanges"]) == (5, put["ETag"], "bytes")
    s3.delete_object(Bucket=bucket, Key="a/b c+d/ü%2F.txt")
    with refused("NoSuchKey", 404):
        s3.get_object(Bucket=bucket, Key="a/b c+d/ü%2F.txt")
    s3.delete_object(Bucket=bucket, Key="a/b c+d/ü%2F.txt")


def test_each_identity_has_its_own_prefix(s3: Any, bucket: str) -> None:
    resource = f"arn:aws:s3:::{bucket}"
    identity_id, keys = clients.identity_with(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
                    "Resource": f"{resource}/private/{OWN}/*",
                },
                {
                    "Effect": "Allow",
                    "Action": "s3:ListBucket",
                    "Resource": resource,
                    "Condition": {"StringLike": {"s3:prefix": [f"private/{OWN}/", f"private/{OWN}/*"]}},
                },
            ],
        }
    )
    mine = clients.client(keys)
    mine.put_object(Bucket=bucket, Key=f"private/{identity_id}/note", Body=b"mine")
    assert mine.get_object(Bucket=bucket, Key=f"private/{identity_id}/note")["Body"].read() == b"mine"
    listed = mine.list_objects_v2(Bucket=bucket, Prefix=f"private/{identity_id}/")
    assert [row["Key"] for row in listed["Contents"]] == [f"private/{identity_id}/note"]
    with refused("AccessDenied", 403) as answer:
        mine.put_object(Bucket=bucket, Key="private/us-east-1:other/note", Body=b"x")
    assert "is not authorized to perform: s3:PutObject on resource" in answer["Message"]
    for prefix in ("", "private/", f"private/{identity_id}"):
        with refused("AccessDenied", 403):
            mine.list_objects_v2(Bucket=bucket, Prefix=prefix)
    with refused("AccessDenied", 403):
        mine.list_objects_v2(Bucket=bucket)


def test_a_missing_key_is_a_404_only_for_who_may_list(s3: Any, bucket: str) -> None:
    reader = clients.client(clients.user(clients.may("s3:GetObject", "*")))
    with refused("AccessDenied", 403):
        reader.get_object(Bucket=bucket, Key="none")
    with refused("403", 403):
        reader.head_object(Bucket=bucket, Key="none")
    lister = clients.client(clients.user(clients.may(["s3:GetObject", "s3:ListBucket"], "*")))
    with refused("NoSuchKey", 404):
        lister.get_object(Bucket=bucket, Key="none")
    with refused("404", 404):
        lister.head_object(Bucket=bucket, Key="none")
    with refused("NoSuchBucket", 404):
        lister.get_object(Bucket="nowhere", Key="none")
