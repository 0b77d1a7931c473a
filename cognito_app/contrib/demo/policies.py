"""The policies of the demo's roles."""

from __future__ import annotations

from typing import Any

from cognito_app.conf import app_settings

API, STAGE = "demo", "live"


def _arn(path: str) -> str:
    region, account = app_settings.region, app_settings.account_id
    return f"arn:aws:execute-api:{region}:{account}:{API}/{STAGE}/{path}"


def _field(name: str) -> str:
    return f"arn:aws:appsync:{app_settings.region}:{app_settings.account_id}:apis/{API}/types/Query/fields/{name}"


def authenticated() -> dict[str, Any]:
    """Return what signed-in users may do: everything below their own prefix, and read the public note."""
    own = "private/${cognito-identity.amazonaws.com:sub}/*"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "execute-api:Invoke",
                "Resource": [_arn(f"GET/{own}"), _arn(f"PUT/{own}"), _arn("GET/public/welcome")],
            },
            {"Effect": "Allow", "Action": "appsync:GraphQL", "Resource": _field("*")},
        ],
    }


def guest() -> dict[str, Any]:
    """Return what guests may do: read the public note."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": _arn("GET/public/welcome")},
            {"Effect": "Allow", "Action": "appsync:GraphQL", "Resource": _field("welcome")},
        ],
    }


def trust(identity_pool_id: str, amr: str) -> dict[str, Any]:
    """Return the trust policy for identities of a pool; ``amr`` is ``authenticated`` or ``unauthenticated``."""
    key = "cognito-identity.amazonaws.com"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": key},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {f"{key}:aud": identity_pool_id},
                    "ForAnyValue:StringLike": {f"{key}:amr": amr},
                },
            }
        ],
    }
