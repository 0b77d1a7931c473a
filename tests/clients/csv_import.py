"""What tests do with import jobs: files, uploads, runs."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.test import Client

from cognito_app.models import UserImportJob
from cognito_app.services.imports import jobs, worker
from tests.conftest import App

ROLE = "arn:aws:iam::000000000000:role/logs"
HEADER = [
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "email_verified",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
    "phone_number_verified",
    "address",
    "updated_at",
    "cognito:mfa_enabled",
    "cognito:username",
]
SUCCEEDED = "Import Job Completed Successfully."


def person(name: str, /, **values: str) -> dict[str, str]:
    """Return the values of a good row."""
    return {"cognito:username": name, "email": f"{name}@example.com", "email_verified": "TRUE", **values}


def csv(*rows: dict[str, str], header: list[str] | None = None) -> bytes:
    """Return a file; values are written as they are."""
    columns = header or HEADER
    return "\n".join([",".join(columns), *(",".join(row.get(c, "") for c in columns) for row in rows), ""]).encode()


def create(app: App, **settings: Any) -> Any:
    """Create a job."""
    given = {"JobName": "people", "CloudWatchLogsRoleArn": ROLE, **settings}
    return app.idp.create_user_import_job(UserPoolId=app.pool_id, **given)["UserImportJob"]


def put(url: str, content: bytes, **headers: str) -> Any:
    """Upload to a pre-signed URL."""
    parts = urlsplit(url)
    given: dict[str, Any] = {
        "HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION": "aws:kms",
        "HTTP_HOST": parts.netloc,
        "CONTENT_LENGTH": str(len(content)),
        **headers,
    }
    return Client().put(f"{parts.path}?{parts.query}", content, content_type="", **given)


def ready(app: App, content: bytes, **settings: Any) -> str:
    """Create a job and upload its file."""
    job = create(app, **settings)
    answer = put(job["PreSignedUrl"], content)
    assert (answer.status_code, answer.content) == (200, b"")
    return str(job["JobId"])


def start(app: App, job_id: str) -> Any:
    """Start a job."""
    return app.idp.start_user_import_job(UserPoolId=app.pool_id, JobId=job_id)["UserImportJob"]


def stop(app: App, job_id: str) -> Any:
    """Stop a job."""
    return app.idp.stop_user_import_job(UserPoolId=app.pool_id, JobId=job_id)["UserImportJob"]


def described(app: App, job_id: str) -> Any:
    """Return a job as it is."""
    return app.idp.describe_user_import_job(UserPoolId=app.pool_id, JobId=job_id)["UserImportJob"]


def imported(app: App, content: bytes, **settings: Any) -> Any:
    """Import a file and return the job at its end."""
    job_id = ready(app, content, **settings)
    start(app, job_id)
    assert worker.work()
    return described(app, job_id)


def counters(job: Any) -> tuple[int, int, int]:
    """Return how many were imported, skipped, failed."""
    return job["ImportedUsers"], job["SkippedUsers"], job["FailedUsers"]


def log(job: Any) -> list[str]:
    """Return the job's log."""
    return list(jobs.log_lines(UserImportJob.objects.get(pk=job["JobId"])))
