"""Mails that tell a user of a sign-in that looked unusual, with links to say whether it was theirs.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-message-customizations.html
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlencode

from cognito_app.core import clock, user_agent
from cognito_app.messages import notices
from cognito_app.messages.templates import EMAIL
from cognito_app.models import OutboxMessage, PoolUser
from cognito_app.services import auth_events, domains, occasions, outbox
from cognito_app.services.log_delivery import TIME_FORM
from cognito_app.services.occasions import Handover
from cognito_app.services.risk_settings import RiskSettings
from cognito_app.services.sign_in.state import Context

UNKNOWN = "unknown"
ACTIONS = {"BlockEmail": "BLOCK", "NoActionEmail": "NO_ACTION", "MfaEmail": "MFA"}


def enqueue(context: Context, user: PoolUser, settings: RiskSettings, kind: str) -> OutboxMessage | None:
    """Store the mail of a decision in the running transaction; ``kind`` is BlockEmail, NoActionEmail or MfaEmail.

    It goes to the user's address, verified or not; None if there is none.
    """
    address = user.attributes.get("email")
    if not address:
        return None
    token = auth_events.make_token(user, context.attempt.event_id)
    page = f"{domains.base_url(context.pool.id)}/eventFeedback"
    values = {
        "login-time": clock.now().strftime(TIME_FORM),
        "device-name": user_agent.parse(context.actor.user_agent).name,
        "city": UNKNOWN,
        "country": UNKNOWN,
        "one-click-link-valid": f"{page}?{urlencode({'valid': token})}",
        "one-click-link-invalid": f"{page}?{urlencode({'invalid': token})}",
    }
    template = settings.notification.get(kind) or {}
    message = notices.render(template, kind=kind, destination=address, values=values)
    return outbox.enqueue(user, message, _handover(context, user, kind, token, values))


def _handover(context: Context, user: PoolUser, kind: str, token: str, values: dict[str, str]) -> Handover | None:
    """Return what CustomEmailSender is told: the notice in place of the user's attributes, and no code."""
    occasion = occasions.of(context.pool, context.client.id, context.actor, occasions.ACCOUNT_TAKE_OVER)
    told = {
        "EVENT_ID": context.attempt.event_id,
        "USER_NAME": user.username,
        "IP_ADDRESS": context.actor.ip,
        "ACCOUNT_TAKE_OVER_ACTION": ACTIONS[kind],
        "ONE_CLICK_LINK_VALID": values["one-click-link-valid"],
        "ONE_CLICK_LINK_INVALID": values["one-click-link-invalid"],
        "LOGIN_TIME": values["login-time"],
        "FEEDBACK_TOKEN": token,
        "DEVICE_NAME": values["device-name"],
    }
    handover = occasion.handover(user, EMAIL, None)
    return replace(handover, attributes=told) if handover is not None else None


def deliver(row: OutboxMessage | None) -> None:
    """Send a notice that was committed; one that fails is left to the worker, whatever becomes of the sign-in."""
    with suppress(*outbox.NOT_DELIVERED):
        outbox.deliver(row)
