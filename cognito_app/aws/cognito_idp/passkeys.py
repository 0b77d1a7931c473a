"""Passkeys of the signed-in user."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.core import webauthn
from cognito_app.models import PoolUser, WebAuthnCredential
from cognito_app.services import passkeys
from cognito_app.services.passkeys import Invitation

TIMEOUT_MILLISECONDS = 60_000


def creation_options(user: PoolUser, invitation: Invitation) -> dict[str, Any]:
    """Return a PublicKeyCredentialCreationOptionsJSON (WebAuthn level 3, section 5.1.8) as AWS fills it."""
    return {
        "authenticatorSelection": {
            "requireResidentKey": True,
            "residentKey": "required",
            "userVerification": invitation.party.user_verification,
        },
        "challenge": webauthn.to_text(invitation.challenge),
        "excludeCredentials": [{"id": known, "type": "public-key"} for known in invitation.registered],
        "pubKeyCredParams": [{"alg": int(alg), "type": "public-key"} for alg in webauthn.ALGORITHMS],
        "rp": {"id": invitation.party.id, "name": invitation.party.id},
        "timeout": TIMEOUT_MILLISECONDS,
        "user": {
            "displayName": user.username,
            "id": webauthn.to_text(user.sub.encode()),
            "name": user.username,
        },
    }


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
    return {"CredentialCreationOptions": creation_options(grant.user, invitation)}


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
