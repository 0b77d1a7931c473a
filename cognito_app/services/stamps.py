"""Version stamps of what processes keep in memory, read at most once a request."""

from __future__ import annotations

from contextvars import ContextVar

from cognito_app.models import Stamp, stamp_notices

IAM = "iam"
DOMAINS = "domains"
LIMITS = "limits"

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
    seen[name] = Stamp.read([name]).get(name)
    return seen[name]


def is_known(name: str) -> bool:
    """Whether this request has read a stamp already."""
    seen = _seen.get()
    return seen is not None and name in seen


def note(name: str, version_read: int | None) -> None:
    """Keep, for the request, a version that was read together with something else."""
    seen = _seen.get()
    if seen is not None:
        seen[name] = version_read


def bump(name: str) -> None:
    """Make every process reload what carries this stamp. Call it inside the transaction of the change."""
    Stamp.bump(name)
    stamp_notices.notify(name)
    _forget(name)


def drop(name: str) -> None:
    """Remove the stamp of something deleted. Call it inside the transaction of the deletion."""
    Stamp.objects.filter(name=name).delete()
    stamp_notices.notify(name)
    _forget(name)


def _forget(name: str) -> None:
    """What this request reads from now on may be undone with its transaction: it is kept for the request only."""
    seen = _seen.get()
    if seen is not None:
        seen.pop(name, None)
        _seen.set(dict(seen))
