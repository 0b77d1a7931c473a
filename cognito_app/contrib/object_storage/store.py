"""The only writer of buckets and objects: each change becomes visible in one step."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from cognito_app.contrib.object_storage import files
from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.files import Segments
from cognito_app.contrib.object_storage.models import Bucket, StoredObject, Upload
from cognito_app.core import clock
from cognito_app.services.actor import Actor, audit

MAX_BUCKETS = 10_000
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}", re.ASCII)
_TAKEN_STARTS = ("xn--", "sthree-")
_TAKEN_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


@dataclass(frozen=True, slots=True)
class Content:
    """What becomes an object: stored files, and what is known of them."""

    segments: Segments
    size: int
    etag: str
    checksum: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Description:
    """What a client says of an object."""

    headers: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


def bucket(name: str) -> Bucket:
    """Return a bucket. Raises NoSuchBucket."""
    found = Bucket.objects.filter(pk=name).first()
    if found is None:
        raise S3Error("NoSuchBucket", BucketName=name)
    return found


def create_bucket(actor: Actor, name: str, region: str) -> Bucket:
    """Create a bucket. Raises InvalidBucketName, BucketAlreadyOwnedByYou or TooManyBuckets."""
    dotted = ".." in name or ".-" in name or "-." in name
    reserved = name.startswith(_TAKEN_STARTS) or name.endswith(_TAKEN_ENDS)
    if not _NAME.fullmatch(name) or _ADDRESS.fullmatch(name) or dotted or reserved:
        raise S3Error("InvalidBucketName", BucketName=name)
    if Bucket.objects.count() >= MAX_BUCKETS:
        raise S3Error("TooManyBuckets", "You have attempted to create more buckets than allowed", 400)
    try:
        with transaction.atomic():
            row = Bucket(name=name, region=region, created_at=clock.now())
            row.save(force_insert=True)
            audit(actor, "CreateBucket", subject=name)
    except IntegrityError:
        raise S3Error("BucketAlreadyOwnedByYou", BucketName=name) from None
    return row


def delete_bucket(actor: Actor, name: str) -> None:
    """Delete an empty bucket. Raises NoSuchBucket or BucketNotEmpty."""
    try:
        with transaction.atomic():
            found = Bucket.objects.select_for_update().filter(pk=name)
            if not found.exists():
                raise S3Error("NoSuchBucket", BucketName=name)
            # Of uploads that nobody completed S3 keeps no bucket alive either.
            _drop_uploads(name)
            if StoredObject.objects.filter(bucket_id=name).exists():
                raise S3Error("BucketNotEmpty", BucketName=name)
            Bucket.objects.filter(pk=name).delete()
            audit(actor, "DeleteBucket", subject=name)
    except IntegrityError:
        raise S3Error("BucketNotEmpty", BucketName=name) from None


def _drop_uploads(name: str) -> None:
    for upload in Upload.objects.filter(bucket_id=name).only("pk"):
        files.drop(upload.part_set.values_list("file", flat=True))
        upload.delete()


def set_cors(actor: Actor, name: str, rules: list[dict[str, Any]] | None) -> None:
    """Replace a bucket's rules for other origins; None takes them away. Raises NoSuchBucket."""
    with transaction.atomic():
        if not Bucket.objects.filter(pk=name).update(cors=rules):
            raise S3Error("NoSuchBucket", BucketName=name)
        audit(actor, "PutBucketCors" if rules else "DeleteBucketCors", subject=name)


def find(bucket_name: str, key: bytes) -> StoredObject | None:
    """Return an object, or None."""
    return StoredObject.objects.filter(bucket_id=bucket_name, key=key).first()


Condition = Callable[[StoredObject | None], None]


def put(
    bucket_name: str, key: bytes, content: Content, description: Description, *, condition: Condition | None = None
) -> datetime:
    """Make a stored content the object of a key, in the place of whatever it was; returns the time.

    ``condition`` looks at the object of before and raises what it likes. Raises NoSuchBucket or RequestTimeout.
    """
    while True:
        try:
            with transaction.atomic():
                files.keep(files.names_of(content.segments))
                return place(bucket_name, key, content, description, condition=condition)
        except IntegrityError:
            # Either another request made the key at this moment, or the bucket went away.
            bucket(bucket_name)


def place(
    bucket_name: str, key: bytes, content: Content, description: Description, *, condition: Condition | None = None
) -> datetime:
    """Put files that are kept already in the place of what a key was, inside of a transaction.

    Raises IntegrityError where it must be tried again.
    """
    before = StoredObject.objects.select_for_update().filter(bucket_id=bucket_name, key=key).first()
    if condition is not None:
        condition(before)
    now = clock.now()
    row = before or StoredObject(bucket_id=bucket_name, key=key)
    if before is not None:
        files.drop(files.names_of(before.segments))
    row.segments, row.size, row.etag, row.checksum = content.segments, content.size, content.etag, content.checksum
    row.headers, row.metadata, row.tags = description.headers, description.metadata, description.tags
    row.modified_at = now
    row.save()
    return now


@transaction.atomic
def delete(bucket_name: str, key: bytes) -> None:
    """Delete an object; a missing one is as good as deleted."""
    row = StoredObject.objects.select_for_update().filter(bucket_id=bucket_name, key=key).only("segments").first()
    if row is not None:
        files.drop(files.names_of(row.segments))
        StoredObject.objects.filter(pk=row.pk).delete()


@transaction.atomic
def delete_for_operator(actor: Actor, bucket_name: str, key: bytes) -> None:
    """Delete an object from the portal, which leaves a trace."""
    delete(bucket_name, key)
    audit(actor, "DeleteObject", subject=f"{bucket_name}/{key.decode()}".replace("\0", "?"))


def set_tags(bucket_name: str, key: bytes, tags: Mapping[str, str]) -> None:
    """Replace an object's tags. Raises NoSuchKey."""
    if not StoredObject.objects.filter(bucket_id=bucket_name, key=key).update(tags=tags):
        raise S3Error("NoSuchKey", Key=key.decode())
