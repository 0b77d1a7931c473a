"""The file of an import job: a URL that takes it, pieces that are sealed as they arrive, reading them back.

The URL stands in for S3's pre-signed one: whoever has it may upload, for fifteen minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from cognito_app.conf import app_settings
from cognito_app.core import clock, ids, keyring, numbers, secrets
from cognito_app.models import UserImportChunk, UserImportJob
from cognito_app.models.base import claim, delete_in_batches
from cognito_app.services.imports import states

LIFETIME = timedelta(minutes=15)
LONGEST_UPLOAD = timedelta(minutes=15)
LARGEST_FILE = 100 * 1024 * 1024
PIECE = 256 * 1024
PIECES_AT_ONCE = 40
PATH = "user-import"

Read = Callable[[int], bytes]


class UploadRefused(Exception):
    """An upload that is not taken, with S3's status and code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(message)


class UnreadableFile(Exception):
    """A stored file is incomplete, or its key is gone."""


def url(job: UserImportJob) -> str:
    """Return the address that takes the job's file, until fifteen minutes after the job was created."""
    expires = int((job.created_at + LIFETIME).timestamp())
    signature = keyring.mac("user-import-url", _signed(job.id, expires)).hex()
    return f"{app_settings.public_url}/{PATH}/{job.id}?Expires={expires}&Signature={signature}"


def _signed(job_id: str, expires: int) -> bytes:
    return f"PUT:{job_id}:{expires}".encode()


def check_url(job_id: str, expires: str, signature: str) -> None:
    """Check what ``url`` made. Raises UploadRefused."""
    if not expires or not signature:
        raise UploadRefused(403, "AccessDenied", "Access Denied")
    ends = numbers.whole(expires, numbers.EXACT)
    if ends is None:
        raise UploadRefused(403, "AccessDenied", "Invalid date (should be seconds since epoch)")
    made = keyring.mac_candidates("user-import-url", _signed(job_id, ends))
    if not any([secrets.compare(candidate.hex(), signature) for candidate in made]):
        raise UploadRefused(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided.",
        )
    if ends <= clock.epoch():
        raise UploadRefused(403, "AccessDenied", "Request has expired")


def receive(job_id: str, read: Read, size: int) -> None:
    """Store a file of ``size`` bytes; it replaces the one before once it is complete. Raises UploadRefused."""
    if size > LARGEST_FILE:
        raise UploadRefused(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
    upload = ids.uuid4()
    _begin(job_id)
    try:
        count = _store(job_id, upload, read, size)
        _finish(job_id, upload, count, size)
    except BaseException:
        delete_in_batches(UserImportChunk.objects.filter(job_id=job_id, upload=upload), PIECES_AT_ONCE)
        raise
    _delete_others(job_id, upload)


def _not_waiting() -> UploadRefused:
    return UploadRefused(403, "AccessDenied", "The user import job does not wait for a file.")


def _begin(job_id: str) -> None:
    """Drop what uploads that were broken off left behind; one that still runs finds that out at its end."""
    with transaction.atomic():
        row = UserImportJob.objects.select_for_update().filter(pk=job_id, status=states.CREATED).first()
        if row is None:
            raise _not_waiting()
        UserImportChunk.objects.filter(job_id=job_id).exclude(upload=row.upload).delete()


def _store(job_id: str, upload: str, read: Read, size: int) -> int:
    deadline = clock.now() + LONGEST_UPLOAD
    start = number = 0
    while start < size:
        content = _piece(read, min(PIECE, size - start), deadline)
        sealed = keyring.seal(content, aad=_context(job_id, upload, number))
        try:
            UserImportChunk.objects.create(
                job_id=job_id, upload=upload, number=number, start=start, content_sealed=sealed
            )
        except IntegrityError:
            raise _not_waiting() from None  # the pool was deleted
        start += len(content)
        number += 1
    return number


def _piece(read: Read, wanted: int, deadline: datetime) -> bytes:
    parts = []
    while wanted > 0:
        part = read(wanted)
        if not part:
            raise UploadRefused(400, "IncompleteBody", "The request body terminated unexpectedly")
        if clock.now() > deadline:
            raise UploadRefused(400, "RequestTimeout", "The upload took longer than fifteen minutes.")
        parts.append(part)
        wanted -= len(part)
    return b"".join(parts)


def _finish(job_id: str, upload: str, count: int, size: int) -> None:
    with transaction.atomic():
        waiting = UserImportJob.objects.filter(pk=job_id, status=states.CREATED)
        if not claim(waiting, upload=upload, uploaded_at=clock.now(), size=size):
            raise _not_waiting()
        if UserImportChunk.objects.filter(job_id=job_id, upload=upload).count() != count:
            raise UploadRefused(409, "OperationAborted", "A conflicting upload is in progress. Try again.")


def _delete_others(job_id: str, upload: str) -> None:
    others = UserImportChunk.objects.filter(job_id=job_id).exclude(upload=upload)
    delete_in_batches(others, PIECES_AT_ONCE)


def pieces(job: UserImportJob, offset: int = 0) -> Iterator[bytes]:
    """Yield the job's file from an offset on, piece by piece. Raises UnreadableFile."""
    stored = UserImportChunk.objects.filter(job_id=job.id, upload=job.upload)
    number = stored.filter(start__lte=offset).order_by("-number").values_list("number", flat=True).first() or 0
    while offset < job.size:
        row = stored.filter(number=number).first()
        if row is None:
            raise UnreadableFile
        try:
            content = keyring.unseal(bytes(row.content_sealed), aad=_context(job.id, job.upload, number))
        except keyring.SealError:
            raise UnreadableFile from None
        yield content[offset - row.start :]
        offset = row.start + len(content)
        number += 1


def _context(job_id: str, upload: str, number: int) -> bytes:
    return f"user-import:{job_id}:{upload}:{number}".encode()


def discard(job: UserImportJob) -> None:
    """Delete the file of a job that has ended."""
    delete_in_batches(UserImportChunk.objects.filter(job_id=job.id), PIECES_AT_ONCE)
    UserImportJob.objects.filter(pk=job.id).update(size=0)
