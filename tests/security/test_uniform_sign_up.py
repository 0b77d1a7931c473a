"""A hardened pool's SignUp does not tell whether a name is taken: answers, messages and what comes of them (T6)."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest
import time_machine
from pycognito import AWSSRP
from pytest_django import Settings

from cognito_app.core import clock
from cognito_app.messages.notices import HAS_ACCOUNT, NAME_TAKEN
from cognito_app.models import PoolUser
from cognito_app.services import pool_profile
from cognito_app.services.actor import SYSTEM
from cognito_app.services.pool_profile import PoolProfile
from tests.aws.choice import CHOICE_FLOWS, policies
from tests.conftest import PASSWORD, App, Inbox, make_app, refused
from tests.oauth.browser import Site
from tests.pages.forms import alert, heading, hidden, send, text
from tests.races.test_once import code_of, in_parallel
from tests.security.states import post
from tests.triggers.lambdas import config, serving
from tests.triggers.test_senders import KEY

pytestmark = pytest.mark.django_db

SOURCES = (
    "PreSignUp_SignUp",
    "CustomMessage_SignUp",
    "CustomEmailSender_SignUp",
    "CustomEmailSender_AccountTakeOverNotification",
)
TAKEN = ("a-confirmed@example.com", "a-unconfirmed@example.com", "a-disabled@example.com", "a-reset@example.com")
FREE = "a-free@example.com"
OTHER = "Another-Horse-9!"


@pytest.fixture(params=["LEGACY", "ENABLED"])
def app(request: pytest.FixtureRequest, idp: Any, inbox: Inbox) -> App:
    """A hardened pool of e-mail names with users in several states; its clients say of names what they like."""
    return make(idp, inbox, request.param)


def make(idp: Any, inbox: Inbox, existence: str = "LEGACY", **settings: Any) -> App:
    app = make_app(idp, inbox, **{"UsernameAttributes": ["email"], **policies("PASSWORD", "EMAIL_OTP"), **settings})
    app.client_id = app.client(ExplicitAuthFlows=CHOICE_FLOWS, PreventUserExistenceErrors=existence)["ClientId"]
    for name in TAKEN:
        app.idp.sign_up(ClientId=app.client_id, Username=name, Password=PASSWORD)
        if "unconfirmed" not in name:
            app.idp.confirm_sign_up(ClientId=app.client_id, Username=name, ConfirmationCode=inbox.code(name))
    app.idp.admin_disable_user(UserPoolId=app.pool_id, Username=TAKEN[2])
    app.idp.admin_reset_user_password(UserPoolId=app.pool_id, Username=TAKEN[3])
    pool_profile.set_profile(SYSTEM, app.pool_id, PoolProfile(hardened=True))
    return app


def sign_up(app: App, name: str) -> dict[str, Any]:
    """Sign up; returns the answer with the lengths of what is random."""
    answer = post("SignUp", {"ClientId": app.client_id, "Username": name, "Password": OTHER})
    found = json.loads(answer.content)
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", found.pop("UserSub"))
    shown = {"status": answer.status_code, "length": len(answer.content), **found}
    return {**shown, "Session": len(shown["Session"]), "headers": sorted(answer.headers)}


def sign_up_plainly(app: App, name: str) -> None:
    """Sign up by a client without choice-based sign-in."""
    app.idp.sign_up(ClientId=app.client_id, Username=name, Password=OTHER)


def sign_in_by_srp(app: App, name: str) -> None:
    """Prove the new password by SRP."""
    helper = AWSSRP(name, OTHER, app.pool_id, app.client_id, client=app.idp)
    given = helper.get_auth_params()
    begun = app.idp.initiate_auth(ClientId=app.client_id, AuthFlow="USER_SRP_AUTH", AuthParameters=given)
    answers = helper.process_challenge(begun["ChallengeParameters"], given)
    app.idp.respond_to_auth_challenge(
        ClientId=app.client_id, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=answers
    )


def test_a_taken_name_is_answered_as_a_free_one(app: App) -> None:
    users = PoolUser.objects.count()
    # A sealed session is as long as the digits of its time.
    with time_machine.travel(clock.now(), tick=False):
        answers = [sign_up(app, name) for name in TAKEN]
        assert PoolUser.objects.count() == users
        free = sign_up(app, FREE)
    assert answers == [free] * len(TAKEN)
    assert free["UserConfirmed"] is False
    assert free["CodeDeliveryDetails"]["Destination"] == "a***@e***"


def test_the_inbox_learns_of_it_and_gets_no_code(app: App) -> None:
    for name in TAKEN:
        before = len(app.inbox.messages(name))
        sign_up(app, name)
        *_, last = app.inbox.messages(name)
        assert len(app.inbox.messages(name)) == before + 1
        assert HAS_ACCOUNT.format(name="pool")[:60] in last
        assert not re.search(r"\d{6}", last.partition("\n\n")[2])


@pytest.mark.parametrize("name", [*TAKEN, FREE])
def test_confirming_it_fails_as_for_a_wrong_code(app: App, name: str) -> None:
    sign_up(app, name)
    with refused("CodeMismatchException", "Invalid verification code provided, please try again."):
        app.idp.confirm_sign_up(ClientId=app.client_id, Username=name, ConfirmationCode="abcdef")


def test_nothing_about_the_owner_changes(app: App) -> None:
    code = app.inbox.code(TAKEN[1])
    for name in TAKEN:
        sign_up(app, name)
    assert app.sign_in(TAKEN[0])["AccessToken"]
    with refused("NotAuthorizedException", "Incorrect username or password."):
        app.start(TAKEN[0], OTHER)
    # The code of the first sign-up is still good.
    app.idp.confirm_sign_up(ClientId=app.client_id, Username=TAKEN[1], ConfirmationCode=code)


def test_its_session_leads_nowhere(app: App) -> None:
    answer = app.idp.sign_up(ClientId=app.client_id, Username=TAKEN[1], Password=OTHER)
    code = app.inbox.code(TAKEN[1]) if "code is" in app.inbox.messages(TAKEN[1])[-1] else None
    assert code is None
    with refused("NotAuthorizedException"):
        app.idp.initiate_auth(
            ClientId=app.client_id,
            AuthFlow="USER_AUTH",
            AuthParameters={"USERNAME": TAKEN[1]},
            Session=answer["Session"],
        )
    first = re.findall(r"code is (\d{6})", app.inbox.messages(TAKEN[1])[0])[0]
    confirmed = app.idp.confirm_sign_up(
        ClientId=app.client_id, Username=TAKEN[1], ConfirmationCode=first, Session=answer["Session"]
    )
    assert "Session" not in confirmed


def test_an_inbox_is_not_flooded(app: App) -> None:
    before = len(app.inbox.messages(TAKEN[0]))
    with time_machine.travel(clock.now(), tick=False):
        answers = [sign_up(app, TAKEN[0]) for _ in range(8)]
    assert len(app.inbox.messages(TAKEN[0])) == before + 5
    assert answers == answers[:1] * 8


def test_what_is_wrong_with_the_rest_is_told_alike(app: App) -> None:
    for name in (*TAKEN, FREE):
        with refused("InvalidPasswordException"):
            app.idp.sign_up(ClientId=app.client_id, Username=name, Password="short")


def test_every_client_of_a_hardened_pool_hides_who_exists(app: App) -> None:
    for name in (TAKEN[0], "nobody@example.com"):
        with refused("NotAuthorizedException", "Incorrect username or password."):
            app.start(name, OTHER)
        app.idp.resend_confirmation_code(ClientId=app.client_id, Username=name)
        app.idp.forgot_password(ClientId=app.client_id, Username=name)


@pytest.mark.parametrize("flow", ["USER_PASSWORD_AUTH", "USER_AUTH"])
def test_a_sign_in_with_the_new_password_does_not_tell_either(app: App, flow: str) -> None:
    answers: dict[str, list[Any]] = {}
    for name in (TAKEN[0], TAKEN[1], FREE):
        sign_up(app, name)
        parameters = {"USERNAME": name, "PASSWORD": OTHER}
        if flow == "USER_AUTH":
            parameters["PREFERRED_CHALLENGE"] = "PASSWORD"
        body = {"ClientId": app.client_id, "AuthFlow": flow, "AuthParameters": parameters}
        answers[name] = [json.loads(post("InitiateAuth", body).content) for _ in range(8)]
    assert answers[TAKEN[0]] == answers[TAKEN[1]] == answers[FREE]
    assert answers[FREE][0]["message"] == "Incorrect username or password."
    assert answers[FREE][-1]["message"] == "Password attempts exceeded"


def test_srp_does_not_tell_either(app: App) -> None:
    app.client_id = app.client()["ClientId"]
    for name in (TAKEN[0], FREE):
        sign_up_plainly(app, name)
        with refused("NotAuthorizedException", "Incorrect username or password."):
            sign_in_by_srp(app, name)


def test_who_comes_back_confirms_by_name_and_code(app: App) -> None:
    site = Site(app)
    sign_up(app, FREE)
    site.get("login", **site.request())
    page = site.submit("login", {"username": FREE, "password": OTHER})
    assert alert(page) == "Incorrect username or password."
    page = site.get("confirm", **site.request())
    assert heading(page) == "Confirm your account"
    assert '<label for="username">Email address</label>' in text(page)
    assert alert(send(site, page, to="confirm", code="1")) == "Enter your sign-in name."
    page = send(site, page, to="resendcode", username=FREE)
    assert "We sent a new code to a***@e***." in text(page)
    answer = send(site, page, to="confirm", code=app.inbox.code(FREE))
    assert "notice=confirmed" in answer["Location"]
    assert "/confirm?" in text(site.get("login", **site.request()))
    assert site.submit("login", {"username": FREE, "password": OTHER}).status_code == 302


def test_the_pages_do_not_tell_either(app: App) -> None:
    shown = []
    site = Site(app)
    with time_machine.travel(clock.now(), tick=False):
        for name in (TAKEN[0], TAKEN[1], FREE):
            site.get("signup", **site.request())
            page = site.submit("signup", {"username": name, "password": OTHER, "password_again": OTHER})
            assert heading(page) == "Confirm your account"
            again = send(site, page, to="confirm", code="abcdef")
            assert alert(again) == "Invalid verification code provided, please try again."
            plain = re.sub(r'(session" value=")[^"]*', r"\1", text(page)).replace(name, "")
            shown.append((plain, len(hidden(page)["session"])))
    assert len(set(shown)) == 1


def test_a_taken_name_of_free_choice_is_told_to_the_address_that_was_typed(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox)
    app.sign_up("ann")
    pool_profile.set_profile(SYSTEM, app.pool_id, PoolProfile(hardened=True))
    for name, address in (("ann", "eve@example.com"), ("bob", "eva@example.com")):
        given = [{"Name": "email", "Value": address}]
        answer = app.idp.sign_up(ClientId=app.client_id, Username=name, Password=OTHER, UserAttributes=given)
        assert answer["CodeDeliveryDetails"]["Destination"] == "e***@e***"
    assert NAME_TAKEN.format(name="pool")[:60] in inbox.messages("eve@example.com")[-1]
    assert inbox.code("eva@example.com")
    assert len(inbox.messages("ann@example.com")) == 1


def test_where_no_code_would_go_out_the_name_is_told(idp: Any, inbox: Inbox) -> None:
    app = make(idp, inbox, AutoVerifiedAttributes=["email"])
    app.idp.update_user_pool(UserPoolId=app.pool_id, AutoVerifiedAttributes=[])
    with refused("UsernameExistsException", "User already exists"):
        app.idp.sign_up(ClientId=app.client_id, Username=TAKEN[0], Password=OTHER)


@pytest.mark.parametrize("sender", [False, True])
def test_functions_are_asked_as_for_a_free_name(
    idp: Any, inbox: Inbox, settings: Settings, monkeypatch: pytest.MonkeyPatch, sender: bool
) -> None:
    with serving(settings, monkeypatch) as lambdas:
        seen: list[Any] = []

        def note(event: Any) -> Any:
            seen.append(event)
            return event

        lambdas.functions.update(dict.fromkeys(SOURCES, note))
        app = make(idp, inbox)
        wanted: dict[str, Any] = config("PreSignUp", "CustomMessage")
        if sender:
            own = {"LambdaVersion": "V1_0", "LambdaArn": config("CustomEmailSender")["CustomEmailSender"]}
            wanted |= {"CustomEmailSender": own, "KMSKeyID": KEY}
        app.idp.update_user_pool(UserPoolId=app.pool_id, AutoVerifiedAttributes=["email"], LambdaConfig=wanted)
        sign_up(app, FREE)
        free = [event["triggerSource"] for event in seen]
        seen.clear()
        sign_up(app, TAKEN[0])
        taken = [event["triggerSource"] for event in seen]
    if not sender:
        assert taken == free == ["PreSignUp_SignUp", "CustomMessage_SignUp"]
        return
    assert free == ["PreSignUp_SignUp", "CustomEmailSender_SignUp"]
    assert taken == ["PreSignUp_SignUp", "CustomEmailSender_AccountTakeOverNotification"]
    request = seen[-1]["request"]
    assert request.get("code") is None
    assert request["userAttributes"]["ACCOUNT_TAKE_OVER_ACTION"] == "SIGN_UP"


@pytest.mark.django_db(transaction=True)
def test_parallel_sign_ups_with_one_name_make_one_user(idp: Any, inbox: Inbox) -> None:
    app = make(idp, inbox)
    outcomes = in_parallel(
        24,
        lambda: code_of(lambda: app.idp.sign_up(ClientId=app.client_id, Username=FREE, Password=OTHER)),
    )
    assert outcomes == Counter({"ok": 24})
    assert PoolUser.objects.filter(pool_id=app.pool_id, email_key=FREE).count() == 1
