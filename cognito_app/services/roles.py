"""IAM roles: who may assume them, and what they allow.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from cognito_app.conf import app_settings
from cognito_app.core import clock, ids, policy
from cognito_app.core.policy import Policy
from cognito_app.errors import DeleteConflict, EntityAlreadyExists, LimitExceeded, MalformedPolicyDocument, NoSuchEntity
from cognito_app.models import PolicyAttachment, Role
from cognito_app.services import policies as managed_policies
from cognito_app.services import stamps
from cognito_app.services.actor import Actor, audit
from cognito_app.services.iam_memory import Memory

IDENTITY_PROVIDER = "cognito-identity.amazonaws.com"
MAX_ROLES = 1000
MAX_TRUST_CHARS = 2048
MAX_INLINE_CHARS = 10_240
MAX_ATTACHED = 10


@dataclass(frozen=True, slots=True)
class LoadedRole:
    """A role in memory, its documents read."""

    row: Role
    arn: str
    trust: Policy
    policies: tuple[Policy, ...]
    attached: tuple[str, ...]


def _load() -> dict[str, LoadedRole]:
    rows = Role.objects.prefetch_related("attachments")
    return {row.name: _loaded(row, tuple(item.policy_arn for item in row.attachments.all())) for row in rows}


def _loaded(row: Role, attached: tuple[str, ...]) -> LoadedRole:
    managed = (managed_policies.in_force(arn) for arn in attached)
    return LoadedRole(
        row=row,
        arn=arn_of(row),
        trust=policy.parse(row.trust_policy),
        policies=(*map(policy.parse, row.policies.values()), *(found for found in managed if found is not None)),
        attached=attached,
    )


_roles: Memory[LoadedRole] = Memory(_load)


def arn_of(role: Role) -> str:
    """Return a role's ARN."""
    return f"arn:aws:iam::{app_settings.account_id}:role{role.path}{role.name}"


def loaded(name: str) -> LoadedRole | None:
    """Return a role by its name, ready to decide by, from memory while nothing of IAM changed."""
    return _roles.get(name)


def loaded_by_arn(arn: str) -> LoadedRole | None:
    """Return a role of this account by its ARN, ready to decide by."""
    found = _roles.get(arn.rpartition("/")[2])
    return found if found is not None and found.arn == arn else None


def by_name(name: str) -> Role | None:
    """Return a role by its name, from memory while nothing of IAM changed."""
    found = _roles.get(name)
    return found.row if found else None


def by_arn(arn: str) -> Role | None:
    """Return a role of this account by its ARN."""
    found = loaded_by_arn(arn)
    return found.row if found else None


def find(name: str) -> LoadedRole:
    """Return a role. Raises NoSuchEntity."""
    found = _roles.get(name)
    if found is None:
        raise missing(name)
    return found


def missing(name: str) -> NoSuchEntity:
    """Return the error of a role that does not exist."""
    return NoSuchEntity(f"The role with name {name} cannot be found.")


def listed() -> list[LoadedRole]:
    """Return all roles in the order of their names."""
    return list(_roles.all().values())


def check_trust(document: Any) -> None:
    """Check a trust policy: one for identity pools must say for which.

    Raises MalformedPolicyDocument.
    """
    policy.validate_trust(document)
    for statement in policy.as_list(document["Statement"]):
        principal = statement.get("Principal")
        federated = policy.as_list(principal.get("Federated")) if isinstance(principal, dict) else [principal]
        if IDENTITY_PROVIDER in federated and statement["Effect"] == "Allow" and not statement.get("Condition"):
            raise MalformedPolicyDocument(f"A trust policy for {IDENTITY_PROVIDER} needs at least one condition.")


def create(
    actor: Actor,
    *,
    name: str,
    trust_policy: dict[str, Any],
    policies: dict[str, Any] | None = None,
    description: str = "",
    max_session_duration: int = 3600,
    path: str = "/",
    tags: Mapping[str, str] | None = None,
) -> Role:
    """Create a role. Raises MalformedPolicyDocument, EntityAlreadyExists or LimitExceeded."""
    check_trust(trust_policy)
    for document in (policies or {}).values():
        policy.validate(document)
    if len(_roles.all()) >= MAX_ROLES:
        raise LimitExceeded(f"Cannot exceed quota for RolesPerAccount: {MAX_ROLES}")
    try:
        with transaction.atomic():
            role = Role(
                name=name,
                role_id=ids.unique_id("AROA"),
                path=path,
                trust_policy=trust_policy,
                policies=policies or {},
                description=description,
                max_session_duration=max_session_duration,
                tags=dict(tags or {}),
                created_at=clock.now(),
            )
            role.save(force_insert=True)
            stamps.bump(stamps.IAM)
            audit(actor, "CreateRole", subject=name)
    except IntegrityError:
        raise EntityAlreadyExists(f"Role with name {name} already exists.") from None
    return role


@transaction.atomic
def update(actor: Actor, role: Role) -> None:
    """Store a changed role. Raises MalformedPolicyDocument."""
    check_trust(role.trust_policy)
    for document in role.policies.values():
        policy.validate(document)
    _store(actor, "UpdateRole", role)


@transaction.atomic
def describe(actor: Actor, name: str, *, description: str | None, max_session_duration: int | None) -> None:
    """Change what is given. Raises NoSuchEntity."""
    role = _locked(name)
    role.description = role.description if description is None else description
    role.max_session_duration = max_session_duration or role.max_session_duration
    _store(actor, "UpdateRole", role)


@transaction.atomic
def set_trust(actor: Actor, name: str, document: str) -> None:
    """Replace a role's trust policy. Raises NoSuchEntity, MalformedPolicyDocument or LimitExceeded."""
    role = _locked(name)
    role.trust_policy = read_trust(document)
    _store(actor, "UpdateAssumeRolePolicy", role)


def read_trust(document: str) -> dict[str, Any]:
    """Return the trust policy of a JSON text. Raises MalformedPolicyDocument or LimitExceeded."""
    read = policy.read_text(document, trust=True)
    check_trust(read)
    if _size(document) > MAX_TRUST_CHARS:
        raise LimitExceeded(f"Cannot exceed quota for ACLSizePerRole: {MAX_TRUST_CHARS}")
    return read


def _size(document: str) -> int:
    return len("".join(document.split()))


@transaction.atomic
def put_policy(actor: Actor, name: str, policy_name: str, document: str) -> None:
    """Set an inline policy. Raises NoSuchEntity, MalformedPolicyDocument or LimitExceeded."""
    role = _locked(name)
    changed = {**role.policies, policy_name: policy.read_text(document)}
    if sum(_size(str(held)) for held in changed.values()) > MAX_INLINE_CHARS:
        raise LimitExceeded(f"Maximum policy size of {MAX_INLINE_CHARS} bytes exceeded for role {name}")
    role.policies = changed
    _store(actor, "PutRolePolicy", role, policy=policy_name)


@transaction.atomic
def delete_policy(actor: Actor, name: str, policy_name: str) -> None:
    """Remove an inline policy. Raises NoSuchEntity."""
    role = _locked(name)
    _check_inline(role, policy_name)
    role.policies = {key: held for key, held in role.policies.items() if key != policy_name}
    _store(actor, "DeleteRolePolicy", role, policy=policy_name)


def inline_policy(name: str, policy_name: str) -> dict[str, Any]:
    """Return an inline policy. Raises NoSuchEntity."""
    role = find(name).row
    _check_inline(role, policy_name)
    return dict(role.policies[policy_name])


def _check_inline(role: Role, policy_name: str) -> None:
    if policy_name not in role.policies:
        raise NoSuchEntity(f"The role policy with name {policy_name} cannot be found.")


@transaction.atomic
def attach(actor: Actor, name: str, policy_arn: str) -> None:
    """Attach a managed policy; one that is attached already changes nothing. Raises NoSuchEntity or LimitExceeded."""
    role = _locked(name)
    if managed_policies.in_force(policy_arn) is None:
        raise NoSuchEntity(f"Policy {policy_arn} does not exist or is not attachable.")
    known = list(role.attachments.values_list("policy_arn", flat=True))
    if policy_arn in known:
        return
    if len(known) >= MAX_ATTACHED:
        raise LimitExceeded(f"Cannot exceed quota for PoliciesPerRole: {MAX_ATTACHED}")
    PolicyAttachment.objects.create(role=role, policy_arn=policy_arn, created_at=clock.now())
    stamps.bump(stamps.IAM)
    audit(actor, "AttachRolePolicy", subject=name, policy=policy_arn)


@transaction.atomic
def detach(actor: Actor, name: str, policy_arn: str) -> None:
    """Detach a managed policy. Raises NoSuchEntity."""
    role = _locked(name)
    if not role.attachments.filter(policy_arn=policy_arn).delete()[0]:
        raise NoSuchEntity(f"Policy {policy_arn} was not found.")
    stamps.bump(stamps.IAM)
    audit(actor, "DetachRolePolicy", subject=name, policy=policy_arn)


@transaction.atomic
def set_attached(actor: Actor, name: str, arns: Sequence[str]) -> None:
    """Attach these managed policies and no others. Raises NoSuchEntity or LimitExceeded."""
    known = set(_locked(name).attachments.values_list("policy_arn", flat=True))
    for arn in known - set(arns):
        detach(actor, name, arn)
    for arn in arns:
        if arn not in known:
            attach(actor, name, arn)


def warnings(trust_policy: Mapping[str, Any]) -> list[str]:
    """Return what an operator should know of a good trust policy: which guard for identity pools it lacks."""
    found = []
    for statement in policy.as_list(trust_policy["Statement"]):
        principal = statement.get("Principal")
        federated = policy.as_list(principal.get("Federated")) if isinstance(principal, dict) else []
        if IDENTITY_PROVIDER not in federated or statement["Effect"] != "Allow":
            continue
        keys = {key.lower() for keys in statement.get("Condition", {}).values() for key in keys}
        missing = [name for name in ("aud", "amr") if f"{IDENTITY_PROVIDER}:{name}" not in keys]
        found += [f"The trust policy does not ask for {IDENTITY_PROVIDER}:{name}." for name in missing]
    return found


@transaction.atomic
def delete(actor: Actor, name: str) -> None:
    """Delete a role with its policies; its sessions end at once. Raises NoSuchEntity."""
    if not Role.objects.filter(pk=name).delete()[0]:
        raise missing(name)
    stamps.bump(stamps.IAM)
    audit(actor, "DeleteRole", subject=name)


@transaction.atomic
def delete_empty(actor: Actor, name: str) -> None:
    """Delete a role that has no policies, as IAM does. Raises NoSuchEntity or DeleteConflict."""
    role = _locked(name)
    if role.attachments.exists():
        raise DeleteConflict("Cannot delete entity, must detach all policies first.")
    if role.policies:
        raise DeleteConflict("Cannot delete entity, must delete policies first.")
    delete(actor, name)


def _locked(name: str) -> Role:
    role = Role.objects.select_for_update().filter(pk=name).first()
    if role is None:
        raise missing(name)
    return role


def _store(actor: Actor, action: str, role: Role, **detail: Any) -> None:
    role.save()
    stamps.bump(stamps.IAM)
    audit(actor, action, subject=role.name, **detail)
