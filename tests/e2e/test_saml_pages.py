"""Sign-in and sign-out by a SAML provider in Chromium: forms that come from another site, and cookies that go along."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients import saml_idp
from tests.clients.saml_idp import IdentityProvider
from tests.e2e.hosted import CHROMIUM, HostedPool, NewWalk, Walker
from tests.e2e.server import Running

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js is not installed"),
]

USERS = {"ann-1": {"mail": ["ann@corp.example"]}, "bob-2": {"mail": ["bob@corp.example"]}}


@pytest.fixture(scope="module")
def corp() -> Iterator[IdentityProvider]:
    """A provider at 127.0.0.1: for a pool at localhost that is another site."""
    with saml_idp.running(dict(USERS)) as provider:
        yield provider


@pytest.fixture(scope="module")
def pool(server: Running, idp: Any, callback: str, corp: IdentityProvider) -> HostedPool:
    """A pool that offers the provider beside its own users."""
    made = HostedPool(server, idp, callback)
    idp.create_identity_provider(
        UserPoolId=made.pool_id,
        ProviderName="Corp",
        ProviderType="SAML",
        ProviderDetails={
            "MetadataFile": corp.metadata(),
            "IDPSignout": "true",
            "EncryptedResponses": "true",
            "RequestSigningAlgorithm": "rsa-sha256",
        },
        AttributeMapping={"email": "mail"},
    )
    described = idp.describe_identity_provider(UserPoolId=made.pool_id, ProviderName="Corp")
    details = described["IdentityProvider"]["ProviderDetails"]
    corp.encryption_certificate = details["ActiveEncryptionCertificate"]
    client = idp.describe_user_pool_client(UserPoolId=made.pool_id, ClientId=made.client_id)["UserPoolClient"]
    kept = {name: client[name] for name in ("AllowedOAuthFlows", "AllowedOAuthScopes", "CallbackURLs")}
    idp.update_user_pool_client(
        UserPoolId=made.pool_id,
        ClientId=made.client_id,
        ExplicitAuthFlows=list(made.flows),
        AllowedOAuthFlowsUserPoolClient=True,
        LogoutURLs=[callback],
        SupportedIdentityProviders=["COGNITO", "Corp"],
        **kept,
    )
    return made


def choose(walk: Walker, name: str) -> None:
    """Sign in on the provider's page and go on to the pool."""
    walk.page.get_by_label("User").select_option(name)
    walk.page.get_by_role("button", name="Sign in").click()
    walk.page.get_by_role("button", name="Go on").click()


def test_from_the_button_to_the_provider_and_back(pool: HostedPool, corp: IdentityProvider, new_walk: NewWalk) -> None:
    walk = new_walk()
    walk.go(pool.address())
    walk.press("Continue with Corp", role="link")
    choose(walk, "ann-1")
    walk.arrive(pool.callback)
    certificate = pool.idp.get_signing_certificate(UserPoolId=pool.pool_id)["Certificate"]
    assert corp.requests[-1].signed_by(certificate)

    # The browser is signed in by now: nobody asks the provider again.
    before = len(corp.requests)
    walk.go(pool.address(identity_provider="Corp"))
    walk.arrive(pool.callback)
    assert len(corp.requests) == before

    # Signing out goes by the provider, whose form leads back.
    walk.go(f"{pool.base}/logout?client_id={pool.client_id}&logout_uri={pool.callback}")
    walk.page.get_by_role("button", name="Back").click()
    walk.page.wait_for_url(pool.callback)
    assert corp.requests[-1].root.tag.endswith("}LogoutRequest")
    assert corp.requests[-1].signed_by(certificate)
    walk.go(pool.address(identity_provider="Corp"))
    choose(walk, "bob-2")
    walk.arrive(pool.callback)
    found = pool.idp.list_users(UserPoolId=pool.pool_id)["Users"]
    assert sorted(user["Username"] for user in found) == ["Corp_ann-1", "Corp_bob-2"]


def test_two_tabs_each_find_their_way(pool: HostedPool, new_walk: NewWalk) -> None:
    walk = new_walk()
    other = walk.page.context.new_page()
    walk.go(pool.address(identity_provider="Corp", state="first"))
    other.goto(pool.address(identity_provider="Corp", state="second"))
    choose(walk, "ann-1")
    walk.arrive(pool.callback)
    assert "state=first" in walk.page.url
    other.get_by_label("User").select_option("bob-2")
    other.get_by_role("button", name="Sign in").click()
    other.get_by_role("button", name="Go on").click()
    other.wait_for_url(f"{pool.callback}?**")
    assert "state=second" in other.url


def test_the_domain_of_an_address_leads_to_the_provider(pool: HostedPool, new_walk: NewWalk) -> None:
    """On classic pages; a form whose redirects lead to another site, which the page's policy must allow."""
    pool.idp.create_user_pool_domain(UserPoolId=pool.pool_id, Domain="walks-classic", ManagedLoginVersion=1)
    pool.idp.update_identity_provider(UserPoolId=pool.pool_id, ProviderName="Corp", IdpIdentifiers=["corp.example"])
    walk = new_walk()
    walk.go(pool.address().replace(f"/{pool.pool_id}/", "/walks-classic/"))
    walk.page.get_by_label("Work email address").fill("bob@corp.example")
    walk.page.get_by_role("button", name="Sign in with your corporate ID").click()
    choose(walk, "bob-2")
    walk.arrive(pool.callback)
