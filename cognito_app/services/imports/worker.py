"""The worker: takes jobs that were started, imports their rows batch by batch, goes on where another one stopped.

A job is taken by a lease. How far it is, its counters, its log and the users of a batch are committed together, and
only by the worker that still holds the lease at that place of the file: so no row is lost, and no user made twice.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

import structlog
from django.db import close_old_connections, connection, models, transaction

from cognito_app.core import clock, csv_rows
from cognito_app.models import UserImportJob, import_rows
from cognito_app.models.base import claim
from cognito_app.services import config
from cognito_app.services.actor import SYSTEM, audit
from cognito_app.services.imports import batch, columns, states, uploads

PAUSE_SECONDS = 1.0
BATCH = 500
LEASE = timedelta(seconds=30)
MAX_ROWS = 500_000
REFRESH_AFTER = (1, 10, 100, 1000)
# SQLite has one writer at a time and no queue: the pause is where the web processes get their turn.
PAUSE_BETWEEN_BATCHES = 0.005
ACTIVE = (states.PENDING, states.IN_PROGRESS, states.STOPPING)

log = structlog.get_logger(__name__)


class LeaseLost(Exception):
    """The job is not this worker's any more, or is to be stopped."""


def run(stop: threading.Event) -> None:
    """Work until ``stop`` is set."""
    while not stop.is_set():
        try:
            close_old_connections()
            while work(stop) and not stop.is_set():
                pass
        except Exception:
            # The next round may find the database again.
            log.exception("user_import_interrupted")
        stop.wait(PAUSE_SECONDS)
    connection.close()


def work(stop: threading.Event | None = None) -> bool:
    """Take a job that waits, if there is one, and work at it until its end or until ``stop`` is set."""
    job = _take()
    if job is None:
        return False
    try:
        _advance(job, stop or threading.Event())
    except (columns.HeaderError, uploads.UnreadableFile) as error:
        _finish(job, states.FAILED, str(error) or states.UNREADABLE)
    except LeaseLost:
        _finish_if_stopping(job)
    except BaseException:
        _give_back(job)
        raise
    return True


def _take() -> UserImportJob | None:
    now = clock.now()
    free = models.Q(lease_until__isnull=True) | models.Q(lease_until__lt=now)
    for job in UserImportJob.objects.filter(free, status__in=ACTIVE).order_by("started_at")[:10]:
        held_by = UserImportJob.objects.filter(pk=job.pk, status=job.status, lease_until=job.lease_until)
        job.status = states.STOPPING if job.status == states.STOPPING else states.IN_PROGRESS
        job.lease_until = now + LEASE
        if claim(held_by, status=job.status, lease_until=job.lease_until):
            return job
    return None


def _give_back(job: UserImportJob) -> None:
    UserImportJob.objects.filter(pk=job.pk, lease_until=job.lease_until).update(lease_until=None)


def _advance(job: UserImportJob, stop: threading.Event) -> None:
    if job.status == states.STOPPING:
        raise LeaseLost
    lines = csv_rows.lines(uploads.pieces(job, job.offset), offset=job.offset, number=job.line)
    if not job.columns:
        _read_header(job, lines)
    done = 0
    while some := list(islice(lines, BATCH)):
        _import(job, some)
        done += 1
        if done in REFRESH_AFTER and len(some) == BATCH:
            import_rows.refresh_statistics()
        if stop.wait(PAUSE_BETWEEN_BATCHES):
            _give_back(job)
            return
    rejected = job.failed + job.skipped
    failed = rejected > job.imported
    _finish(job, *(states.FAILED, states.TOO_MANY_FAILED) if failed else (states.SUCCEEDED, states.COMPLETED))


def _read_header(job: UserImportJob, lines: Iterator[csv_rows.Line]) -> None:
    """Read the first line, and see that the file is not too long, before any user is made."""
    first = next(lines, None)
    names = columns.parse(first)
    columns.layout(config.pool(job.pool_id), names, job.password_algorithm)
    if csv_rows.count(uploads.pieces(job)) - 1 > MAX_ROWS:
        raise columns.HeaderError(states.TOO_MANY_ROWS)
    assert first is not None  # or parse refuses it
    with transaction.atomic():
        _commit(job, offset=first.end, line=first.number, columns=names)


def _import(job: UserImportJob, lines: list[csv_rows.Line]) -> None:
    pool = config.pool(job.pool_id)
    layout = columns.layout(pool, job.columns, job.password_algorithm)
    judged = batch.judge(pool, layout, job.password_algorithm, lines)
    with transaction.atomic():
        _hold(job)
        batch.store(pool, judged)
        logged = judged.log_rows(job.id)
        if logged:
            job.logs.bulk_create(logged)
        _commit(
            job,
            offset=judged.offset,
            line=judged.line,
            imported=job.imported + judged.imported,
            skipped=job.skipped + len(judged.skipped),
            failed=job.failed + len(judged.failed),
        )


def _mine(job: UserImportJob) -> models.QuerySet[UserImportJob]:
    return UserImportJob.objects.filter(
        pk=job.pk, status=states.IN_PROGRESS, offset=job.offset, lease_until=job.lease_until
    )


def _hold(job: UserImportJob) -> None:
    """Lock the job until the transaction ends. Raises LeaseLost."""
    if not _mine(job).select_for_update().exists():
        raise LeaseLost


def _commit(job: UserImportJob, **changes: object) -> None:
    """Store how far the job is, and renew the lease. Raises LeaseLost."""
    changes["lease_until"] = clock.now() + LEASE
    if not claim(_mine(job), **changes):
        raise LeaseLost
    for name, value in changes.items():
        setattr(job, name, value)


def _finish_if_stopping(job: UserImportJob) -> None:
    stopping = UserImportJob.objects.filter(pk=job.pk, status=states.STOPPING, lease_until=job.lease_until)
    if stopping.exists():
        _finish(job, states.STOPPED, states.STOPPED_BY_DEVELOPER)


def _finish(job: UserImportJob, status: str, message: str) -> None:
    held = UserImportJob.objects.filter(pk=job.pk, status__in=ACTIVE, lease_until=job.lease_until)
    with transaction.atomic():
        ended = {"status": status, "message": message, "completed_at": clock.now()}
        if not claim(held, active_account=None, lease_until=None, **ended):
            return
        counters = {"imported": job.imported, "skipped": job.skipped, "failed": job.failed}
        audit(SYSTEM, "UserImportJobEnded", pool_id=job.pool_id, subject=job.id, status=status, **counters)
    uploads.discard(job)
    log.info("user_import_ended", job_id=job.id, status=status, **counters)
