"""The hot operations take a fixed small number of queries, whoever and however many there are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pycognito import AWSSRP

from cognito_app.core import clock
from cognito_app.models import PoolUser
from cognito_app.services import pools
from cognito_app.services.actor import SYSTEM
from tests.clients import boto
from tests.conftest import PASSWORD, App

pytestmark = pytest.mark.django_db


def count(call: Any) -> int:
    """Return the number of statements of a call, transaction marks left out."""
    call()
    with CaptureQueriesContext(
        connection,
    ) as captured:
        call()
    marks = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")
    return len([item for item in captured.captured_queries if not item["sql"].startswith(marks)])


def add_users(app: App, number: int) -> None:
    """Store users without the cost of their passwords."""
    now = clock.now()
    rows = []
    for position in range(number):
        user = PoolUser(
            pool_id=app.pool_id,
            username=f"many{position}",
            username_key=f"many{position}",
            sub=f"many-{position}",
            status="CONFIRMED",
            created_at=now,
            modified_at=now,
        )
        user.set_attributes({"sub": user.sub, "email": f"many{position}@example.com"})
        rows.append(user)
    PoolUser.objects.bulk_create(rows)


def test_sign_in_refresh_and_reads(app: App, admin_key: tuple[str, str]) -> None:
    app.sign_up()
    public, admin = boto.client("cognito-idp"), boto.client("cognito-idp", admin_key)
    tokens = app.sign_in()
    refresh = {"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": app.client_id}
    parameters = {"REFRESH_TOKEN": tokens["RefreshToken"]}
    # stamp, user, throttle look and claim, then in one transaction: throttle, event, groups, refresh token
    assert count(lambda: app.sign_in()) <= 9
    assert count(lambda: public.initiate_auth(**refresh, AuthParameters=parameters)) <= 5
    assert count(lambda: public.get_user(AccessToken=tokens["AccessToken"])) <= 2
    assert count(lambda: admin.admin_get_user(UserPoolId=app.pool_id, Username="ann")) <= 2
    assert count(lambda: Client().get(f"/{app.pool_id}/.well-known/jwks.json")) <= 1


def test_srp_writes_nothing_at_the_first_step(app: App) -> None:
    app.sign_up()
    helper = AWSSRP("ann", PASSWORD, app.pool_id, app.client_id, client=app.idp)
    public = boto.client("cognito-idp")

    def start() -> None:
        public.initiate_auth(AuthFlow="USER_SRP_AUTH", ClientId=app.client_id, AuthParameters=helper.get_auth_params())

    start()
    with CaptureQueriesContext(connection) as captured:
        start()
    assert len(captured) <= 2
    assert all(item["sql"].startswith("SELECT") for item in captured.captured_queries)


def test_lists_do_not_ask_once_for_each_row(app: App) -> None:
    def lists() -> int:
        return count(lambda: app.idp.list_users(UserPoolId=app.pool_id))

    app.sign_up()
    one = lists()
    add_users(app, 100)
    assert lists() == one <= 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        'email = "many7@example.com"',
        'email ^= "many7"',
        'phone_number = "+15550000000"',
        'preferred_username = "x"',
        'name ^= "x"',
        'given_name = "x"',
        'family_name = "x"',
        'username = "many7"',
        'username ^= "many7"',
        'sub = "many-7"',
        'sub ^= "ab"',
        'family_name ^= ""',
        'cognito:user_status = "CONFIRMED"',
        'status = "Enabled"',
    ],
)
def test_every_filter_uses_an_index(app: App, text: str) -> None:
    add_users(app, 3000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with CaptureQueriesContext(connection) as captured:
        app.idp.list_users(UserPoolId=app.pool_id, **({"Filter": text} if text else {}))
    sql = next(item["sql"] for item in captured.captured_queries if "cognito_app_pooluser" in item["sql"])
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("EXPLAIN QUERY PLAN " + sql)
            plan = " ".join(str(row[3]) for row in cursor.fetchall())
            assert "SEARCH" in plan
            assert "SCAN" not in plan
            # a prefix is found in its own index, not in all the users by age
            assert "^=" not in text or (
                "TEMP B-TREE" not in plan and (text.split()[0] in plan.replace("user_by_age", "") or "user_sub" in plan)
            )
        else:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("EXPLAIN " + sql)
            plan = " ".join(str(row[0]) for row in cursor.fetchall())
            assert "Seq Scan" not in plan
            assert "^=" not in text or ("user_by_age" not in plan and " Sort Key" not in plan)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="notices are PostgreSQL's")
def test_a_listening_connection_learns_of_changes_without_a_query(app: App) -> None:
    tokens = app.sign_in() if app.sign_up() else {}
    public = boto.client("cognito-idp")
    public.get_user(AccessToken=tokens["AccessToken"])
    with CaptureQueriesContext(connection) as captured:
        public.get_user(AccessToken=tokens["AccessToken"])
    assert [item["sql"] for item in captured.captured_queries if "stamp" in item["sql"]] == []
    with ThreadPoolExecutor(1) as other:
        other.submit(_remove_pool, app.pool_id).result()
    with pytest.raises(public.exceptions.ClientError):
        public.get_user(AccessToken=tokens["AccessToken"])


def _remove_pool(pool_id: str) -> None:
    try:
        pools.delete(SYSTEM, pool_id)
    finally:
        connection.close()
