"""Signing keys of user pools: two RSA pairs a pool, one for ID tokens and one for access tokens.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from cognito_app.core import clock, ids, jose, keyring
from cognito_app.models import SigningKey, UserPool
from cognito_app.models.base import claim


@dataclass(frozen=True, slots=True)
class LoadedKey:
    """A key pair ready for use; parsing one costs as much as a hundred signatures."""

    kid: str
    private: RSAPrivateKey = field(repr=False)
    public: RSAPublicKey


@dataclass(frozen=True, slots=True)
class PoolKeys:
    """The keys of one pool, with the published document made once."""

    id_token: LoadedKey
    access_token: LoadedKey
    public: dict[str, RSAPublicKey]
    jwks: bytes


_loaded: dict[str, PoolKeys] = {}
_lock = threading.Lock()


def create_for_pool(pool: UserPool) -> None:
    """Give a new pool its two keys, from the stock of spare ones if there are any. Call it in the transaction."""
    for use in (SigningKey.Use.ID, SigningKey.Use.ACCESS):
        spare = SigningKey.objects.filter(use=SigningKey.Use.SPARE).first()
        taken = spare is not None and claim(
            SigningKey.objects.filter(pk=spare.pk, use=SigningKey.Use.SPARE),
            use=use,
            pool=pool,
            created_at=clock.now(),
        )
        if not taken:
            new_key(use, pool=pool).save(force_insert=True)


def new_key(use: str, *, pool: UserPool | None = None, algorithm: str = "RS256", kid: str | None = None) -> SigningKey:
    """Make a key pair (about 50 to 100 ms of processor time) without storing it."""
    private = jose.generate_private_key()
    kid = kid or ids.kid()
    return SigningKey(
        kid=kid,
        pool=pool,
        use=use,
        private_sealed=keyring.seal(jose.to_der(private), aad=_context(kid)),
        public_jwk=jose.public_jwk(private.public_key(), kid, algorithm),
        created_at=clock.now(),
    )


def stock_up(count: int = 4) -> int:
    """Make spare keys until there are ``count``; returns how many were made. Run it outside of requests."""
    missing = max(0, count - SigningKey.objects.filter(use=SigningKey.Use.SPARE).count())
    for _ in range(missing):
        new_key(SigningKey.Use.SPARE).save(force_insert=True)
    return missing


def load(row: SigningKey) -> LoadedKey:
    """Open and parse a stored key."""
    private = jose.load_der(keyring.unseal(bytes(row.private_sealed), aad=_context(row.kid)))
    return LoadedKey(kid=row.kid, private=private, public=private.public_key())


def of_pool(pool_id: str) -> PoolKeys | None:
    """Return a pool's keys, from memory after the first time; None for a pool without keys.

    Keys of a pool never change under their kid, and a pool that is gone is found out before its keys are asked for.
    """
    known = _loaded.get(pool_id)
    return known if known is not None else _load_pool(pool_id)


def _load_pool(pool_id: str) -> PoolKeys | None:
    rows = list(SigningKey.objects.filter(pool_id=pool_id).order_by("created_at", "kid"))
    if not rows:
        return None
    newest = {row.use: load(row) for row in rows if row.retired_at is None}
    # PostgreSQL does not keep the order of members.
    published: list[dict[str, Any]] = [dict(sorted(row.public_jwk.items())) for row in rows]
    keys = PoolKeys(
        id_token=newest[SigningKey.Use.ID],
        access_token=newest[SigningKey.Use.ACCESS],
        public={row.kid: load(row).public for row in rows},
        jwks=orjson.dumps({"keys": published}),
    )
    with _lock:
        _loaded[pool_id] = keys
    return keys


def public_keys(pool_id: str) -> dict[str, RSAPublicKey]:
    """Return the pool's public keys by kid; empty for an unknown pool."""
    keys = of_pool(pool_id)
    return keys.public if keys else {}


def forget() -> None:
    """Drop all keys from memory (after a rotation, and between tests)."""
    with _lock:
        _loaded.clear()


def _context(kid: str) -> bytes:
    return b"signing-key:" + kid.encode()
