"""What requests say of the objects that they store: headers, metadata, tags; and what is refused, not ignored."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.requests import METADATA
from cognito_app.contrib.object_storage.store import Description

KEPT = ("cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires")
DEFAULT_TYPE = "binary/octet-stream"
MAX_METADATA = 2048
MAX_TAGS = 10
NOT_BUILT = (
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
    "x-amz-object-lock-legal-hold",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-copy-source-server-side-encryption-customer-algorithm",
    "x-amz-website-redirect-location",
    "x-amz-write-offset-bytes",
)
OWNER_ACLS = ("private", "bucket-owner-full-control")


def of_request(headers: Mapping[str, str]) -> Description:
    """Return the description in a request's headers. Raises MetadataTooLarge, InvalidTag or what ``check`` raises."""
    check(headers)
    kept = {name: headers[name] for name in KEPT if headers.get(name)}
    encoding = [word.strip() for word in kept.pop("content-encoding", "").split(",")]
    encoding = [word for word in encoding if word and word != "aws-chunked"]
    if encoding:
        kept["content-encoding"] = ",".join(encoding)
    kept.setdefault("content-type", DEFAULT_TYPE)
    return Description(headers=kept, metadata=metadata_of(headers), tags=tags_of(headers.get("x-amz-tagging", "")))


def check(headers: Mapping[str, str]) -> None:
    """Refuse what this service does not do.

    Raises NotImplemented, AccessControlListNotSupported or InvalidStorageClass.
    """
    for name in NOT_BUILT:
        if name in headers:
            raise S3Error("NotImplemented", Header=name)
    if headers.get("x-amz-acl", "private") not in OWNER_ACLS:
        raise S3Error("AccessControlListNotSupported")
    if headers.get("x-amz-storage-class", "STANDARD") != "STANDARD":
        raise S3Error("InvalidStorageClass", StorageClassRequested=headers["x-amz-storage-class"])


def metadata_of(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the client's own metadata. Raises MetadataTooLarge."""
    found = {name[len(METADATA) :]: value for name, value in headers.items() if name.startswith(METADATA)}
    size = sum(len(name) + len(value.encode()) for name, value in found.items())
    if size > MAX_METADATA:
        raise S3Error("MetadataTooLarge", Size=str(size), MaxSizeAllowed=str(MAX_METADATA))
    return found


def tags_of(text: str) -> dict[str, str]:
    """Return the tags of a header. Raises InvalidTag or BadRequest."""
    pairs = parse_qsl(text, keep_blank_values=True)
    tags = dict(pairs)
    if len(tags) < len(pairs):
        raise S3Error("InvalidTag", "Cannot provide multiple Tags with the same key")
    return checked_tags(tags)


def checked_tags(tags: dict[str, str]) -> dict[str, str]:
    """Hold tags to S3's bounds. Raises InvalidTag or BadRequest."""
    if len(tags) > MAX_TAGS:
        raise S3Error("BadRequest", "Object tags cannot be greater than 10", 400)
    for name, value in tags.items():
        if not 1 <= len(name) <= 128:
            raise S3Error("InvalidTag", "The TagKey you have provided is invalid", TagKey=name)
        if len(value) > 256 or "\0" in name + value:
            raise S3Error("InvalidTag", TagKey=name, TagValue=value)
    return tags
