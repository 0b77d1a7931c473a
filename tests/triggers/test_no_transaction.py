"""No database transaction is open while a function runs: it may take seconds, and may call this service itself."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from tests.aws.mfa import DEVELOPER, PHONE, SMS_CONFIGURATION
from tests.clients import boto
from tests.conftest import PASSWORD, App, Inbox, make_app, refused
from tests.triggers import functions as handlers
from tests.triggers.functions_of_pool import arn, lambda_config

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = ("PreSignUp", "PostConfirmation", "CustomMessage", "UserMigration")
KEY = "arn:aws:kms:us-east-1:000000000000:key/0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"


@pytest.fixture
def app(admin_key: tuple[str, str], inbox: Inbox, settings: Settings) -> App:
    """A pool with every trigger, whose handlers run in this thread and note what they see."""
    handlers.SEEN.clear()
    names = (*NAMES, "CustomSMSSender")
    entry = {"kind": "python", "target": "tests.triggers.functions.watching", "mode": "inline"}
    settings.COGNITO = {**settings.COGNITO, "TRIGGERS": {"functions": {arn(name): entry for name in names}}}
    sender = {"LambdaVersion": "V1_0", "LambdaArn": arn("CustomSMSSender")}
    config = lambda_config(*NAMES, CustomSMSSender=sender, KMSKeyID=KEY)
    rest = {"SmsConfiguration": SMS_CONFIGURATION, "MfaConfiguration": "OPTIONAL", "EmailConfiguration": DEVELOPER}
    return make_app(boto.client("cognito-idp", admin_key), inbox, LambdaConfig=config, **rest)


def test_every_trigger_runs_outside_of_transactions(app: App) -> None:
    idp = app.idp
    app.sign_up(phone_number=PHONE)
    app.idp.resend_confirmation_code(ClientId=app.client_id, Username=_unconfirmed(app))
    token = app.sign_in()["AccessToken"]
    idp.get_user_attribute_verification_code(AccessToken=token, AttributeName="email")
    idp.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "email", "Value": "new@example.com"}])
    idp.verify_user_attribute(AccessToken=token, AttributeName="email", Code=app.inbox.code("new@example.com"))
    idp.forgot_password(ClientId=app.client_id, Username="ann")
    given = {"ConfirmationCode": app.inbox.code("new@example.com"), "Password": PASSWORD + "2"}
    idp.confirm_forgot_password(ClientId=app.client_id, Username="ann", **given)
    with refused("UserNotFoundException"):
        idp.forgot_password(ClientId=app.client_id, Username="nobody")
    idp.admin_create_user(
        UserPoolId=app.pool_id,
        Username="eve",
        UserAttributes=[{"Name": "phone_number", "Value": PHONE}, {"Name": "email", "Value": "eve@example.com"}],
        DesiredDeliveryMediums=["SMS", "EMAIL"],
    )
    idp.admin_update_user_attributes(
        UserPoolId=app.pool_id, Username="ann", UserAttributes=[{"Name": "email", "Value": "third@example.com"}]
    )
    _sign_in_by_sms_and_mail(app)
    expected = {
        "PreSignUp_SignUp",
        "PreSignUp_AdminCreateUser",
        "PostConfirmation_ConfirmSignUp",
        "PostConfirmation_ConfirmForgotPassword",
        "UserMigration_ForgotPassword",
        *(
            f"CustomMessage_{reason}"
            for reason in (
                "SignUp",
                "AdminCreateUser",
                "ResendCode",
                "ForgotPassword",
                "UpdateUserAttribute",
                "VerifyUserAttribute",
                "Authentication",
            )
        ),
        "CustomSMSSender_Authentication",
        "CustomSMSSender_AdminCreateUser",
    }
    assert {source for source, _ in handlers.SEEN} == expected
    assert [source for source, in_transaction in handlers.SEEN if in_transaction] == []


def _unconfirmed(app: App) -> str:
    given = [{"Name": "email", "Value": "bob@example.com"}]
    app.idp.sign_up(ClientId=app.client_id, Username="bob", Password=PASSWORD, UserAttributes=given)
    return "bob"


def _sign_in_by_sms_and_mail(app: App) -> None:
    app.idp.set_user_pool_mfa_config(
        UserPoolId=app.pool_id,
        MfaConfiguration="OPTIONAL",
        SmsMfaConfiguration={"SmsConfiguration": SMS_CONFIGURATION},
        EmailMfaConfiguration={"Message": "code is {####}", "Subject": "code"},
    )
    for factor in ("SMSMfaSettings", "EmailMfaSettings"):
        settings: dict[str, Any] = {factor: {"Enabled": True, "PreferredMfa": True}}
        app.idp.admin_set_user_mfa_preference(UserPoolId=app.pool_id, Username="ann", **settings)
        assert app.start(password=PASSWORD + "2")["ChallengeName"] in ("SMS_MFA", "EMAIL_OTP")
