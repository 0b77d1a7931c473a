"""The ARN that an operation acts upon, for IAM policies."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.model import Operation
from cognito_app.conf import app_settings


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
    return "*"
