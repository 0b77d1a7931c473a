"""Sign-in that a SAML provider begins (spec/endpoints.md FE-18)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from cognito_app.core import clock
from tests.clients.providers import change
from tests.clients.saml_federation import Corp, code_of, error_of, said
from tests.conftest import App

pytestmark = pytest.mark.django_db

ONLY_SAML = {"SupportedIdentityProviders": ["Corp"]}
RECEIVED = "server_error: Invalid SAML response received: "
LOST = "/error?error=saml_response"


@pytest.fixture
def corp(app: App) -> Corp:
    """A provider that may begin sign-ins."""
    return Corp(app, client=ONLY_SAML, IDPInit="true")


def test_a_provider_may_begin_a_sign_in(corp: Corp) -> None:
    answer = corp.post(corp.unsolicited())
    told = said(answer)
    assert told["state"] == "a b/ü%20"
    assert corp.site.exchange(told["code"]).json()["id_token"]
    assert corp.users() == ["Corp_ann-1"]


def test_the_provider_may_be_named_by_an_identifier(corp: Corp) -> None:
    change(corp.app, "Corp", IdpIdentifiers=["corp.example"])
    relay = {"identity_provider": None, "idp_identifier": "corp.example"}
    assert code_of(corp.post(corp.unsolicited(relay=relay)))


def test_one_that_began_here_works_beside_it(corp: Corp) -> None:
    assert code_of(corp.sign_in())


def test_an_assertion_is_good_once(corp: Corp) -> None:
    form = corp.unsolicited()
    assert code_of(corp.post(form))
    for browser in (corp.site.browser, Client()):
        assert error_of(corp.post(form, browser=browser)) == f"{RECEIVED}The assertion has been used before."


def test_it_was_issued_within_six_minutes(corp: Corp) -> None:
    long = timedelta(hours=1)
    form = corp.unsolicited(at=clock.now() - timedelta(minutes=5, seconds=50), lifetime=long)
    assert code_of(corp.post(form))
    late = corp.unsolicited(at=clock.now() - timedelta(minutes=6, seconds=5), lifetime=long)
    assert error_of(corp.post(late)) == f"{RECEIVED}The assertion has expired."


def test_it_answers_nothing(corp: Corp) -> None:
    form = corp.unsolicited(in_response_to="_r1")
    assert error_of(corp.post(form)).startswith(f"{RECEIVED}InResponseTo attribute")


def test_the_answer_to_a_request_cannot_come_without_it(corp: Corp) -> None:
    """A stolen answer is of no use in another browser."""
    sent = corp.depart()
    stolen = corp.provider.answer_to(sent, "ann-1")["SAMLResponse"]
    form = {**corp.unsolicited(), "SAMLResponse": stolen}
    assert error_of(corp.post(form, browser=Client())).startswith(f"{RECEIVED}InResponseTo attribute")


def test_a_provider_without_the_setting_may_not(app: App) -> None:
    corp = Corp(app)
    assert LOST in corp.post(corp.unsolicited())["Location"]
    assert corp.users() == []


def test_where_it_goes_is_checked_as_in_any_request(corp: Corp) -> None:
    bad: list[tuple[dict[str, Any], str]] = [
        ({"client_id": "unknown"}, "/error?error=invalid_client"),
        ({"redirect_uri": "https://evil.example/"}, "/error?error=redirect_mismatch"),
    ]
    for relay, expected in bad:
        assert expected in corp.post(corp.unsolicited(relay=relay))["Location"]
    assert error_of(corp.post(corp.unsolicited(relay={"scope": "nonsense"}))) == "invalid_scope: "
    answer = corp.post(corp.unsolicited(relay={"identity_provider": "Other"}))
    assert error_of(answer).startswith("invalid_request: ")
    assert corp.users() == []


def test_another_clients_provider_may_not(corp: Corp) -> None:
    other = corp.app.client(
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid"],
        CallbackURLs=["https://app.example.com/cb?fixed=1"],
        SupportedIdentityProviders=["COGNITO"],
    )
    answer = corp.post(corp.unsolicited(relay={"client_id": other["ClientId"], "scope": "openid"}))
    assert error_of(answer).startswith("invalid_request: ")
    assert corp.users() == []
