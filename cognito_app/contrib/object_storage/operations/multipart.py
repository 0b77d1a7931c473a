"""CreateMultipartUpload, UploadPart, UploadPartCopy, CompleteMultipartUpload, AbortMultipartUpload.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

from __future__ import annotations

import re
from functools import partial
from urllib.parse import quote

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
    uploads,
    xml,
)
from cognito_app.contrib.object_storage.bodies import Body
from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.models import Part, Upload
from cognito_app.contrib.object_storage.requests import S3Request
from cognito_app.core import numbers

_COPY_RANGE = re.compile(r"bytes=(\d{1,19})-(\d{1,19})", re.ASCII)
FULL_BY_DEFAULT = frozenset({"CRC64NVME"})
ONLY_COMPOSITE = frozenset({"SHA1", "SHA256"})


def create_multipart_upload(request: S3Request) -> HttpResponse:
    """Announce an upload in parts."""
    described = descriptions.of_request(request.headers)
    extra = access.request_tags(described.tags)
    access.on_object(request, "s3:PutObject", extra)
    if described.tags:
        access.on_object(request, "s3:PutObjectTagging", extra)
    store.bucket(request.bucket_name())
    algorithm, kind = _checksum_of(request)
    row = uploads.begin(
        request.bucket_name(),
        request.object_key(),
        described,
        initiator=request.principal.arn,
        algorithm=algorithm,
        checksum_type=kind,
    )
    nodes = [("Bucket", row.bucket_id), ("Key", request.object_key().decode()), ("UploadId", row.pk)]
    response = answers.document("InitiateMultipartUploadResult", nodes)
    if algorithm:
        response["x-amz-checksum-algorithm"], response["x-amz-checksum-type"] = algorithm, kind
    return response


def _checksum_of(request: S3Request) -> tuple[str, str]:
    named, kind = request.headers.get("x-amz-checksum-algorithm"), request.headers.get("x-amz-checksum-type")
    if not named:
        return "", ""
    algorithm = checksums.algorithm_named(named)
    checksums.new(algorithm)
    kind = kind or (checksums.FULL_OBJECT if algorithm in FULL_BY_DEFAULT else checksums.COMPOSITE)
    unfit = algorithm in (ONLY_COMPOSITE if kind == checksums.FULL_OBJECT else FULL_BY_DEFAULT)
    if kind not in (checksums.FULL_OBJECT, checksums.COMPOSITE) or unfit:
        raise S3Error(
            "InvalidRequest", f"The {kind} checksum type cannot be used with the {algorithm} checksum algorithm."
        )
    return algorithm, kind


def _upload(request: S3Request) -> Upload:
    return uploads.find(request.bucket_name(), request.object_key(), request.query["uploadId"])


def upload_part(request: S3Request) -> HttpResponse:
    """Store a part."""
    access.on_object(request, "s3:PutObject")
    upload, number = _upload(request), uploads.part_number(request.query["partNumber"])
    body = Body(request, upload.algorithm or None)
    if upload.algorithm and body.algorithm != upload.algorithm:
        raise S3Error(
            "InvalidRequest",
            f"Checksum Type mismatch occurred, expected checksum Type: "
            f"{upload.algorithm.lower()}, actual checksum Type: {(body.algorithm or 'null').lower()}",
        )
    file = files.write(body.pieces())
    part = _put(upload, number, file, body.size, body.md5, body.checksum)
    headers = {"ETag": answers.quoted(part.etag), **checksums.headers_of(body.checksum)}
    headers.pop("x-amz-checksum-type", None)
    return answers.empty(200, headers)


def _put(upload: Upload, number: int, file: str, size: int, etag: str, checksum: dict[str, str]) -> Part:
    try:
        value = checksum.get("value", "")
        return uploads.put_part(upload, number, file=file, size=size, etag=etag, checksum=value)
    except BaseException:
        files.discard(file)
        raise


def upload_part_copy(request: S3Request) -> HttpResponse:
    """Store a part that is an object, or a range of one."""
    access.on_object(request, "s3:PutObject")
    source = sources.read(request)
    upload, number = _upload(request), uploads.part_number(request.query["partNumber"])
    start, length = _copy_range(request.headers.get("x-amz-copy-source-range"), source.size)
    digests = checksums.Digests(upload.algorithm or None)
    file = files.write(digests.passing(files.read(source.segments, start, length)))
    part = _put(upload, number, file, digests.size, digests.md5, digests.checksum)
    nodes = [("LastModified", part.modified_at), ("ETag", answers.quoted(part.etag))]
    return answers.document("CopyPartResult", [*nodes, *answers.checksum_nodes(digests.checksum)[:1]])


def _copy_range(header: str | None, size: int) -> tuple[int, int]:
    if header is None:
        return 0, size
    match = _COPY_RANGE.fullmatch(header)
    first, last = (int(match.group(1)), int(match.group(2))) if match else (1, 0)
    if first > last:
        raise S3Error(
            "InvalidArgument",
            "The x-amz-copy-source-range value must be of the form bytes=first-last where "
            "first and last are the zero-based offsets of the first and last bytes to copy",
        )
    if last >= size:
        raise S3Error(
            "InvalidRange",
            f"Range specified is not valid for source object of size: {size}",
            416,
            ActualObjectSize=str(size),
        )
    return first, last - first + 1


def complete_multipart_upload(request: S3Request) -> HttpResponse:
    """Make an object of the parts that a document names."""
    access.on_object(request, "s3:PutObject")
    upload = _upload(request)
    # The checksum headers of this request are the object's, not the document's.
    whole = checksums.declared(request.headers)
    named = _named(xml.parse(Body(request, of_document=True).whole(), "CompleteMultipartUpload"), upload.algorithm)
    condition = partial(conditions.check_write, request.headers, key=request.object_key())
    content = uploads.complete(
        upload, named, whole=whole[1] if whole else None, condition=lambda row: condition(row=row)
    )
    files.sweep()
    nodes: list[xml.Node] = [
        ("Location", _location(request)),
        ("Bucket", request.bucket_name()),
        ("Key", request.object_key().decode()),
        ("ETag", answers.quoted(content.etag)),
    ]
    return answers.document("CompleteMultipartUploadResult", [*nodes, *answers.checksum_nodes(content.checksum)])


def _location(request: S3Request) -> str:
    return f"{request.django.scheme}://{request.headers.get('host', '')}{quote(request.path)}"


def _named(given: xml.Element, algorithm: str) -> list[uploads.Named]:
    found = []
    for element in given.children("Part"):
        number, etag = numbers.whole(element.value("PartNumber") or "", 99_999), element.value("ETag")
        if number is None or etag is None:
            raise S3Error("MalformedXML")
        checksum = element.value(f"Checksum{algorithm}") if algorithm else None
        found.append(uploads.Named(number, etag.strip('"'), checksum))
    if not 1 <= len(found) <= uploads.MAX_PARTS:
        raise S3Error("MalformedXML")
    return found


def abort_multipart_upload(request: S3Request) -> HttpResponse:
    """Give an upload up."""
    access.on_object(request, "s3:AbortMultipartUpload")
    uploads.abort(_upload(request))
    files.sweep()
    return answers.empty(204)
