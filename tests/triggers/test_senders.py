"""CustomEmailSender and CustomSMSSender take the delivery over: encrypted codes, tries, silence about errors."""

from __future__ import annotations

import base64
import html
from datetime import timedelta
from typing import Any

import aws_encryption_sdk as sdk
import pytest
import time_machine
from aws_encryption_sdk.key_providers.kms import KMSMasterKey, KMSMasterKeyConfig
from django.utils import timezone

from cognito_app.models import OutboxMessage
from cognito_app.services import outbox
from tests.aws.mfa import PHONE, SMS_CONFIGURATION
from tests.clients import boto
from tests.clients.endpoints import Answer
from tests.conftest import PASSWORD, App, Inbox, make_app, refused
from tests.triggers.functions_of_pool import Functions, arn, lambda_config

pytestmark = pytest.mark.django_db

KEY = "arn:aws:kms:us-east-1:000000000000:key/0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
ADDRESS = "ann@example.com"
METADATA = {"lang": "de"}
SENDERS = {
    "CustomEmailSender": {"LambdaVersion": "V1_0", "LambdaArn": arn("CustomEmailSender")},
    "CustomSMSSender": {"LambdaVersion": "V1_0", "LambdaArn": arn("CustomSMSSender")},
    "KMSKeyID": KEY,
}


@pytest.fixture
def app(idp: Any, inbox: Inbox, functions: Functions) -> App:
    """A pool that leaves its messages to functions, and whose CustomMessage would write them."""
    return make_app(idp, inbox, LambdaConfig=lambda_config("CustomMessage", **SENDERS))


@pytest.fixture
def opened(admin_key: tuple[str, str]) -> Any:
    """Open the code of an event as a function does."""
    kms = boto.client("kms", admin_key)
    client = sdk.EncryptionSDKClient(commitment_policy=sdk.CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
    keys = KMSMasterKey(config=KMSMasterKeyConfig(key_id=KEY, client=kms))

    def open_code(event: Any) -> str:
        plain, header = client.decrypt(source=base64.b64decode(event["request"]["code"]), key_provider=keys)
        assert header.encryption_context["userpool-id"] == event["userPoolId"]
        return str(plain.decode())

    return open_code


def sign_up(app: App, name: str = "ann", **more: Any) -> Any:
    """Register a user."""
    given = [{"Name": "email", "Value": f"{name}@example.com"}]
    return app.idp.sign_up(ClientId=app.client_id, Username=name, Password=PASSWORD, UserAttributes=given, **more)


@pytest.mark.operation("ConfirmSignUp")
def test_sign_up(app: App, functions: Functions, opened: Any) -> None:
    answer = sign_up(app, ClientMetadata=METADATA)
    assert answer["CodeDeliveryDetails"]["DeliveryMedium"] == "EMAIL"
    event = functions.check("CustomEmailSender_SignUp", app.pool_id, app.client_id)
    assert functions.sources() == ["CustomEmailSender_SignUp"]
    assert functions.endpoint.received[0].headers["x-amz-invocation-type"] == "Event"
    assert app.inbox.messages(ADDRESS) == []
    app.idp.confirm_sign_up(ClientId=app.client_id, Username="ann", ConfirmationCode=opened(event))


def confirmed(app: App, functions: Functions, opened: Any) -> str:
    """Register and confirm ann; returns an access token."""
    sign_up(app)
    code = opened(functions.event("CustomEmailSender_SignUp"))
    app.idp.confirm_sign_up(ClientId=app.client_id, Username="ann", ConfirmationCode=code)
    return str(app.sign_in()["AccessToken"])


def test_every_other_source_of_mail(app: App, functions: Functions, opened: Any) -> None:
    token = confirmed(app, functions, opened)
    sign_up(app, "bob")
    app.idp.resend_confirmation_code(ClientId=app.client_id, Username="bob", ClientMetadata=METADATA)
    app.idp.forgot_password(ClientId=app.client_id, Username="ann", ClientMetadata=METADATA)
    app.idp.get_user_attribute_verification_code(AccessToken=token, AttributeName="email", ClientMetadata=METADATA)
    new = [{"Name": "email", "Value": "new@example.com"}]
    app.idp.update_user_attributes(AccessToken=token, UserAttributes=new, ClientMetadata=METADATA)
    for reason in ("ResendCode", "ForgotPassword", "VerifyUserAttribute", "UpdateUserAttribute"):
        event = functions.check(f"CustomEmailSender_{reason}", app.pool_id, app.client_id)
        assert len(opened(event)) == 6
    app.idp.verify_user_attribute(AccessToken=token, AttributeName="email", Code=opened(event))
    given = {"ConfirmationCode": opened(functions.event("CustomEmailSender_ForgotPassword"))}
    app.idp.confirm_forgot_password(ClientId=app.client_id, Username="ann", Password="Another-Horse-9!", **given)


def test_a_pending_address_is_the_one_that_the_sender_is_told(idp: Any, inbox: Inbox, functions: Functions) -> None:
    rules = {"AttributesRequireVerificationBeforeUpdate": ["email"]}
    app = make_app(idp, inbox, UserAttributeUpdateSettings=rules)
    app.sign_up()
    update = {"AutoVerifiedAttributes": ["email"], "UserAttributeUpdateSettings": rules, "LambdaConfig": SENDERS}
    idp.update_user_pool(UserPoolId=app.pool_id, **update)
    new = [{"Name": "email", "Value": "new@example.com"}]
    idp.update_user_attributes(AccessToken=app.sign_in()["AccessToken"], UserAttributes=new)
    told = functions.event("CustomEmailSender_UpdateUserAttribute")["request"]["userAttributes"]
    assert told["email"] == "new@example.com"


@pytest.mark.operation("AdminCreateUser")
def test_a_temporary_password_is_escaped(app: App, functions: Functions, opened: Any) -> None:
    password = "<Correct>&Horse-9!"
    attributes = [{"Name": "email", "Value": ADDRESS}, {"Name": "phone_number", "Value": PHONE}]
    app.idp.admin_create_user(
        UserPoolId=app.pool_id,
        Username="ann",
        UserAttributes=attributes,
        TemporaryPassword=password,
        DesiredDeliveryMediums=["EMAIL", "SMS"],
        ClientMetadata=METADATA,
    )
    for source in ("CustomEmailSender_AdminCreateUser", "CustomSMSSender_AdminCreateUser"):
        event = functions.check(source, app.pool_id, app.client_id)
        assert opened(event) == "&lt;Correct&gt;&amp;Horse-9!"
        assert app.start(password=html.unescape(opened(event)))["ChallengeName"] == "NEW_PASSWORD_REQUIRED"


def test_codes_of_sign_in_by_sms(idp: Any, inbox: Inbox, functions: Functions, opened: Any) -> None:
    settings = {"SmsConfiguration": SMS_CONFIGURATION, "MfaConfiguration": "OPTIONAL"}
    sms = {name: value for name, value in SENDERS.items() if name != "CustomEmailSender"}
    app = make_app(idp, inbox, LambdaConfig=sms, **settings)
    app.sign_up(phone_number=PHONE)
    token = app.sign_in()["AccessToken"]
    idp.set_user_mfa_preference(AccessToken=token, SMSMfaSettings={"Enabled": True, "PreferredMfa": True})
    challenge = app.start()
    event = functions.check("CustomSMSSender_Authentication", app.pool_id, app.client_id)
    answers = {"USERNAME": "ann", "SMS_MFA_CODE": opened(event)}
    given = {"ClientId": app.client_id, "ChallengeName": "SMS_MFA", "Session": challenge["Session"]}
    assert "AuthenticationResult" in idp.respond_to_auth_challenge(**given, ChallengeResponses=answers)
    assert inbox.messages(PHONE) == []


@pytest.mark.parametrize(
    "failure",
    [
        Answer(body={"errorMessage": "no"}, headers={"X-Amz-Function-Error": "Unhandled"}),
        Answer(body={}, status=500, headers={"x-amzn-ErrorType": "ServiceException"}),
        Answer(hang=True),
    ],
)
def test_a_sender_that_fails_is_called_again_and_nobody_hears_of_it(
    app: App, functions: Functions, opened: Any, failure: Answer
) -> None:
    functions.failure = failure
    assert "CodeDeliveryDetails" in sign_up(app)
    waiting = OutboxMessage.objects.filter(sent_at=None)
    assert waiting.count() == 1
    functions.failure = None
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        assert outbox.deliver_waiting() == 1
        assert not waiting.exists()
        event = functions.endpoint.events("CustomEmailSender_SignUp")[-1]
        app.idp.confirm_sign_up(ClientId=app.client_id, Username="ann", ConfirmationCode=opened(event))


def test_the_code_is_not_in_the_database_in_clear(app: App, functions: Functions, opened: Any) -> None:
    sign_up(app)
    code = opened(functions.event("CustomEmailSender_SignUp"))
    assert code.encode() not in bytes(OutboxMessage.objects.get().body_sealed)


def test_without_its_sender_a_waiting_message_goes_the_ordinary_way(app: App, functions: Functions) -> None:
    functions.refuse("later")
    sign_up(app)
    app.idp.update_user_pool(UserPoolId=app.pool_id, AutoVerifiedAttributes=["email"])
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        outbox.deliver_waiting()
    assert app.inbox.code(ADDRESS)


@pytest.mark.operation("UpdateUserPool")
def test_a_sender_needs_a_key(app: App) -> None:
    config = {name: value for name, value in SENDERS.items() if name != "KMSKeyID"}
    with refused("InvalidParameterException"):
        app.idp.update_user_pool(UserPoolId=app.pool_id, LambdaConfig=config)


@pytest.mark.operation("CreateUserPool")
def test_the_two_forms_of_pre_token_generation_agree(idp: Any) -> None:
    newer = {"LambdaVersion": "V1_0", "LambdaArn": arn("PreTokenGeneration")}
    older = lambda_config("PreTokenGeneration")
    created = idp.create_user_pool(PoolName="p", LambdaConfig=older)["UserPool"]
    both = {**older, "PreTokenGenerationConfig": newer}
    assert created["LambdaConfig"] == both
    idp.update_user_pool(UserPoolId=created["Id"], LambdaConfig=both)
    with refused("InvalidParameterException"):
        idp.create_user_pool(
            PoolName="p", LambdaConfig={**both, "PreTokenGenerationConfig": {**newer, "LambdaArn": arn("other")}}
        )
