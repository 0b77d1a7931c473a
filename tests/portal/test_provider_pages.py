"""The portal's pages of identity providers: what a SAML provider must be told of its pool (spec/endpoints.md FE-15)."""

from __future__ import annotations

import pytest
from django.test import Client
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from cognito_app.models import IdentityProvider
from tests.clients.providers import GOOGLE, add, add_saml, describe
from tests.conftest import App
from tests.portal.test_iam_pages import browser

__all__ = ["browser"]

pytestmark = pytest.mark.django_db

PAGE = "/portal/cognito_app/identityprovider/"
MD = {"md": "urn:oasis:names:tc:SAML:2.0:metadata", "ds": "http://www.w3.org/2000/09/xmldsig#"}


def test_a_provider_is_told_of_its_pool(app: App, browser: Client) -> None:
    app.idp.create_user_pool_domain(UserPoolId=app.pool_id, Domain="corp-login")
    add_saml(app, "Corp", EncryptedResponses="true", RequestSigningAlgorithm="rsa-sha256")
    row = IdentityProvider.objects.get()
    page = browser.get(f"{PAGE}{row.pk}/change/").content.decode()
    assert f"{PAGE}{row.pk}/service-provider.xml" in page
    answer = browser.get(f"{PAGE}{row.pk}/service-provider.xml")
    assert answer["Content-Type"] == "application/samlmetadata+xml"
    root = OneLogin_Saml2_XML.to_etree(answer.content)
    assert not isinstance(OneLogin_Saml2_XML.validate_xml(root, "saml-schema-metadata-2.0.xsd", False), str)
    assert root.get("entityID") == f"urn:amazon:cognito:sp:{app.pool_id}"
    services = root.findall(".//md:AssertionConsumerService", MD)
    assert {item.get("Location") for item in services} == {
        f"http://localhost:8000/{app.pool_id}/saml2/idpresponse",
        "http://localhost:8000/corp-login/saml2/idpresponse",
        "http://corp-login.auth.localhost:8000/saml2/idpresponse",
    }
    assert [item.get("isDefault") for item in services] == ["true", "false", "false"]
    keys = {
        item.get("use"): item.findtext(".//ds:X509Certificate", "", MD)
        for item in root.iter(f"{{{MD['md']}}}KeyDescriptor")
    }
    assert keys == {
        "signing": app.idp.get_signing_certificate(UserPoolId=app.pool_id)["Certificate"],
        "encryption": describe(app, "Corp")["ProviderDetails"]["ActiveEncryptionCertificate"],
    }


def test_what_is_not_asked_for_is_not_promised(app: App, browser: Client) -> None:
    add_saml(app, "Corp")
    document = browser.get(f"{PAGE}{IdentityProvider.objects.get().pk}/service-provider.xml").content.decode()
    assert 'AuthnRequestsSigned="false"' in document
    assert 'use="encryption"' not in document
    assert OneLogin_Saml2_IdPMetadataParser.parse(document) == {}


def test_pages_show_no_secret_and_only_saml_has_metadata(app: App, browser: Client) -> None:
    add(app, "Google", "Google", GOOGLE)
    row = IdentityProvider.objects.get()
    page = browser.get(f"{PAGE}{row.pk}/change/").content.decode()
    assert GOOGLE["client_id"] in page
    assert GOOGLE["client_secret"] not in page
    assert "service-provider.xml" not in page
    assert browser.get(f"{PAGE}{row.pk}/service-provider.xml").status_code == 404
    assert b"Google" in browser.get(PAGE).content
    assert Client().get(f"{PAGE}{row.pk}/service-provider.xml").status_code == 302
