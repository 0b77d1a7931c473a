"""Password hashes that were made elsewhere: their formats, their limits, how they are stored."""

from __future__ import annotations

import base64
import hashlib

import bcrypt
import pytest
from argon2.low_level import Type, hash_secret

from cognito_app.core import imported_hashes, passwords

PASSWORD = "correct horse é"
SALT = b"0123456789abcdef"


def plain64(value: bytes) -> str:
    """Return base64 without padding."""
    return base64.b64encode(value).decode().rstrip("=")


def scrypt(n: int = 1024, r: int = 8, p: int = 1) -> str:
    """Return a hash in the CSV file's form."""
    derived = hashlib.scrypt(PASSWORD.encode(), salt=SALT, n=n, r=r, p=p, maxmem=2**28)
    return f"{n}${r}${p}${SALT.hex()}${derived.hex()}"


def pbkdf2(rounds: int = 1000, length: int = 32) -> str:
    """Return a hash in the CSV file's form."""
    derived = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), SALT, rounds, length)
    return f"$pbkdf2-sha256${rounds}${plain64(SALT)}${plain64(derived)}"


def argon2id(memory: int = 64, time: int = 2) -> str:
    """Return a hash in the CSV file's form."""
    return hash_secret(PASSWORD.encode(), SALT, time, memory, 1, 32, Type.ID).decode()


def bcrypt_text(cost: int = 4) -> str:
    """Return a hash in the CSV file's form."""
    return bcrypt.hashpw(PASSWORD.encode(), b"$2b$04$abcdefghijklmnopqrstuu").decode()


GOOD = [
    ("BCRYPT", bcrypt_text()),
    ("BCRYPT", bcrypt_text().replace("$2b$", "$2a$")),
    ("BCRYPT", bcrypt_text().replace("$2b$", "$2y$")),
    ("SCRYPT", scrypt()),
    ("SCRYPT", scrypt().upper()),
    ("ARGON2ID", argon2id()),
    ("PBKDF2_SHA256", pbkdf2()),
    ("PBKDF2_SHA256", pbkdf2().replace("+", ".")),
    ("PBKDF2_SHA256", pbkdf2() + "="),
    ("PBKDF2_SHA256", pbkdf2(length=64)),
    ("SCRYPT", scrypt(n=65_536)),
    ("ARGON2ID", argon2id(memory=19_456)),
]


@pytest.mark.parametrize(("algorithm", "text"), GOOD)
def test_the_right_password_matches_and_no_other(algorithm: str, text: str) -> None:
    stored = imported_hashes.wrap(algorithm, text)
    assert len(stored) <= 256
    assert passwords.verify_password(stored, PASSWORD)
    assert not passwords.verify_password(stored, PASSWORD + "x")
    assert not passwords.verify_password(stored, "")


def test_the_examples_of_the_developer_guide_are_taken() -> None:
    for algorithm, text in (
        ("BCRYPT", "$2b$10$CtA.Rcu/szzn9U00wpUjOuN3vrgJRZycv4aOzcP3GzqzO8UDPEFq6"),
        (
            "SCRYPT",
            "65536$8$1$304dbaef7c5e828dc19c98f0600d18fe"
            "$4f69c498c12cd102d057356facf8d77e8d42407090491ea32c5b038f5a18c099",
        ),
        (
            "ARGON2ID",
            "$argon2id$v=19$m=19456,t=2,p=1$ko/G5o1ms+ML08P95sQ8DA$AkVbvWSOqz7Hs3qthhWKxicOWnGLN+MBmpwc3emi5VA",
        ),
        ("PBKDF2_SHA256", "$pbkdf2-sha256$600000$1XZlmwLQ2hhM3JYuCPiArQ$Pfheg9Zi/v5lXU4yyLA0WFUYEd/rlaVbzrM9oMD6IrA"),
    ):
        assert imported_hashes.is_wrapped(imported_hashes.wrap(algorithm, text))


def test_the_hash_itself_is_not_stored() -> None:
    text = pbkdf2()
    stored = imported_hashes.wrap("PBKDF2_SHA256", text)
    assert text.rpartition("$")[2] not in stored
    assert imported_hashes.wrap("PBKDF2_SHA256", text) == stored


def test_a_stored_cost_cannot_be_lowered() -> None:
    stored = imported_hashes.wrap("PBKDF2_SHA256", pbkdf2(rounds=2))
    assert not imported_hashes.matches(stored.replace("$2,32$", "$1,32$"), PASSWORD)


@pytest.mark.parametrize(
    ("algorithm", "text"),
    [
        ("BCRYPT", bcrypt_text().replace("$04$", "$13$")),
        ("SCRYPT", scrypt().replace("1024$8", "131072$8")),
        ("SCRYPT", scrypt(r=9)),
        ("SCRYPT", scrypt(p=2)),
        ("ARGON2ID", argon2id(memory=19_457)),
        ("ARGON2ID", argon2id(time=3)),
        ("PBKDF2_SHA256", pbkdf2().replace("$1000$", "$600001$")),
    ],
)
def test_costs_above_the_caps_are_refused(algorithm: str, text: str) -> None:
    with pytest.raises(imported_hashes.HashError, match="exceeds the maximum"):
        imported_hashes.wrap(algorithm, text)


@pytest.mark.parametrize(
    ("algorithm", "text"),
    [
        ("BCRYPT", argon2id()),
        ("SCRYPT", bcrypt_text()),
        ("ARGON2ID", scrypt()),
        ("PBKDF2_SHA256", argon2id()),
        ("BCRYPT", bcrypt_text()[:-1]),
        ("BCRYPT", bcrypt_text().replace("$04$", "$03$")),
        ("SCRYPT", scrypt().replace("1024", "1023")),
        ("SCRYPT", scrypt().replace("1024", "0")),
        ("SCRYPT", "1024$8$1$" + "00" * 65 + "$" + "00" * 32),
        ("SCRYPT", "1024$8$1$" + "00" * 16 + "$" + "00" * 8),
        ("ARGON2ID", argon2id().replace("argon2id", "argon2i")),
        ("ARGON2ID", argon2id().replace("v=19", "v=18")),
        ("ARGON2ID", argon2id().replace("t=2", "t=0")),
        ("PBKDF2_SHA256", pbkdf2(length=8)),
        ("PBKDF2_SHA256", pbkdf2(length=129)),
        ("PBKDF2_SHA256", pbkdf2().replace("sha256", "sha512")),
        ("PBKDF2_SHA256", pbkdf2() + "A=B"),
        ("PBKDF2_SHA256", "x"),
    ],
)
def test_other_texts_are_malformed(algorithm: str, text: str) -> None:
    with pytest.raises(imported_hashes.HashError, match="malformed") as caught:
        imported_hashes.wrap(algorithm, text)
    assert text not in str(caught.value)


def test_bcrypt_looks_at_72_bytes_as_it_always_did() -> None:
    stored = imported_hashes.wrap("BCRYPT", bcrypt.hashpw(b"a" * 72, b"$2b$04$abcdefghijklmnopqrstuu").decode())
    assert imported_hashes.matches(stored, "a" * 100)
    assert not imported_hashes.matches(stored, "a" * 71)
