"""The security token service: trading a token for credentials of a role.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from cognito_app.core import jose, policy
from cognito_app.errors import (
    AccessDenied,
    ExpiredWebIdentityToken,
    InvalidIdentityToken,
    MalformedPolicyDocument,
    ValidationError,
)
from cognito_app.models import Identity, Role
from cognito_app.services import credentials, identity_tokens, roles
from cognito_app.services.credentials import Issued

ASSUME = "sts:AssumeRoleWithWebIdentity"
TAG_SESSION = "sts:TagSession"
REFUSED = f"Not authorized to perform {ASSUME}"
FEDERATED = roles.IDENTITY_PROVIDER
DEFAULT_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Assumed:
    """Credentials, and what the token said."""

    issued: Issued
    subject: str
    audience: str


def assume_with_identity_token(
    *,
    token: str,
    role_arn: str,
    session_name: str,
    seconds: int | None = None,
    session_policy: str | None = None,
) -> Assumed:
    """Return credentials of a role for an identity pool's OpenID token.

    Raises InvalidIdentityToken, ExpiredWebIdentityToken, AccessDenied, MalformedPolicyDocument, ValidationError.
    """
    claims = _claims(token)
    role = roles.by_arn(role_arn)
    if role is None:
        raise AccessDenied(REFUSED)
    if (seconds or DEFAULT_SECONDS) > role.max_session_duration:
        raise ValidationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    narrowing = [_parse_policy(session_policy)] if session_policy else []
    identity_id = str(claims["sub"])
    if not Identity.objects.filter(pk=identity_id).exclude(state=Identity.State.DISABLED).exists():
        raise InvalidIdentityToken("The identity of the token does not exist.")
    issued = assume(
        role,
        claims,
        session_name=session_name,
        seconds=seconds or DEFAULT_SECONDS,
        narrowing=narrowing,
        tags=identity_tokens.principal_tags(claims),
    )
    if issued is None:
        raise AccessDenied(REFUSED)
    return Assumed(issued=issued, subject=identity_id, audience=str(claims["aud"]))


def assume(
    role: Role,
    claims: Mapping[str, Any],
    *,
    session_name: str,
    seconds: int,
    narrowing: list[Mapping[str, Any]],
    tags: Mapping[str, str] | None = None,
) -> Issued | None:
    """Return credentials if the role trusts an identity token with these claims (and tags, if any), else None."""
    context: dict[str, str | list[str]] = {
        f"{FEDERATED}:aud": str(claims["aud"]),
        f"{FEDERATED}:sub": str(claims["sub"]),
        f"{FEDERATED}:amr": [str(item) for item in claims["amr"]],
        "aws:FederatedProvider": FEDERATED,
    }
    asked = {**context, "sts:RoleSessionName": session_name}
    if tags:
        asked |= {f"aws:RequestTag/{name}": value for name, value in tags.items()} | {"aws:TagKeys": list(tags)}
        context |= {f"aws:PrincipalTag/{name}": value for name, value in tags.items()}
    actions = [ASSUME, TAG_SESSION] if tags else [ASSUME]
    if not all(policy.trusts(role.trust_policy, {"Federated": FEDERATED}, action, asked) for action in actions):
        return None
    return credentials.issue(
        role,
        session_name=session_name,
        seconds=seconds,
        context=context,
        policies=narrowing,
        identity_id=str(claims["sub"]),
    )


def _claims(token: str) -> Mapping[str, Any]:
    try:
        _, unverified = jose.peek(token)
        if unverified.get("iss") != identity_tokens.issuer():
            raise InvalidIdentityToken(
                f"No OpenIDConnect provider found in your account for {str(unverified.get('iss'))[:256]}"
            )
        return identity_tokens.verify(token)
    except jose.TokenError as error:
        if error.reason == "expired":
            raise ExpiredWebIdentityToken("Token expired") from None
        raise InvalidIdentityToken("The web identity token could not be validated.") from None


def _parse_policy(text: str) -> Mapping[str, Any]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise MalformedPolicyDocument("The policy is not in the valid JSON format.") from None
    policy.validate(document)
    return dict(document)
