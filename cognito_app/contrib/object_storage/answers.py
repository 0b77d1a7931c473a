"""Answers: documents, objects' headers, errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.http import HttpResponse
from django.utils.http import http_date

from cognito_app.contrib.object_storage import xml
from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.models import StoredObject
from cognito_app.contrib.object_storage.requests import METADATA, S3Request


def document(root: str, nodes: Iterable[xml.Node]) -> HttpResponse:
    """Return a document."""
    return HttpResponse(xml.document(root, nodes), content_type="application/xml")


def empty(status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return an answer without content."""
    response = HttpResponse(status=status)
    del response["Content-Type"]
    for name, value in (headers or {}).items():
        response[name] = value
    return response


def quoted(etag: str) -> str:
    """Return an entity tag as it stands in headers and documents."""
    return f'"{etag}"'


def object_headers(row: StoredObject) -> dict[str, str]:
    """Return the headers that describe an object, without those of its checksum."""
    found = {name.title(): value for name, value in row.headers.items()}
    found |= {METADATA + name: value for name, value in row.metadata.items()}
    found |= {"ETag": quoted(row.etag), "Last-Modified": http_date(row.modified_at.timestamp())}
    found["Accept-Ranges"] = "bytes"
    if row.tags:
        found["x-amz-tagging-count"] = str(len(row.tags))
    return found


def wants_checksum(request: S3Request) -> bool:
    """Whether a reader asks for the checksum."""
    return request.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"


def checksum_nodes(checksum: Mapping[str, str]) -> list[xml.Node]:
    """Return the elements that tell a checksum."""
    if not checksum:
        return []
    return [(f"Checksum{checksum['algorithm']}", checksum["value"]), ("ChecksumType", checksum["type"])]


def error(request: S3Request, found: S3Error) -> HttpResponse:
    """Return an error's document; HEAD and 304 have none."""
    if request.method == "HEAD" or found.status == 304:
        response = empty(found.status)
        if found.code == "NotModified":
            response["ETag"] = quoted(found.detail["ETag"])
        return response
    nodes: list[xml.Node] = [("Code", found.code), ("Message", found.message), *found.detail.items()]
    nodes += [("Resource", request.resource), ("RequestId", request.request_id), ("HostId", request.request_id)]
    shown = [(name, xml.printable(value)) for name, value in nodes]
    content = xml.document("Error", shown, namespace=None)
    response = HttpResponse(content, status=found.status, content_type="application/xml")
    if found.code == "InvalidRange":
        response["Content-Range"] = f"bytes */{found.detail['ActualObjectSize']}"
    return response
