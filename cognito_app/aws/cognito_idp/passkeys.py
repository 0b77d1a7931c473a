"""Passkeys of the signed-in user."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.models import WebAuthnCredential
from cognito_app.services import passkeys


def present(row: WebAuthnCredential) -> dict[str, Any]:
    """Return a WebAuthnCredentialDescription."""
    return {
        "CredentialId": row.credential_id,
        "FriendlyCredentialName": row.friendly_name,
        "RelyingPartyId": row.relying_party_id,
        "AuthenticatorAttachment": row.attachment or None,
        "AuthenticatorTransports": row.transports,
        "CreatedAt": row.created_at,
    }


@operation("StartWebAuthnRegistration")
def start_web_authn_registration(call: Call, *, AccessToken: str) -> dict[str, Any]:
    grant = call.grant
    invitation = passkeys.start(grant.pool, grant.client, grant.user)
    return {"CredentialCreationOptions": passkeys.creation_options(grant.user, invitation)}


@operation("CompleteWebAuthnRegistration")
def complete_web_authn_registration(call: Call, *, AccessToken: str, Credential: Any) -> dict[str, Any]:
    grant = call.grant
    passkeys.complete(grant.pool, grant.client, call.actor, grant.user, document=Credential)
    return {}


@operation("ListWebAuthnCredentials")
def list_web_authn_credentials(
    call: Call, *, AccessToken: str, NextToken: str | None = None, MaxResults: int | None = None
) -> dict[str, Any]:
    found, token = passkeys.page(call.grant.user, limit=MaxResults, token=NextToken)
    return {"Credentials": [present(row) for row in found], "NextToken": token}


@operation("DeleteWebAuthnCredential")
def delete_web_authn_credential(call: Call, *, AccessToken: str, CredentialId: str) -> dict[str, Any]:
    grant = call.grant
    passkeys.delete(grant.pool, call.actor, grant.user, CredentialId)
    return {}
