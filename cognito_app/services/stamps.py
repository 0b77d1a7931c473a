"""Version stamps of what processes keep in memory, read at most once a request."""

from __future__ import annotations

from contextvars import ContextVar

from django.db import connection

from cognito_app.models import Stamp, stamp_notices

IAM = "iam"
DOMAINS = "domains"

_seen: ContextVar[dict[str, int | None] | None] = ContextVar("stamps_seen", default=None)


def begin_request(*names: str) -> None:
    """Start a request: forget what changed, and read the stamps it will need in one query (none if they are known)."""
    seen = stamp_notices.known()
    if seen is None:
        seen = {}
    missing = [name for name in names if name not in seen]
    if missing:
        found = Stamp.read(missing)
        for name in missing:
            seen[name] = found.get(name)
    _seen.set(seen)


def end_request() -> None:
    """Outside of requests every look reads the database."""
    _seen.set(None)


def version(name: str) -> int | None:
    """Return the present version of a stamp, or None if it was never bumped."""
    seen = _seen.get()
    if seen is None:
        return Stamp.read([name]).get(name)
    if name in seen:
        return seen[name]
    found = Stamp.read([name]).get(name)
    if not connection.in_atomic_block:  # what a transaction reads may be undone
        seen[name] = found
    return found


def bump(name: str) -> None:
    """Make every process reload what carries this stamp. Call it inside the transaction of the change."""
    Stamp.bump(name)
    stamp_notices.notify(name)
    seen = _seen.get()
    if seen is not None:
        seen.pop(name, None)


def drop(name: str) -> None:
    """Remove the stamp of something deleted. Call it inside the transaction of the deletion."""
    Stamp.objects.filter(name=name).delete()
    stamp_notices.notify(name)
    seen = _seen.get()
    if seen is not None:
        seen.pop(name, None)
