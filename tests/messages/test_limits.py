"""How long codes live, how many messages a user may ask for, and the link that confirms a sign-up."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core.checks import run_checks
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from tests.clients.smtp import MailServer
from tests.conftest import App, Inbox, make_app, refused
from tests.messages.test_mail import ANN, code_in, confirmed, sign_up

pytestmark = pytest.mark.django_db

LIMIT = "Attempt limit exceeded, please try after some time."
MOMENT = timedelta(seconds=1)


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


@pytest.mark.operation("ConfirmSignUp")
@pytest.mark.operation("ConfirmForgotPassword")
@pytest.mark.parametrize(("make", "hours"), [(sign_up_code, 24), (reset_code, 1)])
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
@pytest.mark.operation("ForgotPassword")
def test_messages_that_somebody_may_ask_for_in_an_hour(app: App, mail: MailServer) -> None:
    who = {"ClientId": app.client_id, "Username": "ann"}
    with time_machine.travel(timezone.now(), tick=False) as clock:
        sign_up(app)
        for operation, number in ((app.idp.resend_confirmation_code, 5), (app.idp.forgot_password, 20)):
            before = len(mail.mails)
            for _ in range(number):
                operation(**who)
            with refused("LimitExceededException", LIMIT):
                operation(**who)
            assert len(mail.mails) == before + number
            clock.shift(timedelta(hours=1) + MOMENT)
            operation(**who)
            if number == 5:
                given = {"ConfirmationCode": code_in(mail.mails[-1])}
                app.idp.confirm_sign_up(**who, **given)


@pytest.mark.operation("GetUserAttributeVerificationCode")
def test_codes_for_an_attribute_in_an_hour(app: App, mail: MailServer) -> None:
    given = {"AccessToken": confirmed(app, mail), "AttributeName": "email"}
    for _ in range(5):
        app.idp.get_user_attribute_verification_code(**given)
    with refused("LimitExceededException", LIMIT):
        app.idp.get_user_attribute_verification_code(**given)
    assert len(mail.mails) == 6


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
