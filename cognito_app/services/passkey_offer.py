"""The hosted page for a new passkey: who may open it, and the ticket of a sign-in that waits behind it.

The ticket stands for the sign-in that has just ended, so that ``prompt=login`` or a small ``max_age`` does not ask for
it again. It counts for the same browser session and request, for five minutes.
Source: https://docs.aws.amazon.com/cognito/latest/developerguide/managed-login-endpoints.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from cognito_app.core import clock, keyring
from cognito_app.errors import ServiceError
from cognito_app.models import BrowserSession, PoolUser
from cognito_app.services import passkeys, sessions
from cognito_app.services.authorization import AuthorizeRequest
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.passkeys import Invitation
from cognito_app.services.sign_in import hosted

TICKET_STAYS = timedelta(minutes=5)
PLACE = b"passkey-offer"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sign-in that ends when the user has made a passkey, or will not."""

    session: BrowserSession
    event_id: str | None


def is_open(pool: PoolConfig, client: ClientConfig, origin: str, *, classic: bool) -> bool:
    """Whether users of the client may register passkeys on a page at ``origin``: where they can sign in by them."""
    return hosted.is_choice_based(pool, client, classic=classic) and hosted.takes_passkeys(pool, origin)


def invitation(pool: PoolConfig, client: ClientConfig, user: PoolUser) -> Invitation | None:
    """Return what the browser needs to make a passkey, None for a user who has as many as one can have."""
    try:
        return passkeys.start(pool, client, user)
    except ServiceError:
        return None


def ticket_of(request: AuthorizeRequest, token: str, event_id: str | None) -> str:
    """Return the ticket of a sign-in that made the browser session with this cookie."""
    expires = (clock.now() + TICKET_STAYS).timestamp()
    payload = {"b": _browser_mark(token), "r": _request_mark(request), "v": event_id, "e": expires}
    return keyring.pack(payload, aad=PLACE)


def waiting(pool: PoolConfig, request: AuthorizeRequest, token: str, ticket: str) -> Waiting | None:
    """Return the sign-in behind a ticket, None if it is not of this browser and request, or over."""
    try:
        data = keyring.unpack(ticket, aad=PLACE)
    except keyring.SealError:
        return None
    session = sessions.find(pool.id, token)
    mine = data["b"] == _browser_mark(token) and data["r"] == _request_mark(request)
    if session is None or not mine or clock.from_epoch(data["e"]) <= clock.now():
        return None
    return Waiting(session, data["v"])


def _browser_mark(token: str) -> str:
    return keyring.mac("passkey-offer-browser", token.encode()).hex()


def _request_mark(request: AuthorizeRequest) -> str:
    return keyring.mac("passkey-offer-request", repr(request).encode("utf-8", "surrogatepass")).hex()
