"""Processor time of the server's processes, of the primitives, and a bounded load loop."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from argon2.low_level import Type, hash_secret_raw

from cognito_app.core import jose, secrets, srp

CONNECTIONS = 4
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Primitives:
    """Processor seconds of the primitives that bound the operations."""

    sign: float
    argon2: float
    power: float


def primitives() -> Primitives:
    """Time the primitives, with as many threads as the load has connections and processors allow."""
    key = jose.generate_private_key()
    verifier = srp.make_verifier("pool", "user", "password")
    keys = srp.server_challenge(verifier.v)
    public_a = pow(2, secrets.token_bytes(32)[0] + 12345, srp.N)
    return Primitives(
        sign=_cpu(lambda: jose.sign({"a": 1}, key, "k"), 300),
        argon2=_cpu(lambda: hash_secret_raw(b"p" * 32, b"s" * 16, 2, 19_456, 1, 32, Type.ID), 20),
        power=_cpu(lambda: srp.session_key(public_a, keys, verifier.v), 60) / 2,
    )


def _cpu(call: Callable[[], object], times: int) -> float:
    rounds = []
    for _ in range(3):
        start = time.process_time()
        threads = [threading.Thread(target=lambda: [call() for _ in range(times // 2)]) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rounds.append((time.process_time() - start) / (times // 2 * 2))
    return statistics.median(rounds)


def server_cpu(root: int, *, postgres: bool) -> float:
    """Return the processor seconds of a process with its descendants, and of PostgreSQL."""
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    names: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            head, _, rest = (folder / "stat").read_text().rpartition(")")
        except OSError:
            continue
        fields = rest.split()
        pid = int(folder.name)
        parents[pid], used[pid] = int(fields[1]), (int(fields[11]) + int(fields[12])) / TICKS
        names[pid] = head.partition("(")[2]
    wanted = {root}
    while more := {pid for pid, parent in parents.items() if parent in wanted} - wanted:
        wanted |= more
    if postgres:
        wanted |= {pid for pid, name in names.items() if name == "postgres"}
    return sum(used[pid] for pid in wanted if pid in used)


@dataclass
class Result:
    """What a load loop measured."""

    name: str
    count: int
    seconds: float
    cpu: float
    latencies: list[float]

    @property
    def per_second(self) -> float:
        """Operations per second."""
        return self.count / self.seconds

    def quantile(self, share: float) -> float:
        """Return a quantile of the latency in milliseconds."""
        ranked = sorted(self.latencies)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))] * 1000


def run(
    name: str, make: Callable[[], Callable[[int], None]], *, seconds: float, cpu: Callable[[], float], connections: int
) -> Result:
    """Call the function that ``make`` returns for each connection, for a bounded time."""
    latencies: list[list[float]] = [[] for _ in range(connections)]
    calls = [make() for _ in range(connections)]
    for position, call in enumerate(calls):
        call(position)
    problems: list[BaseException] = []
    before, start = cpu(), time.perf_counter()

    def work(position: int) -> None:
        number = position
        try:
            while time.perf_counter() - start < seconds:
                begin = time.perf_counter()
                calls[position](number)
                latencies[position].append(time.perf_counter() - begin)
                number += connections
        except BaseException as error:  # shown below: a thread must not lose it
            problems.append(error)

    threads = [threading.Thread(target=work, args=(position,)) for position in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
    elapsed, used = time.perf_counter() - start, cpu() - before
    flat = [value for values in latencies for value in values]
    return Result(name=name, count=len(flat), seconds=elapsed, cpu=used / max(1, len(flat)), latencies=flat)
