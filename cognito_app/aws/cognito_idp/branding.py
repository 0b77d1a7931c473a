"""Styles of managed login."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.errors import InvalidParameterException
from cognito_app.models import BrandingAsset, ManagedLoginBranding
from cognito_app.services.branding import styles
from cognito_app.services.branding.assets import Given

Assets = list[dict[str, Any]]


def present(row: ManagedLoginBranding, *, merged: bool = False) -> dict[str, Any]:
    """Return a ManagedLoginBrandingType."""
    return {
        "ManagedLoginBrandingId": str(row.id),
        "UserPoolId": row.pool_id,
        "UseCognitoProvidedValues": row.uses_defaults,
        "Settings": styles.merged_settings(row) if merged else row.settings or None,
        "Assets": [_present_asset(asset) for asset in row.assets.all()],
        "CreationDate": row.created_at,
        "LastModifiedDate": row.modified_at,
    }


def _present_asset(row: BrandingAsset) -> dict[str, Any]:
    return {
        "Category": row.category,
        "ColorMode": row.color_mode,
        "Extension": row.extension,
        "Bytes": bytes(row.content),
        "ResourceId": row.resource_id or None,
    }


def _given(assets: Assets | None) -> list[Given] | None:
    if assets is None:
        return None
    return [
        Given(item["Category"], item["ColorMode"], item["Extension"], item.get("Bytes"), item.get("ResourceId", ""))
        for item in assets
    ]


@operation("CreateManagedLoginBranding")
def create_managed_login_branding(
    call: Call,
    *,
    UserPoolId: str,
    ClientId: str,
    UseCognitoProvidedValues: bool | None = None,
    Settings: object = None,
    Assets: Assets | None = None,
) -> dict[str, Any]:
    created = styles.create(
        call.pool,
        call.actor,
        client_id=call.client.id,
        defaults=UseCognitoProvidedValues,
        document=Settings,
        images=_given(Assets),
    )
    return {"ManagedLoginBranding": present(created)}


@operation("DescribeManagedLoginBranding")
def describe_managed_login_branding(
    call: Call, *, UserPoolId: str, ManagedLoginBrandingId: str, ReturnMergedResources: bool = False
) -> dict[str, Any]:
    found = styles.find(call.pool, ManagedLoginBrandingId)
    return {"ManagedLoginBranding": present(found, merged=ReturnMergedResources)}


@operation("DescribeManagedLoginBrandingByClient")
def describe_managed_login_branding_by_client(
    call: Call, *, UserPoolId: str, ClientId: str, ReturnMergedResources: bool = False
) -> dict[str, Any]:
    found = styles.find_of_client(call.pool, call.client.id)
    return {"ManagedLoginBranding": present(found, merged=ReturnMergedResources)}


@operation("UpdateManagedLoginBranding")
def update_managed_login_branding(
    call: Call,
    *,
    UserPoolId: str | None = None,
    ManagedLoginBrandingId: str | None = None,
    UseCognitoProvidedValues: bool | None = None,
    Settings: object = None,
    Assets: Assets | None = None,
) -> dict[str, Any]:
    # The model requires neither, and without either there is nothing to change.
    if UserPoolId is None:
        raise InvalidParameterException("UserPoolId is required.")
    pool = call.pool
    if ManagedLoginBrandingId is None:
        raise InvalidParameterException("ManagedLoginBrandingId is required.")
    changed = styles.update(
        pool,
        call.actor,
        style_id=ManagedLoginBrandingId,
        defaults=UseCognitoProvidedValues,
        document=Settings,
        images=_given(Assets),
    )
    return {"ManagedLoginBranding": present(changed)}


@operation("DeleteManagedLoginBranding")
def delete_managed_login_branding(call: Call, *, ManagedLoginBrandingId: str, UserPoolId: str) -> None:
    styles.delete(call.pool, call.actor, ManagedLoginBrandingId)
