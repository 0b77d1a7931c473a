"""Identity providers: OpenID Connect and SAML."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.iam import present
from cognito_app.aws.iam.present import Tags
from cognito_app.aws.registry import operation
from cognito_app.errors import InvalidInput
from cognito_app.services import oidc_providers, saml_providers

NO_ENCRYPTION = "Encrypted assertions are not supported."


@operation("CreateOpenIDConnectProvider")
def create_open_id_connect_provider(
    call: Call,
    *,
    Url: str,
    ClientIDList: list[str] | None = None,
    ThumbprintList: list[str] | None = None,
    Tags: Tags | None = None,
) -> dict[str, Any]:
    made = oidc_providers.create(
        call.actor,
        url=Url,
        client_ids=ClientIDList or (),
        thumbprints=ThumbprintList or (),
        tags=present.read_tags(Tags),
    )
    return {"OpenIDConnectProviderArn": oidc_providers.arn_of(made), "Tags": present.tags(made.tags)}


@operation("GetOpenIDConnectProvider")
def get_open_id_connect_provider(call: Call, *, OpenIDConnectProviderArn: str) -> dict[str, Any]:
    row = oidc_providers.find(OpenIDConnectProviderArn)
    return {
        "Url": row.name,
        "ClientIDList": row.client_ids,
        "ThumbprintList": row.thumbprints,
        "CreateDate": row.created_at,
        "Tags": present.tags(row.tags),
    }


@operation("DeleteOpenIDConnectProvider")
def delete_open_id_connect_provider(call: Call, *, OpenIDConnectProviderArn: str) -> None:
    oidc_providers.delete(call.actor, OpenIDConnectProviderArn)


@operation("ListOpenIDConnectProviders")
def list_open_id_connect_providers(call: Call) -> dict[str, Any]:
    return {"OpenIDConnectProviderList": [{"Arn": oidc_providers.arn_of(row)} for row in oidc_providers.listed()]}


@operation("AddClientIDToOpenIDConnectProvider")
def add_client_id_to_open_id_connect_provider(call: Call, *, OpenIDConnectProviderArn: str, ClientID: str) -> None:
    oidc_providers.add_client_id(call.actor, OpenIDConnectProviderArn, ClientID)


@operation("RemoveClientIDFromOpenIDConnectProvider")
def remove_client_id_from_open_id_connect_provider(call: Call, *, OpenIDConnectProviderArn: str, ClientID: str) -> None:
    oidc_providers.remove_client_id(call.actor, OpenIDConnectProviderArn, ClientID)


@operation("CreateSAMLProvider")
def create_saml_provider(
    call: Call,
    *,
    SAMLMetadataDocument: str,
    Name: str,
    Tags: Tags | None = None,
    AssertionEncryptionMode: str | None = None,
    AddPrivateKey: str | None = None,
) -> dict[str, Any]:
    if AssertionEncryptionMode or AddPrivateKey:
        raise InvalidInput(NO_ENCRYPTION)
    made = saml_providers.create(call.actor, name=Name, metadata=SAMLMetadataDocument, tags=present.read_tags(Tags))
    return {"SAMLProviderArn": saml_providers.arn_of(made), "Tags": present.tags(made.tags)}


@operation("GetSAMLProvider")
def get_saml_provider(call: Call, *, SAMLProviderArn: str) -> dict[str, Any]:
    row = saml_providers.find(SAMLProviderArn)
    return {
        "SAMLMetadataDocument": row.document,
        "CreateDate": row.created_at,
        "ValidUntil": row.valid_until,
        "Tags": present.tags(row.tags),
    }


@operation("UpdateSAMLProvider")
def update_saml_provider(
    call: Call,
    *,
    SAMLProviderArn: str,
    SAMLMetadataDocument: str | None = None,
    AssertionEncryptionMode: str | None = None,
    AddPrivateKey: str | None = None,
    RemovePrivateKey: str | None = None,
) -> dict[str, Any]:
    if AssertionEncryptionMode or AddPrivateKey or RemovePrivateKey:
        raise InvalidInput(NO_ENCRYPTION)
    if SAMLMetadataDocument is not None:
        saml_providers.update(call.actor, SAMLProviderArn, metadata=SAMLMetadataDocument)
    return {"SAMLProviderArn": saml_providers.arn_of(saml_providers.find(SAMLProviderArn))}


@operation("DeleteSAMLProvider")
def delete_saml_provider(call: Call, *, SAMLProviderArn: str) -> None:
    saml_providers.delete(call.actor, SAMLProviderArn)


@operation("ListSAMLProviders")
def list_saml_providers(call: Call) -> dict[str, Any]:
    rows = [
        {"Arn": saml_providers.arn_of(row), "ValidUntil": row.valid_until, "CreateDate": row.created_at}
        for row in saml_providers.listed()
    ]
    return {"SAMLProviderList": rows}
