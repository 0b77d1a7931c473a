"""A sign-in at a provider between its two redirects: stored at the start, spent by the first answer.

Any number may be under way in one browser; the cookie names the browser, ``state`` the sign-in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

import orjson

from cognito_app.core import clock, keyring, secrets
from cognito_app.models import FederationTransaction
from cognito_app.models.base import claim as claim_row
from cognito_app.services import tokens
from cognito_app.services.authorization import AuthorizeRequest
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.federated_sign_in.refusals import TransactionLost

LIFETIME = timedelta(minutes=5)
TOKEN_BYTES = 32
COOKIE = "csrf-state"
LEGACY_COOKIE = "csrf-state-legacy"
"""The same for browsers that do not know ``SameSite=None``."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Transaction:
    """A sign-in that was under way; ``data`` is what ``begin`` was given, ``query`` that of the first request."""

    pool_id: str
    client_id: str
    provider_name: str
    request: AuthorizeRequest
    query: str
    data: Mapping[str, Any] = field(repr=False)
    expired: bool = False


def browser_of(cookies: Mapping[str, str]) -> str | None:
    """Return the value that stands for the browser, None if it has none yet."""
    value = cookies.get(COOKIE) or cookies.get(LEGACY_COOKIE) or ""
    return value if _TOKEN.fullmatch(value) else None


def new_browser() -> str:
    """Return the value of the cookie of a browser that has none."""
    return secrets.urlsafe(TOKEN_BYTES)


def new_state() -> str:
    """Return an unguessable ``state`` (or RelayState)."""
    return secrets.urlsafe(TOKEN_BYTES)


def begin(
    pool: PoolConfig,
    client: ClientConfig,
    provider_name: str,
    request: AuthorizeRequest,
    *,
    state: str,
    browser: str,
    query: str,
    data: Mapping[str, Any],
) -> None:
    """Store a sign-in that is about to go to a provider under its ``state``; ``data`` must be JSON."""
    now = clock.now()
    key = tokens.hash_of(state)
    sealed = orjson.dumps({"request": asdict(request), "query": query, "data": dict(data)})
    FederationTransaction.objects.create(
        state_hash=key,
        browser_hash=tokens.hash_of(browser),
        pool_id=pool.id,
        client_id=client.id,
        provider_name=provider_name,
        sealed=keyring.seal(sealed, aad=_place(key)),
        created_at=now,
        expires_at=now + LIFETIME,
    )


def claim(pool: PoolConfig, state: str, browser: str | None) -> Transaction:
    """Spend the sign-in that ``state`` names, for exactly one answer of the browser that began it.

    One past its time is spent and returned as ``expired``: the user can start again from its ``query``.
    Raises TransactionLost.
    """
    row = find(pool, state, browser)
    rows = FederationTransaction.objects.filter(pk=row.pk, used_at=None)
    if not claim_row(rows, used_at=clock.now()):
        raise TransactionLost
    return _opened(row)


def find(pool: PoolConfig, state: str, browser: str | None) -> FederationTransaction:
    """Return the row of a sign-in of this browser that is not spent. Raises TransactionLost."""
    if not _TOKEN.fullmatch(state) or not browser:
        raise TransactionLost
    row = FederationTransaction.objects.filter(pk=tokens.hash_of(state), pool_id=pool.id, used_at=None).first()
    if row is None or not secrets.compare(bytes(row.browser_hash), tokens.hash_of(browser)):
        raise TransactionLost
    return row


def _opened(row: FederationTransaction) -> Transaction:
    try:
        content = orjson.loads(keyring.unseal(bytes(row.sealed), aad=_place(bytes(row.state_hash))))
    except keyring.SealError:
        raise TransactionLost from None
    given = content["request"]
    lists = {name: tuple(given[name]) for name in ("scopes", "prompts", "levels")}
    return Transaction(
        pool_id=row.pool_id,
        client_id=row.client_id,
        provider_name=row.provider_name,
        request=AuthorizeRequest(**{**given, **lists}),
        query=content["query"],
        data=content["data"],
        expired=row.expires_at <= clock.now(),
    )


def _place(key: bytes) -> bytes:
    return b"federation:" + key
