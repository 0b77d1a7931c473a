"""Password hashes made elsewhere: reading them, storing them wrapped, checking passwords against them.

A stored one keeps the algorithm's parameters and salt; in place of the hash stands a keyed hash of it, so that a
leaked database alone lets nobody try passwords.
Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-using-import-tool.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import string
from dataclasses import dataclass, field

import bcrypt
from argon2 import Type
from argon2.low_level import hash_secret_raw

from cognito_app.core import keyring, secrets

PREFIX = "imported$"
MALFORMED = "The password hash is malformed or was made by another algorithm."
OUT_OF_BOUNDS = "A parameter of the password hash exceeds the maximum."
SHORTEST, LONGEST = 16, 128
SHORTEST_SALT, LONGEST_SALT = 8, 64
PBKDF2_COMPARED = 32
BCRYPT_PASSWORD = 72
SCRYPT_MEMORY = 128 * 1024 * 1024
BASE64 = (string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/").encode()
BCRYPT64 = ("./" + string.ascii_uppercase + string.ascii_lowercase + string.digits).encode()

_NUMBER = "([0-9]{1,9})"
_BCRYPT = re.compile(r"\$2[abxy]\$([0-9]{2})\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})")
_SCRYPT = re.compile(rf"{_NUMBER}\${_NUMBER}\${_NUMBER}\$((?:[0-9a-fA-F]{{2}})+)\$((?:[0-9a-fA-F]{{2}})+)")
_ARGON2ID = re.compile(
    rf"\$argon2id\$v={_NUMBER}\$m={_NUMBER},t={_NUMBER},p={_NUMBER}\$([A-Za-z0-9+/]+)=*\$([A-Za-z0-9+/]+)=*"
)
_PBKDF2 = re.compile(rf"\$pbkdf2-sha256\${_NUMBER}\$([A-Za-z0-9+/.]+)=*\$([A-Za-z0-9+/.]+)=*")


class HashError(ValueError):
    """A hash that cannot be taken; the text says why and holds nothing of it."""


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A hash in parts; ``numbers`` end with the length of the derived bytes."""

    algorithm: str
    numbers: tuple[int, ...]
    salt: bytes = field(repr=False)
    derived: bytes = field(repr=False)


def wrap(algorithm: str, text: str) -> str:
    """Return the stored form of a hash; ``algorithm`` is BCRYPT, SCRYPT, ARGON2ID or PBKDF2_SHA256.

    Raises HashError.
    """
    parsed = _PARSERS[algorithm](text)
    if len(parsed.salt) > LONGEST_SALT or not SHORTEST <= len(parsed.derived) <= LONGEST:
        raise HashError(MALFORMED)
    head = _head(parsed.algorithm, parsed.numbers, parsed.salt)
    return head + _encode(keyring.mac("imported-password", head.encode() + parsed.derived))


def is_wrapped(encoded: str | None) -> bool:
    """Whether a stored password hash was made elsewhere."""
    return encoded is not None and encoded.startswith(PREFIX)


def matches(encoded: str, password: str) -> bool:
    """Whether a password is the one that a wrapped hash was made from (30 to 220 ms of processor time)."""
    algorithm, numbers, salt, expected = encoded.removeprefix(PREFIX).split("$")
    head = encoded[: -len(expected)]
    derived = _derive(
        algorithm,
        tuple(map(int, numbers.split(","))),
        base64.b64decode(salt),
        password.encode("utf-8", "surrogatepass"),
    )
    candidates = keyring.mac_candidates("imported-password", head.encode() + derived)
    return any([secrets.compare(_encode(candidate), expected) for candidate in candidates])


def _head(algorithm: str, numbers: tuple[int, ...], salt: bytes) -> str:
    return f"{PREFIX}{algorithm}${','.join(map(str, numbers))}${_encode(salt)}$"


def _derive(algorithm: str, numbers: tuple[int, ...], salt: bytes, password: bytes) -> bytes:
    *costs, length = numbers
    if algorithm == "BCRYPT":
        setting = f"$2b${costs[0]:02}$".encode() + _to_bcrypt64(salt)
        return _from_bcrypt64(bcrypt.hashpw(password[:BCRYPT_PASSWORD], setting)[-31:])
    if algorithm == "SCRYPT":
        n, r, p = costs
        return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=SCRYPT_MEMORY, dklen=length)
    if algorithm == "ARGON2ID":
        version, memory, time, lanes = costs
        return hash_secret_raw(password, salt, time, memory, lanes, length, Type.ID, version)
    return hashlib.pbkdf2_hmac("sha256", password, salt, costs[0], length)


def _bcrypt(text: str) -> _Parsed:
    found = _match(_BCRYPT, text)
    cost = int(found[1])
    _bound((cost, 4, 12))
    salt, derived = _from_bcrypt64(found[2].encode()), _from_bcrypt64(found[3].encode())
    return _Parsed("BCRYPT", (cost, len(derived)), salt, derived)


def _scrypt(text: str) -> _Parsed:
    found = _match(_SCRYPT, text)
    n, r, p = int(found[1]), int(found[2]), int(found[3])
    _bound((n, 2, 65_536), (r, 1, 8), (p, 1, 1))
    if n & (n - 1):
        raise HashError(MALFORMED)
    derived = bytes.fromhex(found[5])
    return _Parsed("SCRYPT", (n, r, p, len(derived)), bytes.fromhex(found[4]), derived)


def _argon2id(text: str) -> _Parsed:
    found = _match(_ARGON2ID, text)
    version, memory, time, lanes = (int(found[number]) for number in range(1, 5))
    if version not in (16, 19):
        raise HashError(MALFORMED)
    _bound((memory, 8, 19_456), (time, 1, 2), (lanes, 1, 1))
    salt, derived = _from_base64(found[5]), _from_base64(found[6])
    if len(salt) < SHORTEST_SALT:
        raise HashError(MALFORMED)
    return _Parsed("ARGON2ID", (version, memory, time, lanes, len(derived)), salt, derived)


def _pbkdf2(text: str) -> _Parsed:
    found = _match(_PBKDF2, text)
    rounds = int(found[1])
    _bound((rounds, 1, 600_000))
    # What follows the first block is derived from the same password at the same cost again, and tells no more.
    derived = _from_base64(found[3].replace(".", "+"))
    if len(derived) > LONGEST:
        raise HashError(MALFORMED)
    derived = derived[:PBKDF2_COMPARED]
    return _Parsed("PBKDF2_SHA256", (rounds, len(derived)), _from_base64(found[2].replace(".", "+")), derived)


_PARSERS = {"BCRYPT": _bcrypt, "SCRYPT": _scrypt, "ARGON2ID": _argon2id, "PBKDF2_SHA256": _pbkdf2}
ALGORITHMS = tuple(_PARSERS)


def _match(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    found = pattern.fullmatch(text)
    if found is None:
        raise HashError(MALFORMED)
    return found


def _bound(*parameters: tuple[int, int, int]) -> None:
    for value, least, most in parameters:
        if value > most:
            raise HashError(OUT_OF_BOUNDS)
        if value < least:
            raise HashError(MALFORMED)


def _encode(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise HashError(MALFORMED) from None


def _from_bcrypt64(text: bytes) -> bytes:
    return base64.b64decode(text.translate(bytes.maketrans(BCRYPT64, BASE64)) + b"=" * (-len(text) % 4))


def _to_bcrypt64(value: bytes) -> bytes:
    return base64.b64encode(value).rstrip(b"=").translate(bytes.maketrans(BASE64, BCRYPT64))
