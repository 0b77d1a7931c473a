"""PreTokenGeneration: what a function changes in tokens before they are signed.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cognito_app.errors import InvalidLambdaResponseException
from cognito_app.triggers import invoke, values
from cognito_app.triggers.invoke import Caller

HOSTED = "TokenGeneration_HostedAuth"
AUTHENTICATION = "TokenGeneration_Authentication"
NEW_PASSWORD = "TokenGeneration_NewPasswordChallenge"  # noqa: S105  # a trigger source
DEVICE = "TokenGeneration_AuthenticateDevice"
REFRESH = "TokenGeneration_RefreshTokens"
CLIENT_CREDENTIALS = "TokenGeneration_ClientCredentials"
VERSIONS = {"V1_0": "1", "V2_0": "2", "V3_0": "3"}
MAX_CHANGES = 5000


@dataclass(frozen=True, slots=True)
class ClaimChanges:
    """Claims of one token to set and to leave out; leaving out wins."""

    set: dict[str, Any] = field(default_factory=dict, repr=False)
    suppress: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class GroupChange:
    """The groups and roles that tokens show instead of the user's own."""

    groups: tuple[str, ...]
    roles: tuple[str, ...]
    preferred_role: str | None


@dataclass(frozen=True, slots=True)
class TokenChanges:
    """The outcome of PreTokenGeneration."""

    id_token: ClaimChanges = ClaimChanges()
    access_token: ClaimChanges = ClaimChanges()
    add_scopes: tuple[str, ...] = ()
    suppress_scopes: frozenset[str] = frozenset()
    groups: GroupChange | None = None


def version_of(caller: Caller) -> str | None:
    """Return V1_0, V2_0 or V3_0, or None if there is no such trigger."""
    given = caller.configured.get("PreTokenGenerationConfig")
    if isinstance(given, Mapping):
        return str(given.get("LambdaVersion", "V1_0"))
    return "V1_0" if caller.has("PreTokenGeneration") else None


def change(
    caller: Caller,
    source: str,
    user_name: str,
    attributes: Mapping[str, str],
    *,
    groups: GroupChange,
    scopes: Sequence[str],
    metadata: Mapping[str, str] | None = None,
) -> TokenChanges:
    """Ask PreTokenGeneration, if there is one. Raises as ``invoke.call``."""
    version = version_of(caller)
    if version is None or (source == CLIENT_CREDENTIALS and version != "V3_0"):
        return TokenChanges()
    configuration: dict[str, Any] = {
        "groupsToOverride": list(groups.groups),
        "iamRolesToOverride": list(groups.roles),
        "preferredRole": groups.preferred_role,
    }
    request: dict[str, Any] = {
        "userAttributes": dict(attributes),
        "groupConfiguration": configuration,
        **({"scopes": list(scopes)} if version != "V1_0" else {}),
        **values.metadata(metadata),
    }
    member = "claimsOverrideDetails" if version == "V1_0" else "claimsAndScopeOverrideDetails"
    sent = invoke.event(caller, source, user_name, request, {member: None}, version=VERSIONS[version])
    trigger = "PreTokenGenerationConfig" if caller.has("PreTokenGenerationConfig") else "PreTokenGeneration"
    answer = _call(caller, trigger, sent)
    details = _mapping(answer, member)
    return _limited(_first_version(details) if version == "V1_0" else _later_version(details))


def _call(caller: Caller, trigger: str, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Errors name the trigger PreTokenGeneration in either form of its configuration."""
    named = Caller(
        pool_id=caller.pool_id,
        configured={"PreTokenGeneration": caller.arn_of(trigger)},
        client_id=caller.client_id,
        user_agent=caller.user_agent,
    )
    return invoke.call(named, "PreTokenGeneration", sent)


def _first_version(details: Mapping[str, Any]) -> TokenChanges:
    return TokenChanges(
        id_token=ClaimChanges(
            set=dict(values.texts(details, "claimsToAddOrOverride")),
            suppress=frozenset(values.words(details, "claimsToSuppress")),
        ),
        groups=_groups(details),
    )


def _later_version(details: Mapping[str, Any]) -> TokenChanges:
    access = _mapping(details, "accessTokenGeneration")
    return TokenChanges(
        id_token=_claims(_mapping(details, "idTokenGeneration")),
        access_token=_claims(access),
        add_scopes=tuple(values.words(access, "scopesToAdd")),
        suppress_scopes=frozenset(values.words(access, "scopesToSuppress")),
        groups=_groups(details),
    )


def _claims(given: Mapping[str, Any]) -> ClaimChanges:
    claims = _mapping(given, "claimsToAddOrOverride")
    if any(value is None for value in claims.values()):
        raise InvalidLambdaResponseException(values.UNRECOGNIZABLE)
    return ClaimChanges(set=dict(claims), suppress=frozenset(values.words(given, "claimsToSuppress")))


def _groups(details: Mapping[str, Any]) -> GroupChange | None:
    """An absent member changes nothing; an empty one takes the groups out."""
    if "groupOverrideDetails" not in details:
        return None
    given = _mapping(details, "groupOverrideDetails")
    return GroupChange(
        groups=tuple(values.words(given, "groupsToOverride")),
        roles=tuple(values.words(given, "iamRolesToOverride")),
        preferred_role=values.text(given, "preferredRole"),
    )


def _mapping(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = given.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidLambdaResponseException(values.UNRECOGNIZABLE)
    return value


def _limited(changes: TokenChanges) -> TokenChanges:
    count = sum(len(token.set) + len(token.suppress) for token in (changes.id_token, changes.access_token))
    if count + len(changes.add_scopes) + len(changes.suppress_scopes) > MAX_CHANGES:
        raise InvalidLambdaResponseException(values.UNRECOGNIZABLE)
    return changes
