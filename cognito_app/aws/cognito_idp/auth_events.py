"""The history of users' events, and feedback on them."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.core import clock, user_agent
from cognito_app.models import AuthEvent
from cognito_app.services import auth_events


def present(row: AuthEvent) -> dict[str, Any]:
    """Return an AuthEventType; the place of an address is not known here, which Cognito shows as the text ``null``."""
    feedback = row.feedback
    return {
        "EventId": str(row.id),
        "EventType": row.type,
        "CreationDate": row.created_at,
        "EventResponse": row.response,
        "EventRisk": row.risk or None,
        "ChallengeResponses": row.challenges,
        "EventContextData": {
            "IpAddress": row.ip_address,
            "DeviceName": user_agent.parse(row.user_agent).name,
            "City": "null",
        },
        "EventFeedback": {**feedback, "FeedbackDate": clock.from_epoch(feedback["FeedbackDate"])} if feedback else None,
    }


@operation("AdminListUserAuthEvents")
def admin_list_user_auth_events(
    call: Call, *, UserPoolId: str, Username: str, MaxResults: int | None = None, NextToken: str | None = None
) -> dict[str, Any]:
    found, token = auth_events.page(call.pool, Username, limit=MaxResults, token=NextToken)
    return {"AuthEvents": [present(row) for row in found], "NextToken": token}


@operation("AdminUpdateAuthEventFeedback")
def admin_update_auth_event_feedback(
    call: Call, *, UserPoolId: str, Username: str, EventId: str, FeedbackValue: str
) -> dict[str, Any]:
    auth_events.give_admin_feedback(call.pool, call.actor, Username, EventId, FeedbackValue)
    return {}


@operation("UpdateAuthEventFeedback")
def update_auth_event_feedback(
    call: Call, *, UserPoolId: str, Username: str, EventId: str, FeedbackToken: str, FeedbackValue: str
) -> dict[str, Any]:
    auth_events.give_feedback(call.pool, Username, EventId, FeedbackToken, FeedbackValue)
    return {}
