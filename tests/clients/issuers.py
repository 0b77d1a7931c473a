"""Login providers on the loopback: an OpenID Connect issuer, Facebook, Login with Amazon, a SAML provider."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Names
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from cognito_app.core import certificates, clock, jose
from tests.clients.providers import Page, metadata, serving

FIRST, SECOND, FOREIGN = (jose.generate_private_key() for _ in range(3))
CURVE = ec.generate_private_key(ec.SECP256R1())
SMALL = rsa.generate_private_key(public_exponent=65_537, key_size=1024)
NAMES = {"first": FIRST, "second": SECOND, "small": SMALL}


def jwk(kid: str, key: Any, **more: str) -> dict[str, Any]:
    """Return a public key as issuers publish it."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        made = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        made = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**made, "kid": kid, "use": "sig", **more}


@dataclass
class Issuer:
    """An OpenID Connect issuer: its address, its pages, which can be changed, and what was asked for."""

    url: str
    pages: dict[str, Page]
    asked: list[str]
    claims: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The key of its logins."""
        return self.url.partition("://")[2]

    @property
    def arn(self) -> str:
        """The ARN of its provider."""
        return f"arn:aws:iam::000000000000:oidc-provider/{self.key}"

    def publish(self, **keys: Any) -> None:
        """Show other keys from now on."""
        self.show("/jwks", {"keys": [jwk(kid, key) for kid, key in keys.items()]})

    def show(self, path: str, document: Any, status: int = 200) -> None:
        """Show another document from now on."""
        self.pages[path] = (status, {"Content-Type": "application/json"}, json.dumps(document).encode())

    def token(self, key: Any = FIRST, kid: str | None = "first", algorithm: str = "RS256", **claims: Any) -> str:
        """Return a token; a claim that is given as None is left out."""
        now = clock.epoch()
        usual = {"iss": self.url, "aud": "app-1", "sub": "user-1", "iat": now, "exp": now + 300, **self.claims}
        content = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        return jwt.encode(content, key, algorithm=algorithm, headers={"kid": kid} if kid else {})


@contextmanager
def issuer() -> Iterator[Issuer]:
    """Run an issuer with one key."""
    pages: dict[str, Page] = {}
    with serving(pages) as (url, asked):
        made = Issuer(url, pages, asked)
        made.show("/.well-known/openid-configuration", {"issuer": url, "jwks_uri": f"{url}/jwks"})
        made.publish(first=FIRST)
        yield made


ACS = "https://signin.aws.amazon.com/saml"
AUDIENCE = "urn:amazon:webservices"
ENTITY = "https://idp.example.com/entity"
SAML_CERTIFICATE = certificates.self_signed(FIRST, "idp.example.com", clock.now())
FOREIGN_CERTIFICATE = certificates.self_signed(FOREIGN, "idp.example.com", clock.now())
METADATA = metadata(entity_id=ENTITY, signing=(SAML_CERTIFICATE,))


def response(**given: Any) -> str:
    """Return a Response in XML, unsigned; ``given`` replaces what it says."""
    now = clock.now()
    said = {
        "id": "_" + base64.b16encode(str(clock.now().timestamp()).encode()).decode().lower(),
        "issuer": ENTITY,
        "name_id": "ann@example.com",
        "recipient": ACS,
        "destination": ACS,
        "audience": AUDIENCE,
        "status": "urn:oasis:names:tc:SAML:2.0:status:Success",
        "at": now,
        "until": now + timedelta(minutes=5),
        "attributes": {},
        "head": "",
        "more": "",
        **given,
    }
    at, until = (said[name].strftime("%Y-%m-%dT%H:%M:%SZ") for name in ("at", "until"))
    attributes = "".join(
        f'<saml:Attribute Name="{name}">'
        + "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in values)
        + "</saml:Attribute>"
        for name, values in said["attributes"].items()
    )
    audience = (
        f"<saml:AudienceRestriction><saml:Audience>{said['audience']}</saml:Audience></saml:AudienceRestriction>"
        if said["audience"]
        else ""
    )
    recipient = f'Recipient="{said["recipient"]}"' if said["recipient"] else ""
    return (
        f"{said['head']}"
        '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" '
        'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" '
        f'ID="{said["id"]}r" Version="2.0" IssueInstant="{at}" Destination="{said["destination"]}">'
        f"<saml:Issuer>{said['issuer']}</saml:Issuer>"
        f'<samlp:Status><samlp:StatusCode Value="{said["status"]}"/></samlp:Status>'
        f'<saml:Assertion ID="{said["id"]}" Version="2.0" IssueInstant="{at}">'
        f"<saml:Issuer>{said['issuer']}</saml:Issuer>"
        '<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">'
        f"{said['name_id']}</saml:NameID>"
        '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
        f'<saml:SubjectConfirmationData NotOnOrAfter="{until}" {recipient}/>'
        "</saml:SubjectConfirmation></saml:Subject>"
        f'<saml:Conditions NotBefore="{at}" NotOnOrAfter="{until}">{audience}</saml:Conditions>'
        f'<saml:AuthnStatement AuthnInstant="{at}"><saml:AuthnContext><saml:AuthnContextClassRef>'
        "urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext>"
        "</saml:AuthnStatement>"
        + (f"<saml:AttributeStatement>{attributes}</saml:AttributeStatement>" if attributes else "")
        + f"</saml:Assertion>{said['more']}</samlp:Response>"
    )


def signed(
    xml: str,
    *,
    whole: bool = False,
    key: Any = FIRST,
    certificate: str = SAML_CERTIFICATE,
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
