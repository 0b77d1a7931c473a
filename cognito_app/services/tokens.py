"""The three tokens of a sign-in: issuing, refreshing, rotating, revoking.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-with-identity-providers.html
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db import transaction

from cognito_app.core import clock, ids, jose, keyring, secrets
from cognito_app.errors import (
    NotAuthorizedException,
    RefreshTokenReuseException,
    UnauthorizedException,
    UnsupportedOperationException,
    UnsupportedTokenTypeException,
)
from cognito_app.models import PoolUser, RefreshToken, UserSession, user_rows
from cognito_app.models.base import claim
from cognito_app.models.rows import Rows
from cognito_app.services import acr, claims, config, device_tracking, groups, keys, user_sessions
from cognito_app.services.actor import Actor
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.device_tracking import KnownDevice, NewDevice
from cognito_app.triggers.token_generation import TokenChanges

API_SCOPE = "aws.cognito.signin.user.admin"
REFRESH_BYTES = 48
LEVEL_CLAIMS = ("acr", "amr")
MAX_POOL_ID = 55
REFRESH_ROWS: Rows[RefreshToken] = Rows(RefreshToken)


@dataclass(frozen=True, slots=True)
class Grant:
    """What tokens are to say; made in a transaction, signed after it. ``levels`` are the claims acr and amr."""

    pool: PoolConfig
    client: ClientConfig
    user: PoolUser
    groups: list[groups.GroupRecord]
    scopes: tuple[str, ...]
    auth_time: datetime
    origin_jti: str
    event_id: str
    nonce: str | None = None
    refresh_token: str | None = field(default=None, repr=False)
    device_key: str | None = None
    new_device: NewDevice | None = None
    levels: Mapping[str, Any] = field(default_factory=dict)
    resource: str | None = None
    by_oauth: bool = False
    changes: TokenChanges | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Signed tokens; ``id`` is absent without the scope for it, ``refresh`` where none is given out."""

    access: str = field(repr=False)
    id: str | None = field(repr=False)
    refresh: str | None = field(repr=False)
    expires_in: int
    new_device: NewDevice | None = None


def begin(
    pool: PoolConfig,
    client: ClientConfig,
    user: PoolUser,
    *,
    scopes: tuple[str, ...] = (API_SCOPE,),
    auth_time: datetime | None = None,
    event_id: str | None = None,
    origin_jti: str | None = None,
    nonce: str | None = None,
    actor: Actor,
    origin_session: str | None = None,
    device: KnownDevice | NewDevice | None = None,
    methods: Iterable[str] = (),
    resource: str | None = None,
    by_oauth: bool = False,
) -> Grant:
    """Start a family of tokens: store its refresh token. Call it in the transaction that ends the sign-in.

    ``methods`` are those of the sign-in; ``resource`` is whom the access token is for (RFC 8707);
    ``by_oauth`` tells tokens of the OAuth endpoints, which have an ID token for the scope openid only.
    ``origin_session`` names the browser session that it comes through. Raises NotAuthorizedException if that has ended.
    """
    now = clock.now()
    refresh_token = secrets.urlsafe(REFRESH_BYTES)
    grant = Grant(
        pool=pool,
        client=client,
        user=user,
        groups=groups.of_user(user.pk),
        scopes=scopes,
        auth_time=auth_time or now,
        origin_jti=origin_jti or ids.uuid4(),
        event_id=event_id or ids.uuid4(),
        nonce=nonce,
        refresh_token=refresh_token,
        device_key=device.key if device else None,
        new_device=device if isinstance(device, NewDevice) else None,
        levels=acr.claims(pool, methods),
        resource=resource,
        by_oauth=by_oauth,
    )
    expires_at = _store(grant, refresh_token, now)
    user_sessions.begin(
        pool, client, user, actor, origin_jti=grant.origin_jti, expires_at=expires_at, origin_session=origin_session
    )
    return grant


def _store(grant: Grant, refresh_token: str, now: datetime) -> datetime:
    """Store the refresh token of a new family; returns when it expires."""
    details: dict[str, Any] = {"scopes": list(grant.scopes), "event_id": grant.event_id, **grant.levels}
    if grant.resource:
        details["resource"] = grant.resource
    if grant.by_oauth:
        details["by_oauth"] = True
    if grant.device_key:
        details[device_tracking.DETAIL] = grant.device_key
    expires_at = now + timedelta(seconds=grant.client.refresh_seconds)
    REFRESH_ROWS.insert(
        RefreshToken(
            token_hash=hash_of(refresh_token),
            origin_jti=grant.origin_jti,
            pool_id=grant.pool.id,
            client_id=grant.client.id,
            user_id=grant.user.pk,
            details=details,
            auth_time=grant.auth_time,
            created_at=now,
            expires_at=expires_at,
        )
    )
    return expires_at


def sign(grant: Grant) -> Tokens:
    """Sign the access token, and the ID token where the scopes ask for one (about 0.25 ms each)."""
    now = clock.epoch()
    signing = keys.of_pool(grant.pool.id)
    if signing is None:
        raise RuntimeError("a pool without signing keys")
    access = jose.sign(claims.access_token(grant, now), signing.access_token.private, signing.access_token.kid)
    id_token = None
    if "openid" in grant.scopes or (API_SCOPE in grant.scopes and not grant.by_oauth):
        at_hash = claims.at_hash(access) if "openid" in grant.scopes else None
        id_token = jose.sign(claims.id_token(grant, now, at_hash), signing.id_token.private, signing.id_token.kid)
    return Tokens(
        access=access,
        id=id_token,
        refresh=grant.refresh_token,
        expires_in=grant.client.access_seconds,
        new_device=grant.new_device,
    )


def hash_of(token: str) -> bytes:
    """Return the form in which refresh tokens and codes are stored (256 random bits or more need no slow hash)."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def find_refresh_token(text: str) -> RefreshToken | None:
    """Return the stored row of a refresh token, in whatever state."""
    return REFRESH_ROWS.first("u.token_hash = %s", [hash_of(text)])


def check_refresh_token(row: RefreshToken | None, client: ClientConfig) -> RefreshToken:
    """Check that a refresh token is this client's and in force; rotation is looked at by ``refresh``.

    Raises NotAuthorizedException.
    """
    if row is None or row.client_id != client.id:
        raise NotAuthorizedException("Invalid Refresh Token")
    if row.revoked_at is not None or row.ended_at is not None:
        raise NotAuthorizedException("Refresh Token has been revoked")
    if row.expires_at <= clock.now():
        raise NotAuthorizedException("Refresh Token has expired")
    return row


def refresh(
    pool: PoolConfig,
    client: ClientConfig,
    text: str,
    *,
    actor: Actor,
    check_user: Callable[[PoolUser], None] | None = None,
    device_key: str | None = None,
    customize: Callable[[Grant], Grant] | None = None,
) -> Grant:
    """Renew the tokens of a family; attributes and groups are read anew.

    Where the client rotates, the refresh token is replaced by a successor for the rest of its life; within the grace
    period the old one leads to the same successor. ``check_user`` may refuse before anything changes. The tokens of a
    confirmed device are renewed only with its key. ``customize`` asks the trigger: what fails there leaves the refresh
    token as it was.
    Raises NotAuthorizedException or RefreshTokenReuseException.
    """
    row = check_refresh_token(find_refresh_token(text), client)
    user = user_rows.by_id(row.user_id)
    if user is None:
        raise NotAuthorizedException("Refresh Token has been revoked")
    if not user.enabled:
        raise NotAuthorizedException("User is disabled.")
    if check_user is not None:
        check_user(user)
    bound_to = row.details.get(device_tracking.DETAIL)
    device_tracking.check_refresh(pool, user, bound_to=bound_to, sent=device_key)
    grant = Grant(
        pool=pool,
        client=client,
        user=user,
        groups=groups.of_user(user.pk),
        scopes=tuple(row.details.get("scopes", ())),
        auth_time=row.auth_time,
        origin_jti=str(uuid.UUID(str(row.origin_jti))),
        event_id=row.details.get("event_id", ""),
        device_key=bound_to,
        levels={name: row.details[name] for name in LEVEL_CLAIMS if name in row.details},
        resource=row.details.get("resource"),
        by_oauth=bool(row.details.get("by_oauth")),
    )
    if customize is not None:
        grant = _customized(grant, row, client, customize)
    successor = _rotate(client, row, text) if client.rotates else None
    # After the rotation's transaction: whoever ends a session locks its record before its refresh tokens.
    user_sessions.touch(pool, str(row.origin_jti), actor, rotated=client.rotates)
    return replace(grant, refresh_token=successor)


def _customized(grant: Grant, row: RefreshToken, client: ClientConfig, customize: Callable[[Grant], Grant]) -> Grant:
    """Ask the trigger, which may take its time: the refresh token may be revoked meanwhile."""
    changed = customize(grant)
    if changed is not grant:
        row.refresh_from_db()
        check_refresh_token(row, client)
    return changed


def _rotate(client: ClientConfig, row: RefreshToken, text: str) -> str:
    successor = _successor_of(text)
    now = clock.now()
    with transaction.atomic():
        # Whoever ends the family meanwhile must find the successor, or end the old token first.
        standing = user_rows.hold(row.user_id)
        if standing is None:
            raise NotAuthorizedException("Refresh Token has been revoked")
        if not standing.enabled:
            raise NotAuthorizedException("User is disabled.")
        if claim(
            RefreshToken.objects.filter(pk=row.pk, rotated_at=None, revoked_at=None, ended_at=None), rotated_at=now
        ):
            RefreshToken.objects.create(
                token_hash=hash_of(successor),
                origin_jti=row.origin_jti,
                pool_id=row.pool_id,
                client_id=row.client_id,
                user_id=row.user_id,
                details=row.details,
                auth_time=row.auth_time,
                created_at=now,
                expires_at=row.expires_at,
            )
            return successor
    row.refresh_from_db()
    check_refresh_token(row, client)
    # The time now, not that from before the wait for the lock: without a grace period only one caller succeeds.
    if row.rotated_at is None or clock.now() >= row.rotated_at + timedelta(seconds=client.rotation_grace_seconds):
        revoke_family(str(row.origin_jti))
        raise RefreshTokenReuseException
    return successor


def _successor_of(text: str) -> str:
    """The next token follows from the last by a secret key: a retry gets the same one without its being stored."""
    return base64.urlsafe_b64encode(keyring.mac("refresh-successor", text.encode()) * 2)[:64].decode()


def revoke_family(origin_jti: str) -> None:
    """End every token of one sign-in, and its session."""
    with transaction.atomic():
        user_id = RefreshToken.objects.filter(origin_jti=origin_jti).values_list("user_id", flat=True).first()
        if user_id is not None:
            UserSession.serialize(user_id)
        user_sessions.end_families([origin_jti])


def revoke_all(user: PoolUser) -> None:
    """End every token of a user, on every client, and the sessions of tokens.

    Call it in the transaction of what causes it; saves the user.
    """
    now = clock.now()
    UserSession.serialize(user.pk)
    UserSession.forget_tokens_of(user.pk)
    RefreshToken.objects.filter(user=user, revoked_at=None).update(revoked_at=now)
    user.signed_out_at = now
    user.save(update_fields=["signed_out_at"])


def verify(token: str, *, use: str) -> Mapping[str, Any]:
    """Return the claims of an access or ID token of one of our pools.

    Raises core.jose.TokenError with reason ``malformed``, ``signature`` or ``expired``.
    """
    checked = _signed_claims(token, use)
    jose.check_time(checked, clock.now())
    return checked


def _signed_claims(token: str, use: str) -> dict[str, Any]:
    header, unverified = jose.peek(token)
    issuer = unverified.get("iss")
    pool_id = issuer.rsplit("/", 1)[-1] if isinstance(issuer, str) else ""
    if not pool_id or len(pool_id) > MAX_POOL_ID or "\x00" in pool_id or issuer != config.issuer_of(pool_id):
        raise jose.TokenError("malformed")
    key = keys.public_keys(pool_id).get(str(header.get("kid")))
    if key is None:
        raise jose.TokenError("signature")
    checked = jose.verify(token, key)
    if checked.get("token_use") != use:
        raise jose.TokenError("malformed")
    return checked


def read_hint(pool: PoolConfig, token: str) -> Mapping[str, Any] | None:
    """Return the claims of an ID token of a pool that says who is meant: it may have expired. None if it is none."""
    try:
        found = _signed_claims(token, "id")
    except jose.TokenError:
        return None
    return found if found["iss"] == pool.issuer else None


def verify_id_token(token: str) -> Mapping[str, Any]:
    """Return the claims of an ID token. Raises core.jose.TokenError."""
    return verify(token, use="id")


def revoke_text(pool: PoolConfig, client: ClientConfig, text: str, *, linked: bool = False) -> None:
    """Revoke the family of a refresh token of this client; an unknown or ended one is no error.

    ``linked`` ends the browser session that it came through too.

    Raises UnsupportedOperationException if the client has revocation off, UnsupportedTokenTypeException for another
    kind of token, UnauthorizedException for another client's token.
    """
    if not client.revocable:
        raise UnsupportedOperationException("Revocation is not enabled for this app client.")
    if text.count(".") == 2:
        raise UnsupportedTokenTypeException("Token type is not supported")
    row = find_refresh_token(text)
    if row is None:
        return
    if row.client_id != client.id:
        raise UnauthorizedException("The token does not belong to this client.")
    if linked:
        user_sessions.end_family_and_origin(pool, row.user_id, str(row.origin_jti))
    else:
        revoke_family(str(row.origin_jti))
