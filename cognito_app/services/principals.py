"""Who signed a request, and what they may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cognito_app.conf import app_settings
from cognito_app.core import clock, policy
from cognito_app.core.sigv4 import Credential
from cognito_app.errors import AccessDeniedException, UnrecognizedClientException
from cognito_app.models import AccessKey
from cognito_app.services import access_keys, credentials, stamps

REASONS = {
    "explicit deny": "with an explicit deny in an identity-based policy",
    "identity-based": "because no identity-based policy allows the {action} action",
    "session": "because no session policy allows the {action} action",
}
ALSO_DENIED_WITH = {"cognito-idp:DescribeTermsByClient": "cognito-idp:DescribeTerms"}
"""Actions that a policy denies by denying another one (the model's documentation of DescribeTermsByClient)."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A signer: its ARN and unique id, its policies, and the condition keys that its session carries."""

    arn: str
    user_id: str
    policies: tuple[Mapping[str, Any], ...]
    session_policies: tuple[Mapping[str, Any], ...] = ()
    context: Mapping[str, str | list[str]] = field(default_factory=dict)

    @property
    def account_id(self) -> str:
        """The account that the principal belongs to."""
        return app_settings.account_id


_known: tuple[int | None, dict[str, Credential[Principal]]] = (None, {})


def lookup(key_id: str, session_token: str | None) -> Credential[Principal]:
    """Return the secret and principal of an access key.

    Raises UnrecognizedClientException for an unknown or inactive key and for a session token that is altered, of
    another key, or whose role or identity is gone.
    """
    if session_token is not None or key_id.startswith("ASIA"):
        return _from_session(key_id, session_token)
    global _known  # one table per process
    version = stamps.version(stamps.IAM)
    if version is None or version != _known[0]:
        _known = (version, {})
    found = _known[1].get(key_id)
    if found is None:
        row = AccessKey.objects.filter(pk=key_id, active=True).first() if key_id.isalnum() else None
        if row is None:
            raise UnrecognizedClientException
        found = _known[1][key_id] = Credential(secret=access_keys.secret_of(row), principal=_of_key(row))
    return found


def _of_key(row: AccessKey) -> Principal:
    return Principal(
        arn=f"arn:aws:iam::{app_settings.account_id}:user/{row.user_name}",
        user_id=row.user_id,
        policies=(row.policy,),
        context={"aws:username": row.user_name, "aws:userid": row.user_id},
    )


def _from_session(key_id: str, token: str | None) -> Credential[Principal]:
    session = credentials.open_session(key_id, token)
    role = session.role
    return Credential(
        secret=session.secret,
        expires_at=session.expires_at,
        principal=Principal(
            arn=session.arn,
            user_id=session.user_id,
            policies=tuple(role.policies.values()),
            session_policies=session.policies,
            context={
                **session.context,
                "aws:userid": session.user_id,
                "aws:TokenIssueTime": session.issued_at.astimezone(UTC).isoformat(),
            },
        ),
    )


def administrator(key_id: str | None) -> Principal:
    """Return a principal who may do everything, for installations that take any key."""
    return Principal(
        arn=f"arn:aws:iam::{app_settings.account_id}:user/any-key",
        user_id=key_id or "AIDAANYKEY",
        policies=(access_keys.ADMINISTRATOR,),
    )


def authorize(
    principal: Principal, action: str, resource: str, *, ip: str = "", extra: Mapping[str, str] | None = None
) -> None:
    """Check that a principal may do an action on a resource.

    Raises AccessDeniedException with AWS's text.
    """
    now: datetime = clock.now()
    context: dict[str, str | list[str]] = {
        **principal.context,
        "aws:PrincipalArn": principal.arn,
        "aws:PrincipalAccount": principal.account_id,
        "aws:CurrentTime": now.isoformat(),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:SecureTransport": str(app_settings.public_url.startswith("https:")).lower(),
        **(extra or {}),
    }
    if ip:
        context["aws:SourceIp"] = ip
    decision = policy.evaluate(principal.policies, principal.session_policies, action, resource, context)
    if decision.allowed and action in ALSO_DENIED_WITH:
        other = ALSO_DENIED_WITH[action]
        related = policy.evaluate(principal.policies, principal.session_policies, other, resource, context)
        decision = related if related.reason == "explicit deny" else decision
    if not decision.allowed:
        why = REASONS[decision.reason].format(action=action)
        raise AccessDeniedException(
            f"User: {principal.arn} is not authorized to perform: {action} on resource: {resource} {why}"
        )
