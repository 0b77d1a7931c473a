"""STS's structures."""

from __future__ import annotations

from typing import Any

from cognito_app.services.credentials import Issued
from cognito_app.services.sts.minting import LARGEST_TOKEN, Minted


def credentials(issued: Issued) -> dict[str, Any]:
    """Return the Credentials structure."""
    return {
        "AccessKeyId": issued.access_key_id,
        "SecretAccessKey": issued.secret,
        "SessionToken": issued.session_token,
        "Expiration": issued.expires_at,
    }


def session(minted: Minted) -> dict[str, Any]:
    """Return the members that all answers with credentials have."""
    size = len(minted.issued.session_token)
    return {
        "Credentials": credentials(minted.issued),
        "SessionTokenSize": size,
        "SessionTokenUtilization": size * 100 // LARGEST_TOKEN,
        "PackedPolicySize": minted.packed_percent,
    }


def role_session(minted: Minted) -> dict[str, Any]:
    """Return the members that all answers with a role's credentials have."""
    issued = minted.issued
    return {
        **session(minted),
        "AssumedRoleUser": {"AssumedRoleId": issued.assumed_role_id, "Arn": issued.arn},
        "SourceIdentity": minted.source_identity,
    }
