"""The history of a user's events, and what is said of them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from pycognito import AWSSRP
from pytest_django import Settings

from cognito_app.core import clock, ids
from cognito_app.models import AuthEvent, PoolUser
from cognito_app.services import auth_events, upkeep
from tests.agents import CHROME_WINDOWS, FIREFOX_LINUX, client_at, trust_one_proxy
from tests.clients import boto
from tests.conftest import PASSWORD, App, Inbox, make_app, refused
from tests.oauth.browser import Site
from tests.threats import AWAY, HOME, add_ons, events, sign_in, takeover

pytestmark = pytest.mark.django_db

PASSED = [{"ChallengeName": "Password", "ChallengeResponse": "Success"}]
FAILED = [{"ChallengeName": "Password", "ChallengeResponse": "Failure"}]
NO_RISK = {"RiskDecision": "NoRisk", "CompromisedCredentialsDetected": False}


@pytest.fixture
def guarded(idp: Any, inbox: Inbox, settings: Settings) -> App:
    """A pool with threat protection that acts, and a user."""
    trust_one_proxy(settings)
    app = make_app(idp, inbox, **add_ons("ENFORCED"))
    app.sign_up()
    return app


def page(app: App, **more: Any) -> Any:
    """List the user's events."""
    return app.idp.admin_list_user_auth_events(UserPoolId=app.pool_id, Username="ann", **more)


def names(app: App) -> dict[str, str]:
    """Return the members that name the user."""
    return {"UserPoolId": app.pool_id, "Username": "ann"}


def token_of(app: App, event_id: str, name: str = "ann") -> str:
    """Return a feedback token as a notice carries it."""
    return auth_events.make_token(PoolUser.objects.get(pool_id=app.pool_id, username=name), event_id)


@pytest.mark.operation("AdminListUserAuthEvents")
def test_an_event_is_complete(guarded: App) -> None:
    before = clock.now()
    tokens = sign_in(guarded, HOME)["AuthenticationResult"]
    newest = page(guarded)["AuthEvents"][0]
    claims = jwt.decode(tokens["AccessToken"], options={"verify_signature": False})
    assert before - timedelta(seconds=1) <= newest.pop("CreationDate") <= clock.now()
    assert newest == {
        "EventId": claims["event_id"],
        "EventType": "SignIn",
        "EventResponse": "Pass",
        "EventRisk": NO_RISK,
        "ChallengeResponses": PASSED,
        "EventContextData": {"IpAddress": HOME, "DeviceName": "Chrome 126, Windows 10", "City": "null"},
    }


@pytest.mark.operation("AdminListUserAuthEvents")
def test_every_kind_of_event_is_listed_newest_first(guarded: App) -> None:
    public = client_at(HOME)
    with refused("NotAuthorizedException"):
        sign_in(guarded, password="Wrong-9-horse")
    access = sign_in(guarded)["AuthenticationResult"]["AccessToken"]
    with refused("NotAuthorizedException"):
        public.change_password(AccessToken=access, PreviousPassword="Wrong-9-horse", ProposedPassword="New-9-horses")
    public.change_password(AccessToken=access, PreviousPassword=PASSWORD, ProposedPassword="New-9-horses")
    public.forgot_password(ClientId=guarded.client_id, Username="ann")
    reset = {"ClientId": guarded.client_id, "Username": "ann", "Password": PASSWORD}
    code = guarded.inbox.code("ann@example.com")
    with refused("CodeMismatchException"):
        public.confirm_forgot_password(**reset, ConfirmationCode=f"{(int(code) + 1) % 1_000_000:06d}")
    public.confirm_forgot_password(**reset, ConfirmationCode=code)
    found = [(item["EventType"], item["EventResponse"]) for item in events(guarded)]
    assert found == [
        ("PasswordChange", "Pass"),
        ("PasswordChange", "Fail"),
        ("ForgotPassword", "Pass"),
        ("PasswordChange", "Pass"),
        ("PasswordChange", "Fail"),
        ("SignIn", "Pass"),
        ("SignIn", "Fail"),
        ("SignUp", "Pass"),
    ]
    assert events(guarded)[6]["ChallengeResponses"] == FAILED
    assert events(guarded)[0]["ChallengeResponses"] == []


def test_a_sign_up_is_in_progress_until_it_is_confirmed(guarded: App) -> None:
    given = [{"Name": "email", "Value": "bob@example.com"}]
    guarded.idp.sign_up(ClientId=guarded.client_id, Username="bob", Password=PASSWORD, UserAttributes=given)
    guarded.idp.resend_confirmation_code(ClientId=guarded.client_id, Username="bob")
    with refused("UserNotConfirmedException"):
        guarded.start("bob")
    found = [(item["EventType"], item["EventResponse"]) for item in events(guarded, "bob")]
    assert found == [("SignIn", "Fail"), ("ResendCode", "Pass"), ("SignUp", "InProgress")]
    assert events(guarded, "bob")[0]["ChallengeResponses"] == PASSED
    guarded.idp.admin_confirm_sign_up(UserPoolId=guarded.pool_id, Username="bob")
    assert events(guarded, "bob")[2]["EventResponse"] == "Pass"


def test_a_sign_in_is_one_event_from_the_first_challenge_to_the_tokens(guarded: App) -> None:
    guarded.idp.admin_create_user(
        UserPoolId=guarded.pool_id, Username="bob", TemporaryPassword="Temporary-9!", MessageAction="SUPPRESS"
    )
    session = guarded.start("bob", "Temporary-9!")["Session"]
    open_event = events(guarded, "bob")[0]
    assert (open_event["EventResponse"], open_event["ChallengeResponses"]) == ("InProgress", PASSED)
    tokens = guarded.idp.respond_to_auth_challenge(
        ClientId=guarded.client_id,
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=session,
        ChallengeResponses={"USERNAME": "bob", "NEW_PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    (event,) = events(guarded, "bob")
    assert event == {**open_event, "EventResponse": "Pass"}
    assert jwt.decode(tokens["IdToken"], options={"verify_signature": False})["event_id"] == event["EventId"]


def test_an_srp_sign_in_is_one_event(guarded: App) -> None:
    helper = AWSSRP("ann", PASSWORD, guarded.pool_id, guarded.client_id, client=guarded.idp)
    count = len(events(guarded))
    tokens = helper.authenticate_user()["AuthenticationResult"]
    assert len(events(guarded)) == count + 1
    claims = jwt.decode(tokens["AccessToken"], options={"verify_signature": False})
    assert events(guarded)[0]["EventId"] == claims["event_id"]
    renewed = guarded.idp.initiate_auth(
        ClientId=guarded.client_id,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
    )["AuthenticationResult"]
    assert jwt.decode(renewed["AccessToken"], options={"verify_signature": False})["event_id"] == claims["event_id"]


def test_tokens_of_a_page_sign_in_name_its_event(guarded: App) -> None:
    site = Site(guarded)
    body = site.exchange(site.code()).json()
    for name in ("access_token", "id_token"):
        claims = jwt.decode(body[name], options={"verify_signature": False})
        assert claims["event_id"] == events(guarded)[0]["EventId"]


def test_a_page_sign_in_before_confirmation_is_a_failed_event_and_then_a_good_one(guarded: App) -> None:
    given = [{"Name": "email", "Value": "bob@example.com"}]
    guarded.idp.sign_up(ClientId=guarded.client_id, Username="bob", Password=PASSWORD, UserAttributes=given)
    site = Site(guarded)
    site.get("login", **site.request())
    shown = site.submit("login", {"username": "bob", "password": PASSWORD}).content.decode()
    found = re.search(r'name="session" value="([^"]+)"', shown)
    assert found is not None
    code = guarded.inbox.code("bob@example.com")
    answer = site.submit("confirm", {"username": "bob", "session": found[1], "code": code})
    assert answer["Location"].startswith("https://app.example.com/cb")
    assert [item["EventResponse"] for item in events(guarded, "bob")] == ["Pass", "Fail", "Pass"]


def test_a_disabled_user_is_recorded(guarded: App) -> None:
    guarded.idp.admin_disable_user(UserPoolId=guarded.pool_id, Username="ann")
    client_id = guarded.client(PreventUserExistenceErrors="ENABLED")["ClientId"]
    with refused("NotAuthorizedException"):
        guarded.start(client_id=client_id)
    assert (events(guarded)[0]["EventResponse"], events(guarded)[0]["ChallengeResponses"]) == ("Fail", PASSED)


def test_events_from_before_threat_protection_say_nothing_of_risk(app: App) -> None:
    app.sign_up()
    app.sign_in()
    app.idp.update_user_pool(
        UserPoolId=app.pool_id,
        AutoVerifiedAttributes=["email"],
        UserPoolTier="PLUS",
        UserPoolAddOns={"AdvancedSecurityMode": "AUDIT"},
    )
    app.sign_in()
    newest, before, sign_up = events(app)
    assert newest["EventRisk"] == NO_RISK
    assert "EventRisk" not in before
    assert sign_up["EventResponse"] == "Pass"


@pytest.mark.operation("AdminListUserAuthEvents")
def test_pages_follow_each_other_newest_first(guarded: App) -> None:
    user = PoolUser.objects.get(username="ann")
    # Three of each instant: the id decides between them.
    now = clock.now()
    AuthEvent.objects.bulk_create(
        AuthEvent(
            id=ids.uuid4(),
            user=user,
            type="SignIn",
            response="Pass",
            ip_address=HOME,
            created_at=now - timedelta(seconds=position // 3),
        )
        for position in range(70)
    )
    whole = page(guarded)
    assert len(whole["AuthEvents"]) == 60
    assert len(page(guarded, MaxResults=0)["AuthEvents"]) == 60
    found: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        part = page(guarded, MaxResults=8, **token)
        found += part["AuthEvents"]
        if "NextToken" not in part:
            break
        token = {"NextToken": part["NextToken"]}
    assert len({item["EventId"] for item in found}) == len(found) == 71
    assert [item["EventId"] for item in found[:60]] == [item["EventId"] for item in whole["AuthEvents"]]
    dates = [item["CreationDate"] for item in found]
    assert dates == sorted(dates, reverse=True)


@pytest.mark.operation("AdminListUserAuthEvents")
def test_page_tokens_belong_to_one_user_of_one_pool(guarded: App) -> None:
    sign_in(guarded)
    guarded.sign_up("bob")
    token = page(guarded, MaxResults=1)["NextToken"]
    with refused("InvalidParameterException"):
        guarded.idp.admin_list_user_auth_events(UserPoolId=guarded.pool_id, Username="bob", NextToken=token)
    with refused("InvalidParameterException"):
        page(guarded, NextToken=token[:20] + ("x" if token[20] != "x" else "y") + token[21:])
    with refused("InvalidParameterException"):
        page(guarded, MaxResults=61)


@pytest.mark.operation("AdminListUserAuthEvents")
@pytest.mark.operation("AdminUpdateAuthEventFeedback")
@pytest.mark.operation("UpdateAuthEventFeedback")
def test_events_need_the_add_on_and_a_user(guarded: App, app: App) -> None:
    event = {"EventId": ids.uuid4(), "FeedbackValue": "Valid"}
    app.sign_up()
    for name, more in (
        ("admin_list_user_auth_events", {}),
        ("admin_update_auth_event_feedback", event),
        ("update_auth_event_feedback", {**event, "FeedbackToken": "abc"}),
    ):
        call = getattr(guarded.idp, name)
        with refused("UserPoolAddOnNotEnabledException"):
            call(UserPoolId=app.pool_id, Username="ann", **more)
        with refused("ResourceNotFoundException"):
            call(UserPoolId="us-east-1_Nothing00", Username="ann", **more)
    for name, more in (("admin_list_user_auth_events", {}), ("admin_update_auth_event_feedback", event)):
        with refused("UserNotFoundException"):
            getattr(guarded.idp, name)(UserPoolId=guarded.pool_id, Username="nobody", **more)


@pytest.mark.operation("AdminUpdateAuthEventFeedback")
def test_an_administrators_feedback_is_shown(guarded: App) -> None:
    sign_in(guarded)
    event_id = events(guarded)[0]["EventId"]
    before = clock.now()
    for value in ("Valid", "Invalid"):
        guarded.idp.admin_update_auth_event_feedback(**names(guarded), EventId=event_id, FeedbackValue=value)
        feedback = events(guarded)[0]["EventFeedback"]
        assert (feedback["FeedbackValue"], feedback["Provider"]) == (value, "Admin")
        assert before - timedelta(seconds=1) <= feedback["FeedbackDate"] <= clock.now()
    assert "EventFeedback" not in events(guarded)[1]


@pytest.mark.operation("AdminUpdateAuthEventFeedback")
@pytest.mark.parametrize("event_id", ["nothing", "11111111-1111-4111-8111-111111111111"])
def test_feedback_on_an_unknown_event(guarded: App, event_id: str) -> None:
    with refused("ResourceNotFoundException"):
        guarded.idp.admin_update_auth_event_feedback(**names(guarded), EventId=event_id, FeedbackValue="Valid")


@pytest.mark.operation("AdminUpdateAuthEventFeedback")
def test_feedback_on_an_event_of_somebody_else(guarded: App) -> None:
    guarded.sign_up("bob")
    event_id = events(guarded, "bob")[0]["EventId"]
    with refused("ResourceNotFoundException"):
        guarded.idp.admin_update_auth_event_feedback(**names(guarded), EventId=event_id, FeedbackValue="Valid")
    with refused("InvalidParameterException"):
        guarded.idp.admin_update_auth_event_feedback(**names(guarded), EventId=event_id, FeedbackValue="Perhaps")


@pytest.mark.operation("UpdateAuthEventFeedback")
def test_a_users_feedback_needs_no_key_and_is_given_once_for_each_value(guarded: App) -> None:
    sign_in(guarded)
    event_id = events(guarded)[0]["EventId"]
    given = {**names(guarded), "EventId": event_id, "FeedbackToken": token_of(guarded, event_id)}
    public = boto.client("cognito-idp")
    for value in ("Valid", "Invalid"):
        public.update_auth_event_feedback(**given, FeedbackValue=value)
        feedback = events(guarded)[0]["EventFeedback"]
        assert (feedback["FeedbackValue"], feedback["Provider"]) == (value, "User")
    for value in ("Valid", "Invalid"):
        with refused("NotAuthorizedException"):
            public.update_auth_event_feedback(**given, FeedbackValue=value)


@pytest.mark.operation("UpdateAuthEventFeedback")
def test_wrong_and_foreign_and_old_feedback_tokens(guarded: App, idp: Any, inbox: Inbox) -> None:
    sign_in(guarded)
    guarded.sign_up("bob")
    other = make_app(idp, inbox, **add_ons("AUDIT"))
    other.sign_up()
    mine, before = (item["EventId"] for item in events(guarded)[:2])
    his = events(guarded, "bob")[0]["EventId"]
    theirs = events(other)[0]["EventId"]
    call = boto.client("cognito-idp").update_auth_event_feedback
    good = token_of(guarded, mine)
    for token in (
        "abc",
        good[:-1] + ("A" if good[-1] != "A" else "B") + "=",
        good[:20],
        token_of(guarded, before),
        token_of(guarded, his, "bob"),
        token_of(other, theirs),
    ):
        with refused("NotAuthorizedException"):
            call(**names(guarded), EventId=mine, FeedbackToken=token, FeedbackValue="Valid")
    with refused("NotAuthorizedException"):
        call(UserPoolId=guarded.pool_id, Username="bob", EventId=mine, FeedbackToken=good, FeedbackValue="Valid")
    # Without a good token nobody learns who exists.
    with refused("NotAuthorizedException"):
        call(UserPoolId=guarded.pool_id, Username="nobody", EventId=mine, FeedbackToken="abc", FeedbackValue="Valid")
    with refused("ResourceNotFoundException"):
        lost = ids.uuid4()
        call(**names(guarded), EventId=lost, FeedbackToken=token_of(guarded, lost), FeedbackValue="Valid")
    with time_machine.travel(clock.now() + timedelta(days=7, minutes=1)), refused("NotAuthorizedException"):
        call(**names(guarded), EventId=mine, FeedbackToken=good, FeedbackValue="Valid")
    assert "EventFeedback" not in events(guarded)[0]
    call(**names(guarded), EventId=mine, FeedbackToken=good, FeedbackValue="Valid")
    assert events(guarded)[0]["EventFeedback"]["FeedbackValue"] == "Valid"


def test_the_token_of_a_notice_serves_the_operation_too(guarded: App) -> None:
    sign_in(guarded, HOME)
    takeover(guarded, "NO_ACTION", notify=True, NoActionEmail={"Subject": "s", "TextBody": "{one-click-link-valid}"})
    sign_in(guarded, AWAY, FIREFOX_LINUX)
    text = guarded.inbox.messages("ann@example.com")[-1].replace("=\n", "").replace("=3D", "=")
    found = re.search(r"\?valid=([\w-]+)", text)
    assert found is not None
    event_id = events(guarded)[0]["EventId"]
    boto.client("cognito-idp").update_auth_event_feedback(
        **names(guarded), EventId=event_id, FeedbackToken=found[1], FeedbackValue="Invalid"
    )
    assert events(guarded)[0]["EventFeedback"]["FeedbackValue"] == "Invalid"


def test_events_are_kept_for_two_years(guarded: App) -> None:
    sign_in(guarded, HOME, CHROME_WINDOWS)
    with time_machine.travel(clock.now() + timedelta(days=729)):
        upkeep.sweep()
        assert AuthEvent.objects.count() == 2
    with time_machine.travel(clock.now() + timedelta(days=731)):
        upkeep.sweep()
        assert AuthEvent.objects.count() == 0
