"""Sign-in by SRP: the client proves that it knows the password without sending it.

The server's secret travels sealed inside SECRET_BLOCK, so nothing is stored between the two requests; the block is
spent at the first answer.
"""

from __future__ import annotations

import base64
import binascii
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson
from django.db import transaction

from cognito_app.core import clock, ids, keyring, secrets, srp
from cognito_app.errors import NotAuthorizedException
from cognito_app.models import PoolUser, SpentNonce, user_rows
from cognito_app.services import attempts, password_rules, users
from cognito_app.services.sign_in import gates
from cognito_app.services.sign_in.state import (
    EXPIRED_SESSION,
    INVALID_SESSION,
    SPENT_SESSION,
    Challenge,
    Context,
    Outcome,
)

CLOCK_TOLERANCE = timedelta(minutes=5)
TIMESTAMP_FORM = "%a %b %d %H:%M:%S UTC %Y"
# At most so many proofs are looked at in parallel: fewer than the failures that lock a name.
_proofs = threading.BoundedSemaphore(attempts.FREE_FAILURES - 2)


@dataclass(frozen=True, slots=True)
class _Exchange:
    """What SECRET_BLOCK holds."""

    identity: str
    typed: str
    user_id: int | None
    keys: srp.ServerKeys
    public_a: int
    nonce: str
    expires_at: datetime


def start(context: Context, parameters: Mapping[str, str]) -> Outcome:
    """Answer USERNAME and SRP_A with PASSWORD_VERIFIER; a name that nobody has gets made-up, constant values."""
    name = gates.parameter(parameters, "USERNAME")
    public_a = srp.parse_public_a(gates.parameter(parameters, "SRP_A"))
    gates.check_triggers(context)
    user = users.find_or_none(context.pool, name)
    if user is None:
        gates.unknown_user(context)
    gates.check_enabled(context, user)
    # Made for everybody, so that it takes as long for those who exist.
    simulated = srp.simulated(_seed(context, name))
    verifier = password_rules.open_verifier(context.pool, user) if user else None
    shown = verifier or simulated
    keys = srp.server_challenge(shown.v)
    identity = user.username if user else _simulated_identity(context, name)
    exchange = _Exchange(
        identity=identity,
        typed=name,
        user_id=user.pk if user else None,
        keys=keys,
        public_a=public_a,
        nonce=ids.uuid4(),
        expires_at=clock.now() + timedelta(minutes=context.client.session_minutes),
    )
    return Challenge(
        name="PASSWORD_VERIFIER",
        parameters={
            "SALT": srp.to_hex(shown.salt),
            "SECRET_BLOCK": _seal(context, exchange),
            "SRP_B": srp.to_hex(keys.B),
            "USERNAME": identity,
            "USER_ID_FOR_SRP": identity,
        },
    )


def answer(context: Context, session: str | None, answers: Mapping[str, str]) -> Outcome:
    """Check the client's signature over the shared key; the state is in SECRET_BLOCK, not in the session."""
    name = gates.parameter(answers, "USERNAME")
    block = gates.parameter(answers, "PASSWORD_CLAIM_SECRET_BLOCK")
    signature = gates.parameter(answers, "PASSWORD_CLAIM_SIGNATURE")
    timestamp = gates.parameter(answers, "TIMESTAMP")
    gates.check_triggers(context)
    exchange = _open(context, block)
    user = user_rows.by_id(exchange.user_id) if exchange.user_id is not None else None
    if not _is_same_name(context, exchange, user, name) or not _is_recent(timestamp):
        raise gates.wrong_password(context, user)
    identity = user.username if user else exchange.identity
    throttle_key = attempts.sign_in_key(context.pool.id, context.pool.fold(user.username if user else exchange.typed))
    with _proofs:
        _claim(exchange, throttle_key)
        verifier = password_rules.open_verifier(context.pool, user) if user else None
        # Without a verifier nothing can match; the powers are made all the same, for their time.
        key = srp.session_key(exchange.public_a, exchange.keys, verifier.v if verifier else exchange.keys.B)
    expected = srp.claim_signature(key, context.pool.srp_name, identity, base64.b64decode(block), timestamp)
    if not secrets.compare(expected, signature) or user is None or verifier is None:
        raise gates.wrong_password(context, user)
    return gates.after_password(context, user, throttle_key)


def _claim(exchange: _Exchange, throttle_key: str) -> None:
    with transaction.atomic():
        if not SpentNonce.spend(exchange.nonce, exchange.expires_at):
            raise NotAuthorizedException(SPENT_SESSION)
        attempts.claim_sign_in(throttle_key)


def _is_same_name(context: Context, exchange: _Exchange, user: PoolUser | None, name: str) -> bool:
    """Clients answer under the name they were given; any other sign-in name of the same user is taken too."""
    fold = context.pool.fold
    known = {fold(exchange.identity), fold(exchange.typed)}
    if user is not None:
        known |= {fold(alias) for alias in users.active_aliases(context.pool, user).values()}
    return fold(name) in known


def _is_recent(timestamp: str) -> bool:
    """A timestamp in another form is covered by the signature and let pass."""
    try:
        sent = datetime.strptime(timestamp, TIMESTAMP_FORM).replace(tzinfo=UTC)
    except ValueError:
        return True
    return abs(clock.now() - sent) <= CLOCK_TOLERANCE


def _seed(context: Context, name: str) -> bytes:
    return f"{context.pool.id}:{context.pool.fold(name)}".encode("utf-8", "surrogatepass")


def _simulated_identity(context: Context, name: str) -> str:
    """Where user names are visible identifiers the typed one is shown, else something that looks like a ``sub``."""
    if context.pool.username_attributes or users.contact_kind(name):
        digest = keyring.mac("srp-simulated-identity", _seed(context, name)).hex()
        return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"
    return name


def _seal(context: Context, exchange: _Exchange) -> str:
    payload = {
        "i": exchange.identity,
        "t": exchange.typed,
        "u": exchange.user_id,
        "b": f"{exchange.keys.b:x}",
        "B": f"{exchange.keys.B:x}",
        "A": f"{exchange.public_a:x}",
        "n": exchange.nonce,
        "e": exchange.expires_at.timestamp(),
    }
    return base64.b64encode(keyring.seal(orjson.dumps(payload), aad=_context(context))).decode()


def _open(context: Context, block: str) -> _Exchange:
    try:
        data = orjson.loads(keyring.unseal(base64.b64decode(block, validate=True), aad=_context(context)))
    except (keyring.SealError, binascii.Error, ValueError):
        raise NotAuthorizedException(INVALID_SESSION) from None
    expires_at = clock.from_epoch(data["e"])
    if expires_at <= clock.now():
        raise NotAuthorizedException(EXPIRED_SESSION)
    return _Exchange(
        identity=data["i"],
        typed=data["t"],
        user_id=data["u"],
        keys=srp.ServerKeys(b=int(data["b"], 16), B=int(data["B"], 16)),
        public_a=int(data["A"], 16),
        nonce=data["n"],
        expires_at=expires_at,
    )


def _context(context: Context) -> bytes:
    return f"secret-block:{context.pool.id}:{context.client.id}".encode()
