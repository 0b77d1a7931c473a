"""Log delivery: which events a pool exports where to, and the export of them.

The one sink of this release is the Python logger ``cognito_app.log_delivery``: each entry names the destination's ARN,
so that a log shipper can take it on from there. Delivery is best effort, as AWS's is.
Source: https://docs.aws.amazon.com/cognito/latest/developerguide/exporting-quotas-and-usage.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import structlog
from django.db import transaction

from cognito_app.core import clock, user_agent
from cognito_app.errors import InvalidParameterException, ResourceNotFoundException
from cognito_app.models import AuthEvent, OutboxMessage, PoolUser
from cognito_app.services import config, pools, tiers
from cognito_app.services.actor import Actor
from cognito_app.services.config import PoolConfig

EXTRA = "log_delivery"
LEVELS = {"userNotification": "ERROR", "userAuthEvents": "INFO"}
# The member that names a destination, the member in it, and how the ARN of such a thing begins.
DESTINATIONS = {
    "CloudWatchLogsConfiguration": ("LogGroupArn", ("logs", "log-group:")),
    "S3Configuration": ("BucketArn", ("s3", "")),
    "FirehoseConfiguration": ("StreamArn", ("firehose", "deliverystream/")),
}
DECISIONS = {"NoRisk": "PASS", "AccountTakeover": "ACCOUNT_TAKEOVER", "Block": "BLOCK"}
TIME_FORM = "%a %b %d %H:%M:%S UTC %Y"

log = structlog.get_logger("cognito_app.log_delivery")


def configure(pool: PoolConfig, actor: Actor, configurations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Replace what a pool exports; an empty list ends it.

    Raises InvalidParameterException, FeatureUnavailableInTierException, ResourceNotFoundException.
    """
    sources = [item["EventSource"] for item in configurations]
    if len(set(sources)) != len(sources):
        raise InvalidParameterException("Each event source can be configured once.")
    for item in configurations:
        _check(item)
    if "userAuthEvents" in sources:
        tiers.require(pool.tier, tiers.ACTIVITY_LOG_EXPORT)
    with pools.changing(actor, pool.id, "SetLogDeliveryConfiguration", sources=sorted(sources)) as row:
        row.extras = {**row.extras, EXTRA: configurations}
    return configurations


def of(pool: PoolConfig) -> list[dict[str, Any]]:
    """Return what a pool exports."""
    return list(pool.extras.get(EXTRA) or ())


def _check(item: Mapping[str, Any]) -> None:
    source, level = item["EventSource"], item["LogLevel"]
    if level != LEVELS[source]:
        raise InvalidParameterException(f"Log level {level} is not supported for event source {source}.")
    given = [name for name in DESTINATIONS if item.get(name) is not None]
    if len(given) != 1:
        raise InvalidParameterException(f"Event source {source} needs exactly one destination.")
    if source == "userNotification" and given != ["CloudWatchLogsConfiguration"]:
        raise InvalidParameterException(f"Event source {source} can only be sent to CloudWatch Logs.")
    member, (service, prefix) = DESTINATIONS[given[0]]
    arn = item[given[0]].get(member) or ""
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[2] != service or not parts[5].startswith(prefix):
        raise InvalidParameterException(f"Invalid {member}.")


def _destination(pool: PoolConfig, source: str) -> str | None:
    for item in of(pool):
        if item["EventSource"] == source:
            name = next(name for name in DESTINATIONS if item.get(name) is not None)
            return str(item[name][DESTINATIONS[name][0]])
    return None


def user_activity(pool: PoolConfig, user: PoolUser, event: AuthEvent, actor: Actor, client_id: str) -> None:
    """Export an event of a user, after the running transaction, if the pool says so."""
    destination = _destination(pool, "userAuthEvents")
    if destination is None or pool.threat_protection == "OFF":
        return
    record = _entry(pool.id, "USER_ACTIVITY", "INFO", _activity(user, event, actor, client_id))
    transaction.on_commit(partial(_write, log.info, destination, record))


def delivery_failed(message: OutboxMessage, reason: str) -> None:
    """Export that a message to a user was not taken, if the pool says so."""
    try:
        pool = config.pool(message.pool_id)
    except ResourceNotFoundException:
        return
    destination = _destination(pool, "userNotification")
    if destination is None:
        return
    details = f"{message.medium} message of kind {message.purpose} was not delivered: {reason}"
    _write(log.error, destination, _entry(pool.id, "USER_NOTIFICATION", "ERROR", {"details": details}))


def _write(write: Callable[..., Any], destination: str, record: dict[str, Any]) -> None:
    write("log_delivery", destination=destination, record=record)


def _entry(pool_id: str, source: str, level: str, message: dict[str, Any]) -> dict[str, Any]:
    return {
        "eventTimestamp": str(int(clock.now().timestamp() * 1000)),
        "eventSource": source,
        "logLevel": level,
        "message": message,
        "logSourceId": {"userPoolId": pool_id},
    }


def _activity(user: PoolUser, event: AuthEvent, actor: Actor, client_id: str) -> dict[str, Any]:
    risk = event.risk
    return {
        "version": "1",
        "eventId": str(event.id),
        "eventType": event.type,
        "userSub": user.sub,
        "userName": user.username,
        "userPoolId": user.pool_id,
        "clientId": client_id,
        "creationDate": event.created_at.strftime(TIME_FORM),
        "eventResponse": event.response,
        "riskLevel": risk.get("RiskLevel", "").upper(),
        "riskDecision": DECISIONS[risk.get("RiskDecision", "NoRisk")],
        "challenges": [f"{item['ChallengeName']}:{item['ChallengeResponse']}" for item in event.challenges],
        "deviceName": user_agent.parse(event.user_agent).name,
        "ipAddress": event.ip_address,
        "requestId": actor.request_id,
        "idpName": "",
        "compromisedCredentialDetected": str(bool(risk.get("CompromisedCredentialsDetected"))).lower(),
        "city": "null",
        "country": "null",
        "eventFeedbackValue": "",
        "eventFeedbackDate": "",
        "eventFeedbackProvider": "",
        "hasContextData": str(actor.has_context).lower(),
    }
