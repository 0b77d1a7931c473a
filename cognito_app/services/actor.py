"""Who asks for something, from where; and the audit trail of changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cognito_app.core import clock
from cognito_app.models import AuditEvent
from cognito_app.models.rows import Rows

AUDIT_ROWS: Rows[AuditEvent] = Rows(AuditEvent)


@dataclass(frozen=True, slots=True)
class Actor:
    """The origin of a request; ``name`` is an IAM ARN, an operator's name, or empty for a user of a pool.

    ``has_context`` tells that the app described the user's device (UserContextData, ContextData); ``direct`` that
    ``ip`` is that device's address for certain, and not a server's in between.
    """

    name: str = ""
    ip: str = ""
    user_agent: str = ""
    request_id: str = ""
    has_context: bool = False
    direct: bool = False


SYSTEM = Actor(name="system")


def audit(actor: Actor, action: str, *, pool_id: str = "", subject: str = "", **detail: Any) -> None:
    """Write an audit row, in the transaction of the change; ``detail`` must hold no secret and no personal value."""
    AUDIT_ROWS.insert(
        AuditEvent(
            time=clock.now(),
            actor=actor.name[:2048],
            action=action,
            pool_id=pool_id,
            subject=subject[:256],
            source_ip=actor.ip[:64],
            request_id=actor.request_id,
            detail=detail,
        )
    )
