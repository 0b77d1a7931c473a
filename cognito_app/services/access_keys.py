"""Long-term access keys of administrators and scripts."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from cognito_app.core import clock, ids, keyring, policy
from cognito_app.errors import ResourceNotFoundException
from cognito_app.models import AccessKey
from cognito_app.services import stamps
from cognito_app.services.actor import Actor, audit

ADMINISTRATOR = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@transaction.atomic
def create(actor: Actor, *, user_name: str, document: dict[str, Any]) -> tuple[AccessKey, str]:
    """Create a key pair; the secret is returned this once. Raises MalformedPolicyDocument."""
    policy.validate(document)
    secret = ids.secret_access_key()
    key_id = ids.access_key_id("AKIA")
    row = AccessKey.objects.create(
        id=key_id,
        secret_sealed=keyring.seal(secret.encode(), aad=_context(key_id)),
        user_name=user_name,
        user_id=ids.unique_id("AIDA"),
        policy=document,
        created_at=clock.now(),
    )
    stamps.bump(stamps.IAM)
    audit(actor, "CreateAccessKey", subject=key_id, user_name=user_name)
    return row, secret


@transaction.atomic
def set_active(actor: Actor, key_id: str, active: bool) -> None:
    """Switch a key on or off. Raises ResourceNotFoundException."""
    if not AccessKey.objects.filter(pk=key_id).update(active=active):
        raise ResourceNotFoundException(f"Access key {key_id} does not exist.")
    stamps.bump(stamps.IAM)
    audit(actor, "UpdateAccessKey", subject=key_id, active=active)


@transaction.atomic
def delete(actor: Actor, key_id: str) -> None:
    """Delete a key. Raises ResourceNotFoundException."""
    deleted, _ = AccessKey.objects.filter(pk=key_id).delete()
    if not deleted:
        raise ResourceNotFoundException(f"Access key {key_id} does not exist.")
    stamps.bump(stamps.IAM)
    audit(actor, "DeleteAccessKey", subject=key_id)


def secret_of(row: AccessKey) -> str:
    """Return a key's secret in clear."""
    return keyring.unseal(bytes(row.secret_sealed), aad=_context(row.id)).decode()


def _context(key_id: str) -> bytes:
    return b"access-key:" + key_id.encode()
