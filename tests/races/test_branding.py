"""One style and one document of each name for a client, however many are made at the same time."""

from __future__ import annotations

from itertools import count

import pytest

from cognito_app.models import ManagedLoginBranding, Terms
from cognito_app.services import terms
from tests.conftest import App
from tests.races.test_once import code_of, in_parallel

pytestmark = pytest.mark.django_db(transaction=True)

TRIES = 48


def test_one_style_for_a_client(app: App) -> None:
    given = {"UserPoolId": app.pool_id, "ClientId": app.client_id, "UseCognitoProvidedValues": True}
    counted = in_parallel(TRIES, lambda: code_of(lambda: app.idp.create_managed_login_branding(**given)))
    assert counted == {"ok": 1, "ManagedLoginBrandingExistsException": TRIES - 1}
    assert ManagedLoginBranding.objects.count() == 1


def test_the_limit_of_terms_holds_and_a_client_leaves_none(app: App) -> None:
    clients = [app.client()["ClientId"] for _ in range(25)]
    wanted = [(client_id, name) for client_id in clients for name in ("terms-of-use", "privacy-policy")]
    number = count()

    def create() -> str:
        client_id, name = wanted[next(number) % len(wanted)]
        links = {"cognito:default": "https://example.com"}
        given = {"TermsName": name, "TermsSource": "LINK", "Enforcement": "NONE", "Links": links}
        return code_of(lambda: app.idp.create_terms(UserPoolId=app.pool_id, ClientId=client_id, **given))

    counted = in_parallel(len(wanted), create)
    assert counted == {"ok": terms.MAX_TERMS, "LimitExceededException": len(wanted) - terms.MAX_TERMS}

    def delete_or_create() -> str:
        turn = next(number)
        if turn % 2:
            return create()
        client_id = clients[turn % len(clients)]
        return code_of(lambda: app.idp.delete_user_pool_client(UserPoolId=app.pool_id, ClientId=client_id))

    counted = in_parallel(TRIES, delete_or_create)
    assert set(counted) <= {"ok", "LimitExceededException", "ResourceNotFoundException", "TermsExistsException"}
    left = {item["ClientId"] for item in app.idp.list_user_pool_clients(UserPoolId=app.pool_id)["UserPoolClients"]}
    assert set(Terms.objects.values_list("client_id", flat=True)) <= left
