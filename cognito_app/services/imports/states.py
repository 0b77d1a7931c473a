"""The states of an import job, and who has to wait for one."""

from __future__ import annotations

from cognito_app.errors import UserImportInProgressException
from cognito_app.models import UserImportJob

CREATED = "Created"
PENDING = "Pending"
IN_PROGRESS = "InProgress"
STOPPING = "Stopping"
STOPPED = "Stopped"
SUCCEEDED = "Succeeded"
FAILED = "Failed"
EXPIRED = "Expired"

COMPLETED = "Import Job Completed Successfully."
STOPPED_BY_DEVELOPER = "The Import Job was stopped by the developer."
HAS_EXPIRED = "The user import job has expired."
TOO_MANY_FAILED = "Too many users have failed or been skipped during the import."
TOO_MANY_ROWS = "The CSV file has more than 500000 rows."
UNREADABLE = "The CSV file cannot be read."
NO_HASH_COLUMN = "The CSV file has no password_hash column."
WRONG_HEADER = "The header of the CSV file does not match the attributes of the user pool."


def check_idle(pool_id: str) -> None:
    """Refuse to change or delete a pool that users are being imported into, while its row is locked.

    Raises UserImportInProgressException.
    """
    if UserImportJob.objects.filter(pool_id=pool_id, active_account__isnull=False).exists():
        raise UserImportInProgressException(f"A user import job is in progress in user pool {pool_id}.")
