"""What is read from identity providers: SAML metadata, OIDC discovery documents."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from pytest_django import Settings

from cognito_app.models import IdentityProvider
from tests.clients.providers import (
    CERTIFICATE,
    EXPIRED,
    GOOGLE,
    OIDC,
    add,
    add_saml,
    change,
    describe,
    metadata,
    serving,
)
from tests.conftest import App, refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def private(settings: Settings) -> None:
    """Let the fetcher reach the loopback."""
    settings.COGNITO = {**settings.COGNITO, "OUTGOING_PRIVATE_NETWORKS": True}


def test_saml_metadata_is_read(app: App) -> None:
    created = add_saml(app, IDPSignout="True", EncryptedResponses="true", RequestSigningAlgorithm="rsa-sha256")
    details = created["ProviderDetails"]
    assert details["SSORedirectBindingURI"] == "https://idp.example.com/sso"
    assert details["SLORedirectBindingURI"] == "https://idp.example.com/slo"
    assert details["MetadataFile"] == metadata()
    assert (details["IDPSignout"], details["EncryptedResponses"]) == ("true", "true")
    assert created["AttributeMapping"] == {}
    row = IdentityProvider.objects.get()
    assert row.metadata["entity_id"] == "https://idp.example.com/entity"
    assert row.metadata["certificates"] == [CERTIFICATE]
    certificate = x509.load_der_x509_certificate(base64.b64decode(details["ActiveEncryptionCertificate"]))
    assert certificate.not_valid_after_utc - datetime.now(UTC) > timedelta(days=3600)
    other = add_saml(app, "OtherSAML")["ProviderDetails"]
    assert other["ActiveEncryptionCertificate"] != details["ActiveEncryptionCertificate"]
    changed = change(app, "MySAML", ProviderDetails={**details, "MetadataFile": metadata(slo=None)})["ProviderDetails"]
    assert "SLORedirectBindingURI" not in changed
    assert changed["ActiveEncryptionCertificate"] == details["ActiveEncryptionCertificate"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("<a", "The metadata is not well-formed XML."),
        ("not xml", None),
        ("<a/>", "The metadata must describe exactly one identity provider."),
        (metadata(head='<!DOCTYPE x [<!ENTITY e "a">]>'), "The metadata has a document type definition."),
        (metadata(head='<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd">'), "The metadata has a document type definition."),
        (metadata(entity_id=""), "The metadata has no valid entityID."),
        (metadata(entity_id="&undefined;"), "The metadata is not well-formed XML."),
        (metadata(signing=()), "The metadata must have 1 to 20 signing certificates."),
        (metadata(signing=("bm8=",)), "A signing certificate of the metadata cannot be read."),
        (metadata(signing=("x" * 5000,)), "A signing certificate of the metadata cannot be read."),
        (metadata(signing=(EXPIRED,)), "Signing certificates are expired"),
        (metadata(sso="javascript:alert(1)"), None),
        (
            metadata().replace("HTTP-Redirect", "HTTP-Artifact"),
            "The metadata has no SingleSignOnService with the HTTP-Redirect binding.",
        ),
        (metadata().replace("SAML:2.0:protocol", "SAML:1.1:protocol"), None),
    ],
)
def test_metadata_that_cannot_be_used(app: App, document: str, message: str | None) -> None:
    with refused("InvalidParameterException", message):
        add(app, "MySAML", "SAML", {"MetadataFile": document})


def test_expired_certificates_beside_one_in_force_are_left_out(app: App) -> None:
    add(app, "MySAML", "SAML", {"MetadataFile": metadata(signing=(EXPIRED, CERTIFICATE))})
    assert IdentityProvider.objects.get().metadata["certificates"] == [CERTIFICATE]


@pytest.mark.usefixtures("private")
def test_metadata_is_fetched_from_its_url(app: App) -> None:
    with serving({"/md": (200, {}, metadata().encode()), "/broken": (200, {}, b"<a")}) as (base, asked):
        created = add(app, "MySAML", "SAML", {"MetadataURL": f"{base}/md", "MetadataFile": "<old/>"})
        details = created["ProviderDetails"]
        assert details["MetadataURL"] == f"{base}/md"
        assert "MetadataFile" not in details
        assert details["SSORedirectBindingURI"] == "https://idp.example.com/sso"
        change(app, "MySAML", IdpIdentifiers=["a.com"])
        assert asked == ["/md"]
        change(app, "MySAML", ProviderDetails=details)
        assert asked == ["/md", "/md"]
        missing = f"Non-ok status code 404 returned from remote metadata source {base}/none"
        with refused("InvalidParameterException", missing):
            change(app, "MySAML", ProviderDetails={"MetadataURL": f"{base}/none"})
        with refused("InvalidParameterException", "The metadata is not well-formed XML."):
            change(app, "MySAML", ProviderDetails={"MetadataURL": f"{base}/broken"})
    assert describe(app, "MySAML")["ProviderDetails"] == details


def test_private_networks_are_not_asked_for_metadata(app: App) -> None:
    with serving({"/md": (200, {}, metadata().encode())}) as (base, asked):
        port = base.rpartition(":")[2]
        for url in (f"{base}/md", "http://127.0.0.1/md", f"http://user@127.0.0.1:{port}/md", "file:///etc/passwd"):
            with refused("InvalidParameterException"):
                add(app, "MySAML", "SAML", {"MetadataURL": url})
        with refused("InvalidParameterException"):
            add(app, "MyOIDC", "OIDC", {**GOOGLE, "oidc_issuer": "https://127.0.0.1"})
    assert asked == []


@pytest.mark.usefixtures("private")
def test_oidc_endpoints_are_discovered_unless_all_are_given(app: App) -> None:
    document = {
        "authorization_endpoint": "https://idp.example.com/a",
        "token_endpoint": "https://idp.example.com/t",
        "userinfo_endpoint": "https://idp.example.com/u",
        "jwks_uri": "https://idp.example.com/j",
    }
    pages: dict[str, tuple[int, dict[str, str], bytes]] = {
        "/good/.well-known/openid-configuration": (200, {}, json.dumps(document).encode()),
        "/list/.well-known/openid-configuration": (200, {}, b"[]"),
        "/text/.well-known/openid-configuration": (200, {}, b"hello"),
        "/lacks/.well-known/openid-configuration": (200, {}, json.dumps({**document, "jwks_uri": 1}).encode()),
        "/odd/.well-known/openid-configuration": (200, {}, json.dumps({**document, "jwks_uri": "ftp://x"}).encode()),
    }
    with serving(pages) as (base, asked):
        given = {**GOOGLE, "oidc_issuer": f"{base}/good", "token_url": "https://proxy.example.com/token"}
        created = add(app, "Discovered", "OIDC", given)
        assert created["ProviderDetails"] == {
            **given,
            "authorize_url": "https://idp.example.com/a",
            "attributes_url": "https://idp.example.com/u",
            "jwks_uri": "https://idp.example.com/j",
            "attributes_request_method": "GET",
            "attributes_url_add_attributes": "false",
        }
        for path in ("list", "text", "lacks", "odd", "none"):
            with refused("InvalidParameterException"):
                add(app, "Bad", "OIDC", {**GOOGLE, "oidc_issuer": f"{base}/{path}"})
        before = len(asked)
        add(app, "Given", "OIDC", {**OIDC, "oidc_issuer": f"{base}/good"})
        assert len(asked) == before
