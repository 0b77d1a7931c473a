"""Wrong answers and names that nobody has, by existence mode, in every flow and on the pages."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from django.utils import timezone

from cognito_app.models import AuthEvent
from tests.aws.mfa import other
from tests.aws.sign_in_matrix import world
from tests.aws.sign_in_matrix.api import CODES, PASSWORD_FLOWS, Api, Flow
from tests.aws.sign_in_matrix.pages import Pages
from tests.aws.sign_in_matrix.world import CLIENTS, SECOND, World
from tests.clients.authenticator import Authenticator
from tests.conftest import Inbox
from tests.pages.forms import alert, hidden, send

pytestmark = pytest.mark.django_db

WRONG = ("NotAuthorizedException", "Incorrect username or password.")
UNKNOWN = ("UserNotFoundException", "User does not exist.")
WRONG_CODE = ("CodeMismatchException", "Invalid code or auth state for the user.")
WRONG_ANSWER = ("NotAuthorizedException", "Incorrect username or password.")
CUSTOM = [Flow("CUSTOM_AUTH", admin=admin, gives=gives) for admin in (False, True) for gives in ("", "SRP_A")]
CODE_FLOWS = [
    Flow("USER_AUTH", admin=admin, preferred=factor, choice=factor)
    for admin in (False, True)
    for factor in ("EMAIL_OTP", "SMS_OTP")
]
NOBODY = "nobody"


class WrongApi(Api):
    """An app whose user has nothing right at hand."""

    def _right(self, asked: Any) -> dict[str, str]:
        name = asked["ChallengeName"]
        if name in CODES:
            return {CODES[name]: "12345678" if name.endswith("_OTP") else "123456"}
        if name == "CUSTOM_CHALLENGE":
            return {"ANSWER": "herring"}
        return super()._right(asked)


def refusal(api: Api, flow: Flow) -> tuple[str, str]:
    """Return the error that a sign-in ends with."""
    with pytest.raises(ClientError) as caught:
        api.sign_in(flow)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def last_event() -> tuple[Any, ...]:
    """Return what was written of the try that was just made."""
    found = [
        (row.type, row.response, str(row.challenges)) for row in AuthEvent.objects.filter(created_at=timezone.now())
    ]
    return tuple(found)


@pytest.mark.parametrize("name", ["ann", NOBODY])
@pytest.mark.parametrize(("kind", "mode"), CLIENTS)
def test_a_wrong_password(idp: Any, inbox: Inbox, clock: Any, kind: str, mode: str, name: str) -> None:
    made = world.make(idp, inbox, clock)
    made.name, made.password = name, "Wrong-Horse-9!"
    expected = UNKNOWN if name == NOBODY and mode == "LEGACY" else WRONG
    events = set()
    for flow in PASSWORD_FLOWS:
        clock.shift(3600)
        client = made.site(kind, mode, choice=True).client
        assert refusal(Api(made, client), flow) == expected, flow
        events.add(last_event())
    clock.shift(3600)
    page = Pages(made, made.site(kind, mode, choice=False)).start()
    assert alert(page) == expected[1]
    events.add(last_event())
    clock.shift(3600)
    site = made.site(kind, mode, choice=True)
    page = Pages(made, site, "PASSWORD").start()
    if expected == WRONG:
        page = send(site, page, factor="PASSWORD")
        page = send(site, page, password=made.password)
    assert alert(page) == expected[1]
    events.add(last_event())
    assert events == {() if expected == UNKNOWN else (("SignIn", "Fail", events_of(next(iter(events)))),)}


def events_of(event: tuple[Any, ...]) -> str:
    """Return the challenges of an event."""
    return str(event[0][2])


@pytest.mark.parametrize("name", ["ann", NOBODY])
@pytest.mark.parametrize(("kind", "mode"), CLIENTS)
def test_a_wrong_code_and_a_wrong_passkey(idp: Any, inbox: Inbox, clock: Any, kind: str, mode: str, name: str) -> None:
    made = world.make(idp, inbox, clock)
    world.give_passkey(made)
    made.name = name
    is_told = name == NOBODY and mode == "LEGACY"
    for flow in CODE_FLOWS:
        clock.shift(3600)
        client = made.site(kind, mode, choice=True).client
        expected = UNKNOWN if is_told else WRONG_CODE
        api = WrongApi(made, client)
        if not is_told and flow.preferred not in api.start(flow)["ChallengeName"]:
            # What seems to be offered to nobody depends on the name.
            continue
        assert refusal(api, flow) == expected, flow
    clock.shift(3600)
    site = made.site(kind, mode, choice=True)
    page = Pages(made, site, "EMAIL_OTP").start()
    if is_told:
        assert alert(page) == UNKNOWN[1]
        return
    page = send(site, page, factor="EMAIL_OTP")
    assert alert(send(site, page, code="12345678")) == "The code is not right. Try again."
    if name == "ann":
        clock.shift(3600)
        made.passkey = wrong_passkey(made)
        assert refusal(Api(made, site.client), Flow("USER_AUTH", preferred="WEB_AUTHN")) == WRONG
        event = last_event()
        clock.shift(3600)
        page = send(site, Pages(made, site, "WEB_AUTHN").start(), factor="WEB_AUTHN")
        page = send(site, page, **Pages(made, site).passkey(page))
        assert alert(page) == "This passkey did not work. Try again, or sign in another way."
        assert last_event() == event


def wrong_passkey(made: World) -> Authenticator:
    """Return ann's authenticator, which signs something else."""
    assert made.passkey
    made.passkey.breaks_signature = True
    return made.passkey


@pytest.mark.parametrize("name", ["ann", NOBODY])
@pytest.mark.parametrize(("kind", "mode"), CLIENTS)
def test_a_wrong_answer_to_the_functions(idp: Any, inbox: Inbox, clock: Any, kind: str, mode: str, name: str) -> None:
    made = world.make(idp, inbox, clock)
    made.name = name
    site = made.site(kind, mode, choice=False)
    for flow in CUSTOM:
        clock.shift(3600)
        expected = UNKNOWN if name == NOBODY and mode == "LEGACY" else WRONG_ANSWER
        assert refusal(WrongApi(made, site.client), flow) == expected, flow


@pytest.mark.parametrize(("kind", "mode"), CLIENTS)
@pytest.mark.parametrize("second", SECOND)
def test_a_wrong_second_factor(idp: Any, inbox: Inbox, clock: Any, second: str, kind: str, mode: str) -> None:
    made = world.make(idp, inbox, clock)
    world.give_factors(made, second)
    events = set()
    for flow in PASSWORD_FLOWS:
        clock.shift(3600)
        site = made.site(kind, mode, choice=True)
        api = Api(made, site.client)
        asked = until_second(api, flow)
        wrong = {CODES[SECOND[second]]: other(made.code(SECOND[second]))}
        with pytest.raises(ClientError) as caught:
            api.respond(asked["ChallengeName"], asked["Session"], **wrong)
        assert caught.value.response["Error"]["Code"] == "CodeMismatchException"
        events.add(last_event())
    clock.shift(3600)
    site = made.site(kind, mode, choice=False)
    page = Pages(made, site).start()
    assert hidden(page)["challenge"] == SECOND[second]
    assert alert(send(site, page, code=other(made.code(SECOND[second])))).startswith("The code is not right.")
    events.add(last_event())
    assert len(events) == 1, events


def until_second(api: Api, flow: Flow) -> Any:
    """Pass the first factor."""
    answer = api.start(flow)
    while answer["ChallengeName"] not in SECOND.values():
        answer = api.answer(answer)
    return answer
