"""The history of a user's events, and what users and administrators say of them.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-adaptive-authentication.html
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from cognito_app.core import clock, ids, keyring
from cognito_app.errors import NotAuthorizedException, ResourceNotFoundException, UserNotFoundException
from cognito_app.models import AuthEvent, PoolUser, SpentNonce, user_rows
from cognito_app.services import keyset, users
from cognito_app.services.actor import Actor, audit
from cognito_app.services.config import PoolConfig
from cognito_app.services.risk_configuration import require_add_on

LARGEST_PAGE = 60
TOKEN_LIFETIME = timedelta(days=7)
INVALID_TOKEN = "Invalid feedback token."  # noqa: S105  # a message
ADMIN, USER = "Admin", "User"


@dataclass(frozen=True, slots=True)
class FeedbackToken:
    """What a feedback token says: which event of which user, until when."""

    user_sub: str
    event_id: str
    nonce: str
    expires_at: datetime


def page(
    pool: PoolConfig, username: str, *, limit: int | None, token: str | None
) -> tuple[list[AuthEvent], str | None]:
    """Return a page of a user's events, newest first, and the token of the next.

    Raises UserPoolAddOnNotEnabledException, UserNotFoundException, InvalidParameterException.
    """
    require_add_on(pool)
    user = users.find(pool, username)
    scope = f"AdminListUserAuthEvents:{pool.id}:{user.pk}"
    rows = AuthEvent.objects.filter(user_id=user.pk)
    return keyset.by_age(rows, scope=scope, limit=limit or LARGEST_PAGE, token=token, newest_first=True)


def give_admin_feedback(pool: PoolConfig, actor: Actor, username: str, event_id: str, value: str) -> None:
    """Store what an administrator says of an event.

    Raises UserPoolAddOnNotEnabledException, UserNotFoundException, ResourceNotFoundException.
    """
    require_add_on(pool)
    user = users.find(pool, username)
    with transaction.atomic():
        _store(user, event_id, value, ADMIN)
        audit(actor, "AdminUpdateAuthEventFeedback", pool_id=pool.id, subject=user.sub, event=event_id, value=value)


def give_feedback(pool: PoolConfig, username: str, event_id: str, token: str, value: str) -> None:
    """Store what a user says of an event, by the token of a notification; each value can be given once.

    The token is looked at first: without a good one nobody learns who exists.
    Raises UserPoolAddOnNotEnabledException, NotAuthorizedException, UserNotFoundException, ResourceNotFoundException.
    """
    require_add_on(pool)
    opened = open_token(pool, token)
    user = users.find(pool, username)
    if user.sub != opened.user_sub or event_id != opened.event_id:
        raise NotAuthorizedException(INVALID_TOKEN)
    _spend(opened, user, value)


def give_feedback_by_link(pool: PoolConfig, token: str, value: str) -> None:
    """As ``give_feedback``, for the page that a notification leads to, where the token alone names user and event."""
    require_add_on(pool)
    opened = open_token(pool, token)
    user, _ = user_rows.by_sub(pool.id, opened.user_sub, None)
    if user is None:
        raise UserNotFoundException
    _spend(opened, user, value)


def make_token(user: PoolUser, event_id: str) -> str:
    """Return a token that lets the reader of a notification say what an event was."""
    expires_at = clock.now() + TOKEN_LIFETIME
    payload = {"u": user.sub, "v": event_id, "n": ids.uuid4(), "e": expires_at.timestamp()}
    return keyring.pack(payload, aad=_context(user.pool_id))


def open_token(pool: PoolConfig, token: str) -> FeedbackToken:
    """Return what a token says. Raises NotAuthorizedException for one that is altered, of another pool or too old."""
    try:
        data = keyring.unpack(token, aad=_context(pool.id))
    except keyring.SealError:
        raise NotAuthorizedException(INVALID_TOKEN) from None
    opened = FeedbackToken(data["u"], data["v"], data["n"], clock.from_epoch(data["e"]))
    if opened.expires_at <= clock.now():
        raise NotAuthorizedException(INVALID_TOKEN)
    return opened


def _spend(opened: FeedbackToken, user: PoolUser, value: str) -> None:
    with transaction.atomic():
        if not SpentNonce.spend(f"{opened.nonce}:{value}", opened.expires_at):
            raise NotAuthorizedException(INVALID_TOKEN)
        _store(user, opened.event_id, value, USER)


def _store(user: PoolUser, event_id: str, value: str, provider: str) -> None:
    feedback: dict[str, Any] = {
        "FeedbackValue": value,
        "Provider": provider,
        "FeedbackDate": clock.epoch_millis(clock.now()),
    }
    try:
        key = uuid.UUID(event_id)
    except ValueError:
        key = None
    if key is None or not AuthEvent.objects.filter(pk=key, user_id=user.pk).update(feedback=feedback):
        raise ResourceNotFoundException(f"Event {event_id} does not exist.")


def _context(pool_id: str) -> bytes:
    return f"feedback:{pool_id}".encode()
