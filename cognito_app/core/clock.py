"""The time, so that tests can move it in one place."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


def epoch() -> int:
    """Return the present instant in whole seconds since 1970."""
    return int(now().timestamp())


def from_epoch(seconds: float) -> datetime:
    """Return the aware instant of ``seconds`` since 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def epoch_millis(instant: datetime) -> float:
    """Return seconds since 1970 with a fraction of three digits, as AWS's JSON prints timestamps."""
    return round(instant.timestamp(), 3)
