"""The roles of an identity pool in the dialect of another installation's IAM, for its ``sts`` driver.

SeaweedFS reads its roles from a file, knows our token as one of an OpenID provider, and names its claims otherwise:
``oidc:aud`` in trust policies and ``jwt:sub`` in permissions, where AWS has ``cognito-identity.amazonaws.com:...``.
Source: https://github.com/seaweedfs/seaweedfs/wiki/OIDC-Integration
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from cognito_app.core import secrets
from cognito_app.models import IdentityPool
from cognito_app.services import aws_policies, identity_tokens, roles
from cognito_app.services import policies as managed_policies
from cognito_app.services.roles import LoadedRole

COGNITO = "cognito-identity.amazonaws.com"
PROVIDER = "cognito"
ACTION = "sts:AssumeRoleWithWebIdentity"
MAY_CALL = {"Effect": "Allow", "Action": ["sts:ValidateSession"], "Resource": ["*"]}
"""SeaweedFS asks its policies whether a session may be looked at, at each call."""

Document = dict[str, Any]


def seaweedfs(pool: IdentityPool) -> Document:
    """Return the file for SeaweedFS's ``-s3.iam.config``: the provider, and the roles that trust identity pools.

    It holds a new signing key of SeaweedFS's own sessions: keep the file as a secret.
    """
    trusting = [role for role in roles.listed() if any(_trusts(s) for s in _statements(role.row.trust_policy))]
    issuer = identity_tokens.issuer()
    config = {"issuer": issuer, "clientId": pool.pk, "jwksUri": f"{issuer}/.well-known/jwks_uri"}
    return {
        "sts": {
            "tokenDuration": "1h",
            "maxSessionLength": "12h",
            "issuer": "seaweedfs-sts",
            "signingKey": base64.b64encode(secrets.token_bytes(32)).decode(),
        },
        "providers": [{"name": PROVIDER, "type": "oidc", "enabled": True, "config": config}],
        "policy": {"defaultEffect": "Deny", "storeType": "memory"},
        "roles": [_role(role) for role in trusting],
        "policies": [policy for role in trusting for policy in _policies(role)],
    }


def _role(role: LoadedRole) -> Document:
    statements = [_trust(s) for s in _statements(role.row.trust_policy) if _trusts(s)]
    return {
        "roleName": role.row.name,
        "roleArn": role.arn,
        "trustPolicy": {"Version": "2012-10-17", "Statement": statements},
        "attachedPolicies": [policy["name"] for policy in _policies(role)],
    }


def _policies(role: LoadedRole) -> list[Document]:
    found = dict(role.row.policies)
    found |= {arn.rpartition("/")[2]: _managed(arn) for arn in role.attached}
    session = {"Version": "2012-10-17", "Statement": [MAY_CALL]}
    return [
        {"name": f"{role.row.name}-{name}", "document": _renamed(document, "jwt")}
        for name, document in [*found.items(), ("session", session)]
    ]


def _managed(arn: str) -> Document:
    if arn in aws_policies.DOCUMENTS:
        return aws_policies.DOCUMENTS[arn]
    return managed_policies.document_of(managed_policies.find(arn))


def _trusts(statement: Mapping[str, Any]) -> bool:
    """Whether a statement of a trust policy is about identity pools."""
    principal = statement.get("Principal")
    named = principal.get("Federated") if isinstance(principal, Mapping) else None
    return COGNITO in (named if isinstance(named, list) else [named])


def _trust(statement: Mapping[str, Any]) -> Document:
    written: Document = _renamed(dict(statement), "oidc")
    return {**written, "Principal": {"Federated": PROVIDER}, "Action": [ACTION]}


def _statements(document: Mapping[str, Any]) -> list[Document]:
    found = document.get("Statement", [])
    return found if isinstance(found, list) else [found]


def _renamed(node: Any, prefix: str) -> Any:
    """Return a part of a policy with the claims by the target's names, as keys and in variables."""
    if isinstance(node, dict):
        return {_claim(name, prefix): _renamed(value, prefix) for name, value in node.items()}
    if isinstance(node, list):
        return [_renamed(value, prefix) for value in node]
    if isinstance(node, str):
        return re.sub(r"\$\{" + re.escape(COGNITO) + ":", "${" + prefix + ":", node)
    return node


def _claim(name: str, prefix: str) -> str:
    return f"{prefix}:{name.removeprefix(COGNITO + ':')}" if name.startswith(COGNITO + ":") else name
