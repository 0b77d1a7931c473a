"""The portal's page of styles, and its warnings of colours that are hard to read."""

from __future__ import annotations

import json
import re

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from pytest_django import Settings

from cognito_app.core import contrast as colours
from cognito_app.models import ManagedLoginBranding
from cognito_app.services.branding import contrast
from cognito_app.services.branding.settings import DEFAULTS, merge
from tests.conftest import PASSWORD, App

ADDRESS = "/portal/cognito_app/managedloginbranding/"


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("000000", "ffffff", 21.0), ("777777", "ffffff", 4.48), ("ffffff", "ffffff", 1.0), ("0000ff", "ffffff", 8.59)],
)
def test_ratios_are_those_of_wcag(one: str, other: str, ratio: float) -> None:
    assert colours.ratio(one, other) == pytest.approx(ratio, abs=0.005)
    assert colours.ratio(other, one) == colours.ratio(one, other)


def test_what_shines_through_counts() -> None:
    assert colours.over("00000080", "ffffff") == "7f7f7f"
    assert colours.over("12345600", "abcdefff") == "abcdef"
    assert colours.over("ff000080", "00ff0080", "0000ff") == "80403f"


def test_the_default_style_can_be_read() -> None:
    for mode in ("LIGHT", "DARK", "DYNAMIC"):
        chosen = {"categories": {"global": {"colorSchemeMode": mode}}}
        assert contrast.weaknesses(merge(DEFAULTS, chosen)) == []


@pytest.fixture
def operator(db: None, settings: Settings) -> Client:
    """An operator's browser, without a second factor as in development."""
    settings.COGNITO = {**settings.COGNITO, "DEVELOPMENT": True}
    browser = Client()
    browser.force_login(get_user_model().objects.create_superuser("op", password=PASSWORD))
    return browser


def test_a_pale_style_is_saved_with_a_warning(app: App, operator: Client) -> None:
    pale = {"components": {"primaryButton": {"lightMode": {"defaults": {"backgroundColor": "eeeeeeff"}}}}}
    form = {"pool": app.pool_id, "client_id": app.client_id, "settings": json.dumps(pale)}
    answer = operator.post(f"{ADDRESS}add/", form, follow=True)
    told = answer.content.decode()
    assert re.findall(r"Light: text of the main button has a contrast of ([\d.]+), 4.5 is wanted", told) == ["1.16"]
    style = ManagedLoginBranding.objects.get()
    assert style.settings == pale
    page = f"{ADDRESS}{style.pk}/change/"
    assert "text of the main button" in operator.get(page).content.decode()
    refused = operator.post(page, {"settings": json.dumps({"components": 5})}, follow=True).content.decode()
    assert re.findall(r'<li class="error">(.+?)</li>', refused)
    style.refresh_from_db()
    assert style.settings == pale
    operator.post(f"{ADDRESS}{style.pk}/delete/", {"post": "yes"})
    assert not ManagedLoginBranding.objects.exists()
