"""Identities, their tokens and credentials."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.services import identities, identity_credentials


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
