"""The client's half of SRP, written from spec/user-pools.md 6.10: passwords of users, secrets of devices."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime

import gmpy2

with gmpy2.context(precision=4000):
    _PI = int(gmpy2.floor(gmpy2.const_pi() * 2**2942))
N = 2**3072 - 2**3008 - 1 + 2**64 * (_PI + 1690314)  # RFC 3526, group 15
G = 2


def pad(number: int) -> bytes:
    """Return the minimal two's-complement bytes of a number that is not negative."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _hash(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")


K = _hash(pad(N), pad(G))


def _x(salt: int, scope: str, identity: str, secret: str) -> int:
    inner = hashlib.sha256(f"{scope}{identity}:{secret}".encode()).digest()
    return _hash(pad(salt), inner)


@dataclass
class SrpClient:
    """One exchange: ``public`` is SRP_A."""

    a: int = field(default_factory=lambda: secrets.randbits(256) | 1)

    @property
    def public(self) -> str:
        """Return SRP_A."""
        return f"{int(gmpy2.powmod(G, self.a, N)):x}"

    def proof(
        self, challenge: dict[str, str], *, scope: str, identity: str, secret: str, now: datetime
    ) -> dict[str, str]:
        """Return the members that answer PASSWORD_VERIFIER or DEVICE_PASSWORD_VERIFIER."""
        big_a, big_b = int(self.public, 16), int(challenge["SRP_B"], 16)
        u = _hash(pad(big_a), pad(big_b))
        x = _x(int(challenge["SALT"], 16), scope, identity, secret)
        base = (big_b - K * int(gmpy2.powmod(G, x, N))) % N
        shared = int(gmpy2.powmod(base, self.a + u * x, N))
        first = hmac.digest(pad(u), pad(shared), "sha256")
        key = hmac.digest(first, b"Caldera Derived Key\x01", "sha256")[:16]
        stamp = f"{now:%a %b} {now.day} {now:%H:%M:%S} UTC {now.year}"
        block = challenge["SECRET_BLOCK"]
        message = f"{scope}{identity}".encode() + base64.b64decode(block) + stamp.encode()
        return {
            "PASSWORD_CLAIM_SECRET_BLOCK": block,
            "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(hmac.digest(key, message, "sha256")).decode(),
            "TIMESTAMP": stamp,
        }


def device_verifier(group_key: str, device_key: str, secret: str) -> dict[str, str]:
    """Return DeviceSecretVerifierConfig."""
    salt = secrets.randbits(120) | 1 << 119
    v = int(gmpy2.powmod(G, _x(salt, group_key, device_key, secret), N))
    return {"PasswordVerifier": base64.b64encode(pad(v)).decode(), "Salt": base64.b64encode(pad(salt)).decode()}
