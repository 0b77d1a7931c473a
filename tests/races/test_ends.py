"""T15 of the quality chapter: what ends a user's sign-ins ends them, though they refresh and sign in at that moment.

Full size (marker ``slow``): 200 races, 40 of each kind of end, with 6 processes that renew or sign in and one that
ends. By default 2 of each. Requests that began before the end was acknowledged may still be answered; whatever they
were given cannot be renewed, and later requests are refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cognito_app.models import AttemptCounter, AuthEvent, PoolUser, RefreshToken
from tests.aws.mfa import create_user
from tests.clients import boto
from tests.clients.processes import in_processes
from tests.conftest import PASSWORD, App, refused
from tests.oauth.browser import Site
from tests.races.test_once import code_of

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = [pytest.param(2, id="small"), pytest.param(40, id="full", marks=pytest.mark.slow)]
NEW = "Another-Horse-9!"
WORKERS = 7
AT = {"Username": "ann"}
ENDS: dict[str, Callable[[App, str], Any]] = {
    "disable": lambda app, token: app.idp.admin_disable_user(UserPoolId=app.pool_id, **AT),
    "delete": lambda app, token: app.idp.admin_delete_user(UserPoolId=app.pool_id, **AT),
    "change": lambda app, token: app.idp.change_password(
        AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword=NEW
    ),
    "set": lambda app, token: app.idp.admin_set_user_password(
        UserPoolId=app.pool_id, **AT, Password=NEW, Permanent=True
    ),
    "sign out": lambda app, token: app.idp.global_sign_out(AccessToken=token),
}
DEAD = {"NotAuthorizedException", "UserNotFoundException", "RefreshTokenReuseException"}


@pytest.mark.parametrize("rotation", ["DISABLED", "ENABLED"])
@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("end", ENDS)
def test_no_refresh_token_outlives_the_end(app: App, end: str, rounds: int, rotation: str) -> None:
    settings: Any = {"Feature": rotation, **({"RetryGracePeriodSeconds": 0} if rotation == "ENABLED" else {})}
    client_id = app.client(ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"], RefreshTokenRotation=settings)["ClientId"]
    for _ in range(rounds // 2):
        # A user may change the password five times an hour, and this is the same name each time.
        AttemptCounter.objects.all().delete()
        create_user(app, "ann")
        own = app.sign_in()["AccessToken"]
        tokens = [app.sign_in(client_id=client_id)["RefreshToken"] for _ in range(WORKERS)]
        counted = in_processes(WORKERS, partial(_renew_or_end, app, client_id, end, own, tokens), WORKERS)
        assert set(counted) <= {"ended", "renewed until the end", "never renewed"}, counted
        assert counted["ended"] == 1
        live = RefreshToken.objects.filter(client_id=client_id, revoked_at=None, ended_at=None)
        assert live.count() == 0
        if end != "delete":
            app.idp.admin_delete_user(UserPoolId=app.pool_id, **AT)


def _renew_or_end(app: App, client_id: str, end: str, own: str, tokens: list[str], number: int) -> str:
    """End the user's sign-ins, or renew until that is refused; then nothing is given any more."""
    if number == 0:
        time.sleep(0.05)
        ENDS[end](app, own)
        return "ended"
    public, token = boto.client("cognito-idp"), tokens[number]
    renewed = False
    while True:
        try:
            answer = public.get_tokens_from_refresh_token(ClientId=client_id, RefreshToken=token)
        except ClientError as error:
            if error.response["Error"]["Code"] not in DEAD:
                raise
            break
        token, renewed = answer["AuthenticationResult"].get("RefreshToken", token), True
    for _ in range(3):
        again = code_of(lambda: public.get_tokens_from_refresh_token(ClientId=client_id, RefreshToken=token))
        assert again in DEAD, again
    return "renewed until the end" if renewed else "never renewed"


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("end", ["disable", "delete", "set"])
def test_no_sign_in_with_the_old_standing_ends_after_the_end(app: App, end: str, rounds: int) -> None:
    for _ in range(rounds):
        create_user(app, "ann")

        def act(number: int) -> str:
            if number == 0:
                time.sleep(0.04)
                ENDS[end](app, "")
                return "ended"
            return code_of(app.sign_in)

        counted = in_processes(4, act, 4)
        assert counted["ended"] == 1, counted
        refusals = {"NotAuthorizedException", "UserNotFoundException", "TooManyRequestsException"}
        assert set(counted) <= {"ended", "ok", *refusals}, counted
        assert RefreshToken.objects.filter(revoked_at=None, ended_at=None).count() == 0
        if end != "delete":
            app.idp.admin_delete_user(UserPoolId=app.pool_id, **AT)
    assert PoolUser.objects.count() == 0
    assert AuthEvent.objects.filter(user__isnull=False).count() == 0


@pytest.mark.parametrize("end", ["disable", "set", "sign out", "change"])
def test_an_authorization_code_ends_with_what_it_was_made_under(app: App, end: str) -> None:
    app.sign_up()
    site = Site(app)
    own = app.sign_in()["AccessToken"]
    code = site.code()
    ENDS[end](app, own)
    assert site.exchange(code).json() == {"error": "invalid_grant"}
    if end == "disable":
        app.idp.admin_enable_user(UserPoolId=app.pool_id, **AT)
        assert site.exchange(code).json() == {"error": "invalid_grant"}


def test_after_each_end_the_old_tokens_are_refused(app: App) -> None:
    for end, change in ENDS.items():
        app.sign_up()
        tokens = app.sign_in()
        change(app, tokens["AccessToken"])
        if end == "change":
            # The sign-in that made the change goes on.
            app.idp.get_tokens_from_refresh_token(ClientId=app.client_id, RefreshToken=tokens["RefreshToken"])
        else:
            with refused("NotAuthorizedException"):
                app.idp.get_tokens_from_refresh_token(ClientId=app.client_id, RefreshToken=tokens["RefreshToken"])
        if end == "disable":
            app.idp.admin_enable_user(UserPoolId=app.pool_id, **AT)
            with refused("NotAuthorizedException", "Refresh Token has been revoked"):
                app.idp.get_tokens_from_refresh_token(ClientId=app.client_id, RefreshToken=tokens["RefreshToken"])
        if end != "delete":
            app.idp.admin_delete_user(UserPoolId=app.pool_id, **AT)
