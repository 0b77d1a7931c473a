"""Import jobs: creating, starting, stopping, expiring.

Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserImportJobType.html
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db import IntegrityError, models, transaction

from cognito_app.conf import app_settings
from cognito_app.core import clock, ids
from cognito_app.errors import LimitExceededException, PreconditionNotMetException, ResourceNotFoundException
from cognito_app.models import UserImportJob, UserImportLog, UserPool
from cognito_app.models.base import claim, delete_in_batches
from cognito_app.services import keyset
from cognito_app.services.actor import Actor, audit
from cognito_app.services.config import PoolConfig
from cognito_app.services.imports import states, uploads

MAX_JOBS = 1000
LARGEST_PAGE = 50
BATCH = 100
STARTABLE_FOR = timedelta(hours=24)
LOGS_STAY = timedelta(days=90)
NO_AUTO_VERIFIED = "User pool {} has no auto verified attribute: set AutoVerifiedAttributes to email or phone_number."


def find(pool: PoolConfig, job_id: str) -> UserImportJob:
    """Return a job of a pool. Raises ResourceNotFoundException."""
    row = UserImportJob.objects.filter(pk=job_id, pool_id=pool.id).first()
    if row is None:
        raise ResourceNotFoundException(f"User import job {job_id} does not exist.")
    return row


def create(
    pool: PoolConfig, actor: Actor, *, name: str, role_arn: str, password_algorithm: str | None
) -> UserImportJob:
    """Create a job, which waits for its file. Raises PreconditionNotMetException or LimitExceededException."""
    _check_auto_verified(pool)
    if UserImportJob.objects.filter(pool_id=pool.id)[MAX_JOBS - 1 : MAX_JOBS].exists():
        raise LimitExceededException("Maximum number of user import jobs for the user pool exceeded.")
    with transaction.atomic():
        row = UserImportJob.objects.create(
            id=ids.import_job_id(),
            pool_id=pool.id,
            name=name,
            role_arn=role_arn,
            password_algorithm=password_algorithm or "",
            status=states.CREATED,
            created_at=clock.now(),
        )
        audit(actor, "CreateUserImportJob", pool_id=pool.id, subject=row.id)
    return row


def _check_auto_verified(pool: PoolConfig) -> None:
    if not pool.auto_verified:
        raise PreconditionNotMetException(NO_AUTO_VERIFIED.format(pool.id))


def page(pool: PoolConfig, *, limit: int, token: str | None) -> tuple[list[UserImportJob], str | None]:
    """Return a page of a pool's jobs, newest first, and the token of the next."""
    rows = UserImportJob.objects.filter(pool_id=pool.id)
    scope = f"ListUserImportJobs:{pool.id}"
    return keyset.by_age(rows, scope=scope, limit=min(limit, LARGEST_PAGE), token=token, newest_first=True)


def start(pool: PoolConfig, actor: Actor, job_id: str) -> UserImportJob:
    """Hand a job to the workers; one job of the account may be active.

    Raises ResourceNotFoundException or PreconditionNotMetException.
    """
    _check_auto_verified(pool)
    with transaction.atomic():
        # UpdateUserPool and DeleteUserPool lock this row too: they come before the start or see it.
        if not UserPool.objects.select_for_update().filter(pk=pool.id).exists():
            raise ResourceNotFoundException(f"User pool {pool.id} does not exist.")
        row = find(pool, job_id)
        if row.status == states.CREATED and row.uploaded_at is None:
            raise PreconditionNotMetException(f"No csv file was uploaded for {job_id}")
        if not _activate(row):
            raise PreconditionNotMetException(
                f"User import job {job_id} cannot be started: its status is {row.status}."
            )
        audit(actor, "StartUserImportJob", pool_id=pool.id, subject=job_id)
    return find(pool, job_id)


def _activate(row: UserImportJob) -> bool:
    waiting = UserImportJob.objects.filter(pk=row.pk, status=states.CREATED, uploaded_at__isnull=False)
    try:
        with transaction.atomic():
            return claim(waiting, status=states.PENDING, started_at=clock.now(), active_account=app_settings.account_id)
    except IntegrityError:
        raise PreconditionNotMetException("Another user import job is in progress.") from None


def stop(pool: PoolConfig, actor: Actor, job_id: str) -> UserImportJob:
    """Stop an active job: at once if no worker has it, else behind the batch of rows that is being imported.

    Raises ResourceNotFoundException or PreconditionNotMetException.
    """
    with transaction.atomic():
        row = find(pool, job_id)
        ended = {"status": states.STOPPED, "message": states.STOPPED_BY_DEVELOPER, "completed_at": clock.now()}
        at_once = UserImportJob.objects.filter(pk=row.pk, status=states.PENDING)
        soon = UserImportJob.objects.filter(pk=row.pk, status=states.IN_PROGRESS)
        if not claim(at_once, active_account=None, **ended) and not claim(soon, status=states.STOPPING):
            raise PreconditionNotMetException(
                f"User import job {job_id} cannot be stopped: its status is {row.status}."
            )
        audit(actor, "StopUserImportJob", pool_id=pool.id, subject=job_id)
    row = find(pool, job_id)
    if row.completed_at is not None:
        uploads.discard(row)
    return row


def log_lines(job: UserImportJob, *, after: int = 0, limit: int = 1000) -> Iterator[str]:
    """Yield the log of the rows that were not imported behind the line ``after``, in the words of AWS's log."""
    rows = UserImportLog.objects.filter(job=job, line__gt=after).order_by("line")[:limit]
    for row in rows:
        yield f"[{row.outcome}] Line Number {row.line} - {row.reason}"


def sweep() -> int:
    """End the jobs that nobody started in time, delete files and logs past their time; returns the number of jobs."""
    now = clock.now()
    late = list(UserImportJob.objects.filter(status=states.CREATED, created_at__lt=now - STARTABLE_FOR)[:BATCH])
    expired = [row for row in late if _expire(row)]
    # The second part is what a process left behind that was killed at the end of a job.
    for row in [*expired, *UserImportJob.objects.filter(completed_at__isnull=False, size__gt=0)[:BATCH]]:
        uploads.discard(row)
    logged = models.Exists(UserImportLog.objects.filter(job=models.OuterRef("pk")))
    for row in UserImportJob.objects.filter(logged, completed_at__lt=now - LOGS_STAY)[:BATCH]:
        delete_in_batches(UserImportLog.objects.filter(job=row))
    return len(expired)


def _expire(row: UserImportJob) -> bool:
    waiting = UserImportJob.objects.filter(pk=row.pk, status=states.CREATED)
    return claim(waiting, status=states.EXPIRED, message=states.HAS_EXPIRED, completed_at=clock.now())
