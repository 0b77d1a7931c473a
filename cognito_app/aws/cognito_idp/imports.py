"""User import jobs."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.models import UserImportJob
from cognito_app.services.imports import columns, jobs, uploads


def present(row: UserImportJob) -> dict[str, Any]:
    """Return a UserImportJobType."""
    return {
        "JobName": row.name,
        "JobId": row.id,
        "UserPoolId": row.pool_id,
        "PreSignedUrl": uploads.url(row),
        "CreationDate": row.created_at,
        "StartDate": row.started_at,
        "CompletionDate": row.completed_at,
        "Status": row.status,
        "CloudWatchLogsRoleArn": row.role_arn,
        "ImportedUsers": row.imported,
        "SkippedUsers": row.skipped,
        "FailedUsers": row.failed,
        "CompletionMessage": row.message or None,
        "PasswordHashingAlgorithm": row.password_algorithm or None,
    }


@operation("GetCSVHeader")
def get_csv_header(call: Call, *, UserPoolId: str) -> dict[str, Any]:
    return {"UserPoolId": call.pool.id, "CSVHeader": columns.header(call.pool)}


@operation("CreateUserImportJob")
def create_user_import_job(
    call: Call,
    *,
    JobName: str,
    UserPoolId: str,
    CloudWatchLogsRoleArn: str,
    PasswordHashingAlgorithm: str | None = None,
) -> dict[str, Any]:
    created = jobs.create(
        call.pool,
        call.actor,
        name=JobName,
        role_arn=CloudWatchLogsRoleArn,
        password_algorithm=PasswordHashingAlgorithm,
    )
    return {"UserImportJob": present(created)}


@operation("DescribeUserImportJob")
def describe_user_import_job(call: Call, *, UserPoolId: str, JobId: str) -> dict[str, Any]:
    return {"UserImportJob": present(jobs.find(call.pool, JobId))}


@operation("ListUserImportJobs")
def list_user_import_jobs(
    call: Call, *, UserPoolId: str, MaxResults: int, PaginationToken: str | None = None
) -> dict[str, Any]:
    found, token = jobs.page(call.pool, limit=MaxResults, token=PaginationToken)
    return {"UserImportJobs": [present(row) for row in found], "PaginationToken": token}


@operation("StartUserImportJob")
def start_user_import_job(call: Call, *, UserPoolId: str, JobId: str) -> dict[str, Any]:
    return {"UserImportJob": present(jobs.start(call.pool, call.actor, JobId))}


@operation("StopUserImportJob")
def stop_user_import_job(call: Call, *, UserPoolId: str, JobId: str) -> dict[str, Any]:
    return {"UserImportJob": present(jobs.stop(call.pool, call.actor, JobId))}
