"""Many threads that do one thing at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def in_parallel(attempt: Callable[[int], T], tries: int = 12) -> list[T]:
    """Run something from many threads at once, each with its number; returns the outcomes in order."""

    def one(number: int) -> T:
        try:
            return attempt(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(tries) as pool:
        return list(pool.map(one, range(tries)))
