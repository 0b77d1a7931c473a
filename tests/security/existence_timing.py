"""T7 of the quality chapter: whether there is a user of a name cannot be told by the time of an answer.

``python -m tests.security.existence_timing [--samples 2000] [--only FLOW]`` measures and prints a table, on the
database of ``DATABASE_URL`` or SQLite. Classes: an existing user, an unconfirmed and a disabled one, each against a
missing name; flows: USER_PASSWORD_AUTH with a wrong password, USER_SRP_AUTH, ForgotPassword, ResendConfirmationCode.
Samples are strictly interleaved in a random order. Pass: the medians differ by less than 5 % and the 95 % bootstrap
interval of their difference contains 0. It is no test of the suite: other work on the machine makes noise.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
CLASSES = ("ann", "unconfirmed", "disabled")
FLOWS = {
    "USER_PASSWORD_AUTH": "wrong password",
    "USER_SRP_AUTH": "SRP",
    "ForgotPassword": "ForgotPassword",
    "ResendConfirmationCode": "ResendConfirmationCode",
}
RESAMPLES = 2000
WARM_UP = 10


def main() -> None:
    """Measure in a database of its own, which is removed."""
    options = argparse.ArgumentParser(prog="python -m tests.security.existence_timing")
    options.add_argument("--samples", type=int, default=2000)
    options.add_argument("--only", choices=sorted(FLOWS), nargs="*")
    chosen = options.parse_args()
    django.setup()
    from django.conf import settings
    from django.test.utils import get_runner, setup_test_environment

    setup_test_environment()
    runner = get_runner(settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        with tempfile.TemporaryDirectory() as folder:
            changes = {"OUTBOX_DIR": folder, "RATE_LIMITS": False, "BACKGROUND_DELIVERY": True}
            settings.COGNITO = {**settings.COGNITO, **changes}
            measure_all(chosen.samples, chosen.only or list(FLOWS), Path(folder))
    finally:
        runner.teardown_databases(databases)


def measure_all(samples: int, flows: list[str], folder: Path) -> None:
    """Print the table."""
    from cognito_app.services import access_keys
    from cognito_app.services.actor import SYSTEM
    from tests.clients import boto
    from tests.conftest import Inbox
    from tests.security.states import MISSING, make_states

    row, secret = access_keys.create(SYSTEM, user_name="admin", document=access_keys.ADMINISTRATOR)
    app = make_states(boto.client("cognito-idp", (row.id, secret)), Inbox(folder))
    print(
        "| flow | class | samples | median | missing | difference | 95 % interval | |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    for flow in flows:
        taken = measure(app, flow, (*CLASSES, MISSING), samples)
        for name in CLASSES:
            print(line(flow, name, taken[name], taken[MISSING]), flush=True)


def measure(app: Any, flow: str, names: tuple[str, ...], samples: int) -> dict[str, list[float]]:
    """Return the seconds that each name's calls took, in the order of the rounds."""
    from cognito_app.models import SignInThrottle
    from tests.security.test_user_existence import CALLS

    call = CALLS[FLOWS[flow]]
    taken: dict[str, list[float]] = {name: [] for name in names}
    for number in range(samples + WARM_UP):
        SignInThrottle.objects.all().delete()
        for name in random.sample(names, len(names)):
            start = time.perf_counter()
            call(app, name)
            if number >= WARM_UP:
                taken[name].append(time.perf_counter() - start)
    return taken


def line(flow: str, name: str, one: list[float], other: list[float]) -> str:
    """Return a row of the table."""
    median, missing = statistics.median(one), statistics.median(other)
    low, high = interval(one, other)
    ratio = (median - missing) / missing
    verdict = "pass" if abs(ratio) < 0.05 and low <= 0 <= high else "DIFFERS"
    figures = f"{median * 1e3:.2f} ms | {missing * 1e3:.2f} ms | {ratio:+.1%}"
    between = f"{low * 1e3:+.3f} to {high * 1e3:+.3f} ms"
    return f"| {flow} | {name} | {len(one)} | {figures} | {between} | {verdict} |"


def interval(one: list[float], other: list[float]) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the difference of the medians; rounds are drawn, so pairs stay together."""
    pairs = list(zip(one, other, strict=True))
    found = []
    for _ in range(RESAMPLES):
        drawn = random.choices(pairs, k=len(pairs))
        found.append(statistics.median(a for a, _ in drawn) - statistics.median(b for _, b in drawn))
    found.sort()
    return found[int(0.025 * RESAMPLES)], found[int(0.975 * RESAMPLES)]


if __name__ == "__main__":
    main()
