"""Credentials for tokens and assertions of identity providers."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.aws.sts import present
from cognito_app.services.sts import identity, saml
from cognito_app.services.sts.narrowing import Asked

Descriptors = list[dict[str, str]]


def asked(
    call: Call, seconds: int | None, policy: str | None, policy_arns: Descriptors | None, minimum_size: int
) -> Asked:
    """Return what a request asks of its session."""
    arns = [item["arn"] for item in policy_arns or () if "arn" in item]
    return Asked(seconds=seconds, document=policy, policy_arns=arns, minimum_size=minimum_size, ip=call.ip)


@operation("AssumeRoleWithWebIdentity")
def assume_role_with_web_identity(
    call: Call,
    *,
    RoleArn: str,
    RoleSessionName: str,
    WebIdentityToken: str,
    ProviderId: str | None = None,
    PolicyArns: Descriptors | None = None,
    Policy: str | None = None,
    DurationSeconds: int | None = None,
    MinimumSessionTokenSize: int = 0,
) -> dict[str, Any]:
    minted = identity.assume_with_token(
        asked(call, DurationSeconds, Policy, PolicyArns, MinimumSessionTokenSize),
        token=WebIdentityToken,
        role_arn=RoleArn,
        session_name=RoleSessionName,
        provider_id=ProviderId,
    )
    return {
        **present.role_session(minted),
        "SubjectFromWebIdentityToken": minted.subject,
        "Provider": minted.provider,
        "Audience": minted.audience,
    }


@operation("AssumeRoleWithSAML")
def assume_role_with_saml(
    call: Call,
    *,
    RoleArn: str,
    PrincipalArn: str,
    SAMLAssertion: str,
    PolicyArns: Descriptors | None = None,
    Policy: str | None = None,
    DurationSeconds: int | None = None,
    MinimumSessionTokenSize: int = 0,
) -> dict[str, Any]:
    minted = saml.assume(
        asked(call, DurationSeconds, Policy, PolicyArns, MinimumSessionTokenSize),
        encoded=SAMLAssertion,
        role_arn=RoleArn,
        provider_arn=PrincipalArn,
    )
    return {
        **present.role_session(minted),
        "Subject": minted.subject,
        "SubjectType": minted.subject_type,
        "Issuer": minted.provider,
        "Audience": minted.audience,
        "NameQualifier": minted.name_qualifier,
    }
