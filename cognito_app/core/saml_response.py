"""SAML responses: what python3-saml verifies, and the rules that it leaves to its caller.

Standard: https://docs.oasis-open.org/security/saml/v2.0/saml-core-2.0-os.pdf
All is read from the one assertion of the document whose signature was verified, by the parser that verified it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from onelogin.saml2.errors import OneLogin_Saml2_ValidationError as Invalid
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from cognito_app.core import clock, saml_xml, xml_encryption
from cognito_app.core.saml_xml import PROTOCOL, SAML, STATUS, SUCCESS, Reason, SamlError, instant
from cognito_app.core.xml_encryption import DecryptionError

BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
LIFETIME = timedelta(minutes=5)
DRIFT = timedelta(minutes=5)
"""How long after its issuance an assertion may be used, and how far clocks may differ."""
MAX_STATUSES = 3
_STATUS = re.compile(re.escape(STATUS) + "([A-Za-z]{1,40})")
UNSOLICITED = ""
"""What a response without a request may name as its request."""

_REASONS = {
    Invalid.ASSERTION_EXPIRED: Reason.EXPIRED,
    Invalid.SESSION_EXPIRED: Reason.EXPIRED,
    Invalid.ASSERTION_TOO_EARLY: Reason.EARLY,
    Invalid.WRONG_ISSUER: Reason.ISSUER,
    Invalid.INVALID_SIGNATURE: Reason.SIGNATURE,
    Invalid.NO_SIGNATURE_FOUND: Reason.SIGNATURE,
}


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
    session_index: str | None = field(default=None, repr=False)
    name_attributes: dict[str, str] = field(default_factory=dict)

    def values(self, name: str) -> tuple[str, ...]:
        """Return all values of an attribute."""
        return self.attributes.get(name, ())

    def one(self, name: str) -> str | None:
        """Return the only value of an attribute, or None."""
        values = self.values(name)
        return values[0] if len(values) == 1 else None


@dataclass(frozen=True, slots=True)
class Expected:
    """Who must have signed, and whom, where and what the assertion must be for.

    ``answer_to`` is the id of the request (``UNSOLICITED`` if there was none), None where nobody asks. ``private_key``
    is the key that assertions may be encrypted for, and must be if ``encrypted``. ``tolerant`` joins
    attributes that are given twice, and takes the text of a value that has elements.
    """

    entity_id: str
    certificates: Sequence[str]
    audience: str
    recipients: Collection[str]
    answer_to: str | None = None
    private_key: RSAPrivateKey | None = field(default=None, repr=False)
    encrypted: bool = False
    lifetime: timedelta = LIFETIME + DRIFT
    tolerant: bool = False


class _Response(OneLogin_Saml2_Response):  # type: ignore[misc]  # has no types
    """A response whose assertion may tell of several sign-ins (the first one counts), and may be encrypted for us."""

    def __init__(self, document: str, expected: Expected) -> None:
        self._private_key = expected.private_key
        super().__init__(_settings(expected), base64.b64encode(document.encode()).decode())

    def check_one_authnstatement(self) -> bool:
        return len(self._query_assertion("/saml:AuthnStatement")) > 0

    def _decrypt_assertion(self, xml: Any) -> Any:
        encrypted = _only_assertion(xml, f"{SAML}EncryptedAssertion")
        if self._private_key is None:
            raise SamlError("encrypted for nobody")
        try:
            content = xml_encryption.decrypt(encrypted, self._private_key).decode()
        except (DecryptionError, UnicodeDecodeError):
            raise SamlError("encrypted for somebody else, or in another way") from None
        saml_xml.check_text(content)
        names = " ".join(f"xmlns{f':{name}' if name else ''}={quoteattr(uri)}" for name, uri in encrypted.nsmap.items())
        found = list(OneLogin_Saml2_XML.to_etree(f"<in {names}>{content}</in>".encode()))
        if len(found) != 1:
            raise SamlError("not exactly one encrypted element")
        xml.replace(encrypted, found[0])
        return xml


def verify(text: str, expected: Expected) -> Assertion:
    """Verify the base64 of a Response completely, all but whether it was used before.

    Raises SamlError.
    """
    document = saml_xml.decoded(text)
    try:
        return _verified(document, expected)
    except SamlError as error:
        if error.reason == Reason.STATUS:
            raise
        raise _told(document, str(error), error.reason) from None
    except Invalid as error:
        reason = _REASONS.get(error.code, Reason.UNUSABLE)
        raise _told(document, f"refused with code {error.code}", reason) from None
    except Exception as error:  # the libraries below raise whatever comes: all of it means that it cannot be believed
        raise _told(document, f"not usable: {type(error).__name__}", Reason.UNUSABLE) from None


def _told(document: str, text: str, reason: Reason) -> SamlError:
    """Return the refusal; who alters what is encrypted learns nothing, least of all whether its padding is good."""
    return SamlError(text, Reason.ENCRYPTED if "EncryptedAssertion" in document else reason)


def _verified(document: str, expected: Expected) -> Assertion:
    _check_status(OneLogin_Saml2_XML.to_etree(document.encode()))
    response = _Response(document, expected)
    assertion = _assertion_of(response, expected)
    recipient = _recipient(response.document, assertion, expected)
    _check_audience(assertion, expected)
    _check_confirmation(response.document, assertion, expected)
    response.is_valid(_request(recipient), raise_exceptions=True)
    return _read(assertion, recipient, _dead_at(assertion, expected), tolerant=expected.tolerant)


def _assertion_of(response: OneLogin_Saml2_Response, expected: Expected) -> Any:
    """Return the one assertion, of the document whose encrypted parts have been read."""
    if not response.encrypted:
        if expected.encrypted:
            raise SamlError("an assertion that is not encrypted", Reason.PLAIN)
        return _only_assertion(response.document, f"{SAML}Assertion")
    return _only_assertion(response.decrypted_document, f"{SAML}Assertion")


def _only_assertion(root: Any, tag: str) -> Any:
    """Return the one assertion: below the root, with its signature or the root's in place, ids given once."""
    elements = saml_xml.elements_of(root)
    found = [element for element in elements if element.tag in (f"{SAML}Assertion", f"{SAML}EncryptedAssertion")]
    if root.tag != f"{PROTOCOL}Response" or len(found) != 1:
        raise SamlError("not exactly one assertion")
    if found[0].tag != tag or found[0].getparent() is not root:
        raise SamlError("an assertion in another place")
    if tag == f"{SAML}Assertion" and not found[0].get("ID"):
        raise SamlError("ambiguous ids")
    saml_xml.check_signatures(elements, root, found[0])
    return found[0]


def _check_status(root: Any) -> None:
    """A provider that signed nobody in says so without an assertion."""
    codes = [str(code.get("Value")) for code in root.iterfind(f"{PROTOCOL}Status//{PROTOCOL}StatusCode")]
    if not codes:
        raise SamlError("no status")
    if codes[0] != SUCCESS:
        names = tuple(match[1] for code in codes[:MAX_STATUSES] if (match := _STATUS.fullmatch(code)))
        raise SamlError(f"no success: {', '.join(names)}", Reason.STATUS, names)


def _recipient(root: Any, assertion: Any, expected: Expected) -> str:
    """Return the one address that all of it is for; the library compares only beginnings."""
    path = f"{SAML}Subject/{SAML}SubjectConfirmation/{SAML}SubjectConfirmationData"
    found = {str(data.get("Recipient")) for data in assertion.iterfind(path)}
    if len(found) != 1 or not found <= set(expected.recipients) or root.get("Destination") not in (None, *found):
        raise SamlError("another recipient or destination", Reason.RECIPIENT)
    return found.pop()


def _check_confirmation(root: Any, assertion: Any, expected: Expected) -> None:
    """The bearer is confirmed, until a time that is not over, for the request; the library goes without all of it."""
    data = [
        item.find(f"{SAML}SubjectConfirmationData")
        for item in assertion.iterfind(f"{SAML}Subject/{SAML}SubjectConfirmation")
        if item.get("Method") == BEARER
    ]
    limits = [item.get("NotOnOrAfter") for item in data if item is not None and item.get("NotOnOrAfter")]
    if not limits:
        raise SamlError("no confirmation of a bearer with an end")
    if all(instant(limit) <= clock.now() for limit in limits):
        raise SamlError("the confirmation is over", Reason.EXPIRED)
    if expected.answer_to is not None:
        named = {None if item is None else item.get("InResponseTo") for item in [root, *data]}
        if named != {expected.answer_to or None}:
            raise SamlError("the answer to another request", Reason.REQUEST)


def _check_audience(assertion: Any, expected: Expected) -> None:
    """Every restriction must be fulfilled; without one there is no audience."""
    found = [
        {str(item.text or "").strip() for item in restriction.iterfind(f"{SAML}Audience")}
        for restriction in assertion.iterfind(f"{SAML}Conditions/{SAML}AudienceRestriction")
    ]
    if not found or not all(expected.audience in restriction for restriction in found):
        raise SamlError("another audience", Reason.AUDIENCE)


def _dead_at(assertion: Any, expected: Expected) -> datetime:
    """Return when an assertion is too old to be used, whatever it says; one must say when that is."""
    if not assertion.find(f"{SAML}Conditions").get("NotOnOrAfter"):
        raise SamlError("conditions without an end")
    issued_at, now = instant(assertion.get("IssueInstant")), clock.now()
    if issued_at > now + DRIFT:
        raise SamlError("issued in the future", Reason.EARLY)
    if now > issued_at + expected.lifetime:
        raise SamlError("issued too long ago", Reason.EXPIRED)
    return issued_at + expected.lifetime


def _read(assertion: Any, recipient: str, dead_at: datetime, *, tolerant: bool) -> Assertion:
    name = assertion.find(f"{SAML}Subject/{SAML}NameID")
    if name is None or len(name) or not str(name.text or "").strip():
        raise SamlError("no NameID")
    statement = assertion.find(f"{SAML}AuthnStatement")
    session = statement.get("SessionNotOnOrAfter")
    return Assertion(
        id=str(assertion.get("ID")),
        issuer=str(assertion.find(f"{SAML}Issuer").text or "").strip(),
        recipient=recipient,
        name_id=str(name.text).strip(),
        name_id_format=str(name.get("Format", "")),
        attributes=_attributes(assertion, tolerant=tolerant),
        dead_at=dead_at,
        session_until=instant(session) if session else None,
        session_index=statement.get("SessionIndex"),
        name_attributes={str(key): str(value) for key, value in name.attrib.items()},
    )


def _attributes(assertion: Any, *, tolerant: bool) -> dict[str, tuple[str, ...]]:
    read: dict[str, tuple[str, ...]] = {}
    for item in assertion.iterfind(f"{SAML}AttributeStatement/{SAML}Attribute"):
        name = str(item.get("Name", ""))
        values = list(item.iterfind(f"{SAML}AttributeValue"))
        if not tolerant and name in read:
            raise SamlError("an attribute that is given twice")
        if not tolerant and any(len(value) for value in values):
            raise SamlError("an attribute value with elements")
        read[name] = (*read.get(name, ()), *("".join(value.itertext()).strip() for value in values))
    return read


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
            "sp": {
                "entityId": expected.audience,
                "assertionConsumerService": {"url": next(iter(expected.recipients))},
            },
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
