"""PreAuthentication and PostAuthentication around every way to sign in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from pycognito import AWSSRP
from pytest_django import Settings

from cognito_app.models import PoolUser
from tests.clients.endpoints import Answer
from tests.conftest import PASSWORD, App, Inbox, make_app, refused
from tests.triggers import functions
from tests.triggers.lambdas import ARN, Lambdas, config, golden, serving

pytestmark = pytest.mark.django_db

BEFORE, AFTER = "PreAuthentication_Authentication", "PostAuthentication_Authentication"
TOKENS = "TokenGeneration_Authentication"
WRONG = "Incorrect username or password."


@pytest.fixture
def lambdas(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambdas]:
    with serving(settings, monkeypatch) as running:
        yield running


@pytest.fixture
def watched(idp: Any, inbox: Inbox, lambdas: Lambdas) -> App:
    app = make_app(idp, inbox, LambdaConfig=config("PreAuthentication", "PostAuthentication", "PreTokenGeneration"))
    app.client_id = app.client(PreventUserExistenceErrors="LEGACY")["ClientId"]
    app.sign_up()
    return app


def hide(app: App) -> None:
    app.client_id = app.client(PreventUserExistenceErrors="ENABLED")["ClientId"]


def start(app: App, name: str = "ann", password: str = PASSWORD) -> Any:
    return app.idp.initiate_auth(
        ClientId=app.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": password},
        ClientMetadata={"from": "start"},
    )


def test_a_sign_in_by_password_asks_before_and_tells_after(watched: App, lambdas: Lambdas) -> None:
    assert start(watched)["AuthenticationResult"]
    assert lambdas.sources == [BEFORE, AFTER, TOKENS]
    golden(lambdas.last(BEFORE))
    golden(lambdas.last(AFTER))


def test_srp_asks_when_it_starts(watched: App, lambdas: Lambdas) -> None:
    helper = AWSSRP("ann", PASSWORD, watched.pool_id, watched.client_id, client=watched.idp)
    watched.idp.initiate_auth(
        AuthFlow="USER_SRP_AUTH", ClientId=watched.client_id, AuthParameters=helper.get_auth_params()
    )
    assert lambdas.sources == [BEFORE]
    lambdas.forget()
    assert helper.authenticate_user()["AuthenticationResult"]
    assert lambdas.sources == [BEFORE, AFTER, TOKENS]


def test_a_refusal_before_hides_whether_the_password_was_right_and_counts_as_no_try(
    watched: App, lambdas: Lambdas
) -> None:
    lambdas.refuse(BEFORE, "closed")
    for _ in range(8):
        with refused("UserLambdaValidationException", "PreAuthentication failed with error closed."):
            start(watched, password="Wrong-Horse-9!")
    lambdas.functions.clear()
    assert start(watched)["AuthenticationResult"]


def test_a_locked_name_is_not_asked_about(watched: App, lambdas: Lambdas) -> None:
    for _ in range(5):
        with refused("NotAuthorizedException", WRONG):
            start(watched, password="Wrong-Horse-9!")
    lambdas.forget()
    with refused("NotAuthorizedException", "Password attempts exceeded"):
        start(watched)
    assert lambdas.sources == []


def test_a_refusal_after_gives_no_tokens(watched: App, lambdas: Lambdas) -> None:
    lambdas.refuse(AFTER)
    with refused("UserLambdaValidationException", "PostAuthentication failed with error not today."):
        start(watched)
    assert TOKENS not in lambdas.sources


def test_nobody_is_asked_about_unless_the_client_hides_who_exists(watched: App, lambdas: Lambdas) -> None:
    with refused("UserNotFoundException"):
        start(watched, "nobody")
    assert lambdas.sources == []
    hide(watched)
    with refused("NotAuthorizedException", WRONG):
        start(watched, "nobody")
    golden(lambdas.last(BEFORE), f"{BEFORE}.unknown")
    assert start(watched)["AuthenticationResult"]
    assert lambdas.last(BEFORE)["request"]["userNotFound"] is False
    lambdas.refuse(BEFORE)
    with refused("UserLambdaValidationException", "PreAuthentication failed with error not today."):
        start(watched, "nobody")


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        (Answer(raw=b"null"), "InvalidLambdaResponseException", "Unrecognizable lambda output"),
        (Answer(raw=b"[]"), "InvalidLambdaResponseException", "Unrecognizable lambda output"),
        (
            Answer(body={}, status=404, headers={"x-amzn-ErrorType": "ResourceNotFoundException"}),
            "UnexpectedLambdaException",
            "{} invocation failed due to error ResourceNotFoundException.",
        ),
        (
            Answer(body={}, status=429, headers={"x-amzn-ErrorType": "TooManyRequestsException"}),
            "UnexpectedLambdaException",
            "{} invocation failed due to error TooManyRequestsException.",
        ),
    ],
)
@pytest.mark.parametrize("source", [BEFORE, AFTER])
def test_what_goes_wrong_in_a_function_refuses(
    watched: App, lambdas: Lambdas, source: str, answer: Answer, code: str, message: str
) -> None:
    lambdas.on(source, lambda event: answer)
    with refused(code, message.format(source.split("_")[0])):
        start(watched)


def test_metadata_of_an_answer_reaches_what_runs_after(watched: App, lambdas: Lambdas) -> None:
    watched.idp.admin_create_user(
        UserPoolId=watched.pool_id, Username="new", TemporaryPassword=PASSWORD, MessageAction="SUPPRESS"
    )
    lambdas.forget()
    challenge = start(watched, "new")
    assert lambdas.sources == [BEFORE]
    watched.idp.respond_to_auth_challenge(
        ClientId=watched.client_id,
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": "new", "NEW_PASSWORD": "Another-Horse-9!"},
        ClientMetadata={"from": "answer"},
    )
    assert lambdas.sources == [BEFORE, AFTER, "TokenGeneration_NewPasswordChallenge"]
    golden(lambdas.last(AFTER), f"{AFTER}.answered")
    golden(lambdas.last("TokenGeneration_NewPasswordChallenge"))


def test_a_session_whose_end_was_refused_is_spent(watched: App, lambdas: Lambdas) -> None:
    watched.idp.admin_create_user(
        UserPoolId=watched.pool_id, Username="new", TemporaryPassword=PASSWORD, MessageAction="SUPPRESS"
    )
    challenge = start(watched, "new")
    answer = {
        "ClientId": watched.client_id,
        "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": challenge["Session"],
        "ChallengeResponses": {"USERNAME": "new", "NEW_PASSWORD": "Another-Horse-9!"},
    }
    lambdas.refuse(AFTER)
    with refused("UserLambdaValidationException"):
        watched.idp.respond_to_auth_challenge(**answer)
    with refused("NotAuthorizedException", "Invalid session for the user, session can only be used once."):
        watched.idp.respond_to_auth_challenge(**answer)
    lambdas.functions.clear()
    assert start(watched, "new", "Another-Horse-9!")["AuthenticationResult"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("source", [BEFORE, AFTER])
def test_a_function_that_disables_the_user_ends_the_sign_in(watched: App, lambdas: Lambdas, source: str) -> None:
    def disabling(event: Any) -> Any:
        PoolUser.objects.filter(username=event["userName"]).update(enabled=False)
        connection.close()
        return event

    lambdas.on(source, disabling)
    with refused("NotAuthorizedException", "User is disabled."):
        start(watched)
    assert TOKENS not in lambdas.sources


def test_new_devices_are_told_where_devices_are_tracked(idp: Any, inbox: Inbox, lambdas: Lambdas) -> None:
    app = make_app(
        idp,
        inbox,
        LambdaConfig=config("PostAuthentication"),
        DeviceConfiguration={"ChallengeRequiredOnNewDevice": False, "DeviceOnlyRememberedOnUserPrompt": True},
    )
    app.sign_up()
    key = app.sign_in()["NewDeviceMetadata"]["DeviceKey"]
    app.idp.initiate_auth(
        ClientId=app.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ann", "PASSWORD": PASSWORD, "DEVICE_KEY": key},
    )
    assert [event["request"]["newDeviceUsed"] for event in lambdas.endpoint.events(AFTER)] == [True, False]


def test_renewing_tokens_runs_only_the_tokens_trigger(watched: App, lambdas: Lambdas) -> None:
    tokens = start(watched)["AuthenticationResult"]
    lambdas.forget()
    watched.idp.initiate_auth(
        ClientId=watched.client_id,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
        ClientMetadata={"from": "start"},
    )
    assert lambdas.sources == ["TokenGeneration_RefreshTokens"]
    golden(lambdas.last("TokenGeneration_RefreshTokens"))


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_a_function_runs(
    idp: Any, inbox: Inbox, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("PreAuthentication", "PostAuthentication", "PreTokenGeneration", "UserMigration")
    handler = {"kind": "python", "target": "tests.triggers.functions.outside_transactions", "mode": "inline"}
    settings.COGNITO = {**settings.COGNITO, "TRIGGERS": {"functions": {ARN + name: handler for name in names}}}
    functions.seen.clear()
    app = make_app(idp, inbox, LambdaConfig=config(*names))
    app.sign_up()
    tokens = app.sign_in()
    app.idp.initiate_auth(
        ClientId=app.client_id,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
    )
    app.sign_in("from-elsewhere")
    assert functions.seen == [
        BEFORE,
        AFTER,
        TOKENS,
        "TokenGeneration_RefreshTokens",
        "UserMigration_Authentication",
        BEFORE,
        AFTER,
        TOKENS,
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("source", [BEFORE, AFTER, TOKENS])
def test_a_slow_function_holds_up_no_other_sign_in_of_the_user(watched: App, lambdas: Lambdas, source: str) -> None:
    entered, release = threading.Event(), threading.Event()

    def slow_once(event: Any) -> Any:
        if not entered.is_set():
            entered.set()
            release.wait(4)
        return event

    lambdas.on(source, slow_once)

    def sign_in() -> Any:
        try:
            return start(watched)["AuthenticationResult"]
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(sign_in)
        assert entered.wait(4)
        assert pool.submit(sign_in).result(timeout=3)
        assert not first.done()
        release.set()
        assert first.result()


def test_the_flows_of_administrators_run_them_too(watched: App, lambdas: Lambdas) -> None:
    watched.idp.admin_initiate_auth(
        UserPoolId=watched.pool_id,
        ClientId=watched.client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ann", "PASSWORD": PASSWORD},
        ClientMetadata={"from": "admin"},
    )
    assert lambdas.sources == [BEFORE, AFTER, TOKENS]
    assert lambdas.last(BEFORE)["request"]["validationData"] == {"from": "admin"}
