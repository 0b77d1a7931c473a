"""Jobs that import users from a CSV file."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cognito_app.models.pool import UserPool


class UserImportJob(models.Model):
    """One job; ``offset`` and ``line`` tell how much of the file is done, so that another worker can go on.

    ``upload`` names the upload in force and ``size`` its bytes. ``active_account`` holds the account's id from the
    start of the job to its end: its unique key is what keeps a second job of the account from starting.
    """

    id = models.CharField(max_length=55, primary_key=True)
    pool = models.ForeignKey(UserPool, on_delete=models.CASCADE, related_name="import_jobs", db_index=False)
    name = models.CharField(max_length=128)
    role_arn = models.CharField(max_length=2048)
    password_algorithm = models.CharField(max_length=16, blank=True)
    status = models.CharField(max_length=12)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    message = models.CharField(max_length=256, blank=True)
    imported = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    uploaded_at = models.DateTimeField(null=True)
    upload = models.CharField(max_length=36, blank=True)
    size = models.BigIntegerField(default=0)
    active_account = models.CharField(max_length=12, null=True, unique=True)  # null: unique keys skip it
    columns = models.JSONField(default=list)
    offset = models.BigIntegerField(default=0)
    line = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["pool", "-created_at", "id"], name="import_job_by_pool"),
            models.Index(fields=["status", "lease_until"], name="import_job_by_status"),
        ]


class UserImportChunk(models.Model):
    """A piece of an uploaded file, sealed; every web process and worker can reach it.

    Pieces of an upload that is not, or not yet, the job's ``upload`` count for nothing.
    """

    job = models.ForeignKey(UserImportJob, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    upload = models.CharField(max_length=36)
    number = models.PositiveIntegerField()
    start = models.BigIntegerField()
    content_sealed = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "upload", "number"], name="import_chunk_unique")
        ]


class UserImportLog(models.Model):
    """What became of the rows that were not imported, by line number and without the user's data."""

    job = models.ForeignKey(UserImportJob, on_delete=models.CASCADE, related_name="logs", db_index=False)
    line = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10)
    reason = models.CharField(max_length=512)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["job", "line"], name="import_log_unique")]
