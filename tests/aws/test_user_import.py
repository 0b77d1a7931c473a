"""Import jobs: from their creation to their end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from cognito_app.models import PoolUser, UserImportChunk, UserImportJob, UserImportLog
from cognito_app.services import upkeep
from cognito_app.services.imports import worker
from tests.aws.test_sign_in import srp
from tests.clients.csv_import import (
    HEADER,
    ROLE,
    SUCCEEDED,
    counters,
    create,
    csv,
    described,
    imported,
    person,
    put,
    ready,
    start,
    stop,
)
from tests.conftest import PASSWORD, App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db


@pytest.mark.operation("GetCSVHeader")
def test_header_lists_the_pools_attributes_in_awss_order(app: App) -> None:
    assert app.idp.get_csv_header(UserPoolId=app.pool_id)["CSVHeader"] == HEADER
    app.idp.add_custom_attributes(
        UserPoolId=app.pool_id,
        CustomAttributes=[{"Name": "team"}, {"Name": "grade", "DeveloperOnlyAttribute": True}],
    )
    answer = app.idp.get_csv_header(UserPoolId=app.pool_id)
    assert answer["UserPoolId"] == app.pool_id
    assert answer["CSVHeader"] == [*HEADER[:-2], "custom:team", "dev:custom:grade", *HEADER[-2:]]
    with refused("ResourceNotFoundException"):
        app.idp.get_csv_header(UserPoolId="us-east-1_nowhere99")


@pytest.mark.operation("CreateUserImportJob")
@pytest.mark.operation("DescribeUserImportJob")
@pytest.mark.operation("StartUserImportJob")
def test_a_file_becomes_users_who_reset_their_password(app: App) -> None:
    job = create(app)
    assert job["JobId"].startswith("import-")
    assert len(job["JobId"]) == 17
    assert job["Status"] == "Created"
    assert job["CloudWatchLogsRoleArn"] == ROLE
    assert counters(job) == (0, 0, 0)
    assert {"StartDate", "CompletionDate", "CompletionMessage", "PasswordHashingAlgorithm"}.isdisjoint(job)
    row = person(
        "ann",
        name="Ann\\, Example",
        birthdate="02/01/1985",
        updated_at="1471453471",
        phone_number="+12345550100",
        phone_number_verified="false",
        address="  123 Any Street ",
    )
    row["cognito:mfa_enabled"] = "FALSE"
    assert put(job["PreSignedUrl"], csv(row, person("bob"))).status_code == 200
    started = start(app, job["JobId"])
    assert started["Status"] == "Pending"
    assert "StartDate" in started
    assert "CompletionDate" not in started
    assert worker.work()
    assert not worker.work()
    done = described(app, job["JobId"])
    assert (done["Status"], done["CompletionMessage"], counters(done)) == ("Succeeded", SUCCEEDED, (2, 0, 0))
    assert done["CompletionDate"] >= done["StartDate"]
    assert done["PreSignedUrl"] == job["PreSignedUrl"]
    user = app.idp.admin_get_user(UserPoolId=app.pool_id, Username="ann")
    assert user["UserStatus"] == "RESET_REQUIRED"
    values = {item["Name"]: item["Value"] for item in user["UserAttributes"]}
    assert len(values.pop("sub")) == 36
    assert values == {
        "name": "Ann, Example",
        "birthdate": "1985-02-01",
        "updated_at": "1471453471",
        "phone_number": "+12345550100",
        "phone_number_verified": "false",
        "email": "ann@example.com",
        "email_verified": "true",
        "address": "123 Any Street",
    }
    assert app.inbox.messages("ann@example.com") == []
    assert UserImportChunk.objects.count() == 0
    with refused("PasswordResetRequiredException", "Password reset required for the user"):
        app.start("ann", "any password")
    with refused("PasswordResetRequiredException", "Password reset required for the user"):
        srp(app, "any password")
    app.idp.forgot_password(ClientId=app.client_id, Username="ann")
    code = app.inbox.code("ann@example.com")
    app.idp.confirm_forgot_password(ClientId=app.client_id, Username="ann", ConfirmationCode=code, Password=PASSWORD)
    assert "AccessToken" in app.sign_in("ann")


def test_a_client_that_hides_users_does_not_tell_who_was_imported(app: App) -> None:
    imported(app, csv(person("ann")))
    hiding = app.client(PreventUserExistenceErrors="ENABLED")["ClientId"]
    for name in ("ann", "nobody"):
        with refused("NotAuthorizedException", "Incorrect username or password."):
            app.start(name, "any password", hiding)


@pytest.mark.operation("ListUserImportJobs")
def test_jobs_are_listed_newest_first_page_by_page(app: App, idp: Any, inbox: Inbox) -> None:
    made = [create(app, JobName=f"job {number}")["JobId"] for number in range(5)]
    create(make_app(idp, inbox))
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = app.idp.list_user_import_jobs(UserPoolId=app.pool_id, MaxResults=2, **token)
        found += [job["JobId"] for job in page["UserImportJobs"]]
        if "PaginationToken" not in page:
            break
        token = {"PaginationToken": page["PaginationToken"]}
    assert found == made[::-1]
    with refused("InvalidParameterException", "Invalid pagination token"):
        app.idp.list_user_import_jobs(UserPoolId=app.pool_id, MaxResults=2, PaginationToken="x")
    for size in (0, 61):
        with refused("InvalidParameterException"):
            app.idp.list_user_import_jobs(UserPoolId=app.pool_id, MaxResults=size)
    with refused("InvalidParameterException"):
        app.idp.list_user_import_jobs(UserPoolId=app.pool_id)


def test_preconditions_of_a_job(app: App, idp: Any, inbox: Inbox) -> None:
    plain = make_app(idp, inbox, AutoVerifiedAttributes=[])
    with refused("PreconditionNotMetException"):
        create(plain)
    with refused("InvalidParameterException"):
        create(app, PasswordHashingAlgorithm="MD5")
    job_id = create(app)["JobId"]
    with refused("PreconditionNotMetException", f"No csv file was uploaded for {job_id}"):
        start(app, job_id)
    with refused("PreconditionNotMetException"):
        stop(app, job_id)
    for pool_id, named in ((plain.pool_id, job_id), (app.pool_id, "import-unknown000")):
        for call in (idp.describe_user_import_job, idp.stop_user_import_job):
            with refused("ResourceNotFoundException"):
                call(UserPoolId=pool_id, JobId=named)
    with refused("ResourceNotFoundException"):
        start(app, "import-unknown000")
    with refused("InvalidParameterException"):
        start(app, "no-import")
    other = make_app(idp, inbox)
    with refused("ResourceNotFoundException"):
        start(other, job_id)
    idp.update_user_pool(UserPoolId=app.pool_id)
    with refused("PreconditionNotMetException"):
        start(app, job_id)


def test_one_job_of_the_account_is_active(app: App, idp: Any, inbox: Inbox) -> None:
    other = make_app(idp, inbox)
    first, second = ready(app, csv(person("ann"))), ready(other, csv(person("bob")))
    start(app, first)
    with refused("PreconditionNotMetException", "Another user import job is in progress."):
        start(other, second)
    with refused("PreconditionNotMetException"):
        start(app, first)
    assert worker.work()
    start(other, second)
    assert worker.work()
    assert described(other, second)["Status"] == "Succeeded"
    with refused("PreconditionNotMetException"):
        start(app, first)
    with refused("PreconditionNotMetException"):
        stop(app, first)


def test_a_pool_is_not_changed_while_users_are_imported(app: App) -> None:
    job_id = ready(app, csv(person("ann")))
    start(app, job_id)
    with refused("UserImportInProgressException"):
        app.idp.update_user_pool(UserPoolId=app.pool_id, AutoVerifiedAttributes=["email"])
    with refused("UserImportInProgressException"):
        app.idp.add_custom_attributes(UserPoolId=app.pool_id, CustomAttributes=[{"Name": "team"}])
    with refused("UserImportInProgressException"):
        app.idp.delete_user_pool(UserPoolId=app.pool_id)
    assert worker.work()
    app.idp.add_custom_attributes(UserPoolId=app.pool_id, CustomAttributes=[{"Name": "team"}])
    app.idp.delete_user_pool(UserPoolId=app.pool_id)
    assert not UserImportJob.objects.exists()


def test_a_thousand_jobs_a_pool(app: App) -> None:
    now = timezone.now()
    UserImportJob.objects.bulk_create(
        UserImportJob(
            id=f"import-{n:010}", pool_id=app.pool_id, name="x", role_arn=ROLE, status="Expired", created_at=now
        )
        for n in range(1000)
    )
    with refused("LimitExceededException"):
        create(app)


@pytest.mark.operation("StopUserImportJob")
def test_a_job_that_no_worker_has_stops_at_once(app: App) -> None:
    job_id = ready(app, csv(person("ann")))
    start(app, job_id)
    stopped = stop(app, job_id)
    assert stopped["Status"] == "Stopped"
    assert stopped["CompletionMessage"] == "The Import Job was stopped by the developer."
    assert "CompletionDate" in stopped
    assert not worker.work()
    assert not PoolUser.objects.exists()
    assert not UserImportChunk.objects.exists()
    with refused("PreconditionNotMetException"):
        start(app, job_id)


def test_a_running_job_stops_behind_its_batch(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "BATCH", 2)
    job_id = ready(app, csv(*(person(f"user{n}") for n in range(6))))
    start(app, job_id)
    commit = worker._commit

    def commit_then_stop(job: UserImportJob, **changes: Any) -> None:
        commit(job, **changes)
        if job.imported == 2:
            assert stop(app, job_id)["Status"] == "Stopping"

    monkeypatch.setattr(worker, "_commit", commit_then_stop)
    assert worker.work()
    done = described(app, job_id)
    assert (done["Status"], counters(done)) == ("Stopped", (2, 0, 0))
    assert sorted(PoolUser.objects.values_list("username", flat=True)) == ["user0", "user1"]
    assert UserImportJob.objects.get().active_account is None


def test_a_job_that_nobody_starts_expires_with_its_data(app: App) -> None:
    job_id = ready(app, csv(person("ann")))
    url = described(app, job_id)["PreSignedUrl"]
    with time_machine.travel(timezone.now() + timedelta(hours=23)):
        upkeep.sweep()
        assert described(app, job_id)["Status"] == "Created"
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        upkeep.sweep()
        done = described(app, job_id)
        assert (done["Status"], done["CompletionMessage"]) == ("Expired", "The user import job has expired.")
        assert not UserImportChunk.objects.exists()
        with refused("PreconditionNotMetException"):
            start(app, job_id)
        assert put(url, b"x").status_code == 403


def test_what_a_killed_process_left_behind_is_deleted(app: App) -> None:
    job_id = ready(app, csv(person("ann")))
    UserImportJob.objects.filter(pk=job_id).update(status="Succeeded", completed_at=timezone.now())
    UserImportLog.objects.create(job_id=job_id, line=2, outcome="FAILED", reason="x")
    upkeep.sweep()
    assert not UserImportChunk.objects.exists()
    assert UserImportLog.objects.count() == 1
    with time_machine.travel(timezone.now() + timedelta(days=91)):
        upkeep.sweep()
    assert UserImportLog.objects.count() == 0
