"""How long codes live, how many messages a user may ask for, and the link that confirms a sign-up."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core.checks import run_checks
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from tests.clients.smtp import MailServer
from tests.conftest import PASSWORD, App, Inbox, make_app, refused
from tests.messages.test_mail import ANN, code_in, confirmed, sign_up

pytestmark = pytest.mark.django_db

LIMIT = "Attempt limit exceeded, please try after some time."
MOMENT = timedelta(seconds=1)


def other_than(code: str) -> str:
    """Return a wrong code."""
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"


def check_hour(act: Callable[[int], Any], number: int, last: Callable[[], Any] | None = None) -> None:
    """Act as often as one may in an hour; then ``last`` (the same by default) is refused until the hour is over."""
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for done in range(number):
            act(done)
        clock.shift(timedelta(hours=1) - MOMENT)
        with refused("LimitExceededException", LIMIT):
            last() if last is not None else act(number)
        clock.shift(2 * MOMENT)
        act(number)


def sign_up_code(app: App, mail: MailServer) -> Callable[[str], Any]:
    """Make a code of a sign-up; returns what spends it."""
    sign_up(app)
    return lambda code: app.idp.confirm_sign_up(ClientId=app.client_id, Username="ann", ConfirmationCode=code)


def reset_code(app: App, mail: MailServer) -> Callable[[str], Any]:
    """Make a code of a forgotten password; returns what spends it."""
    confirmed(app, mail)
    app.idp.forgot_password(ClientId=app.client_id, Username="ann")
    return lambda code: app.idp.confirm_forgot_password(
        ClientId=app.client_id, Username="ann", ConfirmationCode=code, Password="Another-Horse-9!"
    )


def attribute_code(app: App, mail: MailServer) -> Callable[[str], Any]:
    """Ask for a code that verifies an attribute; returns what spends it."""
    app.idp.get_user_attribute_verification_code(AccessToken=confirmed(app, mail), AttributeName="email")
    return partial(verify_email, app)


def changed_attribute_code(app: App, mail: MailServer) -> Callable[[str], Any]:
    """Change an attribute, which sends a code; returns what spends it."""
    given = [{"Name": "email", "Value": "new@example.com"}]
    app.idp.update_user_attributes(AccessToken=confirmed(app, mail), UserAttributes=given)
    return partial(verify_email, app)


def verify_email(app: App, code: str) -> None:
    """Verify ann's address by a code; access tokens live shorter than codes."""
    app.idp.verify_user_attribute(AccessToken=app.sign_in()["AccessToken"], AttributeName="email", Code=code)


@pytest.mark.operation("ConfirmSignUp")
@pytest.mark.operation("ConfirmForgotPassword")
@pytest.mark.operation("VerifyUserAttribute")
@pytest.mark.parametrize(
    ("make", "hours"),
    [(sign_up_code, 24), (reset_code, 1), (attribute_code, 24), (changed_attribute_code, 24)],
)
def test_a_code_lives_as_long_as_its_kind(
    app: App, mail: MailServer, make: Callable[[App, MailServer], Callable[[str], Any]], hours: int
) -> None:
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        spend = make(app, mail)
        code = code_in(mail.mails[-1])
        clock.shift(timedelta(hours=hours) + MOMENT)
        with refused("ExpiredCodeException"):
            spend(code)
        clock.shift(-2 * MOMENT)
        spend(code)


@pytest.mark.operation("ResendConfirmationCode")
def test_confirmation_codes_in_an_hour(app: App, mail: MailServer) -> None:
    sign_up(app)
    resend = partial(app.idp.resend_confirmation_code, ClientId=app.client_id, Username="ann")
    check_hour(lambda number: resend(), 5)
    assert len(mail.mails) == 1 + 5 + 1


@pytest.mark.operation("ForgotPassword")
def test_reset_codes_in_an_hour(app: App, mail: MailServer) -> None:
    confirmed(app, mail)
    check_hour(lambda number: app.idp.forgot_password(ClientId=app.client_id, Username="ann"), 20)
    assert len(mail.mails) == 1 + 20 + 1


@pytest.mark.operation("ForgotPassword")
@pytest.mark.operation("ConfirmForgotPassword")
def test_reset_codes_and_tries_with_them_are_counted_together(app: App, mail: MailServer) -> None:
    confirmed(app, mail)
    who = {"ClientId": app.client_id, "Username": "ann"}
    confirm = partial(app.idp.confirm_forgot_password, **who, Password="Another-Horse-9!")

    def ask_and_guess(number: int) -> None:
        if number % 2 == 0:
            app.idp.forgot_password(**who)
        else:
            with refused("CodeMismatchException"):
                confirm(ConfirmationCode=other_than(code_in(mail.mails[-1])))

    for number in range(20):
        ask_and_guess(number)
    with refused("LimitExceededException", LIMIT):
        app.idp.forgot_password(**who)
    with refused("LimitExceededException", LIMIT):
        confirm(ConfirmationCode=code_in(mail.mails[-1]))
    assert app.sign_in()


@pytest.mark.operation("GetUserAttributeVerificationCode")
def test_codes_for_an_attribute_in_an_hour(app: App, mail: MailServer) -> None:
    ask = partial(app.idp.get_user_attribute_verification_code, AttributeName="email")
    token = confirmed(app, mail)
    for _ in range(5):
        ask(AccessToken=token)
    with refused("LimitExceededException", LIMIT):
        ask(AccessToken=token)
    assert len(mail.mails) == 6


@pytest.mark.operation("UpdateUserAttributes")
@pytest.mark.operation("AdminUpdateUserAttributes")
def test_codes_that_come_with_a_change_are_counted_with_those_asked_for(app: App, mail: MailServer) -> None:
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        token = confirmed(app, mail)
        update = partial(app.idp.update_user_attributes, AccessToken=token)

        def email(number: int) -> list[dict[str, str]]:
            return [{"Name": "email", "Value": f"ann{number}@example.com"}]

        for number in range(3):
            update(UserAttributes=email(number))
        for _ in range(2):
            app.idp.get_user_attribute_verification_code(AccessToken=token, AttributeName="email")
        with refused("TooManyRequestsException", LIMIT):
            update(UserAttributes=email(3))
        assert len(mail.mails) == 6
        shown = app.idp.get_user(AccessToken=token)["UserAttributes"]
        assert {"Name": "email", "Value": "ann2@example.com"} in shown
        # What sends no code is not limited, and neither are administrators.
        update(UserAttributes=[{"Name": "name", "Value": "Ann"}])
        app.idp.admin_update_user_attributes(UserPoolId=app.pool_id, Username="ann", UserAttributes=email(4))
        clock.shift(timedelta(minutes=59))
        with refused("LimitExceededException", LIMIT):
            app.idp.get_user_attribute_verification_code(AccessToken=token, AttributeName="email")
        clock.shift(timedelta(minutes=1) + MOMENT)
        token = app.sign_in()["AccessToken"]
        app.idp.update_user_attributes(AccessToken=token, UserAttributes=email(5))
        assert mail.mails[-1].recipients == ["ann5@example.com"]


@pytest.mark.operation("ConfirmSignUp")
def test_tries_to_confirm_an_account_in_an_hour(app: App, mail: MailServer) -> None:
    sign_up(app)
    code = code_in(mail.mails[-1])
    confirm = partial(app.idp.confirm_sign_up, ClientId=app.client_id, Username="ann")

    def guess(number: int) -> None:
        with refused("CodeMismatchException"):
            confirm(ConfirmationCode=other_than(code))

    check_hour(guess, 15, lambda: confirm(ConfirmationCode=code))
    confirm(ConfirmationCode=code)


@pytest.mark.operation("VerifyUserAttribute")
def test_tries_to_verify_an_attribute_in_an_hour(app: App, mail: MailServer) -> None:
    token = {"AccessToken": confirmed(app, mail)}
    app.idp.get_user_attribute_verification_code(**token, AttributeName="email")
    code = code_in(mail.mails[-1])
    verify = partial(app.idp.verify_user_attribute, AttributeName="email")
    for _ in range(15):
        with refused("CodeMismatchException"):
            verify(**token, Code=other_than(code))
    with refused("LimitExceededException", LIMIT):
        verify(**token, Code=code)
    with time_machine.travel(timezone.now() + timedelta(hours=1) + MOMENT):
        verify(AccessToken=app.sign_in()["AccessToken"], Code=code)


@pytest.mark.operation("ChangePassword")
def test_changes_of_a_password_in_an_hour(app: App, mail: MailServer) -> None:
    token = confirmed(app, mail)
    change = partial(app.idp.change_password, ProposedPassword="Another-Horse-9!")
    for _ in range(5):
        with refused("NotAuthorizedException", "Incorrect username or password."):
            change(AccessToken=token, PreviousPassword="Wrong-Horse-9!")
    with refused("LimitExceededException", LIMIT):
        change(AccessToken=token, PreviousPassword=PASSWORD)
    assert app.sign_in()
    with time_machine.travel(timezone.now() + timedelta(hours=1) + MOMENT):
        change(AccessToken=app.sign_in()["AccessToken"], PreviousPassword=PASSWORD)


def test_messages_are_not_limited_in_quickstart_but_tries_are(app: App, mail: MailServer, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "RATE_LIMITS": False}
    token = confirmed(app, mail)
    who = {"ClientId": app.client_id, "Username": "ann"}
    for number in range(21):
        app.idp.forgot_password(**who)
        given = [{"Name": "email", "Value": f"ann{number}@example.com"}]
        app.idp.admin_update_user_attributes(
            UserPoolId=app.pool_id, Username="ann", UserAttributes=[*given, {"Name": "email_verified", "Value": "true"}]
        )
        app.idp.get_user_attribute_verification_code(AccessToken=token, AttributeName="email")
    confirm = partial(app.idp.confirm_forgot_password, **who, Password="Another-Horse-9!", ConfirmationCode="1x")
    for _ in range(20):
        with refused("CodeMismatchException"):
            confirm()
    with refused("LimitExceededException", LIMIT):
        confirm()


@pytest.mark.operation("SignUp")
def test_the_link_in_the_mail_confirms_once(idp: Any, inbox: Inbox, mail: MailServer) -> None:
    template = {"DefaultEmailOption": "CONFIRM_WITH_LINK", "EmailMessageByLink": "Hi, {##click here##}."}
    app = make_app(idp, inbox, VerificationMessageTemplate=template)
    sign_up(app)
    sent = mail.to(ANN)[0]
    found = re.search(r'href="([^"]+)"', sent.part("html"))
    assert found is not None
    address = html.unescape(found[1])
    assert f"click here ({address})." in sent.part("plain")
    parts = urlsplit(address)
    link, browser = f"{parts.path}?{parts.query}", Client()
    wrong = re.sub(r"confirmation_code=\d+", "confirmation_code=000000", link)
    assert browser.get(wrong).status_code == 400
    with refused("UserNotConfirmedException"):
        app.sign_in()
    assert browser.get(link).status_code == 200
    user = idp.admin_get_user(UserPoolId=app.pool_id, Username="ann")
    assert user["UserStatus"] == "CONFIRMED"
    assert {"Name": "email_verified", "Value": "true"} in user["UserAttributes"]
    assert app.sign_in()
    app.idp.forgot_password(ClientId=app.client_id, Username="ann")
    assert "href" not in mail.to(ANN)[-1].part("html")
    assert re.fullmatch(r"\d{6}", code_in(mail.to(ANN)[-1]))


def test_backends_that_cannot_be_imported_are_reported(settings: Settings) -> None:
    channels = {"arn": {"backend": "no.such.Mail"}}
    settings.COGNITO = {**settings.COGNITO, "SMS_BACKEND": "no.such.Sms", "EMAIL_CHANNELS": channels}
    found = [item.msg for item in run_checks() if item.id == "cognito_app.E005"]
    assert len(found) == 2
