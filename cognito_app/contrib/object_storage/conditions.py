"""Conditional requests and ranges.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html and RFC 9110, 13 and 14
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.models import StoredObject

_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.ASCII)


def check_read(headers: Mapping[str, str], row: StoredObject, prefix: str = "") -> None:
    """Check what a reader asks of an object. Raises PreconditionFailed or NotModified.

    With a ``prefix`` the headers are those of a copy's source, for which nothing is "not modified".
    """
    match, unmodified = headers.get(f"{prefix}if-match"), _time(headers.get(f"{prefix}if-unmodified-since"))
    if match is not None:
        if not _names(match, row.etag):
            raise _failed(f"{prefix}if-match")
    elif unmodified is not None and _seconds(row.modified_at) > unmodified:
        raise _failed(f"{prefix}if-unmodified-since")
    none, modified = headers.get(f"{prefix}if-none-match"), _time(headers.get(f"{prefix}if-modified-since"))
    if none is not None:
        unchanged = _names(none, row.etag)
    else:
        unchanged = modified is not None and _seconds(row.modified_at) <= modified
    if unchanged:
        raise _failed(f"{prefix}if-none-match") if prefix else S3Error("NotModified", ETag=row.etag)


def check_write(headers: Mapping[str, str], row: StoredObject | None, key: bytes) -> None:
    """Check what a writer asks of the object of before. Raises PreconditionFailed, NoSuchKey or NotImplemented."""
    match, none = headers.get("if-match"), headers.get("if-none-match")
    if none is not None:
        if none.strip() != "*":
            raise S3Error("NotImplemented", Header="If-None-Match")
        if row is not None:
            raise _failed("if-none-match")
    if match is not None:
        if row is None:
            raise S3Error("NoSuchKey", Key=key.decode())
        if not _names(match, row.etag):
            raise _failed("if-match")


def _failed(header: str) -> S3Error:
    name = "-".join(word.capitalize() for word in header.split("-")) if not header.startswith("x-amz") else header
    return S3Error("PreconditionFailed", Condition=name)


def _names(header: str, etag: str) -> bool:
    return header.strip() == "*" or etag in [word.strip().removeprefix("W/").strip('"') for word in header.split(",")]


def _time(header: str | None) -> float | None:
    if header is None:
        return None
    try:
        return parsedate_to_datetime(header).timestamp()
    except (ValueError, OverflowError):
        return None


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())


def span(header: str | None, size: int) -> tuple[int, int] | None:
    """Return start and length of the range that a header names, None for the whole. Raises InvalidRange.

    As with S3, a header that is not one range of bytes is ignored.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first == "":
        length = min(int(last), size)
        if length == 0:
            raise _unsatisfiable(match.group(), size)
        return size - length, length
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        raise _unsatisfiable(match.group(), size)
    return start, (min(int(last), size - 1) if last else size - 1) - start + 1


def _unsatisfiable(asked: str, size: int) -> S3Error:
    return S3Error("InvalidRange", RangeRequested=asked, ActualObjectSize=str(size))
