"""Developer authenticated identities."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.services import developer_identities


@operation("GetOpenIdTokenForDeveloperIdentity")
def get_open_id_token_for_developer_identity(
    call: Call,
    *,
    IdentityPoolId: str,
    Logins: dict[str, str],
    IdentityId: str | None = None,
    PrincipalTags: dict[str, str] | None = None,
    TokenDuration: int | None = None,
) -> dict[str, Any]:
    identity_id, token = developer_identities.open_id_token(
        IdentityPoolId, IdentityId, Logins, tags=PrincipalTags, seconds=TokenDuration
    )
    return {"IdentityId": identity_id, "Token": token}


@operation("LookupDeveloperIdentity")
def lookup_developer_identity(
    call: Call,
    *,
    IdentityPoolId: str,
    IdentityId: str | None = None,
    DeveloperUserIdentifier: str | None = None,
    MaxResults: int | None = None,
    NextToken: str | None = None,
) -> dict[str, Any]:
    identity_id, identifiers, token = developer_identities.lookup(
        IdentityPoolId, IdentityId, DeveloperUserIdentifier, limit=MaxResults, token=NextToken
    )
    return {"IdentityId": identity_id, "DeveloperUserIdentifierList": identifiers, "NextToken": token}


@operation("MergeDeveloperIdentities")
def merge_developer_identities(
    call: Call,
    *,
    SourceUserIdentifier: str,
    DestinationUserIdentifier: str,
    DeveloperProviderName: str,
    IdentityPoolId: str,
) -> dict[str, Any]:
    identity_id = developer_identities.merge(
        call.actor,
        IdentityPoolId,
        DeveloperProviderName,
        source=SourceUserIdentifier,
        destination=DestinationUserIdentifier,
    )
    return {"IdentityId": identity_id}


@operation("UnlinkDeveloperIdentity")
def unlink_developer_identity(
    call: Call, *, IdentityId: str, IdentityPoolId: str, DeveloperProviderName: str, DeveloperUserIdentifier: str
) -> None:
    developer_identities.unlink(call.actor, IdentityPoolId, IdentityId, DeveloperProviderName, DeveloperUserIdentifier)
