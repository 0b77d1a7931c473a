"""The object that a copy is made of: found, permitted, as the request wants it."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from cognito_app.contrib.object_storage import access, conditions, store
from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.models import KEY_BYTES, StoredObject
from cognito_app.contrib.object_storage.requests import S3Request

HEADER = "x-amz-copy-source"
MAX_COPY = 5 * 1024**3


def read(request: S3Request) -> StoredObject:
    """Return the source of a copy, which the signer must be allowed to read.

    Raises InvalidArgument, AccessDenied, NoSuchBucket, NoSuchKey or PreconditionFailed.
    """
    bucket, key = named(request)
    row = store.find(bucket, key)
    tags = access.existing_tags(row.tags if row else None)
    access.require(request, "s3:GetObject", access.arn(bucket, key), tags)
    if row is None:
        access.missing_key(request, bucket, key)
    conditions.check_read(request.headers, row, prefix="x-amz-copy-source-")
    return row


def named(request: S3Request) -> tuple[str, bytes]:
    """Return bucket and key of the source. Raises InvalidArgument or NotImplemented."""
    path, _, query = request.headers[HEADER].partition("?")
    if query not in ("", "versionId=null"):
        raise S3Error("NotImplemented", Header=HEADER)
    if path.startswith("arn:"):
        raise S3Error("NotImplemented", Header=HEADER)
    bucket, _, key = unquote_to_bytes(path).removeprefix(b"/").partition(b"/")
    try:
        name = bucket.decode()
        key.decode()
    except UnicodeDecodeError:
        name = ""
    if not name or not key or len(key) > KEY_BYTES:
        message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
        raise S3Error("InvalidArgument", message, ArgumentName=HEADER)
    return name, key
