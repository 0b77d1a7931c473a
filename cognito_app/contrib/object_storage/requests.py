"""A request as S3 sees it: bucket, key, query, headers, and who signed it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from django.http import HttpRequest

from cognito_app.contrib.object_storage import checksums
from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.models import KEY_BYTES
from cognito_app.core import ids
from cognito_app.core.http import client_ip, signed_request
from cognito_app.core.sigv4 import SignedRequest
from cognito_app.services.principals import Principal

METADATA = "x-amz-meta-"
DIGEST_HEADERS = frozenset(f"{checksums.HEADER}{name.lower()}" for name in checksums.SIZES)


@dataclass(slots=True)
class S3Request:
    """``path`` are the bytes of the whole decoded path, as they were signed; ``key`` is None for a bucket's address.

    ``headers`` have lower-case names; with a presigned address those ``x-amz-`` ones count that stand in its query.
    ``own_origin`` tells that the host serves nothing else.
    ``body_read`` tells that the content was read to its end. ``signature`` and ``caller`` are set once the signature
    was verified.
    """

    method: str
    path: bytes
    bucket: str | None
    key: bytes | None
    query: Mapping[str, str]
    headers: Mapping[str, str]
    signed: SignedRequest
    django: HttpRequest
    ip: str
    own_origin: bool = False
    request_id: str = field(default_factory=lambda: ids.uuid4().replace("-", "")[:16].upper())
    caller: Principal | None = None
    body_read: bool = False
    signature: Any = None

    @property
    def principal(self) -> Principal:
        """Who signed the request."""
        assert self.caller is not None
        return self.caller

    @property
    def resource(self) -> str:
        """The path that error documents name."""
        return self.path.decode("utf-8", "replace")

    def bucket_name(self) -> str:
        """Return the bucket's name."""
        assert self.bucket is not None
        return self.bucket

    def object_key(self) -> bytes:
        """Return the object's key."""
        assert self.key is not None
        return self.key


def read(
    request: HttpRequest, *, prefix: bytes = b"", host_bucket: str | None = None, own_origin: bool = False
) -> S3Request:
    """Return a Django request as S3 sees it; ``prefix`` is the path that the service is mounted at."""
    # Bytes that are no UTF-8 are escapes again in Django's path: a signature over them does not fit.
    path = request.path.encode()
    rest = path[len(prefix) :].removeprefix(b"/")
    if host_bucket is None:
        name, slash, key = rest.partition(b"/")
        bucket = name.decode("utf-8", "replace") or None
        found = key if slash and key else None
    else:
        bucket, found = host_bucket, rest or None
    query = dict(parse_qsl(request.META.get("QUERY_STRING", ""), keep_blank_values=True))
    signed = signed_request(request, b"")
    return S3Request(
        method=request.method or "",
        path=path,
        bucket=bucket,
        key=found,
        query=query,
        headers={**_hoisted(query), **signed.headers},
        signed=signed,
        django=request,
        ip=client_ip(request),
        own_origin=own_origin,
    )


def _hoisted(query: Mapping[str, str]) -> dict[str, str]:
    if "X-Amz-Signature" not in query:
        return {}
    # As with S3, the checksum of a content that a presigned address could not know yet does not count.
    lowered = {name.lower(): value for name, value in query.items()}
    return {name: value for name, value in lowered.items() if name.startswith("x-amz-") and name not in DIGEST_HEADERS}


def check_key(request: S3Request) -> None:
    """Refuse keys that are too long, and names that no bucket has. Raises KeyTooLongError or InvalidBucketName."""
    if "\0" in (request.bucket or "") or (request.bucket is None and request.key is not None):
        raise S3Error("InvalidBucketName", BucketName=(request.bucket or "").replace("\0", ""))
    if request.key is not None and len(request.key) > KEY_BYTES:
        raise S3Error("KeyTooLongError", Size=str(len(request.key)), MaxSizeAllowed=str(KEY_BYTES))
