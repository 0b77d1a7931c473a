"""What the tokens say, claim by claim (spec: Cognito's ID and access token payloads).

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson

from cognito_app.core import ids, numbers
from cognito_app.services import attributes, claim_changes, schema
from cognito_app.services.groups import GroupRecord

if TYPE_CHECKING:
    from cognito_app.services.tokens import Grant

SCOPE_CLAIMS = {
    "email": ("email", "email_verified"),
    "phone": ("phone_number", "phone_number_verified"),
}


def access_token(grant: Grant, now: int) -> dict[str, Any]:
    """Return the claims of an access token issued at ``now`` (epoch seconds)."""
    result: dict[str, Any] = {"sub": grant.user.sub}
    if grant.device_key:
        result["device_key"] = grant.device_key
    if grant.groups:
        result["cognito:groups"] = [group.name for group in grant.groups]
    result["iss"] = grant.pool.issuer
    if "openid" in grant.scopes:
        result["version"] = 2
    if grant.resource:
        result["aud"] = grant.resource
    result["client_id"] = grant.client.id
    result.update(_common(grant, "access", now, grant.client.access_seconds))
    result["scope"] = " ".join(grant.scopes)
    result["username"] = grant.user.username
    return claim_changes.on_access_token(result, grant.changes, grant.client.id) if grant.changes else result


def id_token(grant: Grant, now: int, at_hash: str | None) -> dict[str, Any]:
    """Return the claims of an ID token issued at ``now`` (epoch seconds)."""
    result: dict[str, Any] = {}
    if at_hash:
        result["at_hash"] = at_hash
    result["sub"] = grant.user.sub
    if grant.groups:
        result["cognito:groups"] = [group.name for group in grant.groups]
    result["iss"] = grant.pool.issuer
    result["cognito:username"] = grant.user.username
    result.update(roles_of(grant.groups))
    if grant.nonce is not None:
        result["nonce"] = grant.nonce
    result["aud"] = grant.client.id
    result.update(_common(grant, "id", now, grant.client.id_seconds))
    if schema.IDENTITIES in grant.user.attributes:
        # Whatever the scopes and the client's list: the claim says how the user may have signed in.
        result["identities"] = identities(grant.user.attributes[schema.IDENTITIES])
    for name, value in visible_attributes(grant).items():
        result.setdefault(name, typed(name, value))
    return claim_changes.on_id_token(result, grant.changes) if grant.changes else result


def identities(text: str) -> list[dict[str, str | None]]:
    """Return the attribute ``identities`` as ID tokens list it: every value is a text, or null."""
    return [
        {**item, "primary": "true" if item["primary"] else "false", "dateCreated": str(item["dateCreated"])}
        for item in orjson.loads(text)
    ]


def client_access_token(issuer: str, client_id: str, scopes: tuple[str, ...], now: int, seconds: int) -> dict[str, Any]:
    """Return the claims of an access token that stands for a client and no user."""
    return {
        "sub": client_id,
        "token_use": "access",
        "scope": " ".join(scopes),
        "auth_time": now,
        "iss": issuer,
        "exp": now + seconds,
        "iat": now,
        "version": 2,
        "jti": ids.uuid4(),
        "client_id": client_id,
    }


def derived(
    body: Mapping[str, Any], subject: Mapping[str, Any], *, audience: str | None, act: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Bind the claims of a new token to the token that it derives from (RFC 8693): it ends and is revoked with it."""
    result = {**body, "exp": min(body["exp"], int(subject["exp"]))}
    result.pop("origin_jti", None)
    if "origin_jti" in subject:
        result["origin_jti"] = subject["origin_jti"]
    if audience is not None:
        result["aud"] = audience
    if act is not None:
        result["act"] = act
    return result


def _common(grant: Grant, use: str, now: int, seconds: int) -> dict[str, Any]:
    result: dict[str, Any] = {}
    if grant.client.revocable or grant.client.rotates:
        result["origin_jti"] = grant.origin_jti
    result["event_id"] = grant.event_id
    result["token_use"] = use
    result["auth_time"] = int(grant.auth_time.timestamp())
    result.update(grant.levels)
    result["exp"] = now + seconds
    result["iat"] = now
    if grant.client.revocable or grant.client.rotates:
        result["jti"] = ids.uuid4()
    return result


def roles_of(groups: list[GroupRecord]) -> dict[str, Any]:
    """Return the claims about IAM roles that follow from groups."""
    roles = list(dict.fromkeys(group.role_arn for group in groups if group.role_arn))
    if not roles:
        return {}
    result: dict[str, Any] = {"cognito:roles": roles}
    ranked = [group for group in groups if group.precedence is not None]
    if ranked:
        best = {group.role_arn for group in ranked if group.precedence == ranked[0].precedence and group.role_arn}
        if len(best) == 1:
            result["cognito:preferred_role"] = best.pop()
    return result


def visible_attributes(grant: Grant) -> dict[str, str]:
    """Return the user's attributes that the client may read and the scopes ask for.

    A sign-in by the API, and ``openid`` without further scopes, show everything readable.
    """
    shown = attributes.readable(grant.pool, grant.client, grant.user.attributes)
    return limit_to_scopes(shown, grant.scopes)


def limit_to_scopes(shown: dict[str, str], scopes: tuple[str, ...]) -> dict[str, str]:
    """Keep what the OpenID Connect scopes among ``scopes`` release."""
    asked = {"profile", "email", "phone"} & set(scopes)
    if not asked:
        return shown
    contacts = {name for names in SCOPE_CLAIMS.values() for name in names}
    allowed = {name for scope in asked for name in SCOPE_CLAIMS.get(scope, ())}
    return {
        name: value
        for name, value in shown.items()
        if name == "sub" or name in allowed or ("profile" in asked and name not in contacts)
    }


def typed(name: str, value: str) -> Any:
    """Return an attribute as the type that OpenID Connect Core section 5.1 gives its claim."""
    if name in attributes.VERIFIED_FLAGS.values():
        return value == "true"
    if name == "address":
        return {"formatted": value}
    if name == "updated_at" and (number := numbers.whole(value, numbers.EXACT)) is not None:
        return number
    return value


def at_hash(access: str) -> str:
    """Return the left half of the access token's hash (OpenID Connect Core section 3.1.3.6)."""
    return base64.urlsafe_b64encode(sha256(access.encode()).digest()[:16]).rstrip(b"=").decode()
