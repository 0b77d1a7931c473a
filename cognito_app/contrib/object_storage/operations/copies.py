"""CopyObject."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from django.http import HttpResponse

from cognito_app.contrib.object_storage import (
    access,
    answers,
    checksums,
    conditions,
    descriptions,
    files,
    sources,
    store,
)
from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.models import StoredObject
from cognito_app.contrib.object_storage.requests import S3Request
from cognito_app.contrib.object_storage.store import Content, Description

ILLEGAL = (
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's "
    "metadata, storage class, website redirect location or encryption attributes."
)


def copy_object(request: S3Request) -> HttpResponse:
    """Copy an object: the right to read the source, and the right to write the target."""
    name, key = request.bucket_name(), request.object_key()
    replaces = {kind: _replaces(request.headers, kind) for kind in ("metadata", "tagging")}
    described = descriptions.of_request(request.headers)
    extra = access.request_tags(described.tags if replaces["tagging"] else {})
    access.on_object(request, "s3:PutObject", extra)
    if replaces["tagging"] and described.tags:
        access.on_object(request, "s3:PutObjectTagging", extra)
    source = sources.read(request)
    if source.tags and not replaces["tagging"]:
        access.require(request, "s3:GetObjectTagging", access.arn(source.bucket_id, bytes(source.key)))
        access.on_object(request, "s3:PutObjectTagging", access.request_tags(source.tags))
    store.bucket(name)
    if (source.bucket_id, bytes(source.key)) == (name, key) and not replaces["metadata"]:
        raise S3Error("InvalidRequest", ILLEGAL)
    if source.size > sources.MAX_COPY:
        raise S3Error(
            "InvalidRequest",
            "The specified copy source is larger than the maximum allowable size for a copy "
            f"source: {sources.MAX_COPY}",
        )
    content, modified_at = _copy(request, source, _merged(source, described, replaces))
    files.sweep()
    nodes = [("LastModified", modified_at), ("ETag", answers.quoted(content.etag))]
    return answers.document("CopyObjectResult", [*nodes, *answers.checksum_nodes(content.checksum)])


def _replaces(headers: Mapping[str, str], kind: str) -> bool:
    directive = headers.get(f"x-amz-{kind}-directive", "COPY")
    if directive not in ("COPY", "REPLACE"):
        raise S3Error("InvalidArgument", f"Unknown {kind} directive.", ArgumentName=f"x-amz-{kind}-directive")
    return directive == "REPLACE"


def _merged(source: StoredObject, described: Description, replaces: Mapping[str, bool]) -> Description:
    kept = Description(source.headers, source.metadata, source.tags)
    said = described if replaces["metadata"] else kept
    tags = described.tags if replaces["tagging"] else kept.tags
    return Description(said.headers, said.metadata, tags)


def _copy(request: S3Request, source: StoredObject, description: Description) -> tuple[Content, datetime]:
    named = request.headers.get("x-amz-checksum-algorithm")
    algorithm = checksums.algorithm_named(named) if named else source.checksum.get("algorithm")
    digests = checksums.Digests(algorithm)
    file = files.write(digests.passing(files.read(source.segments, 0, source.size)))
    content = Content([[file, digests.size]], digests.size, digests.md5, digests.checksum)
    key = request.object_key()
    condition = partial(conditions.check_write, request.headers, key=key)
    try:
        placed = store.put(request.bucket_name(), key, content, description, condition=lambda row: condition(row=row))
    except BaseException:
        files.discard(file)
        raise
    return content, placed
