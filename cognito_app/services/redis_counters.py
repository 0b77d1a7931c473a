"""Counts requests in Redis: one script a request, over connections that are kept.

A Redis that does not answer takes nothing down: requests pass uncounted, and it is asked again after a second.
"""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Mapping
from typing import Any

import structlog

TIMEOUT_SECONDS = 0.25
REST_SECONDS = 1.0
PREFIX = "{cognito-rate}"
"""In braces, so that the nodes of a Redis Cluster keep the keys of one script together."""

TAKE = """
for i, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') >= tonumber(ARGV[i]) then return 0 end
end
for _, key in ipairs(KEYS) do
  if redis.call('INCR', key) == 1 then redis.call('EXPIRE', key, 10) end
end
return 1
"""

log = structlog.get_logger(__name__)


class RedisCounters:
    """The counters of one Redis, for all threads of a process."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._rests_until = 0.0
        self._script: Any = None

    def take(self, second: int, limits: Mapping[str, int]) -> bool:
        """Count one request of every key; False, counting none, if a key has had as many in this second as its limit.

        Redis runs the script alone, so that no more than the limit pass.
        """
        if time.monotonic() < self._rests_until:
            return True
        keys = [f"{PREFIX}:{second}:{key}" for key in limits]
        try:
            if self._script is None:
                self._script = _connect(self.url).register_script(TAKE)
            return bool(self._script(keys=keys, args=list(limits.values())))
        except Exception as error:
            # Whatever Redis or its driver does, sign-in goes on.
            self._rests_until = time.monotonic() + REST_SECONDS
            log.warning("rate_counters_unreachable", error=type(error).__name__)
            return True


def _connect(url: str) -> Any:
    redis = importlib.import_module("redis")
    retries = importlib.import_module("redis.retry")
    backoff = importlib.import_module("redis.backoff")
    return redis.Redis.from_url(
        url,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        # Once more for a connection that Redis closed while it lay idle; never after a timeout.
        retry=retries.Retry(backoff.NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )


_lock = threading.Lock()
_counters: RedisCounters | None = None


def of(url: str) -> RedisCounters:
    """Return the counters of a Redis; one per process, made anew when the setting changes."""
    global _counters
    known = _counters
    if known is None or known.url != url:
        with _lock:
            known = _counters = RedisCounters(url)
    return known
