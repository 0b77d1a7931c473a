"""Styles, customizations and terms as the hosted pages show them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cognito_app.services import config, domains
from cognito_app.services.actor import SYSTEM
from cognito_app.services.branding import settings, stylesheet
from cognito_app.services.branding.pictures import Pictures
from tests.aws.pictures import ICO, png, svg
from tests.conftest import App
from tests.oauth.browser import Site

pytestmark = pytest.mark.django_db

LOGO = {"enabled": True, "location": "END", "formInclusion": "IN", "position": "TOP"}


class Pages(Site):
    """A pool with two clients and a domain, seen by a browser."""

    def __init__(self, app: App, version: int) -> None:
        super().__init__(app)
        app.idp.create_user_pool_domain(Domain="looks", UserPoolId=app.pool_id, ManagedLoginVersion=version)

    def style(self, **members: Any) -> Any:
        """Give the client a managed login style."""
        given = {"UserPoolId": self.app.pool_id, "ClientId": self.client["ClientId"], **members}
        return self.app.idp.create_managed_login_branding(**given)["ManagedLoginBranding"]

    def customize(self, client_id: str = "ALL", **members: Any) -> Any:
        """Set the classic customization."""
        return self.app.idp.set_ui_customization(UserPoolId=self.app.pool_id, ClientId=client_id, **members)

    def terms(self, *names: str, **links: str) -> None:
        """Give the client documents."""
        for name in names:
            self.app.idp.create_terms(
                UserPoolId=self.app.pool_id,
                ClientId=self.client["ClientId"],
                TermsName=name,
                TermsSource="LINK",
                Enforcement="NONE",
                Links={"cognito:default": f"https://example.com/{name}", **links},
            )

    def page(self, name: str = "login", **more: str) -> str:
        """Return the text of a page."""
        return str(self.get(name, **self.request(**more)).content.decode())

    def css(self, text: str) -> str:
        """Return the client's stylesheet that a page links to."""
        addresses = re.findall(r'<link rel="stylesheet" href="([^"]*branding\.css[^"]*)"', text)
        answer = self.browser.get(addresses[0].replace("&amp;", "&"))
        assert answer.status_code == 200
        assert answer["Content-Type"] == "text/css; charset=utf-8"
        assert "immutable" in answer["Cache-Control"]
        return answer.content.decode()


@pytest.fixture
def managed(app: App) -> Pages:
    """Pages of managed login."""
    return Pages(app, 2)


@pytest.fixture
def classic(app: App) -> Pages:
    """The classic pages."""
    return Pages(app, 1)


@pytest.mark.parametrize("version", [1, 2])
def test_without_a_style_pages_look_as_ever(app: App, version: int) -> None:
    pages = Pages(app, version)
    text = pages.page()
    assert '<html lang="en" dir="ltr">' in text
    assert '<link rel="icon" href="data:,">' in text
    assert text.count("stylesheet") == 1
    assert '<span class="brand-mark" aria-hidden="true">' in text
    assert 'class="stage"' not in text
    client_id = pages.client["ClientId"]
    assert pages.browser.get(f"/{app.pool_id}/branding.css?client_id={client_id}").status_code == 404


def test_a_style_colours_the_pages_of_its_client_alone(managed: Pages) -> None:
    button = {"lightMode": {"defaults": {"backgroundColor": "0B6E4FFF", "textColor": "fefefeff"}}}
    managed.style(Settings={"components": {"primaryButton": button, "form": {"borderRadius": 21}}})
    text = managed.page()
    assert 'class="managed-style"' in text
    css = managed.css(text)
    for declaration in ("--accent: #0b6e4fff", "--on-accent: #fefefeff", "--card-radius: 21px", "--link: #0972d3ff"):
        assert declaration in css
    for other in ("signup", "forgotPassword", "error"):
        assert 'class="managed-style"' in managed.page(other)
    assert "managed-style" not in managed.page(client_id=managed.app.client_id)
    managed.client = managed.app.client(
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid", "email"],
        CallbackURLs=managed.client["CallbackURLs"],
    )
    assert "managed-style" not in managed.page()


def test_a_change_shows_at_once_under_another_address(managed: Pages) -> None:
    style = managed.style(UseCognitoProvidedValues=True)
    before = managed.page()
    changed = {"components": {"pageBackground": {"lightMode": {"color": "01020304"}}}}
    managed.app.idp.update_managed_login_branding(
        UserPoolId=managed.app.pool_id, ManagedLoginBrandingId=style["ManagedLoginBrandingId"], Settings=changed
    )
    after = managed.page()
    assert "--page: #01020304" in managed.css(after)
    old = re.findall(r'href="([^"]*branding\.css[^"]*)"', before)[0].replace("&amp;", "&")
    assert managed.browser.get(old)["Cache-Control"] == "no-cache"
    managed.app.idp.delete_managed_login_branding(
        UserPoolId=managed.app.pool_id, ManagedLoginBrandingId=style["ManagedLoginBrandingId"]
    )
    assert "managed-style" not in managed.page()
    assert managed.browser.get(old).status_code == 404


def test_colour_modes(managed: Pages) -> None:
    style = managed.style(Settings={"categories": {"global": {"colorSchemeMode": "DARK"}}})
    text = managed.page()
    assert '<meta name="color-scheme" content="dark">' in text
    css = managed.css(text)
    assert "--accent: #539fe5ff" in css
    assert "@media" not in css
    managed.app.idp.update_managed_login_branding(
        UserPoolId=managed.app.pool_id,
        ManagedLoginBrandingId=style["ManagedLoginBrandingId"],
        Settings={"categories": {"global": {"colorSchemeMode": "DYNAMIC"}}},
    )
    text = managed.page()
    assert '<meta name="color-scheme" content="light dark">' in text
    light, dark = managed.css(text).split("@media (prefers-color-scheme: dark)")
    assert "--accent: #0972d3ff" in light
    assert "--accent: #539fe5ff" in dark


def test_images_are_shown_and_served(managed: Pages) -> None:
    logo, dark_logo, drawing = png(1), png(2), svg()
    frames = {"enabled": True, "location": "CENTER"}
    managed.style(
        Settings={
            "categories": {"global": {"colorSchemeMode": "DYNAMIC", "pageHeader": {"enabled": True}}},
            "components": {"form": {"logo": LOGO}, "pageHeader": {"logo": frames}, "pageFooter": {"logo": frames}},
        },
        Assets=[
            {"Category": "FORM_LOGO", "ColorMode": "LIGHT", "Extension": "PNG", "Bytes": logo},
            {"Category": "FORM_LOGO", "ColorMode": "DARK", "Extension": "PNG", "Bytes": dark_logo},
            {"Category": "PAGE_HEADER_LOGO", "ColorMode": "DYNAMIC", "Extension": "SVG", "Bytes": drawing},
            {"Category": "PAGE_FOOTER_LOGO", "ColorMode": "DYNAMIC", "Extension": "SVG", "Bytes": drawing},
            {"Category": "FAVICON_ICO", "ColorMode": "LIGHT", "Extension": "ICO", "Bytes": ICO},
            {"Category": "PAGE_BACKGROUND", "ColorMode": "LIGHT", "Extension": "PNG", "Bytes": png(3)},
            {"Category": "FORM_BACKGROUND", "ColorMode": "LIGHT", "Extension": "PNG", "Bytes": png(4)},
        ],
    )
    text = managed.page()
    images = dict(re.findall(r'<img src="([^"]+)" alt="app"(?: class="([a-z-]+)")?>', text))
    served = {managed.browser.get(address).content: only for address, only in images.items()}
    assert served == {logo: "only-light", dark_logo: "only-dark", drawing: ""}
    assert "page-footer" not in text
    icon = re.findall(r'<link rel="icon" href="([^"]+)" type="image/x-icon">', text)
    answer = managed.browser.get(icon[0])
    assert (answer.content, answer["Content-Type"]) == (ICO, "image/x-icon")
    backgrounds = re.findall(r'(.+) \{ background-image: url\("([^"]+)"\)', managed.css(text))
    assert len(backgrounds) == 1
    assert "prefers-color-scheme: light" in backgrounds[0][0]
    assert managed.browser.get(f"/{managed.app.pool_id}/{backgrounds[0][1]}").content == png(3)


def test_a_drawing_has_no_rights_and_belongs_to_its_pool(managed: Pages) -> None:
    managed.style(
        Settings={"components": {"form": {"logo": {**LOGO, "formInclusion": "OUT", "position": "BOTTOM"}}}},
        Assets=[{"Category": "FORM_LOGO", "ColorMode": "LIGHT", "Extension": "SVG", "Bytes": svg()}],
    )
    text = managed.page()
    assert text.index("</main>") < text.index("form-logo logo-end logo-bottom")
    address = re.findall(r'<img src="([^"]+)"', text)[0]
    answer = managed.browser.get(address)
    assert answer["Content-Type"] == "image/svg+xml"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].endswith("sandbox")
    other = managed.app.idp.create_user_pool(PoolName="other")["UserPool"]["Id"]
    for wrong in (
        address.replace(managed.app.pool_id, other),
        address.replace(".svg", ".png"),
        re.sub(r"/\d+\.svg", "/999999999999.svg", address),
    ):
        assert managed.browser.get(wrong).status_code == 404
    assert managed.browser.post(address).status_code == 405


def test_the_policy_of_the_pages_stays_strict(managed: Pages) -> None:
    managed.style(UseCognitoProvidedValues=True)
    answer = managed.get("login", **managed.request())
    assert "style-src 'self'; img-src 'self' data:" in answer["Content-Security-Policy"]
    assert "<style" not in answer.content.decode()
    assert "style=" not in answer.content.decode()


def test_text_without_a_setting_is_readable_on_its_background() -> None:
    for colour, text in (("ffffffff", "#000716"), ("0f1b2aff", "#ebebf0")):
        changes = {"componentClasses": {"input": {"lightMode": {"defaults": {"backgroundColor": colour}}}}}
        css = stylesheet.managed(settings.merge(settings.DEFAULTS, changes), Pictures("LIGHT", []))
        assert f"--on-control: {text}" in css


def test_the_domain_decides_between_style_and_customization(managed: Pages) -> None:
    managed.style(UseCognitoProvidedValues=True)
    managed.customize(CSS=".label-customizable { color: #123456 }")
    prefix = f"/looks/login?{'&'.join(f'{k}={v}' for k, v in managed.request().items() if k != 'state')}"
    assert 'class="managed-style"' in managed.page()
    assert 'class="managed-style"' in managed.browser.get(prefix).content.decode()
    managed.app.idp.update_user_pool_domain(UserPoolId=managed.app.pool_id, Domain="looks", ManagedLoginVersion=1)
    assert 'class="classic-style"' in managed.page()
    assert 'class="classic-style"' in managed.browser.get(prefix).content.decode()
    domains.create(
        config.pool(managed.app.pool_id),
        SYSTEM,
        name="auth.example.com",
        certificate_arn="arn:aws:acm:us-east-1:000000000000:certificate/x",
        managed_login_version=2,
    )
    assert 'class="managed-style"' in managed.page()
    assert 'class="classic-style"' in managed.browser.get(prefix).content.decode()
    custom = Client(HTTP_HOST="auth.example.com").get(prefix.removeprefix("/looks"))
    assert 'class="managed-style"' in custom.content.decode()
    assert 'href="/branding.css?' in custom.content.decode()


def test_a_pool_without_a_domain_shows_managed_login(app: App) -> None:
    site = Site(app)
    app.idp.create_managed_login_branding(
        UserPoolId=app.pool_id, ClientId=site.client["ClientId"], UseCognitoProvidedValues=True
    )
    assert 'class="managed-style"' in site.get("login", **site.request()).content.decode()


def test_the_clients_customization_comes_before_that_of_all(classic: Pages) -> None:
    classic.customize(CSS=".label-customizable { color: #111111 }")
    assert "color: #111111" in classic.css(classic.page())
    own = ".label-customizable { color: #222222 }"
    classic.customize(classic.client["ClientId"], CSS=own, ImageFile=png())
    text = classic.page()
    css = classic.css(text)
    assert "#222222" in css
    assert "#111111" not in css
    logo = re.findall(r'<p class="brand"><img src="([^"]+)"', text)
    assert classic.browser.get(logo[0]).content == png()
    classic.customize(classic.client["ClientId"])
    assert "color: #111111" in classic.css(classic.page())


def test_only_allowed_properties_of_the_css_are_served(classic: Pages) -> None:
    classic.customize(
        CSS=".submitButton-customizable:hover, .label-customizable { color: rgb(1, 2, 3); position: fixed; }"
        " .submitButton-customizable { background-color: #337ab7; height: 50px }"
    )
    css = classic.css(classic.page())
    assert ".classic-style .field label { color: rgb(1, 2, 3) }" in css
    assert "button:not(.secondary):hover { color: rgb(1, 2, 3) }" in css
    assert "button:not(.secondary) { background-color: #337ab7; height: 50px }" in css
    assert "position" not in css


def test_terms_are_linked_when_both_documents_exist(managed: Pages) -> None:
    assert "By signing up" not in managed.page("signup")
    managed.terms("terms-of-use")
    assert "By signing up" not in managed.page("signup")
    managed.terms("privacy-policy", **{"cognito:german": "https://example.com/de/datenschutz?a=1&b=2"})
    text = managed.page("signup")
    assert 'href="https://example.com/terms-of-use"' in text
    assert 'href="https://example.com/privacy-policy"' in text
    assert "agree to our" not in managed.page()
    german = managed.page("signup", lang="de")
    assert 'href="https://example.com/de/datenschutz?a=1&amp;b=2"' in german
    assert 'href="https://example.com/terms-of-use"' in german
    assert managed.browser.cookies["lang"].value == "de"
    assert "/de/datenschutz" in managed.page("signup")
    assert "/de/datenschutz" not in managed.page("signup", lang="en")
    assert "/de/datenschutz" not in managed.page("signup", lang="x" * 50)
    assert managed.browser.cookies["lang"].value == "en"


def test_the_classic_pages_have_no_terms(classic: Pages) -> None:
    classic.terms("terms-of-use", "privacy-policy")
    assert "By signing up" not in classic.page("signup", lang="de")
    assert "lang" not in classic.browser.cookies


def test_a_look_costs_no_query_once_it_is_known(managed: Pages) -> None:
    def queries(page: str) -> int:
        managed.page(page)
        with CaptureQueriesContext(connection) as captured:
            managed.page(page)
        return len(captured)

    bare = queries("login")
    assets = [
        {"Category": "FORM_LOGO", "ColorMode": mode, "Extension": "PNG", "Bytes": png()}
        for mode in ("LIGHT", "DARK", "DYNAMIC")
    ]
    managed.style(Settings={"components": {"form": {"logo": LOGO}}}, Assets=assets)
    assert queries("login") == bare
    managed.terms("terms-of-use", "privacy-policy")
    assert queries("signup") <= bare + 1
