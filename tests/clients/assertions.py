"""SAML responses for STS, signed as an identity provider does."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from onelogin.saml2.constants import OneLogin_Saml2_Constants
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from cognito_app.core import clock
from tests.clients.providers import CERTIFICATE, KEY

ENTITY = "https://idp.example.com/entity"
AWS = "https://signin.aws.amazon.com/saml"
ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"


def _time(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def response(
    attributes: Mapping[str, Sequence[str]],
    *,
    assertion_id: str = "_a1",
    issuer: str = ENTITY,
    audience: str | None = "urn:amazon:webservices",
    recipient: str | None = AWS,
    destination: str | None = AWS,
    subject: str = "ann@example.com",
    issued: datetime | None = None,
    lifetime: timedelta = timedelta(minutes=5),
    session_ends: datetime | None = None,
    head: str = "",
) -> str:
    """Return an unsigned response as XML."""
    now = issued or clock.now()
    ends = _time(now + lifetime)
    values = "".join(
        f'<saml:Attribute Name="{name}">'
        + "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in items)
        + "</saml:Attribute>"
        for name, items in attributes.items()
    )
    restriction = (
        f"<saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction>"
        if audience
        else ""
    )
    to = f' Recipient="{recipient}"' if recipient else ""
    where = f' Destination="{destination}"' if destination else ""
    session = f' SessionNotOnOrAfter="{_time(session_ends)}"' if session_ends else ""
    return (
        f'{head}<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" '
        f'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r{assertion_id}" Version="2.0" '
        f'IssueInstant="{_time(now)}"{where}><saml:Issuer>{issuer}</saml:Issuer>'
        '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>'
        f'<saml:Assertion ID="{assertion_id}" Version="2.0" IssueInstant="{_time(now)}">'
        f"<saml:Issuer>{issuer}</saml:Issuer><saml:Subject>"
        f'<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{subject}</saml:NameID>'
        '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
        f'<saml:SubjectConfirmationData NotOnOrAfter="{ends}"{to}/></saml:SubjectConfirmation></saml:Subject>'
        f'<saml:Conditions NotBefore="{_time(now - timedelta(seconds=5))}" NotOnOrAfter="{ends}">{restriction}'
        f'</saml:Conditions><saml:AuthnStatement AuthnInstant="{_time(now)}"{session}><saml:AuthnContext>'
        "<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>"
        f"</saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>{values}</saml:AttributeStatement>"
        "</saml:Assertion></samlp:Response>"
    )


def sign(xml: str, key: RSAPrivateKey = KEY, *, algorithm: str = OneLogin_Saml2_Constants.RSA_SHA256) -> str:
    """Return a response with a signature over all of it, in base64."""
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()
    certificate = f"-----BEGIN CERTIFICATE-----\n{CERTIFICATE}\n-----END CERTIFICATE-----"
    digest = (
        OneLogin_Saml2_Constants.SHA1
        if algorithm == OneLogin_Saml2_Constants.RSA_SHA1
        else OneLogin_Saml2_Constants.SHA256
    )
    signed: Any = OneLogin_Saml2_Utils.add_sign(
        xml, pem, certificate, sign_algorithm=algorithm, digest_algorithm=digest
    )
    return base64.b64encode(signed).decode()


def unsigned(xml: str) -> str:
    """Return a response without a signature, in base64."""
    return base64.b64encode(xml.encode()).decode()
