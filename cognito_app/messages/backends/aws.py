"""SMS by Amazon SNS, or by AWS End User Messaging where the pool's SmsConfiguration has EumsSms.

``COGNITO["SMS_OPTIONS"]``: ``endpoint_url`` and ``sts_endpoint_url`` (AWS's own if left out), ``assume_role`` (send
with the pool's role, by its ExternalId; else with the server's own credentials), ``sender_id``,
``origination_number``, ``access_key_id`` and ``secret_access_key`` (boto3's search for credentials if left out).
Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html,
https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, NoCredentialsError

from cognito_app.conf import app_settings
from cognito_app.core import clock
from cognito_app.messages import options
from cognito_app.messages.channel import Sms
from cognito_app.messages.failures import AccessRefused, Refused, TrustRefused, Unavailable

SECONDS = 5.0
CONNECT_SECONDS = 2.0
ROLE_SECONDS = 900
RENEW_AFTER = 600
NO_ACCESS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "ExpiredToken",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
NO_USE = frozenset({"InvalidParameter", "InvalidParameterValue", "ConflictException", "ValidationException"})


class AwsBackend:
    """Sends by the API that the pool's settings name."""

    def send(self, sms: Sms) -> None:
        """Send a message. Raises Refused, AccessRefused, TrustRefused, or what boto3 raises."""
        eums = sms.settings.get("EumsSms")
        try:
            if eums:
                _client("pinpoint-sms-voice-v2", eums.get("CallerArn"), eums).send_text_message(**_text(sms, eums))
            else:
                _client("sns", sms.settings.get("SnsCallerArn"), sms.settings).publish(**_publication(sms))
        except NoCredentialsError as error:
            raise AccessRefused("NoCredentials") from error
        except ClientError as error:
            raise _refusal(error) from error


def _refusal(error: ClientError) -> Exception:
    code = str(error.response.get("Error", {}).get("Code", ""))
    if code in NO_ACCESS:
        return AccessRefused(code)
    return Refused(code) if code in NO_USE else Unavailable(code)


def _publication(sms: Sms) -> dict[str, Any]:
    told = {"AWS.SNS.SMS.SMSType": "Transactional"}
    if options.sms("sender_id"):
        told["AWS.SNS.SMS.SenderID"] = str(options.sms("sender_id"))
    if options.sms("origination_number"):
        told["AWS.MM.SMS.OriginationNumber"] = str(options.sms("origination_number"))
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in told.items()}
    return {"PhoneNumber": sms.destination, "Message": sms.text, "MessageAttributes": attributes}


def _text(sms: Sms, eums: Mapping[str, Any]) -> dict[str, Any]:
    given = {
        "DestinationPhoneNumber": sms.destination,
        "MessageBody": sms.text,
        "MessageType": "TRANSACTIONAL",
        "OriginationIdentity": eums.get("OriginationIdentity"),
        "ConfigurationSetName": eums.get("ConfigurationSetName"),
        "DestinationCountryParameters": {
            name: eums[member]
            for name, member in (("IN_ENTITY_ID", "InEntityId"), ("IN_TEMPLATE_ID", "InTemplateId"))
            if eums.get(member)
        },
    }
    return {name: value for name, value in given.items() if value}


def _client(service: str, role: str | None, settings: Mapping[str, Any]) -> Any:
    region = str(settings.get("SnsRegion") or settings.get("Region") or app_settings.region)
    credentials = _own_credentials()
    if role and options.sms("assume_role"):
        # A new period makes a new key of the cache: credentials are renewed before they end.
        period = clock.epoch() // RENEW_AFTER
        credentials = _assumed(role, settings.get("ExternalId"), region, _sts_url(), credentials, period)
    return _made(service, region, options.sms("endpoint_url"), credentials)


def _sts_url() -> str | None:
    found: str | None = options.sms("sts_endpoint_url")
    return found


def _own_credentials() -> tuple[str, ...]:
    found = options.sms("access_key_id"), options.sms("secret_access_key")
    return (str(found[0]), str(found[1])) if all(found) else ()


@lru_cache(maxsize=64)
def _made(service: str, region: str, endpoint_url: str | None, credentials: tuple[str, ...]) -> Any:
    # One try a call: the outbox repeats.
    limits = Config(connect_timeout=CONNECT_SECONDS, read_timeout=SECONDS, retries={"total_max_attempts": 1})
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    given = dict(zip(names, credentials, strict=False))
    make: Any = boto3.client
    return make(service, region_name=region, endpoint_url=endpoint_url, config=limits, **given)


@lru_cache(maxsize=64)
def _assumed(
    role: str, external_id: str | None, region: str, url: str | None, own: tuple[str, ...], period: int
) -> tuple[str, ...]:
    """Return credentials of the pool's role. Raises TrustRefused or what boto3 raises."""
    given = {"RoleArn": role, "RoleSessionName": "CognitoMessages", "DurationSeconds": ROLE_SECONDS}
    if external_id:
        given["ExternalId"] = external_id
    try:
        found = _made("sts", region, url, own).assume_role(**given)["Credentials"]
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in NO_ACCESS:
            raise TrustRefused(code) from error
        raise
    return found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]
