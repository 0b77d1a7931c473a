"""Managed policies and their versions."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.iam import present
from cognito_app.aws.iam.pages import page
from cognito_app.aws.iam.present import Tags
from cognito_app.aws.registry import operation
from cognito_app.core import clock
from cognito_app.services import aws_policies, policies


@operation("CreatePolicy")
def create_policy(
    call: Call,
    *,
    PolicyName: str,
    PolicyDocument: str,
    Path: str = "/",
    Description: str = "",
    Tags: Tags | None = None,
) -> dict[str, Any]:
    made = policies.create(
        call.actor,
        name=PolicyName,
        document=PolicyDocument,
        path=Path,
        description=Description,
        tags=present.read_tags(Tags),
    )
    return {"Policy": present.policy(made, 0)}


def _of_aws(arn: str) -> dict[str, Any]:
    return {
        "PolicyName": arn.rpartition("/")[2],
        "Arn": arn,
        "Path": "/",
        "DefaultVersionId": "v1",
        "AttachmentCount": policies.attachments(arn),
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
    }


@operation("GetPolicy")
def get_policy(call: Call, *, PolicyArn: str) -> dict[str, Any]:
    if PolicyArn in aws_policies.DOCUMENTS:
        return {"Policy": _of_aws(PolicyArn)}
    return {"Policy": present.policy(policies.find(PolicyArn), policies.attachments(PolicyArn))}


@operation("DeletePolicy")
def delete_policy(call: Call, *, PolicyArn: str) -> None:
    policies.delete(call.actor, PolicyArn)


@operation("ListPolicies")
def list_policies(
    call: Call,
    *,
    Scope: str = "All",
    OnlyAttached: bool = False,
    PathPrefix: str = "/",
    PolicyUsageFilter: str | None = None,
    Marker: str | None = None,
    MaxItems: int | None = None,
) -> dict[str, Any]:
    counts = policies.attachment_counts()
    rows: list[dict[str, Any]] = []
    if Scope in ("All", "Local"):
        rows += [present.policy(row, counts.get(policies.arn_of(row), 0), listed=True) for row in policies.listed()]
    if Scope in ("All", "AWS"):
        rows += [{**_of_aws(arn), "AttachmentCount": counts.get(arn, 0)} for arn in aws_policies.DOCUMENTS]
    kept = [
        row
        for row in rows
        if row["Path"].startswith(PathPrefix)
        and (row["AttachmentCount"] or not OnlyAttached)
        and PolicyUsageFilter != "PermissionsBoundary"
    ]
    found, more = page(
        kept,
        scope=f"ListPolicies:{Scope}:{OnlyAttached}:{PathPrefix}:{PolicyUsageFilter}",
        name=lambda row: f"{row['PolicyName']}:{row['Arn'].split(':')[4]}",
        marker=Marker,
        limit=MaxItems,
    )
    return {"Policies": found, **more}


@operation("CreatePolicyVersion")
def create_policy_version(
    call: Call, *, PolicyArn: str, PolicyDocument: str, SetAsDefault: bool = False
) -> dict[str, Any]:
    row, version = policies.add_version(call.actor, PolicyArn, document=PolicyDocument, as_default=SetAsDefault)
    return {"PolicyVersion": present.version(row, version, row.versions[version], with_document=False)}


@operation("GetPolicyVersion")
def get_policy_version(call: Call, *, PolicyArn: str, VersionId: str) -> dict[str, Any]:
    if PolicyArn in aws_policies.DOCUMENTS and VersionId == "v1":
        held = present.document(aws_policies.DOCUMENTS[PolicyArn])
        since = clock.from_epoch(0)
        return {"PolicyVersion": {"Document": held, "VersionId": "v1", "IsDefaultVersion": True, "CreateDate": since}}
    row, found = policies.version_of(PolicyArn, VersionId)
    return {"PolicyVersion": present.version(row, VersionId, found, with_document=True)}


@operation("ListPolicyVersions")
def list_policy_versions(
    call: Call, *, PolicyArn: str, Marker: str | None = None, MaxItems: int | None = None
) -> dict[str, Any]:
    row = policies.find(PolicyArn)
    found, more = page(
        row.versions, scope=f"ListPolicyVersions:{row.name}", name=lambda name: name, marker=Marker, limit=MaxItems
    )
    versions = [present.version(row, name, row.versions[name], with_document=False) for name in found]
    return {"Versions": versions, **more}


@operation("SetDefaultPolicyVersion")
def set_default_policy_version(call: Call, *, PolicyArn: str, VersionId: str) -> None:
    policies.set_default_version(call.actor, PolicyArn, VersionId)


@operation("DeletePolicyVersion")
def delete_policy_version(call: Call, *, PolicyArn: str, VersionId: str) -> None:
    policies.delete_version(call.actor, PolicyArn, VersionId)
