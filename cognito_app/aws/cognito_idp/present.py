"""Users, codes and tokens with AWS's member names."""

from __future__ import annotations

from typing import Any

from cognito_app.models import Group, PoolUser
from cognito_app.models.user_rows import UserSummary
from cognito_app.services import attributes, mfa_preferences
from cognito_app.services.delivery import CodeDelivery
from cognito_app.services.device_tracking import NewDevice
from cognito_app.services.mfa_rules import SMS
from cognito_app.services.sign_in.state import Challenge
from cognito_app.services.tokens import Tokens


def user(row: PoolUser | UserSummary, names: list[str] | None = None) -> dict[str, Any]:
    """Return a UserType; ``names`` limits the attributes."""
    shown = row.attributes if names is None else {n: v for n, v in row.attributes.items() if n in names}
    return {
        "Username": row.username,
        "Attributes": attributes.to_wire(shown),
        "UserCreateDate": row.created_at,
        "UserLastModifiedDate": row.modified_at,
        "Enabled": row.enabled,
        "UserStatus": row.status,
        "MFAOptions": mfa_options(row),
    }


def mfa_options(row: PoolUser | UserSummary) -> list[dict[str, str]] | None:
    """Return the legacy MFAOptions, which know SMS alone, or None."""
    if SMS not in mfa_preferences.of(row.mfa).enabled:
        return None
    return [{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}]


def mfa(row: PoolUser) -> dict[str, Any]:
    """Return a user's second factors; what there is none of is absent."""
    found = mfa_preferences.of(row.mfa)
    return {
        "MFAOptions": mfa_options(row),
        "PreferredMfaSetting": found.preferred,
        "UserMFASettingList": list(found.enabled) or None,
    }


def group(row: Group) -> dict[str, Any]:
    """Return a GroupType."""
    return {
        "GroupName": row.name,
        "UserPoolId": row.pool_id,
        "Description": row.description,
        "RoleArn": row.role_arn,
        "Precedence": row.precedence,
        "LastModifiedDate": row.modified_at,
        "CreationDate": row.created_at,
    }


def code_delivery(details: CodeDelivery) -> dict[str, str]:
    """Return a CodeDeliveryDetailsType."""
    return {
        "Destination": details.destination,
        "DeliveryMedium": details.medium,
        "AttributeName": details.attribute,
    }


def tokens(issued: Tokens) -> dict[str, Any]:
    """Return an AuthenticationResultType."""
    return {
        "AccessToken": issued.access,
        "ExpiresIn": issued.expires_in,
        "TokenType": "Bearer",
        "RefreshToken": issued.refresh,
        "IdToken": issued.id,
        "NewDeviceMetadata": new_device(issued.new_device) if issued.new_device else None,
    }


def new_device(made: NewDevice) -> dict[str, str]:
    """Return a NewDeviceMetadataType."""
    return {"DeviceKey": made.key, "DeviceGroupKey": made.group_key}


def outcome(result: Challenge | Tokens) -> dict[str, Any]:
    """Return the answer to InitiateAuth and RespondToAuthChallenge."""
    if isinstance(result, Tokens):
        return {"ChallengeParameters": {}, "AuthenticationResult": tokens(result)}
    return {
        "ChallengeName": result.name,
        "Session": result.session,
        "ChallengeParameters": result.parameters,
        "AvailableChallenges": list(result.available) or None,
    }
