"""SAML responses as an identity provider makes and signs them, and as attackers alter them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives import serialization
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Names
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from cognito_app.core import certificates, clock
from tests.clients.issuers import FOREIGN
from tests.clients.providers import CERTIFICATE, KEY, metadata

ACS = "https://signin.aws.amazon.com/saml"
AUDIENCE = "urn:amazon:webservices"
ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"
ENTITY = "https://idp.example.com/entity"
FOREIGN_CERTIFICATE = certificates.self_signed(FOREIGN, "idp.example.com", clock.now())
METADATA = metadata(entity_id=ENTITY)


def _time(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def response(attributes: Mapping[str, Sequence[str]] | None = None, **given: Any) -> str:
    """Return a Response in XML, unsigned; ``given`` replaces what it says, and None leaves it out."""
    said = {
        "id": f"_{uuid4().hex}",
        "issuer": ENTITY,
        "name_id": "ann@example.com",
        "recipient": ACS,
        "destination": ACS,
        "audience": AUDIENCE,
        "status": "urn:oasis:names:tc:SAML:2.0:status:Success",
        "at": clock.now(),
        "lifetime": timedelta(minutes=5),
        "session_ends": None,
        "session_index": None,
        "in_response_to": None,
        "head": "",
        "more": "",
        **given,
    }
    at, until = _time(said["at"]), _time(said["at"] + said["lifetime"])
    statement = "".join(
        f'<saml:Attribute Name="{name}">'
        + "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in values)
        + "</saml:Attribute>"
        for name, values in (attributes or {}).items()
    )
    audience = (
        f"<saml:AudienceRestriction><saml:Audience>{said['audience']}</saml:Audience></saml:AudienceRestriction>"
        if said["audience"]
        else ""
    )
    recipient = f' Recipient="{said["recipient"]}"' if said["recipient"] else ""
    destination = f' Destination="{said["destination"]}"' if said["destination"] else ""
    session = f' SessionNotOnOrAfter="{_time(said["session_ends"])}"' if said["session_ends"] else ""
    if said["session_index"]:
        session += f' SessionIndex="{said["session_index"]}"'
    answer = f' InResponseTo="{said["in_response_to"]}"' if said["in_response_to"] else ""
    return (
        f"{said['head']}"
        '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" '
        'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" '
        f'ID="{said["id"]}r" Version="2.0" IssueInstant="{at}"{destination}{answer}>'
        f"<saml:Issuer>{said['issuer']}</saml:Issuer>"
        f'<samlp:Status><samlp:StatusCode Value="{said["status"]}"/></samlp:Status>'
        f'<saml:Assertion ID="{said["id"]}" Version="2.0" IssueInstant="{at}">'
        f"<saml:Issuer>{said['issuer']}</saml:Issuer>"
        '<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">'
        f"{said['name_id']}</saml:NameID>"
        '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
        f'<saml:SubjectConfirmationData NotOnOrAfter="{until}"{recipient}{answer}/>'
        "</saml:SubjectConfirmation></saml:Subject>"
        f'<saml:Conditions NotBefore="{at}" NotOnOrAfter="{until}">{audience}</saml:Conditions>'
        f'<saml:AuthnStatement AuthnInstant="{at}"{session}><saml:AuthnContext><saml:AuthnContextClassRef>'
        "urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext>"
        "</saml:AuthnStatement>"
        + (f"<saml:AttributeStatement>{statement}</saml:AttributeStatement>" if statement else "")
        + f"</saml:Assertion>{said['more']}</samlp:Response>"
    )


def signed(
    xml: str,
    *,
    whole: bool = False,
    key: Any = KEY,
    certificate: str = CERTIFICATE,
    algorithm: str = Names.RSA_SHA256,
    digest: str = Names.SHA256,
) -> str:
    """Sign the assertion (or the whole Response) and return the XML."""
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    text = OneLogin_Saml2_Utils.format_cert(certificate)
    if whole:
        return str(OneLogin_Saml2_Utils.add_sign(xml, pem, text, False, algorithm, digest).decode())
    start, end = xml.index("<saml:Assertion"), xml.index("</saml:Assertion>") + len("</saml:Assertion>")
    # Signed where it stands alone, with the namespace that the Response gives it.
    alone = xml[start:end].replace(
        "<saml:Assertion", '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"', 1
    )
    made = str(OneLogin_Saml2_Utils.add_sign(alone, pem, text, False, algorithm, digest).decode())
    return xml[:start] + made + xml[end:]


def encoded(xml: str) -> str:
    """Return a Response as it is posted."""
    return base64.b64encode(xml.encode()).decode()


def sign(xml: str, **given: Any) -> str:
    """Sign the whole Response and return it as it is posted."""
    return encoded(signed(xml, whole=True, **given))


FOR_OTHERS: dict[str, dict[str, Any]] = {
    "another issuer": {"issuer": "https://other.example.com"},
    "another audience": {"audience": "urn:other"},
    "no audience": {"audience": ""},
    "another recipient": {"recipient": "https://other.example.com/acs"},
    "a recipient that begins alike": {"recipient": f"{ACS}.example.com"},
    "no recipient": {"recipient": ""},
    "another destination": {"destination": "https://other.example.com/acs"},
    "a destination that begins alike": {"destination": f"{ACS}/more"},
    "a failure": {"status": "urn:oasis:names:tc:SAML:2.0:status:Responder"},
    "no subject": {"name_id": ""},
    "an element in the subject": {"name_id": "ann@example.com<saml:x/>.evil.com"},
    "two assertions": {"more": "<saml:Assertion/>"},
}


def _second_recipient(xml: str) -> str:
    start, end = xml.index("<saml:SubjectConfirmation "), xml.index("</saml:Subject>")
    return xml[:end] + xml[start:end].replace(ACS, "https://other.example.com/acs") + xml[end:]


def _second_audience(xml: str) -> str:
    other = "<saml:AudienceRestriction><saml:Audience>urn:other</saml:Audience></saml:AudienceRestriction>"
    return xml.replace("</saml:Conditions>", f"{other}</saml:Conditions>")


def _endless(part: str) -> Callable[[str], str]:
    def made(xml: str) -> str:
        start = xml.index("NotOnOrAfter=", xml.index(part))
        return xml[:start] + xml[xml.index('"', start + 14) + 1 :]

    return made


def _with_attributes(xml: str, attributes: str) -> str:
    statement = f"<saml:AttributeStatement>{attributes}</saml:AttributeStatement>"
    return xml.replace("</saml:AuthnStatement>", f"</saml:AuthnStatement>{statement}")


def _repeated_attribute(xml: str) -> str:
    again = '<saml:Attribute Name="a"><saml:AttributeValue>b</saml:AttributeValue></saml:Attribute>'
    return _with_attributes(xml, again * 2)


def _nested_value(xml: str) -> str:
    nested = "<saml:AttributeValue><saml:NameID>b</saml:NameID></saml:AttributeValue>"
    return _with_attributes(xml, f'<saml:Attribute Name="a">{nested}</saml:Attribute>')


SIGNED_MISTAKES: dict[str, Callable[[str], str]] = {
    "a second recipient": _second_recipient,
    "a second audience": _second_audience,
    "conditions without an end": _endless("<saml:Conditions"),
    "a confirmation without an end": _endless("<saml:SubjectConfirmationData"),
    "an attribute given twice": _repeated_attribute,
    "an element in an attribute": _nested_value,
    "a long subject": lambda xml: xml.replace("ann@example.com", "a" * 257),
}
"""What even a provider's own signature does not make good."""


def _tampered(xml: str) -> str:
    return xml.replace("ann@example.com", "bob@example.com")


def _stripped(xml: str) -> str:
    if "<ds:Signature" not in xml:
        return xml
    start, end = xml.index("<ds:Signature"), xml.index("</ds:Signature>") + len("</ds:Signature>")
    return xml[:start] + xml[end:]


def _assertion(xml: str) -> str:
    return xml[xml.index("<saml:Assertion") : xml.index("</saml:Assertion>") + len("</saml:Assertion>")]


def _forged(xml: str) -> str:
    """An assertion of the attacker's beside the signed one."""
    return _tampered(_stripped(_assertion(xml))).replace('ID="_', 'ID="_evil', 1)


def _first(xml: str) -> str:
    return xml.replace("<saml:Assertion", _forged(xml) + "<saml:Assertion", 1)


def _last(xml: str) -> str:
    return xml.replace("</samlp:Response>", _forged(xml) + "</samlp:Response>")


def _inside(xml: str) -> str:
    """The signed assertion wrapped into the attacker's."""
    evil = _forged(xml).replace("</saml:Assertion>", f"{_assertion(xml)}</saml:Assertion>")
    return xml.replace(_assertion(xml), evil)


def _extensions(xml: str) -> str:
    """The signed assertion in the extensions, the attacker's in its place."""
    evil = f"<samlp:Extensions>{_assertion(xml)}</samlp:Extensions>"
    moved = xml.replace(_assertion(xml), _forged(xml))
    return moved.replace("<samlp:Status>", f"{evil}<samlp:Status>")


def _object(xml: str) -> str:
    """The signed assertion inside of an Object of the signature that now is the attacker's."""
    signature = xml[xml.index("<ds:Signature") : xml.index("</ds:Signature>") + len("</ds:Signature>")]
    held = signature.replace("</ds:Signature>", f"<ds:Object>{_stripped(_assertion(xml))}</ds:Object></ds:Signature>")
    evil = _forged(xml).replace("</saml:Issuer>", f"</saml:Issuer>{held}", 1)
    return xml.replace(_assertion(xml), evil)


def _same_id(xml: str) -> str:
    evil = _tampered(_stripped(_assertion(xml)))
    return xml.replace("<saml:Assertion", evil + "<saml:Assertion", 1)


def _comment(xml: str) -> str:
    return xml.replace("ann@example.com", "ann@example.com<!-- -->")


def _instruction(xml: str) -> str:
    return xml.replace("ann@example.com", "ann<?x?>@example.com")


def _doctype(xml: str) -> str:
    return '<!DOCTYPE r [<!ENTITY x "ann">]>' + xml


def _cdata(xml: str) -> str:
    return xml.replace("ann@example.com", "<![CDATA[ann@example.com]]>")


ATTACKS = [
    _tampered,
    _stripped,
    _first,
    _last,
    _inside,
    _extensions,
    _object,
    _same_id,
    _comment,
    _instruction,
    _doctype,
    _cdata,
]
