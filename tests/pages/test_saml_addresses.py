"""SAML at every address that a pool has, and what it costs (spec/endpoints.md 1.1, FE-15)."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.clients.saml_federation import FORM, Corp, code_of, error_of
from tests.clients.saml_messages import read_request
from tests.conftest import App, make_app

pytestmark = pytest.mark.django_db

HOST = "corp-login.auth.localhost:8000"


@pytest.fixture
def corp(app: App) -> Corp:
    """A provider of a pool with a domain."""
    app.idp.create_user_pool_domain(UserPoolId=app.pool_id, Domain="corp-login")
    return Corp(app, IDPSignout="true")


@pytest.mark.parametrize(
    ("host", "path", "base"),
    [
        (HOST, "", f"http://{HOST}"),
        (HOST.upper(), "", f"http://{HOST}"),
        ("localhost:8000", "/corp-login", "http://localhost:8000/corp-login"),
        ("elsewhere:1", "/corp-login", "http://localhost:8000/corp-login"),
    ],
)
def test_the_answer_comes_to_the_address_that_was_used(corp: Corp, host: str, path: str, base: str) -> None:
    browser = Client(HTTP_HOST=host)
    query = urlencode(corp.site.request(identity_provider="Corp"))
    sent = read_request(browser.get(f"{path}/oauth2/authorize?{query}")["Location"])
    assert sent.root.get("AssertionConsumerServiceURL") == f"{base}/saml2/idpresponse"
    form = urlencode(corp.provider.answer_to(sent, "ann-1"))
    assert code_of(browser.post(f"{path}/SAML2/IdPResponse/", form, content_type=FORM))
    bye = "https://app.example.com/bye"
    leaving = browser.get(f"{path}/logout?client_id={corp.site.client['ClientId']}&logout_uri={bye}")
    answer = corp.provider.signed_out(read_request(leaving["Location"]), f"{base}/saml2/logout")
    assert browser.post(f"{path}/saml2/logout", urlencode(answer), content_type=FORM)["Location"] == bye


def test_an_answer_for_another_address_of_the_pool_is_for_another_recipient(corp: Corp) -> None:
    elsewhere = f"http://{HOST}/saml2/idpresponse"
    assert "The recipient" in error_of(corp.sign_in(recipient=elsewhere, destination=elsewhere))


def test_an_answer_to_another_pool_is_lost(corp: Corp) -> None:
    other = make_app(corp.app.idp, corp.app.inbox)
    form = urlencode(corp.provider.answer_to(corp.depart(), "ann-1"))
    answer = corp.site.browser.post(f"/{other.pool_id}/saml2/idpresponse", form, content_type=FORM)
    assert "/error?error=" in answer["Location"]
    assert corp.users() == []


def test_the_number_of_queries_does_not_depend_on_how_much_there_is(corp: Corp) -> None:
    def cost(name: str) -> int:
        corp.site.browser = Client()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert code_of(corp.sign_in(name, attributes={"mail": [f"{name}@corp.example"]}))
        return len(queries)

    cost("warm")
    first = cost("one")
    for number in range(3):
        make_app(corp.app.idp, corp.app.inbox)
        cost(f"more-{number}")
    assert cost("two") == first
