"""T29 of the quality chapter: pages forbid frames, caches and scripts, and every change of state needs a token."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import URLResolver
from pytest_django import Settings

from cognito_app.models import AuditEvent, PoolUser
from cognito_app.portal.site import portal_site
from tests.conftest import PASSWORD, App
from tests.oauth.browser import Site

pytestmark = pytest.mark.django_db

PAGES = (
    "login",
    "signup",
    "confirm",
    "resendcode",
    "forgotPassword",
    "confirmForgotPassword",
    "confirmUser",
    "passkeys/add",
    "error",
    "logout",
    "oauth2/authorize",
)


@pytest.fixture
def operator(db: None, settings: Settings) -> Client:
    """An operator's browser that checks tokens, without a second factor as in development."""
    settings.COGNITO = {**settings.COGNITO, "DEVELOPMENT": True}
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(get_user_model().objects.create_superuser("op", password=PASSWORD))
    return browser


def check(answer: Any) -> None:
    if answer.status_code in (302, 303):
        return
    assert answer["X-Frame-Options"] == "DENY"
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    rules = dict(part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";"))
    assert rules["frame-ancestors"] == "'none'"
    assert rules["base-uri"] == "'none'"
    scripts = str(rules.get("script-src", rules["default-src"]))
    assert "unsafe" not in scripts
    assert "*" not in scripts
    assert "http" not in scripts


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_hosted_pages_are_framed_and_cached_nowhere(app: App, page: str, method: str) -> None:
    site = Site(app)
    check(site.get(page, **site.request()))
    check(getattr(site.browser, method)(f"/{app.pool_id}/{page}"))


def portal_addresses(browser: Client) -> list[str]:
    """Return the addresses of all of the portal's pages that need no row, and those of its rows."""
    found = ["/portal/", "/portal/login/", "/portal/password_change/"]
    for model in portal_site._registry:
        listing = f"/portal/{model._meta.app_label}/{model._meta.model_name}/"
        found += [listing, listing + "add/"]
        row = model._default_manager.order_by("-pk").first()
        if row is not None:
            found += [f"{listing}{row.pk}/{page}/" for page in ("change", "delete", "history")]
    return found


def test_the_portal_is_framed_and_cached_nowhere(app: App, operator: Client) -> None:
    app.sign_up("ann")
    answers = [operator.get(address) for address in portal_addresses(operator)]
    assert sum(answer.status_code == 200 for answer in answers) > 25
    for answer in answers:
        if answer.status_code == 200:
            check(answer)


def test_the_portal_takes_no_form_without_a_token(app: App, operator: Client) -> None:
    app.sign_up("ann")
    user = PoolUser.objects.get()
    addresses = portal_addresses(operator)
    addresses += [f"/portal/cognito_app/pooluser/{user.pk}/do/{name}/" for name in ("delete", "disable", "sign-out")]
    before = AuditEvent.objects.count()
    for address in addresses:
        answer = operator.post(address, {"post": "yes", "action": "delete_selected", "_selected_action": user.pk})
        assert answer.status_code in (403, 404, 405), address
    assert PoolUser.objects.get().enabled
    assert AuditEvent.objects.count() == before


def test_no_view_of_the_portal_is_exempt_from_the_check() -> None:
    def views(patterns: list[Any]) -> Any:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from views(pattern.url_patterns)
            else:
                yield pattern

    found = list(views(portal_site.get_urls()))
    assert len(found) > 50
    assert [str(p.pattern) for p in found if getattr(p.callback, "csrf_exempt", False)] == []
