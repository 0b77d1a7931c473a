"""Identity providers: details of each type, names, identifiers, mappings."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection

from cognito_app.models import AuditEvent, IdentityProvider
from cognito_app.services import providers
from tests.clients import boto
from tests.clients.parallel import in_parallel
from tests.clients.providers import (
    GOOGLE,
    OIDC,
    add,
    add_saml,
    change,
    describe,
    metadata,
)
from tests.conftest import App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db


APPLE = {
    "client_id": "com.example.app",
    "team_id": "T1",
    "key_id": "K1",
    "private_key": "secret-apple-key",
    "authorize_scopes": "email name",
}


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
    calls: list[Callable[[], Any]] = [
        lambda: idp.list_identity_providers(**unknown),
        lambda: idp.get_signing_certificate(**unknown),
        lambda: idp.delete_identity_provider(**unknown, ProviderName="abc"),
        lambda: idp.get_identity_provider_by_identifier(**unknown, IdpIdentifier="abc"),
    ]
    for call in calls:
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
    calls: list[Callable[[], Any]] = [
        lambda: describe(app, "MyOIDC"),
        lambda: app.idp.get_identity_provider_by_identifier(UserPoolId=app.pool_id, IdpIdentifier="example.com"),
        lambda: app.idp.delete_identity_provider(UserPoolId=app.pool_id, ProviderName="MyOIDC"),
    ]
    for call in calls:
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
