"""PutObject, GetObject, HeadObject, DeleteObject."""

from __future__ import annotations

from functools import partial

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from cognito_app.contrib.object_storage import (
    access,
    answers,
    checksums,
    conditions,
    descriptions,
    files,
    store,
    uploads,
)
from cognito_app.contrib.object_storage.bodies import Body
from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.models import StoredObject
from cognito_app.contrib.object_storage.requests import S3Request
from cognito_app.contrib.object_storage.store import Content

OVERRIDES = {
    "response-cache-control": "Cache-Control",
    "response-content-disposition": "Content-Disposition",
    "response-content-encoding": "Content-Encoding",
    "response-content-language": "Content-Language",
    "response-content-type": "Content-Type",
    "response-expires": "Expires",
}


def put_object(request: S3Request) -> HttpResponse:
    """Store the body under a key; until all of it is there and right, the key keeps what it had."""
    described = descriptions.of_request(request.headers)
    extra = access.request_tags(described.tags)
    access.on_object(request, "s3:PutObject", extra)
    if described.tags:
        access.on_object(request, "s3:PutObjectTagging", extra)
    name, key = request.bucket_name(), request.object_key()
    store.bucket(name)
    condition = partial(conditions.check_write, request.headers, key=key)
    if "if-match" in request.headers or "if-none-match" in request.headers:
        condition(row=store.find(name, key))
    body = Body(request)
    file = files.write(body.pieces())
    content = Content([[file, body.size]], body.size, body.md5, body.checksum)
    try:
        store.put(name, key, content, described, condition=lambda row: condition(row=row))
    except BaseException:
        files.discard(file)
        raise
    files.sweep()
    return answers.empty(200, {"ETag": answers.quoted(body.md5), **checksums.headers_of(body.checksum)})


def _readable(request: S3Request) -> StoredObject:
    """Return the object if the signer may read it.

    Raises AccessDenied, NoSuchBucket, NoSuchKey or a condition's error.
    """
    name, key = request.bucket_name(), request.object_key()
    row = store.find(name, key)
    access.on_object(request, "s3:GetObject", access.existing_tags(row.tags if row else None))
    if row is None:
        access.missing_key(request, name, key)
    conditions.check_read(request.headers, row)
    return row


def get_object(request: S3Request) -> HttpResponseBase:
    """Return an object or a range of it."""
    row = _readable(request)
    status, headers, start, length = _selected(request, row)
    response = StreamingHttpResponse(files.read(row.segments, start, length), status=status)
    return _with(response, headers)


def head_object(request: S3Request) -> HttpResponseBase:
    """Return an object's headers."""
    row = _readable(request)
    status, headers, _, _ = _selected(request, row)
    return _with(HttpResponse(status=status), headers)


def _with(response: HttpResponseBase, headers: dict[str, str]) -> HttpResponseBase:
    try:
        for name, value in headers.items():
            response[name] = value
    except ValueError:
        # Django's refusal of line breaks, which an override in the query may hold.
        raise S3Error("InvalidArgument", "Header value cannot be represented using ISO-8859-1.") from None
    return response


def _selected(request: S3Request, row: StoredObject) -> tuple[int, dict[str, str], int, int]:
    """Return status, headers, start and length of what is asked for."""
    headers = answers.object_headers(row)
    for parameter, name in OVERRIDES.items():
        if parameter in request.query:
            headers[name] = request.query[parameter]
    part = _part(request, row, headers)
    found = part or conditions.span(request.headers.get("range"), row.size)
    if found is None:
        if answers.wants_checksum(request):
            headers |= checksums.headers_of(row.checksum)
        return 200, {**headers, "Content-Length": str(row.size)}, 0, row.size
    start, length = found
    headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{row.size}"
    return 206, {**headers, "Content-Length": str(length)}, start, length


def _part(request: S3Request, row: StoredObject, headers: dict[str, str]) -> tuple[int, int] | None:
    """Return where a part lies that is asked for by its number. Raises InvalidRequest or InvalidPartNumber."""
    asked = request.query.get("partNumber")
    if asked is None:
        return None
    if "range" in request.headers:
        raise S3Error("InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
    number = uploads.part_number(asked)
    sizes = [size for _, size in row.segments]
    if "-" in row.etag:
        headers["x-amz-mp-parts-count"] = str(len(sizes))
    if number > len(sizes):
        raise S3Error("InvalidPartNumber", ActualPartCount=str(len(sizes)), PartNumberRequested=asked)
    return (sum(sizes[: number - 1]), sizes[number - 1]) if row.size else None


def delete_object(request: S3Request) -> HttpResponse:
    """Delete an object, or find that it is gone already."""
    name, key = request.bucket_name(), request.object_key()
    row = store.find(name, key)
    access.on_object(request, "s3:DeleteObject", access.existing_tags(row.tags if row else None))
    store.bucket(name)
    store.delete(name, key)
    files.sweep()
    return answers.empty(204)
