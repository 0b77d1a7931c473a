"""Identity providers: details of each type, names, identifiers, metadata, the signing certificate."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.db import connection
from django.test import Client
from pytest_django import Settings

from cognito_app.models import AuditEvent, IdentityProvider, SamlSigningKey
from cognito_app.services import providers
from tests.clients import boto
from tests.clients.providers import CERTIFICATE, EXPIRED, GOOGLE, OIDC, metadata, serving
from tests.conftest import App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db

APPLE = {
    "client_id": "com.example.app",
    "team_id": "T1",
    "key_id": "K1",
    "private_key": "secret-apple-key",
    "authorize_scopes": "email name",
}


def add(app: App, name: str, kind: str, details: dict[str, str], **more: Any) -> Any:
    """Create a provider and return what is said of it."""
    given = {"UserPoolId": app.pool_id, "ProviderName": name, "ProviderType": kind, "ProviderDetails": details}
    return app.idp.create_identity_provider(**given, **more)["IdentityProvider"]


def add_saml(app: App, name: str = "MySAML", **details: str) -> Any:
    """Create a SAML provider from a metadata file."""
    return add(app, name, "SAML", {"MetadataFile": metadata(), **details})


def change(app: App, name: str, **members: Any) -> Any:
    """Update a provider and return what is said of it."""
    return app.idp.update_identity_provider(UserPoolId=app.pool_id, ProviderName=name, **members)["IdentityProvider"]


def describe(app: App, name: str) -> Any:
    """Return what is said of a provider."""
    return app.idp.describe_identity_provider(UserPoolId=app.pool_id, ProviderName=name)["IdentityProvider"]


@pytest.fixture
def private(settings: Settings) -> None:
    """Let the fetcher reach the loopback."""
    settings.COGNITO = {**settings.COGNITO, "OUTGOING_PRIVATE_NETWORKS": True}


@pytest.mark.operation("CreateIdentityProvider")
@pytest.mark.operation("DescribeIdentityProvider")
@pytest.mark.parametrize(
    ("kind", "given", "follows"),
    [
        (
            "Google",
            GOOGLE,
            {
                "attributes_url": "https://people.googleapis.com/v1/people/me?personFields=",
                "attributes_url_add_attributes": "true",
                "authorize_url": "https://accounts.google.com/o/oauth2/v2/auth",
                "oidc_issuer": "https://accounts.google.com",
                "token_request_method": "POST",
                "token_url": "https://www.googleapis.com/oauth2/v4/token",
            },
        ),
        (
            "Facebook",
            {**GOOGLE, "api_version": "v19.0"},
            {
                "attributes_url": "https://graph.facebook.com/v19.0/me?fields=",
                "attributes_url_add_attributes": "true",
                "authorize_url": "https://www.facebook.com/v19.0/dialog/oauth",
                "token_request_method": "GET",
                "token_url": "https://graph.facebook.com/v19.0/oauth/access_token",
            },
        ),
        (
            "LoginWithAmazon",
            GOOGLE,
            {
                "attributes_url": "https://api.amazon.com/user/profile",
                "attributes_url_add_attributes": "false",
                "authorize_url": "https://www.amazon.com/ap/oa",
                "token_request_method": "POST",
                "token_url": "https://api.amazon.com/auth/o2/token",
            },
        ),
        ("OIDC", OIDC, {"attributes_url_add_attributes": "false", "attributes_request_method": "GET"}),
    ],
)
def test_describe_shows_what_was_given_and_what_follows(
    app: App, kind: str, given: dict[str, str], follows: dict[str, str]
) -> None:
    name = "MyOIDC" if kind == "OIDC" else kind
    created = add(app, name, kind, given, IdpIdentifiers=["example.com", "corp"])
    subject = {"Facebook": "id", "LoginWithAmazon": "user_id"}.get(kind, "sub")
    assert created["UserPoolId"] == app.pool_id
    assert (created["ProviderName"], created["ProviderType"]) == (name, kind)
    assert created["ProviderDetails"] == {**given, **follows}
    assert created["AttributeMapping"] == {"username": subject}
    assert created["IdpIdentifiers"] == ["example.com", "corp"]
    assert "AcrMapping" not in created
    assert created["CreationDate"] == created["LastModifiedDate"]
    assert describe(app, name) == created


def test_the_key_of_apple_is_never_shown_and_kept_when_the_rest_is_sent_back(app: App) -> None:
    created = add(app, "SignInWithApple", "SignInWithApple", APPLE)
    shown = created["ProviderDetails"]
    assert "private_key" not in shown
    assert shown["authorize_url"] == "https://appleid.apple.com/auth/authorize"
    changed = change(app, "SignInWithApple", ProviderDetails={**shown, "team_id": "T2"})
    assert changed["ProviderDetails"] == {**shown, "team_id": "T2"}
    row = IdentityProvider.objects.get()
    assert providers.open_secrets(row) == {"private_key": "secret-apple-key"}


def test_secrets_are_sealed_and_stay_out_of_lists_and_the_audit_trail(app: App) -> None:
    add(app, "Google", "Google", GOOGLE)
    add(app, "SignInWithApple", "SignInWithApple", APPLE)
    add_saml(app)
    with connection.cursor() as cursor:
        cursor.execute("SELECT details, metadata FROM cognito_app_identityprovider")
        stored = json.dumps(cursor.fetchall(), default=str)
    listed = json.dumps(app.idp.list_identity_providers(UserPoolId=app.pool_id), default=str)
    trail = json.dumps(list(AuditEvent.objects.values("detail", "subject")))
    for text in (stored, listed, trail):
        for secret in ("g-secret", "secret-apple-key", "encryption_key"):
            assert secret not in text


@pytest.mark.parametrize(
    ("kind", "details", "message"),
    [
        ("Google", {"client_id": "1"}, "client_id, client_secret and authorize_scopes are all required idp details."),
        ("Facebook", {**GOOGLE, "client_secret": " "}, None),
        (
            "SignInWithApple",
            {**GOOGLE, "team_id": "1"},
            "Invalid ProviderDetails for a provider of type SignInWithApple: client_secret",
        ),
        (
            "SignInWithApple",
            {"client_id": "1"},
            "client_id, team_id, key_id, private_key and authorize_scopes are all required idp details.",
        ),
        ("Google", {**GOOGLE, "surprise": "1"}, "Invalid ProviderDetails for a provider of type Google: surprise"),
        ("Facebook", {**GOOGLE, "api_version": "17/../x"}, "api_version must have the form v17.0."),
        ("LoginWithAmazon", {**GOOGLE, "client_id": "x" * 5000}, None),
        ("OIDC", {key: value for key, value in OIDC.items() if key != "oidc_issuer"}, None),
        ("OIDC", {**OIDC, "attributes_request_method": "PUT"}, "attributes_request_method must be GET or POST."),
        ("OIDC", {**OIDC, "oidc_issuer": "http://idp.example.com"}, None),
        ("OIDC", {**OIDC, "token_url": "http://idp.example.com/token"}, None),
        ("OIDC", {**OIDC, "token_url": "https://idp.example.com:8443/token"}, None),
        ("OIDC", {**OIDC, "authorize_url": "javascript:alert(1)"}, None),
        ("OIDC", {**OIDC, "MetadataURL": "https://idp.example.com"}, None),
        ("SAML", {}, "At least one of the MetadataURL or MetadataFile should be provided."),
        ("SAML", {"MetadataFile": metadata(), "IDPInit": "yes"}, "IDPInit must be true or false."),
        ("SAML", {"MetadataFile": metadata(), "RequestSigningAlgorithm": "rsa-sha1"}, None),
        ("SAML", {"MetadataFile": metadata(), "client_id": "1"}, None),
    ],
)
def test_details_that_do_not_fit_the_type(app: App, kind: str, details: dict[str, str], message: str | None) -> None:
    name = "MyProvider" if kind in ("OIDC", "SAML") else kind
    with refused("InvalidParameterException", message):
        add(app, name, kind, details)
    assert app.idp.list_identity_providers(UserPoolId=app.pool_id)["Providers"] == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [("MyGoogle", "Google"), ("Google", "OIDC"), ("Facebook", "Google"), ("COGNITO", "OIDC"), ("Cognito", "OIDC")],
)
def test_social_providers_bear_the_name_of_their_type(app: App, name: str, kind: str) -> None:
    with refused("InvalidParameterException", f"Provider {name} cannot be of type {kind}."):
        add(app, name, kind, OIDC if kind == "OIDC" else GOOGLE)


@pytest.mark.parametrize("name", ["ab", "_abc", "abc_", " abc", "abc ", "a" * 33, ""])
def test_names_that_the_model_refuses(app: App, name: str) -> None:
    with refused("InvalidParameterException"):
        add(app, name, "OIDC", OIDC)


def test_a_name_is_given_once_in_a_pool(app: App, inbox: Inbox) -> None:
    other = make_app(app.idp, inbox)
    add(app, "MyOIDC", "OIDC", OIDC)
    with refused("DuplicateProviderException", "A provider already exists with the name MyOIDC."):
        add(app, "MyOIDC", "SAML", {"MetadataFile": metadata()})
    add(other, "MyOIDC", "OIDC", OIDC)
    with refused("ResourceNotFoundException", "Identity provider Elsewhere does not exist."):
        describe(app, "Elsewhere")
    add(other, "Elsewhere", "OIDC", OIDC)
    with refused("ResourceNotFoundException"):
        describe(app, "Elsewhere")


def test_an_unknown_pool(idp: Any) -> None:
    unknown = {"UserPoolId": "us-east-1_Nowhere99"}
    for call in (
        lambda: idp.list_identity_providers(**unknown),
        lambda: idp.get_signing_certificate(**unknown),
        lambda: idp.delete_identity_provider(**unknown, ProviderName="abc"),
        lambda: idp.get_identity_provider_by_identifier(**unknown, IdpIdentifier="abc"),
    ):
        with refused("ResourceNotFoundException", "User pool us-east-1_Nowhere99 does not exist."):
            call()


def test_at_most_300_providers(app: App) -> None:
    first = add(app, "MyOIDC", "OIDC", OIDC)
    IdentityProvider.objects.bulk_create(
        IdentityProvider(
            pool_id=app.pool_id,
            name=f"P{number}",
            type="OIDC",
            created_at=first["CreationDate"],
            modified_at=first["CreationDate"],
        )
        for number in range(299)
    )
    with refused("LimitExceededException"):
        add(app, "OneMore", "OIDC", OIDC)


@pytest.mark.operation("GetIdentityProviderByIdentifier")
def test_identifiers_choose_one_provider_of_the_pool(app: App, inbox: Inbox) -> None:
    other = make_app(app.idp, inbox)
    created = add(app, "MyOIDC", "OIDC", OIDC, IdpIdentifiers=["example.com"])
    found = app.idp.get_identity_provider_by_identifier(UserPoolId=app.pool_id, IdpIdentifier="example.com")
    assert found["IdentityProvider"] == created
    with refused("InvalidParameterException", "The identifier example.com belongs to another identity provider."):
        add(app, "Second", "OIDC", OIDC, IdpIdentifiers=["second.com", "example.com"])
    with refused("InvalidParameterException", "IdpIdentifiers must be unique."):
        add(app, "Second", "OIDC", OIDC, IdpIdentifiers=["second.com", "second.com"])
    with refused("ResourceNotFoundException"):
        describe(app, "Second")
    with refused("ResourceNotFoundException"):
        app.idp.get_identity_provider_by_identifier(UserPoolId=other.pool_id, IdpIdentifier="example.com")
    add(other, "Second", "OIDC", OIDC, IdpIdentifiers=["example.com"])
    with refused("InvalidParameterException"):
        add(app, "Third", "OIDC", OIDC, IdpIdentifiers=[f"id{n}" for n in range(51)])


def test_only_attributes_of_the_pool_are_mapped(app: App) -> None:
    with refused("InvalidParameterException", "AttributeMapping contains invalid mapping: [custom:groups]"):
        add(app, "MyOIDC", "OIDC", OIDC, AttributeMapping={"custom:groups": "groups", "email": "email"})
    app.idp.add_custom_attributes(UserPoolId=app.pool_id, CustomAttributes=[{"Name": "groups"}])
    created = add(app, "MyOIDC", "OIDC", OIDC, AttributeMapping={"custom:groups": "groups", "username": "sub"})
    assert created["AttributeMapping"] == {"custom:groups": "groups", "username": "sub"}
    for name, claim in (("sub", "sub"), ("identities", "x"), ("username", "email"), ("email", " ")):
        with refused("InvalidParameterException", f"AttributeMapping contains invalid mapping: [{name}]"):
            change(app, "MyOIDC", AttributeMapping={name: claim})
    assert describe(app, "MyOIDC")["AttributeMapping"] == created["AttributeMapping"]


def test_levels_are_mapped_for_oidc_alone(app: App) -> None:
    created = add(app, "MyOIDC", "OIDC", OIDC, AcrMapping={"Level1": "urn:low", "Level4": "urn:high"})
    assert created["AcrMapping"] == {"Level1": "urn:low", "Level4": "urn:high"}
    with refused("InvalidParameterException"):
        add(app, "Google", "Google", GOOGLE, AcrMapping={"Level1": "low"})
    with refused("InvalidParameterException"):
        change(app, "MyOIDC", AcrMapping={"Level5": "x"})
    add(app, "Google", "Google", GOOGLE)
    with refused("UnsupportedIdentityProviderException"):
        change(app, "Google", AcrMapping={"Level1": "low"})
    assert "AcrMapping" not in change(app, "MyOIDC", AcrMapping={})


@pytest.mark.operation("UpdateIdentityProvider")
def test_update_keeps_what_is_left_out(app: App, admin_key: tuple[str, str]) -> None:
    created = add(
        app,
        "MyOIDC",
        "OIDC",
        OIDC,
        AttributeMapping={"email": "email"},
        IdpIdentifiers=["a.com"],
        AcrMapping={"Level1": "x"},
    )
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1)):
        later = App(boto.client("cognito-idp", admin_key), app.pool_id, app.client_id, app.inbox)
        changed = change(later, "MyOIDC", IdpIdentifiers=["b.com"])
    assert changed["LastModifiedDate"] > created["LastModifiedDate"] == changed["CreationDate"]
    assert changed == {**created, "IdpIdentifiers": ["b.com"], "LastModifiedDate": changed["LastModifiedDate"]}
    with refused("ResourceNotFoundException"):
        app.idp.get_identity_provider_by_identifier(UserPoolId=app.pool_id, IdpIdentifier="a.com")
    sent_back = {**changed["ProviderDetails"], "client_secret": "new-secret"}
    changed = change(app, "MyOIDC", ProviderDetails=sent_back, AttributeMapping={}, IdpIdentifiers=[])
    assert changed["ProviderDetails"]["client_secret"] == "new-secret"
    assert changed["AttributeMapping"] == {"username": "sub"}
    assert changed["IdpIdentifiers"] == []
    assert changed["AcrMapping"] == {"Level1": "x"}


def test_update_replaces_the_details_as_a_whole(app: App) -> None:
    add(app, "Google", "Google", GOOGLE)
    with refused("InvalidParameterException"):
        change(app, "Google", ProviderDetails={"client_id": "2"})
    with refused("ResourceNotFoundException", "Identity provider Facebook does not exist."):
        change(app, "Facebook", ProviderDetails=GOOGLE)
    with refused("UnsupportedIdentityProviderException"):
        change(app, "COGNITO", ProviderDetails=GOOGLE)


@pytest.mark.operation("DeleteIdentityProvider")
def test_a_deleted_provider_frees_its_name_and_identifiers(app: App) -> None:
    add(app, "MyOIDC", "OIDC", OIDC, IdpIdentifiers=["example.com"])
    app.idp.delete_identity_provider(UserPoolId=app.pool_id, ProviderName="MyOIDC")
    for call in (
        lambda: describe(app, "MyOIDC"),
        lambda: app.idp.get_identity_provider_by_identifier(UserPoolId=app.pool_id, IdpIdentifier="example.com"),
        lambda: app.idp.delete_identity_provider(UserPoolId=app.pool_id, ProviderName="MyOIDC"),
    ):
        with refused("ResourceNotFoundException"):
            call()
    with refused("UnsupportedIdentityProviderException"):
        app.idp.delete_identity_provider(UserPoolId=app.pool_id, ProviderName="COGNITO")
    add(app, "MyOIDC", "SAML", {"MetadataFile": metadata()}, IdpIdentifiers=["example.com"])


@pytest.mark.operation("ListIdentityProviders")
def test_lists_go_page_by_page_through_one_pool(app: App, inbox: Inbox) -> None:
    other = make_app(app.idp, inbox)
    add(other, "Elsewhere", "OIDC", OIDC)
    for name in ("First", "Second", "Third"):
        add(app, name, "OIDC", OIDC)
    pages = list(
        app.idp.get_paginator("list_identity_providers").paginate(
            UserPoolId=app.pool_id, PaginationConfig={"PageSize": 2}
        )
    )
    assert [[item["ProviderName"] for item in page["Providers"]] for page in pages] == [["First", "Second"], ["Third"]]
    assert set(pages[0]["Providers"][0]) == {"ProviderName", "ProviderType", "LastModifiedDate", "CreationDate"}
    with refused("InvalidParameterException"):
        app.idp.list_identity_providers(UserPoolId=other.pool_id, NextToken=pages[0]["NextToken"])
    with refused("InvalidParameterException"):
        app.idp.list_identity_providers(UserPoolId=app.pool_id, MaxResults=61)


def test_the_first_provider_adds_the_attribute_identities(app: App) -> None:
    def names() -> list[str]:
        pool = app.idp.describe_user_pool(UserPoolId=app.pool_id)["UserPool"]
        return [item["Name"] for item in pool["SchemaAttributes"]]

    app.idp.add_custom_attributes(UserPoolId=app.pool_id, CustomAttributes=[{"Name": f"c{n}"} for n in range(25)])
    assert "identities" not in names()
    add(app, "MyOIDC", "OIDC", OIDC)
    add(app, "Google", "Google", GOOGLE)
    assert names()[19:22] == ["updated_at", "identities", "custom:c0"]
    pool = app.idp.describe_user_pool(UserPoolId=app.pool_id)["UserPool"]
    assert pool["SchemaAttributes"][20] == {
        "Name": "identities",
        "AttributeDataType": "String",
        "DeveloperOnlyAttribute": False,
        "Mutable": True,
        "Required": False,
        "StringAttributeConstraints": {},
    }
    more = [{"Name": f"d{n}"} for n in range(25)]
    app.idp.add_custom_attributes(UserPoolId=app.pool_id, CustomAttributes=more)
    assert len(names()) == 71


def test_each_provider_has_a_group_for_its_users(app: App) -> None:
    name = f"{app.pool_id}_MyOIDC"
    add(app, "MyOIDC", "OIDC", OIDC)
    group = app.idp.get_group(UserPoolId=app.pool_id, GroupName=name)["Group"]
    assert group["Description"] == "Autogenerated group for users who sign in using MyOIDC"
    app.idp.update_group(UserPoolId=app.pool_id, GroupName=name, Description="ours")
    app.idp.delete_identity_provider(UserPoolId=app.pool_id, ProviderName="MyOIDC")
    add(app, "MyOIDC", "OIDC", OIDC)
    assert app.idp.get_group(UserPoolId=app.pool_id, GroupName=name)["Group"]["Description"] == "ours"


def test_clients_may_name_the_providers_of_their_pool(app: App, inbox: Inbox) -> None:
    other = make_app(app.idp, inbox)
    add(other, "Google", "Google", GOOGLE)
    with refused("InvalidParameterException", f"The provider Google does not exist for User Pool {app.pool_id}."):
        app.client(SupportedIdentityProviders=["COGNITO", "Google"])
    add(app, "Google", "Google", GOOGLE)
    client = app.client(SupportedIdentityProviders=["Google", "COGNITO"])
    assert client["SupportedIdentityProviders"] == ["Google", "COGNITO"]
    app.idp.delete_identity_provider(UserPoolId=app.pool_id, ProviderName="Google")
    shown = app.idp.describe_user_pool_client(UserPoolId=app.pool_id, ClientId=client["ClientId"])
    assert shown["UserPoolClient"]["SupportedIdentityProviders"] == ["Google", "COGNITO"]
    with refused("InvalidParameterException"):
        app.idp.update_user_pool_client(
            UserPoolId=app.pool_id, ClientId=client["ClientId"], SupportedIdentityProviders=["Google", "COGNITO"]
        )


def test_a_client_without_the_pool_as_provider_still_signs_in_by_the_api(app: App) -> None:
    add(app, "Google", "Google", GOOGLE)
    client = app.client(SupportedIdentityProviders=["Google"])
    app.sign_up()
    assert app.sign_in(client_id=client["ClientId"])["AccessToken"]


def test_idp_initiated_sign_in_excludes_other_providers_than_saml(app: App) -> None:
    add_saml(app, "Starts", IDPInit="true")
    add_saml(app, "Waits")
    add(app, "Google", "Google", GOOGLE)
    for names in (["Starts", "COGNITO"], ["Starts", "Google"]):
        with refused("InvalidParameterException"):
            app.client(SupportedIdentityProviders=names)
    app.client(SupportedIdentityProviders=["Starts", "Waits"])
    app.client(SupportedIdentityProviders=["Waits", "COGNITO"])
    with refused("InvalidParameterException"):
        change(app, "Waits", ProviderDetails={"MetadataFile": metadata(), "IDPInit": "true"})
    assert "IDPInit" not in describe(app, "Waits")["ProviderDetails"]


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


@pytest.mark.operation("GetSigningCertificate")
def test_the_signing_certificate_stays_and_belongs_to_the_pool(app: App, inbox: Inbox) -> None:
    def certificate(of: App) -> str:
        return str(app.idp.get_signing_certificate(UserPoolId=of.pool_id)["Certificate"])

    first = certificate(app)
    parsed = x509.load_der_x509_certificate(base64.b64decode(first, validate=True))
    key = parsed.public_key()
    assert isinstance(key, RSAPublicKey)
    assert key.key_size == 2048
    assert timedelta(days=3640) < parsed.not_valid_after_utc - datetime.now(UTC) < timedelta(days=3660)
    parsed.verify_directly_issued_by(parsed)
    assert certificate(app) == first
    assert certificate(make_app(app.idp, inbox)) != first
    assert len(app.idp.list_user_pools(MaxResults=60)["UserPools"]) == 2


def test_the_signing_certificate_is_renewed_yearly_over_the_same_key(app: App, admin_key: tuple[str, str]) -> None:
    def read(moment: datetime) -> x509.Certificate:
        with time_machine.travel(moment):
            idp = boto.client("cognito-idp", admin_key)
            text = idp.get_signing_certificate(UserPoolId=app.pool_id)["Certificate"]
        return x509.load_der_x509_certificate(base64.b64decode(text))

    now = datetime.now(UTC)
    first, same, renewed = (read(now + timedelta(days=days)) for days in (0, 364, 366))
    assert same == first
    assert renewed != first
    assert renewed.public_key() == first.public_key()
    assert renewed.not_valid_after_utc > first.not_valid_after_utc


def test_the_signing_key_of_saml_is_not_published_for_tokens(app: App) -> None:
    app.idp.get_signing_certificate(UserPoolId=app.pool_id)
    assert len(Client().get(f"/{app.pool_id}/.well-known/jwks.json").json()["keys"]) == 2


def in_parallel(attempt: Callable[[int], Any], tries: int = 12) -> list[Any]:
    """Run something from many threads at once."""

    def one(number: int) -> Any:
        try:
            return attempt(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(tries) as pool:
        return list(pool.map(one, range(tries)))


@pytest.mark.django_db(transaction=True)
def test_all_who_ask_at_the_same_time_get_one_certificate(app: App, admin_key: tuple[str, str]) -> None:
    def ask(_: int) -> str:
        idp = boto.client("cognito-idp", admin_key)
        return str(idp.get_signing_certificate(UserPoolId=app.pool_id)["Certificate"])

    assert len(set(in_parallel(ask))) == 1
    assert SamlSigningKey.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_names_and_identifiers_are_taken_once_under_parallel_creations(app: App, admin_key: tuple[str, str]) -> None:
    def create(number: int) -> str:
        mine = App(boto.client("cognito-idp", admin_key), app.pool_id, app.client_id, app.inbox)
        name = "Same" if number % 2 else f"Own{number}"
        try:
            add(mine, name, "OIDC", OIDC, IdpIdentifiers=["same.com"] if number % 2 == 0 else [])
        except app.idp.exceptions.ClientError as error:
            return str(error.response["Error"]["Code"])
        return "ok"

    outcomes = in_parallel(create)
    assert sorted(outcomes[1::2]) == ["DuplicateProviderException"] * 5 + ["ok"]
    assert sorted(outcomes[0::2]) == ["InvalidParameterException"] * 5 + ["ok"]
