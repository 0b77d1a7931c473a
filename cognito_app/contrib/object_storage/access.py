"""What policies say of a request: S3's actions, resources and condition keys.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from cognito_app.contrib.object_storage import store
from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.requests import S3Request
from cognito_app.core import clock
from cognito_app.errors import ServiceError
from cognito_app.services import principals
from cognito_app.services.actor import Actor

HEADER_KEYS = (
    "x-amz-acl",
    "x-amz-content-sha256",
    "x-amz-copy-source",
    "x-amz-metadata-directive",
    "x-amz-server-side-encryption",
    "x-amz-storage-class",
)
"""Headers that policies may ask for as ``s3:<header>``."""

Extra = Mapping[str, str | list[str]]


def arn(bucket: str, key: bytes | None = None) -> str:
    """Return the ARN of a bucket or an object."""
    return f"arn:aws:s3:::{bucket}" + ("" if key is None else f"/{key.decode()}")


def require(request: S3Request, action: str, resource: str, extra: Extra | None = None) -> None:
    """Check that the signer may do an action. Raises AccessDenied with AWS's reason."""
    try:
        principals.authorize(
            request.principal,
            action,
            resource,
            ip=request.ip,
            extra={**_context(request), **(extra or {})},
        )
    except ServiceError as error:
        raise S3Error("AccessDenied", error.message or None) from None


def on_object(request: S3Request, action: str, extra: Extra | None = None) -> None:
    """Check an action on the object that the request addresses. Raises AccessDenied."""
    require(request, action, arn(request.bucket_name(), request.object_key()), extra)


def on_bucket(request: S3Request, action: str, extra: Extra | None = None) -> None:
    """Check an action on the bucket that the request addresses. Raises AccessDenied."""
    require(request, action, arn(request.bucket_name()), extra)


def existing_tags(tags: Mapping[str, str] | None) -> dict[str, str]:
    """Return the condition keys of an object's tags."""
    return {f"s3:ExistingObjectTag/{name}": value for name, value in (tags or {}).items()}


def request_tags(tags: Mapping[str, str]) -> dict[str, str | list[str]]:
    """Return the condition keys of the tags that a request brings."""
    found: dict[str, str | list[str]] = {f"s3:RequestObjectTag/{name}": value for name, value in tags.items()}
    if tags:
        found["s3:RequestObjectTagKeys"] = list(tags)
    return found


def missing_key(request: S3Request, bucket: str, key: bytes) -> NoReturn:
    """Tell that an object is not there, to those who may list its bucket. Raises NoSuchKey or AccessDenied."""
    require(request, "s3:ListBucket", arn(bucket))
    store.bucket(bucket)
    raise S3Error("NoSuchKey", Key=key.decode())


def actor_of(request: S3Request) -> Actor:
    """Return the signer for the audit trail."""
    agent = request.headers.get("user-agent", "")[:512]
    return Actor(name=request.principal.arn, ip=request.ip, user_agent=agent, request_id=request.request_id)


def _context(request: S3Request) -> dict[str, str | list[str]]:
    signature = request.signature
    age = max((clock.now() - signature.signed_at).total_seconds() * 1000, 0)
    found: dict[str, str | list[str]] = {
        "s3:authType": "REST-QUERY-STRING" if signature.presigned else "REST-HEADER",
        "s3:signatureAge": str(int(age)),
        "s3:signatureversion": "AWS4-HMAC-SHA256",
        "s3:ResourceAccount": request.principal.account_id,
    }
    for name in HEADER_KEYS:
        if name in request.headers:
            found[f"s3:{name}"] = request.headers[name]
    if "user-agent" in request.headers:
        found["aws:UserAgent"] = request.headers["user-agent"]
    if "referer" in request.headers:
        found["aws:Referer"] = request.headers["referer"]
    return found
