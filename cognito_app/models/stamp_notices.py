"""What a connection knows of the version stamps, kept true by PostgreSQL's notifications.

A connection that listens needs no query to learn that nothing changed: the notices of other processes' changes wait on
its socket. Everything is forgotten once a second, so that a lost notice (a pooler in between) cannot last.
"""

from __future__ import annotations

import time
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

CHANNEL = "cognito_stamps"
FORGET_AFTER_SECONDS = 1.0
_ATTRIBUTE = "_cognito_stamps"


class Known:
    """The stamps that one listening connection has read."""

    def __init__(self, wrapper: BaseDatabaseWrapper) -> None:
        self.versions: dict[str, int | None] = {}
        self._until = 0.0
        self._raw: Any = wrapper.connection
        self._raw.add_notify_handler(self._notice)

    def _notice(self, notice: Any) -> None:
        self.versions.pop(notice.payload, None)

    def refresh(self) -> None:
        """Forget what changed since the last look. Raises the driver's error if the connection is broken."""
        line = self._raw.pgconn
        line.consume_input()
        while notice := line.notifies():
            self.versions.pop(notice.extra.decode(), None)
        now = time.monotonic()
        if now > self._until:
            self.versions.clear()
            self._until = now + FORGET_AFTER_SECONDS


def listen(sender: object, *, connection: BaseDatabaseWrapper, **unused: object) -> None:
    """Start to listen on a new connection of the default database (a receiver of ``connection_created``)."""
    if connection.vendor != "postgresql" or connection.alias != "default":
        return
    with connection.cursor() as cursor:
        cursor.execute(f"LISTEN {CHANNEL}")
    setattr(connection, _ATTRIBUTE, Known(connection))


def _driver_error() -> type[Exception]:
    database: Any = connection
    error: type[Exception] = database.Database.Error
    return error


def known() -> dict[str, int | None] | None:
    """Return the stamps that this thread's connection knows now, or None if it does not listen."""
    if connection.vendor != "postgresql":
        return None
    held: Known | None = getattr(connection, _ATTRIBUTE, None)
    if held is None or connection.connection is None or connection.in_atomic_block:
        return None
    try:
        held.refresh()
    except _driver_error():
        # The server went away: the next statement makes a new connection instead of failing.
        connection.close()
        return None
    return held.versions


def notify(name: str) -> None:
    """Tell the listening connections, once the present transaction commits, that a stamp changed."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, name])
