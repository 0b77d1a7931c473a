"""Roles, users and sessions, as the tests of STS and IAM make them."""

from __future__ import annotations

from typing import Any

from cognito_app.services import access_keys, roles
from cognito_app.services.actor import SYSTEM
from tests.clients import boto

ACCOUNT = "000000000000"
POOLS = "cognito-identity.amazonaws.com"
Keys = dict[str, Any]


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    """Return a document; statements allow unless they say otherwise."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]}


def may(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """Return a policy of one statement."""
    return policy({"Action": action, "Resource": resource, **more})


def make_role(name: str, *trust: dict[str, Any], allows: Any = None, **given: Any) -> str:
    """Create a role and return its ARN."""
    policies = {"p": allows} if allows else {}
    return roles.arn_of(roles.create(SYSTEM, name=name, trust_policy=policy(*trust), policies=policies, **given))


ANYBODY: dict[str, Any] = {"Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}


def make_user(name: str, document: dict[str, Any]) -> tuple[str, str]:
    """Create a user with a key."""
    row, secret = access_keys.create(SYSTEM, user_name=name, document=document)
    return row.id, secret


def as_(keys: Keys | tuple[str, str], service: str = "sts") -> Any:
    """Return a client with credentials."""
    if isinstance(keys, tuple):
        return boto.client(service, keys)
    return boto.client(service, (keys["AccessKeyId"], keys["SecretAccessKey"]), keys["SessionToken"])


def assume(keys: Keys | tuple[str, str], arn: str, **given: Any) -> Any:
    """Assume a role."""
    return as_(keys).assume_role(**{"RoleArn": arn, "RoleSessionName": "session", **given})


LISTING = may("iam:ListRoles")
