"""Processes that do one thing at the same time, as the workers of a server do: they share nothing but the database."""

from __future__ import annotations

import multiprocessing
import time
import traceback
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from django.db import connections

PROCESSES = 8
PATIENCE_SECONDS = 1800


def in_processes(tries: int, attempt: Callable[[int], str], processes: int = PROCESSES) -> Counter[str]:
    """Run ``attempt`` with the numbers of its tries, dealt out to processes that start together; count the outcomes."""
    # A forked process must not share the socket or the file of this one.
    connections.close_all()
    forked = multiprocessing.get_context("fork")
    barrier = forked.Barrier(processes)
    running: list[tuple[Any, Connection]] = []
    for number in range(processes):
        here, there = forked.Pipe(duplex=False)
        mine = range(number, tries, processes)
        worker = forked.Process(target=_work, args=(there, barrier, mine, attempt), daemon=True)
        worker.start()
        there.close()
        running.append((worker, here))
    counted: Counter[str] = Counter()
    end = time.monotonic() + PATIENCE_SECONDS
    for worker, here in running:
        assert here.poll(max(0.0, end - time.monotonic())), "a process did not finish"
        counted.update(here.recv())
        worker.join()
    return counted


def _work(there: Connection, barrier: Any, mine: range, attempt: Callable[[int], str]) -> None:
    counted: Counter[str] = Counter()
    try:
        barrier.wait(60)
        for number in mine:
            counted[attempt(number)] += 1
    except BaseException:
        counted[traceback.format_exc()] += 1
    finally:
        there.send(counted)
        connections.close_all()
