"""Credentials for those who have some: roles, users' sessions, federated users; and who one is."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.aws.sts import present
from cognito_app.aws.sts.tokens import Descriptors, asked
from cognito_app.conf import app_settings
from cognito_app.errors import AccessDenied, ValidationError
from cognito_app.services.principals import Principal
from cognito_app.services.sts import roles, users

Tags = list[dict[str, str]]


def _signer(call: Call) -> Principal:
    assert call.principal is not None
    return call.principal


def _pairs(tags: Tags | None) -> list[tuple[str, str]]:
    return [(tag["Key"], tag.get("Value", "")) for tag in tags or ()]


@operation("GetCallerIdentity")
def get_caller_identity(call: Call) -> dict[str, Any]:
    principal = _signer(call)
    return {"UserId": principal.user_id, "Account": principal.account_id, "Arn": principal.arn}


@operation("AssumeRole")
def assume_role(
    call: Call,
    *,
    RoleArn: str,
    RoleSessionName: str,
    PolicyArns: Descriptors | None = None,
    Policy: str | None = None,
    DurationSeconds: int | None = None,
    Tags: Tags | None = None,
    TransitiveTagKeys: list[str] | None = None,
    ExternalId: str | None = None,
    SerialNumber: str | None = None,
    TokenCode: str | None = None,
    SourceIdentity: str | None = None,
    ProvidedContexts: list[dict[str, str]] | None = None,
    MinimumSessionTokenSize: int = 0,
) -> dict[str, Any]:
    if ProvidedContexts:
        raise ValidationError("ProvidedContexts are not supported.")
    if SerialNumber or TokenCode:
        raise AccessDenied("MultiFactorAuthentication failed with invalid MFA one time pass code.")
    minted = roles.assume(
        _signer(call),
        asked(call, DurationSeconds, Policy, PolicyArns, MinimumSessionTokenSize),
        role_arn=RoleArn,
        session_name=RoleSessionName,
        tags=_pairs(Tags),
        transitive=TransitiveTagKeys or (),
        external_id=ExternalId,
        source_identity=SourceIdentity,
    )
    return present.role_session(minted)


@operation("GetSessionToken")
def get_session_token(
    call: Call,
    *,
    DurationSeconds: int | None = None,
    SerialNumber: str | None = None,
    TokenCode: str | None = None,
    MinimumSessionTokenSize: int = 0,
) -> dict[str, Any]:
    minted = users.session_token(
        _signer(call),
        seconds=DurationSeconds,
        with_device=bool(SerialNumber or TokenCode),
        minimum_size=MinimumSessionTokenSize,
    )
    return present.session(minted)


@operation("GetFederationToken")
def get_federation_token(
    call: Call,
    *,
    Name: str,
    Policy: str | None = None,
    PolicyArns: Descriptors | None = None,
    DurationSeconds: int | None = None,
    Tags: Tags | None = None,
    MinimumSessionTokenSize: int = 0,
) -> dict[str, Any]:
    minted = users.federation_token(
        _signer(call),
        asked(call, DurationSeconds, Policy, PolicyArns, MinimumSessionTokenSize),
        name=Name,
        tags=_pairs(Tags),
    )
    issued = minted.issued
    return {
        **present.session(minted),
        "FederatedUser": {"FederatedUserId": issued.assumed_role_id, "Arn": issued.arn},
    }


@operation("GetAccessKeyInfo")
def get_access_key_info(call: Call, *, AccessKeyId: str) -> dict[str, Any]:
    return {"Account": users.account_of_key(AccessKeyId, app_settings.account_id)}
