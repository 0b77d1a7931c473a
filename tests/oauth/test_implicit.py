"""The implicit grant, and access tokens for a resource server (RFC 8707)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from cognito_app.models import RefreshToken
from tests.conftest import PASSWORD, App
from tests.oauth.browser import CALLBACK, Site

pytestmark = pytest.mark.django_db

RESOURCE = "https://api.example.com/orders"


def site_with(app: App, flows: list[str]) -> Site:
    """A site whose client may use these grants."""
    app.sign_up()
    return Site(app, AllowedOAuthFlows=flows)


def fragment(answer: Any) -> dict[str, str]:
    """Return the parameters in the fragment of a redirect to the client."""
    assert answer.status_code == 302
    location = urlsplit(answer["Location"])
    assert answer["Location"].startswith(CALLBACK + "#")
    return {name: values[0] for name, values in parse_qs(location.fragment).items()}


def claims(token: str) -> dict[str, Any]:
    """Return the claims of a token."""
    return dict(jwt.decode(token, options={"verify_signature": False}))


def sign_in(site: Site, **changes: str) -> Any:
    """Sign in on the page; returns the answer."""
    site.get("login", **site.request(**changes))
    return site.submit("login", {"username": "ann", "password": PASSWORD}, **changes)


def test_tokens_come_in_the_fragment_and_no_refresh_token(app: App) -> None:
    site = site_with(app, ["implicit"])
    found = fragment(sign_in(site, response_type="token"))
    assert set(found) == {"id_token", "access_token", "token_type", "expires_in", "state"}
    assert (found["token_type"], found["expires_in"], found["state"]) == ("Bearer", "3600", "a b/ü%20")
    assert claims(found["id_token"])["nonce"] == "n-1"
    assert claims(found["access_token"])["scope"] == "openid email"
    info = site.browser.get(f"/{app.pool_id}/oauth2/userInfo", HTTP_AUTHORIZATION=f"Bearer {found['access_token']}")
    assert info.json()["email"] == "ann@example.com"


def test_a_signed_in_browser_gets_tokens_at_once(app: App) -> None:
    site = site_with(app, ["implicit"])
    sign_in(site, response_type="token")
    found = fragment(site.get("oauth2/authorize", **site.request(response_type="token", prompt="none")))
    assert claims(found["access_token"])["username"] == "ann"


def test_without_openid_there_is_no_id_token(app: App) -> None:
    site = site_with(app, ["implicit"])
    assert "id_token" not in fragment(sign_in(site, response_type="token", scope="aws.cognito.signin.user.admin"))


def test_the_code_grant_without_openid_has_no_id_token_either(app: App) -> None:
    site = site_with(app, ["code"])
    body = site.exchange(site.code(scope="aws.cognito.signin.user.admin")).json()
    assert "id_token" not in body
    assert "id_token" not in site.token(grant_type="refresh_token", refresh_token=body["refresh_token"]).json()


def test_global_sign_out_ends_implicit_tokens(app: App) -> None:
    site = site_with(app, ["implicit"])
    found = fragment(sign_in(site, response_type="token", scope="openid aws.cognito.signin.user.admin"))
    app.idp.global_sign_out(AccessToken=found["access_token"])
    assert RefreshToken.objects.exclude(revoked_at=None).count() == 1
    info = site.browser.get(f"/{app.pool_id}/oauth2/userInfo", HTTP_AUTHORIZATION=f"Bearer {found['access_token']}")
    assert info.status_code == 401


@pytest.mark.parametrize(
    ("flows", "response_type"), [(["code"], "token"), (["implicit"], "code")], ids=["no implicit", "no code"]
)
def test_a_grant_that_the_client_lacks_is_unauthorized(app: App, flows: list[str], response_type: str) -> None:
    site = site_with(app, flows)
    answer = site.get("oauth2/authorize", **site.request(response_type=response_type))
    location = urlsplit(answer["Location"])
    carried = location.fragment if response_type == "token" else location.query
    assert parse_qs(carried)["error"] == ["unauthorized_client"]
    assert parse_qs(carried)["state"] == ["a b/ü%20"]


def test_a_resource_is_the_audience_and_stays_through_refresh(app: App) -> None:
    site = site_with(app, ["code"])
    body = site.exchange(site.code(resource=RESOURCE)).json()
    assert claims(body["access_token"])["aud"] == RESOURCE
    assert claims(body["id_token"])["aud"] == site.client["ClientId"]
    renewed = site.token(grant_type="refresh_token", refresh_token=body["refresh_token"]).json()
    assert claims(renewed["access_token"])["aud"] == RESOURCE
    assert "aud" not in claims(site.exchange(site.code()).json()["access_token"])


@pytest.mark.parametrize(
    ("resource", "good"),
    [
        ("https://api.example.com", True),
        ("http://localhost:3000/api", True),
        ("myapp://orders", True),
        ("http://api.example.com", False),
        ("http://localhost.example.com/", False),
        ("https://api.example.com/#part", False),
        ("https://", False),
        ("orders", False),
        ("", False),
    ],
)
def test_a_resource_is_an_absolute_uri(app: App, resource: str, good: bool) -> None:
    site = site_with(app, ["code"])
    answer = site.get("oauth2/authorize", **site.request(resource=resource))
    error = parse_qs(urlsplit(answer["Location"]).query).get("error")
    assert error == (None if good else ["invalid_target"])
