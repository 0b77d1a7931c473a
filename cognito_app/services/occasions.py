"""Why a message goes out, and what the pool's functions have to do with it: its words, or the whole of its delivery.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-message.html,
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-sender-triggers.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from cognito_app.messages.templates import NO_TEXTS, Texts
from cognito_app.models import PoolUser
from cognito_app.services import pool_triggers
from cognito_app.services.actor import Actor
from cognito_app.services.config import PoolConfig
from cognito_app.triggers import messages, sender_codes
from cognito_app.triggers.invoke import Caller

SIGN_UP = "SignUp"
RESEND = "ResendCode"
ADMIN_CREATE_USER = "AdminCreateUser"
FORGOT_PASSWORD = "ForgotPassword"  # noqa: S105  # a trigger source
UPDATE_ATTRIBUTE = "UpdateUserAttribute"
VERIFY_ATTRIBUTE = "VerifyUserAttribute"
AUTHENTICATION = "Authentication"
ACCOUNT_TAKE_OVER = "AccountTakeOverNotification"


@dataclass(frozen=True, slots=True)
class Handover:
    """What a custom sender is told of a message; ``code`` is in clear and stays sealed until it is encrypted."""

    reason: str
    user_name: str
    attributes: dict[str, str] = field(repr=False)
    code: str | None = field(repr=False)
    client_id: str | None
    user_agent: str
    metadata: dict[str, str] | None = field(repr=False)

    def document(self) -> dict[str, Any]:
        """Return what an outbox row keeps of it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Occasion:
    """The cause of a message; ``reason`` is the part of AWS's trigger sources behind the underscore."""

    pool: PoolConfig
    caller: Caller
    reason: str
    metadata: Mapping[str, str] | None = field(default=None, repr=False)
    texts: Texts = NO_TEXTS

    def has_sender(self, medium: str) -> bool:
        """Whether a function of the pool delivers messages of a medium."""
        return has_sender(self.pool, medium)

    def asks(self, *media: str) -> bool:
        """Whether CustomMessage is to be asked: it has no say where a sender takes over."""
        return self.caller.has("CustomMessage") and any(not self.has_sender(medium) for medium in media)

    def worded(self, user_name: str, attributes: Mapping[str, str], media: Iterable[str]) -> Occasion:
        """Return the occasion with the texts of CustomMessage; never call it in a transaction.

        Raises UserLambdaValidationException, UnexpectedLambdaException, InvalidLambdaResponseException.
        """
        if not self.asks(*media):
            return self
        email = self.pool.raw.get("EmailConfiguration") or {}
        texts = messages.custom_message(
            self.caller,
            self.reason,
            user_name,
            attributes,
            own_sender=email.get("EmailSendingAccount") == "DEVELOPER",
            metadata=self.metadata,
        )
        return replace(self, texts=Texts(sms=texts.sms, email=texts.email, subject=texts.subject))

    def handover(self, user: PoolUser, medium: str, code: str | None, **more: str) -> Handover | None:
        """Return what the sender of a medium is told, or None if there is none; ``more`` are attributes besides."""
        if not self.has_sender(medium):
            return None
        return Handover(
            reason=self.reason,
            user_name=user.username,
            attributes={**event_attributes(user), **more},
            code=code,
            client_id=self.caller.client_id,
            user_agent=self.caller.user_agent,
            metadata=dict(self.metadata) if self.metadata else None,
        )


def of(
    pool: PoolConfig, client_id: str | None, actor: Actor, reason: str, metadata: Mapping[str, str] | None = None
) -> Occasion:
    """Return an occasion without words of its own yet."""
    return Occasion(pool, pool_triggers.caller(pool, client_id, actor), reason, metadata)


def event_attributes(user: PoolUser) -> dict[str, str]:
    """Return a user's attributes as events show them."""
    return {**user.attributes, "cognito:user_status": str(user.status)}


def has_sender(pool: PoolConfig, medium: str) -> bool:
    """Whether a function of the pool delivers messages of a medium."""
    return bool(pool.triggers.get(messages.SENDERS[medium]))


def hand_over(pool: PoolConfig, medium: str, given: Handover) -> None:
    """Encrypt the code and call the sender, which the pool must have.

    Raises UserLambdaValidationException, UnexpectedLambdaException.
    """
    caller = Caller(pool.id, pool.triggers, given.client_id, given.user_agent)
    trigger = messages.SENDERS[medium]
    code = None
    if given.code is not None:
        code = sender_codes.encrypt(given.code, str(pool.triggers.get("KMSKeyID", "")), pool.id, trigger)
    messages.custom_sender(
        caller, medium, given.reason, given.user_name, given.attributes, code=code, metadata=given.metadata
    )
