"""ListParts and ListMultipartUploads."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from django.db.models import Q, QuerySet
from django.http import HttpResponse

from cognito_app.contrib.object_storage import access, answers, listing, store, uploads, xml
from cognito_app.contrib.object_storage.listing import Wanted
from cognito_app.contrib.object_storage.models import Part, Upload
from cognito_app.contrib.object_storage.operations.buckets import owner
from cognito_app.contrib.object_storage.operations.lists import encoded, page_size
from cognito_app.contrib.object_storage.requests import S3Request


def list_parts(request: S3Request) -> HttpResponse:
    """List the parts of an upload."""
    access.on_object(request, "s3:ListMultipartUploadParts")
    upload = uploads.find(request.bucket_name(), request.object_key(), request.query["uploadId"])
    limit = page_size(request, "max-parts")
    marker = page_size(request, "part-number-marker", default=0, most=2**31)
    rows = list(Part.objects.filter(upload=upload, number__gt=marker).order_by("number")[: limit + 1])
    shown = rows[:limit]
    nodes: list[xml.Node] = [
        ("Bucket", request.bucket),
        ("Key", request.object_key().decode()),
        ("UploadId", upload.pk),
        ("Initiator", _initiator(upload.initiator)),
        ("Owner", owner()),
        ("StorageClass", "STANDARD"),
        ("PartNumberMarker", marker),
        ("NextPartNumberMarker", shown[-1].number if shown else 0),
        ("MaxParts", limit),
        ("IsTruncated", len(rows) > limit),
        ("ChecksumAlgorithm", upload.algorithm or None),
        ("ChecksumType", upload.checksum_type or None),
    ]
    return answers.document("ListPartsResult", [*nodes, *(("Part", _part(upload, row)) for row in shown)])


def _initiator(arn: str) -> list[xml.Node]:
    return [("ID", arn), ("DisplayName", arn.rpartition("/")[2])]


def _part(upload: Upload, row: Part) -> list[xml.Node]:
    nodes: list[xml.Node] = [
        ("PartNumber", row.number),
        ("LastModified", row.modified_at),
        ("ETag", answers.quoted(row.etag)),
        ("Size", row.size),
    ]
    return [*nodes, (f"Checksum{upload.algorithm}", row.checksum)] if upload.algorithm and row.checksum else nodes


def list_multipart_uploads(request: S3Request) -> HttpResponse:
    """List the uploads of a bucket that are neither completed nor aborted, by key, then age."""
    access.on_bucket(request, "s3:ListBucketMultipartUploads")
    store.bucket(request.bucket_name())
    query, limit = request.query, page_size(request, "max-uploads")
    key_marker, id_marker = query.get("key-marker", ""), query.get("upload-id-marker", "").replace("\0", "")
    prefix, delimiter = query.get("prefix", "").encode(), query.get("delimiter", "").encode()
    wanted = Wanted(prefix, delimiter, key_marker.encode(), limit, ())
    entries = _entries(_behind(request, wanted, id_marker), wanted)
    shown = list(islice(entries, limit))
    truncated = limit > 0 and next(entries, None) is not None
    last = shown[-1] if truncated else None
    nodes: list[xml.Node] = [
        ("Bucket", request.bucket),
        ("KeyMarker", encoded(request, key_marker.encode())),
        ("UploadIdMarker", id_marker),
        ("NextKeyMarker", encoded(request, last if isinstance(last, bytes) else bytes(last.key)) if last else None),
        ("NextUploadIdMarker", last.pk if isinstance(last, Upload) else None),
        ("Prefix", encoded(request, prefix)),
        ("Delimiter", encoded(request, delimiter) if delimiter else None),
        ("MaxUploads", limit),
        ("EncodingType", query.get("encoding-type") or None),
        ("IsTruncated", truncated),
    ]
    nodes += [("Upload", _shown(request, row)) for row in shown if isinstance(row, Upload)]
    nodes += [("CommonPrefixes", [("Prefix", encoded(request, row))]) for row in shown if isinstance(row, bytes)]
    return answers.document("ListMultipartUploadsResult", nodes)


def _behind(request: S3Request, wanted: Wanted, id_marker: str) -> QuerySet[Upload]:
    rows = Upload.objects.filter(bucket_id=request.bucket, key__gte=listing.first_key(wanted)).order_by("key", "id")
    end = listing.successor(wanted.prefix)
    if end is not None:
        rows = rows.filter(key__lt=end)
    if wanted.after and id_marker:
        same = Upload.objects.filter(bucket_id=request.bucket, key=wanted.after, id__gt=id_marker)
        rows = Upload.objects.filter(Q(pk__in=rows.order_by().values("pk")) | Q(pk__in=same.values("pk")))
    return rows.order_by("key", "id")


def _entries(rows: QuerySet[Upload], wanted: Wanted) -> Iterator[Upload | bytes]:
    """Yield uploads, and in their place common prefixes, each once."""
    before: bytes | None = None
    for row in rows.iterator(chunk_size=200):
        prefix = listing.common_prefix(bytes(row.key), wanted)
        if prefix is None:
            yield row
        elif prefix != before:
            before = prefix
            yield prefix


def _shown(request: S3Request, row: Upload) -> list[xml.Node]:
    return [
        ("Key", encoded(request, bytes(row.key))),
        ("UploadId", row.pk),
        ("Initiator", _initiator(row.initiator)),
        ("Owner", owner()),
        ("StorageClass", "STANDARD"),
        ("Initiated", row.created_at),
        ("ChecksumAlgorithm", row.algorithm or None),
        ("ChecksumType", row.checksum_type or None),
    ]
