"""Users of identity providers in the operators' portal."""

from __future__ import annotations

import pytest
from django.test import Client

from cognito_app.models import PoolUser
from tests.conftest import App
from tests.portal.test_portal import operator  # noqa: F401  # fixture
from tests.services.federation import Federation

pytestmark = pytest.mark.django_db


def test_the_pages_of_users_show_one_that_a_provider_made(operator: Client, app: App) -> None:  # noqa: F811
    Federation(app).sign_in("u-1", mail="ann@corp.example")
    user = PoolUser.objects.get()
    shown = operator.get(f"/portal/cognito_app/pooluser/{user.pk}/change/")
    assert shown.status_code == 200
    assert "Corp_u-1" in shown.content.decode()
    assert "external" in shown.content.decode().lower()
    assert "ann@corp.example" in shown.content.decode()
    listed = operator.get("/portal/cognito_app/pooluser/", {"pool": app.pool_id})
    assert "Corp_u-1" in listed.content.decode()
