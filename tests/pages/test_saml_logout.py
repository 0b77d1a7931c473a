"""Signing out at the SAML provider too (spec/endpoints.md EP-44, EP-62, FE-21)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from cognito_app.core import clock
from cognito_app.models import BrowserSession
from tests.clients.assertions import FOREIGN_CERTIFICATE, encoded, sign, signed
from tests.clients.issuers import FOREIGN
from tests.clients.providers import change
from tests.clients.saml_federation import Corp, code_of
from tests.clients.saml_idp import NAMES
from tests.clients.saml_messages import Sent, logout_response, read_request
from tests.conftest import App

pytestmark = pytest.mark.django_db

BYE = "https://app.example.com/bye"
REFUSED = "/error?error=saml_response"


@pytest.fixture
def corp(app: App) -> Corp:
    """A provider that wants to be told, and a browser that it signed in."""
    corp = Corp(app, IDPSignout="true")
    code_of(corp.sign_in())
    return corp


def leave(corp: Corp, **parameters: str) -> Any:
    """Sign out of the pool."""
    given = parameters or {"logout_uri": BYE}
    return corp.site.get("logout", client_id=corp.site.client["ClientId"], **given)


def to_provider(corp: Corp, **parameters: str) -> Sent:
    """Sign out, and return the request that the browser carries to the provider."""
    answer = leave(corp, **parameters)
    assert answer.status_code == 302
    return read_request(answer["Location"])


def test_the_provider_is_told_first(corp: Corp) -> None:
    sent = to_provider(corp)
    assert sent.location == "https://idp.example.com/slo"
    assert sent.fields["SigAlg"] == "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    assert sent.signed_by(corp.app.idp.get_signing_certificate(UserPoolId=corp.app.pool_id)["Certificate"])
    root = sent.root
    assert root.tag.endswith("}LogoutRequest")
    assert root.get("Destination") == "https://idp.example.com/slo"
    assert root.findtext("a:Issuer", namespaces=NAMES) == corp.audience
    assert root.findtext("a:NameID", namespaces=NAMES) == "ann-1"
    assert root.find("a:NameID", NAMES).get("Format") == "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    assert root.findtext("p:SessionIndex", namespaces=NAMES) == "_session-1"
    assert BYE not in sent.relay_state
    answer = corp.post(corp.provider.signed_out(sent, corp.slo), to="logout")
    assert (answer.status_code, answer["Location"]) == (302, BYE)


def test_the_session_here_is_over_at_once(corp: Corp) -> None:
    to_provider(corp)
    assert BrowserSession.objects.get().ended_at is not None
    assert corp.site.browser.cookies["cognito"].value == ""
    corp.depart()  # nobody is signed in, so the provider is asked again


def test_every_form_of_sign_out_goes_by_the_provider(corp: Corp) -> None:
    request = corp.site.request()
    del request["client_id"]
    sent = to_provider(corp, **request)
    answer = corp.post(corp.provider.signed_out(sent, corp.slo), to="logout")
    assert answer["Location"].startswith(f"/{corp.app.pool_id}/login?")


def test_a_sign_out_that_leads_nowhere_tells_nobody(corp: Corp) -> None:
    assert "/error?error=redirect_mismatch" in leave(corp, logout_uri="https://evil.example/")["Location"]
    assert BrowserSession.objects.get().ended_at is not None


@pytest.mark.parametrize("details", [{"IDPSignout": "false"}, {"IDPSignout": "true", "without": "slo"}])
def test_providers_that_want_no_sign_out_are_left_alone(corp: Corp, details: dict[str, str]) -> None:
    document = corp.provider.metadata()
    if details.pop("without", ""):
        start = document.index("<md:SingleLogoutService")
        document = document[:start] + document[document.index("/>", start) + 2 :]
    change(corp.app, "Corp", ProviderDetails={"MetadataFile": document, **details})
    assert leave(corp)["Location"] == BYE


def test_users_of_the_pool_go_straight(corp: Corp) -> None:
    leave(corp)
    assert leave(corp)["Location"] == BYE
    corp.app.sign_up()
    corp.site.code()
    assert leave(corp)["Location"] == BYE


def test_a_provider_that_is_gone_is_not_asked(corp: Corp) -> None:
    corp.app.idp.delete_identity_provider(UserPoolId=corp.app.pool_id, ProviderName="Corp")
    assert leave(corp)["Location"] == BYE


def test_an_answer_is_good_once(corp: Corp) -> None:
    form = corp.provider.signed_out(to_provider(corp), corp.slo)
    assert corp.post(form, to="logout")["Location"] == BYE
    assert REFUSED in corp.post(form, to="logout")["Location"]


def test_an_answer_comes_within_five_minutes(corp: Corp) -> None:
    with time_machine.travel(clock.now(), tick=False) as moment:
        sent = to_provider(corp)
        moment.shift(timedelta(minutes=5, seconds=1))
        assert REFUSED in corp.post(corp.provider.signed_out(sent, corp.slo), to="logout")["Location"]


STATEMENT = '<samlp:Extensions><saml:AuthnStatement SessionIndex="{}"/></samlp:Extensions>'


def test_an_answer_for_another_session_is_not_believed(corp: Corp) -> None:
    sent = to_provider(corp)
    for session, expected in (("_session-2", REFUSED), ("_session-1", BYE)):
        form = corp.provider.signed_out(sent, corp.slo, more=STATEMENT.format(session))
        assert expected in corp.post(form, to="logout")["Location"]


def test_what_is_no_answer_of_the_provider_is_refused(corp: Corp) -> None:
    sent = to_provider(corp)
    request_id = sent.root.get("ID")
    good = logout_response(request_id, corp.slo, issuer=corp.provider.entity_id)
    bad = [
        "",
        "x",
        encoded(good),
        sign(good, key=FOREIGN, certificate=FOREIGN_CERTIFICATE),
        encoded(signed(good, whole=True).replace("status:Success", "status:Success2")),
        encoded(signed(good, whole=True).replace("LogoutResponse ID", "LogoutResponse  ID").replace(request_id, "_o")),
        sign(logout_response("_other", corp.slo, issuer=corp.provider.entity_id)),
        sign(logout_response(request_id, f"{corp.slo}.evil", issuer=corp.provider.entity_id)),
        sign(logout_response(request_id, corp.slo, issuer="https://other.example")),
        sign(logout_response(request_id, corp.slo, issuer=corp.provider.entity_id, status="urn:x")),
        sign(logout_response(request_id, corp.slo, issuer=corp.provider.entity_id, name="LogoutRequest")),
    ]
    for text in bad:
        answer = corp.post({"SAMLResponse": text, "RelayState": sent.relay_state}, to="logout")
        assert REFUSED in answer["Location"]
    for relay_state in ("", "x", sent.relay_state[:-2]):
        answer = corp.post({"SAMLResponse": sign(good), "RelayState": relay_state}, to="logout")
        assert REFUSED in answer["Location"]
    assert corp.post({"SAMLResponse": sign(good), "RelayState": sent.relay_state}, to="logout")["Location"] == BYE


def test_a_provider_does_not_sign_anybody_out_by_itself(corp: Corp) -> None:
    request = logout_response("_x", corp.slo, issuer=corp.provider.entity_id, name="LogoutRequest")
    answer = corp.post({"SAMLRequest": sign(request), "RelayState": ""}, to="logout")
    assert REFUSED in answer["Location"]
    assert BrowserSession.objects.get().ended_at is None
