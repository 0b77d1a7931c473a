"""The OAuth endpoints and the pages, through Django's test client."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from django.test import Client

from cognito_app.core import clock
from cognito_app.models import AuthorizationCode, RefreshToken
from tests.conftest import PASSWORD, App, refused
from tests.oauth.browser import CALLBACK, Site

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(app: App) -> Site:
    """A site with a user."""
    app.sign_up()
    return Site(app)


def test_code_flow_with_pkce(site: Site) -> None:
    answer = site.get("oauth2/authorize", **site.request())
    assert answer.status_code == 302
    assert answer["Location"].startswith(f"/{site.app.pool_id}/login?")
    page = site.get("login", **site.request())
    assert "default-src 'none'" in page["Content-Security-Policy"]
    assert "https://app.example.com" in page["Content-Security-Policy"]
    answer = site.submit("login", {"username": "ann", "password": PASSWORD})
    location = urlsplit(answer["Location"])
    assert answer["Location"].startswith("https://app.example.com/cb?fixed=1&code=")
    assert parse_qs(location.query)["state"] == ["a b/ü%20"]
    cookie = answer.cookies["cognito"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", f"/{site.app.pool_id}/")
    tokens = site.exchange(parse_qs(location.query)["code"][0])
    assert tokens["Cache-Control"] == "no-store"
    assert tokens["Access-Control-Allow-Origin"] == "*"
    body = tokens.json()
    assert list(body) == ["access_token", "id_token", "refresh_token", "token_type", "expires_in"]
    identity = jwt.decode(body["id_token"], options={"verify_signature": False})
    assert identity["nonce"] == "n-1"
    assert identity["email"] == "ann@example.com"
    half = hashlib.sha256(body["access_token"].encode()).digest()[:16]
    assert identity["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    info = site.browser.get(f"/{site.app.pool_id}/oauth2/userInfo", HTTP_AUTHORIZATION=f"Bearer {body['access_token']}")
    assert info.json()["email_verified"] == "true"
    assert info.json()["username"] == "ann"
    renewed = site.token(grant_type="refresh_token", refresh_token=body["refresh_token"])
    assert list(renewed.json()) == ["access_token", "id_token", "token_type", "expires_in"]


def test_a_code_works_once_and_its_second_use_ends_the_tokens(site: Site) -> None:
    code = site.code()
    tokens = site.exchange(code).json()
    assert site.exchange(code).json() == {"error": "invalid_grant"}
    refresh = site.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert (refresh.status_code, refresh.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 64},
        {"code_verifier": ""},
        {"redirect_uri": "https://app.example.com/cb"},
        {"code": "unknown"},
    ],
)
def test_a_code_is_bound_to_its_request(site: Site, changes: dict[str, str]) -> None:
    code = site.code()
    assert site.exchange(**{"code": code, **changes}).json()["error"] == "invalid_grant"
    assert RefreshToken.objects.exclude(client_id=site.app.client_id).count() == 0
    if "code" not in changes:
        assert "access_token" in site.exchange(code).json()


def test_another_clients_code_and_an_old_one_are_refused(site: Site) -> None:
    code = site.code()
    other = Site(site.app)
    assert other.exchange(code).json()["error"] == "invalid_grant"
    AuthorizationCode.objects.update(expires_at=clock.now())
    assert site.exchange(code).json()["error"] == "invalid_grant"


def test_a_verifier_without_a_challenge_is_a_downgrade(site: Site) -> None:
    without = {"code_challenge": None, "code_challenge_method": None}
    site.get("login", **site.request(**without))
    answer = site.browser.post(
        f"/{site.app.pool_id}/login?" + urlencode(site.request(**without)),
        {"_csrf": site.browser.cookies["XSRF-TOKEN"].value, "username": "ann", "password": PASSWORD},
    )
    code = parse_qs(urlsplit(answer["Location"]).query)["code"][0]
    assert site.exchange(code).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://app.example.com/cb",
        "https://app.example.com/cb?fixed=1&x=2",
        "https://app.example.com/cb?fixed=1#",
        "https://app.example.com.evil.example/cb?fixed=1",
        "https://app.example.com@evil.example/cb?fixed=1",
        "https://APP.example.com/cb?fixed=1",
        "https://app.example.com/cb/?fixed=1",
        "https://app.example.com/cb/../cb?fixed=1",
        "https://app.example.com:443/cb?fixed=1",
        "http://app.example.com/cb?fixed=1",
        "//app.example.com/cb?fixed=1",
        "javascript:alert(1)",
        "https://app.example.com/cb?fixed=1 ",
        "https://app.example.com/cb%3Ffixed=1",
        "https://app.example.com/cb;x?fixed=1",
        "\\\\evil.example",
        "",
    ],
)
def test_only_the_registered_address_is_redirected_to(site: Site, redirect_uri: str) -> None:
    for page in ("oauth2/authorize", "login"):
        answer = site.get(page, **site.request(redirect_uri=redirect_uri))
        assert answer.status_code == 302
        assert answer["Location"].startswith(f"/{site.app.pool_id}/error?error=redirect_mismatch")
    assert site.get("error", error="redirect_mismatch").status_code == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "id_token"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"resource": "not absolute"}, "invalid_target"),
        ({"scope": "openid unknown"}, "invalid_scope"),
        ({"scope": "email"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"identity_provider": "Google"}, "invalid_request"),
        ({"request": "x"}, "request_not_supported"),
    ],
)
def test_errors_go_back_to_the_client_with_the_state(site: Site, changes: dict[str, str], error: str) -> None:
    answer = site.get("oauth2/authorize", **site.request(**changes))
    query = parse_qs(urlsplit(answer["Location"]).query)
    assert answer["Location"].startswith(CALLBACK)
    assert query["error"] == [error]
    assert query["state"] == ["a b/ü%20"]


def test_null_characters_are_bad_input_everywhere(site: Site) -> None:
    for name in ("state", "nonce", "scope", "prompt"):
        assert "error=invalid_" in site.get("oauth2/authorize", **site.request(**{name: "a\x00b"}))["Location"]
    for page in ("client_id", "redirect_uri"):
        assert "/error?" in site.get("login", **site.request(**{page: "a\x00b"}))["Location"]
    forged = jwt.encode({"iss": "http://localhost:8000/us-east-1_\x00", "token_use": "access"}, "k" * 32)
    with refused("NotAuthorizedException", "Invalid Access Token"):
        site.app.idp.get_user(AccessToken=forged)
    site.get("login", **site.request())
    assert site.submit("login", {"username": "a\x00nn", "password": "\x00"}).status_code == 200


def test_repeated_parameters_are_refused(site: Site) -> None:
    address = f"/{site.app.pool_id}/oauth2/authorize?" + urlencode(site.request())
    assert "error=invalid_request" in site.browser.get(address + "&scope=openid")["Location"]
    assert "/error?" in site.browser.get(address + "&client_id=x")["Location"]
    assert "/error?" in site.browser.get(address + "&redirect_uri=x")["Location"]


def test_a_browser_session_answers_until_sign_out(site: Site) -> None:
    site.code()
    again = site.get("oauth2/authorize", **site.request(prompt="none"))
    assert "code=" in again["Location"]
    assert "/login?" in site.get("oauth2/authorize", **site.request(prompt="login"))["Location"]
    bye = site.get("logout", client_id=site.client["ClientId"], logout_uri="https://app.example.com/bye")
    assert bye["Location"] == "https://app.example.com/bye"
    assert "login_required" in site.get("oauth2/authorize", **site.request(prompt="none"))["Location"]
    bad = site.get("logout", client_id=site.client["ClientId"], logout_uri="https://evil.example/")
    assert "/error?" in bad["Location"]


def test_a_disabled_user_has_no_session(site: Site) -> None:
    site.code()
    site.app.idp.admin_disable_user(UserPoolId=site.app.pool_id, Username="ann")
    assert "login_required" in site.get("oauth2/authorize", **site.request(prompt="none"))["Location"]
    site.app.idp.admin_enable_user(UserPoolId=site.app.pool_id, Username="ann")
    assert "login_required" in site.get("oauth2/authorize", **site.request(prompt="none"))["Location"]


def test_a_form_without_its_token_is_shown_again(site: Site) -> None:
    site.get("login", **site.request())
    address = f"/{site.app.pool_id}/login?" + urlencode(site.request())
    answer = site.browser.post(address, {"username": "ann", "password": PASSWORD})
    assert answer.status_code == 200
    assert b"<form" in answer.content


def test_a_temporary_password_is_changed_on_the_page(site: Site) -> None:
    site.app.idp.admin_set_user_password(UserPoolId=site.app.pool_id, Username="ann", Password="Temporary-9!")
    site.get("login", **site.request())
    page = site.submit("login", {"username": "ann", "password": "Temporary-9!"})
    session = re.search(r'name="session" value="([^"]+)"', page.content.decode())
    assert session is not None
    fields = {
        "challenge": "NEW_PASSWORD_REQUIRED",
        "session": session.group(1),
        "username": "ann",
        "password": PASSWORD,
        "password_again": PASSWORD,
    }
    assert "code=" in site.submit("login", fields)["Location"]
    again = site.submit("login", fields)
    assert again.status_code == 200
    assert "Something went wrong" in again.content.decode()


def test_forgotten_password_on_the_pages(site: Site) -> None:
    site.get("forgotPassword", **site.request())
    assert "a***@e***" in site.submit("forgotPassword", {"username": "ann"}).content.decode()
    fields = {"username": "ann", "code": site.app.inbox.code("ann@example.com")}
    new = "Brand-New-Horse-1!"
    answer = site.submit("confirmForgotPassword", {**fields, "password": new, "password_again": new})
    assert answer["Location"].endswith("&notice=password_changed")
    assert "AccessToken" in site.app.sign_in(password=new)


def test_clients_authenticate_by_basic_or_form(app: App) -> None:
    scopes = [{"ScopeName": "read", "ScopeDescription": "r"}, {"ScopeName": "write", "ScopeDescription": "w"}]
    app.idp.create_resource_server(UserPoolId=app.pool_id, Identifier="api", Name="API", Scopes=scopes)
    made = app.client(
        GenerateSecret=True,
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=["api/read", "api/write"],
    )
    key, secret = made["ClientId"], made["ClientSecret"]

    def ask(basic: str | None = None, **form: str) -> Any:
        headers: dict[str, Any] = (
            {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(basic.encode()).decode()} if basic else {}
        )
        body = urlencode({"grant_type": "client_credentials", **form})
        kind = "application/x-www-form-urlencoded"
        return Client().post(f"/{app.pool_id}/oauth2/token", body, content_type=kind, **headers)

    answer = ask(f"{key}:{secret}", scope="api/read nonsense").json()
    assert list(answer) == ["access_token", "token_type", "expires_in"]
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert claims["scope"] == "api/read"
    assert claims["sub"] == claims["client_id"] == key
    assert "access_token" in ask(client_id=key, client_secret=secret).json()
    for refused_answer in (
        ask(f"{key}:wrong"),
        ask(client_id=key),
        ask("nobody:x"),
        ask(client_id=key, client_secret=""),
    ):
        assert (refused_answer.status_code, refused_answer.json()["error"]) == (400, "invalid_client")
    assert ask(f"{key}:{secret}", client_secret=secret).json()["error"] == "invalid_request"
    assert ask(f"{key}:{secret}", scope="api/none").json()["error"] == "invalid_scope"
    assert ask(f"{key}:{secret}", grant_type="password").json()["error"] == "unsupported_grant_type"
    plain = Client().post(f"/{app.pool_id}/oauth2/token", "{}", content_type="application/json")
    assert plain.json()["error"] == "invalid_request"


def test_tokens_of_the_api_do_not_open_user_info(site: Site) -> None:
    access = site.app.sign_in()["AccessToken"]
    answer = site.browser.get(f"/{site.app.pool_id}/oauth2/userInfo", HTTP_AUTHORIZATION=f"Bearer {access}")
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer["WWW-Authenticate"]
    assert site.browser.get(f"/{site.app.pool_id}/oauth2/userInfo").status_code == 400
    with refused("NotAuthorizedException", "Access Token does not have required scopes"):
        site.app.idp.get_user(AccessToken=site.exchange(site.code()).json()["access_token"])


def test_revocation_endpoint(site: Site) -> None:
    tokens = site.exchange(site.code()).json()

    def revoke(token: str, client_id: str = site.client["ClientId"]) -> Any:
        body = urlencode({"token": token, "client_id": client_id})
        kind = "application/x-www-form-urlencoded"
        return site.browser.post(f"/{site.app.pool_id}/oauth2/revoke", body, content_type=kind)

    assert revoke(tokens["access_token"]).json()["error"] == "unsupported_token_type"
    assert revoke(tokens["refresh_token"], "nobody").status_code == 401
    assert revoke(tokens["refresh_token"], site.app.client_id).json()["error"] == "invalid_request"
    done = revoke(tokens["refresh_token"])
    assert (done.status_code, done.content) == (200, b"")
    assert not done.has_header("Content-Type")
    assert revoke(tokens["refresh_token"]).status_code == 200
    renewed = site.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert renewed.json()["error"] == "invalid_grant"


def test_discovery_and_keys(site: Site) -> None:
    site.app.idp.create_user_pool_domain(Domain="my-site", UserPoolId=site.app.pool_id)
    document = Client().get(f"/{site.app.pool_id}/.well-known/openid-configuration").json()
    assert document["issuer"] == f"http://localhost:8000/{site.app.pool_id}"
    assert document["token_endpoint"] == f"{document['issuer']}/oauth2/token"
    assert {"end_session_endpoint", "revocation_endpoint", "jwks_uri"} <= set(document)
    keys = Client().get(f"/{site.app.pool_id}/.well-known/jwks.json").json()["keys"]
    assert [list(key) for key in keys] == [["alg", "e", "kid", "kty", "n", "use"]] * 2
    assert Client().get("/us-east-1_nowhere99/.well-known/jwks.json").status_code == 404
    by_host = Client().get("/oauth2/authorize", site.request(), HTTP_HOST="my-site.auth.localhost:8000")
    assert by_host["Location"].startswith("/login?")
    by_prefix = Client().get("/my-site/oauth2/authorize", site.request())
    assert by_prefix["Location"].startswith("/my-site/login?")
    assert Client().get("/login", HTTP_HOST="nobody.auth.localhost:8000").status_code == 404


def test_preflight_of_the_token_endpoint(site: Site) -> None:
    answer = Client().options(f"/{site.app.pool_id}/oauth2/token")
    assert answer.status_code == 200
    assert "X-Amz-User-Agent" in answer["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Origin" not in Client().get(f"/{site.app.pool_id}/oauth2/authorize").headers


@pytest.mark.parametrize("existence", ["LEGACY", "ENABLED"])
def test_a_confirmation_link_may_be_opened_twice(app: App, existence: str) -> None:
    site = Site(app, PreventUserExistenceErrors=existence)
    given = [{"Name": "email", "Value": "bob@example.com"}]
    site.app.idp.sign_up(ClientId=site.app.client_id, Username="bob", Password=PASSWORD, UserAttributes=given)
    link = {
        "client_id": site.client["ClientId"],
        "user_name": "bob",
        "confirmation_code": site.app.inbox.code("bob@example.com"),
    }
    first, second = site.get("confirmUser", **link), site.get("confirmUser/", **link)
    assert (first.status_code, second.status_code) == (200, 200)
    assert "Your account is confirmed" in first.content.decode()
    assert "Your account is already confirmed" in second.content.decode()
    assert site.get("confirmUser", **{**link, "user_name": "nobody"}).status_code == 400


def test_a_link_does_not_show_who_exists(app: App) -> None:
    """Only who has the right code learns that the account is confirmed, whoever confirmed it."""
    site = Site(app, PreventUserExistenceErrors="ENABLED")
    given = [{"Name": "email", "Value": "bob@example.com"}]
    app.idp.sign_up(ClientId=app.client_id, Username="bob", Password=PASSWORD, UserAttributes=given)
    code = app.inbox.code("bob@example.com")
    app.idp.admin_confirm_sign_up(UserPoolId=app.pool_id, Username="bob")
    at = {"client_id": site.client["ClientId"]}
    wrong = site.get("confirmUser", **at, user_name="bob", confirmation_code=f"{(int(code) + 1) % 10**6:06d}")
    missing = site.get("confirmUser", **at, user_name="nobody", confirmation_code=code)
    assert (wrong.status_code, missing.status_code) == (400, 400)
    assert wrong.content == missing.content
    right = site.get("confirmUser", **at, user_name="bob", confirmation_code=code)
    assert right.status_code == 200
    assert "Your account is already confirmed" in right.content.decode()
