"""CSS and logo of the classic hosted pages."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.models import UICustomization
from cognito_app.services.branding import customization


def present(row: UICustomization) -> dict[str, Any]:
    """Return a UICustomizationType."""
    return {
        "UserPoolId": row.pool_id,
        "ClientId": row.client_id,
        "ImageUrl": customization.image_url(row),
        "CSS": row.css or None,
        "CSSVersion": row.css_version,
        "LastModifiedDate": row.modified_at,
        "CreationDate": row.created_at,
    }


def _client_id(call: Call, given: str) -> str:
    return given if given == customization.ALL else call.client.id


@operation("GetUICustomization")
def get_ui_customization(call: Call, *, UserPoolId: str, ClientId: str = customization.ALL) -> dict[str, Any]:
    found = customization.find(call.pool, _client_id(call, ClientId))
    return {"UICustomization": present(found) if found else {}}


@operation("SetUICustomization")
def set_ui_customization(
    call: Call,
    *,
    UserPoolId: str,
    ClientId: str = customization.ALL,
    CSS: str | None = None,
    ImageFile: bytes | None = None,
) -> dict[str, Any]:
    client_id = _client_id(call, ClientId)
    stored = customization.put(call.pool, call.actor, client_id=client_id, css=CSS, image=ImageFile)
    return {"UICustomization": present(stored) if stored else {"UserPoolId": UserPoolId, "ClientId": client_id}}
