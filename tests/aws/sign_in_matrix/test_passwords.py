"""Passwords in every flow, with every second factor, with and without a device."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aws.sign_in_matrix import world
from tests.aws.sign_in_matrix.api import PASSWORD_FLOWS, Api
from tests.aws.sign_in_matrix.ends import End, end_of, renew
from tests.aws.sign_in_matrix.pages import Pages
from tests.aws.sign_in_matrix.world import CLIENTS, METHOD, SECOND, World
from tests.conftest import Inbox

pytestmark = pytest.mark.django_db

SECONDS = {
    "none": (),
    "sms": ("sms",),
    "email": ("email",),
    "totp": ("totp",),
    "choice of sms": ("sms", "totp", "email"),
    "choice of an app": ("totp", "email"),
    "choice of email": ("email", "sms"),
}
DEVICES = ("none", "remembered", "new")
PAGES = ("", "PASSWORD")
FIRST_STEPS = ("SELECT_CHALLENGE", "PASSWORD", "PASSWORD_SRP", "PASSWORD_VERIFIER")


def ways(factors: tuple[str, ...]) -> list[str]:
    """Return the challenges of the second step."""
    return [*(["SELECT_MFA_TYPE"] if len(factors) > 1 else []), *(SECOND[name] for name in factors[:1])]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("second", SECONDS)
def test_every_way_by_password_ends_alike(idp: Any, inbox: Inbox, clock: Any, second: str, device: str) -> None:
    made, factors = world.make(idp, inbox, clock), SECONDS[second]
    if device != "none":
        world.give_device(made)
    world.give_factors(made, *factors)
    kept = made.device
    ends: dict[str, End] = {}
    for kind, mode in CLIENTS:
        site = made.site(kind, mode, choice=True)
        for flow in PASSWORD_FLOWS:
            clock.shift(30)
            made.device = kept if device == "remembered" else None
            api = Api(made, site.client)
            tokens = api.sign_in(flow)
            asked = [name for name in api.trail if name not in FIRST_STEPS]
            proof = ["DEVICE_SRP_AUTH", "DEVICE_PASSWORD_VERIFIER"]
            assert asked == (proof if made.device and factors else ways(factors)), flow
            assert ("NewDeviceMetadata" in tokens) == (device == "new")
            ends[f"{kind} {mode} {flow}"] = end_of(made, tokens, site.client)
            renew(made, tokens, site.client)
        ends.update(by_pages(made, kind, mode, factors))
    check(ends, factors, skips=device == "remembered")


def by_pages(made: World, kind: str, mode: str, factors: tuple[str, ...]) -> dict[str, End]:
    """Sign in on both kinds of pages, which know no devices."""
    ends = {}
    for choice in PAGES:
        made.clock.shift(30)
        site = made.site(kind, mode, choice=bool(choice))
        pages = Pages(made, site, choice)
        tokens = pages.sign_in()
        assert [name for name in pages.trail if name not in FIRST_STEPS] == ways(factors)
        ends[f"{kind} {mode} page {choice}"] = end_of(made, tokens, site.client)
        renew(made, tokens, site.client, pages)
    return ends


def check(ends: dict[str, End], factors: tuple[str, ...], *, skips: bool) -> None:
    """Compare with each other, and with what the table says."""
    asked = [METHOD[name] for name in factors[:1]]
    first = ends["public LEGACY page "]
    assert first.amr == ("pwd", *asked, *(["mfa"] if asked else []))
    for way, end in ends.items():
        if not skips or " page " in way:
            assert end == first, way
        else:
            assert end.amr == ("pwd",), way
