"""CUSTOM_AUTH, alone and after SRP; the hosted pages do not have it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aws.sign_in_matrix import world
from tests.aws.sign_in_matrix.api import Api, Flow
from tests.aws.sign_in_matrix.ends import end_of, renew
from tests.aws.sign_in_matrix.test_passwords import ways
from tests.aws.sign_in_matrix.world import CLIENTS, METHOD
from tests.conftest import Inbox

pytestmark = pytest.mark.django_db

FLOWS = [Flow("CUSTOM_AUTH", admin=admin, gives=gives) for admin in (False, True) for gives in ("", "SRP_A")]
SECONDS = {"none": (), "sms": ("sms",), "email": ("email",), "totp": ("totp",), "choice": ("totp", "sms")}


@pytest.mark.parametrize("device", ["none", "remembered", "new"])
@pytest.mark.parametrize("second", SECONDS)
def test_custom_sign_in_ends_alike(idp: Any, inbox: Inbox, clock: Any, second: str, device: str) -> None:
    made = world.make(idp, inbox, clock)
    if device != "none":
        world.give_device(made)
    world.give_factors(made, *SECONDS[second])
    kept, ends = made.device, {}
    for kind, mode in CLIENTS:
        site = made.site(kind, mode, choice=False)
        for flow in FLOWS:
            clock.shift(30)
            made.device = kept if device == "remembered" else None
            api = Api(made, site.client)
            tokens = api.sign_in(flow)
            assert api.trail == steps(flow, SECONDS[second], proves=made.device is not None)
            assert ("NewDeviceMetadata" in tokens) == (device == "new")
            ends[kind, mode, flow] = end_of(made, tokens, site.client)
            renew(made, tokens, site.client)
    for (_, _, flow), end in ends.items():
        assert end == ends["public", "LEGACY", Flow("CUSTOM_AUTH", gives=flow.gives)]
        asked = SECONDS[second][:1] if device != "remembered" else ()
        proved = ("pwd", *(METHOD[name] for name in asked), *(["mfa"] if asked else []))
        assert end.amr == (proved if flow.gives else ())


def steps(flow: Flow, factors: tuple[str, ...], *, proves: bool) -> list[str]:
    """Return what is asked: a password brings its second step, the functions' own challenge none."""
    proof = ["DEVICE_SRP_AUTH", "DEVICE_PASSWORD_VERIFIER"] if proves else []
    if not flow.gives:
        return ["CUSTOM_CHALLENGE", *proof]
    if not factors:
        return ["PASSWORD_VERIFIER", "CUSTOM_CHALLENGE", *proof]
    return ["PASSWORD_VERIFIER", *(proof or ways(factors)), "CUSTOM_CHALLENGE"]
