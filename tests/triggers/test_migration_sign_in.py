"""UserMigration at sign-in: a user who is unknown here and known elsewhere comes over with the password."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pycognito import AWSSRP
from pytest_django import Settings

from cognito_app.models import PoolUser
from tests.conftest import PASSWORD, App, Inbox, make_app, refused
from tests.oauth.browser import Site
from tests.triggers.lambdas import Lambdas, config, golden, serving

pytestmark = pytest.mark.django_db

MIGRATE = "UserMigration_Authentication"
WRONG = "Incorrect username or password."
USER = {"userAttributes": {"email": "ann@example.com", "email_verified": "true"}, "finalUserStatus": "CONFIRMED"}


@pytest.fixture
def lambdas(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambdas]:
    with serving(settings, monkeypatch) as running:

        def migrate(event: Any) -> Any:
            if event["request"].get("password") == PASSWORD and event["userName"] == "ann":
                event["response"].update(USER)
            return event

        running.on(MIGRATE, migrate)
        yield running


@pytest.fixture
def moving(idp: Any, inbox: Inbox, lambdas: Lambdas) -> App:
    app = make_app(idp, inbox, LambdaConfig=config("UserMigration", "PreAuthentication", "PostAuthentication"))
    app.client_id = app.client(PreventUserExistenceErrors="LEGACY")["ClientId"]
    return app


def start(app: App, password: str = PASSWORD, name: str = "ann") -> Any:
    return app.idp.initiate_auth(
        ClientId=app.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": password},
        ClientMetadata={"from": "start"},
    )


def test_the_same_request_creates_the_user_and_signs_them_in(moving: App, lambdas: Lambdas) -> None:
    assert start(moving)["AuthenticationResult"]
    assert lambdas.sources == [MIGRATE, "PreAuthentication_Authentication", "PostAuthentication_Authentication"]
    golden(lambdas.last(MIGRATE))
    user = moving.idp.admin_get_user(UserPoolId=moving.pool_id, Username="ann")
    assert user["UserStatus"] == "CONFIRMED"
    lambdas.forget()
    assert start(moving)["AuthenticationResult"]
    assert MIGRATE not in lambdas.sources
    helper = AWSSRP("ann", PASSWORD, moving.pool_id, moving.client_id, client=moving.idp)
    assert helper.authenticate_user()["AuthenticationResult"]


def test_another_status_asks_for_a_new_password(moving: App, lambdas: Lambdas) -> None:
    lambdas.respond(MIGRATE, userAttributes=USER["userAttributes"])
    with refused("PasswordResetRequiredException"):
        start(moving)
    assert moving.idp.admin_get_user(UserPoolId=moving.pool_id, Username="ann")["UserStatus"] == "RESET_REQUIRED"


@pytest.mark.parametrize("hidden", [False, True])
def test_whom_the_function_does_not_know_is_unknown(moving: App, lambdas: Lambdas, hidden: bool) -> None:
    if hidden:
        moving.client_id = moving.client(PreventUserExistenceErrors="ENABLED")["ClientId"]
    code = "NotAuthorizedException" if hidden else "UserNotFoundException"
    with refused(code):
        start(moving, "Wrong-Horse-9!")
    assert not PoolUser.objects.exists()


@pytest.mark.parametrize("hidden", [False, True])
def test_a_function_that_raises_shows_only_where_users_are_not_hidden(
    moving: App, lambdas: Lambdas, hidden: bool
) -> None:
    lambdas.refuse(MIGRATE)
    if hidden:
        moving.client_id = moving.client(PreventUserExistenceErrors="ENABLED")["ClientId"]
        with refused("NotAuthorizedException", WRONG):
            start(moving)
    else:
        with refused("UserLambdaValidationException", "UserMigration failed with error not today."):
            start(moving)


@pytest.mark.parametrize("hidden", [False, True])
def test_guesses_at_the_other_directory_lock_the_name(moving: App, lambdas: Lambdas, hidden: bool) -> None:
    if hidden:
        moving.client_id = moving.client(PreventUserExistenceErrors="ENABLED")["ClientId"]
    for _ in range(5):
        with refused("NotAuthorizedException" if hidden else "UserNotFoundException"):
            start(moving, "Wrong-Horse-9!")
    lambdas.forget()
    with refused("NotAuthorizedException", "Password attempts exceeded"):
        start(moving)
    assert lambdas.sources == []


def test_srp_does_not_migrate(moving: App, lambdas: Lambdas) -> None:
    helper = AWSSRP("ann", PASSWORD, moving.pool_id, moving.client_id, client=moving.idp)
    with refused("UserNotFoundException"):
        helper.authenticate_user()
    assert lambdas.sources == []


def test_attributes_that_the_pool_does_not_have_make_no_user(moving: App, lambdas: Lambdas) -> None:
    lambdas.respond(MIGRATE, userAttributes={"custom:none": "x"}, finalUserStatus="CONFIRMED")
    with refused("UserNotFoundException", f"Exception migrating user in app client {moving.client_id}"):
        start(moving)
    assert not PoolUser.objects.exists()


def test_the_hosted_page_migrates_too(moving: App, lambdas: Lambdas) -> None:
    site = Site(moving)
    assert "access_token" in site.exchange(site.code()).json()
    assert lambdas.sources == [MIGRATE, "PreAuthentication_Authentication", "PostAuthentication_Authentication"]
