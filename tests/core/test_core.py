"""The pure parts: SRP against the published vector, sealing, tokens, filters."""

from __future__ import annotations

import base64
import hashlib
import json

import jwt
import pytest
from pytest_django import Settings

from cognito_app.core import clock, filters, jose, keyring, masking, paging, passwords, secrets, srp
from cognito_app.errors import InvalidParameterException

BLOCK = "8T4TXhO0+AwFeT14T1SEF019E/RokLtVm4VzRgJea2XxPhNeE7T4DAV5PXhPVIQXTX0T9GiQu1WbhXNGAl5rZQ=="


def test_srp_vector() -> None:
    def small(text: bytes) -> int:
        return int(hashlib.sha512(text).hexdigest() * 2, 16)

    identity = "3f2b1c9e-70a1-4d52-9a0c-7b6f1e2d3c4a"
    verifier = srp.make_verifier("AbCdEf123", identity, "Correct-Horse-9!", 0x9A1B2C3D4E5F60718293A4B5C6D7E8F0)
    a, b = small(b"client small a"), small(b"server small b")
    public_a = pow(2, a, srp.N)
    public_b = (srp.K * verifier.v + pow(2, b, srp.N)) % srp.N
    assert f"{srp.K:x}" == "538282c4354742d7cbbde2359fcf67f9f5b3a6b08791e5011b43b8a5b66d9ee6"
    assert (
        hashlib.sha256(f"{verifier.v:x}".encode()).hexdigest()
        == "3e9a83ef5a2abaaa5052fac634f36c2f6e452937febfe598b2ae669d1f025b92"
    )
    assert (
        hashlib.sha256(f"{public_b:x}".encode()).hexdigest()
        == "f7a994da911ef08a69408d52280aa9734034ecc29c8340b302f5dce115a9fbcb"
    )
    key = srp.session_key(public_a, srp.ServerKeys(b=b, B=public_b), verifier.v)
    assert key.hex() == "c37fb0f04158aa19a47fc3c5c1a57d56"
    signature = srp.claim_signature(key, "AbCdEf123", identity, base64.b64decode(BLOCK), "Mon Jan 5 07:08:09 UTC 2026")
    assert signature == "L6YTxH02aND48k38PIz8w7VAs/oqlLhPzdG6NN60pMQ="


def test_the_table_gives_the_same_powers() -> None:
    for _ in range(50):
        keys = srp.server_challenge(v=0)
        assert pow(2, keys.b, srp.N) == keys.B


def test_salts_are_printed_without_leading_zero_bytes() -> None:
    assert srp.to_hex(0x00AB) == "ab"
    assert srp.to_hex(0xABC) == "0abc"


def test_what_is_sealed_opens_in_its_place_only(settings: Settings) -> None:
    blob = keyring.seal(b"secret", aad=b"here")
    assert keyring.unseal(blob, aad=b"here") == b"secret"
    for bad, aad in (
        (blob, b"there"),
        (blob[:-1], b"here"),
        (b"", b"here"),
        (b"\x01\xff", b"here"),
        (blob[1:], b"here"),
    ):
        with pytest.raises(keyring.SealError):
            keyring.unseal(bad, aad=aad)
    old = settings.COGNITO["MASTER_KEYS"]
    new = "next:" + base64.b64encode(b"n" * 32).decode()
    settings.COGNITO = {**settings.COGNITO, "MASTER_KEYS": [new, *old]}
    assert keyring.unseal(blob, aad=b"here") == b"secret"
    assert keyring.seal(b"x", aad=b"")[2:6] == b"next"


def test_passwords_outlive_a_rotation_of_the_pepper(settings: Settings) -> None:
    encoded = passwords.hash_password("Correct-Horse-9!")
    assert encoded.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    new = "next:" + base64.b64encode(b"n" * 32).decode()
    settings.COGNITO = {**settings.COGNITO, "MASTER_KEYS": [new, *settings.COGNITO["MASTER_KEYS"]]}
    assert passwords.verify_password(encoded, "Correct-Horse-9!")
    assert not passwords.verify_password(encoded, "correct-horse-9!")
    assert not passwords.verify_password(None, "Correct-Horse-9!")


@pytest.mark.parametrize("text", ["", "x", "Ünïcode", "a.b", "\ud800", "AAAA" * 20])
def test_garbage_is_no_page_token(text: str) -> None:
    with pytest.raises(InvalidParameterException):
        paging.decode("list", text)


def test_page_tokens_belong_to_one_list() -> None:
    token = paging.encode("list:pool", {"after": 5})
    assert paging.decode("list:pool", token) == {"after": 5}
    with pytest.raises(InvalidParameterException):
        paging.decode("list:other", token)


def test_tokens_are_what_pyjwt_reads() -> None:
    key = jose.generate_private_key()
    token = jose.sign({"a": 1, "exp": clock.epoch() + 60}, key, "kid")
    assert jwt.decode(token, key.public_key(), ["RS256"])["a"] == 1
    assert jose.verify(token, key.public_key())["a"] == 1


def test_forged_tokens_are_refused() -> None:
    key, other = jose.generate_private_key(), jose.generate_private_key()
    pem = key.public_key().public_numbers()
    good = jose.sign({"a": 1, "exp": 1}, key, "kid")
    head, body, signature = good.split(".")

    def header(**changes: object) -> str:
        text = json.dumps({"kid": "kid", "alg": "RS256", **changes}).encode()
        return base64.urlsafe_b64encode(text).rstrip(b"=").decode()

    forged = [
        f"{header(alg='none')}.{body}.",
        f"{header(alg='none')}.{body}.{signature}",
        f"{header(alg='HS256')}.{body}.{signature}",
        f"{header(crit=['x'])}.{body}.{signature}",
        jose.sign({"a": 1}, other, "kid"),
        f"{head}.{body}",
        f"{head}.{body}.{signature}.x",
        f"{head}.{body}.{'!' * 10}",
        "é.é.é",
        "x" * 20_000,
        "",
        str(pem.n),
    ]
    for token in forged:
        with pytest.raises(jose.TokenError):
            jose.verify(token, key.public_key())
    with pytest.raises(jose.TokenError):
        jose.check_time({"exp": 1}, clock.now())
    for claims in ({}, {"exp": "soon"}, {"exp": True}, {"exp": 2**40, "nbf": "x"}):
        with pytest.raises(jose.TokenError):
            jose.check_time(claims, clock.now())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("  ", None),
        ('email="a"', filters.Filter("email", False, "a")),
        ('  name ^= "a b" ', filters.Filter("name", True, "a b")),
        (r'name = "say \"hi\" \\"', filters.Filter("name", False, r'say "hi" ' + "\\")),
        ('cognito:user_status = "CONFIRMED"', filters.Filter("cognito:user_status", False, "CONFIRMED")),
    ],
)
def test_filters(text: str | None, expected: filters.Filter | None) -> None:
    assert filters.parse(text) == expected


@pytest.mark.parametrize("text", ["email", 'email == "a"', 'email = "a" or name = "b"', 'email = "a', "email = 'a'"])
def test_bad_filters(text: str) -> None:
    with pytest.raises(InvalidParameterException, match="Error while parsing filter"):
        filters.parse(text)


def test_destinations_are_masked() -> None:
    assert masking.destination("fixture@example.com") == "f***@e***"
    assert masking.destination("+15555559934") == "+*******9934"


def test_codes_are_spread_evenly() -> None:
    counts = [0] * 10
    for _ in range(10_000):
        for digit in secrets.digits(6):
            counts[int(digit)] += 1
    # Chi-square with nine degrees of freedom: 27.9 is passed once in a thousand runs, 60 practically never.
    assert sum((count - 6000) ** 2 / 6000 for count in counts) < 60
