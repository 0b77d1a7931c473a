"""Users who may not sign in though the password is right, in every flow and on the pages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aws.sign_in_matrix import world
from tests.aws.sign_in_matrix.api import PASSWORD_FLOWS, Api
from tests.aws.sign_in_matrix.pages import Pages
from tests.aws.sign_in_matrix.test_refusals import WRONG, last_event, refusal
from tests.aws.sign_in_matrix.world import CLIENTS, World
from tests.conftest import PASSWORD, Inbox
from tests.pages.forms import alert, heading, send

pytestmark = pytest.mark.django_db

DISABLED = ("NotAuthorizedException", "User is disabled.")
NOT_CONFIRMED = ("UserNotConfirmedException", "User is not confirmed.")
RESET = ("PasswordResetRequiredException", "Password reset required for the user")
REFUSALS = {
    ("disabled", "LEGACY"): DISABLED,
    ("disabled", "ENABLED"): DISABLED,
    ("unconfirmed", "LEGACY"): NOT_CONFIRMED,
    ("unconfirmed", "ENABLED"): NOT_CONFIRMED,
    ("reset", "LEGACY"): RESET,
    ("reset", "ENABLED"): WRONG,
}
HEADINGS = {NOT_CONFIRMED: "Confirm your account", RESET: "Reset your password"}


def bring_into(made: World, state: str) -> None:
    """Make a user in this state."""
    at = {"UserPoolId": made.app.pool_id, "Username": made.name}
    if state == "disabled":
        made.app.idp.admin_disable_user(**at)
    elif state == "reset":
        made.app.idp.admin_reset_user_password(**at)
    else:
        made.name = "new"
        given = [{"Name": "email", "Value": made.email}]
        made.app.idp.sign_up(ClientId=made.app.client_id, Username=made.name, Password=PASSWORD, UserAttributes=given)


@pytest.mark.parametrize("state", ["disabled", "unconfirmed", "reset"])
@pytest.mark.parametrize(("kind", "mode"), CLIENTS)
def test_a_right_password_is_not_enough(idp: Any, inbox: Inbox, clock: Any, kind: str, mode: str, state: str) -> None:
    made = world.make(idp, inbox, clock)
    bring_into(made, state)
    expected = REFUSALS[state, mode]
    events = {}
    for flow in PASSWORD_FLOWS:
        clock.shift(3600)
        client = made.site(kind, mode, choice=True).client
        assert refusal(Api(made, client), flow) == expected, flow
        events[str(flow)] = last_event()
    clock.shift(3600)
    check_page(Pages(made, made.site(kind, mode, choice=False)).start(), expected)
    events["page"] = last_event()
    clock.shift(3600)
    site = made.site(kind, mode, choice=True)
    page = Pages(made, site, "PASSWORD").start()
    if expected != DISABLED or mode == "ENABLED":
        if heading(page) == "Choose how to sign in":
            page = send(site, page, factor="PASSWORD")
        page = send(site, page, password=PASSWORD)
    check_page(page, expected)
    events["page of choice"] = last_event()
    assert len(set(events.values())) == 1, events


def check_page(page: Any, expected: tuple[str, str]) -> None:
    """Compare what a page tells with the error of the API."""
    if expected in HEADINGS:
        assert heading(page) == HEADINGS[expected]
    else:
        assert alert(page) == expected[1]
