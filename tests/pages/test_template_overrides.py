"""Operators override any template: a folder of their own before ours, a page or one of its elements in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from tests.conftest import App
from tests.oauth.browser import Site
from tests.pages.forms import heading, text

pytestmark = pytest.mark.django_db

PAGE = """{% extends "cognito_app/managed_login/forgot_password.html" %}
{% load i18n %}
{% block heading %}{% translate "Sign in" %} ({{ pool_name }}){% endblock %}
{% block content %}{{ block.super }}<p>Call 555-0100.</p>{% endblock %}
"""


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> Path:
    """A folder of templates before the project's own."""
    [engine] = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "DIRS": [tmp_path, *engine["DIRS"]]}]
    return tmp_path / "cognito_app"


def put(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def test_an_element_takes_the_place_of_ours_on_every_page(app: App, own: Path) -> None:
    put(
        own / "elements" / "field.html",
        '<label for="{{ name }}">Own {{ label }}</label><input id="{{ name }}" name="{{ name }}">',
    )
    site = Site(app)
    for page in ("login", "signup", "forgotPassword"):
        shown = text(site.get(page, **site.request(), lang="de"))
        assert '<label for="username">Own Benutzername</label>' in shown
        assert 'class="field"' not in shown


def test_a_page_extends_or_replaces_ours(app: App, own: Path) -> None:
    put(own / "managed_login" / "forgot_password.html", PAGE)
    site = Site(app)
    page = site.get("forgotPassword", **site.request(), lang="fr")
    assert heading(page) == "Se connecter (pool)"
    assert "Call 555-0100." in text(page)
    assert heading(site.get("login", **site.request())) == "Se connecter"


def test_the_layout_of_every_page_can_be_replaced(app: App, own: Path) -> None:
    layout = (
        "<html><body><h1>{% block heading %}{% endblock %}</h1>{% block content %}{% endblock %}<footer>Mine</footer>"
    )
    put(own / "layouts" / "page.html", layout)
    site = Site(app)
    assert "<footer>Mine</footer>" in text(site.get("login", **site.request()))
    assert "<footer>Mine</footer>" in site.get("nothing").content.decode()
