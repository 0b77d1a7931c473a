"""What a CSV file makes of a pool's users."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_app.models import PoolUser, UserAlias, UserImportChunk, UserImportJob
from cognito_app.services.imports import jobs, states, uploads, worker
from tests.clients.csv_import import HEADER, counters, csv, described, imported, log, person, ready, start
from tests.conftest import App, Inbox, make_app

pytestmark = pytest.mark.django_db


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
