"""What PreTokenGeneration may change in tokens, and how.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
("Claims and scopes reference")
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cognito_app.core import numbers
from cognito_app.errors import InvalidLambdaResponseException
from cognito_app.triggers.token_generation import ClaimChanges, GroupChange, TokenChanges
from cognito_app.triggers.values import UNRECOGNIZABLE

PROTECTED = frozenset(
    {
        "acr",
        "amr",
        "at_hash",
        "aud",
        "auth_time",
        "azp",
        "client_id",
        "device_key",
        "event_id",
        "exp",
        "iat",
        "identities",
        "iss",
        "jti",
        "nbf",
        "nonce",
        "origin_jti",
        "scope",
        "sub",
        "token_use",
        "username",
        "version",
    }
)
OURS = "cognito:"
DEVELOPERS = "dev:"
GROUPS, ROLES, PREFERRED_ROLE = "cognito:groups", "cognito:roles", "cognito:preferred_role"
FLAGS = ("email_verified", "phone_number_verified")


def on_access_token(body: Mapping[str, Any], changes: TokenChanges, client_id: str) -> dict[str, Any]:
    """Return the changed claims of an access token; ``aud`` may be added as the client's id, nothing else."""
    result = dict(body)
    if changes.groups is not None:
        result = _with_groups(result, changes.groups)
    result = _without(result, changes.access_token)
    for name, value in _settable(changes.access_token).items():
        result[name] = value
    given = changes.access_token
    if given.set.get("aud") == client_id and "aud" not in given.suppress:
        result["aud"] = client_id
    return _with_scopes(result, changes)


def on_id_token(body: Mapping[str, Any], changes: TokenChanges) -> dict[str, Any]:
    """Return the changed claims of an ID token. Raises InvalidLambdaResponseException."""
    result = dict(body)
    if changes.groups is not None:
        result = _with_roles(_with_groups(result, changes.groups), changes.groups)
    result = _without(result, changes.id_token)
    for name, value in _settable(changes.id_token).items():
        result[name] = typed(name, value)
    return result


def check(changes: TokenChanges) -> TokenChanges:
    """Check what cannot be put into a token. Raises InvalidLambdaResponseException."""
    for name, value in _settable(changes.id_token).items():
        typed(name, value)
    if any(not scope or scope.split() != [scope] for scope in changes.add_scopes):
        raise InvalidLambdaResponseException(UNRECOGNIZABLE)
    return changes


def typed(name: str, value: Any) -> Any:
    """Return a claim in the form that the standard gives it. Raises InvalidLambdaResponseException."""
    if name in FLAGS and value in ("true", "false"):
        return value == "true"
    if name == "updated_at" and isinstance(value, str) and (number := numbers.whole(value, numbers.EXACT)) is not None:
        return number
    if name == "address" and isinstance(value, str):
        return {"formatted": value}
    if name in (*FLAGS, "updated_at", "address") and isinstance(value, (dict, list)):
        raise InvalidLambdaResponseException(UNRECOGNIZABLE)
    return value


def _settable(given: ClaimChanges) -> dict[str, Any]:
    """What cannot be changed is passed over in silence; leaving out beats setting."""
    return {
        name: value
        for name, value in given.set.items()
        if name not in PROTECTED and not name.startswith((OURS, DEVELOPERS)) and name not in given.suppress
    }


def _without(body: dict[str, Any], given: ClaimChanges) -> dict[str, Any]:
    gone = {name for name in given.suppress if name not in PROTECTED and not name.startswith(OURS)}
    if GROUPS in given.suppress:
        gone |= {GROUPS, ROLES, PREFERRED_ROLE}
    return {name: value for name, value in body.items() if name not in gone}


def _with_groups(body: dict[str, Any], groups: GroupChange) -> dict[str, Any]:
    result = {name: value for name, value in body.items() if name != GROUPS}
    return {**result, GROUPS: list(groups.groups)} if groups.groups else result


def _with_roles(body: dict[str, Any], groups: GroupChange) -> dict[str, Any]:
    result = {name: value for name, value in body.items() if name not in (ROLES, PREFERRED_ROLE)}
    if groups.roles:
        result[ROLES] = list(groups.roles)
    if groups.preferred_role:
        result[PREFERRED_ROLE] = groups.preferred_role
    return result


def _with_scopes(body: dict[str, Any], changes: TokenChanges) -> dict[str, Any]:
    if not (changes.add_scopes or changes.suppress_scopes):
        return body
    present = dict.fromkeys([*str(body.get("scope", "")).split(), *changes.add_scopes])
    left = [scope for scope in present if scope not in changes.suppress_scopes]
    result = {name: value for name, value in body.items() if name != "scope"}
    return {**result, "scope": " ".join(left)} if left else result
