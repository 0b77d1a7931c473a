"""SAML responses to a user pool: what must be asked of them beside what identity pools ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cognito_app.core import certificates, clock, jose, saml_response
from cognito_app.core.saml_response import UNSOLICITED, Assertion, Expected
from cognito_app.core.saml_xml import Reason, SamlError
from tests.clients.assertions import ENTITY, encoded, response, signed
from tests.clients.encryption import Transform, encrypted
from tests.clients.providers import CERTIFICATE

ACS = "https://auth.example.com/saml2/idpresponse"
AUDIENCE = "urn:amazon:cognito:sp:us-east-1_aaaaaaaaa"
MINE = jose.generate_private_key()
FOR_ME = certificates.self_signed(MINE, "us-east-1_aaaaaaaaa", clock.now())
EXPECTED = Expected(
    entity_id=ENTITY,
    certificates=[CERTIFICATE],
    audience=AUDIENCE,
    recipients=[ACS],
    answer_to="_request",
    private_key=MINE,
    tolerant=True,
)


def xml(**given: Any) -> str:
    """Return an unsigned response to the request."""
    said = {"recipient": ACS, "destination": ACS, "audience": AUDIENCE, "in_response_to": "_request", **given}
    return response(said.pop("attributes", None), **said)


def verify(document: str, **changed: Any) -> Assertion:
    """Verify a response."""
    return saml_response.verify(encoded(document), replace(EXPECTED, **changed))


def reason_of(document: str, **changed: Any) -> Reason:
    """Return why a response is refused."""
    with pytest.raises(SamlError) as refusal:
        verify(document, **changed)
    return refusal.value.reason


@pytest.mark.parametrize("whole", [False, True])
def test_the_answer_to_our_request_is_believed(whole: bool) -> None:
    assertion = verify(signed(xml(session_index="_s1"), whole=whole))
    assert (assertion.name_id, assertion.session_index) == ("ann@example.com", "_s1")
    assert assertion.name_attributes == {"Format": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"}


@pytest.mark.parametrize("named", ["_other", None, ""])
def test_the_answer_to_another_request_is_not(named: str | None) -> None:
    assert reason_of(signed(xml(in_response_to=named), whole=True)) == Reason.REQUEST


@pytest.mark.parametrize("part", ["Destination", "Recipient"])
def test_response_and_confirmation_both_name_the_request(part: str) -> None:
    mark = f'{part}="{ACS}" InResponseTo="_request"'
    assert mark in xml()
    assert reason_of(signed(xml().replace(mark, f'{part}="{ACS}"'), whole=True)) == Reason.REQUEST


def test_an_unsolicited_response_names_no_request() -> None:
    assert verify(signed(xml(in_response_to=None)), answer_to=UNSOLICITED).name_id == "ann@example.com"
    assert reason_of(signed(xml()), answer_to=UNSOLICITED) == Reason.REQUEST


@pytest.mark.parametrize(("age", "reason"), [(timedelta(minutes=4), None), (timedelta(minutes=7), Reason.EXPIRED)])
def test_an_age_may_be_asked_for(age: timedelta, reason: Reason | None) -> None:
    document = signed(xml(at=clock.now() - age, lifetime=timedelta(hours=1)), whole=True)
    assert verify(document).id
    if reason is None:
        assert verify(document, lifetime=timedelta(minutes=6)).id
    else:
        assert reason_of(document, lifetime=timedelta(minutes=6)) == reason


def test_a_failure_is_told_apart() -> None:
    failed = signed(xml(status="urn:oasis:names:tc:SAML:2.0:status:Responder"), whole=True)
    assert reason_of(failed) == Reason.STATUS
    start, end = failed.index("<saml:Assertion"), failed.index("</saml:Assertion>") + len("</saml:Assertion>")
    assert reason_of(failed[:start] + failed[end:], encrypted=True) == Reason.STATUS


CIPHERS = {
    "aes128-cbc": (Transform.AES128, 128),
    "aes256-cbc": (Transform.AES256, 256),
    "aes128-gcm": (Transform.AES128_GCM, 128),
    "aes256-gcm": (Transform.AES256_GCM, 256),
}


@pytest.mark.parametrize("cipher", list(CIPHERS))
def test_an_encrypted_assertion_is_read(cipher: str) -> None:
    transform, size = CIPHERS[cipher]
    document = encrypted(signed(xml(attributes={"a": ["b"]})), FOR_ME, cipher=transform, size=size)
    assert "ann@example.com" not in document
    assertion = verify(document, encrypted=True)
    assert (assertion.name_id, assertion.values("a")) == ("ann@example.com", ("b",))


def test_a_signature_of_the_whole_covers_what_is_encrypted() -> None:
    assert verify(signed(encrypted(xml(), FOR_ME), whole=True), encrypted=True).name_id == "ann@example.com"


def test_a_plain_assertion_is_refused_where_encryption_is_asked_for() -> None:
    assert reason_of(signed(xml()), encrypted=True) == Reason.PLAIN


def _plain_beside(document: str) -> str:
    evil = xml(name_id="bob@example.com")
    evil = evil[evil.index("<saml:Assertion") : evil.index("</saml:Assertion>") + len("</saml:Assertion>")]
    return document.replace("<saml:EncryptedAssertion", f"{evil}<saml:EncryptedAssertion", 1)


def _twice(document: str) -> str:
    start, end = document.index("<saml:EncryptedAssertion"), document.index("</samlp:Response>")
    return document[:end] + document[start:end] + document[end:]


def _cut(document: str) -> str:
    at = document.rindex("CipherValue>") - 60
    return document[:at] + ("A" if document[at] != "A" else "B") + document[at + 1 :]


@pytest.mark.parametrize("attack", [_plain_beside, _twice, _cut])
def test_encrypted_assertions_cannot_be_wrapped(attack: Callable[[str], str]) -> None:
    document = encrypted(signed(xml()), FOR_ME)
    assert attack(document) != document
    assert reason_of(attack(document)) == Reason.ENCRYPTED


def test_encryption_is_no_signature() -> None:
    """Whoever knows the certificate can encrypt."""
    assert reason_of(encrypted(xml(), FOR_ME), encrypted=True) == Reason.ENCRYPTED


@pytest.mark.parametrize("hidden", ["ann<!-- -->@example.com", "ann<?x?>@example.com"])
def test_comments_do_not_hide_in_what_is_encrypted(hidden: str) -> None:
    document = encrypted(signed(xml()).replace("ann@example.com", hidden), FOR_ME)
    assert reason_of(document, encrypted=True) == Reason.ENCRYPTED


def test_another_key_reads_nothing() -> None:
    assert reason_of(encrypted(signed(xml()), CERTIFICATE), encrypted=True) == Reason.ENCRYPTED
    assert reason_of(encrypted(signed(xml()), FOR_ME), encrypted=True, private_key=None) == Reason.ENCRYPTED


def test_padding_of_pkcs1_is_refused() -> None:
    document = encrypted(signed(xml()), FOR_ME, transport=Transform.RSA_PKCS1)
    assert reason_of(document, encrypted=True) == Reason.ENCRYPTED


FOREIGN_FORMS: dict[str, tuple[str, str]] = {
    "an XSLT": ("http://www.w3.org/2000/09/xmldsig#enveloped-signature", "http://www.w3.org/TR/1999/REC-xslt-19991116"),
    "an XPath": (
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
    ),
    "an HMAC": ("xmldsig-more#rsa-sha256", "xmldsig-more#hmac-sha256"),
    "SHA-1": ("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1"),
    "the whole document": ('URI="#', 'URI="" Id="x'),
    "an object": ("</ds:Signature>", "<ds:Object/></ds:Signature>"),
}


@pytest.mark.parametrize("form", list(FOREIGN_FORMS))
def test_signatures_of_another_form_are_refused_before_anything_runs(form: str) -> None:
    old, new = FOREIGN_FORMS[form]
    document = signed(xml())
    assert old in document
    assert reason_of(document.replace(old, new)) in (Reason.SIGNATURE, Reason.UNUSABLE)


def test_attributes_that_are_given_twice_are_joined() -> None:
    attributes = (
        '<saml:Attribute Name="role"><saml:AttributeValue>a</saml:AttributeValue></saml:Attribute>'
        '<saml:Attribute Name="role"><saml:AttributeValue>b</saml:AttributeValue></saml:Attribute>'
        '<saml:Attribute Name="id"><saml:AttributeValue><saml:NameID>c</saml:NameID></saml:AttributeValue>'
        "</saml:Attribute>"
    )
    statement = f"</saml:AuthnStatement><saml:AttributeStatement>{attributes}</saml:AttributeStatement>"
    assertion = verify(signed(xml().replace("</saml:AuthnStatement>", statement)))
    assert assertion.attributes == {"role": ("a", "b"), "id": ("c",)}


def test_the_first_of_several_sign_ins_counts() -> None:
    document = xml(session_index="_first")
    start = document.index("<saml:AuthnStatement")
    end = document.index("</saml:AuthnStatement>") + len("</saml:AuthnStatement>")
    second = document[start:end].replace("_first", "_second")
    assert verify(signed(document[:end] + second + document[end:])).session_index == "_first"
