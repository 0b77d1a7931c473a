"""SAML responses: what python3-saml verifies, and the rules that it leaves to its caller.

Standard: https://docs.oasis-open.org/security/saml/v2.0/saml-core-2.0-os.pdf
All is read from the one assertion of the document whose signature was verified, by the parser that verified it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from cognito_app.core import clock

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
LONGEST = 100_000
FORBIDDEN = ("<!DOCTYPE", "<!ENTITY", "<!--", "<![CDATA[")


class SamlError(Exception):
    """A response that must not be believed; the text is for logs, never for whoever sent it."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a verified assertion says; it may be used until ``valid_until``."""

    id: str
    issuer: str
    recipient: str
    name_id: str = field(repr=False)
    name_id_format: str
    attributes: dict[str, tuple[str, ...]] = field(repr=False)
    valid_until: datetime
    session_until: datetime | None


@dataclass(frozen=True, slots=True)
class Expected:
    """Who must have signed, and whom and where the assertion must be for."""

    entity_id: str
    certificates: Sequence[str]
    audience: str
    recipients: Collection[str]


def verify(text: str, expected: Expected) -> Assertion:
    """Verify the base64 of a Response completely, all but whether it was used before.

    Raises SamlError.
    """
    document = _decoded(text)
    try:
        return _verified(document, expected)
    except SamlError:
        raise
    except Exception as error:  # the libraries below raise whatever comes: all of it means that it cannot be believed
        raise SamlError(f"not usable: {type(error).__name__}") from None


def _decoded(text: str) -> str:
    try:
        if len(text) > LONGEST:
            raise ValueError
        document = base64.b64decode("".join(text.split()), validate=True).decode("utf-8")
    except (ValueError, binascii.Error):
        raise SamlError("not the base64 of a text") from None
    body = document.split("?>", 1)[-1] if document.startswith("<?xml") else document
    if any(mark in document.upper() for mark in FORBIDDEN) or "<?" in body:
        raise SamlError("a document type, a comment or an instruction")
    return document


def _verified(document: str, expected: Expected) -> Assertion:
    recipient = next(iter(expected.recipients), "")
    encoded = base64.b64encode(document.encode()).decode()
    response = OneLogin_Saml2_Response(_settings(expected, recipient), encoded)
    assertion = _only_assertion(response.document)
    confirmation = _confirmation(assertion, expected)
    recipient = confirmation.get("Recipient")
    response = OneLogin_Saml2_Response(_settings(expected, recipient), encoded)
    response.is_valid(_request(recipient), raise_exceptions=True)
    assertion = _only_assertion(response.document)
    confirmation = _confirmation(assertion, expected)
    if response.document.get("Destination") not in (None, recipient):
        raise SamlError("another destination")
    if expected.audience not in _audiences(assertion):
        raise SamlError("another audience")
    return _read(assertion, confirmation)


def _only_assertion(root: Any) -> Any:
    """Return the one assertion: below the root, with its signature or the root's in place, ids given once."""
    elements = list(root.iter())
    found = [element for element in elements if element.tag in (f"{SAML}Assertion", f"{SAML}EncryptedAssertion")]
    if len(found) != 1 or found[0].tag != f"{SAML}Assertion" or found[0].getparent() is not root:
        raise SamlError("not exactly one assertion")
    ids = [element.get("ID") for element in elements if element.get("ID") is not None]
    if len(set(ids)) != len(ids) or not found[0].get("ID"):
        raise SamlError("ambiguous ids")
    if any(element.getparent() not in (root, found[0]) for element in elements if element.tag == SIGNATURE):
        raise SamlError("a signature in another place")
    return found[0]


def _confirmation(assertion: Any, expected: Expected) -> Any:
    """Return the bearer confirmation for one of the expected addresses; the library compares only beginnings."""
    for item in assertion.iterfind(f"{SAML}Subject/{SAML}SubjectConfirmation"):
        data = item.find(f"{SAML}SubjectConfirmationData")
        if item.get("Method") == BEARER and data is not None and data.get("Recipient") in expected.recipients:
            if data.get("NotOnOrAfter") is None or _instant(data.get("NotOnOrAfter")) <= clock.now():
                continue
            return data
    raise SamlError("no confirmation for this recipient and time")


def _audiences(assertion: Any) -> set[str]:
    """Every restriction must be fulfilled; without one there is no audience."""
    found = [
        {str(item.text or "").strip() for item in restriction.iterfind(f"{SAML}Audience")}
        for restriction in assertion.iterfind(f"{SAML}Conditions/{SAML}AudienceRestriction")
    ]
    return set.intersection(*found) if found else set()


def _read(assertion: Any, confirmation: Any) -> Assertion:
    name = assertion.find(f"{SAML}Subject/{SAML}NameID")
    if name is None or len(name) or not str(name.text or "").strip():
        raise SamlError("no NameID")
    limits = [confirmation.get("NotOnOrAfter"), assertion.find(f"{SAML}Conditions").get("NotOnOrAfter")]
    session = assertion.find(f"{SAML}AuthnStatement").get("SessionNotOnOrAfter")
    return Assertion(
        id=str(assertion.get("ID")),
        issuer=str(assertion.find(f"{SAML}Issuer").text or "").strip(),
        recipient=str(confirmation.get("Recipient")),
        name_id=str(name.text).strip(),
        name_id_format=str(name.get("Format", "")),
        attributes=_attributes(assertion),
        valid_until=max(_instant(limit) for limit in limits if limit),
        session_until=_instant(session) if session else None,
    )


def _attributes(assertion: Any) -> dict[str, tuple[str, ...]]:
    read: dict[str, tuple[str, ...]] = {}
    for item in assertion.iterfind(f"{SAML}AttributeStatement/{SAML}Attribute"):
        name = str(item.get("Name", ""))
        if name in read:
            raise SamlError("an attribute that is given twice")
        values = list(item.iterfind(f"{SAML}AttributeValue"))
        if any(len(value) for value in values):
            raise SamlError("an attribute value with elements")
        read[name] = tuple(str(value.text or "").strip() for value in values)
    return read


def _instant(text: Any) -> datetime:
    return clock.from_epoch(OneLogin_Saml2_Utils.parse_SAML_to_time(text))


def _request(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    return {
        "https": "on" if parts.scheme == "https" else "off",
        "http_host": parts.netloc,
        "script_name": parts.path,
        "get_data": {},
        "post_data": {},
    }


def _settings(expected: Expected, recipient: str) -> OneLogin_Saml2_Settings:
    return OneLogin_Saml2_Settings(
        {
            "strict": True,
            "debug": False,
            "sp": {"entityId": expected.audience, "assertionConsumerService": {"url": recipient}},
            "idp": {
                "entityId": expected.entity_id,
                "singleSignOnService": {"url": "https://idp.invalid/sso"},
                "x509certMulti": {"signing": list(expected.certificates)},
            },
            "security": {
                "rejectDeprecatedAlgorithm": True,
                "wantAttributeStatement": False,
                "wantXMLValidation": True,
                "wantNameId": True,
                "allowRepeatAttributeName": False,
            },
        },
        sp_validation_only=False,
    )
