"""IAM roles: who may assume them, and what they allow."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction

from cognito_app.conf import app_settings
from cognito_app.core import clock, ids, policy
from cognito_app.errors import MalformedPolicyDocument, ResourceConflictException, ResourceNotFoundException
from cognito_app.models import Role
from cognito_app.services import stamps
from cognito_app.services.actor import Actor, audit

IDENTITY_PROVIDER = "cognito-identity.amazonaws.com"

_known: tuple[int | None, dict[str, Role]] = (None, {})


def arn_of(role: Role) -> str:
    """Return a role's ARN."""
    return f"arn:aws:iam::{app_settings.account_id}:role{role.path}{role.name}"


def check_trust(document: Any) -> None:
    """Check a trust policy: one for identity pools must say for which.

    Raises MalformedPolicyDocument.
    """
    policy.validate(document, trust=True)
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
) -> Role:
    """Create a role. Raises MalformedPolicyDocument or ResourceConflictException."""
    check_trust(trust_policy)
    for document in (policies or {}).values():
        policy.validate(document)
    try:
        with transaction.atomic():
            role = Role.objects.create(
                name=name,
                role_id=ids.unique_id("AROA"),
                trust_policy=trust_policy,
                policies=policies or {},
                description=description,
                max_session_duration=max_session_duration,
                created_at=clock.now(),
            )
            stamps.bump(stamps.IAM)
            audit(actor, "CreateRole", subject=name)
    except IntegrityError:
        raise ResourceConflictException(f"Role with name {name} already exists.") from None
    return role


@transaction.atomic
def update(actor: Actor, role: Role) -> None:
    """Store a changed role. Raises MalformedPolicyDocument."""
    check_trust(role.trust_policy)
    for document in role.policies.values():
        policy.validate(document)
    role.save()
    stamps.bump(stamps.IAM)
    audit(actor, "UpdateRole", subject=role.name)


@transaction.atomic
def delete(actor: Actor, name: str) -> None:
    """Delete a role; its sessions end at once. Raises ResourceNotFoundException."""
    deleted, _ = Role.objects.filter(pk=name).delete()
    if not deleted:
        raise ResourceNotFoundException(f"The role with name {name} cannot be found.")
    stamps.bump(stamps.IAM)
    audit(actor, "DeleteRole", subject=name)


def by_name(name: str) -> Role | None:
    """Return a role by its name, from memory while no role or key changed."""
    global _known  # one table per process
    version = stamps.version(stamps.IAM)
    if version is None or version != _known[0]:
        _known = (version, {role.name: role for role in Role.objects.all()})
    return _known[1].get(name)


def by_arn(arn: str) -> Role | None:
    """Return a role of this account by its ARN."""
    role = by_name(arn.rpartition("/")[2])
    return role if role is not None and arn_of(role) == arn else None
