"""Identities, their tokens and credentials."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.services import identities, identity_credentials
from cognito_app.services.identities import Described


def present(found: Described) -> dict[str, Any]:
    """Return an IdentityDescription."""
    return {
        "IdentityId": found.row.pk,
        "Logins": found.providers or None,
        "CreationDate": found.row.created_at,
        "LastModifiedDate": found.row.modified_at,
    }


@operation("GetId")
def get_id(
    call: Call, *, IdentityPoolId: str, AccountId: str | None = None, Logins: dict[str, str] | None = None
) -> dict[str, Any]:
    return {"IdentityId": identities.get_id(IdentityPoolId, Logins or {}, AccountId)}


@operation("GetOpenIdToken")
def get_open_id_token(call: Call, *, IdentityId: str, Logins: dict[str, str] | None = None) -> dict[str, Any]:
    identity_id, token = identity_credentials.open_id_token(IdentityId, Logins or {})
    return {"IdentityId": identity_id, "Token": token}


@operation("GetCredentialsForIdentity")
def get_credentials_for_identity(
    call: Call, *, IdentityId: str, Logins: dict[str, str] | None = None, CustomRoleArn: str | None = None
) -> dict[str, Any]:
    identity_id, issued = identity_credentials.for_identity(IdentityId, Logins or {}, CustomRoleArn)
    return {
        "IdentityId": identity_id,
        "Credentials": {
            "AccessKeyId": issued.access_key_id,
            "SecretKey": issued.secret,
            "SessionToken": issued.session_token,
            "Expiration": issued.expires_at,
        },
    }


@operation("UnlinkIdentity")
def unlink_identity(call: Call, *, IdentityId: str, Logins: dict[str, str], LoginsToRemove: list[str]) -> None:
    identities.unlink(call.actor, IdentityId, Logins, LoginsToRemove)


@operation("DescribeIdentity")
def describe_identity(call: Call, *, IdentityId: str) -> dict[str, Any]:
    return present(identities.describe(IdentityId))


@operation("ListIdentities")
def list_identities(
    call: Call, *, IdentityPoolId: str, MaxResults: int, NextToken: str | None = None, HideDisabled: bool = False
) -> dict[str, Any]:
    found, token = identities.page(IdentityPoolId, hide_disabled=HideDisabled, limit=MaxResults, token=NextToken)
    return {"IdentityPoolId": IdentityPoolId, "Identities": [present(item) for item in found], "NextToken": token}


@operation("DeleteIdentities")
def delete_identities(call: Call, *, IdentityIdsToDelete: list[str]) -> dict[str, Any]:
    identities.delete(call.actor, IdentityIdsToDelete)
    return {"UnprocessedIdentityIds": []}
