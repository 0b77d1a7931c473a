"""EMAIL_OTP and SMS_OTP as first factors."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from pytest_django import Settings

from cognito_app.core import clock
from cognito_app.models import AuthEvent, OutboxMessage
from tests.aws.choice import EVERY, SPENT, WRONG_CODE, begin, create, make_choice_app, status
from tests.aws.mfa import PHONE, attribute, respond
from tests.conftest import PASSWORD, App, Inbox, refused

pytestmark = pytest.mark.django_db

EMAIL = "ann@example.com"


@pytest.fixture
def choice(idp: Any, inbox: Inbox) -> App:
    """A pool that takes codes; ann has both contacts."""
    app = make_choice_app(idp, inbox, "PASSWORD", "EMAIL_OTP", "SMS_OTP")
    create(app, phone_number=PHONE)
    return app


def other(code: str) -> str:
    """Return another code."""
    return f"{(int(code) + 1) % 100_000_000:08d}"


@pytest.mark.parametrize(
    ("factor", "medium", "to", "masked"),
    [("EMAIL_OTP", "EMAIL", EMAIL, "a***@e***"), ("SMS_OTP", "SMS", PHONE, "+*******1111")],
)
def test_a_code_of_eight_digits_signs_in(choice: App, factor: str, medium: str, to: str, masked: str) -> None:
    found = begin(choice, factor)
    assert found["ChallengeParameters"] == {
        "CODE_DELIVERY_DELIVERY_MEDIUM": medium,
        "CODE_DELIVERY_DESTINATION": masked,
    }
    code = choice.inbox.code(to)
    assert len(code) == 8
    done = respond(choice, factor, found["Session"], **{f"{factor}_CODE": code})["AuthenticationResult"]
    assert jwt.decode(done["IdToken"], options={"verify_signature": False})["cognito:username"] == "ann"
    assert attribute(choice, "phone_number_verified" if medium == "SMS" else "email_verified") == "true"


def test_the_choice_sends_the_code(choice: App) -> None:
    session = begin(choice)["Session"]
    assert choice.inbox.messages(EMAIL) == []
    found = respond(choice, "SELECT_CHALLENGE", session, ANSWER="EMAIL_OTP")
    assert found["ChallengeName"] == "EMAIL_OTP"
    done = respond(choice, "EMAIL_OTP", found["Session"], EMAIL_OTP_CODE=choice.inbox.code(EMAIL))
    assert "AccessToken" in done["AuthenticationResult"]
    with refused("NotAuthorizedException", SPENT):
        respond(choice, "SELECT_CHALLENGE", session, ANSWER="EMAIL_OTP")


def test_wrong_codes_leave_the_session_usable_and_the_right_one_spends_it(choice: App) -> None:
    session = begin(choice, "EMAIL_OTP")["Session"]
    code = choice.inbox.code(EMAIL)
    for wrong in [other(code)] * 6 + ["1", "a word"]:
        with refused("CodeMismatchException", WRONG_CODE):
            respond(choice, "EMAIL_OTP", session, EMAIL_OTP_CODE=wrong)
    assert "AccessToken" in respond(choice, "EMAIL_OTP", session, EMAIL_OTP_CODE=code)["AuthenticationResult"]
    with refused("NotAuthorizedException", SPENT):
        respond(choice, "EMAIL_OTP", session, EMAIL_OTP_CODE=code)


def test_guesses_at_one_code_are_limited(choice: App) -> None:
    session = begin(choice, "EMAIL_OTP")["Session"]
    code = choice.inbox.code(EMAIL)
    for _ in range(20):
        with refused("CodeMismatchException"):
            respond(choice, "EMAIL_OTP", session, EMAIL_OTP_CODE=other(code))
    with refused("NotAuthorizedException", "Password attempts exceeded"):
        respond(choice, "EMAIL_OTP", session, EMAIL_OTP_CODE=code)
    session = begin(choice, "EMAIL_OTP")["Session"]
    code = choice.inbox.code(EMAIL)
    assert "AccessToken" in respond(choice, "EMAIL_OTP", session, EMAIL_OTP_CODE=code)["AuthenticationResult"]


def test_messages_are_limited_for_names_that_exist_and_others(idp: Any, inbox: Inbox, settings: Settings) -> None:
    app = make_choice_app(idp, inbox, hides=True)
    create(app)
    settings.COGNITO = {**settings.COGNITO, "RATE_LIMITS": True}
    for name in ("ann", "nobody"):
        for _ in range(20):
            assert begin(app, "EMAIL_OTP", name)["ChallengeName"] == "EMAIL_OTP"
        with refused("TooManyRequestsException"):
            begin(app, "EMAIL_OTP", name)
    assert len(inbox.messages(EMAIL)) == 20


def test_a_code_counts_for_its_session_and_address(choice: App) -> None:
    first = begin(choice, "EMAIL_OTP")["Session"]
    code = choice.inbox.code(EMAIL)
    second = begin(choice, "EMAIL_OTP")["Session"]
    newer = choice.inbox.code(EMAIL)
    if newer != code:
        with refused("CodeMismatchException", WRONG_CODE):
            respond(choice, "EMAIL_OTP", second, EMAIL_OTP_CODE=code)
    assert "AccessToken" in respond(choice, "EMAIL_OTP", first, EMAIL_OTP_CODE=code)["AuthenticationResult"]
    changed = [{"Name": "email", "Value": "new@example.com"}]
    choice.idp.admin_update_user_attributes(UserPoolId=choice.pool_id, Username="ann", UserAttributes=changed)
    with refused("CodeMismatchException", WRONG_CODE):
        respond(choice, "EMAIL_OTP", second, EMAIL_OTP_CODE=newer)


def test_the_session_ends_with_its_time(choice: App) -> None:
    session = begin(choice, "EMAIL_OTP")["Session"]
    with (
        time_machine.travel(clock.now() + timedelta(minutes=3, seconds=1)),
        refused("NotAuthorizedException", "Invalid session for the user, session is expired."),
    ):
        respond(choice, "EMAIL_OTP", session, EMAIL_OTP_CODE=choice.inbox.code(EMAIL))


def test_a_code_confirms_who_signed_up_and_verifies_the_address(idp: Any, inbox: Inbox) -> None:
    app = make_choice_app(idp, inbox, AutoVerifiedAttributes=[])
    given = [{"Name": "email", "Value": EMAIL}]
    app.idp.sign_up(ClientId=app.client_id, Username="ann", Password=PASSWORD, UserAttributes=given)
    with refused("UserNotConfirmedException"):
        begin(app, "PASSWORD", PASSWORD=PASSWORD)
    session = begin(app, "EMAIL_OTP")["Session"]
    assert status(app) == "UNCONFIRMED"
    done = respond(app, "EMAIL_OTP", session, EMAIL_OTP_CODE=inbox.code(EMAIL))
    assert "AccessToken" in done["AuthenticationResult"]
    assert (status(app), attribute(app, "email_verified")) == ("CONFIRMED", "true")


def test_a_code_does_not_take_an_alias_away(idp: Any, inbox: Inbox) -> None:
    app = make_choice_app(idp, inbox, AliasAttributes=["email"])
    create(app, "owner", email=EMAIL)
    given = [{"Name": "email", "Value": EMAIL}]
    app.idp.sign_up(ClientId=app.client_id, Username="ann", Password=PASSWORD, UserAttributes=given)
    session = begin(app, "EMAIL_OTP")["Session"]
    respond(app, "EMAIL_OTP", session, EMAIL_OTP_CODE=inbox.code(EMAIL))
    assert (status(app), attribute(app, "email_verified")) == ("CONFIRMED", "false")
    assert attribute(app, "sub", EMAIL) == attribute(app, "sub", "owner")


def test_a_factor_that_the_pool_drops_meanwhile_does_not_sign_in(choice: App) -> None:
    session = begin(choice, "EMAIL_OTP")["Session"]
    policy = {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]}}
    choice.idp.update_user_pool(UserPoolId=choice.pool_id, Policies=policy)
    with refused("NotAuthorizedException", "Invalid session for the user."):
        respond(choice, "EMAIL_OTP", session, EMAIL_OTP_CODE=choice.inbox.code(EMAIL))


def test_a_user_who_is_disabled_meanwhile_does_not_sign_in(choice: App) -> None:
    session = begin(choice, "EMAIL_OTP")["Session"]
    choice.idp.admin_disable_user(UserPoolId=choice.pool_id, Username="ann")
    with refused("NotAuthorizedException", "User is disabled."):
        respond(choice, "EMAIL_OTP", session, EMAIL_OTP_CODE=choice.inbox.code(EMAIL))


def test_the_event_names_no_password(choice: App) -> None:
    AuthEvent.objects.all().delete()
    session = begin(choice, "EMAIL_OTP")["Session"]
    code = choice.inbox.code(EMAIL)
    with refused("CodeMismatchException"):
        respond(choice, "EMAIL_OTP", session, EMAIL_OTP_CODE=other(code))
    respond(choice, "EMAIL_OTP", session, EMAIL_OTP_CODE=code)
    found = AuthEvent.objects.values_list("response", "challenges")
    assert sorted(found, key=lambda row: row[0]) == [("Fail", []), ("Pass", [])]


def shape(answer: Any) -> Any:
    """Return an answer without what differs from one to the next of one user."""
    return {**answer, "Session": len(answer["Session"]), "ResponseMetadata": None}


class TestHiddenExistence:
    """A client that hides users answers for names that nobody has as for others."""

    @pytest.fixture
    def hidden(self, idp: Any, inbox: Inbox) -> App:
        """A pool whose names are addresses, and a client that hides users; ann exists."""
        app = make_choice_app(idp, inbox, "PASSWORD", "EMAIL_OTP", hides=True, UsernameAttributes=["email"])
        given = [{"Name": "email_verified", "Value": "true"}]
        at = {"UserPoolId": app.pool_id, "Username": EMAIL}
        app.idp.admin_create_user(**at, MessageAction="SUPPRESS", UserAttributes=given)
        app.idp.admin_set_user_password(**at, Password=PASSWORD, Permanent=True)
        return app

    @pytest.mark.parametrize("preferred", [None, "EMAIL_OTP", "PASSWORD", "PASSWORD_SRP", "WEB_AUTHN"])
    def test_the_challenges_have_one_form(self, hidden: App, preferred: str | None) -> None:
        with time_machine.travel(clock.now(), tick=False):
            # The instant that a session ends is of varying length.
            assert shape(begin(hidden, preferred, EMAIL)) == shape(begin(hidden, preferred, "amy@example.com"))

    def test_the_answers_have_one_form(self, hidden: App) -> None:
        for name in (EMAIL, "amy@example.com"):
            chosen = respond(
                hidden, "SELECT_CHALLENGE", begin(hidden, name=name)["Session"], name=name, ANSWER="EMAIL_OTP"
            )
            assert chosen["ChallengeName"] == "EMAIL_OTP"
            for _ in range(20):
                with refused("CodeMismatchException", WRONG_CODE):
                    respond(hidden, "EMAIL_OTP", chosen["Session"], name=name, EMAIL_OTP_CODE="1")
            with refused("NotAuthorizedException", "Password attempts exceeded"):
                respond(hidden, "EMAIL_OTP", chosen["Session"], name=name, EMAIL_OTP_CODE="1")
            session = begin(hidden, name=name)["Session"]
            with refused("NotAuthorizedException", "Incorrect username or password."):
                respond(hidden, "PASSWORD", session, name=name, PASSWORD="Wrong-Horse-9!")
            with refused("NotAuthorizedException", SPENT):
                respond(hidden, "PASSWORD", session, name=name, PASSWORD="Wrong-Horse-9!")
            with refused("NotAuthorizedException", "Incorrect username or password."):
                begin(hidden, "PASSWORD", name, PASSWORD="Wrong-Horse-9!")

    def test_nobody_is_sent_a_message(self, hidden: App) -> None:
        before = OutboxMessage.objects.count()
        begin(hidden, "EMAIL_OTP", "amy@example.com")
        assert OutboxMessage.objects.count() == before

    def test_what_is_made_up_stays_the_same(self, idp: Any, inbox: Inbox) -> None:
        app = make_choice_app(idp, inbox, *EVERY, hides=True)
        for name in ("nobody", "amy@example.com", "+15550009999"):
            first, second = begin(app, name=name), begin(app, name=name)
            assert first["AvailableChallenges"] == second["AvailableChallenges"]
            for factor in first["AvailableChallenges"]:
                if factor.endswith("_OTP"):
                    assert (
                        begin(app, factor, name)["ChallengeParameters"]
                        == (begin(app, factor, name)["ChallengeParameters"])
                    )

    def test_the_destination_follows_from_the_given_name(self, idp: Any, inbox: Inbox) -> None:
        app = make_choice_app(idp, inbox, "EMAIL_OTP", "SMS_OTP", hides=True)
        by_email = begin(app, "EMAIL_OTP", "zoe@example.com")["ChallengeParameters"]
        assert by_email["CODE_DELIVERY_DESTINATION"] == "z***@e***"
        by_phone = begin(app, "SMS_OTP", "+15550009876")["ChallengeParameters"]
        assert by_phone["CODE_DELIVERY_DESTINATION"] == "+*******9876"

    def test_who_is_disabled_gets_a_challenge_and_no_code(self, hidden: App) -> None:
        hidden.idp.admin_disable_user(UserPoolId=hidden.pool_id, Username=EMAIL)
        found = begin(hidden, "EMAIL_OTP", EMAIL)
        assert found["ChallengeName"] == "EMAIL_OTP"
        assert hidden.inbox.messages(EMAIL) == []
        with refused("CodeMismatchException", WRONG_CODE):
            respond(hidden, "EMAIL_OTP", found["Session"], name=EMAIL, EMAIL_OTP_CODE="12345678")
