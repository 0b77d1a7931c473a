"""Who signed a request, and what they may do.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cognito_app.conf import app_settings
from cognito_app.core import clock, policy
from cognito_app.core.policy import Policy
from cognito_app.core.sigv4 import Credential
from cognito_app.errors import AccessDeniedException, UnrecognizedClientException
from cognito_app.models import AccessKey
from cognito_app.services import access_keys, credentials, stamps
from cognito_app.services.credentials import OpenedSession
from cognito_app.services.roles import LoadedRole

REASONS = {
    "explicit deny": "with an explicit deny in an identity-based policy",
    "session deny": "with an explicit deny in a session policy",
    "identity-based": "because no identity-based policy allows the {action} action",
    "session": "because no session policy allows the {action} action",
}
ALSO_DENIED_WITH = {"cognito-idp:DescribeTermsByClient": "cognito-idp:DescribeTerms"}
"""Actions that a policy denies by denying another one (the model's documentation of DescribeTermsByClient)."""

MAX_SESSIONS = 2048
Values = dict[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class Principal:
    """A signer: its ARN and unique id, its policies, and the condition keys that its session carries.

    ``session`` is None for long-term keys; ``key_id`` is the long-term key that the credentials come from, if any.
    """

    arn: str
    user_id: str
    policies: tuple[Policy, ...]
    session_policies: tuple[Policy, ...] | None = None
    context: Mapping[str, str | list[str]] = field(default_factory=dict)
    session: OpenedSession | None = None
    key_id: str | None = None

    @property
    def account_id(self) -> str:
        """The account that the principal belongs to."""
        return app_settings.account_id

    @property
    def role(self) -> LoadedRole | None:
        """The role of a role's session."""
        return self.session.role if self.session else None


_known: tuple[int | None, dict[str, Credential[Principal]]] = (None, {})


def lookup(key_id: str, session_token: str | None) -> Credential[Principal]:
    """Return the secret and principal of an access key.

    Raises UnrecognizedClientException for an unknown or inactive key and for a session token that is altered, of
    another key, or whose role, user or identity is gone.
    """
    if session_token is not None or key_id.startswith("ASIA"):
        return _from_session(key_id, session_token)
    return _from_key(key_id)


def _from_key(key_id: str) -> Credential[Principal]:
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
        policies=(policy.parse(row.policy),),
        context={
            "aws:username": row.user_name,
            "aws:userid": row.user_id,
            "aws:PrincipalArn": f"arn:aws:iam::{app_settings.account_id}:user/{row.user_name}",
            "aws:PrincipalType": "User",
        },
        key_id=row.pk,
    )


_sessions: dict[tuple[str, str | None], tuple[LoadedRole, Credential[Principal]]] = {}


def _from_session(key_id: str, token: str | None) -> Credential[Principal]:
    """Return a session's principal; that of a role is kept while the role, read anew with every change, is the same."""
    session = credentials.open_session(key_id, token)
    if session.role is None:
        return _credential(session, _of_user(session))
    held = _sessions.get((key_id, token))
    if held is not None and held[0] is session.role:
        return held[1]
    found = _credential(session, _of_role(session, session.role))
    if len(_sessions) >= MAX_SESSIONS:
        _sessions.clear()
    _sessions[key_id, token] = (session.role, found)
    return found


def _credential(session: OpenedSession, principal: Principal) -> Credential[Principal]:
    return Credential(secret=session.secret, expires_at=session.expires_at, principal=principal)


def _of_role(session: OpenedSession, role: LoadedRole) -> Principal:
    user_id = f"{role.row.role_id}:{session.grant.session_name}"
    own_tags = {f"aws:PrincipalTag/{key}": str(value) for key, value in role.row.tags.items()}
    return Principal(
        arn=session_arn(role, session.grant.session_name),
        user_id=user_id,
        policies=role.policies,
        session_policies=session.policies,
        context={
            **own_tags,
            **_carried(session),
            "aws:userid": user_id,
            "aws:PrincipalArn": role.arn,
            "aws:PrincipalType": "AssumedRole",
        },
        session=session,
    )


def session_arn(role: LoadedRole, session_name: str) -> str:
    """Return the ARN of a role's session, which leaves out the role's path."""
    return f"arn:aws:sts::{app_settings.account_id}:assumed-role/{role.row.name}/{session_name}"


def federated_arn(name: str) -> str:
    """Return the ARN of a federated user."""
    return f"arn:aws:sts::{app_settings.account_id}:federated-user/{name}"


def _of_user(session: OpenedSession) -> Principal:
    """A user's own session, or that of a user federated by it; both end with the user's key."""
    owner = _from_key(session.grant.user_key or "").principal
    carried = {**owner.context, **_carried(session)}
    arn, user_id = owner.arn, owner.user_id
    if session.grant.federated:
        name = session.grant.session_name
        arn, user_id = federated_arn(name), f"{app_settings.account_id}:{name}"
        carried |= {"aws:userid": user_id, "aws:PrincipalArn": arn, "aws:PrincipalType": "FederatedUser"}
        carried.pop("aws:username", None)
    return Principal(
        arn=arn,
        user_id=user_id,
        policies=owner.policies,
        session_policies=session.policies,
        context=carried,
        session=session,
        key_id=owner.key_id,
    )


def _carried(session: OpenedSession) -> Values:
    found: Values = {
        **session.grant.context,
        **{f"aws:PrincipalTag/{key}": value for key, value in session.grant.tags.items()},
        "aws:TokenIssueTime": session.issued_at.astimezone(UTC).isoformat(),
        "aws:MultiFactorAuthPresent": "false",
    }
    if session.grant.source_identity:
        found["aws:SourceIdentity"] = session.grant.source_identity
    return found


def administrator(key_id: str | None) -> Principal:
    """Return a principal who may do everything, for installations that take any key."""
    return Principal(
        arn=f"arn:aws:iam::{app_settings.account_id}:user/any-key",
        user_id=key_id or "AIDAANYKEY",
        policies=(policy.parse(access_keys.ADMINISTRATOR),),
    )


def surroundings(ip: str = "") -> Values:
    """Return the condition keys of any request."""
    now: datetime = clock.now()
    found: Values = {
        "aws:CurrentTime": now.isoformat(),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:SecureTransport": "true" if app_settings.public_url.startswith("https:") else "false",
    }
    if ip:
        found["aws:SourceIp"] = ip
    return found


def context_of(principal: Principal, *, ip: str = "", extra: Mapping[str, str | list[str]] | None = None) -> Values:
    """Return the condition keys of a principal's request."""
    return {
        "aws:PrincipalArn": principal.arn,
        **principal.context,
        "aws:PrincipalAccount": principal.account_id,
        **surroundings(ip),
        **(extra or {}),
    }


def authorize(
    principal: Principal,
    action: str,
    resource: str,
    *,
    ip: str = "",
    extra: Mapping[str, str | list[str]] | None = None,
) -> None:
    """Check that a principal may do an action on a resource.

    Raises AccessDeniedException with AWS's text, UnrecognizedClientException where its credentials are of no use.
    """
    _check_reach(principal, action)
    context = context_of(principal, ip=ip, extra=extra)
    decision = policy.evaluate(principal.policies, principal.session_policies, action, resource, context)
    if decision.allowed and action in ALSO_DENIED_WITH:
        other = ALSO_DENIED_WITH[action]
        related = policy.evaluate(principal.policies, principal.session_policies, other, resource, context)
        decision = related if related.reason.endswith("deny") else decision
    if not decision.allowed:
        raise denial(principal, action, resource, decision.reason)


def denial(principal: Principal, action: str, resource: str, reason: str) -> AccessDeniedException:
    """Return AWS's refusal."""
    why = REASONS[reason].format(action=action)
    return AccessDeniedException(
        f"User: {principal.arn} is not authorized to perform: {action} on resource: {resource} {why}"
    )


def _check_reach(principal: Principal, action: str) -> None:
    """Sessions of users and federated users cannot call IAM (AWS asks for MFA, which keys here do not have)."""
    if principal.session is not None and principal.role is None and action.startswith("iam:"):
        raise UnrecognizedClientException
