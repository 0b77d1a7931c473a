"""Credentials of a role for whoever its trust policy lets in.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cognito_app.core import policy
from cognito_app.errors import AccessDenied, ValidationError
from cognito_app.services import credentials, principals
from cognito_app.services.credentials import Grant, Issued
from cognito_app.services.roles import LoadedRole
from cognito_app.services.sts.narrowing import Narrowing

TAG_SESSION = "sts:TagSession"
SET_SOURCE_IDENTITY = "sts:SetSourceIdentity"
DEFAULT_SECONDS = 3600
LARGEST_TOKEN = 4096
TOO_LONG = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."

Values = Mapping[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class Minted:
    """New credentials, and what their making showed."""

    issued: Issued
    packed_percent: int | None = None
    source_identity: str | None = None
    subject: str = ""
    audience: str = ""
    provider: str = ""
    subject_type: str = ""
    name_qualifier: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants which session: ``names`` of the principal by kind, ``context`` of the trust policy, what the session
    ``carried`` on, and what is put on it.
    """

    action: str
    names: Mapping[str, Collection[str]]
    session_name: str
    seconds: int
    context: Values
    carried: Values = field(default_factory=dict)
    narrowing: Narrowing = field(default_factory=Narrowing)
    inherited: Mapping[str, str] = field(default_factory=dict)
    source_identity: str | None = None
    identity_id: str | None = None
    minimum_size: int = 0

    @property
    def actions(self) -> list[str]:
        """Everything that the trust policy must allow."""
        tagged = [TAG_SESSION] if self.narrowing.tags or self.inherited else []
        return [self.action, *tagged, *([SET_SOURCE_IDENTITY] if self.source_identity else [])]

    @property
    def asked(self) -> Values:
        """The condition keys of the trust policy."""
        tags = {f"aws:RequestTag/{key}": value for key, value in self.narrowing.tags.items()}
        found: dict[str, str | list[str]] = {
            **self.context,
            **self.carried,
            **tags,
            "sts:RoleSessionName": self.session_name,
            "sts:DurationSeconds": str(self.seconds),
        }
        if self.narrowing.tags:
            found["aws:TagKeys"] = list(self.narrowing.tags)
            found["sts:TransitiveTagKeys"] = list(self.narrowing.transitive)
        if self.source_identity:
            found["sts:SourceIdentity"] = self.source_identity
        return found


def is_trusted(role: LoadedRole, wish: Wish) -> bool:
    """Whether the role's trust policy allows all that is wished."""
    asked = wish.asked
    verdicts = (policy.trust_verdict(role.trust, wish.names, action, asked) for action in wish.actions)
    return all(verdict == "Allow" for verdict in verdicts)


def check_trust(role: LoadedRole | None, wish: Wish) -> LoadedRole:
    """Return a role that exists and trusts; both refusals read the same. Raises AccessDenied."""
    if role is None or not is_trusted(role, wish):
        raise AccessDenied(f"Not authorized to perform {wish.action}")
    return role


def check_duration(role: LoadedRole, seconds: int) -> None:
    """Raises ValidationError for a session that is longer than the role's may be."""
    if seconds > role.row.max_session_duration:
        raise ValidationError(TOO_LONG)


def mint(role: LoadedRole, wish: Wish) -> Minted:
    """Make the credentials of a wish that was checked."""
    grant = Grant(
        session_name=wish.session_name,
        role_name=role.row.name,
        identity_id=wish.identity_id,
        context=wish.carried,
        inline=wish.narrowing.inline,
        managed=wish.narrowing.managed,
        tags={**wish.inherited, **wish.narrowing.tags},
        transitive=(*wish.inherited, *wish.narrowing.transitive),
        source_identity=wish.source_identity,
    )
    issued = credentials.issue(grant, seconds=wish.seconds, minimum_size=wish.minimum_size)
    named = replace(
        issued,
        arn=principals.session_arn(role, wish.session_name),
        assumed_role_id=f"{role.row.role_id}:{wish.session_name}",
    )
    return Minted(issued=named, packed_percent=wish.narrowing.packed_percent, source_identity=wish.source_identity)


def first_values(tags: Any) -> dict[str, str]:
    """Return tags that may have their values in lists of one; other forms are no tags."""
    if not isinstance(tags, Mapping):
        return {}
    found = {}
    for key, value in tags.items():
        text = value[0] if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 1 else value
        if isinstance(key, str) and isinstance(text, str):
            found[key] = text
    return found
