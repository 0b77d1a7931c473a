"""What a sign-in is made of: who asks, the challenges put to them, the sealed sessions between two answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cognito_app.core import clock, ids, keyring
from cognito_app.errors import NotAuthorizedException
from cognito_app.models import PoolUser, SpentNonce
from cognito_app.services.actor import Actor
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.sign_in import custom_state, target
from cognito_app.services.sign_in.custom_state import Custom
from cognito_app.services.sign_in.target import Target

WRONG_PASSWORD = "Incorrect username or password."  # noqa: S105  # a message
DISABLED = "User is disabled."
INVALID_SESSION = "Invalid session for the user."
EXPIRED_SESSION = "Invalid session for the user, session is expired."
SPENT_SESSION = "Invalid session for the user, session can only be used once."
SESSION_PLACE = b"sign-in-session"
NOBODY = 0
"""The user id in the sessions of made-up challenges."""


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


@dataclass(slots=True)
class Attempt:
    """What becomes known of an attempt while it runs; the event and the demand go on through its sessions.

    ``recorded`` tells that its event is stored already; ``user`` is set when threat protection looked at it;
    ``by_password`` is False where the first factor is another one. ``answered`` is the challenge that this request
    answers; ``custom`` is there while functions decide what comes next; ``target`` the level that is to be reached.
    """

    event_id: str = field(default_factory=ids.uuid4)
    user: PoolUser | None = None
    compromised: bool = False
    risk: dict[str, Any] = field(default_factory=dict)
    demands_mfa: bool = False
    recorded: bool = False
    answered: str = ""
    custom: Custom | None = None
    device_key: str | None = None
    by_password: bool = True
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """One attempt to sign in; ``complete`` runs in the transaction that ends it and makes tokens or a session.

    ``device_key`` is the DEVICE_KEY of the request: a device that the client claims to be. ``session`` is the one that
    InitiateAuth was given: a confirmed sign-up. ``metadata`` is the ClientMetadata of the request, which ``answering``
    tells apart: triggers see that of a start as validation data.
    """

    pool: PoolConfig
    client: ClientConfig
    actor: Actor
    complete: Callable[[Proof], Any]
    metadata: Mapping[str, str] = field(default_factory=dict)
    admin: bool = False
    answering: bool = False
    device_key: str | None = None
    session: str | None = field(default=None, repr=False)
    attempt: Attempt = field(default_factory=Attempt)

    @property
    def device(self) -> str | None:
        """The device that the client named, at this step or at an earlier one."""
        return self.device_key or self.attempt.device_key

    @property
    def validation_data(self) -> Mapping[str, str]:
        """What PreAuthentication and UserMigration see of the request that started the sign-in."""
        return {} if self.answering else self.metadata

    @property
    def client_metadata(self) -> Mapping[str, str]:
        """What the other triggers see of the request that answered a challenge."""
        return self.metadata if self.answering else {}


@dataclass(frozen=True, slots=True)
class Challenge:
    """The next question to the user, with AWS's names of challenges and parameters.

    ``available`` lists the first factors that the user can choose among.
    """

    name: str
    parameters: dict[str, str]
    session: str | None = field(default=None, repr=False)
    available: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The end of a sign-in: what ``Context.complete`` returned."""

    proof: Proof
    result: Any = field(repr=False)


Outcome = Challenge | SignedIn


@dataclass(frozen=True, slots=True)
class Session:
    """An opened session string; ``data`` is what the challenge needs to remember."""

    challenge: str
    user_id: int
    nonce: str
    expires_at: datetime
    methods: tuple[str, ...]
    client_id: str
    password_mark: str = field(repr=False)
    data: Mapping[str, Any] = field(repr=False)
    progress: Mapping[str, Any] = field(repr=False)

    def is_spent(self) -> bool:
        """Whether it was used already (a look that spares work; ``spend`` decides)."""
        return SpentNonce.objects.filter(nonce=self.nonce).exists()

    def spend(self) -> None:
        """Use the session up, in the transaction of what it allows.

        Raises NotAuthorizedException for all but one of parallel callers.
        """
        if not SpentNonce.spend(self.nonce, self.expires_at):
            raise NotAuthorizedException(SPENT_SESSION)


def seal_session(
    context: Context,
    challenge: str,
    user: PoolUser | None,
    methods: tuple[str, ...],
    data: Mapping[str, Any] | None = None,
) -> str:
    """Make the session string of a challenge: nothing is stored until it is answered.

    ``user`` is None for a name that nobody has, where the client hides that.
    """
    return seal_session_for(context.client, challenge, user, methods, data, progress=progress_of(context))


def progress_of(context: Context) -> dict[str, Any]:
    """Return what the next step must know of the attempt; ``go_on`` takes it up again."""
    attempt = context.attempt
    result = {
        "v": attempt.event_id,
        "f": attempt.demands_mfa,
        "r": attempt.recorded or attempt.user is not None,
        "d": context.device if context.pool.devices else None,
    }
    if attempt.target is not None:
        result["a"] = target.packed(attempt.target)
    return result if attempt.custom is None else {**result, "x": custom_state.packed(attempt.custom)}


def go_on(context: Context, progress: Mapping[str, Any]) -> None:
    """Go on with the attempt of an earlier step."""
    attempt = context.attempt
    attempt.demands_mfa = progress["f"]
    attempt.device_key = progress["d"]
    attempt.custom = custom_state.opened(progress.get("x"))
    attempt.target = target.opened(progress.get("a"))
    if progress["r"]:
        # Only a stored event goes on: two answers to one session must not store two under the same id.
        attempt.event_id, attempt.recorded = progress["v"], True


def seal_session_for(
    client: ClientConfig,
    challenge: str,
    user: PoolUser | None,
    methods: tuple[str, ...],
    data: Mapping[str, Any] | None = None,
    *,
    progress: Mapping[str, Any],
) -> str:
    """Make the session string of a challenge of a client; ``progress`` is what becomes of ``Attempt``.

    Without a user it belongs to nobody, and no answer is right.
    """
    expires_at = clock.now() + timedelta(minutes=client.session_minutes)
    payload = {
        "c": client.id,
        "k": challenge,
        "u": user.pk if user else NOBODY,
        "n": ids.uuid4(),
        "e": expires_at.timestamp(),
        "m": methods,
        "p": password_mark(user),
        "d": data or {},
        "g": progress,
    }
    return keyring.pack(payload, aad=SESSION_PLACE)


def password_mark(user: PoolUser | None) -> str:
    """Return what tells one password of a user from the next: a session ends with the password it began with."""
    password = f"{user.pk}:{user.password_hash}" if user else ""
    return keyring.mac("session-password", password.encode()).hex()[:16]


def open_session(context: Context, text: str, challenge: str) -> Session:
    """Open a session string for the challenge that is being answered.

    Raises NotAuthorizedException for one that is altered, foreign, of another challenge or too old.
    """
    session = open_any_session(text, challenge)
    if session.client_id != context.client.id:
        raise NotAuthorizedException(INVALID_SESSION)
    go_on(context, session.progress)
    return session


def open_any_session(text: str, challenge: str) -> Session:
    """Open a session string whose client is not known from the request: it names the client.

    Raises NotAuthorizedException for one that is altered, of another challenge or too old.
    """
    try:
        data = keyring.unpack(text, aad=SESSION_PLACE)
    except keyring.SealError:
        raise NotAuthorizedException(INVALID_SESSION) from None
    session = Session(
        challenge=data["k"],
        user_id=data["u"],
        nonce=data["n"],
        expires_at=clock.from_epoch(data["e"]),
        methods=tuple(data["m"]),
        client_id=data["c"],
        password_mark=data["p"],
        data=data["d"],
        progress=data["g"],
    )
    if session.challenge != challenge:
        raise NotAuthorizedException(INVALID_SESSION)
    if session.expires_at <= clock.now():
        raise NotAuthorizedException(EXPIRED_SESSION)
    return session
