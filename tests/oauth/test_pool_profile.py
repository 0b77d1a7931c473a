"""The hardened profile of a pool; the strict one is in tests/conformance."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from cognito_app.services import pool_profile
from cognito_app.services.actor import SYSTEM
from cognito_app.services.pool_profile import PoolProfile
from tests.conftest import App
from tests.oauth.browser import Site

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(app: App) -> Site:
    """A site of a hardened pool."""
    app.sign_up()
    made = Site(app, AllowedOAuthFlows=["code", "implicit"])
    pool_profile.set_profile(SYSTEM, app.pool_id, PoolProfile(hardened=True))
    return made


def test_proof_keys_are_required(site: Site) -> None:
    answer = site.get("oauth2/authorize", **site.request(code_challenge=None, code_challenge_method=None))
    assert parse_qs(urlsplit(answer["Location"]).query)["error"] == ["invalid_request"]
    assert site.exchange(site.code()).status_code == 200


def test_the_implicit_grant_is_refused_whatever_the_client_says(site: Site) -> None:
    answer = site.get("oauth2/authorize", **site.request(response_type="token"))
    assert parse_qs(urlsplit(answer["Location"]).fragment)["error"] == ["unauthorized_client"]


def test_refresh_tokens_rotate(site: Site) -> None:
    first = site.exchange(site.code()).json()["refresh_token"]
    second = site.token(grant_type="refresh_token", refresh_token=first).json()["refresh_token"]
    assert second != first
    assert site.token(grant_type="refresh_token", refresh_token=first).json()["error"] == "invalid_grant"
    # The reuse of the first one ends what came of it.
    assert site.token(grant_type="refresh_token", refresh_token=second).json()["error"] == "invalid_grant"


def test_a_pool_without_the_switch_is_as_before(app: App) -> None:
    app.sign_up()
    site = Site(app)
    request = site.request(code_challenge=None, code_challenge_method=None)
    assert "/login?" in site.get("oauth2/authorize", **request)["Location"]
