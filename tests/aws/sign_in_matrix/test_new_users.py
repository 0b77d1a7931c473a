"""Who has a temporary password, and who has to set a second factor up, in every flow and on the pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.aws.sign_in_matrix import world
from tests.aws.sign_in_matrix.api import PASSWORD_FLOWS, Api
from tests.aws.sign_in_matrix.ends import End, end_of, renew
from tests.aws.sign_in_matrix.pages import Pages
from tests.aws.sign_in_matrix.test_passwords import FIRST_STEPS, PAGES
from tests.aws.sign_in_matrix.world import CLIENTS, World
from tests.conftest import PASSWORD, Inbox

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Row:
    """A kind of user: what the pool offers, what the user lacks, what is asked, what that proves."""

    temporary: bool
    mode: str
    seconds: tuple[str, ...]
    contacts: bool
    chosen: str
    asked: tuple[str, ...]
    amr: tuple[str, ...]


NEW, SETUP = "NEW_PASSWORD_REQUIRED", "MFA_SETUP"
APP, EMAIL, SMS = "SOFTWARE_TOKEN_MFA", "EMAIL_OTP", "SMS_MFA"
BY_APP, BY_EMAIL, BY_SMS = ("pwd", "otp", "mfa"), ("pwd", "email_otp", "mfa"), ("pwd", "sms", "mfa")
ROWS = {
    "new password": Row(True, "OPTIONAL", (), True, "", (NEW,), ("pwd",)),
    "new password, email": Row(True, "ON", ("email",), True, "", (NEW, EMAIL), BY_EMAIL),
    "new password, sms": Row(True, "ON", ("sms",), True, "", (NEW, SMS), BY_SMS),
    "new password, choice": Row(True, "ON", ("sms", "email"), True, SMS, (NEW, "SELECT_MFA_TYPE", SMS), BY_SMS),
    "new password, app to set up": Row(True, "ON", ("totp",), True, APP, (NEW, SETUP), BY_APP),
    "app to set up": Row(False, "ON", ("totp",), True, APP, (SETUP,), BY_APP),
    "email to set up": Row(False, "ON", ("email",), False, EMAIL, (SETUP, EMAIL), BY_EMAIL),
    "app of two to set up": Row(False, "ON", ("totp", "email"), False, APP, (SETUP,), BY_APP),
}


@pytest.mark.parametrize("device", ["none", "new"])
@pytest.mark.parametrize("row", ROWS)
def test_every_way_ends_alike(idp: Any, inbox: Inbox, clock: Any, row: str, device: str) -> None:
    table = ROWS[row]
    made = world.make(idp, inbox, clock, mode=table.mode, seconds=table.seconds)
    made.chosen = table.chosen
    if device != "none":
        world.track(made)
    ends: dict[str, End] = {}
    for kind, mode in CLIENTS:
        for flow in PASSWORD_FLOWS:
            prepare(made, table)
            site = made.site(kind, mode, choice=True)
            api = Api(made, site.client)
            tokens = api.sign_in(flow)
            assert tuple(name for name in api.trail if name not in FIRST_STEPS) == table.asked, flow
            assert ("NewDeviceMetadata" in tokens) == (device == "new")
            ends[f"{kind} {mode} {flow}"] = finish(made, tokens, site.client)
        for choice in PAGES:
            prepare(made, table)
            site = made.site(kind, mode, choice=bool(choice))
            pages = Pages(made, site, choice)
            tokens = pages.sign_in()
            asked = list(dict.fromkeys(name for name in pages.trail if name not in FIRST_STEPS))
            assert tuple(asked) == table.asked
            ends[f"{kind} {mode} page {choice}"] = finish(made, tokens, site.client, pages)
    first = ends["public LEGACY page "]
    assert (first.amr, first.status) == (table.amr, ("CONFIRMED", True))
    assert [way for way, end in ends.items() if end != first] == []


def prepare(made: World, table: Row) -> None:
    """Let somebody new sign in next."""
    made.clock.shift(30)
    made.next_user(temporary=table.temporary, contacts=table.contacts)


def finish(made: World, tokens: Any, client: Any, pages: Pages | None = None) -> End:
    """Look at the end of a sign-in; the password is the new one from then on."""
    made.password = PASSWORD
    found = end_of(made, tokens, client)
    renew(made, tokens, client, pages)
    return found
