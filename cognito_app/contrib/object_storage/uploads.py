"""The only writer of uploads in parts. Their parts become an object's content as they are, without being copied."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.db import IntegrityError, transaction

from cognito_app.contrib.object_storage import checksums, crc_sums, files, store
from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.models import Part, Upload
from cognito_app.contrib.object_storage.store import Condition, Content, Description
from cognito_app.core import clock, numbers, secrets

MIN_PART = 5 * 1024 * 1024
MAX_PARTS = 10_000


@dataclass(frozen=True, slots=True)
class Named:
    """A part as a client names it when it completes an upload."""

    number: int
    etag: str
    checksum: str | None = None


def part_number(text: str) -> int:
    """Return the number of a part. Raises InvalidArgument."""
    number = numbers.whole(text, MAX_PARTS)
    if not number:
        raise S3Error(
            "InvalidArgument",
            f"Part number must be an integer between 1 and {MAX_PARTS}, inclusive",
            ArgumentName="partNumber",
            ArgumentValue=text,
        )
    return number


def begin(
    bucket: str, key: bytes, description: Description, *, initiator: str, algorithm: str, checksum_type: str
) -> Upload:
    """Announce an upload. Ids of one key sort by age."""
    now = clock.now()
    try:
        with transaction.atomic():
            row = Upload(
                id=f"{int(now.timestamp() * 1000):012x}{secrets.token_bytes(20).hex()}",
                bucket_id=bucket,
                key=key,
                headers=description.headers,
                metadata=description.metadata,
                tags=description.tags,
                initiator=initiator[:2048],
                algorithm=algorithm,
                checksum_type=checksum_type,
                created_at=now,
            )
            row.save(force_insert=True)
    except IntegrityError:
        raise S3Error("NoSuchBucket", BucketName=bucket) from None
    return row


def find(bucket: str, key: bytes, upload_id: str) -> Upload:
    """Return an upload. Raises NoSuchUpload."""
    known = upload_id.isascii() and upload_id.isalnum() and len(upload_id) <= 64
    found = Upload.objects.filter(pk=upload_id, bucket_id=bucket, key=key).first() if known else None
    if found is None:
        raise S3Error("NoSuchUpload", UploadId=upload_id)
    return found


def _locked(upload: Upload) -> Upload:
    found = Upload.objects.select_for_update().filter(pk=upload.pk).first()
    if found is None:
        raise S3Error("NoSuchUpload", UploadId=upload.pk)
    return found


@transaction.atomic
def put_part(upload: Upload, number: int, *, file: str, size: int, etag: str, checksum: str) -> Part:
    """Make a stored content a part, in the place of one with the same number. Raises NoSuchUpload."""
    _locked(upload)
    before = Part.objects.filter(upload=upload, number=number).first()
    row = before or Part(upload=upload, number=number)
    if before is not None:
        files.drop([before.file])
    row.file, row.size, row.etag, row.checksum, row.modified_at = file, size, etag, checksum, clock.now()
    row.save()
    files.keep([file])
    return row


@transaction.atomic
def abort(upload: Upload) -> None:
    """Give an upload up. Raises NoSuchUpload."""
    _locked(upload)
    files.drop(Part.objects.filter(upload=upload).values_list("file", flat=True))
    Upload.objects.filter(pk=upload.pk).delete()


def complete(
    upload: Upload, named: Sequence[Named], *, whole: str | None = None, condition: Condition | None = None
) -> Content:
    """Make an object of an upload's parts.

    ``whole`` is the checksum that the client expects of it. Raises NoSuchUpload, InvalidPart, InvalidPartOrder,
    EntityTooSmall, BadDigest, or what ``condition`` raises.
    """
    while True:
        try:
            with transaction.atomic():
                return _complete(upload, named, whole, condition)
        except IntegrityError:
            # Another request made the key at this moment; if instead the bucket went away, so did the upload.
            continue


def _complete(upload: Upload, named: Sequence[Named], whole: str | None, condition: Condition | None) -> Content:
    row = _locked(upload)
    held = {part.number: part for part in Part.objects.filter(upload=row)}
    parts = _chosen(row, named, held)
    checksum = _checksum(row, parts)
    if whole is not None and checksum.get("value") != whole:
        raise S3Error("BadDigest", "The checksum you specified did not match the calculated checksum.")
    digest = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in parts), usedforsecurity=False).hexdigest()
    content = Content(
        segments=[[part.file, part.size] for part in parts],
        size=sum(part.size for part in parts),
        etag=f"{digest}-{len(parts)}",
        checksum=checksum,
    )
    description = Description(row.headers, row.metadata, row.tags)
    store.place(row.bucket_id, bytes(row.key), content, description, condition=condition)
    used = {part.pk for part in parts}
    files.drop(part.file for part in held.values() if part.pk not in used)
    Upload.objects.filter(pk=row.pk).delete()
    return content


def _chosen(upload: Upload, named: Sequence[Named], held: dict[int, Part]) -> list[Part]:
    numbers = [part.number for part in named]
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise S3Error("InvalidPartOrder", UploadId=upload.pk)
    chosen = []
    for position, wanted in enumerate(named):
        part = held.get(wanted.number)
        if part is None or part.etag != wanted.etag or wanted.checksum not in (None, part.checksum):
            raise S3Error("InvalidPart", UploadId=upload.pk, PartNumber=str(wanted.number), ETag=wanted.etag)
        if part.size < MIN_PART and position < len(named) - 1:
            raise S3Error(
                "EntityTooSmall",
                ProposedSize=str(part.size),
                MinSizeAllowed=str(MIN_PART),
                PartNumber=str(part.number),
                ETag=part.etag,
            )
        chosen.append(part)
    return chosen


def _checksum(upload: Upload, parts: Sequence[Part]) -> dict[str, str]:
    if not upload.algorithm:
        return {}
    if upload.checksum_type == checksums.FULL_OBJECT:
        value = crc_sums.joined(upload.algorithm, [(part.checksum, part.size) for part in parts])
    else:
        value = checksums.composite(upload.algorithm, [part.checksum for part in parts])
    return {"algorithm": upload.algorithm, "value": value, "type": upload.checksum_type}
