"""The security token service."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.services import sts


@operation("GetCallerIdentity")
def get_caller_identity(call: Call) -> dict[str, Any]:
    principal = call.principal
    assert principal is not None
    return {"UserId": principal.user_id, "Account": principal.account_id, "Arn": principal.arn}


@operation("AssumeRoleWithWebIdentity")
def assume_role_with_web_identity(
    call: Call,
    *,
    RoleArn: str,
    RoleSessionName: str,
    WebIdentityToken: str,
    Policy: str | None = None,
    DurationSeconds: int | None = None,
    **unused: Any,
) -> dict[str, Any]:
    assumed = sts.assume_with_identity_token(
        token=WebIdentityToken,
        role_arn=RoleArn,
        session_name=RoleSessionName,
        seconds=DurationSeconds,
        session_policy=Policy,
    )
    issued = assumed.issued
    return {
        "Credentials": {
            "AccessKeyId": issued.access_key_id,
            "SecretAccessKey": issued.secret,
            "SessionToken": issued.session_token,
            "Expiration": issued.expires_at,
        },
        "SubjectFromWebIdentityToken": assumed.subject,
        "AssumedRoleUser": {"AssumedRoleId": issued.assumed_role_id, "Arn": issued.arn},
        "Provider": sts.FEDERATED,
        "Audience": assumed.audience,
    }
