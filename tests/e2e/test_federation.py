"""Sign-in by providers in Chromium against a quickstart: the button, the provider's page, the way back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.clients import identity_provider
from tests.clients.identity_provider import IdentityProvider
from tests.e2e.hosted import CHROMIUM, HostedPool, NewWalk, administrator
from tests.e2e.server import Running, start, stop

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js is not installed"),
]


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    """A provider on the loopback."""
    with identity_provider.running() as made:
        yield made


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A quickstart that may ask providers in its own network."""
    running = start(tmp_path_factory.mktemp("federation"), COGNITO_OUTGOING_PRIVATE_NETWORKS="1")
    yield running
    stop(running)


@pytest.fixture(scope="module")
def pool(near: Running, provider: IdentityProvider, callback: str) -> HostedPool:
    """A pool whose client offers its own users and those of the provider."""
    idp = administrator(near)
    made = HostedPool(near, idp, callback, {}, ("ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"))
    idp.create_identity_provider(
        UserPoolId=made.pool_id,
        ProviderName="Corp",
        ProviderType="OIDC",
        ProviderDetails=provider.details,
        AttributeMapping={"email": "email"},
    )
    kept = ("CallbackURLs", "AllowedOAuthFlows", "AllowedOAuthScopes", "ExplicitAuthFlows")
    client = idp.describe_user_pool_client(UserPoolId=made.pool_id, ClientId=made.client_id)["UserPoolClient"]
    idp.update_user_pool_client(
        UserPoolId=made.pool_id,
        ClientId=made.client_id,
        AllowedOAuthFlowsUserPoolClient=True,
        SupportedIdentityProviders=["COGNITO", "Corp"],
        **{name: client[name] for name in kept},
    )
    return made


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a fresh browser without scripts."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_the_button_leads_to_the_provider_and_back_into_the_application(pool: HostedPool, page: Page) -> None:
    page.goto(pool.address("login"))
    page.get_by_role("link", name="Continue with Corp").click()
    page.wait_for_url(f"{pool.callback}?*")
    assert "code=" in page.url
    found: Any = pool.idp.admin_get_user(UserPoolId=pool.pool_id, Username="Corp_u-1")
    assert found["UserStatus"] == "EXTERNAL_PROVIDER"


def test_two_tabs_go_their_own_ways(pool: HostedPool, browser: Browser) -> None:
    context = browser.new_context()
    tabs = [context.new_page() for _ in range(2)]
    for tab in tabs:
        tab.goto(pool.address("login"))
    for tab in reversed(tabs):
        tab.get_by_role("link", name="Continue with Corp").click()
        tab.wait_for_url(f"{pool.callback}?*")
        assert "code=" in tab.url
    context.close()


def test_a_user_who_says_no_is_back_in_the_application(
    pool: HostedPool, page: Page, provider: IdentityProvider
) -> None:
    provider.denies = True
    try:
        page.goto(pool.address("login"))
        page.get_by_role("link", name="Continue with Corp").click()
        page.wait_for_url(f"{pool.callback}?*")
        assert "error=access_denied" in page.url
    finally:
        provider.denies = False


def test_the_page_with_a_button_by_the_keyboard_and_for_axe(pool: HostedPool, new_walk: NewWalk) -> None:
    walk = new_walk()
    walk.go(pool.address("login"))
    walk.see("Sign in", "providers")
    walk.press("Continue with Corp", "link")
    walk.arrive(pool.callback)
    assert walk.problems == []


def test_an_email_domain_leads_to_its_provider(pool: HostedPool, new_walk: NewWalk) -> None:
    pool.idp.update_identity_provider(UserPoolId=pool.pool_id, ProviderName="Corp", IdpIdentifiers=["corp.example"])
    style = pool.idp.create_managed_login_branding(
        UserPoolId=pool.pool_id,
        ClientId=pool.client_id,
        Settings={"categories": {"auth": {"federation": {"interfaceStyle": "SEARCH_INPUT"}}}},
    )["ManagedLoginBranding"]
    walk = new_walk()
    walk.go(pool.address("login"))
    walk.see("Sign in", "provider-search")
    walk.enter("Work email address", "ann@other.example")
    walk.page.get_by_role("alert").get_by_text("No sign-in is set up for the domain of this email address.").wait_for()
    walk.enter("Work email address", "ann@corp.example")
    # The form's redirects go through the provider: the page's policy must let them.
    walk.arrive(pool.callback)
    assert walk.problems == []
    pool.idp.delete_managed_login_branding(
        UserPoolId=pool.pool_id, ManagedLoginBrandingId=style["ManagedLoginBrandingId"]
    )
