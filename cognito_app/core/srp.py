"""The server's side of SRP as Cognito's clients speak it: 3072-bit group, SHA-256, an HKDF with AWS's label.

Group: RFC 3526 section 4 (group 15). Protocol: RFC 5054 with the padding and key derivation that
amazon-cognito-identity-js and pycognito use.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256, shake_256

from cognito_app.core import keyring, secrets
from cognito_app.errors import InvalidParameterException

try:
    import gmpy2
except ImportError:  # pragma: no cover  # a platform without a gmpy2 wheel: eight times slower, equally right
    gmpy2 = None

PI_TERM = 1690314  # RFC 3526 section 4: 2^3072 - 2^3008 - 1 + 2^64 * ([2^2942 pi] + 1690314)
G = 2
SECRET_BITS = 256
SALT_BYTES = 16
VERIFIER_BYTES = 384
LABEL = b"Caldera Derived Key\x01"
MAX_HEX_DIGITS = 1024


def _prime() -> int:
    # floor(2^2942 * pi) by Machin's formula in integers, with spare bits against rounding.
    scale = 1 << (2942 + 64)

    def arctan_inverse(x: int) -> int:
        term = total = scale // x
        n, sign = 3, -1
        while term:
            term //= x * x
            total += sign * (term // n)
            n, sign = n + 2, -sign
        return total

    pi = 4 * (4 * arctan_inverse(5) - arctan_inverse(239)) >> 64
    return int(2**3072 - 2**3008 - 1 + 2**64 * (pi + PI_TERM))


N = _prime()


def pad(number: int) -> bytes:
    """Return the shortest big-endian two's-complement form of a non-negative integer (Java's ``toByteArray``)."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


K = int.from_bytes(sha256(pad(N) + pad(G)).digest(), "big")


def _power(base: int, exponent: int) -> int:
    if gmpy2 is None:
        return pow(base, exponent, N)
    _release_gil()
    return int(gmpy2.powmod(base, exponent, N))


def _release_gil() -> None:
    context = gmpy2.get_context()
    if not context.allow_release_gil:
        context.allow_release_gil = True


@lru_cache(maxsize=1)
def _generator_powers() -> list[list[int]]:
    """g^(256^i * j) for every byte position and value of a 256-bit exponent: products instead of a power."""
    make: Callable[[int], int] = gmpy2.mpz if gmpy2 is not None else int
    modulus = make(N)
    table = []
    base = make(G)
    for _ in range(SECRET_BITS // 8):
        row = [make(1)]
        for _ in range(255):
            row.append(row[-1] * base % modulus)
        table.append(row)
        base = row[-1] * base % modulus
    return table


def _generator_power(exponent: int) -> int:
    table = _generator_powers()
    modulus = N if gmpy2 is None else gmpy2.mpz(N)
    product = table[0][exponent & 255]
    for position in range(1, SECRET_BITS // 8):
        product = product * table[position][(exponent >> 8 * position) & 255] % modulus
    return int(product)


def warm_up() -> None:
    """Build the table of powers (about 30 ms) before the first request."""
    _generator_powers()


@dataclass(frozen=True, slots=True)
class Verifier:
    """A salt and g^x; whoever has it can test passwords cheaply, so it is stored sealed."""

    salt: int = field(repr=False)
    v: int = field(repr=False)

    def to_bytes(self) -> bytes:
        """Return a fixed-length form."""
        return self.salt.to_bytes(SALT_BYTES, "big") + self.v.to_bytes(VERIFIER_BYTES, "big")

    @classmethod
    def from_bytes(cls, data: bytes) -> Verifier:
        """Read ``to_bytes``'s form."""
        return cls(salt=int.from_bytes(data[:SALT_BYTES], "big"), v=int.from_bytes(data[SALT_BYTES:], "big"))


@dataclass(frozen=True, slots=True)
class ServerKeys:
    """The server's secret ``b`` and public ``B`` of one exchange."""

    b: int = field(repr=False)
    B: int


def make_verifier(scope: str, identity: str, password: str, salt: int | None = None) -> Verifier:
    """Return the salt and verifier of a password; ``scope`` is the pool's name, ``identity`` the internal username."""
    salt = int.from_bytes(secrets.token_bytes(SALT_BYTES), "big") if salt is None else salt
    inner = sha256(f"{scope}{identity}:{password}".encode("utf-8", "surrogatepass")).digest()
    x = int.from_bytes(sha256(pad(salt) + inner).digest(), "big")
    return Verifier(salt=salt, v=_generator_power(x))


def simulated(seed: bytes) -> Verifier:
    """Return the salt and verifier shown for a user who does not exist, the same for the same seed."""
    salt = keyring.mac("srp-simulated-salt", seed)[:SALT_BYTES]
    # B hides the verifier, so any number of the group's size will do; a power would cost a tenth of a millisecond.
    stretched = shake_256(keyring.mac("srp-simulated-verifier", seed)).digest(VERIFIER_BYTES)
    return Verifier(salt=int.from_bytes(salt, "big"), v=int.from_bytes(stretched, "big") % N)


def server_challenge(v: int) -> ServerKeys:
    """Draw ``b`` and compute B = k v + g^b mod N."""
    b = int.from_bytes(secrets.token_bytes(SECRET_BITS // 8), "big")
    return ServerKeys(b=b, B=(K * v + _generator_power(b)) % N)


def parse_public_a(text: str) -> int:
    """Read a client's SRP_A.

    Raises InvalidParameterException for anything but a hexadecimal number that is not a multiple of N (RFC 5054
    section 2.5.4).
    """
    try:
        if len(text) > MAX_HEX_DIGITS or text.strip("0123456789abcdefABCDEF"):
            raise ValueError
        public = int(text, 16)
    except ValueError:
        raise InvalidParameterException("SRP_A is not a valid hexadecimal number") from None
    if public % N == 0:
        raise InvalidParameterException("SRP_A is not valid")
    return public


def to_hex(number: int) -> str:
    """Return a number as the clients read it: hexadecimal without leading zero bytes."""
    text = f"{number:x}"
    return text if len(text) % 2 == 0 else "0" + text


def session_key(public_a: int, keys: ServerKeys, v: int) -> bytes:
    """Return the 16-byte key that both sides share if the client knows the password."""
    u = sha256(pad(public_a) + pad(keys.B)).digest()
    u_number = int.from_bytes(u, "big")
    shared = _power(public_a * _power(v, u_number) % N, keys.b)
    extracted = hmac.digest(pad(u_number), pad(shared), sha256)
    return hmac.digest(extracted, LABEL, sha256)[:16]


def claim_signature(key: bytes, scope: str, identity: str, secret_block: bytes, timestamp: str) -> str:
    """Return the base64 signature by which a client proves that it has the key."""
    message = f"{scope}{identity}".encode() + secret_block + timestamp.encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.digest(key, message, sha256)).decode()
