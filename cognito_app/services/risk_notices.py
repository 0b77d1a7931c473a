"""Mails that tell a user of a sign-in that looked unusual, with links to say whether it was theirs.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-message-customizations.html
"""

from __future__ import annotations

from urllib.parse import urlencode

import structlog

from cognito_app.core import clock, user_agent
from cognito_app.errors import CodeDeliveryFailureException
from cognito_app.messages import notices
from cognito_app.models import OutboxMessage, PoolUser
from cognito_app.services import auth_events, domains, outbox
from cognito_app.services.log_delivery import TIME_FORM
from cognito_app.services.risk_settings import RiskSettings
from cognito_app.services.sign_in.state import Context

UNKNOWN = "unknown"

log = structlog.get_logger(__name__)


def enqueue(context: Context, user: PoolUser, settings: RiskSettings, kind: str) -> OutboxMessage | None:
    """Store the mail of a decision in the running transaction; ``kind`` is BlockEmail, NoActionEmail or MfaEmail.

    It goes to the user's address, verified or not; None if there is none.
    """
    address = user.attributes.get("email")
    if not address:
        return None
    if context.pool.triggers.get("CustomEmailSender"):
        # That trigger would have to send the mail, and triggers do not run yet: a sign-in is no worse for it.
        log.warning("risk_notice_not_sent", pool_id=context.pool.id, reason="CustomEmailSender")
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
    return outbox.enqueue(user, notices.render(template, kind=kind, destination=address, values=values))


def deliver(row: OutboxMessage | None) -> None:
    """Send a notice that was committed; one that fails is left to the worker, whatever becomes of the sign-in."""
    try:
        outbox.deliver(row)
    except CodeDeliveryFailureException:
        return
