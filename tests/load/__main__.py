"""``python -m tests.load``: the table of docs/performance.md.

Options: ``--sizes 1000 100000`` (pools of users), ``--seconds 4`` (each measurement), ``--only NAME``, ``--filters``.
With ``DATABASE_URL`` naming PostgreSQL the server runs on it, and PostgreSQL's processor time counts as the server's.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.e2e.server import ROOT, Running, own_database, start, stop
from tests.load.measure import CONNECTIONS, Primitives, Result, primitives, run, server_cpu
from tests.load.operations import Call, Server, filters

Plan = list[tuple[str, Callable[[], Call], int]]

# name, bound in primitives, least eff or greatest S on SQLite and on PostgreSQL
Bound = Callable[[Primitives], float]
WITH_BOUND: dict[str, tuple[Bound, float, float]] = {
    "password sign-in": (lambda p: p.argon2 + 2 * p.sign, 0.82, 0.82),
    "SignUp + confirm": (lambda p: p.argon2, 0.78, 0.78),
    "SRP sign-in": (lambda p: 2 * p.power + 2 * p.sign, 0.42, 0.34),
    "refresh": (lambda p: 2 * p.sign, 0.40, 0.30),
    "client_credentials": (lambda p: p.sign, 0.40, 0.40),
}
IN_S = {"GetUser": (2.5, 3.8), "AdminGetUser": (2.5, 3.8), "email =": (2.5, 3.8), "ListUsers 60": (5, 7)}
IN_S |= {"next page": (5.5, 8), "JWKS": (0.8, 0.8), "discovery": (0.8, 0.8)}


def main() -> None:
    """Start a server, measure, print."""
    options = argparse.ArgumentParser(prog="python -m tests.load")
    options.add_argument("--sizes", type=int, nargs="*", default=[1000, 100_000])
    options.add_argument("--seconds", type=float, default=4.0)
    options.add_argument("--only", default="")
    options.add_argument("--filters", action="store_true", help="only the last page and every filter of ListUsers")
    given = options.parse_args()
    postgres = os.environ.get("DATABASE_URL", "").startswith("postgres")
    with tempfile.TemporaryDirectory(prefix="cognito-load-") as folder:
        running = start(Path(folder))
        try:
            pools = _seed(running, Path(folder), given.sizes, full=given.filters)
            plan = (_filter_plan if given.filters else _plan)(Server(running.facts), pools)
            _measure(running, plan, given.seconds, given.only, postgres=postgres)
        finally:
            stop(running)


def _seed(running: Running, folder: Path, sizes: list[int], *, full: bool) -> dict[int, str]:
    environment = own_database(dict(os.environ), folder)
    environment |= {"COGNITO_DATA_DIR": str(folder), "COGNITO_DEVELOPMENT": "1"}
    command = [sys.executable, "-m", "tests.load.seed", running.facts["user_pool_id"], *map(str, sizes)]
    command += ["--full"] if full else []
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return {int(size): pool for size, pool in json.loads(done.stdout.splitlines()[-1]).items()}


def _plan(server: Server, pools: dict[int, str]) -> Plan:
    plan: Plan = [
        ("password sign-in", server.password, CONNECTIONS),
        ("SignUp + confirm", server.sign_up_and_confirm, CONNECTIONS),
        ("SRP sign-in", server.by_srp, CONNECTIONS),
        ("refresh", server.refresh, CONNECTIONS),
        ("client_credentials", server.client_credentials, CONNECTIONS),
        ("GetUser", server.get_user, CONNECTIONS),
        ("AdminGetUser", server.admin_get_user, CONNECTIONS),
        ("JWKS", lambda: server.document("jwks.json"), CONNECTIONS),
        ("discovery", lambda: server.document("openid-configuration"), CONNECTIONS),
    ]
    for size, pool in pools.items():
        label, token = f"{size:,}", server.page_token(pool)
        wanted = f'email = "load{size // 2}@example.com"'
        plan += [
            (f"ListUsers 60 of {label}", partial(server.list_users, pool), CONNECTIONS),
            (f"next page of {label}", partial(server.list_users, pool, PaginationToken=token), CONNECTIONS),
            (f"email = in {label}", partial(server.list_users, pool, Filter=wanted), CONNECTIONS),
            (f"AdminGetUser in {label}", partial(server.admin_get_user, pool, size), CONNECTIONS),
        ]
    return plan


def _filter_plan(server: Server, pools: dict[int, str]) -> Plan:
    plan: Plan = []
    for size, pool in pools.items():
        last = partial(server.list_users, pool, PaginationToken=server.last_page_token(pool))
        plan.append((f"last page of {size:,}", last, CONNECTIONS))
        plan += [
            (f"{wanted[:36]} in {size:,}", partial(server.list_users, pool, Filter=wanted), CONNECTIONS)
            for wanted in filters(size * 3 // 4, pool)
        ]
    return plan


def _measure(running: Running, plan: Plan, seconds: float, only: str, *, postgres: bool) -> None:
    print(f"S = {primitives().sign * 1e6:.0f} us")
    print(f"{'operation':32} {'req/s':>8} {'p50 ms':>8} {'p99 ms':>8} {'CPU in S':>9} {'eff':>6}  must reach")
    for name, make, connections in plan:
        if only not in name:
            continue
        before = primitives()
        result = run(
            name,
            make,
            seconds=seconds,
            cpu=lambda: server_cpu(running.process.pid, postgres=postgres),
            connections=connections,
        )
        print(_row(result, before, primitives(), postgres))


def _row(result: Result, before: Primitives, after: Primitives, postgres: bool) -> str:
    sign = (before.sign + after.sign) / 2
    in_s, eff, must, good = result.cpu / sign, "", "", True
    if result.name in WITH_BOUND:
        bound, *least = WITH_BOUND[result.name]
        share = (bound(before) + bound(after)) / 2 / result.cpu
        eff, must, good = f"{share:.2f}", f"eff >= {least[postgres]}", share >= least[postgres]
    else:
        for name, most in IN_S.items():
            if result.name.startswith(name):
                must, good = f"<= {most[postgres]} S", in_s <= most[postgres]
    verdict = "" if not must else "yes" if good else "NO"
    return (
        f"{result.name:32} {result.per_second:8.0f} {result.quantile(0.5):8.2f} {result.quantile(0.99):8.2f} "
        f"{in_s:9.2f} {eff:>6}  {must} {verdict}"
    )


if __name__ == "__main__":
    main()
