"""Version stamps of what processes keep in memory, read at most once a request."""

from __future__ import annotations

from contextvars import ContextVar

from cognito_app.models import Stamp

IAM = "iam"
DOMAINS = "domains"

_seen: ContextVar[dict[str, int | None] | None] = ContextVar("stamps_seen", default=None)


def begin_request(*names: str) -> None:
    """Start a request: forget what the last one saw, and read the stamps it will need in one query."""
    if not names:
        _seen.set({})
        return
    found = Stamp.read(names)
    _seen.set({name: found.get(name) for name in names})


def end_request() -> None:
    """Outside of requests every look reads the database."""
    _seen.set(None)


def version(name: str) -> int | None:
    """Return the present version of a stamp, or None if it was never bumped."""
    seen = _seen.get()
    if seen is None:
        return Stamp.read([name]).get(name)
    if name not in seen:
        seen[name] = Stamp.read([name]).get(name)
    return seen[name]


def bump(name: str) -> None:
    """Make every process reload what carries this stamp. Call it inside the transaction of the change."""
    Stamp.bump(name)
    seen = _seen.get()
    if seen is not None:
        seen.pop(name, None)


def drop(name: str) -> None:
    """Remove the stamp of something deleted. Call it inside the transaction of the deletion."""
    Stamp.objects.filter(name=name).delete()
    seen = _seen.get()
    if seen is not None:
        seen.pop(name, None)
