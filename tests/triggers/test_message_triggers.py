"""CustomMessage: every source, its placeholders and its errors; links in the mails of a sign-up."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tests.aws.mfa import DEVELOPER, PHONE, SMS_CONFIGURATION
from tests.conftest import PASSWORD, App, Inbox, make_app, refused
from tests.triggers.functions_of_pool import Functions, lambda_config

pytestmark = pytest.mark.django_db

ADDRESS = "ann@example.com"
EMAIL = [{"Name": "email", "Value": ADDRESS}]
METADATA = {"lang": "de"}
WORDS = {"emailSubject": "Hallo", "emailMessage": "Ihr code is {####}!", "smsMessage": "sms code is {####}"}


@pytest.fixture
def app(idp: Any, inbox: Inbox, functions: Functions) -> App:
    """A pool whose function writes the messages."""
    functions.responses["CustomMessage"] = WORDS
    return make_app(idp, inbox, LambdaConfig=lambda_config("CustomMessage"), EmailConfiguration=DEVELOPER)


def sign_up(app: App, **more: Any) -> Any:
    """Register ann."""
    return app.idp.sign_up(ClientId=app.client_id, Username="ann", Password=PASSWORD, UserAttributes=EMAIL, **more)


def last(app: App, to: str = ADDRESS) -> str:
    """Return the last message to an address."""
    return app.inbox.messages(to)[-1]


@pytest.mark.operation("SignUp")
def test_sign_up(app: App, functions: Functions) -> None:
    known = []
    functions.before = lambda event: known.append(event["userName"])
    sign_up(app, ClientMetadata=METADATA)
    functions.check("CustomMessage_SignUp", app.pool_id, app.client_id)
    assert "Subject: Hallo" in last(app)
    app.idp.confirm_sign_up(ClientId=app.client_id, Username="ann", ConfirmationCode=app.inbox.code(ADDRESS))


@pytest.mark.operation("ResendConfirmationCode")
def test_resend(app: App, functions: Functions) -> None:
    sign_up(app)
    app.idp.resend_confirmation_code(ClientId=app.client_id, Username="ann", ClientMetadata=METADATA)
    functions.check("CustomMessage_ResendCode", app.pool_id, app.client_id)
    assert "Subject: Hallo" in last(app)


@pytest.mark.operation("ForgotPassword")
def test_forgotten_password(app: App, functions: Functions) -> None:
    app.sign_up()
    app.idp.forgot_password(ClientId=app.client_id, Username="ann", ClientMetadata=METADATA)
    functions.check("CustomMessage_ForgotPassword", app.pool_id, app.client_id)
    assert "Subject: Hallo" in last(app)
    given = {"ConfirmationCode": app.inbox.code(ADDRESS), "Password": "Another-Horse-9!"}
    app.idp.confirm_forgot_password(ClientId=app.client_id, Username="ann", **given)


@pytest.mark.operation("AdminResetUserPassword")
def test_a_reset_by_an_administrator_is_a_forgotten_password_without_client(app: App, functions: Functions) -> None:
    app.sign_up()
    app.idp.admin_reset_user_password(UserPoolId=app.pool_id, Username="ann", ClientMetadata=METADATA)
    event = functions.event("CustomMessage_ForgotPassword")
    assert event["callerContext"]["clientId"] == "CLIENT_ID_NOT_APPLICABLE"
    assert event["request"]["clientMetadata"] == METADATA


@pytest.mark.operation("UpdateUserAttributes")
def test_a_changed_address(app: App, functions: Functions) -> None:
    app.sign_up()
    token = app.sign_in()["AccessToken"]
    new = [{"Name": "email", "Value": "new@example.com"}]
    app.idp.update_user_attributes(AccessToken=token, UserAttributes=new, ClientMetadata=METADATA)
    functions.check("CustomMessage_UpdateUserAttribute", app.pool_id, app.client_id)
    code = app.inbox.code("new@example.com")
    app.idp.verify_user_attribute(AccessToken=token, AttributeName="email", Code=code)


@pytest.mark.operation("AdminUpdateUserAttributes")
def test_an_address_that_an_administrator_changed(app: App, functions: Functions) -> None:
    app.sign_up()
    new = [{"Name": "email", "Value": "new@example.com"}]
    given = {"UserPoolId": app.pool_id, "Username": "ann", "UserAttributes": new}
    app.idp.admin_update_user_attributes(**given, ClientMetadata=METADATA)
    event = functions.event("CustomMessage_UpdateUserAttribute")
    assert event["callerContext"]["clientId"] == "CLIENT_ID_NOT_APPLICABLE"
    assert event["request"]["clientMetadata"] == METADATA
    verified = [*new, {"Name": "email_verified", "Value": "true"}]
    app.idp.admin_update_user_attributes(**{**given, "UserAttributes": verified})
    assert len(functions.endpoint.events("CustomMessage_UpdateUserAttribute")) == 1


@pytest.mark.operation("GetUserAttributeVerificationCode")
def test_an_address_to_be_verified(app: App, functions: Functions) -> None:
    app.sign_up()
    token = app.sign_in()["AccessToken"]
    app.idp.get_user_attribute_verification_code(AccessToken=token, AttributeName="email", ClientMetadata=METADATA)
    functions.check("CustomMessage_VerifyUserAttribute", app.pool_id, app.client_id)
    assert "Subject: Hallo" in last(app)


@pytest.mark.operation("AdminCreateUser")
def test_an_invitation(app: App, functions: Functions) -> None:
    words = {"emailSubject": "Come", "emailMessage": "Name {username}, word {####}.", "smsMessage": "{username}{####}"}
    functions.responses["CustomMessage"] = words
    given = {"UserPoolId": app.pool_id, "Username": "ann", "DesiredDeliveryMediums": ["EMAIL"]}
    app.idp.admin_create_user(**given, UserAttributes=EMAIL, TemporaryPassword=PASSWORD, ClientMetadata=METADATA)
    functions.check("CustomMessage_AdminCreateUser", app.pool_id, app.client_id)
    assert f"Name ann, word {PASSWORD}." in last(app)
    app.idp.admin_create_user(**given, MessageAction="RESEND", TemporaryPassword="Another-Horse-9!")
    assert "Name ann, word Another-Horse-9!." in last(app)
    assert len(functions.endpoint.events("CustomMessage_AdminCreateUser")) == 2
    for message in ("{####}", "{username}"):
        functions.responses["CustomMessage"] = {"emailMessage": message}
        with refused("InvalidLambdaResponseException"):
            app.idp.admin_create_user(**{**given, "Username": "x" + message[1]}, UserAttributes=EMAIL)


@pytest.mark.operation("RespondToAuthChallenge")
def test_codes_of_sign_in(idp: Any, inbox: Inbox, functions: Functions) -> None:
    settings = {"SmsConfiguration": SMS_CONFIGURATION, "MfaConfiguration": "OPTIONAL"}
    app = make_app(idp, inbox, LambdaConfig=lambda_config("CustomMessage"), **settings)
    app.sign_up(phone_number=PHONE)
    token = app.sign_in()["AccessToken"]
    idp.set_user_mfa_preference(AccessToken=token, SMSMfaSettings={"Enabled": True, "PreferredMfa": True})
    functions.responses["CustomMessage"] = {"smsMessage": "Mein code is {####}"}
    challenge = idp.initiate_auth(
        ClientId=app.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ann", "PASSWORD": PASSWORD},
        ClientMetadata=METADATA,
    )
    functions.check("CustomMessage_Authentication", app.pool_id, app.client_id)
    assert "Mein code is" in last(app, PHONE)
    answers = {"USERNAME": "ann", "SMS_MFA_CODE": inbox.code(PHONE)}
    given = {"ClientId": app.client_id, "ChallengeName": "SMS_MFA", "Session": challenge["Session"]}
    assert "AuthenticationResult" in idp.respond_to_auth_challenge(**given, ChallengeResponses=answers)
    functions.refuse("no code today")
    with refused("UserLambdaValidationException", "CustomMessage failed with error no code today."):
        app.start()


def test_null_and_empty_texts_leave_the_templates_in_force(app: App, functions: Functions) -> None:
    functions.responses["CustomMessage"] = {"emailSubject": "", "emailMessage": None}
    sign_up(app)
    assert "Subject: Your verification code" in last(app)


@pytest.mark.parametrize(
    "words",
    [
        {"emailMessage": "no placeholder"},
        {"smsMessage": "no placeholder"},
        {"smsMessage": "{####}" + "x" * 135},
        {"emailMessage": "{####}" + "x" * 19_995},
        {"emailSubject": "x" * 141},
        {"emailMessage": 7},
    ],
)
def test_texts_that_cannot_be_sent_are_refused(app: App, functions: Functions, words: dict[str, Any]) -> None:
    functions.responses["CustomMessage"] = words
    with refused("InvalidLambdaResponseException"):
        sign_up(app)
    # The account exists, as after a message that could not be delivered; the code can be asked for again.
    functions.responses["CustomMessage"] = WORDS
    app.idp.resend_confirmation_code(ClientId=app.client_id, Username="ann")
    assert len(app.inbox.messages(ADDRESS)) == 1


@pytest.mark.parametrize("member", ["emailMessage", "emailSubject"])
def test_words_for_mail_need_an_account_of_ones_own(idp: Any, inbox: Inbox, functions: Functions, member: str) -> None:
    app = make_app(idp, inbox, LambdaConfig=lambda_config("CustomMessage"))
    functions.responses["CustomMessage"] = {member: "code is {####}"}
    with refused("InvalidLambdaResponseException"):
        sign_up(app)
    functions.responses["CustomMessage"] = {"smsMessage": "code is {####}"}
    app.idp.resend_confirmation_code(ClientId=app.client_id, Username="ann")
    assert "Your verification code" in last(app)


def test_a_failing_function_changes_no_attribute(app: App, functions: Functions) -> None:
    app.sign_up()
    token = app.sign_in()["AccessToken"]
    functions.refuse("no")
    with refused("UserLambdaValidationException", "CustomMessage failed with error no."):
        app.idp.update_user_attributes(
            AccessToken=token, UserAttributes=[{"Name": "email", "Value": "new@example.com"}]
        )
    shown = app.idp.get_user(AccessToken=token)["UserAttributes"]
    assert {"Name": "email", "Value": ADDRESS} in shown
    with refused("UserLambdaValidationException"):
        app.idp.forgot_password(ClientId=app.client_id, Username="ann")
    with refused("UserLambdaValidationException"):
        app.idp.admin_reset_user_password(UserPoolId=app.pool_id, Username="ann")
    assert app.idp.admin_get_user(UserPoolId=app.pool_id, Username="ann")["UserStatus"] == "CONFIRMED"


def link_in(app: App) -> str:
    """Return the path of the link in the last mail."""
    text = last(app).replace("=\n", "").replace("=3D", "=")
    return str(re.findall(r'href="http://localhost:8000(/[^"]+)"', text)[0]).replace("&amp;", "&")


def test_a_link_in_the_mail_confirms_the_account(idp: Any, inbox: Inbox) -> None:
    template = {"DefaultEmailOption": "CONFIRM_WITH_LINK", "EmailMessageByLink": "Hi, {##click here##}."}
    app = make_app(idp, inbox, VerificationMessageTemplate=template)
    sign_up(app)
    assert ">click here</a>." in last(app)
    app.idp.resend_confirmation_code(ClientId=app.client_id, Username="ann")
    path = link_in(app)
    assert path.startswith(f"/{app.pool_id}/confirmUser?client_id={app.client_id}&user_name=ann&confirmation_code=")
    assert Client().get(path).status_code == 200
    assert app.idp.admin_get_user(UserPoolId=app.pool_id, Username="ann")["UserStatus"] == "CONFIRMED"
    app.idp.forgot_password(ClientId=app.client_id, Username="ann")
    assert "href" not in last(app)
    assert app.inbox.code(ADDRESS)


def test_custom_message_may_place_the_link(app: App, functions: Functions) -> None:
    functions.responses["CustomMessage"] = {"emailMessage": "Go {##Click Here##}"}
    sign_up(app)
    assert Client().get(link_in(app)).status_code == 200
    with refused("InvalidLambdaResponseException"):
        app.idp.forgot_password(ClientId=app.client_id, Username="ann")
