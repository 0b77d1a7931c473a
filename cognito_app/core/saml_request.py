"""SAML requests of ours, and how they travel in a redirect: deflated, in the query, signed beside it.

Standard: https://docs.oasis-open.org/security/saml/v2.0/saml-bindings-2.0-os.pdf section 3.4 (HTTP redirect binding)
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode
from xml.sax.saxutils import escape, quoteattr

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from cognito_app.core import secrets

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
NAME_ATTRIBUTES = ("Format", "NameQualifier", "SPNameQualifier")
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
_NAMESPACES = 'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'


def new_id() -> str:
    """Return the id of a request: an XML name that nobody can guess."""
    return f"_{secrets.urlsafe(24)}"


def authn_request(
    id: str,
    *,
    issuer: str,
    destination: str,
    acs: str,
    now: datetime,
    force: bool = False,
) -> str:
    """Return an AuthnRequest; ``force`` asks for the user's credentials even where the provider knows the user."""
    forced = ' ForceAuthn="true"' if force else ""
    return (
        f"<samlp:AuthnRequest {_NAMESPACES} {_head(id, destination, now)}{forced}"
        f' AssertionConsumerServiceURL={quoteattr(acs)} ProtocolBinding="{POST}">'
        f"<saml:Issuer>{escape(issuer)}</saml:Issuer></samlp:AuthnRequest>"
    )


def logout_request(
    id: str,
    *,
    issuer: str,
    destination: str,
    name_id: str,
    name_attributes: Mapping[str, str],
    session_index: str | None,
    now: datetime,
) -> str:
    """Return a LogoutRequest for one session of a user at the provider, as its assertion named them."""
    stated = "".join(
        f" {name}={quoteattr(value)}" for name, value in name_attributes.items() if name in NAME_ATTRIBUTES
    )
    index = f"<samlp:SessionIndex>{escape(session_index)}</samlp:SessionIndex>" if session_index else ""
    return (
        f"<samlp:LogoutRequest {_NAMESPACES} {_head(id, destination, now)}>"
        f"<saml:Issuer>{escape(issuer)}</saml:Issuer>"
        f"<saml:NameID{stated}>{escape(name_id)}</saml:NameID>{index}</samlp:LogoutRequest>"
    )


def _head(id: str, destination: str, now: datetime) -> str:
    return (
        f'ID={quoteattr(id)} Version="2.0" IssueInstant="{now:%Y-%m-%dT%H:%M:%SZ}" Destination={quoteattr(destination)}'
    )


def redirect_url(location: str, request: str, relay_state: str, key: RSAPrivateKey | None) -> str:
    """Return the address that carries a request to the provider, signed if there is a key."""
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = compressor.compress(request.encode()) + compressor.flush()
    query = urlencode({"SAMLRequest": base64.b64encode(deflated).decode(), "RelayState": relay_state})
    if key is not None:
        query += "&" + urlencode({"SigAlg": RSA_SHA256})
        signature = key.sign(query.encode(), padding.PKCS1v15(), hashes.SHA256())
        query += "&" + urlencode({"Signature": base64.b64encode(signature).decode()})
    return location + ("&" if "?" in location else "?") + query
