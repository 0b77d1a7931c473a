"""Time-based one-time passwords against the vectors of RFC 6238."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from cognito_app.core import totp

RFC_SECRET = b"12345678901234567890"
# RFC 6238 appendix B prints eight digits; six are the last six of them.
VECTORS = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}


def at(seconds: int) -> datetime:
    """Return an instant."""
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(("seconds", "code"), VECTORS.items())
def test_the_vectors_of_the_rfc(seconds: int, code: str) -> None:
    assert totp.code_at(RFC_SECRET, totp.step_at(at(seconds))) == code[-6:]


def test_one_step_of_drift_either_way() -> None:
    now = at(1111111111)
    present = totp.step_at(now)
    for drift in (-1, 0, 1):
        assert totp.matching_step(RFC_SECRET, totp.code_at(RFC_SECRET, present + drift), now) == present + drift
    for drift in (-2, 2):
        assert totp.matching_step(RFC_SECRET, totp.code_at(RFC_SECRET, present + drift), now) is None


def test_the_first_step_has_no_earlier_one() -> None:
    assert totp.matching_step(RFC_SECRET, totp.code_at(RFC_SECRET, 0), at(1)) == 0


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "\ud800"])
def test_what_is_no_code_matches_nothing(code: str) -> None:
    assert totp.matching_step(RFC_SECRET, code, at(59)) is None


def test_secrets_are_random_and_travel_as_base32() -> None:
    secret = totp.new_secret()
    assert len(secret) * 8 >= 160
    assert totp.new_secret() != secret
    text = totp.to_text(secret)
    assert len(text) == 52
    assert text.isalnum()
    assert totp.from_text(text) == secret
    assert totp.from_text(totp.to_text(RFC_SECRET)) == RFC_SECRET


def test_the_address_for_apps_escapes_names() -> None:
    parts = urlsplit(totp.uri(RFC_SECRET, issuer="My pool & co", account="a/b@example.com"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parts.path == "/My%20pool%20%26%20co%3Aa%2Fb%40example.com"
    assert parse_qs(parts.query) == {"secret": [totp.to_text(RFC_SECRET)], "issuer": ["My pool & co"]}
