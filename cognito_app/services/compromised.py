"""Passwords that attackers try first: the list of common passwords that Django brings along, read once when needed.

A bundled list is a floor: it knows nothing of leaked pairs of names and passwords.
Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-compromised-credentials.html
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator

from cognito_app.errors import InvalidPasswordException
from cognito_app.models import PoolUser
from cognito_app.services import events, risk_settings
from cognito_app.services.actor import Actor
from cognito_app.services.config import PoolConfig

SIGN_UP = "SIGN_UP"
SIGN_IN = "SIGN_IN"
PASSWORD_CHANGE = "PASSWORD_CHANGE"  # noqa: S105  # an event

REFUSED = "Provided password cannot be used for security reasons."
EVENT_TYPES = {SIGN_UP: events.SIGN_UP, PASSWORD_CHANGE: events.PASSWORD_CHANGE}


@cache
def _common() -> frozenset[str]:
    return frozenset(CommonPasswordValidator().passwords)


def is_common(password: str) -> bool:
    """Whether the list has a password, in whatever case."""
    return password.lower().strip() in _common()


def detects(pool: PoolConfig, client_id: str, password: str, event: str) -> bool:
    """Whether the pool looks at this event and the password is known to attackers."""
    if pool.threat_protection == risk_settings.OFF:
        return False
    return event in risk_settings.of(pool, client_id).watched_events and is_common(password)


def blocks(pool: PoolConfig, client_id: str) -> bool:
    """Whether detected passwords are refused, not only noted."""
    enforced = pool.threat_protection == risk_settings.ENFORCED
    return enforced and risk_settings.of(pool, client_id).blocks_compromised


def check_new(
    pool: PoolConfig, client_id: str, actor: Actor, password: str, event: str, user: PoolUser | None = None
) -> dict[str, Any] | None:
    """Look at a new password; returns the risk to record with the event of the change, None if there is none.

    Raises InvalidPasswordException where such passwords are refused.
    """
    if not detects(pool, client_id, password, event):
        return None
    if blocks(pool, client_id):
        risk = events.risk_of("Block", compromised=True)
        events.record(user, actor, EVENT_TYPES[event], passed=False, risk=risk, client_id=client_id)
        raise InvalidPasswordException(REFUSED)
    return events.risk_of("NoRisk", compromised=True)
