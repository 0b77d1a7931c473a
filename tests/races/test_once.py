"""What may be used once is used once, however many try at the same time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.exceptions import ClientError
from django.db import connection
from django.test import Client

from cognito_app.core import secrets as core_secrets
from cognito_app.models import AttemptCounter, PoolUser, RefreshToken
from tests.clients import boto
from tests.conftest import PASSWORD, App
from tests.oauth.test_oauth import CALLBACK, VERIFIER, Site

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 24
TRIES = 1000


def in_parallel(tries: int, attempt: Callable[[], str]) -> Counter[str]:
    """Run ``attempt`` from many threads that start together; count what it returns."""
    barrier = threading.Barrier(THREADS)
    local = threading.local()

    def one(_: int) -> str:
        if not getattr(local, "started", False):
            local.started = True
            barrier.wait()
        try:
            return attempt()
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(pool.map(one, range(tries)))


def code_of(call: Callable[[], Any]) -> str:
    """Return ``ok`` or the code of the refusal."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


def test_one_confirmation_code(app: App) -> None:
    given = [{"Name": "email", "Value": "ann@example.com"}]
    app.idp.sign_up(ClientId=app.client_id, Username="ann", Password=PASSWORD, UserAttributes=given)
    code = app.inbox.code("ann@example.com")
    public = boto.client("cognito-idp")
    counted = in_parallel(
        TRIES,
        lambda: code_of(lambda: public.confirm_sign_up(ClientId=app.client_id, Username="ann", ConfirmationCode=code)),
    )
    assert counted["ok"] == 1
    assert set(counted) <= {"ok", "ExpiredCodeException", "NotAuthorizedException", "LimitExceededException"}


def test_one_authorization_code(app: App) -> None:
    app.sign_up()
    site = Site(app)
    code = site.code()
    form = {
        "grant_type": "authorization_code",
        "client_id": site.client["ClientId"],
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }

    def redeem() -> str:
        answer = Client().post(
            f"/{app.pool_id}/oauth2/token", urlencode(form), content_type="application/x-www-form-urlencoded"
        )
        return "ok" if answer.status_code == 200 else str(answer.json()["error"])

    counted = in_parallel(TRIES, redeem)
    assert counted == {"ok": 1, "invalid_grant": TRIES - 1}
    assert RefreshToken.objects.filter(client_id=site.client["ClientId"], revoked_at=None).count() == 0


def test_one_new_password_session(app: App) -> None:
    app.idp.admin_create_user(
        UserPoolId=app.pool_id, Username="bob", TemporaryPassword="Temporary-9!", MessageAction="SUPPRESS"
    )
    session = app.start("bob", "Temporary-9!")["Session"]
    public = boto.client("cognito-idp")
    counted = in_parallel(
        TRIES,
        lambda: code_of(
            lambda: public.respond_to_auth_challenge(
                ClientId=app.client_id,
                ChallengeName="NEW_PASSWORD_REQUIRED",
                Session=session,
                ChallengeResponses={"USERNAME": "bob", "NEW_PASSWORD": PASSWORD},
            )
        ),
    )
    assert counted["ok"] == 1
    assert set(counted) <= {"ok", "NotAuthorizedException", "TooManyRequestsException"}
    assert RefreshToken.objects.count() == 1


def test_two_hundred_wrong_codes_are_compared_fifteen_times(app: App) -> None:
    given = [{"Name": "email", "Value": "ann@example.com"}]
    app.idp.sign_up(ClientId=app.client_id, Username="ann", Password=PASSWORD, UserAttributes=given)
    code = app.inbox.code("ann@example.com")
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    public = boto.client("cognito-idp")
    counted = in_parallel(
        200,
        lambda: code_of(lambda: public.confirm_sign_up(ClientId=app.client_id, Username="ann", ConfirmationCode=wrong)),
    )
    assert counted == {"CodeMismatchException": 15, "LimitExceededException": 185}
    assert AttemptCounter.objects.get().count == 15


def test_parallel_password_guesses_stay_within_the_lockout(app: App) -> None:
    app.sign_up()
    public = boto.client("cognito-idp")

    def guess() -> str:
        try:
            public.initiate_auth(
                ClientId=app.client_id,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": "ann", "PASSWORD": "Wrong-" + core_secrets.digits(6)},
            )
        except ClientError as error:
            return str(error.response["Error"]["Message"])
        return "ok"

    counted = in_parallel(100, guess)
    # Five free ones, and one after each second or two of lock that the run may last.
    assert 5 <= counted["Incorrect username or password."] <= 8
    assert counted["ok"] == 0


def test_one_name_for_parallel_sign_ups(app: App) -> None:
    public = boto.client("cognito-idp")
    counted = in_parallel(
        48, lambda: code_of(lambda: public.sign_up(ClientId=app.client_id, Username="same", Password=PASSWORD))
    )
    assert counted["ok"] == 1
    assert set(counted) <= {"ok", "UsernameExistsException", "TooManyRequestsException"}
    assert PoolUser.objects.filter(username="same").count() == 1


def test_one_successor_of_a_refresh_token(app: App) -> None:
    app.sign_up()
    client_id = app.client(
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
        RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 60},
    )["ClientId"]
    token = app.sign_in(client_id=client_id)["RefreshToken"]
    public = boto.client("cognito-idp")

    def renew() -> str:
        answer = public.get_tokens_from_refresh_token(ClientId=client_id, RefreshToken=token)
        return str(answer["AuthenticationResult"]["RefreshToken"])

    counted = in_parallel(200, renew)
    assert len(counted) == 1
    assert RefreshToken.objects.filter(client_id=client_id).count() == 2
