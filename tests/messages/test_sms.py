"""SMS through providers on loopback: SNS with the pool's role, End User Messaging, Twilio; what refusals lead to."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest
from pytest_django import Settings

from cognito_app.messages.backends import aws
from cognito_app.models import OutboxMessage
from cognito_app.services import outbox
from tests.clients.endpoints import Answer, Endpoint, Received, running
from tests.conftest import PASSWORD, App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db

PHONE = "+15550001111"
ROLE = "arn:aws:iam::000000000000:role/sms"
XML = {"Content-Type": "text/xml"}
PUBLISHED = (
    '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>m-1</MessageId>'
    "</PublishResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></PublishResponse>"
)
ASSUMED = (
    '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
    "<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>"
    "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
)


def error(code: str, status: int) -> Answer:
    """Return an error of the query protocol."""
    body = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    return Answer(raw=body.encode(), status=status, headers=XML)


def form(received: Received) -> dict[str, str]:
    """Return the fields of a form."""
    return {name: values[0] for name, values in parse_qs(received.body.decode()).items()}


class Aws:
    """What AWS answers to Publish and AssumeRole."""

    def __init__(self) -> None:
        self.published: Answer = Answer(raw=PUBLISHED.encode(), headers=XML)
        self.assumed: Answer = Answer(raw=ASSUMED.encode(), headers=XML)

    def __call__(self, received: Received) -> Answer:
        if "x-amz-target" in received.headers:
            return Answer(body={"MessageId": "m-2"})
        return self.assumed if form(received)["Action"] == "AssumeRole" else self.published


@pytest.fixture
def cloud(settings: Settings, inbox: Inbox) -> Iterator[tuple[Aws, Endpoint]]:
    """Send SMS by AWS's APIs on loopback, with the pool's role."""
    answers = Aws()
    with running(answers) as endpoint:
        options = {
            "endpoint_url": endpoint.url,
            "sts_endpoint_url": endpoint.url,
            "assume_role": True,
            "access_key_id": "AKIAOWN",
            "secret_access_key": "own",
            "sender_id": "SHOP",
        }
        backend = "cognito_app.messages.backends.aws.AwsBackend"
        settings.COGNITO = {**settings.COGNITO, "SMS_BACKEND": backend, "SMS_OPTIONS": options, "OUTBOX_DIR": None}
        yield answers, endpoint
    aws._made.cache_clear()
    aws._assumed.cache_clear()


def phone_app(idp: Any, inbox: Inbox, **sms: Any) -> App:
    """Make a pool that verifies telephone numbers."""
    given = sms or {"SnsCallerArn": ROLE, "ExternalId": "ext-1", "SnsRegion": "eu-west-1"}
    return make_app(idp, inbox, AutoVerifiedAttributes=["phone_number"], SmsConfiguration=given)


def sign_up(app: App, name: str = "ann") -> Any:
    """Register a user with a telephone number."""
    given = [{"Name": "phone_number", "Value": PHONE}]
    return app.idp.sign_up(ClientId=app.client_id, Username=name, Password=PASSWORD, UserAttributes=given)


def confirm(app: App, text: str) -> None:
    """Confirm ann by the code at the end of a text message."""
    code = text.rstrip(". ")[-6:]
    app.idp.confirm_sign_up(ClientId=app.client_id, Username="ann", ConfirmationCode=code)


def test_sns_publishes_with_the_role_of_the_pool(idp: Any, inbox: Inbox, cloud: tuple[Aws, Endpoint]) -> None:
    app = phone_app(idp, inbox)
    assert sign_up(app)["CodeDeliveryDetails"]["DeliveryMedium"] == "SMS"
    assumed, published = cloud[1].received
    role = form(assumed)
    assert (role["RoleArn"], role["ExternalId"]) == (ROLE, "ext-1")
    assert "Credential=AKIAOWN/" in assumed.headers["authorization"]
    assert "Credential=ASIAROLE/" in published.headers["authorization"]
    assert "/eu-west-1/sns/" in published.headers["authorization"]
    assert published.headers["x-amz-security-token"] == "token"
    sent = form(published)
    assert (sent["Action"], sent["PhoneNumber"]) == ("Publish", PHONE)
    told = {
        sent[f"MessageAttributes.entry.{n}.Name"]: sent[f"MessageAttributes.entry.{n}.Value.StringValue"]
        for n in (1, 2)
    }
    assert told == {"AWS.SNS.SMS.SMSType": "Transactional", "AWS.SNS.SMS.SenderID": "SHOP"}
    confirm(app, sent["Message"])


def test_end_user_messaging(idp: Any, inbox: Inbox, cloud: tuple[Aws, Endpoint]) -> None:
    settings = {
        "CallerArn": ROLE,
        "ExternalId": "ext-2",
        "OriginationIdentity": "+15559990000",
        "ConfigurationSetName": "set",
        "InEntityId": "entity",
    }
    app = phone_app(idp, inbox, EumsSms=settings)
    sign_up(app)
    assumed, sent = cloud[1].received
    assert form(assumed)["ExternalId"] == "ext-2"
    assert sent.headers["x-amz-target"].endswith(".SendTextMessage")
    told = json.loads(sent.body)
    confirm(app, told.pop("MessageBody"))
    assert told == {
        "DestinationPhoneNumber": PHONE,
        "MessageType": "TRANSACTIONAL",
        "OriginationIdentity": "+15559990000",
        "ConfigurationSetName": "set",
        "DestinationCountryParameters": {"IN_ENTITY_ID": "entity"},
    }


@pytest.mark.operation("CreateUserPool")
@pytest.mark.operation("SetUserPoolMfaConfig")
def test_settings_of_end_user_messaging_that_do_not_fit(idp: Any, app: App) -> None:
    eums = {"CallerArn": ROLE}
    for unfit in ({"SnsCallerArn": ROLE, "EumsSms": eums}, {"EumsSms": {**eums, "Region": "eu-west-1"}}):
        with refused("InvalidParameterException"):
            idp.create_user_pool(PoolName="p", SmsConfiguration=unfit)
        with refused("InvalidParameterException"):
            idp.set_user_pool_mfa_config(
                UserPoolId=app.pool_id, MfaConfiguration="ON", SmsMfaConfiguration={"SmsConfiguration": unfit}
            )
    idp.create_user_pool(PoolName="p", SmsConfiguration={"EumsSms": {**eums, "Region": "us-east-1"}})


@pytest.mark.operation("SignUp")
@pytest.mark.parametrize(
    ("answer", "code", "final"),
    [
        (error("AuthorizationError", 403), "InvalidSmsRoleAccessPolicyException", False),
        (error("InvalidParameter", 400), "CodeDeliveryFailureException", True),
        (error("InternalError", 500), "CodeDeliveryFailureException", False),
        (error("Throttled", 429), "CodeDeliveryFailureException", False),
        (Answer(raw=b"garbage", status=502), "CodeDeliveryFailureException", False),
    ],
)
def test_refusals_of_sns(
    idp: Any, inbox: Inbox, cloud: tuple[Aws, Endpoint], answer: Answer, code: str, final: bool
) -> None:
    cloud[0].published = answer
    with refused(code):
        sign_up(phone_app(idp, inbox))
    row = OutboxMessage.objects.get()
    assert (row.failed_at is not None, row.sent_at) == (final, None)
    assert row.last_error


@pytest.mark.operation("SignUp")
def test_a_role_that_cannot_be_assumed(idp: Any, inbox: Inbox, cloud: tuple[Aws, Endpoint]) -> None:
    app, answers = phone_app(idp, inbox), cloud[0]
    answers.assumed, good = error("AccessDenied", 403), answers.assumed
    with refused("InvalidSmsRoleTrustRelationshipException"):
        sign_up(app)
    answers.assumed = good
    OutboxMessage.objects.update(next_try_at=OutboxMessage.objects.get().created_at)
    assert outbox.deliver_waiting() == 1
    confirm(app, form(cloud[1].received[-1])["Message"])


@pytest.fixture
def twilio(settings: Settings, inbox: Inbox) -> Iterator[Callable[..., Endpoint]]:
    """Send SMS by Twilio's API on loopback."""
    created = Answer(body={"sid": "SM1", "status": "queued"}, status=201)
    with running(lambda received: created) as endpoint:

        def use(**options: str) -> Endpoint:
            given = {"account_sid": "AC1", "auth_token": "tok", "base_url": endpoint.url, "from": "+15550009999"}
            backend = "cognito_app.messages.backends.twilio.TwilioBackend"
            settings.COGNITO = {
                **settings.COGNITO,
                "SMS_BACKEND": backend,
                "SMS_OPTIONS": {**given, **options},
                "OUTBOX_DIR": None,
            }
            return endpoint

        yield use


def test_twilio(idp: Any, inbox: Inbox, twilio: Callable[..., Endpoint]) -> None:
    endpoint = twilio()
    app = phone_app(idp, inbox)
    sign_up(app)
    (received,) = endpoint.received
    assert received.path == "/2010-04-01/Accounts/AC1/Messages.json"
    assert received.headers["content-type"] == "application/x-www-form-urlencoded"
    assert received.headers["authorization"] == "Basic " + base64.b64encode(b"AC1:tok").decode()
    sent = form(received)
    confirm(app, sent.pop("Body"))
    assert sent == {"To": PHONE, "From": "+15550009999"}


def test_twilio_with_an_api_key_and_a_messaging_service(
    idp: Any, inbox: Inbox, twilio: Callable[..., Endpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_SECRET", "s3cret")
    endpoint = twilio(api_key="SK1", api_secret="env:TWILIO_SECRET", messaging_service_sid="MG1")
    sign_up(phone_app(idp, inbox))
    (received,) = endpoint.received
    assert received.headers["authorization"] == "Basic " + base64.b64encode(b"SK1:s3cret").decode()
    assert form(received)["MessagingServiceSid"] == "MG1"
    assert "From" not in form(received)


@pytest.mark.operation("SignUp")
@pytest.mark.parametrize(
    ("status", "number", "code", "final"),
    [
        (400, 21211, "CodeDeliveryFailureException", True),
        (401, 20003, "InvalidSmsRoleAccessPolicyException", False),
        (429, 20429, "CodeDeliveryFailureException", False),
        (503, 20503, "CodeDeliveryFailureException", False),
    ],
)
def test_refusals_of_twilio(
    idp: Any, inbox: Inbox, twilio: Callable[..., Endpoint], status: int, number: int, code: str, final: bool
) -> None:
    endpoint = twilio()
    endpoint.answer = lambda received: Answer(body={"code": number, "message": f"to {PHONE}"}, status=status)
    with refused(code):
        sign_up(phone_app(idp, inbox))
    row = OutboxMessage.objects.get()
    assert (row.failed_at is not None, row.last_error[:9]) == (final, f"Twilio{status}")
    assert PHONE not in row.last_error


def test_the_console_and_no_backend(
    idp: Any, inbox: Inbox, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    app, without = phone_app(idp, inbox), {**settings.COGNITO, "OUTBOX_DIR": None}
    settings.COGNITO = {**without, "SMS_BACKEND": "cognito_app.messages.backends.sms.ConsoleBackend"}
    sign_up(app)
    confirm(app, capsys.readouterr().out.strip())
    settings.COGNITO = without
    with refused("CodeDeliveryFailureException"):
        sign_up(app, "bob")
