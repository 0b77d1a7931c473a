"""What a sign-in is made of: who asks, the challenges put to them, the sealed sessions between two answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from cognito_app.core import clock, ids, keyring
from cognito_app.errors import NotAuthorizedException
from cognito_app.models import PoolUser, SpentNonce
from cognito_app.services.actor import Actor
from cognito_app.services.config import ClientConfig, PoolConfig

WRONG_PASSWORD = "Incorrect username or password."  # noqa: S105  # a message
DISABLED = "User is disabled."
INVALID_SESSION = "Invalid session for the user."
EXPIRED_SESSION = "Invalid session for the user, session is expired."
SPENT_SESSION = "Invalid session for the user, session can only be used once."


@dataclass(frozen=True, slots=True)
class Proof:
    """A finished authentication: who, when, by which methods (RFC 8176 names), under which event id, from where.

    ``device_key`` is the device that the client named.
    """

    user: PoolUser
    methods: tuple[str, ...]
    time: datetime
    event_id: str
    device_key: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """One attempt to sign in; ``complete`` runs in the transaction that ends it and makes tokens or a session.

    ``device_key`` is the DEVICE_KEY of the request: a device that the client claims to be.
    """

    pool: PoolConfig
    client: ClientConfig
    actor: Actor
    complete: Callable[[Proof], Any]
    metadata: Mapping[str, str] = field(default_factory=dict)
    admin: bool = False
    device_key: str | None = None

    def on_device(self, key: str | None) -> Context:
        """Return the attempt with the device that was named at an earlier step, if this one names none."""
        return self if self.device_key or not key else replace(self, device_key=key)


@dataclass(frozen=True, slots=True)
class Challenge:
    """The next question to the user, with AWS's names of challenges and parameters."""

    name: str
    parameters: dict[str, str]
    session: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The end of a sign-in: what ``Context.complete`` returned."""

    proof: Proof
    result: Any = field(repr=False)


Outcome = Challenge | SignedIn


@dataclass(frozen=True, slots=True)
class Session:
    """An opened session string."""

    challenge: str
    user_id: int
    nonce: str
    expires_at: datetime
    methods: tuple[str, ...]
    device_key: str | None = None

    def is_spent(self) -> bool:
        """Whether it was used already (a look that spares work; ``spend`` decides)."""
        return SpentNonce.objects.filter(nonce=self.nonce).exists()

    def spend(self) -> None:
        """Use the session up, in the transaction of what it allows.

        Raises NotAuthorizedException for all but one of parallel callers.
        """
        if not SpentNonce.spend(self.nonce, self.expires_at):
            raise NotAuthorizedException(SPENT_SESSION)


def seal_session(context: Context, challenge: str, user: PoolUser, methods: tuple[str, ...]) -> str:
    """Make the session string of a challenge: nothing is stored until it is answered."""
    expires_at = clock.now() + timedelta(minutes=context.client.session_minutes)
    payload = {"k": challenge, "u": user.pk, "n": ids.uuid4(), "e": expires_at.timestamp(), "m": methods}
    if context.device_key and context.pool.devices:
        payload["d"] = context.device_key
    return keyring.pack(payload, aad=_context(context))


def open_session(context: Context, text: str, challenge: str) -> Session:
    """Open a session string for the challenge that is being answered.

    Raises NotAuthorizedException for one that is altered, foreign, of another challenge or too old.
    """
    try:
        data = keyring.unpack(text, aad=_context(context))
    except keyring.SealError:
        raise NotAuthorizedException(INVALID_SESSION) from None
    session = Session(
        challenge=data["k"],
        user_id=data["u"],
        nonce=data["n"],
        expires_at=clock.from_epoch(data["e"]),
        methods=tuple(data["m"]),
        device_key=data.get("d"),
    )
    if session.challenge != challenge:
        raise NotAuthorizedException(INVALID_SESSION)
    if session.expires_at <= clock.now():
        raise NotAuthorizedException(EXPIRED_SESSION)
    return session


def _context(context: Context) -> bytes:
    return f"session:{context.pool.id}:{context.client.id}".encode()
