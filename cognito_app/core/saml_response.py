"""SAML responses: what python3-saml verifies, and the rules that it leaves to its caller.

Standard: https://docs.oasis-open.org/security/saml/v2.0/saml-core-2.0-os.pdf
All is read from the one assertion of the document whose signature was verified, by the parser that verified it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from onelogin.saml2.errors import OneLogin_Saml2_ValidationError as Invalid
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from cognito_app.core import clock

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
LONGEST = 100_000
LIFETIME = timedelta(minutes=5)
DRIFT = timedelta(minutes=5)
"""How long after its issuance an assertion may be used, and how far clocks may differ."""
FORBIDDEN = ("<!DOCTYPE", "<!ENTITY", "<!--", "<![CDATA[", "\0")


class Reason(StrEnum):
    """Why a response must not be believed."""

    UNUSABLE = "unusable"
    EXPIRED = "expired"
    EARLY = "early"
    ISSUER = "issuer"
    SIGNATURE = "signature"
    RECIPIENT = "recipient"
    AUDIENCE = "audience"


_REASONS = {
    Invalid.ASSERTION_EXPIRED: Reason.EXPIRED,
    Invalid.SESSION_EXPIRED: Reason.EXPIRED,
    Invalid.ASSERTION_TOO_EARLY: Reason.EARLY,
    Invalid.WRONG_ISSUER: Reason.ISSUER,
    Invalid.INVALID_SIGNATURE: Reason.SIGNATURE,
    Invalid.NO_SIGNATURE_FOUND: Reason.SIGNATURE,
}


class SamlError(Exception):
    """A response that must not be believed; the text is for logs, never for whoever sent it."""

    def __init__(self, text: str, reason: Reason = Reason.UNUSABLE) -> None:
        self.reason = reason
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a verified assertion says; after ``dead_at`` it is refused for its age."""

    id: str
    issuer: str
    recipient: str
    name_id: str = field(repr=False)
    name_id_format: str
    attributes: dict[str, tuple[str, ...]] = field(repr=False)
    dead_at: datetime
    session_until: datetime | None

    def values(self, name: str) -> tuple[str, ...]:
        """Return all values of an attribute."""
        return self.attributes.get(name, ())

    def one(self, name: str) -> str | None:
        """Return the only value of an attribute, or None."""
        values = self.values(name)
        return values[0] if len(values) == 1 else None


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
    except Invalid as error:
        raise SamlError(f"refused with code {error.code}", _REASONS.get(error.code, Reason.UNUSABLE)) from None
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
    response = OneLogin_Saml2_Response(_settings(expected), base64.b64encode(document.encode()).decode())
    assertion = _only_assertion(response.document)
    recipient = _recipient(response.document, assertion, expected)
    _check_audience(assertion, expected)
    _check_confirmation(assertion)
    response.is_valid(_request(recipient), raise_exceptions=True)
    return _read(assertion, recipient, _dead_at(assertion))


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


def _recipient(root: Any, assertion: Any, expected: Expected) -> str:
    """Return the one address that all of it is for; the library compares only beginnings."""
    path = f"{SAML}Subject/{SAML}SubjectConfirmation/{SAML}SubjectConfirmationData"
    found = {str(data.get("Recipient")) for data in assertion.iterfind(path)}
    if len(found) != 1 or not found <= set(expected.recipients) or root.get("Destination") not in (None, *found):
        raise SamlError("another recipient or destination", Reason.RECIPIENT)
    return found.pop()


def _check_confirmation(assertion: Any) -> None:
    """The bearer is confirmed, until a time that is not over; the library goes without one."""
    data = [
        item.find(f"{SAML}SubjectConfirmationData")
        for item in assertion.iterfind(f"{SAML}Subject/{SAML}SubjectConfirmation")
        if item.get("Method") == BEARER
    ]
    limits = [item.get("NotOnOrAfter") for item in data if item is not None and item.get("NotOnOrAfter")]
    if not limits:
        raise SamlError("no confirmation of a bearer with an end")
    if all(_instant(limit) <= clock.now() for limit in limits):
        raise SamlError("the confirmation is over", Reason.EXPIRED)


def _check_audience(assertion: Any, expected: Expected) -> None:
    """Every restriction must be fulfilled; without one there is no audience."""
    found = [
        {str(item.text or "").strip() for item in restriction.iterfind(f"{SAML}Audience")}
        for restriction in assertion.iterfind(f"{SAML}Conditions/{SAML}AudienceRestriction")
    ]
    if not found or not all(expected.audience in restriction for restriction in found):
        raise SamlError("another audience", Reason.AUDIENCE)


def _dead_at(assertion: Any) -> datetime:
    """Return when an assertion is too old to be used, whatever it says; one must say when that is."""
    if not assertion.find(f"{SAML}Conditions").get("NotOnOrAfter"):
        raise SamlError("conditions without an end")
    issued_at, now = _instant(assertion.get("IssueInstant")), clock.now()
    if issued_at > now + DRIFT:
        raise SamlError("issued in the future", Reason.EARLY)
    if now > issued_at + LIFETIME + DRIFT:
        raise SamlError("issued too long ago", Reason.EXPIRED)
    return issued_at + LIFETIME + DRIFT


def _read(assertion: Any, recipient: str, dead_at: datetime) -> Assertion:
    name = assertion.find(f"{SAML}Subject/{SAML}NameID")
    if name is None or len(name) or not str(name.text or "").strip():
        raise SamlError("no NameID")
    session = assertion.find(f"{SAML}AuthnStatement").get("SessionNotOnOrAfter")
    return Assertion(
        id=str(assertion.get("ID")),
        issuer=str(assertion.find(f"{SAML}Issuer").text or "").strip(),
        recipient=recipient,
        name_id=str(name.text).strip(),
        name_id_format=str(name.get("Format", "")),
        attributes=_attributes(assertion),
        dead_at=dead_at,
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


def _settings(expected: Expected) -> OneLogin_Saml2_Settings:
    return OneLogin_Saml2_Settings(
        {
            "strict": True,
            "debug": False,
            "sp": {"entityId": expected.audience, "assertionConsumerService": {"url": next(iter(expected.recipients))}},
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
                "requestedAuthnContext": False,
                "allowRepeatAttributeName": False,
            },
        },
        sp_validation_only=False,
    )
