"""Browser sessions of the hosted pages, and signing a user out everywhere."""

from __future__ import annotations

from datetime import datetime, timedelta

from cognito_app.core import clock, secrets
from cognito_app.models import BrowserSession, PoolUser, RefreshToken
from cognito_app.models.base import claim
from cognito_app.services import tokens

LIFETIME = timedelta(hours=1)
TOKEN_BYTES = 32


def start(user: PoolUser, methods: tuple[str, ...], authenticated_at: datetime) -> str:
    """Store a browser session, in the transaction that ends the sign-in, and return the cookie's value."""
    token = secrets.urlsafe(TOKEN_BYTES)
    BrowserSession.objects.create(
        token_hash=tokens.hash_of(token),
        pool_id=user.pool_id,
        user=user,
        methods=list(methods),
        authenticated_at=authenticated_at,
        expires_at=authenticated_at + LIFETIME,
    )
    return token


def find(pool_id: str, token: str | None) -> BrowserSession | None:
    """Return the session of a cookie if it is in force and its user enabled."""
    if not token:
        return None
    row = (
        BrowserSession.objects.filter(
            pk=tokens.hash_of(token), pool_id=pool_id, ended_at=None, expires_at__gt=clock.now()
        )
        .select_related("user")
        .first()
    )
    return row if row is not None and row.user.enabled else None


def end(pool_id: str, token: str | None) -> bool:
    """End the session of a cookie; True if there was one in force."""
    if not token:
        return False
    rows = BrowserSession.objects.filter(pk=tokens.hash_of(token), pool_id=pool_id, ended_at=None)
    return claim(rows, ended_at=clock.now())


def end_all(user: PoolUser) -> None:
    """End a user's tokens and browser sessions, in the transaction of the change that calls for it."""
    tokens.revoke_all(user)
    _end_browser_sessions(user)


def end_for_new_password(user: PoolUser, *, keep_origin_jti: str | None = None) -> None:
    """After a new password: no old refresh token and no browser session goes on, but the one that made the change.

    Access tokens stay good until they expire: AWS documents no revocation here.
    """
    families = RefreshToken.objects.filter(user=user, ended_at=None)
    if keep_origin_jti:
        families = families.exclude(origin_jti=keep_origin_jti)
    families.update(ended_at=clock.now())
    _end_browser_sessions(user)


def _end_browser_sessions(user: PoolUser) -> None:
    BrowserSession.objects.filter(user=user, ended_at=None).update(ended_at=clock.now())
