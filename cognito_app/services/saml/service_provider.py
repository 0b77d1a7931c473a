"""What a user pool is to a SAML provider: its names, its addresses, and the document that says so.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-saml-idp.html
"""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from cognito_app.core.saml_request import POST
from cognito_app.models import IdentityProvider
from cognito_app.services import domains, signing_certificates
from cognito_app.services.config import PoolConfig

ACS = "/saml2/idpresponse"
SLO = "/saml2/logout"
_PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"


def entity_id(pool_id: str) -> str:
    """Return the name that a pool has as a service provider, which assertions are for."""
    return f"urn:amazon:cognito:sp:{pool_id}"


def metadata(pool: PoolConfig, provider: IdentityProvider) -> str:
    """Return the document with which a SAML provider is told of the pool: every address that its domains have."""
    addresses = domains.addresses(pool.id)
    acs = "".join(
        f'<md:AssertionConsumerService Binding="{POST}" Location={quoteattr(base + ACS)} index="{index}"'
        f' isDefault="{"false" if index else "true"}"/>'
        for index, base in enumerate(addresses)
    )
    slo = f'<md:SingleLogoutService Binding="{POST}" Location={quoteattr(addresses[0] + SLO)}/>'
    keys = _key("signing", signing_certificates.current(pool))
    encryption = str(provider.details.get("ActiveEncryptionCertificate", ""))
    if provider.details.get("EncryptedResponses") == "true" and encryption:
        keys += _key("encryption", encryption)
    signed = "true" if provider.details.get("RequestSigningAlgorithm") else "false"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID='
        f"{quoteattr(entity_id(pool.id))}>"
        f'<md:SPSSODescriptor AuthnRequestsSigned="{signed}" WantAssertionsSigned="true"'
        f' protocolSupportEnumeration="{_PROTOCOL}">{keys}{slo}{acs}'
        "</md:SPSSODescriptor></md:EntityDescriptor>\n"
    )


def _key(use: str, certificate: str) -> str:
    return (
        f'<md:KeyDescriptor use="{use}"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>'
        f"<ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )
