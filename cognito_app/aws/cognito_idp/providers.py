"""Identity providers, and the certificate that signs requests to them."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.models import IdentityProvider
from cognito_app.services import providers, signing_certificates


def present(row: IdentityProvider) -> dict[str, Any]:
    """Return an IdentityProviderType."""
    return {
        "UserPoolId": row.pool_id,
        "ProviderName": row.name,
        "ProviderType": row.type,
        "ProviderDetails": providers.shown_details(row),
        "AttributeMapping": row.attribute_mapping,
        "IdpIdentifiers": [item.identifier for item in row.identifiers.all()],
        "AcrMapping": row.acr_mapping or None,
        "LastModifiedDate": row.modified_at,
        "CreationDate": row.created_at,
    }


@operation("CreateIdentityProvider")
def create_identity_provider(
    call: Call,
    *,
    UserPoolId: str,
    ProviderName: str,
    ProviderType: str,
    ProviderDetails: dict[str, str],
    AttributeMapping: dict[str, str] | None = None,
    IdpIdentifiers: list[str] | None = None,
    AcrMapping: dict[str, str] | None = None,
) -> dict[str, Any]:
    created = providers.create(
        call.pool,
        call.actor,
        name=ProviderName,
        kind=ProviderType,
        details=ProviderDetails,
        attribute_mapping=AttributeMapping,
        identifiers=IdpIdentifiers,
        acr_mapping=AcrMapping,
    )
    return {"IdentityProvider": present(created)}


@operation("DescribeIdentityProvider")
def describe_identity_provider(call: Call, *, UserPoolId: str, ProviderName: str) -> dict[str, Any]:
    return {"IdentityProvider": present(providers.find(call.pool, ProviderName))}


@operation("GetIdentityProviderByIdentifier")
def get_identity_provider_by_identifier(call: Call, *, UserPoolId: str, IdpIdentifier: str) -> dict[str, Any]:
    return {"IdentityProvider": present(providers.find_by_identifier(call.pool, IdpIdentifier))}


@operation("UpdateIdentityProvider")
def update_identity_provider(
    call: Call,
    *,
    UserPoolId: str,
    ProviderName: str,
    ProviderDetails: dict[str, str] | None = None,
    AttributeMapping: dict[str, str] | None = None,
    IdpIdentifiers: list[str] | None = None,
    AcrMapping: dict[str, str] | None = None,
) -> dict[str, Any]:
    changed = providers.update(
        call.pool,
        call.actor,
        name=ProviderName,
        details=ProviderDetails,
        attribute_mapping=AttributeMapping,
        identifiers=IdpIdentifiers,
        acr_mapping=AcrMapping,
    )
    return {"IdentityProvider": present(changed)}


@operation("DeleteIdentityProvider")
def delete_identity_provider(call: Call, *, UserPoolId: str, ProviderName: str) -> None:
    providers.delete(call.pool, call.actor, name=ProviderName)


@operation("ListIdentityProviders")
def list_identity_providers(
    call: Call, *, UserPoolId: str, MaxResults: int | None = None, NextToken: str | None = None
) -> dict[str, Any]:
    found, token = providers.page(call.pool, limit=MaxResults, token=NextToken)
    return {"Providers": [_description(row) for row in found], "NextToken": token}


def _description(row: IdentityProvider) -> dict[str, Any]:
    return {
        "ProviderName": row.name,
        "ProviderType": row.type,
        "LastModifiedDate": row.modified_at,
        "CreationDate": row.created_at,
    }


@operation("GetSigningCertificate")
def get_signing_certificate(call: Call, *, UserPoolId: str) -> dict[str, Any]:
    return {"Certificate": signing_certificates.current(call.pool)}
