"""Levels of authentication: which methods reach which level, and what a pool calls the levels.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-step-up-authentication.html
"""

from __future__ import annotations

from collections.abc import Iterable

from cognito_app.services import pool_rules, tiers
from cognito_app.services.config import PoolConfig

LONGEST_AGE = 10**9 - 1
"""The largest ``max_age`` that anybody may ask for, in seconds."""
MULTIPLE = "mfa"
FEDERATED = "fed"
FACTORS = ("pwd", "otp", "sms", "email_otp", "swk", "hwk")
"""The methods (names after RFC 8176) that count; ``mfa`` only says that there were several."""
COMBINATIONS: tuple[tuple[int, frozenset[str]], ...] = (
    (4, frozenset({"pwd", "otp"})),
    (3, frozenset({"swk"})),
    (3, frozenset({"hwk"})),
    (3, frozenset({"pwd", "sms"})),
    (3, frozenset({"pwd", "email_otp"})),
    (2, frozenset({"sms"})),
    (2, frozenset({"email_otp"})),
    (1, frozenset({"pwd"})),
    (1, frozenset({FEDERATED})),
)
"""What satisfies each level, the highest first; pools cannot change it."""


def factors_in(methods: Iterable[str]) -> tuple[str, ...]:
    """Return the factors among methods, each once."""
    return tuple(dict.fromkeys(name for name in methods if name in FACTORS))


def vouched(level: int) -> tuple[str, str]:
    """Return the methods of a sign-in of which a provider said that it reached a level (``AcrMapping``)."""
    return FEDERATED, f"{FEDERATED}:{level}"


def amr(methods: Iterable[str]) -> tuple[str, ...]:
    """Return the claim ``amr`` for the methods of a sign-in."""
    given = tuple(methods)
    found = factors_in(given)
    several = (MULTIPLE,) if len(found) > 1 else ()
    return (*found, *several, *((FEDERATED,) if FEDERATED in given else ()))


def level_of(methods: Iterable[str]) -> int:
    """Return the highest level that methods satisfy, 0 for none."""
    held = set(methods)
    own = next((level for level, needed in COMBINATIONS if needed <= held), 0)
    return max(own, next((level for level in (4, 3, 2) if vouched(level)[1] in held), 0))


def names(pool: PoolConfig) -> dict[str, int]:
    """Return the pool's names of the levels, lowest first."""
    found = pool_rules.effective_acr(pool.raw)
    return {str(found[f"Level{level}"]["AcrValue"]): level for level in (1, 2, 3, 4)}


def levels(pool: PoolConfig, text: str) -> tuple[int, ...]:
    """Return the levels of a list of names in its order; what is no name of a level is left out."""
    known = names(pool)
    return tuple(dict.fromkeys(known[name] for name in text.split() if name in known))


def claims(pool: PoolConfig, methods: Iterable[str]) -> dict[str, str | list[str]]:
    """Return ``acr`` and ``amr`` for the tokens of a sign-in; none where the tier has no levels of authentication."""
    if not tiers.offers(pool.tier, tiers.STEP_UP):
        return {}
    given = tuple(methods)
    found = amr(given)
    level = level_of(given)
    reached: dict[str, str | list[str]] = {}
    if level:
        reached["acr"] = next(name for name, number in names(pool).items() if number == level)
    return {**reached, "amr": list(found)} if found else {}
