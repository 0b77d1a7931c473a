"""What an identity provider reads from our requests, and how it answers those to sign out."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from lxml import etree  # type: ignore[import-untyped]  # has no types of its own

from cognito_app.core import clock
from tests.clients.assertions import ENTITY

SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"


@dataclass
class Sent:
    """A request as a provider gets it: the address, what was said, and whether who signed it holds a certificate."""

    location: str
    root: Any
    relay_state: str
    query: str
    fields: dict[str, str]

    def signed_by(self, certificate: str) -> bool:
        """Verify the signature beside the request over the very bytes that were sent."""
        if "Signature" not in self.fields:
            return False
        key = x509.load_der_x509_certificate(base64.b64decode(certificate)).public_key()
        assert isinstance(key, RSAPublicKey)
        said = self.query[self.query.index("SAMLRequest=") : self.query.index("&Signature=")]
        try:
            key.verify(base64.b64decode(self.fields["Signature"]), said.encode(), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True


def read_request(url: str) -> Sent:
    """Read a request from the address that a browser was sent to."""
    parts = urlsplit(url)
    fields = {name: values[0] for name, values in parse_qs(parts.query, strict_parsing=True).items()}
    document = zlib.decompress(base64.b64decode(fields["SAMLRequest"]), -zlib.MAX_WBITS)
    root = etree.fromstring(document)
    return Sent(url.partition("?")[0], root, fields["RelayState"], parts.query, fields)


def logout_response(answer_to: str, destination: str, **given: Any) -> str:
    """Return a LogoutResponse in XML, unsigned."""
    said = {"issuer": ENTITY, "status": SUCCESS, "at": clock.now(), "more": "", "name": "LogoutResponse", **given}
    name = said["name"]
    return (
        f'<samlp:{name} xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" '
        'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" '
        f'ID="_{uuid4().hex}" Version="2.0" IssueInstant="{said["at"]:%Y-%m-%dT%H:%M:%SZ}" '
        f'Destination="{destination}" InResponseTo="{answer_to}">'
        f"<saml:Issuer>{said['issuer']}</saml:Issuer>"
        f'<samlp:Status><samlp:StatusCode Value="{said["status"]}"/></samlp:Status>{said["more"]}</samlp:{name}>'
    )
