"""Requests are held to their rates: by category, by operation and pool, by user, by source."""

from __future__ import annotations

import importlib
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from structlog.testing import capture_logs

from cognito_app.aws import model
from cognito_app.aws import quotas as quotas_of_request
from cognito_app.aws.categories import CATEGORY_OF
from cognito_app.aws.quotas import named_in
from cognito_app.core import clock
from cognito_app.errors import TooManyRequestsException
from cognito_app.models import RateCounter
from cognito_app.services import config, limits, throttle, upkeep
from cognito_app.services.actor import SYSTEM
from cognito_app.services.rate_categories import CATEGORIES
from tests import clocks
from tests.conftest import PASSWORD, App, make_app
from tests.oauth.browser import Site

pytestmark = pytest.mark.django_db
NOT_SIGNED = "eyJ0ZXN0IjoxfQ"


def redis_url() -> str | None:
    """Return the address of the Redis that tests may use, if it answers."""
    url = os.environ.get("REDIS_URL")
    try:
        answers = bool(url) and importlib.import_module("redis").Redis.from_url(url, socket_timeout=1).ping()
    except Exception:
        answers = False
    return url if answers else None


@pytest.fixture(params=["database", "redis"])
def quotas(request: pytest.FixtureRequest, settings: Settings) -> None:
    """Count requests, in the table or in Redis."""
    url = redis_url() if request.param == "redis" else None
    if request.param == "redis" and url is None:
        pytest.skip("no Redis answers at REDIS_URL")
    settings.COGNITO = {**settings.COGNITO, "REQUEST_QUOTAS": True, "REDIS_URL": url}


@pytest.fixture
def moved() -> Iterator[Any]:
    """A clock that stands still until it is moved."""
    with clocks.stopped() as moved:
        yield moved


def outcomes(count: int, *calls: Callable[[], Any]) -> list[str]:
    """Make calls in turn, ``count`` in all; returns the code of each refusal, or ``ok``."""
    found = []
    for number in range(count):
        try:
            calls[number % len(calls)]()
            found.append("ok")
        except ClientError as error:
            found.append(error.response["Error"]["Code"])
    return found


def passed(count: int, *calls: Callable[[], Any]) -> int:
    """Return how many of so many calls were not refused for their rate."""
    return count - outcomes(count, *calls).count("TooManyRequestsException")


def test_every_operation_has_a_category() -> None:
    assert set(model.service("cognito-idp").operations) <= set(CATEGORY_OF)
    assert set(CATEGORY_OF.values()) == set(CATEGORIES) - {"UserFederation"}
    assert CATEGORIES["UserAuthentication"].default == 120
    assert CATEGORIES["ClientAuthentication"].default == 150
    adjustable = {name for name, category in CATEGORIES.items() if category.adjustable}
    assert adjustable == {
        "UserAuthentication",
        "UserCreation",
        "UserFederation",
        "UserRead",
        "UserToken",
        "UserResourceRead",
    }


@pytest.mark.usefixtures("quotas")
def test_a_categorys_rate_holds_for_all_its_operations_and_pools(app: App, moved: Any) -> None:
    other = make_app(app.idp, app.inbox)
    lists = [
        lambda: app.idp.list_users(UserPoolId=app.pool_id),
        lambda: other.idp.list_users(UserPoolId=other.pool_id),
        lambda: app.idp.list_users_in_group(UserPoolId=app.pool_id, GroupName="none"),
    ]
    found = Counter(outcomes(40, *lists))
    assert found["TooManyRequestsException"] == 10
    assert found["ok"] == 20
    assert passed(5, lambda: app.idp.describe_user_pool(UserPoolId=app.pool_id)) == 5
    moved.shift(1)
    assert passed(40, *lists) == 30


@pytest.mark.usefixtures("quotas", "moved")
def test_a_refusal_reads_as_awss(app: App) -> None:
    outcomes(30, lambda: app.idp.list_users(UserPoolId=app.pool_id))
    with pytest.raises(ClientError) as caught:
        app.idp.list_users(UserPoolId=app.pool_id)
    assert caught.value.response["Error"] == {"Code": "TooManyRequestsException", "Message": "Rate exceeded"}
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.usefixtures("quotas", "moved")
def test_operations_on_resources_are_held_to_five_a_second_for_each_pool(app: App) -> None:
    other = make_app(app.idp, app.inbox)
    assert passed(8, lambda: app.idp.list_groups(UserPoolId=app.pool_id)) == 5
    assert passed(2, lambda: other.idp.list_groups(UserPoolId=other.pool_id)) == 2
    assert passed(2, lambda: app.idp.get_group(UserPoolId=app.pool_id, GroupName="none")) == 2
    assert passed(8, lambda: app.idp.list_user_pool_clients(UserPoolId=app.pool_id)) == 5


@pytest.mark.usefixtures("quotas", "moved")
def test_tag_operations_are_held_to_five_a_second(app: App) -> None:
    arns = [
        f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{pool_id}"
        for pool_id in (app.pool_id, make_app(app.idp, app.inbox).pool_id)
    ]
    calls = [lambda arn=arn: app.idp.tag_resource(ResourceArn=arn, Tags={"a": "b"}) for arn in arns]
    assert passed(8, *calls) == 5


@pytest.mark.usefixtures("quotas", "moved")
def test_a_user_is_read_and_written_ten_times_a_second(app: App) -> None:
    app.sign_up("ann")
    app.sign_up("bob")
    token = app.sign_in("ann")["AccessToken"]
    reads = [
        lambda: app.idp.get_user(AccessToken=token),
        lambda: app.idp.admin_get_user(UserPoolId=app.pool_id, Username="ANN".lower()),
    ]
    # The sign-in was a read of the same user.
    assert passed(12, *reads) == 9
    assert passed(2, lambda: app.idp.admin_get_user(UserPoolId=app.pool_id, Username="bob")) == 2
    given = [{"Name": "name", "Value": "Ann"}]
    # Two writes were the registration and its confirmation.
    assert passed(12, lambda: app.idp.update_user_attributes(AccessToken=token, UserAttributes=given)) == 8


@pytest.mark.usefixtures("quotas", "moved")
def test_a_made_up_token_costs_its_supposed_user_nothing(app: App) -> None:
    app.sign_up()
    token = app.sign_in()["AccessToken"]
    forged = token.rpartition(".")[0] + "." + NOT_SIGNED
    found = outcomes(20, lambda: app.idp.get_user(AccessToken=forged))
    assert set(found) == {"NotAuthorizedException"}
    assert passed(5, lambda: app.idp.get_user(AccessToken=token)) == 5


@pytest.mark.usefixtures("quotas", "moved")
def test_requests_refused_for_one_user_leave_the_category_to_others(app: App) -> None:
    limits.set_for_pool(SYSTEM, app.pool_id, {"UserRead": 12})
    assert passed(30, lambda: app.idp.admin_get_user(UserPoolId=app.pool_id, Username="ann")) == 10
    assert passed(5, lambda: app.idp.admin_get_user(UserPoolId=app.pool_id, Username="bob")) == 2


@pytest.mark.usefixtures("quotas", "moved")
def test_a_pool_with_a_limit_of_its_own_is_counted_by_itself(app: App) -> None:
    other = make_app(app.idp, app.inbox)
    limits.set_for_pool(SYSTEM, app.pool_id, {"UserList": 3, "UserPoolResourceRead": 8})
    assert passed(5, lambda: app.idp.list_users(UserPoolId=app.pool_id)) == 3
    assert passed(32, lambda: other.idp.list_users(UserPoolId=other.pool_id)) == 30
    # It stands above the five a second of each operation, too.
    assert passed(10, lambda: app.idp.list_groups(UserPoolId=app.pool_id)) == 8


def answer(app: App, challenge: str, name: str = "ann") -> Callable[[], Any]:
    """Return a call that answers a challenge wrongly."""
    given = {"USERNAME": name, "NEW_PASSWORD": PASSWORD, "SMS_MFA_CODE": "123456"}
    return lambda: app.idp.respond_to_auth_challenge(
        ClientId=app.client_id, ChallengeName=challenge, ChallengeResponses=given, Session="x" * 30
    )


@pytest.mark.usefixtures("quotas", "moved")
def test_three_answers_for_each_sign_in_are_free_and_more_count_as_sign_ins(app: App) -> None:
    limits.set_for_pool(SYSTEM, app.pool_id, {"UserAuthentication": 2, "UserAccountRecovery": 1})
    assert passed(9, answer(app, "SMS_MFA")) == 8
    assert passed(1, lambda: app.start("bob", "wrong")) == 0
    # A new password counts elsewhere.
    assert passed(3, answer(app, "NEW_PASSWORD_REQUIRED")) == 1


@pytest.mark.usefixtures("quotas", "moved")
def test_sign_ins_do_not_take_the_allowance_of_answers(app: App) -> None:
    limits.set_for_pool(SYSTEM, app.pool_id, {"UserAuthentication": 2})
    assert passed(4, lambda: app.start("bob", "wrong")) == 2
    assert passed(8, answer(app, "SMS_MFA")) == 6


@pytest.mark.usefixtures("quotas", "moved")
def test_malformed_requests_count(app: App) -> None:
    limits.set_for_pool(SYSTEM, app.pool_id, {"UserList": 2})
    assert outcomes(3, lambda: app.idp.list_users(UserPoolId=app.pool_id, Limit=1000)) == [
        "InvalidParameterException",
        "InvalidParameterException",
        "TooManyRequestsException",
    ]


@pytest.mark.usefixtures("quotas", "moved", "db")
@pytest.mark.parametrize(
    "given",
    [
        {"UserPoolId": "x"},
        {"UserPoolId": "us-east-1_\x00"},
        {"UserPoolId": ["us-east-1_a"]},
        {"ClientId": "\x00" * 5, "AuthParameters": "x"},
        {"ClientId": 5, "AuthParameters": {"USERNAME": 5}},
        {"ResourceArn": "userpool/" * 500},
        {"AccessToken": 5},
        {"AccessToken": "a.b.c"},
        {"Username": "\ud800" * 3000, "UserPoolId": "us-east-1_none"},
    ],
)
def test_odd_names_do_no_harm(given: dict[str, Any]) -> None:
    for name in ("AdminGetUser", "GetUser", "InitiateAuth", "RespondToAuthChallenge", "ListTagsForResource"):
        operation = model.service("cognito-idp").operations[name]
        assert named_in(operation, given)[0] is None
        quotas_of_request.count(operation, given)


def site_of(app: App, **settings: Any) -> Site:
    """Return a site with a confidential client for tokens of its own."""
    app.idp.create_resource_server(
        UserPoolId=app.pool_id, Identifier="api", Name="api", Scopes=[{"ScopeName": "read", "ScopeDescription": "r"}]
    )
    given = {"GenerateSecret": True, "AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthScopes": ["api/read"]}
    return Site(app, **{**given, **settings})


@pytest.mark.usefixtures("quotas")
def test_the_token_endpoint_answers_429_in_json(app: App, moved: Any) -> None:
    site = site_of(app)
    limits.set_for_pool(SYSTEM, app.pool_id, {"ClientAuthentication": 2, "UserAuthentication": 1})
    form = {"grant_type": "client_credentials", "client_secret": site.client["ClientSecret"]}
    assert [site.token(**form).status_code for _ in range(3)] == [200, 200, 429]
    refused = site.token(**form)
    assert refused.json() == {"error": "too_many_requests", "error_description": "Rate exceeded"}
    # Refreshes count as sign-ins; codes have an allowance of the same size beside them.
    refresh = {**form, "grant_type": "refresh_token", "refresh_token": "x"}
    assert [site.token(**refresh).status_code for _ in range(2)] == [400, 429]
    code = {**form, "grant_type": "authorization_code", "code": "x", "redirect_uri": "https://x.example"}
    assert [site.token(**code).status_code for _ in range(2)] == [400, 429]
    moved.shift(1)
    assert site.token(**form).status_code == 200


@pytest.mark.usefixtures("quotas", "moved")
def test_hosted_forms_count_in_their_categories_and_answer_429(app: App) -> None:
    app.sign_up()
    site = Site(app)
    limits.set_for_pool(SYSTEM, app.pool_id, {"UserAuthentication": 2, "UserCreation": 1, "UserAccountRecovery": 1})
    assert site.get("login", **site.request()).status_code == 200
    wrong = {"username": "ann", "password": "wrong"}
    assert [site.submit("login", wrong).status_code for _ in range(3)] == [200, 200, 429]
    refused = site.submit("login", wrong)
    assert "<h1>Too many attempts</h1>" in refused.content.decode()
    assert refused["Retry-After"] == "1"
    assert refused["Cache-Control"].startswith("no-cache")
    assert [site.submit("signup", {"username": "bob"}).status_code for _ in range(2)] == [200, 429]
    assert [site.submit("forgotPassword", {"username": "bob"}).status_code for _ in range(2)] == [200, 429]
    # Looking at a page is no sign-in, nor is a form without the page's token.
    assert site.get("login", **site.request()).status_code == 200
    assert site.submit("login", {**wrong, "_csrf": "other"}).status_code == 200


@pytest.mark.usefixtures("quotas", "moved")
def test_a_source_reaches_a_domain_three_hundred_times_a_second(app: App) -> None:
    def ask(path: str, ip: str) -> int:
        return Client().get(f"/{app.pool_id}/{path}", REMOTE_ADDR=ip).status_code

    pool = config.pool(app.pool_id)
    for _ in range(298):
        throttle.count_visit(pool, "192.0.2.1", None)
    assert [ask("oauth2/userInfo", "192.0.2.1") for _ in range(3)] == [400, 400, 429]
    assert ask("login", "192.0.2.1") == 429
    assert ask(".well-known/jwks.json", "192.0.2.1") == 200
    assert ask("oauth2/userInfo", "192.0.2.2") == 400


def test_without_quotas_nothing_is_counted(app: App, moved: Any) -> None:
    with CaptureQueriesContext(connection) as captured:
        assert passed(40, lambda: app.idp.list_users(UserPoolId=app.pool_id)) == 40
        Client().get(f"/{app.pool_id}/login")
    assert [item["sql"] for item in captured.captured_queries if "rate" in item["sql"] or "limits" in item["sql"]] == []


def test_counting_in_the_database_takes_one_statement_a_request(app: App, settings: Settings, moved: Any) -> None:
    settings.COGNITO = {**settings.COGNITO, "REQUEST_QUOTAS": True, "REDIS_URL": None}
    app.idp.admin_get_user(UserPoolId=app.pool_id, Username=app.sign_up() and "ann")
    with CaptureQueriesContext(connection) as captured:
        app.idp.admin_get_user(UserPoolId=app.pool_id, Username="ann")
    counting = [item["sql"] for item in captured.captured_queries if "ratecounter" in item["sql"]]
    assert len(counting) == 1
    assert len(captured) <= 3


def test_old_counters_are_swept(app: App, settings: Settings, moved: Any) -> None:
    settings.COGNITO = {**settings.COGNITO, "REQUEST_QUOTAS": True, "REDIS_URL": None}
    app.idp.list_users(UserPoolId=app.pool_id)
    assert throttle.sweep() == 0
    moved.shift(10)
    app.idp.list_users(UserPoolId=app.pool_id)
    upkeep.sweep()
    assert set(RateCounter.objects.values_list("second", flat=True)) == {clock.epoch()}


def test_sign_in_goes_on_without_redis(app: App, settings: Settings, moved: Any) -> None:
    settings.COGNITO = {**settings.COGNITO, "REQUEST_QUOTAS": True, "REDIS_URL": "redis://127.0.0.1:1/0"}
    with capture_logs() as logs:
        assert passed(40, lambda: app.idp.list_users(UserPoolId=app.pool_id)) == 40
    # Redis is left alone for a while after each failure, and so is the log.
    assert 1 <= [item["event"] for item in logs].count("rate_counters_unreachable") < 20
    assert "redis://" not in str(logs)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("quotas")
def test_no_more_than_the_limit_pass_in_parallel(app: App) -> None:
    """The clock stands still: all tries fall into one second."""
    threads, tries = 16, 400
    barrier = threading.Barrier(threads)
    local = threading.local()
    found: list[str] = []

    def attempt(number: int) -> None:
        if not getattr(local, "started", False):
            local.started = True
            barrier.wait()
        try:
            throttle.count("UserList", operation="ListUsers")
            found.append("list")
        except TooManyRequestsException:
            pass
        try:
            throttle.count("UserRead", operation="AdminGetUser", user=f"user{number % 3}", pool=pool)
            found.append(f"user{number % 3}")
        except TooManyRequestsException:
            pass
        finally:
            connection.close()

    pool = config.pool(app.pool_id)
    with clocks.stopped(), ThreadPoolExecutor(threads) as workers:
        list(workers.map(attempt, range(tries)))
    assert Counter(found) == {"list": 30, "user0": 10, "user1": 10, "user2": 10}
