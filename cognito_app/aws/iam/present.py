"""IAM's structures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from cognito_app.core import clock
from cognito_app.errors import InvalidInput
from cognito_app.models import ManagedPolicy, Role
from cognito_app.services import policies, roles

Tags = list[dict[str, str]]


def document(held: Mapping[str, Any]) -> str:
    """Return a policy document as IAM sends it: JSON, percent-encoded (RFC 3986)."""
    return quote(orjson.dumps(held).decode(), safe="")


def read_tags(tags: Tags | None) -> dict[str, str]:
    """Return tags by key. Raises InvalidInput."""
    given = [(tag["Key"], tag.get("Value", "")) for tag in tags or ()]
    if len({key.lower() for key, _ in given}) != len(given):
        raise InvalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    return dict(given)


def tags(held: Mapping[str, str]) -> Tags | None:
    """Return the Tags structure, or None without tags."""
    return [{"Key": key, "Value": str(value)} for key, value in held.items()] or None


def role(row: Role, *, listed: bool = False) -> dict[str, Any]:
    """Return the Role structure; lists leave out the tags."""
    return {
        "Path": row.path,
        "RoleName": row.name,
        "RoleId": row.role_id,
        "Arn": roles.arn_of(row),
        "CreateDate": row.created_at,
        "AssumeRolePolicyDocument": document(row.trust_policy),
        "Description": row.description or None,
        "MaxSessionDuration": row.max_session_duration,
        "Tags": None if listed else tags(row.tags),
    }


def policy(row: ManagedPolicy, attached: int, *, listed: bool = False) -> dict[str, Any]:
    """Return the Policy structure; lists leave out description and tags."""
    return {
        "PolicyName": row.name,
        "PolicyId": row.policy_id,
        "Arn": policies.arn_of(row),
        "Path": row.path,
        "DefaultVersionId": row.default_version,
        "AttachmentCount": attached,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": row.created_at,
        "UpdateDate": row.modified_at,
        "Description": None if listed else row.description or None,
        "Tags": None if listed else tags(row.tags),
    }


def version(row: ManagedPolicy, name: str, held: Mapping[str, Any], *, with_document: bool) -> dict[str, Any]:
    """Return the PolicyVersion structure."""
    return {
        "Document": document(held["document"]) if with_document else None,
        "VersionId": name,
        "IsDefaultVersion": name == row.default_version,
        "CreateDate": clock.from_epoch(held["created_at"]),
    }
