"""An SRP exchange between its two requests: the server's half travels sealed in SECRET_BLOCK.

Nothing is stored at the first request; the block is spent when its answer is looked at.
Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html
"""

from __future__ import annotations

import base64
import binascii
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from django.db import transaction

from cognito_app.core import clock, ids, keyring, secrets, srp
from cognito_app.errors import NotAuthorizedException
from cognito_app.models import SpentNonce
from cognito_app.services import attempts, guess_sources
from cognito_app.services.sign_in.state import EXPIRED_SESSION, INVALID_SESSION, SPENT_SESSION, Context

USER = "secret-block"
DEVICE = "device-secret-block"
CLOCK_TOLERANCE = timedelta(minutes=5)
TIMESTAMP_FORM = "%a %b %d %H:%M:%S UTC %Y"
# At most so many proofs are looked at in parallel: fewer than the failures that lock a name.
_proofs = threading.BoundedSemaphore(attempts.FREE_FAILURES - 2)


@dataclass(frozen=True, slots=True)
class Exchange:
    """What SECRET_BLOCK holds; ``about`` is what the step must know again."""

    keys: srp.ServerKeys = field(repr=False)
    public_a: int
    nonce: str
    expires_at: datetime
    about: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Signed:
    """What a client answers: the block, and its signature over the shared key."""

    block: str = field(repr=False)
    signature: str = field(repr=False)
    timestamp: str

    @property
    def is_recent(self) -> bool:
        """Whether the client's clock is about right; a time in another form is covered by the signature."""
        try:
            sent = datetime.strptime(self.timestamp, TIMESTAMP_FORM).replace(tzinfo=UTC)
        except ValueError:
            return True
        return abs(clock.now() - sent) <= CLOCK_TOLERANCE


def begin(context: Context, public_a: int, v: int, about: Mapping[str, Any]) -> Exchange:
    """Start an exchange over a verifier, good for the client's session time."""
    return Exchange(
        keys=srp.server_challenge(v),
        public_a=public_a,
        nonce=ids.uuid4(),
        expires_at=clock.now() + timedelta(minutes=context.client.session_minutes),
        about=about,
    )


def seal(context: Context, kind: str, exchange: Exchange) -> str:
    """Return SECRET_BLOCK, which only ``reopen`` for the same kind, pool and client takes."""
    payload = {
        **exchange.about,
        "b": f"{exchange.keys.b:x}",
        "B": f"{exchange.keys.B:x}",
        "A": f"{exchange.public_a:x}",
        "n": exchange.nonce,
        "e": exchange.expires_at.timestamp(),
    }
    return base64.b64encode(keyring.seal(orjson.dumps(payload), aad=_context(context, kind))).decode()


def reopen(context: Context, kind: str, block: str) -> Exchange:
    """Open SECRET_BLOCK. Raises NotAuthorizedException for one that is altered, foreign or too old."""
    try:
        data = orjson.loads(keyring.unseal(base64.b64decode(block, validate=True), aad=_context(context, kind)))
    except (keyring.SealError, binascii.Error, ValueError):
        raise NotAuthorizedException(INVALID_SESSION) from None
    expires_at = clock.from_epoch(data["e"])
    if expires_at <= clock.now():
        raise NotAuthorizedException(EXPIRED_SESSION)
    return Exchange(
        keys=srp.ServerKeys(b=int(data["b"], 16), B=int(data["B"], 16)),
        public_a=int(data["A"], 16),
        nonce=data["n"],
        expires_at=expires_at,
        about=data,
    )


def prove(
    context: Context,
    exchange: Exchange,
    signed: Signed,
    *,
    throttle_key: str,
    verifier: srp.Verifier | None,
    scope: str,
    identity: str,
) -> bool:
    """Spend the exchange, count the try, and tell whether the client knows the password behind ``verifier``.

    Raises NotAuthorizedException for a spent block or a locked name, TooManyRequestsException for an address with too
    many wrong guesses.
    """
    with _proofs:
        guess_sources.check(context.client, context.actor)
        _claim(exchange, throttle_key)
        # Without a verifier nothing can match; the powers are made all the same, for their time.
        key = srp.session_key(exchange.public_a, exchange.keys, verifier.v if verifier else exchange.keys.B)
    expected = srp.claim_signature(key, scope, identity, base64.b64decode(signed.block), signed.timestamp)
    return secrets.compare(expected, signed.signature) and verifier is not None


def _claim(exchange: Exchange, throttle_key: str) -> None:
    with transaction.atomic():
        if not SpentNonce.spend(exchange.nonce, exchange.expires_at):
            raise NotAuthorizedException(SPENT_SESSION)
        attempts.claim_sign_in(throttle_key)


def _context(context: Context, kind: str) -> bytes:
    return f"{kind}:{context.pool.id}:{context.client.id}".encode()
