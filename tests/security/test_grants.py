"""T9 of the quality chapter: what a client may not ask for gives no token, whatever it is combined with.

Full size, always: about 300 pairs of a client and a request: response types, scopes, grant types, doubled parameters,
another client's code and token, another pool's site.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client

from cognito_app.models import RefreshToken
from tests.conftest import App, Inbox, make_app
from tests.oauth.browser import CALLBACK, VERIFIER, Site

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
RESPONSE_TYPES = (
    "token",
    "id_token",
    "code token",
    "code id_token",
    "token code",
    "none",
    "CODE",
    "code ",
    "",
    "password",
)
SCOPES = (
    "openid admin",
    "email",
    "profile",
    "phone",
    "api/write",
    "openid api/write",
    "aws.cognito.signin.user.admin",
    "openid aws.cognito.signin.user.admin",
    "*",
    "openid,email",
    "OPENID",
    "openid\temail",
    "openid  email",
    "offline_access",
)
GRANT_TYPES = ("password", "implicit", "token", "AUTHORIZATION_CODE", "urn:ietf:params:oauth:grant-type:jwt-bearer", "")
FIELDS = ("grant_type", "code", "redirect_uri", "code_verifier", "client_id")
SINGLE = ("response_type", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "prompt", "max_age")


class Clients:
    """Clients that may do one thing each, and a user who is signed in at the first."""

    def __init__(self, app: App) -> None:
        app.sign_up()
        app.idp.create_resource_server(
            UserPoolId=app.pool_id,
            Identifier="api",
            Name="API",
            Scopes=[{"ScopeName": name, "ScopeDescription": name} for name in ("read", "write")],
        )
        self.code = Site(app, AllowedOAuthScopes=["openid", "email"])
        self.other = Site(app, AllowedOAuthScopes=["openid", "email"])
        self.machine = Site(
            app,
            GenerateSecret=True,
            AllowedOAuthFlows=["client_credentials"],
            AllowedOAuthScopes=["api/read"],
            CallbackURLs=[CALLBACK],
        )
        self.off = Site(app, AllowedOAuthFlowsUserPoolClient=False)


@pytest.fixture
def clients(app: App) -> Clients:
    return Clients(app)


def error_of(answer: Any) -> str:
    """Return the error that a browser is sent away with."""
    assert answer.status_code == 302, answer.content
    location = urlsplit(answer["Location"])
    query = parse_qs(f"{location.query}&{location.fragment}")
    assert "code" not in query
    assert "access_token" not in answer["Location"]
    return str(query.get("error", ["none"])[0])


def stored() -> int:
    return RefreshToken.objects.count()


def test_response_types(clients: Clients) -> None:
    expected = {"invalid_request", "unauthorized_client"}
    for page in ("oauth2/authorize", "login"):
        for kind in RESPONSE_TYPES:
            for name in ("code", "machine"):
                site = getattr(clients, name)
                found = error_of(site.get(page, **site.request(response_type=kind, scope="openid")))
                assert found in expected, (page, kind, name)
        assert error_of(clients.machine.get(page, **clients.machine.request())) == "unauthorized_client"
        assert error_of(clients.off.get(page, **clients.off.request())) == "unauthorized_client"
    assert stored() == 0


def test_scopes(clients: Clients) -> None:
    clients.code.code()
    for page in ("oauth2/authorize", "login"):
        for scope in SCOPES:
            site = clients.code
            assert error_of(site.get(page, **site.request(scope=scope))) == "invalid_scope", (page, scope)
    assert stored() == 0


def test_doubled_parameters(clients: Clients) -> None:
    site = clients.code
    site.code()
    for page in ("oauth2/authorize", "login"):
        for name in SINGLE:
            for value in (site.request().get(name, "none"), "", "x"):
                pairs = [*site.request(**{name: site.request().get(name, "login")}).items(), (name, value)]
                answer = site.browser.get(f"/{site.app.pool_id}/{page}?" + urlencode(pairs))
                assert error_of(answer) == "invalid_request", (page, name, value)
        for name in ("client_id", "redirect_uri"):
            pairs = [*site.request().items(), (name, site.request()[name])]
            answer = site.browser.get(f"/{site.app.pool_id}/{page}?" + urlencode(pairs))
            assert answer["Location"].startswith(f"/{site.app.pool_id}/error?")


def test_doubled_fields_of_the_token_endpoint(clients: Clients) -> None:
    site = clients.code
    code = site.code()
    fields = {
        "grant_type": "authorization_code",
        "client_id": site.client["ClientId"],
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    for name in FIELDS:
        for value in (fields[name], "", "x"):
            body = urlencode([*fields.items(), (name, value)])
            answer = Client().post(f"/{site.app.pool_id}/oauth2/token", body, content_type=FORM)
            assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"}), name
            query = urlencode({name: value})
            in_query = Client().post(f"/{site.app.pool_id}/oauth2/token?{urlencode(fields)}", query, content_type=FORM)
            assert in_query.status_code == 400, name
    assert stored() == 0
    assert "access_token" in site.exchange(code).json()


def test_grant_types(clients: Clients) -> None:
    secret = {"client_secret": clients.machine.client["ClientSecret"]}
    code = clients.code.code()
    redeem = {"code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    for grant_type in GRANT_TYPES:
        for site, more in ((clients.code, {}), (clients.machine, secret), (clients.off, {})):
            answer = site.token(grant_type=grant_type, username="ann", password="x", **more)
            assert answer.json()["error"] in ("unsupported_grant_type", "invalid_request"), grant_type
    assert clients.code.token(grant_type="client_credentials").json()["error"] == "unauthorized_client"
    assert clients.off.token(grant_type="client_credentials").json()["error"] == "unauthorized_client"
    assert (
        clients.machine.token(grant_type="authorization_code", **redeem, **secret).json()["error"]
        == "unauthorized_client"
    )
    assert clients.machine.token(grant_type="client_credentials").json()["error"] == "invalid_client"
    for scope in ("api/write", "openid", "aws.cognito.signin.user.admin", "admin", "*"):
        answer = clients.machine.token(grant_type="client_credentials", scope=scope, **secret)
        assert answer.json()["error"] == "invalid_scope", scope
    assert stored() == 0


def test_another_clients_code_and_tokens(clients: Clients) -> None:
    code = clients.code.code()
    redeem = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    assert clients.other.token(**redeem).json() == {"error": "invalid_grant"}
    tokens = clients.code.exchange(code).json()
    renew = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert clients.other.token(**renew).json()["error"] == "invalid_grant"
    assert clients.off.token(**renew).json()["error"] == "invalid_grant"
    for wrong in (tokens["access_token"], tokens["id_token"], "x", "\u00e4", "a" * 5000):
        answer = clients.code.token(grant_type="refresh_token", refresh_token=wrong)
        assert answer.json()["error"] == "invalid_grant"
        assert clients.code.exchange(wrong).json()["error"] == "invalid_grant"
    assert "access_token" in clients.code.token(**renew).json()
    assert stored() == 1


def test_another_pools_site(clients: Clients, idp: Any, inbox: Inbox) -> None:
    elsewhere = make_app(idp, inbox)
    site, code = clients.code, clients.code.code()
    tokens = clients.code.exchange(clients.code.code()).json()
    fields = {"client_id": site.client["ClientId"], "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    for form in (
        {"grant_type": "authorization_code", "code": code, **fields},
        {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], **fields},
    ):
        answer = Client().post(f"/{elsewhere.pool_id}/oauth2/token", urlencode(form), content_type=FORM)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")
    info = Client().get(f"/{elsewhere.pool_id}/oauth2/userInfo", HTTP_AUTHORIZATION=f"Bearer {tokens['access_token']}")
    assert info.status_code == 401
    for page in ("oauth2/authorize", "login"):
        answer = site.browser.get(f"/{elsewhere.pool_id}/{page}?" + urlencode(site.request()))
        assert error_of(answer) == "invalid_client"


def test_a_client_that_lost_a_right_loses_it_at_once(clients: Clients) -> None:
    site = clients.code
    code = site.code()
    site.app.idp.update_user_pool_client(
        UserPoolId=site.app.pool_id,
        ClientId=site.client["ClientId"],
        AllowedOAuthFlowsUserPoolClient=False,
    )
    assert site.exchange(code).json()["error"] == "unauthorized_client"
    assert error_of(site.get("oauth2/authorize", **site.request())) == "unauthorized_client"
    assert stored() == 0
