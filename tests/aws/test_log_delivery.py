"""Log delivery: what may be configured, and what is written."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from project.logs import logging_configuration
from tests.agents import CHROME_WINDOWS, trust_one_proxy
from tests.conftest import PASSWORD, App, Inbox, make_app, refused
from tests.threats import HOME, add_ons, configure, events, sign_in

pytestmark = pytest.mark.django_db

GROUP = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/vendedlogs/pool"
BUCKET = "arn:aws:s3:::pool-logs"
STREAM = "arn:aws:firehose:us-east-1:000000000000:deliverystream/pool"
TO_GROUP = {"CloudWatchLogsConfiguration": {"LogGroupArn": GROUP}}
TO_BUCKET = {"S3Configuration": {"BucketArn": BUCKET}}
TO_STREAM = {"FirehoseConfiguration": {"StreamArn": STREAM}}
MESSAGES = {"EventSource": "userNotification", "LogLevel": "ERROR", **TO_GROUP}
ACTIVITY = {"EventSource": "userAuthEvents", "LogLevel": "INFO", **TO_BUCKET}


class Lines(logging.Handler):
    """Keeps what the production formatter makes of each record."""

    def __init__(self) -> None:
        super().__init__()
        formatter = logging_configuration(development=False)["formatters"]["structlog"]
        make = formatter.pop("()")
        self.setFormatter(make(**formatter))
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(json.loads(self.format(record)))


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """The JSON lines of the export."""
    handler = Lines()
    logger = logging.getLogger("cognito_app.log_delivery")
    logger.addHandler(handler)
    yield handler.lines
    logger.removeHandler(handler)


@pytest.fixture
def guarded(idp: Any, inbox: Inbox, settings: Settings) -> App:
    """A pool with threat protection."""
    trust_one_proxy(settings)
    return make_app(idp, inbox, **add_ons("ENFORCED"))


def export(app: App, *configurations: dict[str, Any]) -> Any:
    """Set what the pool exports."""
    answer = app.idp.set_log_delivery_configuration(UserPoolId=app.pool_id, LogConfigurations=list(configurations))
    return answer["LogDeliveryConfiguration"]


@pytest.mark.operation("SetLogDeliveryConfiguration")
@pytest.mark.operation("GetLogDeliveryConfiguration")
def test_destinations_are_stored_and_removed(guarded: App) -> None:
    def stored() -> Any:
        return guarded.idp.get_log_delivery_configuration(UserPoolId=guarded.pool_id)["LogDeliveryConfiguration"]

    assert stored() == {"UserPoolId": guarded.pool_id, "LogConfigurations": []}
    given = export(guarded, MESSAGES, ACTIVITY)
    assert given == stored() == {"UserPoolId": guarded.pool_id, "LogConfigurations": [MESSAGES, ACTIVITY]}
    for destination in (TO_GROUP, TO_STREAM):
        only = {"EventSource": "userAuthEvents", "LogLevel": "INFO", **destination}
        export(guarded, only)
        assert stored()["LogConfigurations"] == [only]
    guarded.idp.update_user_pool(UserPoolId=guarded.pool_id)
    assert len(stored()["LogConfigurations"]) == 1
    assert export(guarded) == stored() == {"UserPoolId": guarded.pool_id, "LogConfigurations": []}


@pytest.mark.operation("SetLogDeliveryConfiguration")
@pytest.mark.parametrize(
    "wrong",
    [
        [MESSAGES, MESSAGES],
        [{**MESSAGES, "LogLevel": "INFO"}],
        [{**ACTIVITY, "LogLevel": "ERROR"}],
        [{"EventSource": "userNotification", "LogLevel": "ERROR", **TO_BUCKET}],
        [{"EventSource": "userNotification", "LogLevel": "ERROR"}],
        [{"EventSource": "userAuthEvents", "LogLevel": "INFO"}],
        [{**ACTIVITY, **TO_STREAM}],
        [{**ACTIVITY, "S3Configuration": {}}],
        [{**MESSAGES, "CloudWatchLogsConfiguration": {"LogGroupArn": STREAM}}],
        [{**ACTIVITY, "S3Configuration": {"BucketArn": "arn:aws:sqs:::pool-logs"}}],
        [{**MESSAGES, "EventSource": "other"}],
    ],
)
def test_only_some_pairs_are_allowed(guarded: App, wrong: list[dict[str, Any]]) -> None:
    export(guarded, MESSAGES)
    with refused("InvalidParameterException"):
        export(guarded, *wrong)
    stored = guarded.idp.get_log_delivery_configuration(UserPoolId=guarded.pool_id)["LogDeliveryConfiguration"]
    assert stored["LogConfigurations"] == [MESSAGES]


@pytest.mark.operation("SetLogDeliveryConfiguration")
def test_user_activity_needs_the_plus_tier(app: App, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "ALL_FEATURES": False}
    export(app, MESSAGES)
    with refused("FeatureUnavailableInTierException"):
        export(app, MESSAGES, ACTIVITY)


@pytest.mark.operation("SetLogDeliveryConfiguration")
@pytest.mark.operation("GetLogDeliveryConfiguration")
def test_the_pool_must_exist(idp: Any) -> None:
    with refused("ResourceNotFoundException"):
        idp.set_log_delivery_configuration(UserPoolId="us-east-1_Nothing00", LogConfigurations=[])
    with refused("ResourceNotFoundException"):
        idp.get_log_delivery_configuration(UserPoolId="us-east-1_Nothing00")


def test_events_are_written_after_the_commit(
    guarded: App,
    lines: list[dict[str, Any]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    guarded.sign_up()
    export(guarded, ACTIVITY)
    with django_capture_on_commit_callbacks():
        sign_in(guarded, HOME, CHROME_WINDOWS, UserContextData={"EncodedData": "e"})
    assert lines == []
    with django_capture_on_commit_callbacks(execute=True):
        sign_in(guarded, HOME, CHROME_WINDOWS, UserContextData={"EncodedData": "e"})
    (line,) = lines
    newest = events(guarded)[0]
    assert line["destination"] == BUCKET
    assert line["level"] == "info"
    record = line["record"]
    assert set(record) == {"eventTimestamp", "eventSource", "logLevel", "message", "logSourceId"}
    assert (record["eventSource"], record["logLevel"]) == ("USER_ACTIVITY", "INFO")
    assert record["logSourceId"] == {"userPoolId": guarded.pool_id}
    message = record["message"]
    assert message.pop("creationDate") == f"{newest['CreationDate'].astimezone(tz=None):%a %b %d %H:%M:%S UTC %Y}"
    assert len(message.pop("requestId")) == 36
    sub = guarded.idp.admin_get_user(UserPoolId=guarded.pool_id, Username="ann")["UserAttributes"]
    assert message == {
        "version": "1",
        "eventId": newest["EventId"],
        "eventType": "SignIn",
        "userSub": next(item["Value"] for item in sub if item["Name"] == "sub"),
        "userName": "ann",
        "userPoolId": guarded.pool_id,
        "clientId": guarded.client_id,
        "eventResponse": "Pass",
        "riskLevel": "",
        "riskDecision": "PASS",
        "challenges": ["Password:Success"],
        "deviceName": "Chrome 126, Windows 10",
        "ipAddress": HOME,
        "idpName": "",
        "compromisedCredentialDetected": "false",
        "city": "null",
        "country": "null",
        "eventFeedbackValue": "",
        "eventFeedbackDate": "",
        "eventFeedbackProvider": "",
        "hasContextData": "true",
    }


def test_refused_sign_ins_are_written_too(
    guarded: App,
    lines: list[dict[str, Any]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    guarded.sign_up()
    export(guarded, ACTIVITY)
    configure(guarded, RiskExceptionConfiguration={"BlockedIPRangeList": ["192.0.2.0/24"]})
    with django_capture_on_commit_callbacks(execute=True), refused("NotAuthorizedException"):
        sign_in(guarded, HOME)
    message = lines[0]["record"]["message"]
    assert (message["eventResponse"], message["riskDecision"]) == ("Fail", "BLOCK")


def test_nothing_is_written_where_nothing_is_configured(
    guarded: App,
    app: App,
    lines: list[dict[str, Any]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    export(guarded, MESSAGES)
    with django_capture_on_commit_callbacks(execute=True):
        guarded.sign_up()
        sign_in(guarded)
    # Without threat protection there is no user activity.
    app.idp.update_user_pool(UserPoolId=app.pool_id, AutoVerifiedAttributes=["email"], UserPoolTier="PLUS")
    export(app, ACTIVITY)
    with django_capture_on_commit_callbacks(execute=True):
        app.sign_up()
        app.sign_in()
    assert lines == []


def test_messages_that_fail_are_written_without_their_contents(
    app: App, lines: list[dict[str, Any]], settings: Settings
) -> None:
    export(app, MESSAGES)
    settings.EMAIL_BACKEND = "tests.nowhere.Backend"
    given = [{"Name": "email", "Value": "bob@example.com"}]
    with refused("CodeDeliveryFailureException"):
        app.idp.sign_up(ClientId=app.client_id, Username="bob", Password=PASSWORD, UserAttributes=given)
    (line,) = lines
    assert line["destination"] == GROUP
    assert line["level"] == "error"
    record = line["record"]
    assert int(record.pop("eventTimestamp")) > 1_700_000_000_000
    assert record == {
        "eventSource": "USER_NOTIFICATION",
        "logLevel": "ERROR",
        "message": {"details": "EMAIL message of kind sign_up was not delivered: ModuleNotFoundError"},
        "logSourceId": {"userPoolId": app.pool_id},
    }
    assert app.inbox.code("bob@example.com") not in json.dumps(line)
