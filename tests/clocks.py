"""Clocks that stand still, each at an instant of its own."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import time_machine


@contextmanager
def stopped() -> Iterator[Any]:
    """Stop the clock at an instant that no other test uses: Redis keeps its counters for seconds."""
    with time_machine.travel(2_000_000_000 + 60 * secrets.randbelow(10_000_000), tick=False) as moved:
        yield moved
