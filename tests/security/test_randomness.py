"""T16 of the quality chapter: codes, ids and tokens are random, without duplicates, from one source.

Full size (marker ``slow``): a million of each. By default 20,000. A distribution fails if it is improbable (p < 0.001)
twice in a row.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist

import pytest

import cognito_app
from cognito_app.core import ids, secrets

ROOT = Path(cognito_app.__file__).parent
SIZES = [pytest.param(20_000, id="small"), pytest.param(1_000_000, id="full", marks=pytest.mark.slow)]
UNIQUE: dict[str, Callable[[], str]] = {
    "refresh token": lambda: secrets.urlsafe(48),
    "session cookie": lambda: secrets.urlsafe(32),
    "authorization code": ids.uuid4,
    "sub": ids.sub,
    "client id": ids.client_id,
    "client secret": ids.client_secret,
    "device key": lambda: ids.device_key("r"),
    "access key": lambda: ids.access_key_id("AKIA"),
    "secret access key": ids.secret_access_key,
    "session id": lambda: ids.session_id("tkn"),
    "kid": ids.kid,
}
CODES: dict[str, Callable[[], str]] = {
    "confirmation code": lambda: secrets.digits(6),
    "one-time code": lambda: secrets.digits(8),
    "client id": ids.client_id,
    "pool id": lambda: ids.user_pool_id("r")[2:],
}
# The second one runs outside of Django, where it names the requests that it is told of.
ALLOWED = {"core/secrets.py", "triggers/handler.py"}


def critical(freedom: int) -> float:
    """Return the value that chi-square exceeds once in a thousand (Wilson and Hilferty)."""
    z = NormalDist().inv_cdf(0.999)
    return float(freedom * (1 - 2 / (9 * freedom) + z * (2 / (9 * freedom)) ** 0.5) ** 3)


def is_even(make: Callable[[], str], size: int) -> bool:
    """Whether every character is as frequent as the others, at each place."""
    texts = [make() for _ in range(size)]
    alphabet = len(set("".join(texts[:2000])))
    expected = size / alphabet
    for place in range(len(texts[0])):
        counted = Counter(text[place] for text in texts)
        chi = sum((count - expected) ** 2 / expected for count in counted.values())
        chi += (alphabet - len(counted)) * expected
        # Several places are looked at: each may be improbable by itself.
        if chi > critical(alphabet - 1) * 1.5:
            return False
    joined = Counter("".join(texts))
    mean = sum(joined.values()) / alphabet
    return sum((count - mean) ** 2 / mean for count in joined.values()) < critical(alphabet - 1)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", UNIQUE)
def test_no_two_are_the_same(kind: str, size: int) -> None:
    make = UNIQUE[kind]
    assert len({make() for _ in range(size)}) == size


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", CODES)
def test_every_character_is_as_frequent_as_the_others(kind: str, size: int) -> None:
    assert is_even(CODES[kind], size) or is_even(CODES[kind], size)


def test_nothing_else_draws_random_numbers() -> None:
    found = []
    for path in ROOT.rglob("*.py"):
        name = str(path.relative_to(ROOT))
        if name in ALLOWED or name.startswith("migrations/"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            imported = [item.name for item in node.names] if isinstance(node, ast.Import) else []
            imported += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            called = node.attr if isinstance(node, ast.Attribute) else ""
            if {"random", "secrets", "numpy.random"} & set(imported) or called in (
                "urandom",
                "uuid1",
                "uuid4",
                "getrandom",
            ):
                base = node.value if isinstance(node, ast.Attribute) else None
                if not (isinstance(base, ast.Name) and base.id == "ids"):
                    found.append(name)
    assert found == []
