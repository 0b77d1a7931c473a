"""What a page costs: a fixed number of queries however much there is, and few bytes; scripts are never waited for."""

from __future__ import annotations

import gzip
import re
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cognito_app.models import PoolUser
from tests.aws.choice import CHOICE_FLOWS, make_choice_app
from tests.conftest import App, Inbox, make_app
from tests.oauth.browser import Site
from tests.pages.forms import text
from tests.test_queries import add_users

pytestmark = pytest.mark.django_db

MAX_BYTES = 60_000
IDP = "https://idp.example.com"
PROVIDER = {
    "client_id": "x",
    "client_secret": "y",
    "authorize_scopes": "openid",
    "attributes_request_method": "GET",
    "oidc_issuer": IDP,
    "authorize_url": f"{IDP}/authorize",
    "token_url": f"{IDP}/token",
    "attributes_url": f"{IDP}/userinfo",
    "jwks_uri": f"{IDP}/jwks",
}


def statements(site: Site, page: str) -> tuple[int, int]:
    """Return the number of statements of a visit after a change of the pool, and of one when all is known."""
    at = {"UserPoolId": site.app.pool_id, "AutoVerifiedAttributes": ["email"]}
    site.app.idp.update_user_pool(**at)
    counts = []
    for _ in range(6):
        with CaptureQueriesContext(connection) as captured:
            text(site.get(page, **site.request()))
        counts.append(len(captured))
    return counts[0], counts[-1]


def fill(idp: Any, inbox: Inbox, site: Site, number: int) -> None:
    """Create pools, domains, clients, users, groups and providers."""
    at = {"UserPoolId": site.app.pool_id}
    PoolUser.objects.filter(pool_id=site.app.pool_id).delete()
    add_users(site.app, number)
    for position in range(1 if number == 1 else 2, number + 1):
        other = make_app(idp, inbox)
        idp.create_user_pool_domain(Domain=f"other-{position}", UserPoolId=other.pool_id)
        site.app.client()
        idp.create_group(**at, GroupName=f"g{position}")
        idp.create_identity_provider(
            **at, ProviderName=f"Oidc{position}", ProviderType="OIDC", ProviderDetails=PROVIDER
        )


@pytest.mark.parametrize("page", ["login", "signup", "forgotPassword"])
@pytest.mark.parametrize("choice", [False, True])
def test_the_number_of_queries_does_not_grow(idp: Any, inbox: Inbox, page: str, choice: bool) -> None:
    app = make_choice_app(idp, inbox) if choice else make_app(idp, inbox)
    site = Site(app, **({"ExplicitAuthFlows": CHOICE_FLOWS} if choice else {}))
    fill(idp, inbox, site, 1)
    one = statements(site, page)
    fill(idp, inbox, site, 50)
    assert statements(site, page) == one
    # When all is known: two version stamps, the terms for sign-up, the custom domain for passkeys.
    assert one[1] <= (2 if page == "forgotPassword" else 3)


def weight(site: Site, page: str) -> int:
    """Return the compressed size of a page and of all that it loads, favicon and pictures included."""
    html = text(site.get(page, **site.request()))
    total = len(gzip.compress(html.encode()))
    for address in re.findall(
        r'<(?:link rel="stylesheet" href|link rel="icon" href|script src|img src)="([^"]+)"', html
    ):
        address = address.replace("&amp;", "&")
        if address.startswith("/static/"):
            path = finders.find(address.removeprefix("/static/"))
            assert isinstance(path, str)
            with open(path, "rb") as file:
                total += len(gzip.compress(file.read()))
        elif not address.startswith("data:"):
            total += len(gzip.compress(site.browser.get(address).content))
    assert "@import" not in html
    return total


@pytest.mark.parametrize("language", ["en", "de", "ja"])
@pytest.mark.parametrize("styled", [False, True])
def test_pages_are_light(idp: Any, inbox: Inbox, styled: bool, language: str) -> None:
    app = make_choice_app(idp, inbox)
    site = Site(app, ExplicitAuthFlows=CHOICE_FLOWS)
    if styled:
        idp.create_user_pool_domain(Domain="light", UserPoolId=app.pool_id, ManagedLoginVersion=2)
        idp.create_managed_login_branding(
            UserPoolId=app.pool_id, ClientId=site.client["ClientId"], UseCognitoProvidedValues=True
        )
    site.get("login", **site.request(), lang=language)
    for page in ("login", "signup", "forgotPassword"):
        assert weight(site, page) < MAX_BYTES / 2, page


def test_nothing_waits_for_a_script(app: App) -> None:
    html = text(Site(app).get("signup", **Site(app).request()))
    assert re.findall(r"<script[^>]*>", html)
    assert all(" defer" in found for found in re.findall(r"<script[^>]*>", html))
    assert html.index("</form>") < len(html)
    assert "hidden" not in re.sub(r'visually-hidden|type="hidden"|aria-hidden', "", html)
