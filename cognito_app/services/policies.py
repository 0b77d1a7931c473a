"""Managed policies: kept apart from roles, attached to them, with up to five versions.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from cognito_app.conf import app_settings
from cognito_app.core import clock, ids, policy
from cognito_app.core.policy import Policy
from cognito_app.errors import DeleteConflict, EntityAlreadyExists, InvalidInput, LimitExceeded, NoSuchEntity
from cognito_app.models import ManagedPolicy, PolicyAttachment
from cognito_app.services import aws_policies, stamps
from cognito_app.services.actor import Actor, audit
from cognito_app.services.iam_memory import Memory

MAX_POLICIES = 1500
MAX_VERSIONS = 5
MAX_CHARS = 6144

_policies: Memory[ManagedPolicy] = Memory(lambda: {row.name: row for row in ManagedPolicy.objects.all()})
_compiled: Memory[Policy] = Memory(
    lambda: {arn_of(row): policy.parse(document_of(row)) for row in ManagedPolicy.objects.all()}
)
_of_aws = {arn: policy.parse(document) for arn, document in aws_policies.DOCUMENTS.items()}


def arn_of(row: ManagedPolicy) -> str:
    """Return a policy's ARN."""
    return f"arn:aws:iam::{app_settings.account_id}:policy{row.path}{row.name}"


def document_of(row: ManagedPolicy) -> dict[str, Any]:
    """Return the document in force."""
    return dict(row.versions[row.default_version]["document"])


def in_force(arn: str) -> Policy | None:
    """Return the policy of an ARN, ours or AWS's, ready to decide by; None if there is none."""
    return _of_aws.get(arn) or _compiled.get(arn)


def find(arn: str) -> ManagedPolicy:
    """Return a policy of this account. Raises InvalidInput or NoSuchEntity."""
    if not arn.startswith("arn:aws:iam::") or ":policy/" not in arn:
        raise InvalidInput(f"ARN {arn} is not valid.")
    found = _policies.get(arn.rpartition("/")[2])
    if found is None or arn_of(found) != arn:
        raise NoSuchEntity(f"Policy {arn} was not found.")
    return found


def listed() -> list[ManagedPolicy]:
    """Return the account's policies in the order of their names."""
    return list(_policies.all().values())


def attachments(arn: str) -> int:
    """Return how many roles a policy is attached to."""
    return PolicyAttachment.objects.filter(policy_arn=arn).count()


def attachment_counts() -> dict[str, int]:
    """Return how many roles each attached policy is attached to."""
    counts: dict[str, int] = {}
    for arn in PolicyAttachment.objects.values_list("policy_arn", flat=True):
        counts[arn] = counts.get(arn, 0) + 1
    return counts


def create(
    actor: Actor,
    *,
    name: str,
    document: str,
    path: str = "/",
    description: str = "",
    tags: Mapping[str, str] | None = None,
) -> ManagedPolicy:
    """Create a policy. Raises MalformedPolicyDocument, EntityAlreadyExists or LimitExceeded."""
    read = _read(document)
    if len(_policies.all()) >= MAX_POLICIES:
        raise LimitExceeded(f"Cannot exceed quota for PoliciesPerAccount: {MAX_POLICIES}")
    now = clock.now()
    try:
        with transaction.atomic():
            row = ManagedPolicy(
                name=name,
                policy_id=ids.unique_id("ANPA"),
                path=path,
                description=description,
                versions={"v1": {"document": read, "created_at": now.timestamp()}},
                tags=dict(tags or {}),
                created_at=now,
                modified_at=now,
            )
            row.save(force_insert=True)
            stamps.bump(stamps.IAM)
            audit(actor, "CreatePolicy", subject=name)
    except IntegrityError:
        raise EntityAlreadyExists(f"A policy called {name} already exists. Duplicate names are not allowed.") from None
    return row


def _read(document: str) -> dict[str, Any]:
    read = policy.read_text(document)
    if len("".join(document.split())) > MAX_CHARS:
        raise LimitExceeded(f"Cannot exceed quota for PolicySize: {MAX_CHARS}")
    return read


@transaction.atomic
def add_version(actor: Actor, arn: str, *, document: str, as_default: bool) -> tuple[ManagedPolicy, str]:
    """Add a version. Raises InvalidInput, NoSuchEntity, MalformedPolicyDocument or LimitExceeded."""
    read = _read(document)
    row = _locked(arn)
    if len(row.versions) >= MAX_VERSIONS:
        raise LimitExceeded(
            f"A managed policy can have up to {MAX_VERSIONS} versions. Before you create a new version, you must "
            "delete an existing version."
        )
    row.last_version += 1
    version = f"v{row.last_version}"
    row.versions = {**row.versions, version: {"document": read, "created_at": clock.now().timestamp()}}
    if as_default:
        row.default_version = version
    _store(actor, "CreatePolicyVersion", row)
    return row, version


@transaction.atomic
def replace(actor: Actor, arn: str, *, document: str) -> None:
    """Put a new version in force; of five, the oldest other one goes.

    Raises InvalidInput, NoSuchEntity, MalformedPolicyDocument or LimitExceeded.
    """
    row = _locked(arn)
    others = sorted((name for name in row.versions if name != row.default_version), key=lambda name: int(name[1:]))
    if len(row.versions) >= MAX_VERSIONS:
        delete_version(actor, arn, others[0])
    add_version(actor, arn, document=document, as_default=True)


@transaction.atomic
def set_default_version(actor: Actor, arn: str, version: str) -> None:
    """Put a version in force. Raises InvalidInput or NoSuchEntity."""
    row = _locked(arn)
    _check_version(row, arn, version)
    row.default_version = version
    _store(actor, "SetDefaultPolicyVersion", row)


@transaction.atomic
def delete_version(actor: Actor, arn: str, version: str) -> None:
    """Delete a version that is not in force. Raises InvalidInput, NoSuchEntity or DeleteConflict."""
    row = _locked(arn)
    _check_version(row, arn, version)
    if version == row.default_version:
        raise DeleteConflict("Cannot delete the default version of a policy.")
    row.versions = {name: held for name, held in row.versions.items() if name != version}
    _store(actor, "DeletePolicyVersion", row)


def version_of(arn: str, version: str) -> tuple[ManagedPolicy, dict[str, Any]]:
    """Return a policy and one of its versions. Raises InvalidInput or NoSuchEntity."""
    row = find(arn)
    _check_version(row, arn, version)
    return row, dict(row.versions[version])


def _check_version(row: ManagedPolicy, arn: str, version: str) -> None:
    if version not in row.versions:
        raise NoSuchEntity(f"Policy {arn} version {version} does not exist or is not attachable.")


@transaction.atomic
def delete(actor: Actor, arn: str) -> None:
    """Delete a policy that is attached to nothing and has one version.

    Raises InvalidInput, NoSuchEntity or DeleteConflict.
    """
    row = _locked(arn)
    if attachments(arn):
        raise DeleteConflict("Cannot delete a policy attached to entities.")
    if len(row.versions) > 1:
        raise DeleteConflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy."
        )
    ManagedPolicy.objects.filter(pk=row.pk).delete()
    stamps.bump(stamps.IAM)
    audit(actor, "DeletePolicy", subject=row.name)


def _locked(arn: str) -> ManagedPolicy:
    row = ManagedPolicy.objects.select_for_update().filter(pk=find(arn).pk).first()
    if row is None:
        raise NoSuchEntity(f"Policy {arn} was not found.")
    return row


def _store(actor: Actor, action: str, row: ManagedPolicy) -> None:
    row.modified_at = clock.now()
    row.save()
    stamps.bump(stamps.IAM)
    audit(actor, action, subject=row.name, version=row.default_version)
