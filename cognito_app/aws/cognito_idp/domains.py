"""Domains."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.conf import app_settings
from cognito_app.models import Domain
from cognito_app.services import domains


@operation("CreateUserPoolDomain")
def create_user_pool_domain(
    call: Call,
    *,
    Domain: str,
    UserPoolId: str,
    ManagedLoginVersion: int | None = None,
    CustomDomainConfig: dict[str, str] | None = None,
    **unused: Any,
) -> dict[str, Any]:
    created = domains.create(
        call.pool,
        call.actor,
        name=Domain,
        certificate_arn=(CustomDomainConfig or {}).get("CertificateArn"),
        managed_login_version=ManagedLoginVersion,
    )
    return {"ManagedLoginVersion": ManagedLoginVersion, "CloudFrontDomain": created.distribution or None}


@operation("DescribeUserPoolDomain")
def describe_user_pool_domain(call: Call, *, Domain: str) -> dict[str, Any]:
    found = domains.find(Domain)
    return {"DomainDescription": _present(found) if found else {}}


@operation("UpdateUserPoolDomain")
def update_user_pool_domain(
    call: Call,
    *,
    Domain: str,
    UserPoolId: str,
    ManagedLoginVersion: int | None = None,
    CustomDomainConfig: dict[str, str] | None = None,
    **unused: Any,
) -> dict[str, Any]:
    changed = domains.update(
        call.pool,
        call.actor,
        name=Domain,
        certificate_arn=(CustomDomainConfig or {}).get("CertificateArn"),
        managed_login_version=ManagedLoginVersion,
    )
    return {"ManagedLoginVersion": changed.managed_login_version, "CloudFrontDomain": changed.distribution or None}


@operation("DeleteUserPoolDomain")
def delete_user_pool_domain(call: Call, *, Domain: str, UserPoolId: str) -> dict[str, Any]:
    domains.delete(call.pool, call.actor, name=Domain)
    return {}


def _present(row: Domain) -> dict[str, Any]:
    return {
        "UserPoolId": row.pool_id,
        "AWSAccountId": app_settings.account_id,
        "Domain": row.name,
        "S3Bucket": "self-hosted",
        "CloudFrontDistribution": row.distribution,
        "Version": row.version,
        "Status": "ACTIVE",
        "CustomDomainConfig": {"CertificateArn": row.certificate_arn} if row.is_custom else {},
        "ManagedLoginVersion": row.managed_login_version,
    }
