"""The ARN that an operation acts upon, for IAM policies."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.model import Operation
from cognito_app.conf import app_settings
from cognito_app.services import roles


def arn_of(operation: Operation, params: dict[str, Any]) -> str:
    """Return the resource of an operation, ``*`` where AWS has none (spec/user-pools.md 1.5, identity-pools.md 1.3)."""
    if "ResourceArn" in params:
        return str(params["ResourceArn"])
    account = app_settings.account_id
    if operation.service == "cognito-idp" and "UserPoolId" in params:
        pool_id = params["UserPoolId"]
        region = pool_id.split("_", 1)[0]
        return f"arn:aws:cognito-idp:{region}:{account}:userpool/{pool_id}"
    if operation.service == "cognito-identity" and "IdentityPoolId" in params:
        pool_id = params["IdentityPoolId"]
        region = pool_id.split(":", 1)[0]
        return f"arn:aws:cognito-identity:{region}:{account}:identitypool/{pool_id}"
    if operation.service == "kms" and "KeyId" in params:
        key_id = str(params["KeyId"])
        return key_id if key_id.startswith("arn:") else f"arn:aws:kms:{app_settings.region}:{account}:key/{key_id}"
    if operation.service == "iam":
        return _iam_arn(operation, params)
    return "*"


def _iam_arn(operation: Operation, params: dict[str, Any]) -> str:
    for member in ("OpenIDConnectProviderArn", "SAMLProviderArn"):
        if member in params:
            return str(params[member])
    prefix = f"arn:aws:iam::{app_settings.account_id}"
    if "RoleName" in params:
        name = params["RoleName"]
        known = roles.by_name(name) if operation.name != "CreateRole" else None
        return f"{prefix}:role{known.path if known else params.get('Path', '/')}{name}"
    if operation.name == "CreatePolicy":
        return f"{prefix}:policy{params.get('Path', '/')}{params['PolicyName']}"
    if "PolicyArn" in params:
        return str(params["PolicyArn"])
    if operation.name == "CreateOpenIDConnectProvider":
        return f"{prefix}:oidc-provider/{str(params['Url']).partition('://')[2]}"
    return f"{prefix}:saml-provider/{params['Name']}" if operation.name == "CreateSAMLProvider" else "*"
