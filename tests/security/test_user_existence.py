"""Where the client hides users, a name that nobody has is answered like one that exists."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from pycognito import AWSSRP

from tests.conftest import PASSWORD, App

pytestmark = pytest.mark.django_db

UNKNOWN = "nobody"


@pytest.fixture
def hiding(app: App) -> App:
    """An app whose client prevents user existence errors, with users in several states."""
    for name in ("ann", "disabled", "reset"):
        app.sign_up(name)
    given = [{"Name": "email", "Value": "new@example.com"}]
    app.idp.sign_up(ClientId=app.client_id, Username="unconfirmed", Password=PASSWORD, UserAttributes=given)
    app.idp.admin_disable_user(UserPoolId=app.pool_id, Username="disabled")
    app.idp.admin_reset_user_password(UserPoolId=app.pool_id, Username="reset")
    app.client_id = app.client(PreventUserExistenceErrors="ENABLED")["ClientId"]
    return app


def outcome(call: Any) -> Any:
    """Return the code and message of a refusal, or the answer's members."""
    try:
        answer = call()
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    return sorted(name for name in answer if name != "ResponseMetadata")


STATES = ["ann", "disabled", "reset", "unconfirmed"]


@pytest.mark.parametrize("name", STATES)
def test_wrong_password(hiding: App, name: str) -> None:
    answers = [outcome(lambda who=who: hiding.start(who, "Wrong-Password-9!")) for who in (name, UNKNOWN)]
    assert answers[0] == answers[1] == ("NotAuthorizedException", "Incorrect username or password.")


@pytest.mark.parametrize("name", STATES)
def test_wrong_password_by_srp(hiding: App, name: str) -> None:
    def attempt(who: str) -> Any:
        return AWSSRP(who, "Wrong-1!", hiding.pool_id, hiding.client_id, client=hiding.idp).authenticate_user()

    answers = [outcome(lambda who=who: attempt(who)) for who in (name, UNKNOWN)]
    assert answers[0] == answers[1] == ("NotAuthorizedException", "Incorrect username or password.")


def test_the_first_srp_answer_is_constant_for_an_unknown_name(hiding: App) -> None:
    def first(who: str) -> Any:
        return hiding.idp.initiate_auth(
            ClientId=hiding.client_id, AuthFlow="USER_SRP_AUTH", AuthParameters={"USERNAME": who, "SRP_A": "ab" * 384}
        )["ChallengeParameters"]

    one, two, known = first(UNKNOWN), first(UNKNOWN), first("ann")
    assert one["SALT"] == two["SALT"]
    assert one["USER_ID_FOR_SRP"] == two["USER_ID_FOR_SRP"] == UNKNOWN
    assert set(one) == set(known)
    assert abs(len(one["SECRET_BLOCK"]) - len(known["SECRET_BLOCK"])) < 32


@pytest.mark.parametrize("name", STATES)
def test_codes(hiding: App, name: str) -> None:
    def forgot(who: str) -> Any:
        return lambda: hiding.idp.forgot_password(ClientId=hiding.client_id, Username=who)

    def confirm_forgot(who: str) -> Any:
        return lambda: hiding.idp.confirm_forgot_password(
            ClientId=hiding.client_id, Username=who, ConfirmationCode="0", Password=PASSWORD
        )

    def confirm(who: str) -> Any:
        return lambda: hiding.idp.confirm_sign_up(ClientId=hiding.client_id, Username=who, ConfirmationCode="0")

    def resend(who: str) -> Any:
        return lambda: hiding.idp.resend_confirmation_code(ClientId=hiding.client_id, Username=who)

    for make in (forgot, confirm_forgot, confirm, resend):
        assert outcome(make(name)) == outcome(make(UNKNOWN)), make.__name__


def test_unknown_names_are_locked_out_alike(hiding: App) -> None:
    for who in ("ann", UNKNOWN):
        for _ in range(5):
            assert outcome(lambda who=who: hiding.start(who, "Wrong-9!"))[1] == "Incorrect username or password."
        assert outcome(lambda who=who: hiding.start(who, PASSWORD))[1] == "Password attempts exceeded"
