"""The decision about a second factor, row by row of the developer guide's list."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from cognito_app.services.mfa_rules import (
    EMAIL,
    FACTORS,
    NO_FACTOR,
    REFUSED,
    SMS,
    TOTP,
    Decision,
    Kind,
    Situation,
    decide,
    offered,
)

PHONE, MAIL = "phone_number", "email"
BOTH = frozenset({PHONE, MAIL})
ALL = FACTORS


def challenge(factor: str) -> Decision:
    """Return the decision for one factor."""
    return Decision(Kind.CHALLENGE, (factor,))


def select(*factors: str) -> Decision:
    """Return the decision for a choice."""
    return Decision(Kind.SELECT, factors)


def setup(*factors: str) -> Decision:
    """Return the decision for a set-up."""
    return Decision(Kind.SETUP, factors)


OPTIONAL_ROWS = [
    ({}, NO_FACTOR),
    ({"has_totp": True}, NO_FACTOR),
    ({"enabled": (SMS,)}, challenge(SMS)),
    ({"enabled": (EMAIL,)}, challenge(EMAIL)),
    ({"enabled": (TOTP,), "has_totp": True}, challenge(TOTP)),
    ({"enabled": (SMS, EMAIL), "preferred": EMAIL}, challenge(EMAIL)),
    ({"enabled": (SMS, EMAIL)}, select(SMS, EMAIL)),
    ({"enabled": (SMS, TOTP, EMAIL), "has_totp": True}, select(SMS, TOTP, EMAIL)),
    # What cannot be used any more is not asked for.
    ({"enabled": (SMS,), "contacts": frozenset({MAIL})}, NO_FACTOR),
    ({"enabled": (SMS, EMAIL), "preferred": SMS, "contacts": frozenset({MAIL})}, challenge(EMAIL)),
    ({"enabled": (EMAIL,), "offered": (SMS, TOTP)}, NO_FACTOR),
    ({"enabled": (TOTP,), "has_totp": False}, NO_FACTOR),
    # An app that was turned on stays when the pool stops offering apps.
    ({"enabled": (TOTP,), "has_totp": True, "offered": (SMS,)}, challenge(TOTP)),
    # Recovery does not matter for a factor that the user turned on.
    ({"enabled": (EMAIL,), "recovery": MAIL}, challenge(EMAIL)),
]


@pytest.mark.parametrize(("given", "expected"), OPTIONAL_ROWS)
def test_optional(given: dict[str, Any], expected: Decision) -> None:
    assert decide(Situation(**{"mode": "OPTIONAL", "offered": ALL, "contacts": BOTH, **given})) == expected


REQUIRED_ROWS = [
    # preferred factor set
    ({"enabled": (TOTP,), "preferred": TOTP, "has_totp": True, "contacts": BOTH}, challenge(TOTP)),
    ({"enabled": (SMS, TOTP), "preferred": SMS, "has_totp": True, "contacts": BOTH}, challenge(SMS)),
    ({"enabled": (EMAIL,), "preferred": EMAIL, "contacts": BOTH, "recovery": MAIL}, challenge(EMAIL)),
    # TOTP registered, others available
    ({"has_totp": True, "contacts": BOTH}, select(SMS, TOTP, EMAIL)),
    ({"has_totp": True, "contacts": BOTH, "recovery": MAIL}, select(SMS, TOTP)),
    ({"has_totp": True, "contacts": frozenset({PHONE})}, select(SMS, TOTP)),
    # TOTP only
    ({"has_totp": True}, challenge(TOTP)),
    ({"has_totp": True, "contacts": BOTH, "offered": (TOTP,)}, challenge(TOTP)),
    ({"has_totp": True, "contacts": frozenset({MAIL}), "recovery": MAIL}, challenge(TOTP)),
    # no TOTP, one contact whose factor is enabled and which is not the way of recovery
    ({"contacts": frozenset({PHONE})}, challenge(SMS)),
    ({"contacts": frozenset({MAIL})}, challenge(EMAIL)),
    ({"contacts": frozenset({MAIL}), "recovery": PHONE}, challenge(EMAIL)),
    # an app of a pool that stopped offering apps, never turned on, does not count
    ({"contacts": frozenset({PHONE}), "has_totp": True, "offered": (SMS,)}, challenge(SMS)),
    # the same, but it is the way of recovery
    ({"contacts": frozenset({MAIL}), "recovery": MAIL}, setup(SMS, TOTP)),
    ({"contacts": frozenset({MAIL}), "recovery": MAIL, "offered": (TOTP, EMAIL)}, setup(TOTP)),
    ({"contacts": frozenset({MAIL}), "recovery": MAIL, "offered": (SMS, EMAIL)}, REFUSED),
    # ... unless the user turned it on: then it is no way of recovery
    ({"contacts": frozenset({MAIL}), "recovery": MAIL, "enabled": (EMAIL,)}, challenge(EMAIL)),
    # a contact whose factor is not enabled
    ({"contacts": frozenset({MAIL}), "offered": (SMS, TOTP)}, setup(SMS, TOTP)),
    ({"contacts": frozenset({MAIL}), "offered": (SMS,)}, REFUSED),
    # both contacts, recovery off
    ({"contacts": BOTH}, select(SMS, EMAIL)),
    ({"contacts": BOTH, "offered": (SMS, TOTP)}, challenge(SMS)),
    ({"contacts": BOTH, "offered": (TOTP,)}, setup(TOTP)),
    # both contacts, one is the way of recovery
    ({"contacts": BOTH, "recovery": MAIL}, challenge(SMS)),
    ({"contacts": BOTH, "recovery": PHONE}, challenge(EMAIL)),
    ({"contacts": BOTH, "recovery": PHONE, "offered": (SMS,)}, REFUSED),
    # neither contact, no TOTP
    ({}, setup(SMS, TOTP, EMAIL)),
    ({"recovery": MAIL}, setup(SMS, TOTP)),
    ({"offered": (SMS,)}, setup(SMS)),
    ({"offered": (EMAIL,), "recovery": MAIL}, REFUSED),
]


@pytest.mark.parametrize(("given", "expected"), REQUIRED_ROWS)
def test_required(given: dict[str, Any], expected: Decision) -> None:
    assert decide(Situation(**{"mode": "ON", "offered": ALL, **given})) == expected


def everything() -> Any:
    """Yield every situation, the impossible ones included."""
    subsets = [
        tuple(f for f, bit in zip(FACTORS, bits, strict=True) if bit) for bits in itertools.product((0, 1), repeat=3)
    ]
    contacts = [frozenset(), frozenset({PHONE}), frozenset({MAIL}), BOTH]
    for mode, offer, enabled, preferred, has_totp, have, recovery in itertools.product(
        ("ON", "OPTIONAL", "OFF"), subsets, subsets, (None, *FACTORS), (False, True), contacts, (None, PHONE, MAIL)
    ):
        yield Situation(mode, offer, enabled, preferred, has_totp, have, recovery)


def test_required_mfa_is_never_skipped_and_off_never_asks() -> None:
    for now in everything():
        found = decide(now)
        assert (found == NO_FACTOR) if now.mode == "OFF" else True
        if now.mode == "ON":
            assert found.kind is not Kind.NONE, now


def test_only_what_the_user_has_is_asked_for_and_only_what_is_missing_is_set_up() -> None:
    needs = {SMS: PHONE, EMAIL: MAIL}
    for now in everything():
        found = decide(now)
        for factor in found.factors:
            has = now.has_totp if factor == TOTP else needs[factor] in now.contacts
            if found.kind is Kind.SETUP:
                assert factor in now.offered, now
            else:
                assert has, now
        assert (len(found.factors) >= 2) == (found.kind is Kind.SELECT) or found.kind is Kind.SETUP, now


def test_threat_protection_demands_a_factor_that_is_there() -> None:
    def demanded(**given: Any) -> Decision:
        return decide(Situation(**{"mode": "OPTIONAL", "offered": ALL, **given}), demanded=True)

    assert demanded(contacts=frozenset({PHONE})) == challenge(SMS)
    assert demanded(has_totp=True) == challenge(TOTP)
    assert demanded() == REFUSED
    assert decide(Situation(mode="OFF"), demanded=True) == NO_FACTOR
    assert decide(Situation(mode="ON", offered=ALL), demanded=True) == setup(SMS, TOTP, EMAIL)


SMS_SETTINGS = {"SmsConfiguration": {"SnsCallerArn": "x"}}


def test_what_a_pool_offers() -> None:
    assert offered({}, {}) == ()
    assert offered({"MfaConfiguration": "ON", **SMS_SETTINGS}, {}) == (SMS,)
    assert offered({"MfaConfiguration": "OFF", **SMS_SETTINGS}, {"mfa": {"sms": True, "totp": True}}) == ()
    every = {"mfa": {"sms": True, "totp": True, "email": {}}}
    assert offered({"MfaConfiguration": "OPTIONAL", **SMS_SETTINGS}, every) == (SMS, TOTP, EMAIL)
    # SMS cannot be sent without settings.
    assert offered({"MfaConfiguration": "OPTIONAL"}, every) == (TOTP, EMAIL)
