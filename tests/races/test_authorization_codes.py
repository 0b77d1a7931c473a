"""T1 of the quality chapter: what may be exchanged once is exchanged once, by however many processes.

Full size (marker ``slow``): 1,000 calls on one code, 20 codes of each kind, 8 processes. By default 200 calls on one.
"""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from cognito_app.models import AuthorizationCode, PoolUser, RefreshToken
from tests.clients import boto
from tests.clients.processes import in_processes
from tests.conftest import PASSWORD, App, refused
from tests.oauth.browser import CALLBACK, VERIFIER, Site
from tests.races.test_once import code_of

pytestmark = pytest.mark.django_db(transaction=True)

SIZES = [pytest.param(200, 1, id="small"), pytest.param(1000, 20, id="full", marks=pytest.mark.slow)]
FORM = "application/x-www-form-urlencoded"


def redeem(site: Site, code: str) -> Any:
    """Exchange a code in a browser of its own."""
    form = {
        "grant_type": "authorization_code",
        "client_id": site.client["ClientId"],
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    return Client().post(f"/{site.app.pool_id}/oauth2/token", urlencode(form), content_type=FORM)


@pytest.mark.parametrize(("calls", "codes"), SIZES)
def test_an_authorization_code_gives_tokens_once_and_its_reuse_ends_them(app: App, calls: int, codes: int) -> None:
    app.sign_up()
    site = Site(app)
    for _ in range(codes):
        code = site.code()

        def attempt(_: int, code: str = code) -> str:
            answer = redeem(site, code)
            return "ok" if answer.status_code == 200 else str(answer.json()["error"])

        counted = in_processes(calls, attempt)
        assert counted == {"ok": 1, "invalid_grant": calls - 1}
    families = RefreshToken.objects.filter(client_id=site.client["ClientId"])
    assert families.count() == codes
    assert families.filter(revoked_at=None).count() == 0


def test_the_tokens_of_a_code_that_is_used_again_are_refused_at_once(app: App) -> None:
    app.sign_up()
    site = Site(app, AllowedOAuthScopes=["openid", "aws.cognito.signin.user.admin"])
    code = site.code(scope="openid aws.cognito.signin.user.admin")
    tokens = redeem(site, code).json()
    assert app.idp.get_user(AccessToken=tokens["access_token"])["Username"] == "ann"
    assert redeem(site, code).json() == {"error": "invalid_grant"}
    with refused("NotAuthorizedException", "Access Token has been revoked"):
        app.idp.get_user(AccessToken=tokens["access_token"])
    renewed = site.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert renewed.json()["error"] == "invalid_grant"
    assert AuthorizationCode.objects.get().used_at is not None


@pytest.mark.parametrize(("calls", "codes"), SIZES)
def test_a_confirmation_code_confirms_once(app: App, calls: int, codes: int) -> None:
    public = boto.client("cognito-idp")
    for number in range(codes):
        name = f"user{number}"
        given = [{"Name": "email", "Value": f"{name}@example.com"}]
        app.idp.sign_up(ClientId=app.client_id, Username=name, Password=PASSWORD, UserAttributes=given)
        code = app.inbox.code(f"{name}@example.com")

        def attempt(_: int, name: str = name, code: str = code) -> str:
            return code_of(lambda: public.confirm_sign_up(ClientId=app.client_id, Username=name, ConfirmationCode=code))

        counted = in_processes(calls, attempt)
        assert counted["ok"] == 1, counted
        assert set(counted) <= {"ok", "ExpiredCodeException", "NotAuthorizedException", "LimitExceededException"}
    assert PoolUser.objects.filter(status="CONFIRMED").count() == codes


@pytest.mark.parametrize(("calls", "codes"), SIZES)
def test_a_session_that_sets_a_password_sets_one(app: App, calls: int, codes: int) -> None:
    public = boto.client("cognito-idp")
    totals: Counter[str] = Counter()
    for number in range(codes):
        name = f"user{number}"
        app.idp.admin_create_user(
            UserPoolId=app.pool_id, Username=name, TemporaryPassword="Temporary-9!", MessageAction="SUPPRESS"
        )
        session = app.start(name, "Temporary-9!")["Session"]

        def attempt(_: int, name: str = name, session: str = session) -> str:
            return code_of(
                lambda: public.respond_to_auth_challenge(
                    ClientId=app.client_id,
                    ChallengeName="NEW_PASSWORD_REQUIRED",
                    Session=session,
                    ChallengeResponses={"USERNAME": name, "NEW_PASSWORD": PASSWORD},
                )
            )

        counted = in_processes(calls, attempt)
        assert counted["ok"] == 1, counted
        totals += counted
    assert set(totals) <= {"ok", "NotAuthorizedException", "TooManyRequestsException"}
    assert RefreshToken.objects.count() == codes
