"""Users who were imported with the password hashes of another system, and their first sign-in."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_app.core import imported_hashes
from cognito_app.models import PoolUser
from tests.aws.test_sign_in import srp
from tests.clients.csv_import import counters, csv, imported, log, person
from tests.conftest import PASSWORD, App, refused
from tests.core import test_imported_hashes as made

pytestmark = pytest.mark.django_db

HEADER = ["cognito:username", "email", "email_verified", "password_hash"]
TEXTS = {
    "BCRYPT": made.bcrypt_text(),
    "SCRYPT": made.scrypt(),
    "ARGON2ID": made.argon2id(),
    "PBKDF2_SHA256": made.pbkdf2(),
}


def bring(app: App, algorithm: str, **hashes: str) -> Any:
    """Import users with hashes."""
    rows = [person(name, password_hash=text.replace(",", "\\,")) for name, text in hashes.items()]
    return imported(app, csv(*rows, header=HEADER), PasswordHashingAlgorithm=algorithm)


@pytest.mark.parametrize("algorithm", TEXTS)
def test_the_first_sign_in_makes_srp_possible(app: App, algorithm: str) -> None:
    job = bring(app, algorithm, ann=TEXTS[algorithm])
    assert (job["Status"], job["PasswordHashingAlgorithm"]) == ("Succeeded", algorithm)
    assert app.idp.admin_get_user(UserPoolId=app.pool_id, Username="ann")["UserStatus"] == "CONFIRMED"
    with refused("NotAuthorizedException", "Incorrect username or password."):
        srp(app, made.PASSWORD)
    with refused("NotAuthorizedException", "Incorrect username or password."):
        app.start("ann", made.PASSWORD + "x")
    assert str(PoolUser.objects.get().password_hash).startswith("imported$")
    assert "AccessToken" in app.sign_in("ann", made.PASSWORD)
    user = PoolUser.objects.get()
    assert str(user.password_hash).startswith("$argon2id$")
    assert user.srp_verifier is not None
    assert "AccessToken" in srp(app, made.PASSWORD)["AuthenticationResult"]
    assert "AccessToken" in app.sign_in("ann", made.PASSWORD)


def test_an_administrators_sign_in_counts_too(app: App) -> None:
    bring(app, "SCRYPT", ann=TEXTS["SCRYPT"])
    app.idp.admin_initiate_auth(
        UserPoolId=app.pool_id,
        ClientId=app.client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ann", "PASSWORD": made.PASSWORD},
    )
    assert str(PoolUser.objects.get().password_hash).startswith("$argon2id$")


def test_a_new_password_replaces_the_imported_one(app: App) -> None:
    bring(app, "BCRYPT", ann=TEXTS["BCRYPT"])
    app.idp.forgot_password(ClientId=app.client_id, Username="ann")
    code = app.inbox.code("ann@example.com")
    app.idp.confirm_forgot_password(ClientId=app.client_id, Username="ann", ConfirmationCode=code, Password=PASSWORD)
    with refused("NotAuthorizedException", "Incorrect username or password."):
        app.start("ann", made.PASSWORD)
    assert "AccessToken" in srp(app)["AuthenticationResult"]


def test_a_signed_in_user_changes_the_imported_password(app: App) -> None:
    bring(app, "BCRYPT", ann=TEXTS["BCRYPT"])
    token = app.sign_in("ann", made.PASSWORD)["AccessToken"]
    PoolUser.objects.update(password_hash=imported_hashes.wrap("BCRYPT", TEXTS["BCRYPT"]), srp_verifier=None)
    with refused("NotAuthorizedException", "Incorrect username or password."):
        app.idp.change_password(AccessToken=token, PreviousPassword="wrong", ProposedPassword=PASSWORD)
    app.idp.change_password(AccessToken=token, PreviousPassword=made.PASSWORD, ProposedPassword=PASSWORD)
    assert "AccessToken" in srp(app)["AuthenticationResult"]


def test_rows_without_a_good_hash(app: App) -> None:
    good = TEXTS["PBKDF2_SHA256"]
    job = bring(
        app, "PBKDF2_SHA256", ann=good, bob="", cat=TEXTS["BCRYPT"], dan=good.replace("$1000$", "$900000$"), eve=good
    )
    assert (job["Status"], counters(job)) == ("Succeeded", (3, 0, 2))
    assert dict(PoolUser.objects.values_list("username", "status")) == {
        "ann": "CONFIRMED",
        "bob": "RESET_REQUIRED",
        "eve": "CONFIRMED",
    }
    assert log(job) == [
        "[FAILED] Line Number 4 - The password hash is malformed or was made by another algorithm.",
        "[FAILED] Line Number 5 - A parameter of the password hash exceeds the maximum.",
    ]
    with refused("PasswordResetRequiredException"):
        app.start("bob", made.PASSWORD)


def test_a_job_with_an_algorithm_needs_the_column(app: App) -> None:
    job = imported(app, csv(person("ann")), PasswordHashingAlgorithm="BCRYPT")
    assert (job["Status"], job["CompletionMessage"]) == ("Failed", "The CSV file has no password_hash column.")
    assert not PoolUser.objects.exists()
