"""Providers on the sign-in page: buttons, the field for an email domain, and no page where there is no choice."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from tests.aws.pictures import svg
from tests.clients.identity_provider import IdentityProvider, parameters
from tests.clients.providers import GOOGLE, add, add_saml, metadata
from tests.conftest import PASSWORD, App
from tests.federation.journey import Journey, error_of
from tests.oauth.browser import CALLBACK, Site

pytestmark = pytest.mark.django_db


def links(page: Any) -> dict[str, str]:
    """Return the addresses of the providers' buttons by their labels."""
    html = page.content.decode()
    found = re.findall(r'<a class="idp[^"]*" href="([^"]+)">([^<]+)</a>', html)
    return {unescape(label): unescape(href) for href, label in found}


def login(site: Site, **changes: str) -> Any:
    """Open the sign-in page."""
    return site.get("login", **site.request(**changes))


def allow(app: App, site: Site, *names: str) -> None:
    """Change the providers of the client."""
    kept = ("CallbackURLs", "AllowedOAuthFlows", "AllowedOAuthScopes", "AllowedOAuthFlowsUserPoolClient")
    app.idp.update_user_pool_client(
        UserPoolId=app.pool_id,
        ClientId=site.client["ClientId"],
        SupportedIdentityProviders=list(names),
        ExplicitAuthFlows=site.client["ExplicitAuthFlows"],
        **{name: site.client[name] for name in kept},
    )


class TestButtons:
    """One for each provider of the client."""

    def test_a_button_has_the_icon_that_the_style_gives_its_provider(self, journey: Journey) -> None:
        app, site = journey.site.app, journey.site
        at = {"UserPoolId": app.pool_id, "ClientId": site.client["ClientId"]}
        icon = {"Category": "IDP_BUTTON_ICON", "ColorMode": "LIGHT", "Extension": "SVG", "ResourceId": "Corp"}
        style = {"componentClasses": {"idpButtons": {"icons": {"enabled": True}}}}
        app.idp.create_managed_login_branding(**at, Settings=style, Assets=[{**icon, "Bytes": svg()}])
        page = login(site).content.decode()
        (source,) = re.findall(
            r'<a class="idp"[^>]*><img class="idp-icon" src="([^"]+)" alt="">Continue with Corp</a>', page
        )
        assert journey.browser.get(source)["Content-Type"] == "image/svg+xml"

    def test_a_button_leads_to_the_provider_with_the_request(self, journey: Journey) -> None:
        page = login(journey.site, prompt="login")
        assert 'name="password"' in page.content.decode()
        found = links(page)
        assert set(found) == {"Continue with Corp"}
        answer = journey.browser.get(found["Continue with Corp"])
        assert answer["Location"].startswith(f"{journey.provider.url}/authorize?")
        sent = parameters(answer["Location"])
        assert sent["prompt"] == "login"
        back = journey.come_back(parameters(journey.provider.authorize(sent)))
        assert back["Location"].startswith(CALLBACK)
        assert parameters(back["Location"])["state"] == "a b/ü%20"

    def test_social_providers_have_the_names_that_people_know(self, app: App) -> None:
        names = ["Google", "Facebook", "LoginWithAmazon"]
        for name in names:
            add(app, name, name, GOOGLE)
        apple = {"client_id": "c", "team_id": "t", "key_id": "k", "private_key": "p", "authorize_scopes": "email"}
        add(app, "SignInWithApple", "SignInWithApple", apple)
        site = Site(app, SupportedIdentityProviders=["COGNITO", "SignInWithApple", *names])
        assert list(links(login(site))) == [
            f"Continue with {title}" for title in ("Apple", "Google", "Facebook", "Amazon")
        ]

    def test_only_the_clients_own_are_shown(self, app: App) -> None:
        add(app, "Google", "Google", GOOGLE)
        assert links(login(Site(app))) == {}
        assert links(login(Site(app, SupportedIdentityProviders=["COGNITO", "Google"])))

    def test_a_change_of_the_client_shows_at_once(self, app: App) -> None:
        add(app, "Google", "Google", GOOGLE)
        site = Site(app, SupportedIdentityProviders=["COGNITO", "Google"])
        assert links(login(site))
        allow(app, site, "COGNITO")
        assert links(login(site)) == {}
        allow(app, site, "COGNITO", "Google")
        assert links(login(site))
        app.idp.delete_identity_provider(UserPoolId=app.pool_id, ProviderName="Google")
        assert links(login(site)) == {}

    def test_cognito_in_the_request_means_the_form_alone(self, journey: Journey) -> None:
        page = login(journey.site, identity_provider="COGNITO")
        assert links(page) == {}
        assert 'name="password"' in page.content.decode()

    def test_names_are_escaped(self, app: App, provider: IdentityProvider) -> None:
        journey = Journey(app, provider, name='<b>&"x')
        html = login(journey.site).content.decode()
        assert "<b>" not in html
        (href,) = links(login(journey.site)).values()
        assert journey.browser.get(href)["Location"].startswith(provider.url)

    def test_the_choice_based_page_has_them_too(self, app: App, provider: IdentityProvider) -> None:
        journey = Journey(app, provider, ExplicitAuthFlows=["ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
        page = login(journey.site)
        assert 'name="password"' not in page.content.decode()
        assert links(page)

    def test_they_stay_when_a_password_was_wrong(self, journey: Journey) -> None:
        journey.app.sign_up("ann")
        login(journey.site)
        page = journey.site.submit("login", {"username": "ann", "password": "Wrong-Horse-9!"})
        assert "Incorrect username or password." in page.content.decode()
        assert links(page)

    def test_the_order_of_the_style_counts(self, app: App) -> None:
        for name in ("Google", "Facebook"):
            add(app, name, name, GOOGLE)
        site = Site(app, SupportedIdentityProviders=["COGNITO", "Google", "Facebook"])
        ways = [
            [
                {"display": "INPUT", "type": "USERNAME_PASSWORD"},
                {"display": "BUTTON", "type": "FEDERATED"},
            ]
        ]
        federation = {"interfaceStyle": "BUTTON_LIST", "order": ["Facebook", "Google"]}
        app.idp.create_managed_login_branding(
            UserPoolId=app.pool_id,
            ClientId=site.client["ClientId"],
            Settings={"categories": {"auth": {"authMethodOrder": ways, "federation": federation}}},
        )
        page = login(site)
        assert list(links(page)) == ["Continue with Facebook", "Continue with Google"]
        html = page.content.decode()
        assert html.index('name="password"') < html.index("Continue with Facebook")

    def test_the_number_of_queries_is_fixed(self, app: App, django_assert_max_num_queries: Any) -> None:
        for number in range(8):
            add_saml(app, f"Saml-{number}")
        names = [f"Saml-{number}" for number in range(8)]
        site = Site(app, SupportedIdentityProviders=["COGNITO", *names])
        login(site)
        with django_assert_max_num_queries(12):
            assert len(links(login(site))) == 8


class TestWithoutLocalUsers:
    """A client whose providers are others only."""

    def test_one_provider_is_gone_to_at_once(self, app: App, provider: IdentityProvider) -> None:
        journey = Journey(app, provider, SupportedIdentityProviders=["Corp"])
        for page in ("oauth2/authorize", "login"):
            answer = journey.site.get(page, **journey.site.request())
            if page == "login":
                answer = journey.browser.get(answer["Location"])
            assert answer["Location"].startswith(f"{provider.url}/authorize?")

    def test_several_have_a_page_without_a_password(self, app: App, provider: IdentityProvider) -> None:
        add(app, "Google", "Google", GOOGLE)
        journey = Journey(app, provider, SupportedIdentityProviders=["Google", "Corp"])
        html = login(journey.site).content.decode()
        assert list(links(login(journey.site))) == ["Continue with Google", "Continue with Corp"]
        assert "password" not in html.lower()
        assert 'name="username"' not in html

    def test_local_users_cannot_sign_in_sign_up_or_reset(self, app: App, provider: IdentityProvider) -> None:
        add(app, "Google", "Google", GOOGLE)
        app.sign_up("ann")
        journey = Journey(app, provider, SupportedIdentityProviders=["Google", "Corp"])
        login(journey.site)
        page = journey.site.submit("login", {"username": "ann", "password": PASSWORD})
        assert page.status_code == 200
        assert "cognito" not in journey.browser.cookies
        for name in ("signup", "forgotPassword", "confirmForgotPassword", "confirm", "resendcode"):
            answer = journey.site.get(name, **journey.site.request())
            assert answer["Location"].endswith("/error?error=invalid_request"), name

    def test_a_request_that_names_a_provider_has_no_form_either(self, journey: Journey) -> None:
        journey.app.sign_up("ann")
        login(journey.site)
        page = journey.site.submit("login", {"username": "ann", "password": PASSWORD}, identity_provider="Corp")
        assert "cognito" not in journey.browser.cookies
        assert page.status_code == 302

    def test_deleted_providers_leave_an_error(self, app: App, provider: IdentityProvider) -> None:
        add(app, "Google", "Google", GOOGLE)
        journey = Journey(app, provider, SupportedIdentityProviders=["Google", "Corp"])
        for name in ("Google", "Corp"):
            app.idp.delete_identity_provider(UserPoolId=app.pool_id, ProviderName=name)
        assert login(journey.site)["Location"].endswith("/error?error=invalid_request")


class TestNaming:
    """identity_provider and idp_identifier."""

    def test_an_identifier_names_the_provider(self, app: App, provider: IdentityProvider) -> None:
        journey = Journey(app, provider, identifiers=["corp.example"])
        assert journey.leave(identity_provider=None, idp_identifier="corp.example").startswith(provider.url)

    @pytest.mark.parametrize(
        "changes",
        [
            {"identity_provider": "Nobody"},
            {"identity_provider": None, "idp_identifier": "nobody.example"},
            {"identity_provider": "corp"},
            {"identity_provider": "x" * 500},
        ],
    )
    def test_an_unknown_name_is_refused(self, journey: Journey, changes: dict[str, str | None]) -> None:
        answer = journey.site.get(
            "oauth2/authorize", **journey.site.request(**{"identity_provider": "Corp", **changes})
        )
        assert error_of(answer)[0] == "invalid_request"
        assert "csrf-state" not in journey.browser.cookies

    def test_an_identifier_of_a_provider_that_the_client_lacks_is_refused(
        self, app: App, provider: IdentityProvider
    ) -> None:
        journey = Journey(app, provider, identifiers=["corp.example"])
        allow(app, journey.site, "COGNITO")
        answer = journey.site.get("oauth2/authorize", **journey.site.request(idp_identifier="corp.example"))
        assert error_of(answer)[0] == "invalid_request"

    def test_the_name_wins_over_the_identifier(self, journey: Journey) -> None:
        assert journey.leave(idp_identifier="nobody.example").startswith(journey.provider.url)

    def test_nothing_is_sent_to_a_provider_with_prompt_none(self, journey: Journey) -> None:
        answer = journey.site.get("oauth2/authorize", **journey.site.request(identity_provider="Corp", prompt="none"))
        assert error_of(answer)[0] == "login_required"


class TestSearch:
    """S15: an email address leads to the provider with its domain."""

    def classic(self, app: App) -> str:
        """Give the pool a classic domain; returns its path."""
        app.idp.create_user_pool_domain(UserPoolId=app.pool_id, Domain="shop-1", ManagedLoginVersion=1)
        return "/shop-1"

    def saml(self, app: App, name: str, *identifiers: str) -> None:
        """Add a SAML provider."""
        details = {"MetadataFile": metadata(sso=f"https://{name.lower()}.example/sso")}
        add(app, name, "SAML", details, IdpIdentifiers=list(identifiers))

    def test_classic_pages_ask_once_every_saml_provider_has_identifiers(self, app: App) -> None:
        self.saml(app, "One", "one.example")
        self.saml(app, "Two")
        add(app, "Google", "Google", GOOGLE)
        site = Site(app, SupportedIdentityProviders=["COGNITO", "One", "Two", "Google"])
        path = self.classic(app)
        browser = Client()
        page = browser.get(f"{path}/login", site.request())
        assert set(links(page)) == {"Continue with One", "Continue with Two", "Continue with Google"}
        app.idp.update_identity_provider(UserPoolId=app.pool_id, ProviderName="Two", IdpIdentifiers=["two.example"])
        page = browser.get(f"{path}/login", site.request())
        assert set(links(page)) == {"Continue with Google"}
        assert "Sign in with your corporate ID" in page.content.decode()
        assert (
            "form-action 'self' https://app.example.com https://one.example https://two.example"
            in page["Content-Security-Policy"]
        )

    def test_the_domain_leads_to_its_provider(self, app: App, provider: IdentityProvider) -> None:
        journey = Journey(app, provider, identifiers=["corp.example"])
        self.style(app, journey.site)
        page = login(journey.site)
        assert links(page) == {}
        answer = journey.site.submit("login", {"action": "search_provider", "email": "Ann@Corp.example"})
        assert answer.status_code == 302
        assert journey.browser.get(answer["Location"])["Location"].startswith(f"{provider.url}/authorize?")

    @pytest.mark.parametrize("email", ["ann@other.example", "", "corp.example@", "x" * 400, "a@\x00", "ann@corp"])
    def test_an_unknown_domain_is_said(self, app: App, provider: IdentityProvider, email: str) -> None:
        journey = Journey(app, provider, identifiers=["corp.example"])
        self.style(app, journey.site)
        login(journey.site)
        page = journey.site.submit("login", {"action": "search_provider", "email": email})
        assert "No sign-in is set up for the domain" in page.content.decode()

    def style(self, app: App, site: Site) -> None:
        """Give the client a style with the domain search."""
        app.idp.create_managed_login_branding(
            UserPoolId=app.pool_id,
            ClientId=site.client["ClientId"],
            Settings={"categories": {"auth": {"federation": {"interfaceStyle": "SEARCH_INPUT"}}}},
        )
