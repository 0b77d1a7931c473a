"""What a SAML provider answers to a request to sign a user out.

Standard: https://docs.oasis-open.org/security/saml/v2.0/saml-profiles-2.0-os.pdf section 4.4.4.2
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from onelogin.saml2.utils import OneLogin_Saml2_Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from cognito_app.core import clock, saml_xml
from cognito_app.core.saml_response import DRIFT, LIFETIME
from cognito_app.core.saml_xml import PROTOCOL, SAML, SIGNATURE, SUCCESS, Reason, SamlError, instant

SIGNED_AT = "/samlp:LogoutResponse/ds:Signature"
PARTIAL = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"


@dataclass(frozen=True, slots=True)
class ExpectedAnswer:
    """Who must have signed, which request it must answer, where it must have been sent, and for which session."""

    entity_id: str
    certificates: Sequence[str]
    answer_to: str
    destination: str
    session_index: str | None


def verify(text: str, expected: ExpectedAnswer) -> None:
    """Verify the base64 of a LogoutResponse that tells of success.

    Raises SamlError.
    """
    document = saml_xml.decoded(text)
    try:
        _verify(OneLogin_Saml2_XML.to_etree(document.encode()), expected)
    except SamlError:
        raise
    except Exception as error:  # the libraries below raise whatever comes: all of it means that it cannot be believed
        raise SamlError(f"not usable: {type(error).__name__}") from None


def _verify(root: Any, expected: ExpectedAnswer) -> None:
    elements = saml_xml.elements_of(root)
    if root.tag != f"{PROTOCOL}LogoutResponse" or root.get("Version") != "2.0" or not root.get("ID"):
        raise SamlError("no LogoutResponse")
    saml_xml.check_signatures(elements, root)
    _check_signature(root, expected)
    if str(root.findtext(f"{SAML}Issuer") or "").strip() != expected.entity_id:
        raise SamlError("another issuer", Reason.ISSUER)
    if root.get("InResponseTo") != expected.answer_to:
        raise SamlError("the answer to another request", Reason.REQUEST)
    if root.get("Destination") not in (None, expected.destination):
        raise SamlError("another destination", Reason.RECIPIENT)
    if abs(clock.now() - instant(root.get("IssueInstant"))) > LIFETIME + DRIFT:
        raise SamlError("issued at another time", Reason.EXPIRED)
    _check_session(root, expected)
    _check_status(root)


def _check_signature(root: Any, expected: ExpectedAnswer) -> None:
    certificates = [OneLogin_Saml2_Utils.format_cert(text) for text in expected.certificates]
    if root.find(SIGNATURE) is None or not OneLogin_Saml2_Utils.validate_sign(
        root, xpath=SIGNED_AT, multicerts=certificates
    ):
        raise SamlError("not signed by the provider", Reason.SIGNATURE)


def _check_session(root: Any, expected: ExpectedAnswer) -> None:
    """An answer that names sessions must name the user's first: AWS knows it by that one alone."""
    statement = next(root.iter(f"{SAML}AuthnStatement"), None)
    if statement is not None and statement.get("SessionIndex") != expected.session_index:
        raise SamlError("the answer for another session", Reason.REQUEST)


def _check_status(root: Any) -> None:
    codes = [code.get("Value") for code in root.iterfind(f"{PROTOCOL}Status//{PROTOCOL}StatusCode")]
    if not codes or (codes[0] != SUCCESS and PARTIAL not in codes):
        raise SamlError("no success", Reason.STATUS)
