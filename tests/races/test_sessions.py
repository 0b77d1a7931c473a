"""The limit of sessions and their ends hold, however many sign in and out at the same time."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.db import transaction

from cognito_app.errors import NotAuthorizedException
from cognito_app.models import PoolUser, RefreshToken, UserSession
from cognito_app.services import config, sessions, tokens, user_sessions
from cognito_app.services.actor import Actor
from tests.aws.test_session_configuration import track
from tests.clients import boto
from tests.conftest import App
from tests.oauth.browser import Site
from tests.races.test_once import code_of, in_parallel

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = 5


def begin_family(app: App) -> None:
    """End a sign-in: the part of it that counts here, without the slow hash of the password."""
    user = PoolUser.objects.get(pool_id=app.pool_id)
    with transaction.atomic():
        tokens.begin(config.pool(app.pool_id), config.client(app.client_id), user, actor=Actor(ip="127.0.0.1"))


def live_families() -> int:
    """Count the sign-ins whose tokens are in force."""
    return RefreshToken.objects.filter(revoked_at=None).values("origin_jti").distinct().count()


def test_no_more_sessions_than_the_limit_stay(app: App) -> None:
    app.sign_up()
    track(app, limit=LIMIT)
    highest = itertools.count()

    def sign_in() -> str:
        begin_family(app)
        return "within" if UserSession.objects.count() <= LIMIT else f"beyond {next(highest)}"

    counted = in_parallel(300, sign_in)
    assert counted == {"within": 300}
    assert UserSession.objects.count() == live_families() == LIMIT
    kept = UserSession.objects.values_list("origin_jti", flat=True)
    assert set(RefreshToken.objects.filter(revoked_at=None).values_list("origin_jti", flat=True)) == set(kept)


def test_parallel_sign_ins_by_the_api_stay_within_the_limit(app: App) -> None:
    app.sign_up()
    track(app, limit=2)
    counted = in_parallel(48, lambda: code_of(app.sign_in))
    # Only so many tries of one name are looked at in parallel as it may fail.
    assert set(counted) <= {"ok", "NotAuthorizedException", "TooManyRequestsException"}
    assert counted["ok"] >= 3
    assert UserSession.objects.count() == live_families() == 2


def test_sign_ins_renewals_and_ends_do_not_wait_for_each_other(app: App) -> None:
    app.sign_up()
    track(app, limit=LIMIT)
    client_id = app.client(
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
        RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 60},
    )["ClientId"]
    token = app.sign_in(client_id=client_id)["RefreshToken"]
    public = boto.client("cognito-idp")
    turn = itertools.count()

    def newest() -> str:
        return UserSession.objects.values_list("pk", flat=True).order_by("-created_at").first() or "tkn" + "a" * 25

    def act() -> str:
        calls: list[Any] = [
            lambda: begin_family(app),
            lambda: public.get_tokens_from_refresh_token(ClientId=client_id, RefreshToken=token),
            lambda: app.idp.admin_revoke_user_session(
                UserPoolId=app.pool_id, Username="ann", SessionId=newest(), RevokeAssociatedSessions="LINKED"
            ),
            lambda: begin_family(app),
            lambda: app.idp.admin_user_global_sign_out(UserPoolId=app.pool_id, Username="ann"),
        ]
        return code_of(calls[next(turn) % len(calls)])

    counted = in_parallel(400, act)
    assert set(counted) <= {"ok", "ResourceNotFoundException", "NotAuthorizedException"}
    recorded = UserSession.objects.filter(origin_jti__isnull=False).values_list("origin_jti", flat=True)
    assert live_families() == len(set(recorded)) <= LIMIT


def test_no_tokens_come_through_a_browser_session_that_was_revoked(app: App) -> None:
    app.sign_up()
    track(app, limit=100)
    site = Site(app)
    site.code()
    user = PoolUser.objects.get()
    pool, client = config.pool(app.pool_id), config.client(site.client["ClientId"])
    cookie = site.browser.cookies["cognito"].value
    record = sessions.record_of(pool, cookie)
    assert record is not None
    turn = itertools.count()

    def act() -> str:
        if next(turn) == 60:
            user_sessions.revoke(pool, Actor(), user, record, action="RevokeUserSession", linked=True)
            return "revoked"
        try:
            with transaction.atomic():
                tokens.begin(pool, client, user, actor=Actor(), origin_session=record)
        except NotAuthorizedException:
            return "refused"
        return "granted"

    counted = in_parallel(120, act)
    assert counted["revoked"] == 1
    assert counted["granted"] > 0
    assert counted["refused"] > 0
    assert live_families() == 0
    assert UserSession.objects.count() == 0
