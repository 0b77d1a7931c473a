"""What must hold of every SAML message before its content is looked at: size, encoding, and the form of signatures.

Standard: https://docs.oasis-open.org/security/saml/v2.0/saml-core-2.0-os.pdf section 5.4 (signatures)
The libraries below run whatever transformation a signature names before they know whose it is, so that the names are
looked at first.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from enum import StrEnum
from typing import Any

from lxml import etree  # type: ignore[import-untyped]  # has no types of its own
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from cognito_app.core import clock

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
PROTOCOL = "{urn:oasis:names:tc:SAML:2.0:protocol}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
SIGNATURE = f"{DS}Signature"
STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
SUCCESS = f"{STATUS}Success"
LONGEST = 100_000
FORBIDDEN = ("<!DOCTYPE", "<!ENTITY", "<!--", "<![CDATA[", "\0")

_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
SIGNATURES = frozenset(f"{_MORE}{kind}-sha{bits}" for kind in ("rsa", "ecdsa") for bits in (256, 384, 512))
DIGESTS = frozenset(
    {
        "http://www.w3.org/2001/04/xmlenc#sha256",
        "http://www.w3.org/2001/04/xmldsig-more#sha384",
        "http://www.w3.org/2001/04/xmlenc#sha512",
    }
)
_CANONICAL = (
    "http://www.w3.org/2001/10/xml-exc-c14n#",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/2006/12/xml-c14n11",
)
CANONICAL = frozenset({*_CANONICAL, *(f"{name.rstrip('#')}#WithComments" for name in _CANONICAL)})
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"


class Reason(StrEnum):
    """Why a response must not be believed."""

    UNUSABLE = "unusable"
    EXPIRED = "expired"
    EARLY = "early"
    ISSUER = "issuer"
    SIGNATURE = "signature"
    RECIPIENT = "recipient"
    AUDIENCE = "audience"
    REQUEST = "request"
    STATUS = "status"
    PLAIN = "plain"
    ENCRYPTED = "encrypted"
    REPLAYED = "replayed"


class SamlError(Exception):
    """A message that must not be believed; the text is for logs, never for whoever sent it.

    ``statuses`` are the names of the standard's status codes with which a provider told of a failure.
    """

    def __init__(self, text: str, reason: Reason = Reason.UNUSABLE, statuses: tuple[str, ...] = ()) -> None:
        self.reason = reason
        self.statuses = statuses
        super().__init__(text)


def decoded(text: str) -> str:
    """Return the XML whose base64 was posted. Raises SamlError."""
    try:
        if len(text) > LONGEST:
            raise ValueError
        document = base64.b64decode("".join(text.split()), validate=True).decode("utf-8")
    except (ValueError, binascii.Error):
        raise SamlError("not the base64 of a text") from None
    check_text(document)
    return document


def check_text(document: str) -> None:
    """A message has elements and text, and no way to say something else. Raises SamlError."""
    body = document.split("?>", 1)[-1] if document.startswith("<?xml") else document
    if any(mark in document.upper() for mark in FORBIDDEN) or "<?" in body:
        raise SamlError("a document type, a comment or an instruction")


def instant(text: Any) -> datetime:
    """Return the time that an attribute says; whatever is no time raises."""
    return clock.from_epoch(OneLogin_Saml2_Utils.parse_SAML_to_time(text))


def elements_of(root: Any) -> list[Any]:
    """Return the elements of a document that has nothing but elements, with ids given once. Raises SamlError."""
    # The elements of the library hide comments, instructions and entities from whoever asks them.
    elements = list(etree._Element.iter(root))
    if any(not isinstance(element.tag, str) for element in elements):
        raise SamlError("a comment, an instruction or an entity")
    ids = [element.get("ID") for element in elements if element.get("ID") is not None]
    if len(set(ids)) != len(ids):
        raise SamlError("ambiguous ids")
    return elements


def check_signatures(elements: list[Any], *allowed_in: Any) -> None:
    """Every signature is in its place, over its parent alone, and of algorithms that are known to be good.

    Raises SamlError.
    """
    for signature in (element for element in elements if element.tag == SIGNATURE):
        if not any(signature.getparent() is element for element in allowed_in):
            raise SamlError("a signature in another place")
        _check_form(signature)


def _check_form(signature: Any) -> None:
    info = signature.find(f"{DS}SignedInfo")
    parts = [child.tag for child in signature]
    if info is None or parts not in (
        [f"{DS}SignedInfo", f"{DS}SignatureValue"],
        [f"{DS}SignedInfo", f"{DS}SignatureValue", f"{DS}KeyInfo"],
    ):
        raise SamlError("a signature of another form")
    references = info.findall(f"{DS}Reference")
    if len(references) != 1 or references[0].get("URI") != f"#{signature.getparent().get('ID')}":
        raise SamlError("a signature of something else", Reason.SIGNATURE)
    used = [
        ({_algorithm(info.find(f"{DS}CanonicalizationMethod"))}, CANONICAL),
        ({_algorithm(info.find(f"{DS}SignatureMethod"))}, SIGNATURES),
        ({_algorithm(references[0].find(f"{DS}DigestMethod"))}, DIGESTS),
        ({_algorithm(item) for item in references[0].iter(f"{DS}Transform")}, CANONICAL | {ENVELOPED}),
    ]
    if any(not names <= known for names, known in used):
        raise SamlError("a signature by another algorithm", Reason.SIGNATURE)


def _algorithm(element: Any) -> str:
    return "" if element is None else str(element.get("Algorithm", ""))
