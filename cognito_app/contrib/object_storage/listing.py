"""Lists of keys in the order of their bytes, rolled up at a delimiter, without reading what is rolled up.

Behind each common prefix the next query starts at the first key that does not have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import models

Row = dict[str, Any]
FIRST_BATCH = 50
FULL_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is to show: keys with ``prefix`` behind ``after``; ``fields`` of each beside the key."""

    prefix: bytes
    delimiter: bytes
    after: bytes
    limit: int
    fields: tuple[str, ...]


@dataclass(slots=True)
class Page:
    """Rows and common prefixes in order; ``last`` is the last of both, where the next page goes on."""

    rows: list[Row] = field(default_factory=list)
    prefixes: list[bytes] = field(default_factory=list)
    last: bytes = b""
    truncated: bool = False


def page(rows: models.QuerySet[Any], wanted: Wanted) -> Page:
    """Return a page of ``rows``, which have a ``key``."""
    found = Page()
    if wanted.limit == 0:
        return found
    for key, row in _entries(rows, wanted):
        if len(found.rows) + len(found.prefixes) == wanted.limit:
            found.truncated = True
            break
        if row is None:
            found.prefixes.append(key)
        else:
            found.rows.append(row)
        found.last = key
    return found


def _entries(rows: models.QuerySet[Any], wanted: Wanted) -> Iterator[tuple[bytes, Row | None]]:
    """Yield keys with their rows, and common prefixes with None."""
    low: bytes | None = first_key(wanted)
    end = successor(wanted.prefix)
    if end is not None:
        rows = rows.filter(key__lt=end)
    size = min(FIRST_BATCH, wanted.limit + 1) if wanted.delimiter else wanted.limit + 1
    while low is not None:
        batch = list(rows.filter(key__gte=low).order_by("key").values("key", *wanted.fields)[:size])
        skip: bytes | None = None
        skipped = False
        for row in batch:
            key = bytes(row["key"])
            if skip is not None and key.startswith(skip):
                skipped = True
                continue
            skip = common_prefix(key, wanted)
            yield (key, {**row, "key": key}) if skip is None else (skip, None)
        if len(batch) < size:
            return
        last = bytes(batch[-1]["key"])
        low = successor(skip) if skip is not None else last + b"\0"
        size = FIRST_BATCH if skipped else min(size * 2, FULL_BATCH)


def common_prefix(key: bytes, wanted: Wanted) -> bytes | None:
    """Return the prefix that a key is rolled up to, None if it stands for itself."""
    if not wanted.delimiter:
        return None
    at = key.find(wanted.delimiter, len(wanted.prefix))
    return None if at < 0 else key[: at + len(wanted.delimiter)]


def first_key(wanted: Wanted) -> bytes:
    """Return the first key that may be listed; behind a common prefix it is one without that prefix."""
    return max(wanted.prefix, _behind(wanted))


def _behind(wanted: Wanted) -> bytes:
    after = wanted.after
    if not after:
        return b""
    if after.startswith(wanted.prefix) and common_prefix(after, wanted) == after:
        return successor(after) or after + b"\xff"
    return after + b"\0"


def successor(prefix: bytes) -> bytes | None:
    """Return the first key behind all that have a prefix, None if there is no end."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes([stripped[-1] + 1]) if stripped else None
