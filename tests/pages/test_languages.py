"""The language of the pages: who asks for it and how long it stays, and that nothing but the pages speaks it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import translation
from pytest_django import Settings

from cognito_app.pages import languages
from cognito_app.services import terms
from tests.aws.choice import CHOICE_FLOWS, make_choice_app
from tests.conftest import PASSWORD, App, Inbox, refused
from tests.oauth.browser import Site
from tests.pages.forms import alert, arrived, heading, send, text

pytestmark = pytest.mark.django_db

SIGN_IN = {
    "de": "Anmelden",
    "en": "Sign in",
    "es": "Iniciar sesión",
    "fr": "Se connecter",
    "id": "Masuk",
    "it": "Accedi",
    "ja": "サインイン",
    "ko": "로그인",
    "nl": "Inloggen",
    "pt-BR": "Entrar",
    "zh-CN": "登录",
    "zh-TW": "登入",
}


@pytest.fixture
def site(app: App) -> Site:
    """A site whose client asks for name and password; ann can sign in."""
    app.sign_up()
    return Site(app)


def language_of(page: Any) -> str:
    """Return the language that a page names, checked against what it speaks."""
    found = re.findall(r'<html lang="([^"]+)" dir="ltr"', text(page))
    assert heading(page) == SIGN_IN[found[0]]
    return str(found[0])


def test_every_language_of_managed_login_is_there_and_published(site: Site) -> None:
    assert set(SIGN_IN) == set(terms.LANGUAGES)
    published = site.get(".well-known/openid-configuration").json()["ui_locales_supported"]
    assert set(published) == set(SIGN_IN)


@pytest.mark.parametrize("language", sorted(SIGN_IN))
def test_lang_chooses_and_stays_until_another_is_chosen(site: Site, language: str) -> None:
    page = site.get("login", **site.request(), lang=language)
    assert language_of(page) == language
    cookie = page.cookies["lang"]
    assert cookie.value == language
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", f"/{site.app.pool_id}/")
    assert int(cookie["max-age"]) > 86_400
    assert language_of(site.get("login", **site.request())) == language
    assert language_of(site.get("login", **site.request(), lang="fr")) == "fr"
    assert language_of(site.get("login", **site.request(), lang="xx")) == "fr"


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("de", "de"),
        ("de-AT fr", "de"),
        ("xx ja-JP", "ja"),
        ("PT", "pt-BR"),
        ("zh", "zh-CN"),
        ("zh-Hant-HK", "zh-TW"),
        ("zh_TW", "zh-TW"),
        ("tlh", "en"),
        ("", "en"),
        ("x " * 500, "en"),
    ],
)
def test_the_first_of_ui_locales_that_there_is_is_spoken_and_not_kept(site: Site, asked: str, wanted: str) -> None:
    page = site.get("login", **site.request(), ui_locales=asked)
    assert language_of(page) == wanted
    assert "lang" not in page.cookies
    assert language_of(site.get("login", **site.request())) == "en"
    assert language_of(site.get("login", **site.request(), ui_locales=asked, lang="es")) == "es"


def test_what_the_browser_prefers_counts_only_where_the_operator_says_so(site: Site, settings: Settings) -> None:
    site.browser = Client(headers={"Accept-Language": "xx, nl-BE;q=0.9, de;q=0.8, *;q=0.1"})
    assert language_of(site.get("login", **site.request())) == "en"
    settings.COGNITO = {**settings.COGNITO, "ACCEPT_LANGUAGE": True}
    assert language_of(site.get("login", **site.request())) == "nl"
    assert language_of(site.get("login", **site.request(), lang="it")) == "it"
    site.browser = Client(headers={"Accept-Language": "*"})
    assert language_of(site.get("login", **site.request())) == "en"


def test_the_answers_of_forms_and_the_errors_speak_it_too(site: Site) -> None:
    site.get("login", **site.request(), lang="de")
    page = site.submit("login", {"username": "ann", "password": "Wrong-Horse-9!"})
    assert alert(page) == "Falscher Benutzername oder falsches Passwort."
    page = site.submit("signup", {"username": "ben", "password": "short", "password_again": "short", "email": "b@b.io"})
    assert alert(page) == "Das Passwort entspricht nicht den Regeln: Das Passwort ist nicht lang genug"
    page = site.submit("signup", {"username": "ben", "password": PASSWORD, "password_again": PASSWORD, "email": "b"})
    assert alert(page) == "Das Format der E-Mail-Adresse ist ungültig."
    answer = site.get("login", **site.request(redirect_uri="https://evil.example.com/"), lang="ja")
    site.browser.cookies.clear()
    shown = site.browser.get(answer["Location"])
    assert 'lang="ja"' in shown.content.decode()
    answer = site.get("oauth2/authorize", **site.request(redirect_uri="https://evil.example.com/"), lang="ko")
    assert 'lang="ko"' in site.browser.get(answer["Location"]).content.decode()


def test_a_page_that_is_shown_again_speaks_the_language_of_now(site: Site) -> None:
    site.get("login", **site.request(), lang="de")
    token = site.browser.cookies["XSRF-TOKEN"].value
    address = f"/{site.app.pool_id}/login?" + urlencode(site.request())
    form = {"_csrf": token, "username": "ann", "password": "Wrong-Horse-9!"}
    step = site.browser.post(address, form)["Location"]
    assert alert(site.browser.get(step)) == "Falscher Benutzername oder falsches Passwort."
    assert alert(site.browser.get(f"{step}&lang=fr")) == "Nom d’utilisateur ou mot de passe incorrect."


def test_neither_the_api_nor_the_mail_nor_the_next_request_speaks_it(site: Site) -> None:
    before = translation.get_language()
    site.get("login", **site.request(), lang="de")
    assert translation.get_language() == before
    with refused("NotAuthorizedException", "Incorrect username or password."):
        site.app.start(password="Wrong-Horse-9!")
    page = site.submit("forgotPassword", {"username": "ann"})
    assert "Wir haben einen Code an" in text(page)
    assert "code is" in site.app.inbox.messages("ann@example.com")[-1]
    assert language_of(Client().get(f"/{site.app.pool_id}/login", site.request())) == "en"


def test_the_classic_pages_speak_english(app: App) -> None:
    app.sign_up()
    app.idp.create_user_pool_domain(Domain="old-style", UserPoolId=app.pool_id, ManagedLoginVersion=1)
    site = Site(app)
    page = site.get("login", **site.request(), lang="de", ui_locales="fr")
    assert language_of(page) == "en"
    assert "lang" not in page.cookies
    assert alert(site.submit("login", {"username": "ann", "password": "x"})) == "Incorrect username or password."


def test_a_whole_sign_up_and_sign_in_in_another_language(idp: Any, inbox: Inbox) -> None:
    site = Site(make_choice_app(idp, inbox), ExplicitAuthFlows=CHOICE_FLOWS)
    page = site.get("signup", **site.request(), lang="pt-BR")
    assert heading(page) == "Criar uma conta"
    assert "Pelo menos 8 caracteres" in text(page)
    typed = {"username": "ann", "email": "ann@example.com", "password": PASSWORD, "password_again": PASSWORD}
    page = send(site, page, to="signup", **typed)
    assert heading(page) == "Confirme sua conta"
    page = send(site, page, to="resendcode")
    assert "Enviamos um novo código para a***@e***." in text(page)
    assert arrived(send(site, page, to="confirm", code=inbox.code("ann@example.com")))
    site.browser.cookies.pop("cognito")
    site.get("login", **site.request())
    page = site.submit("login", {"username": "ann"})
    assert heading(page) == "Escolha como entrar"
    assert "Código por e-mail" in text(page)
    page = send(site, page, factor="EMAIL_OTP")
    assert "esta página é válida por 3 minutos" in text(page)
    assert alert(send(site, page, code="1")) == "O código não está correto. Tente novamente."


def test_operators_add_languages_also_those_written_from_right_to_left(site: Site, settings: Settings) -> None:
    assert language_of(site.get("login", **site.request(), lang="ar")) == "en"
    settings.COGNITO = {**settings.COGNITO, "PAGE_LANGUAGES": ["ar"]}
    page = site.get("signup", **site.request(), lang="ar")
    assert '<html lang="ar" dir="rtl"' in text(page)


def test_without_translations_there_is_english_alone(site: Site, settings: Settings) -> None:
    settings.USE_I18N = False
    assert languages.offered() == ("en",)


def test_styles_name_no_left_and_no_right() -> None:
    from cognito_app.services.branding import stylesheet
    from tests.catalogs import ROOT

    sources = [*(ROOT / "static/cognito_app/css").glob("*.css"), ROOT / str(stylesheet.__file__)]
    for path in sources:
        assert not re.search(r"(?:margin|padding|border|inset)?-?\b(?:left|right)\b\s*:", path.read_text()), path
        assert not re.search(r"text-align:\s*(?:left|right)", path.read_text()), path
