"""E-mails as a mail server gets them: who they are from, what they say, that nothing gets into their headers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pytest_django import Settings

from cognito_app.messages import plain_text
from cognito_app.models import OutboxMessage
from tests.clients.smtp import Mail, MailServer, mail_server
from tests.conftest import PASSWORD, App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db

ARN = "arn:aws:ses:us-east-1:000000000000:identity/shop@example.com"
DEVELOPER = {
    "EmailSendingAccount": "DEVELOPER",
    "SourceArn": ARN,
    "From": "The Shöp <hello@example.com>",
    "ReplyToEmailAddress": "help@example.com",
    "ConfigurationSet": "events",
}
TEMPLATE = {
    "EmailSubject": "Willkommen, bestätigen",
    "EmailMessage": "<p>Hallo!</p><p>Dein Code: <b>{####}</b> &amp; <a href='https://shop.example/x'>Shop</a></p>",
}
ANN = "ann@example.com"


def code_in(mail: Mail) -> str:
    """Return the digits of a mail's text."""
    return str(re.findall(r"\b\d{6,8}\b", mail.part("plain"))[-1])


def sign_up(app: App, name: str = "ann", email: str = ANN) -> Any:
    """Register a user."""
    given = [{"Name": "email", "Value": email}]
    return app.idp.sign_up(ClientId=app.client_id, Username=name, Password=PASSWORD, UserAttributes=given)


def confirmed(app: App, mail: MailServer) -> str:
    """Register and confirm ann by mail; returns an access token."""
    sign_up(app)
    app.idp.confirm_sign_up(ClientId=app.client_id, Username="ann", ConfirmationCode=code_in(mail.to(ANN)[-1]))
    return str(app.sign_in()["AccessToken"])


def test_a_sign_up_with_the_defaults(app: App, mail: MailServer, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "EMAIL_FROM": "no-reply@auth.example"}
    sign_up(app)
    (sent,) = mail.mails
    assert (sent.sender, sent.recipients) == ("no-reply@auth.example", [ANN])
    assert sent.message["Subject"] == "Your verification code"
    assert sent.message["From"] == "no-reply@auth.example"
    assert sent.message["Reply-To"] is None
    assert sent.message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in sent.message.iter_parts()] == ["text/plain", "text/html"]
    assert "Your verification code is" in sent.part("html")
    app.idp.confirm_sign_up(ClientId=app.client_id, Username="ann", ConfirmationCode=code_in(sent))


def test_settings_of_a_pool_with_its_own_sender(idp: Any, inbox: Inbox, mail: MailServer) -> None:
    app = make_app(idp, inbox, EmailConfiguration=DEVELOPER, VerificationMessageTemplate=TEMPLATE)
    sign_up(app)
    (sent,) = mail.mails
    assert sent.message["From"] == "The Shöp <hello@example.com>"
    assert sent.sender == "hello@example.com"
    assert sent.message["Reply-To"] == "help@example.com"
    assert sent.message["X-SES-CONFIGURATION-SET"] == "events"
    assert sent.message["Subject"] == "Willkommen, bestätigen"
    assert re.search(r"<p>Dein Code: <b>\d{6}</b>", sent.part("html"))
    assert re.search(r"^Hallo!\n\nDein Code: \d{6} & Shop \(https://shop.example/x\)", sent.part("plain"))


def test_the_default_account_takes_the_address_of_its_source_alone(idp: Any, inbox: Inbox, mail: MailServer) -> None:
    app = make_app(idp, inbox, EmailConfiguration={**DEVELOPER, "EmailSendingAccount": "COGNITO_DEFAULT"})
    sign_up(app)
    assert mail.mails[0].message["From"] == "shop@example.com"
    assert mail.mails[0].message["X-SES-CONFIGURATION-SET"] is None
    assert mail.mails[0].message["Reply-To"] == "help@example.com"


def test_a_source_may_have_a_mail_server_of_its_own(
    idp: Any, inbox: Inbox, mail: MailServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_MAIL_PASSWORD", "s3cret")
    with mail_server(password="s3cret") as own:
        options = {"host": "127.0.0.1", "port": own.port, "username": "shop", "password": "env:SHOP_MAIL_PASSWORD"}
        entry = {"backend": "django.core.mail.backends.smtp.EmailBackend", "options": options}
        settings.COGNITO = {**settings.COGNITO, "EMAIL_CHANNELS": {ARN: entry}}
        sign_up(make_app(idp, inbox, EmailConfiguration=DEVELOPER))
        assert [item.recipients for item in own.mails] == [[ANN]]
        assert own.logins == [("shop", "s3cret")]
    assert mail.mails == []


@pytest.mark.operation("ForgotPassword")
def test_a_forgotten_password(app: App, mail: MailServer) -> None:
    confirmed(app, mail)
    app.idp.forgot_password(ClientId=app.client_id, Username="ann")
    given = {"ConfirmationCode": code_in(mail.to(ANN)[-1]), "Password": "Another-Horse-9!"}
    app.idp.confirm_forgot_password(ClientId=app.client_id, Username="ann", **given)
    assert app.sign_in(password="Another-Horse-9!")
    assert len(mail.mails) == 2


@pytest.mark.operation("AdminCreateUser")
def test_an_invitation_holds_the_password_in_both_halves(idp: Any, inbox: Inbox, mail: MailServer) -> None:
    template = {"EmailSubject": "Hi", "EmailMessage": "Hi {username},<br>{####}"}
    app = make_app(idp, inbox, AdminCreateUserConfig={"InviteMessageTemplate": template})
    password = "<b>&Horse-9!"
    app.idp.admin_create_user(
        UserPoolId=app.pool_id,
        Username="a<n>n",
        UserAttributes=[{"Name": "email", "Value": ANN}],
        TemporaryPassword=password,
        DesiredDeliveryMediums=["EMAIL"],
    )
    (sent,) = mail.mails
    assert sent.message["Subject"] == "Hi"
    assert sent.part("html").strip() == "Hi a&lt;n&gt;n,<br>&lt;b&gt;&amp;Horse-9!"
    assert sent.part("plain").strip() == f"Hi a<n>n,\n{password}"
    assert app.start("a<n>n", sent.part("plain").strip().split("\n")[1])["ChallengeName"] == "NEW_PASSWORD_REQUIRED"


@pytest.mark.operation("RespondToAuthChallenge")
def test_a_code_of_the_second_factor(idp: Any, inbox: Inbox, mail: MailServer) -> None:
    app = make_app(idp, inbox, EmailConfiguration=DEVELOPER)
    template = {"Message": "<i>{####}</i> is the code", "Subject": "Sign in"}
    idp.set_user_pool_mfa_config(UserPoolId=app.pool_id, EmailMfaConfiguration=template, MfaConfiguration="OPTIONAL")
    idp.set_user_mfa_preference(
        AccessToken=confirmed(app, mail), EmailMfaSettings={"Enabled": True, "PreferredMfa": True}
    )
    challenge = app.start()
    sent = mail.to(ANN)[-1]
    assert sent.message["Subject"] == "Sign in"
    assert sent.message["From"] == DEVELOPER["From"]
    answers = {"USERNAME": "ann", "EMAIL_OTP_CODE": code_in(sent)}
    given = {"ClientId": app.client_id, "ChallengeName": "EMAIL_OTP", "Session": challenge["Session"]}
    assert "AuthenticationResult" in idp.respond_to_auth_challenge(**given, ChallengeResponses=answers)


@pytest.mark.operation("UpdateUserAttributes")
def test_a_new_alias_is_proven_at_the_new_address(idp: Any, inbox: Inbox, mail: MailServer) -> None:
    rules = {"AttributesRequireVerificationBeforeUpdate": ["email"]}
    app = make_app(idp, inbox, AliasAttributes=["email"], UserAttributeUpdateSettings=rules)
    token = confirmed(app, mail)
    new = [{"Name": "email", "Value": "new@example.com"}]
    idp.update_user_attributes(AccessToken=token, UserAttributes=new)
    assert app.sign_in(ANN)
    code = code_in(mail.to("new@example.com")[-1])
    idp.verify_user_attribute(AccessToken=token, AttributeName="email", Code=code)
    assert app.sign_in("new@example.com")
    assert [item.recipients for item in mail.mails] == [[ANN], ["new@example.com"]]


def test_line_breaks_of_a_subject_make_no_header(idp: Any, inbox: Inbox, mail: MailServer) -> None:
    template = {"EmailSubject": "Hi\r\nBcc: eve@example.com\r\n\r\n<b>body</b>"}
    app = make_app(idp, inbox, EmailConfiguration=DEVELOPER, VerificationMessageTemplate=template)
    sign_up(app)
    (sent,) = mail.mails
    assert sent.recipients == [ANN]
    assert sent.message["Bcc"] is None
    assert sent.message["Subject"] == "Hi Bcc: eve@example.com <b>body</b>"


@pytest.mark.operation("CreateUserPool")
@pytest.mark.parametrize("sender", ["a@example.com\r\nBcc: eve@example.com", "Nobody", "A <a@b> B <c@d>\x00", "a@b\n"])
def test_a_sender_is_one_address(idp: Any, app: App, sender: str) -> None:
    email = {**DEVELOPER, "From": sender}
    with refused("InvalidParameterException"):
        idp.create_user_pool(PoolName="p", EmailConfiguration=email)
    with refused("InvalidParameterException"):
        idp.update_user_pool(UserPoolId=app.pool_id, EmailConfiguration=email)


@pytest.mark.operation("SignUp")
@pytest.mark.parametrize(
    "address", ["a@example.com\nBcc: eve@example.com", "a@example.com,eve@example.com", "A <a@example.com>"]
)
def test_a_recipient_is_one_address(app: App, mail: MailServer, address: str) -> None:
    with refused("InvalidParameterException"):
        sign_up(app, email=address)
    assert mail.mails == []
    assert not OutboxMessage.objects.exists()


@pytest.mark.operation("SignUp")
def test_wrong_credentials_of_the_mail_server(app: App, mail: MailServer, settings: Settings) -> None:
    with mail_server(password="right") as closed:
        settings.EMAIL_PORT, settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = closed.port, "us", "wrong"
        with refused("InvalidEmailRoleAccessPolicyException"):
            sign_up(app)
        given = [{"Name": "email", "Value": "bob@example.com"}]
        invitation = {"UserPoolId": app.pool_id, "Username": "bob", "UserAttributes": given}
        with refused("CodeDeliveryFailureException"):
            app.idp.admin_create_user(**invitation, DesiredDeliveryMediums=["EMAIL"])
    assert OutboxMessage.objects.filter(sent_at=None, failed_at=None).count() == 2


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("1 < 2 &amp; 3 &gt; 2", "1 < 2 & 3 > 2"),
        ('<a href="https://x.example/?a=1&amp;b=2">Verify</a>', "Verify (https://x.example/?a=1&b=2)"),
        ('<a href="https://x.example">https://x.example</a>', "https://x.example"),
        ("<style>p {}</style><title>t</title>hello", "hello"),
        ("<div><b>unclosed", "unclosed"),
        ("</a></p>stray", "stray"),
        ("a\n\n\n\n\nb   c", "a\n\nb c"),
    ],
)
def test_the_text_of_html(html: str, text: str) -> None:
    assert plain_text.of_html(html) == text
