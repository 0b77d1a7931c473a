"""The contents of objects, in one of Django's storages.

A file has a random name that owes nothing to a key. It is noted as a leftover before its first byte is written and
struck off in the transaction that makes it part of an object: whatever breaks in between, ``sweep`` finds it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages

from cognito_app.contrib.object_storage import conf
from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.models import Leftover
from cognito_app.core import clock, secrets

ALIAS = "cognito_objects"
PIECE = 256 * 1024
SWEEP_AT_ONCE = 20
FULL_SWEEP = 500
_logger = logging.getLogger(__name__)

Segments = list[list[Any]]
"""Names and sizes of the files that make up a content."""


def storage() -> Storage:
    """Return the storage: ``STORAGES["cognito_objects"]``, else the folder of the settings."""
    if ALIAS in settings.STORAGES:
        return storages[ALIAS]
    location = conf.current().location or str(Path(settings.MEDIA_ROOT or "var") / "objects")
    return FileSystemStorage(location=location, base_url=None, file_permissions_mode=0o600)


class _Incoming(File):  # type: ignore[type-arg]  # of bytes
    """Pieces in the form in which storages take a file: some ask for chunks, some read."""

    def __init__(self, name: str, pieces: Iterator[bytes]) -> None:
        super().__init__(None, name)
        self._pieces = pieces
        self._held = b""

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Yield the pieces."""
        return self._pieces

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes."""
        if size is None or size < 0:
            return b"".join(self._pieces)
        while len(self._held) < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._held += piece
        found, self._held = self._held[:size], self._held[size:]
        return found

    def seekable(self) -> bool:
        """It goes forward only."""
        return False


def write(pieces: Iterator[bytes]) -> str:
    """Store a content under a new name, noted as a leftover; returns the name. What ``pieces`` raises goes on."""
    name = _new_name()
    due = clock.now() + timedelta(seconds=conf.current().keep_unfinished_seconds)
    Leftover.objects.create(file=name, due_at=due)
    store = storage()
    try:
        store.save(name, _Incoming(name, pieces))
    except BaseException:
        _remove(store, name)
        raise
    return name


def _new_name() -> str:
    text = secrets.token_bytes(16).hex()
    return f"{text[:2]}/{text[2:4]}/{text[4:]}"


def keep(names: Iterable[str]) -> None:
    """Strike new files off the leftovers, in the transaction that refers to them.

    Raises RequestTimeout if one is due already: ``sweep`` may have taken it.
    """
    wanted = list(names)
    kept, _ = Leftover.objects.filter(pk__in=wanted, due_at__gt=clock.now()).delete()
    if kept != len(wanted):
        raise S3Error("RequestTimeout", "The content did not arrive in time.", 400)


def drop(names: Iterable[str]) -> None:
    """Note files as leftovers, in the transaction that ceases to refer to them; their readers get time to finish."""
    due = clock.now() + timedelta(seconds=conf.current().keep_replaced_seconds)
    Leftover.objects.bulk_create([Leftover(file=name, due_at=due) for name in names], batch_size=500)


def discard(name: str) -> None:
    """Remove a file that never became part of an object."""
    _remove(storage(), name)


def sweep(most: int = SWEEP_AT_ONCE) -> int:
    """Remove leftovers that are due, ``most`` at once; returns how many are gone."""
    # The margin is for the clocks of several hosts: what is due on one must not be kept by another.
    before = clock.now() - timedelta(minutes=1)
    due = list(Leftover.objects.filter(due_at__lt=before).order_by("due_at").values_list("pk", flat=True)[:most])
    if not due:
        return 0
    store = storage()
    return sum(_remove(store, name) for name in due)


def sweep_all() -> int:
    """Remove every leftover that is due; returns how many are gone."""
    total = 0
    while gone := sweep(FULL_SWEEP):
        total += gone
    return total


def _remove(store: Storage, name: str) -> bool:
    """Remove a file and its note; one that resists is tried again later."""
    try:
        store.delete(name)
    except OSError:
        _logger.warning("A file of the object storage could not be removed; it is tried again later.")
        Leftover.objects.filter(pk=name).update(due_at=clock.now() + timedelta(hours=1))
        return False
    Leftover.objects.filter(pk=name).delete()
    return True


def names_of(segments: Segments) -> list[str]:
    """Return the names of the files of a content."""
    return [str(name) for name, _ in segments]


def read(segments: Segments, start: int, length: int) -> Iterator[bytes]:
    """Yield ``length`` bytes of a content from ``start`` on."""
    store = storage()
    offset = 0
    for name, size in segments:
        if length <= 0:
            return
        begin = max(start - offset, 0)
        offset += size
        if begin >= size:
            continue
        wanted = min(size - begin, length)
        length -= wanted
        yield from _read_file(store, str(name), begin, wanted)


def _read_file(store: Storage, name: str, begin: int, wanted: int) -> Iterator[bytes]:
    with store.open(name, "rb") as file:
        if begin:
            file.seek(begin)
        while wanted > 0:
            piece = file.read(min(PIECE, wanted))
            if not piece:
                raise OSError("A file of the object storage is shorter than its row says.")
            wanted -= len(piece)
            yield piece
