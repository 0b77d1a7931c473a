"""The record of a user's sessions that users and administrators see: kept, limited, listed and revoked.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/managing-user-sessions.html
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import models, transaction

from cognito_app.core import clock, ids, user_agent
from cognito_app.errors import InvalidParameterException, NotAuthorizedException, ResourceNotFoundException
from cognito_app.models import AppClient, BrowserSession, PoolUser, RefreshToken, UserSession
from cognito_app.models.rows import Rows
from cognito_app.services.actor import Actor, audit
from cognito_app.services.config import ClientConfig, PoolConfig

LONGEST_LIST = 125
SESSION_ROWS: Rows[UserSession] = Rows(UserSession)


def begin(
    pool: PoolConfig,
    client: ClientConfig,
    user: PoolUser,
    actor: Actor,
    *,
    origin_jti: str,
    expires_at: datetime,
    origin_session: str | None = None,
) -> None:
    """Record a token session where the pool tracks sessions; the least recently used one beyond the limit ends.

    Call it in the transaction that ends the sign-in, after the refresh token is stored. ``origin_session`` names the
    browser session that the sign-in came through: raises NotAuthorizedException if that has ended meanwhile.
    """
    if pool.session_limit is None:
        return
    UserSession.serialize(user.pk)
    now = clock.now()
    parent = None if origin_session is None else _grant_through(user, origin_session, now)
    _evict(user, keep=pool.session_limit - 1)
    # The request of a code exchange comes from the app's server; the device is the browser's.
    device = _device(actor) if parent is None else {"device_type": parent.device_type, "last_ip": parent.last_ip}
    SESSION_ROWS.insert(
        UserSession(
            id=ids.session_id("tkn"),
            user=user,
            client_id=client.id,
            origin_jti=origin_jti,
            parent=parent,
            created_at=now,
            last_active_at=now,
            expires_at=expires_at,
            **device,
        )
    )


def _grant_through(user: PoolUser, session_id: str, now: datetime) -> UserSession:
    rows = UserSession.objects.filter(pk=session_id, user=user)
    parent = rows.select_for_update(no_key=True).first()
    if parent is None:
        raise NotAuthorizedException("The session has ended.")
    rows.update(last_active_at=now)
    return parent


def _evict(user: PoolUser, *, keep: int) -> None:
    surplus = _active(user).filter(origin_jti__isnull=False).order_by("-last_active_at", "-pk")[keep:]
    if found := list(surplus.values_list("origin_jti", flat=True)):
        end_families([str(jti) for jti in found])


def begin_sso(
    pool: PoolConfig,
    client: ClientConfig,
    actor: Actor,
    browser: BrowserSession,
    *,
    replaced: bytes | None = None,
) -> None:
    """Record a browser's session where the pool tracks sessions, in the transaction that ends the sign-in.

    A user who signs in anew in the same browser (``replaced`` is its earlier session) keeps the record.
    """
    if pool.session_limit is None:
        return
    UserSession.serialize(browser.user_id)
    now = clock.now()
    values = {"client_id": client.id, "last_active_at": now, "expires_at": browser.expires_at, **_device(actor)}
    if replaced is not None:
        earlier = BrowserSession.objects.filter(pk=replaced, user_id=browser.user_id, ended_at=None)
        kept = UserSession.objects.filter(browser_id=replaced, user_id=browser.user_id)
        if earlier.update(ended_at=now) and kept.update(browser=browser, **values):
            return
    UserSession.objects.create(
        id=ids.session_id("sso"), user_id=browser.user_id, browser=browser, created_at=now, **values
    )


def id_of_browser(pool: PoolConfig, token_hash: bytes) -> str | None:
    """Return the id of a browser session's record; None where there is none, or the pool does not track sessions."""
    if pool.session_limit is None:
        return None
    return UserSession.objects.filter(browser_id=token_hash).values_list("pk", flat=True).first()


def _device(actor: Actor) -> dict[str, Any]:
    return {"device_type": user_agent.parse(actor.user_agent).kind, "last_ip": actor.ip[:128]}


def touch(pool: PoolConfig, origin_jti: str, actor: Actor, *, rotated: bool) -> None:
    """Note that a token session was used to renew tokens; a rotation counts for the session it came through too."""
    if pool.session_limit is None:
        return
    now = clock.now()
    row = UserSession.objects.filter(origin_jti=origin_jti)
    row.update(last_active_at=now, **_device(actor))
    if rotated:
        parents = list(row.filter(parent__isnull=False).values_list("parent_id", flat=True))
        if parents:
            UserSession.objects.filter(pk__in=parents).update(last_active_at=now)


def _active(user: PoolUser) -> models.QuerySet[UserSession]:
    """Sessions in force; the tokens of a client that was deleted are good for nothing."""
    client = AppClient.objects.filter(pk=models.OuterRef("client_id"))
    return UserSession.objects.filter(
        models.Q(browser__isnull=False) | models.Exists(client), user=user, expires_at__gt=clock.now()
    )


def active(pool: PoolConfig, user: PoolUser) -> list[UserSession]:
    """Return a user's sessions on all clients, last active first; none where the pool does not track sessions."""
    if pool.session_limit is None:
        return []
    return list(_active(user).order_by("-last_active_at", "-pk")[:LONGEST_LIST])


def revoke(
    pool: PoolConfig,
    actor: Actor,
    user: PoolUser,
    session_id: str,
    *,
    action: str,
    linked: bool = False,
    current_jti: str | None = None,
) -> None:
    """End a session of a user: its tokens or cookie, and its record.

    ``linked`` ends the browser session that a token session came through, or the token sessions that came through a
    browser session. Raises ResourceNotFoundException, and InvalidParameterException for the session of
    ``current_jti``.
    """
    with transaction.atomic():
        UserSession.serialize(user.pk)
        row = None if pool.session_limit is None else _active(user).filter(pk=session_id).first()
        if row is None:
            raise ResourceNotFoundException("Session does not exist.")
        if current_jti is not None and row.origin_jti is not None and str(row.origin_jti) == current_jti:
            raise InvalidParameterException("The session of the access token cannot be revoked.")
        _end([row, *(_linked(row) if linked else ())])
        audit(actor, action, pool_id=pool.id, subject=user.sub, session=session_id, linked=linked)


def _linked(row: UserSession) -> list[UserSession]:
    if row.browser_id is not None:
        return list(UserSession.objects.filter(parent=row))
    return list(UserSession.objects.filter(pk=row.parent_id)) if row.parent_id else []


def _end(rows: Sequence[UserSession]) -> None:
    """End sessions of one user, in a transaction that called ``serialize``."""
    browsers = [row for row in rows if row.browser_id is not None]
    if browsers:
        end_browsers(BrowserSession.objects.filter(pk__in=[bytes(row.browser_id or b"") for row in browsers]))
    if families := [str(row.origin_jti) for row in rows if row.origin_jti is not None]:
        end_families(families)


def end_families(origin_jtis: Sequence[str]) -> None:
    """Revoke every token of some sign-ins and delete their records. Call it in a transaction."""
    # The record first: two who end the same session then wait for each other in one order.
    UserSession.forget_families(origin_jtis)
    RefreshToken.objects.filter(origin_jti__in=origin_jtis, revoked_at=None).update(revoked_at=clock.now())


def end_browsers(rows: models.QuerySet[BrowserSession]) -> None:
    """End browser sessions of one user and delete their records, in a transaction that called ``serialize``."""
    UserSession.objects.filter(browser__in=rows).delete()
    rows.filter(ended_at=None).update(ended_at=clock.now())


def end_family_and_origin(pool: PoolConfig, user_id: int, origin_jti: str) -> None:
    """Revoke the tokens of a sign-in, and end the browser session that it came through, but not that one's others."""
    with transaction.atomic():
        UserSession.serialize(user_id)
        row = UserSession.objects.filter(origin_jti=origin_jti).first()
        if row is None or pool.session_limit is None:
            end_families([origin_jti])
        else:
            _end([row, *_linked(row)])
