"""The import's workers: one that dies is followed by another, two never do the same."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection
from django.utils import timezone

from cognito_app.models import PoolUser, UserImportChunk, UserImportJob, UserImportLog, import_rows
from cognito_app.services import config, new_users
from cognito_app.services.imports import batch, worker
from tests.clients.csv_import import counters, csv, described, person, ready, start, stop
from tests.conftest import App

pytestmark = pytest.mark.django_db

ROWS = 60


def content() -> bytes:
    """Return a file where every tenth row is bad, and every tenth repeats the one before."""
    rows = []
    for number in range(ROWS):
        name = f"user{number - 1 if number % 10 == 5 else number}"
        rows.append(person("bad name" if number % 10 == 7 else name))
    return csv(*rows)


EXACT = (48, 6, 6)
LINES = sorted(line for start in range(0, ROWS, 10) for line in (start + 7, start + 9))


def check_exact(app: App, job_id: str) -> None:
    """Every row was looked at once."""
    job = described(app, job_id)
    assert (job["Status"], counters(job)) == ("Succeeded", EXACT)
    assert PoolUser.objects.count() == EXACT[0]
    assert list(UserImportLog.objects.order_by("line").values_list("line", flat=True)) == LINES
    assert not UserImportChunk.objects.exists()


class Killed(BaseException):
    """What a test throws into a worker."""


def killing(function: Callable[..., Any], at: int) -> Callable[..., Any]:
    """Return the function, which dies at a call after its work."""
    calls = 0

    def wrapped(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        result = function(*given, **named)
        if calls == at:
            raise Killed
        return result

    return wrapped


@pytest.mark.parametrize("at", range(1, 9))
@pytest.mark.parametrize("place", ["commit", "store", "judge"])
def test_another_worker_goes_on_where_one_died(app: App, monkeypatch: pytest.MonkeyPatch, place: str, at: int) -> None:
    monkeypatch.setattr(worker, "BATCH", 7)
    job_id = ready(app, content())
    start(app, job_id)
    with monkeypatch.context() as patch:
        where, name = {"commit": (worker, "_commit"), "store": (batch, "store"), "judge": (batch, "judge")}[place]
        patch.setattr(where, name, killing(getattr(where, name), at))
        patch.setattr(worker, "_give_back", lambda job: None)
        with pytest.raises(Killed):
            worker.work()
    assert not worker.work(), "the lease still holds"
    with time_machine.travel(timezone.now() + timedelta(seconds=31)):
        assert worker.work()
    check_exact(app, job_id)


def test_a_job_whose_worker_died_can_be_stopped(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "BATCH", 7)
    job_id = ready(app, content())
    start(app, job_id)
    with monkeypatch.context() as patch:
        patch.setattr(worker, "_commit", killing(worker._commit, 3))
        patch.setattr(worker, "_give_back", lambda job: None)
        with pytest.raises(Killed):
            worker.work()
    assert stop(app, job_id)["Status"] == "Stopping"
    with time_machine.travel(timezone.now() + timedelta(seconds=31)):
        assert worker.work()
    assert described(app, job_id)["Status"] == "Stopped"
    assert PoolUser.objects.count() == described(app, job_id)["ImportedUsers"] == 6
    assert not UserImportChunk.objects.exists()


def test_a_worker_that_is_told_to_end_gives_its_job_back(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "BATCH", 7)
    job_id = ready(app, content())
    start(app, job_id)
    stop = threading.Event()
    stop.set()
    assert worker.work(stop)
    assert described(app, job_id)["Status"] == "InProgress"
    assert 0 < PoolUser.objects.count() <= 7
    assert worker.work()
    check_exact(app, job_id)


def test_a_worker_that_lost_its_lease_commits_nothing(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "BATCH", 7)
    job_id = ready(app, content())
    start(app, job_id)
    judge = batch.judge
    seen = 0

    def slow(*given: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == 3:
            with time_machine.travel(timezone.now() + timedelta(seconds=31)):
                assert worker.work()
            check_exact(app, job_id)
        return judge(*given)

    monkeypatch.setattr(batch, "judge", slow)
    assert worker.work()
    check_exact(app, job_id)


@pytest.mark.parametrize("error", [IntegrityError, ValueError])
def test_one_row_that_cannot_be_stored_does_not_hold_up_the_others(
    app: App, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """A name that is taken between the look and the insert is skipped; a fault of ours fails its row alone."""
    job_id = ready(app, csv(*(person(f"user{n}") for n in range(9))))
    start(app, job_id)
    pool = config.pool(app.pool_id)
    if error is IntegrityError:
        taken = import_rows.taken

        def then_signed_up(*given: Any) -> set[str]:
            found = taken(*given)
            new_users.build(pool, "user4", {}).save()
            monkeypatch.setattr(import_rows, "taken", taken)
            return found

        monkeypatch.setattr(import_rows, "taken", then_signed_up)
    else:
        build = new_users.build

        def failing(of: Any, name: str, values: Any) -> Any:
            if name == "user4":
                raise error
            return build(of, name, values)

        monkeypatch.setattr(new_users, "build", failing)
    assert worker.work()
    assert counters(described(app, job_id)) == ((8, 1, 0) if error is IntegrityError else (8, 0, 1))
    log = UserImportLog.objects.get()
    assert (log.line, log.reason) == (
        6,
        batch.EXISTS if error is IntegrityError else batch.INTERNAL_ERROR,
    )


@pytest.mark.django_db(transaction=True)
def test_parallel_workers_import_every_row_once(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that end at once make every worker take the job from the others, batch for batch."""
    monkeypatch.setattr(worker, "BATCH", 7)
    monkeypatch.setattr(worker, "LEASE", timedelta(seconds=-1))
    job_id = ready(app, content())
    start(app, job_id)
    barrier = threading.Barrier(4)

    def one(_: int) -> None:
        barrier.wait()
        try:
            while UserImportJob.objects.filter(completed_at=None).exists():
                worker.work()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(one, range(4)))
    check_exact(app, job_id)


@pytest.mark.django_db(transaction=True)
def test_parallel_starts_start_one_job(app: App) -> None:
    waiting = [ready(app, csv(person(f"user{number}"))) for number in range(6)]
    barrier = threading.Barrier(6)

    def one(job_id: str) -> str:
        barrier.wait()
        try:
            return str(start(app, job_id)["Status"])
        except app.idp.exceptions.PreconditionNotMetException:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        assert sorted(threads.map(one, waiting)) == ["Pending", *["refused"] * 5]
    assert UserImportJob.objects.filter(status="Pending").count() == 1
