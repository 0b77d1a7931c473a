"""T6 of the quality chapter: whether there is a user of a name cannot be told from the answers.

Full size, always: existing, unconfirmed, disabled and federated users, those who must reset or change a password, each
against a missing name; InitiateAuth in every flow with its answers, ForgotPassword, ResendConfirmationCode,
ConfirmForgotPassword, ConfirmSignUp and the hosted pages. Random values and the name itself are masked, all else is
compared byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from pycognito import AWSSRP
from pytest_django import Settings

from tests.conftest import PASSWORD, App, Inbox
from tests.oauth.browser import Site
from tests.security.states import EXISTING, MISSING, RESETTING, make_states, masked, post
from tests.triggers.lambdas import config, serving
from tests.triggers.test_custom_auth import CREATE, DEFINE, TRIGGERS, VERIFY, create, define, verify

pytestmark = pytest.mark.django_db

Call = Callable[[App, str], Any]
PUBLIC_A = "ab" * 384


@pytest.fixture
def hiding(idp: Any, inbox: Inbox, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """A pool with users in every state and with custom sign-in; its client hides who exists."""
    with serving(settings, monkeypatch) as lambdas:
        lambdas.functions.update({DEFINE: define, CREATE: create, VERIFY: verify})
        yield make_states(idp, inbox, LambdaConfig=config(*TRIGGERS))


def initiate(app: App, flow: str, name: str, **parameters: str) -> Any:
    return post(
        "InitiateAuth",
        {"ClientId": app.client_id, "AuthFlow": flow, "AuthParameters": {"USERNAME": name, **parameters}},
    )


def respond(app: App, challenge: str, begun: Any, name: str, **answers: str) -> Any:
    """Answer the challenge that an operation just gave; its own answer if it gave none."""
    session = json.loads(begun.content).get("Session")
    if session is None and challenge != "PASSWORD_VERIFIER":
        return begun
    body = {
        "ClientId": app.client_id,
        "ChallengeName": challenge,
        "ChallengeResponses": {"USERNAME": name, **answers},
        **({"Session": session} if session else {}),
    }
    return post("RespondToAuthChallenge", body)


def wrong_proof(app: App, begun: Any, name: str) -> Any:
    """Answer PASSWORD_VERIFIER with a wrong password."""
    helper = AWSSRP(name, "Wrong-Horse-9!", app.pool_id, app.client_id, client=app.idp)
    answers = helper.process_challenge(json.loads(begun.content)["ChallengeParameters"], helper.get_auth_params())
    return respond(app, "PASSWORD_VERIFIER", begun, name, **{**answers, "USERNAME": name})


CALLS: dict[str, Call] = {
    "wrong password": lambda app, name: initiate(app, "USER_PASSWORD_AUTH", name, PASSWORD="Wrong-Horse-9!"),
    "SRP": lambda app, name: initiate(app, "USER_SRP_AUTH", name, SRP_A=PUBLIC_A),
    "SRP, wrong proof": lambda app, name: wrong_proof(app, initiate(app, "USER_SRP_AUTH", name, SRP_A=PUBLIC_A), name),
    "custom": lambda app, name: initiate(app, "CUSTOM_AUTH", name),
    "custom, wrong answer": lambda app, name: respond(
        app, "CUSTOM_CHALLENGE", initiate(app, "CUSTOM_AUTH", name), name, ANSWER="herring"
    ),
    "custom with SRP": lambda app, name: initiate(app, "CUSTOM_AUTH", name, CHALLENGE_NAME="SRP_A", SRP_A=PUBLIC_A),
    "unknown device": lambda app, name: initiate(
        app, "USER_PASSWORD_AUTH", name, PASSWORD="Wrong-Horse-9!", DEVICE_KEY="us-east-1_x"
    ),
    "ForgotPassword": lambda app, name: post("ForgotPassword", {"ClientId": app.client_id, "Username": name}),
    "ResendConfirmationCode": lambda app, name: post(
        "ResendConfirmationCode", {"ClientId": app.client_id, "Username": name}
    ),
    "ConfirmForgotPassword": lambda app, name: post(
        "ConfirmForgotPassword",
        {"ClientId": app.client_id, "Username": name, "ConfirmationCode": "1x", "Password": PASSWORD},
    ),
    "ConfirmForgotPassword, bad password": lambda app, name: post(
        "ConfirmForgotPassword",
        {"ClientId": app.client_id, "Username": name, "ConfirmationCode": "1x", "Password": "weak-but-long"},
    ),
    "ConfirmSignUp": lambda app, name: post(
        "ConfirmSignUp", {"ClientId": app.client_id, "Username": name, "ConfirmationCode": "1x"}
    ),
}
CHOICES: dict[str, Call] = {
    "choice": lambda app, name: initiate(app, "USER_AUTH", name),
    "choice of a password, wrong": lambda app, name: initiate(
        app, "USER_AUTH", name, PREFERRED_CHALLENGE="PASSWORD", PASSWORD="Wrong-Horse-9!"
    ),
    "choice of SRP": lambda app, name: initiate(
        app, "USER_AUTH", name, PREFERRED_CHALLENGE="PASSWORD_SRP", SRP_A=PUBLIC_A
    ),
    "choice of a code": lambda app, name: initiate(app, "USER_AUTH", name, PREFERRED_CHALLENGE="EMAIL_OTP"),
    "choice of a code, wrong": lambda app, name: respond(
        app, "EMAIL_OTP", initiate(app, "USER_AUTH", name, PREFERRED_CHALLENGE="EMAIL_OTP"), name, EMAIL_OTP_CODE="1x"
    ),
    "choice, then a wrong password": lambda app, name: respond(
        app, "PASSWORD", initiate(app, "USER_AUTH", name), name, PASSWORD="Wrong-Horse-9!"
    ),
}


def told_apart(app: App, call: Call, names: tuple[str, ...]) -> list[str]:
    """Return the names whose answers differ from that of a missing name."""
    missing = masked(call(app, MISSING), MISSING)
    return [name for name in names if masked(call(app, name), name) != missing]


@pytest.mark.parametrize("call", CALLS)
def test_operations(hiding: App, call: str) -> None:
    assert told_apart(hiding, CALLS[call], (*EXISTING, *RESETTING)) == []


# Who must set a password is offered nothing else: users differ in what they have, and a missing name looks like most.
@pytest.mark.parametrize("call", CHOICES)
def test_choice_based_sign_in(hiding: App, call: str) -> None:
    assert told_apart(hiding, CHOICES[call], EXISTING) == []


PAGES: dict[str, tuple[str, dict[str, str]]] = {
    "sign-in": ("login", {"password": "Wrong-Horse-9!"}),
    "forgotten password": ("forgotPassword", {}),
    "new password": ("confirmForgotPassword", {"code": "1x", "password": PASSWORD, "password_again": PASSWORD}),
    "confirmation": ("confirm", {"code": "1x", "session": "x"}),
    "new code": ("confirm", {"action": "resend", "session": "x"}),
}


@pytest.mark.parametrize("page", PAGES)
def test_pages(hiding: App, page: str) -> None:
    site = Site(hiding, PreventUserExistenceErrors="ENABLED")

    def visit(_: App, who: str) -> Any:
        path, fields = PAGES[page]
        site.browser = Client()
        site.get("login", **site.request())
        return site.submit(path, {"username": who, **fields})

    assert told_apart(hiding, visit, (*EXISTING, *RESETTING)) == []


def test_a_user_to_whom_nothing_can_be_sent(hiding: App) -> None:
    nothing = [{"Name": "email", "Value": ""}]
    names = ("unconfirmed", "ann")
    for name in names:
        hiding.idp.admin_update_user_attributes(UserPoolId=hiding.pool_id, Username=name, UserAttributes=nothing)
    for call in ("ForgotPassword", "ResendConfirmationCode"):
        assert told_apart(hiding, CALLS[call], names) == []


def test_a_name_in_other_letters(idp: Any, inbox: Inbox) -> None:
    """Where case does not matter, an existing user is not told by how the name comes back."""
    app = make_states(idp, inbox, UsernameConfiguration={"CaseSensitive": False})
    for name in ("ANN", "NOBODY"):
        shown = json.loads(CALLS["SRP"](app, name).content)["ChallengeParameters"]
        assert shown["USERNAME"] == shown["USER_ID_FOR_SRP"] == name.lower()


@pytest.mark.parametrize("call", ["ForgotPassword", "ResendConfirmationCode"])
def test_a_made_up_answer_is_constant(hiding: App, call: str) -> None:
    first, second = (json.loads(CALLS[call](hiding, MISSING).content) for _ in range(2))
    assert first == second


def test_the_first_srp_answer_is_constant_for_a_missing_name(hiding: App) -> None:
    one, two, known = (
        json.loads(CALLS["SRP"](hiding, who).content)["ChallengeParameters"] for who in (MISSING, MISSING, "ann")
    )
    assert one["SALT"] == two["SALT"]
    assert one["USER_ID_FOR_SRP"] == two["USER_ID_FOR_SRP"] == MISSING
    assert abs(len(one["SECRET_BLOCK"]) - len(known["SECRET_BLOCK"])) < 32


def test_missing_names_are_locked_out_alike(hiding: App) -> None:
    outcomes = []
    for who in ("ann", MISSING):
        answers = [masked(CALLS["wrong password"](hiding, who), who) for _ in range(5)]
        outcomes.append((answers, masked(initiate(hiding, "USER_PASSWORD_AUTH", who, PASSWORD=PASSWORD), who)))
    assert outcomes[0] == outcomes[1]
    assert "Incorrect username or password." in outcomes[0][0][-1]
    assert "Password attempts exceeded" in outcomes[0][1]


NOT_FOUND = ("UserNotFoundException", "User does not exist.")
NO_PAIR = ("UserNotFoundException", "Username/client id combination not found.")
WRONG = ("NotAuthorizedException", "Incorrect username or password.")
DISABLED = ("NotAuthorizedException", "User is disabled.")
LEGACY: dict[str, dict[str, tuple[str, str] | None]] = {
    "wrong password": {"ann": WRONG, MISSING: NOT_FOUND, "unconfirmed": WRONG, "disabled": DISABLED, "google_1": WRONG},
    "SRP": {"ann": None, MISSING: NOT_FOUND, "unconfirmed": None, "disabled": DISABLED, "google_1": None},
    "ForgotPassword": {
        "ann": None,
        MISSING: NO_PAIR,
        "unconfirmed": (
            "InvalidParameterException",
            "Cannot reset password for the user as there is no registered/verified email or phone_number",
        ),
        "disabled": DISABLED,
        "google_1": ("NotAuthorizedException", "User password cannot be reset in the current state."),
    },
    "ResendConfirmationCode": {
        "ann": ("InvalidParameterException", "User is already confirmed."),
        MISSING: NO_PAIR,
        "unconfirmed": None,
        "disabled": ("InvalidParameterException", "User is already confirmed."),
        "google_1": ("InvalidParameterException", "User is already confirmed."),
    },
    "ConfirmSignUp": {
        "ann": ("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED"),
        MISSING: NO_PAIR,
        "unconfirmed": ("CodeMismatchException", "Invalid verification code provided, please try again."),
        "disabled": ("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED"),
        "google_1": ("NotAuthorizedException", "User cannot be confirmed. Current status is EXTERNAL_PROVIDER"),
    },
}


@pytest.mark.parametrize("call", LEGACY)
def test_the_documented_answers_of_legacy_clients(idp: Any, inbox: Inbox, call: str) -> None:
    app = make_states(idp, inbox, "LEGACY")
    for name, expected in LEGACY[call].items():
        answer = json.loads(CALLS[call](app, name).content)
        found = (answer["__type"], answer["message"]) if "__type" in answer else None
        assert found == expected, name


@pytest.mark.parametrize("existence", ["LEGACY", "ENABLED"])
def test_sign_up_tells_that_a_name_is_taken(idp: Any, inbox: Inbox, existence: str) -> None:
    app = make_states(idp, inbox, existence)
    for name in (*EXISTING, *RESETTING):
        answer = post("SignUp", {"ClientId": app.client_id, "Username": name, "Password": PASSWORD})
        document = json.loads(answer.content)
        assert (document["__type"], document["message"]) == ("UsernameExistsException", "User already exists")
    free = post("SignUp", {"ClientId": app.client_id, "Username": MISSING, "Password": PASSWORD})
    assert free.status_code == 200
