"""Importing users from a CSV file: jobs, their upload, what the worker makes of it."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from cognito_app.models import PoolUser, UserAlias, UserImportChunk, UserImportJob, UserImportLog
from cognito_app.services import upkeep
from cognito_app.services.imports import jobs, states, uploads, worker
from tests.conftest import PASSWORD, App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db

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


def test_upload_is_sealed_and_in_pieces(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "PIECE", 100)
    content = csv(*(person(f"user{n}") for n in range(20)))
    job_id = ready(app, content)
    stored = [bytes(row.content_sealed) for row in UserImportChunk.objects.order_by("number")]
    assert len(stored) == -(-len(content) // 100)
    assert not any(b"user" in piece for piece in stored)
    assert b"".join(uploads.pieces(UserImportJob.objects.get())) == content
    for offset in (0, 99, 100, 101, 555, len(content) - 1, len(content)):
        assert b"".join(uploads.pieces(UserImportJob.objects.get(), offset)) == content[offset:]
    start(app, job_id)
    assert worker.work()
    assert counters(described(app, job_id)) == (20, 0, 0)


def test_a_later_upload_replaces_the_first_until_the_start(app: App) -> None:
    job = create(app)
    put(job["PreSignedUrl"], csv(person("ann")))
    put(job["PreSignedUrl"], csv(person("bob")))
    assert UserImportChunk.objects.count() == 1
    start(app, job["JobId"])
    late = put(job["PreSignedUrl"], csv(person("eve")))
    assert (late.status_code, b"<Code>AccessDenied</Code>" in late.content) == (403, True)
    assert worker.work()
    assert PoolUser.objects.get().username == "bob"


def test_an_upload_that_breaks_off_changes_nothing(app: App) -> None:
    job_id = ready(app, csv(person("ann")))
    parts = iter([b"only this", b""])
    with pytest.raises(uploads.UploadRefused) as caught:
        uploads.receive(job_id, lambda _: next(parts), 5000)
    assert caught.value.code == "IncompleteBody"
    start(app, job_id)
    assert worker.work()
    assert counters(described(app, job_id)) == (1, 0, 0)


def test_of_two_uploads_at_once_the_later_wins(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "PIECE", 100)
    job_id = str(create(app)["JobId"])
    first, second = io.BytesIO(csv(person("ann"))), io.BytesIO(csv(person("bob")))
    size = len(first.getvalue())

    def read(wanted: int) -> bytes:
        if first.tell() == 200:
            uploads.receive(job_id, second.read, size)
        return first.read(wanted)

    with pytest.raises(uploads.UploadRefused) as caught:
        uploads.receive(job_id, read, size)
    assert caught.value.code == "OperationAborted"
    start(app, job_id)
    assert worker.work()
    assert PoolUser.objects.get().username == "bob"


def test_bad_urls_and_bodies_get_s3s_errors(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    url = create(app)["PreSignedUrl"]
    other = create(app)["PreSignedUrl"]
    assert url.startswith("http://localhost:8000/user-import/import-")
    signature = url.rpartition("=")[2]

    def code(address: str, content: bytes = b"x", **headers: str) -> tuple[int, str]:
        answer = put(address, content, **headers)
        assert answer["Content-Type"] == "application/xml"
        assert answer["Access-Control-Allow-Origin"] == "*"
        return answer.status_code, answer.content.decode().split("<Code>")[1].split("</Code>")[0]

    wrong = (403, "SignatureDoesNotMatch")
    assert code(url.replace(signature, "0" * 64)) == wrong
    assert code(url.replace(signature, other.rpartition("=")[2])) == wrong
    assert code(url.replace("Expires=", "Expires=9")) == wrong
    assert code(url.replace("Expires=", "Expires=x")) == (403, "AccessDenied")
    assert code(url.partition("?")[0]) == (403, "AccessDenied")
    assert code(url + "%C3%A9") == wrong
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert code(url) == (403, "AccessDenied")
        assert b"Request has expired" in put(url, b"x").content
    assert code(url, CONTENT_LENGTH="") == (411, "MissingContentLength")
    assert code(url, CONTENT_LENGTH=str(100 * 1024 * 1024 + 1)) == (400, "EntityTooLarge")
    assert not UserImportChunk.objects.exists()
    parts = urlsplit(url)
    posted = Client().post(f"{parts.path}?{parts.query}", b"x", content_type="text/csv")
    assert (posted.status_code, posted["Allow"]) == (405, "PUT, OPTIONS")
    app.idp.delete_user_pool(UserPoolId=app.pool_id)
    assert code(url) == (403, "AccessDenied")


def test_pages_may_upload(app: App) -> None:
    parts = urlsplit(create(app)["PreSignedUrl"])
    answer = Client().options(
        f"{parts.path}?{parts.query}",
        HTTP_ORIGIN="https://app.example.com",
        HTTP_ACCESS_CONTROL_REQUEST_METHOD="PUT",
        HTTP_ACCESS_CONTROL_REQUEST_HEADERS="x-amz-server-side-encryption",
    )
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Access-Control-Allow-Methods"] == "PUT, OPTIONS"
    assert answer["Access-Control-Allow-Headers"] == "x-amz-server-side-encryption"


def test_good_rows_are_imported_and_bad_ones_logged_without_user_data(app: App) -> None:
    app.sign_up("old")
    content = csv(
        person("ann"),
        person("old"),
        person("two words"),
        person("bob", email_verified="false"),
        person("ann"),
        person("joe", birthdate="1985-02-01"),
        person("sue"),
        person("tom"),
        person("liz"),
        person("kim"),
        person("max"),
    )
    job = imported(app, content)
    assert (job["Status"], counters(job)) == ("Succeeded", (6, 2, 3))
    assert log(job) == [
        "[SKIPPED] Line Number 3 - The user already exists.",
        "[FAILED] Line Number 4 - The username contains a space, a tab or a control character.",
        "[FAILED] Line Number 5 - The User Record does not set any of the auto verified attributes to true. "
        "(Example: email_verified to true).",
        "[SKIPPED] Line Number 6 - The user already exists.",
        "[FAILED] Line Number 7 - The birthdate is not in the format mm/dd/yyyy.",
    ]
    assert list(jobs.log_lines(UserImportJob.objects.get(), after=5, limit=1)) == log(job)[3:4]


def test_a_job_fails_when_most_rows_do(app: App) -> None:
    job = imported(app, csv(person("ann"), person("b b"), person("c c")))
    assert (job["Status"], counters(job)) == ("Failed", (1, 0, 2))
    assert job["CompletionMessage"] == "Too many users have failed or been skipped during the import."
    assert imported(app, csv(person("dan"), person("ann")))["Status"] == "Succeeded"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", states.WRONG_HEADER),
        (b"\xef\xbb\xbf" + csv(person("ann")), states.WRONG_HEADER),
        (csv(person("ann"), header=HEADER[1:]), states.WRONG_HEADER),
        (csv(person("ann"), header=[*HEADER, "sub"]), states.WRONG_HEADER),
        (csv(person("ann"), header=[*HEADER, "name"]), states.WRONG_HEADER),
        (b"\x80\xff\n", "The CSV file cannot be read."),
        (b"a" * 70_000, states.WRONG_HEADER),
        (csv() + b"x\n" * 500_001, "The CSV file has more than 500000 rows."),
    ],
    ids=["empty", "bom", "missing column", "sub", "twice", "binary", "no line", "too many"],
)
def test_an_unreadable_file_fails_the_job_before_any_user_is_made(app: App, content: bytes, message: str) -> None:
    job = imported(app, content)
    assert (job["Status"], job["CompletionMessage"], counters(job)) == ("Failed", message, (0, 0, 0))
    assert not PoolUser.objects.exists()
    assert UserImportJob.objects.get().active_account is None


def test_columns_in_any_order_and_carriage_returns(app: App) -> None:
    content = csv(person("ann"), person("bob"), header=HEADER[::-1]).replace(b"\n", b"\r\n") + b"\r\n\r\n"
    job = imported(app, content.rstrip(b"\r\n"))
    assert (job["Status"], counters(job)) == ("Succeeded", (2, 0, 0))


def test_a_file_that_lost_a_piece_fails(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "PIECE", 600)
    job_id = ready(app, csv(*(person(f"user{n}") for n in range(40))))
    UserImportChunk.objects.filter(number=2).delete()
    start(app, job_id)
    assert worker.work()
    assert described(app, job_id)["CompletionMessage"] == "The CSV file cannot be read."


def test_aliases_lead_to_imported_users_and_taken_ones_are_skipped(idp: Any, inbox: Inbox) -> None:
    app = make_app(
        idp,
        inbox,
        AliasAttributes=["email", "preferred_username"],
        UsernameConfiguration={"CaseSensitive": False},
        AutoVerifiedAttributes=["email", "phone_number"],
    )
    rows = [
        person("ann", preferred_username="annie"),
        person("bob", email="ANN@example.com"),
        person("cat", preferred_username="ann"),
        person(
            "dan", email="dan@example.com", email_verified="", phone_number="+12345550100", phone_number_verified="true"
        ),
        person("eve", email="dan@example.com"),
        person("fay@example.com"),
        person("Eve", email="eve2@example.com"),
        person("gus"),
        person("hal"),
    ]
    job = imported(app, csv(*rows))
    assert (job["Status"], counters(job)) == ("Succeeded", (5, 3, 1))
    assert [line.partition(" - ")[0] for line in log(job)] == [
        "[SKIPPED] Line Number 3",
        "[SKIPPED] Line Number 4",
        "[FAILED] Line Number 7",
        "[SKIPPED] Line Number 8",
    ]
    for name in ("ANN", "Ann@Example.com", "annie"):
        assert idp.admin_get_user(UserPoolId=app.pool_id, Username=name)["Username"] == "ann"
    assert idp.admin_get_user(UserPoolId=app.pool_id, Username="dan@example.com")["Username"] == "eve"
    assert UserAlias.objects.count() == 5


def test_pools_whose_usernames_are_addresses(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, UsernameAttributes=["email"])
    rows = [
        {"cognito:username": "ann@example.com", "email_verified": "true"},
        {"cognito:username": "bob@example.com", "email": "bob@example.com", "email_verified": "true"},
        {"cognito:username": "cat@example.com", "email": "dan@example.com", "email_verified": "true"},
        {"cognito:username": "eve"},
        {"cognito:username": "ann@example.com", "email_verified": "true"},
        {"cognito:username": "fay@example.com", "email_verified": "true"},
        {"cognito:username": "gus@example.com", "email_verified": "true"},
    ]
    job = imported(app, csv(*rows))
    assert (job["Status"], counters(job)) == ("Succeeded", (4, 1, 2))
    user = idp.admin_get_user(UserPoolId=app.pool_id, Username="ann@example.com")
    values = {item["Name"]: item["Value"] for item in user["UserAttributes"]}
    assert user["Username"] == values["sub"]
    assert (values["email"], values["email_verified"]) == ("ann@example.com", "true")


def test_users_who_can_sign_in_by_one_time_password_are_confirmed(idp: Any, inbox: Inbox) -> None:
    app = make_app(
        idp,
        inbox,
        AutoVerifiedAttributes=["email", "phone_number"],
        Policies={"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}},
    )
    phone_only = {"cognito:username": "bob", "phone_number": "+12345550100", "phone_number_verified": "true"}
    job = imported(app, csv(person("ann"), phone_only))
    assert job["Status"] == "Succeeded"
    assert dict(PoolUser.objects.values_list("username", "status")) == {"ann": "CONFIRMED", "bob": "RESET_REQUIRED"}


def test_a_file_that_does_not_say_how_its_hashes_were_made_gives_no_passwords(app: App) -> None:
    imported(app, csv(person("ann", password_hash="$2b$04$x"), header=[*HEADER, "password_hash"]))
    assert PoolUser.objects.get().password_hash is None
    assert PoolUser.objects.get().status == "RESET_REQUIRED"
