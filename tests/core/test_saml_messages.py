"""Our SAML requests as a provider reads them, and its answers to a request to sign out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cognito_app.core import certificates, clock, jose, saml_logout, saml_request
from cognito_app.core.saml_logout import ExpectedAnswer
from cognito_app.core.saml_xml import SamlError
from tests.clients.assertions import ENTITY, FOREIGN_CERTIFICATE, encoded, sign
from tests.clients.issuers import FOREIGN
from tests.clients.providers import CERTIFICATE
from tests.clients.saml_messages import logout_response, read_request

KEY = jose.generate_private_key()
OURS = certificates.self_signed(KEY, "us-east-1_aaaaaaaaa", clock.now())
SP = "urn:amazon:cognito:sp:us-east-1_aaaaaaaaa"
ACS = "https://auth.example.com/saml2/idpresponse"
SLO = "https://auth.example.com/saml2/logout"
NAMES = {"p": "urn:oasis:names:tc:SAML:2.0:protocol", "a": "urn:oasis:names:tc:SAML:2.0:assertion"}


def authn(location: str = "https://idp.example.com/sso", **given: Any) -> str:
    """Return an AuthnRequest."""
    return saml_request.authn_request(
        "_r1",
        issuer=SP,
        destination=location,
        acs="https://auth.example.com/saml2/idpresponse",
        now=clock.now(),
        **given,
    )


def test_a_request_says_who_asks_and_where_the_answer_goes() -> None:
    url = saml_request.redirect_url("https://idp.example.com/sso", authn(), "state & more", None)
    sent = read_request(url)
    assert (sent.location, sent.relay_state) == ("https://idp.example.com/sso", "state & more")
    assert set(sent.fields) == {"SAMLRequest", "RelayState"}
    root = sent.root
    assert root.tag == f"{{{NAMES['p']}}}AuthnRequest"
    assert (root.get("ID"), root.get("Version"), root.get("ForceAuthn")) == ("_r1", "2.0", None)
    assert root.get("Destination") == "https://idp.example.com/sso"
    assert root.get("AssertionConsumerServiceURL") == "https://auth.example.com/saml2/idpresponse"
    assert root.get("ProtocolBinding") == "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
    assert root.findtext("a:Issuer", namespaces=NAMES) == SP
    forced = read_request(saml_request.redirect_url("https://i.test", authn(force=True), "s", None)).root
    assert forced.get("ForceAuthn") == "true"


def test_the_signature_beside_a_request_is_of_the_key() -> None:
    location = 'https://idp.example.com/sso?tenant=a&b="<'
    sent = read_request(saml_request.redirect_url(location, authn(location), "s", KEY))
    assert sent.fields["SigAlg"] == "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    assert sent.fields["tenant"] == "a"
    assert sent.root.get("Destination") == location
    assert sent.signed_by(OURS)
    assert not sent.signed_by(CERTIFICATE)


def test_a_request_to_sign_out_repeats_the_name_as_it_was_given() -> None:
    document = saml_request.logout_request(
        "_r2",
        issuer=SP,
        destination="https://idp.example.com/slo",
        name_id="ann <&> \u00e9",
        name_attributes={"Format": "urn:f", "NameQualifier": '"q"', "Other": "x"},
        session_index="_s<1",
        now=clock.now(),
    )
    root = read_request(saml_request.redirect_url("https://idp.example.com/slo", document, "s", KEY)).root
    name = root.find("a:NameID", NAMES)
    assert name.text == "ann <&> \u00e9"
    assert dict(name.attrib) == {"Format": "urn:f", "NameQualifier": '"q"'}
    assert root.findtext("p:SessionIndex", namespaces=NAMES) == "_s<1"


EXPECTED = ExpectedAnswer(
    entity_id=ENTITY,
    certificates=[FOREIGN_CERTIFICATE, CERTIFICATE],
    answer_to="_r2",
    destination=SLO,
    session_index="_s1",
)
STATEMENT = '<samlp:Extensions><saml:AuthnStatement SessionIndex="{}"/></samlp:Extensions>'


def answer(**given: Any) -> str:
    """Return a signed answer."""
    return sign(logout_response("_r2", SLO, **given))


def test_an_answer_that_the_provider_signed_is_believed() -> None:
    saml_logout.verify(answer(), EXPECTED)
    saml_logout.verify(answer(more=STATEMENT.format("_s1")), EXPECTED)


REFUSED: dict[str, dict[str, Any]] = {
    "another issuer": {"issuer": "https://other.example.com"},
    "a failure": {"status": "urn:oasis:names:tc:SAML:2.0:status:Responder"},
    "an old one": {"at": clock.now() - timedelta(hours=1)},
    "one of the future": {"at": clock.now() + timedelta(hours=1)},
    "another session": {"more": STATEMENT.format("_s2")},
    "the session behind another": {
        "more": STATEMENT.format("_s2").replace("</samlp", '<saml:AuthnStatement SessionIndex="_s1"/></samlp')
    },
    "a request": {"name": "LogoutRequest"},
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_what_is_no_answer_is_refused(case: str) -> None:
    with pytest.raises(SamlError):
        saml_logout.verify(answer(**REFUSED[case]), EXPECTED)


@pytest.mark.parametrize("changed", [{"answer_to": "_r3"}, {"destination": f"{SLO}/more"}, {"certificates": []}])
def test_an_answer_for_others_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(SamlError):
        saml_logout.verify(answer(), replace(EXPECTED, **changed))


def test_an_answer_must_be_signed_by_the_provider() -> None:
    document = logout_response("_r2", SLO)
    expected = replace(EXPECTED, certificates=[CERTIFICATE])
    signed = sign(document)
    saml_logout.verify(signed, expected)
    for text in (
        encoded(document),
        sign(document, key=FOREIGN, certificate=FOREIGN_CERTIFICATE),
        sign(document, digest="http://www.w3.org/2000/09/xmldsig#sha1"),
        encoded(f"<!DOCTYPE x>{document}"),
        "no base64",
        "",
    ):
        with pytest.raises(SamlError):
            saml_logout.verify(text, expected)
