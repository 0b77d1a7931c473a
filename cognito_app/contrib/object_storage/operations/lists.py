"""ListObjectsV2 and its predecessor ListObjects."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse

from cognito_app.contrib.object_storage import access, answers, listing, store, xml
from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.listing import Page, Wanted
from cognito_app.contrib.object_storage.models import StoredObject
from cognito_app.contrib.object_storage.operations.buckets import owner
from cognito_app.contrib.object_storage.requests import S3Request
from cognito_app.core import numbers, paging
from cognito_app.errors import ServiceError

MOST = 1000
FIELDS = ("size", "etag", "modified_at", "checksum")


def list_objects_v2(request: S3Request) -> HttpResponse:
    """List a page of keys; continuation tokens are sealed for the bucket, prefix and delimiter."""
    limit = _authorized_limit(request)
    query = request.query
    scope = f"s3:{request.bucket}:{query.get('prefix', '')}:{query.get('delimiter', '')}"
    token = query.get("continuation-token")
    after = _position(scope, token) if token is not None else query.get("start-after", "").encode()
    found = _page(request, after, limit)
    following = paging.encode(scope, {"after": base64.b64encode(found.last).decode()}) if found.truncated else None
    nodes: list[xml.Node] = [
        *_common(request, limit, found),
        ("KeyCount", len(found.rows) + len(found.prefixes)),
        ("ContinuationToken", token),
        ("NextContinuationToken", following),
        ("StartAfter", encoded(request, query["start-after"].encode()) if query.get("start-after") else None),
    ]
    with_owner = query.get("fetch-owner", "").lower() == "true"
    return answers.document("ListBucketResult", [*nodes, *_entries(request, found, with_owner)])


def list_objects(request: S3Request) -> HttpResponse:
    """List a page of keys behind a marker."""
    limit = _authorized_limit(request)
    marker = request.query.get("marker", "").encode()
    found = _page(request, marker, limit)
    following = encoded(request, found.last) if found.truncated and request.query.get("delimiter") else None
    nodes = [*_common(request, limit, found), ("Marker", encoded(request, marker)), ("NextMarker", following)]
    return answers.document("ListBucketResult", [*nodes, *_entries(request, found, True)])


def _authorized_limit(request: S3Request) -> int:
    """Check the right to list; returns the size of the page. Raises AccessDenied, NoSuchBucket or InvalidArgument."""
    names = ("prefix", "delimiter", "max-keys")
    access.on_bucket(request, "s3:ListBucket", {f"s3:{n}": request.query[n] for n in names if n in request.query})
    store.bucket(request.bucket_name())
    return page_size(request, "max-keys")


def page_size(request: S3Request, name: str, *, default: int = MOST, most: int = MOST) -> int:
    """Return the number in a parameter, at most ``most``. Raises InvalidArgument."""
    text = request.query.get(name) or str(default)
    size = numbers.whole(text, 2**31 - 1)
    if size is None:
        raise S3Error(
            "InvalidArgument",
            f"Provided {name} not an integer or within integer range",
            ArgumentName=name,
            ArgumentValue=text,
        )
    return min(size, most)


def _position(scope: str, token: str) -> bytes:
    try:
        return base64.b64decode(paging.decode(scope, token)["after"])
    except ServiceError:
        raise S3Error(
            "InvalidArgument", "The continuation token provided is incorrect", ArgumentName="continuation-token"
        ) from None


def _page(request: S3Request, after: bytes, limit: int) -> Page:
    query = request.query
    wanted = Wanted(query.get("prefix", "").encode(), query.get("delimiter", "").encode(), after, limit, FIELDS)
    return listing.page(StoredObject.objects.filter(bucket_id=request.bucket), wanted)


def encoded(request: S3Request, key: bytes) -> str:
    """Return a key as the client asked for it. Raises InvalidArgument."""
    encoding = request.query.get("encoding-type")
    if encoding not in (None, "", "url"):
        raise S3Error("InvalidArgument", "Invalid Encoding Method specified in Request", ArgumentName="encoding-type")
    return quote(key, safe="/-_.~") if encoding else key.decode()


def _common(request: S3Request, limit: int, found: Page) -> list[xml.Node]:
    delimiter = request.query.get("delimiter")
    return [
        ("Name", request.bucket),
        ("Prefix", encoded(request, request.query.get("prefix", "").encode())),
        ("Delimiter", encoded(request, delimiter.encode()) if delimiter else None),
        ("MaxKeys", limit),
        ("EncodingType", request.query.get("encoding-type") or None),
        ("IsTruncated", found.truncated),
    ]


def _entries(request: S3Request, found: Page, with_owner: bool) -> list[xml.Node]:
    nodes: list[xml.Node] = [("Contents", _content(request, row, with_owner)) for row in found.rows]
    return nodes + [("CommonPrefixes", [("Prefix", encoded(request, prefix))]) for prefix in found.prefixes]


def _content(request: S3Request, row: dict[str, Any], with_owner: bool) -> list[xml.Node]:
    checksum = row["checksum"] or {}
    return [
        ("Key", encoded(request, row["key"])),
        ("LastModified", row["modified_at"]),
        ("ETag", answers.quoted(row["etag"])),
        ("ChecksumAlgorithm", checksum.get("algorithm")),
        ("ChecksumType", checksum.get("type")),
        ("Size", row["size"]),
        ("StorageClass", "STANDARD"),
        *([("Owner", owner())] if with_owner else []),
    ]
