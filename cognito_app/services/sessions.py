"""Browser sessions of the hosted pages, and signing a user out everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from cognito_app.core import clock, secrets
from cognito_app.models import BrowserSession, PoolUser, RefreshToken, UserSession
from cognito_app.models.base import claim
from cognito_app.services import session_settings, tokens, user_sessions
from cognito_app.services.actor import Actor
from cognito_app.services.config import ClientConfig, PoolConfig

TOKEN_BYTES = 32
LOCAL = "COGNITO"


def start(
    pool: PoolConfig,
    client: ClientConfig,
    actor: Actor,
    user: PoolUser,
    methods: tuple[str, ...],
    authenticated_at: datetime,
    *,
    replaced: str | None = None,
    provider: str = LOCAL,
    provider_session: Mapping[str, Any] | None = None,
) -> str:
    """Store a browser session, in the transaction that ends the sign-in, and return the cookie's value.

    ``replaced`` is the cookie that the browser had before; ``provider_session`` is what signing out at the provider
    needs.
    """
    token = secrets.urlsafe(TOKEN_BYTES)
    row = BrowserSession.objects.create(
        token_hash=tokens.hash_of(token),
        pool_id=user.pool_id,
        user=user,
        provider=provider,
        provider_session=dict(provider_session or {}),
        methods=list(methods),
        authenticated_at=authenticated_at,
        expires_at=authenticated_at + session_settings.browser_lifetime(pool),
    )
    user_sessions.begin_sso(pool, client, actor, row, replaced=tokens.hash_of(replaced) if replaced else None)
    return token


def record_of(pool: PoolConfig, token: str) -> str | None:
    """Return the id of the record of a cookie's session, None in a pool that does not track sessions."""
    return user_sessions.id_of_browser(pool, tokens.hash_of(token))


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
    user_id = rows.values_list("user_id", flat=True).first()
    if user_id is None:
        return False
    with transaction.atomic():
        UserSession.serialize(user_id)
        UserSession.objects.filter(browser__in=rows).delete()
        return claim(rows, ended_at=clock.now())


def end_all(user: PoolUser) -> None:
    """End a user's tokens and browser sessions, in the transaction of the change that calls for it."""
    tokens.revoke_all(user)
    _end_browser_sessions(user)


def end_for_new_password(user: PoolUser, *, keep_origin_jti: str | None = None) -> None:
    """After a new password: no old refresh token and no browser session goes on, but the one that made the change.

    Access tokens stay good until they expire: AWS documents no revocation here.
    """
    UserSession.serialize(user.pk)
    UserSession.forget_tokens_of(user.pk, but=keep_origin_jti)
    families = RefreshToken.objects.filter(user=user, ended_at=None)
    if keep_origin_jti:
        families = families.exclude(origin_jti=keep_origin_jti)
    families.update(ended_at=clock.now())
    _end_browser_sessions(user)


def _end_browser_sessions(user: PoolUser) -> None:
    user_sessions.end_browsers(BrowserSession.objects.filter(user=user, ended_at=None))
