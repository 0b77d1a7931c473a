"""What may be used once is used once, however many try at the same time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from django.db import connection

from cognito_app.core import secrets as core_secrets
from cognito_app.models import AttemptCounter, PoolUser
from tests.clients import boto
from tests.conftest import PASSWORD, App

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 24


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
