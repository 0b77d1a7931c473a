"""Which operation a request is: by its method, its address, and the sub-resource in its query.

What S3 has and this service has not is answered with NotImplemented, never with something that looks like it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http.response import HttpResponseBase

from cognito_app.contrib.object_storage import sources
from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.operations import (
    bucket_cors,
    buckets,
    copies,
    deletes,
    lists,
    multipart,
    objects,
    tagging,
    upload_lists,
)
from cognito_app.contrib.object_storage.requests import S3Request

Operation = Callable[[S3Request], HttpResponseBase]

SUBRESOURCES = frozenset(
    {
        "abac",
        "accelerate",
        "acl",
        "analytics",
        "attributes",
        "cors",
        "delete",
        "encryption",
        "intelligent-tiering",
        "inventory",
        "legal-hold",
        "lifecycle",
        "list-type",
        "location",
        "logging",
        "metadataConfiguration",
        "metadataTable",
        "metrics",
        "notification",
        "object-lock",
        "ownershipControls",
        "partNumber",
        "policy",
        "policyStatus",
        "publicAccessBlock",
        "replication",
        "renameObject",
        "requestPayment",
        "restore",
        "retention",
        "select",
        "session",
        "tagging",
        "torrent",
        "uploadId",
        "uploads",
        "versionId",
        "versioning",
        "versions",
        "website",
    }
)

ROOT: Mapping[tuple[str, frozenset[str]], Operation] = {("GET", frozenset()): buckets.list_buckets}

BUCKET: Mapping[tuple[str, frozenset[str]], Operation] = {
    ("GET", frozenset()): lists.list_objects,
    ("GET", frozenset({"list-type"})): lists.list_objects_v2,
    ("GET", frozenset({"location"})): buckets.get_bucket_location,
    ("PUT", frozenset()): buckets.create_bucket,
    ("HEAD", frozenset()): buckets.head_bucket,
    ("DELETE", frozenset()): buckets.delete_bucket,
    ("POST", frozenset({"delete"})): deletes.delete_objects,
    ("GET", frozenset({"uploads"})): upload_lists.list_multipart_uploads,
    ("GET", frozenset({"cors"})): bucket_cors.get_bucket_cors,
    ("PUT", frozenset({"cors"})): bucket_cors.put_bucket_cors,
    ("DELETE", frozenset({"cors"})): bucket_cors.delete_bucket_cors,
}

OBJECT: Mapping[tuple[str, frozenset[str]], Operation] = {
    ("GET", frozenset()): objects.get_object,
    ("GET", frozenset({"partNumber"})): objects.get_object,
    ("HEAD", frozenset()): objects.head_object,
    ("HEAD", frozenset({"partNumber"})): objects.head_object,
    ("PUT", frozenset()): objects.put_object,
    ("DELETE", frozenset()): objects.delete_object,
    ("POST", frozenset({"uploads"})): multipart.create_multipart_upload,
    ("PUT", frozenset({"uploadId", "partNumber"})): multipart.upload_part,
    ("POST", frozenset({"uploadId"})): multipart.complete_multipart_upload,
    ("DELETE", frozenset({"uploadId"})): multipart.abort_multipart_upload,
    ("GET", frozenset({"uploadId"})): upload_lists.list_parts,
    ("GET", frozenset({"tagging"})): tagging.get_object_tagging,
    ("PUT", frozenset({"tagging"})): tagging.put_object_tagging,
    ("DELETE", frozenset({"tagging"})): tagging.delete_object_tagging,
}


COPIES: Mapping[frozenset[str], Operation] = {
    frozenset(): copies.copy_object,
    frozenset({"uploadId", "partNumber"}): multipart.upload_part_copy,
}
"""Operations of PUT with a source, by the sub-resources in the query."""


def operation(request: S3Request) -> Operation:
    """Return the operation of a request. Raises NotImplemented, MethodNotAllowed or InvalidArgument."""
    asked = frozenset(name for name in request.query if name in SUBRESOURCES)
    if "versionId" in asked:
        if request.query["versionId"] != "null":
            raise S3Error("InvalidArgument", "Invalid version id specified", ArgumentName="versionId")
        asked -= {"versionId"}
    if request.method == "PUT" and request.key is not None and sources.HEADER in request.headers and asked in COPIES:
        return COPIES[asked]
    table = ROOT if request.bucket is None else BUCKET if request.key is None else OBJECT
    found = table.get((request.method, asked))
    if found is not None and request.query.get("list-type", "2") == "2":
        return found
    if asked or request.method == "POST":
        raise S3Error("NotImplemented", "This object storage does not have the operation that you ask for.")
    raise S3Error("MethodNotAllowed", Method=request.method, ResourceType="OBJECT" if request.key else "BUCKET")
