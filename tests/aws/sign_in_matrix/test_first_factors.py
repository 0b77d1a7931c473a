"""Codes and passkeys as first factors, by the API and on the page that lets the user choose."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aws.mfa import MULTI
from tests.aws.sign_in_matrix import world
from tests.aws.sign_in_matrix.api import Api, Flow
from tests.aws.sign_in_matrix.ends import End, end_of, renew
from tests.aws.sign_in_matrix.pages import ANYONE, Pages
from tests.aws.sign_in_matrix.world import CLIENTS, METHOD, SECOND, World
from tests.conftest import Inbox

pytestmark = pytest.mark.django_db

METHODS = {"EMAIL_OTP": "email_otp", "SMS_OTP": "sms", "WEB_AUTHN": "swk"}
DEVICES = ("none", "remembered", "new")


def flows(factor: str) -> list[Flow]:
    """Return the ways to this first factor."""
    return [
        Flow("USER_AUTH", admin=admin, preferred=factor if given == "preferred" else "", choice=factor)
        for admin in (False, True)
        for given in ("preferred", "chosen")
    ]


def every_way(made: World, factor: str, device: str, *more: str) -> dict[str, End]:
    """Sign in by this factor in every way; ``more`` is asked after it."""
    kept, ends = made.device, {}
    for kind, mode in CLIENTS:
        site = made.site(kind, mode, choice=True)
        for flow in flows(factor):
            made.clock.shift(30)
            made.device = kept if device == "remembered" else None
            api = Api(made, site.client)
            tokens = api.sign_in(flow)
            proof = ["DEVICE_SRP_AUTH", "DEVICE_PASSWORD_VERIFIER"]
            rest = proof if made.device and more else [*more]
            assert api.trail == [*([] if flow.preferred else ["SELECT_CHALLENGE"]), factor, *rest]
            assert ("NewDeviceMetadata" in tokens) == (device == "new")
            ends[f"{kind} {mode} {flow}"] = end_of(made, tokens, site.client)
            renew(made, tokens, site.client)
        for choice in (factor, *([ANYONE] if factor == "WEB_AUTHN" else [])):
            made.clock.shift(30)
            pages = Pages(made, made.site(kind, mode, choice=True), choice)
            tokens = pages.sign_in()
            assert pages.trail == [*([] if choice == ANYONE else ["SELECT_CHALLENGE", factor]), *more]
            ends[f"{kind} {mode} page {choice}"] = end_of(made, tokens, site.client)
            renew(made, tokens, site.client, pages)
    return ends


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("factor", METHODS)
def test_every_way_by_this_factor_ends_alike(idp: Any, inbox: Inbox, clock: Any, factor: str, device: str) -> None:
    made = world.make(idp, inbox, clock)
    if device != "none":
        world.give_device(made)
    if factor == "WEB_AUTHN":
        world.give_passkey(made)
    ends = every_way(made, factor, device)
    assert len(ends) == (24 if factor == "WEB_AUTHN" else 20)
    first = ends[f"public LEGACY page {factor}"]
    assert first.amr == (METHODS[factor],)
    assert [way for way, end in ends.items() if end != first] == []


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("second", SECOND)
@pytest.mark.parametrize("both", [True, False])
def test_a_passkey_is_both_factors_for_who_wants_that(
    idp: Any, inbox: Inbox, clock: Any, both: bool, second: str, device: str
) -> None:
    made = world.make(idp, inbox, clock, passkeys=MULTI)
    if device != "none":
        world.give_device(made)
    world.give_passkey(made)
    world.give_factors(made, second)
    at = {"UserPoolId": made.app.pool_id, "Username": made.name}
    idp.admin_set_user_mfa_preference(**at, WebAuthnMfaSettings={"Enabled": both})
    ends = every_way(made, "WEB_AUTHN", device, *(() if both else (SECOND[second],)))
    first = ends["public LEGACY page WEB_AUTHN"]
    assert first.amr == (("swk",) if both else ("swk", METHOD[second], "mfa"))
    for way, end in ends.items():
        if both or device != "remembered" or " page " in way:
            assert end == first, way
        else:
            assert end.amr == ("swk",), way
