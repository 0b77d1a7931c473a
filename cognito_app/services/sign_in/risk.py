"""Threat protection at sign-in: who is refused, whose second factor is demanded.

All of it does nothing in a pool without threat protection.
Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-threat-protection.html
"""

from __future__ import annotations

import structlog
from django.db import transaction
from django.db.models import Q

from cognito_app.errors import NotAuthorizedException, PasswordResetRequiredException
from cognito_app.models import AuthEvent, PoolUser
from cognito_app.services import (
    attempts,
    compromised,
    events,
    mfa_preferences,
    risk_notices,
    risk_score,
    risk_settings,
    users,
)
from cognito_app.services.config import PoolConfig
from cognito_app.services.mfa_rules import Kind
from cognito_app.services.risk_settings import Response
from cognito_app.services.sign_in import progress
from cognito_app.services.sign_in.state import WRONG_PASSWORD, Context

BLOCKED = "Unable to login because of security reasons."
HISTORY = 50
ALLOW = Response(action="NO_ACTION", notify=False)

log = structlog.get_logger(__name__)


def check_source(context: Context, name: str) -> None:
    """Refuse an address on the always-block list, whoever asks; before anything of the user is looked at.

    Raises NotAuthorizedException.
    """
    if _is_off(context) or not risk_settings.of(context.pool, context.client.id).blocks(context.actor.ip):
        return
    if not _is_enforced(context):
        log.info("blocked_address_seen", pool_id=context.pool.id, client_id=context.client.id, ip=context.actor.ip)
        return
    progress.failed(context, users.find_or_none(context.pool, name), challenges=[], risk=events.risk_of("Block"))
    raise NotAuthorizedException(BLOCKED)


def look_at_password(context: Context, password: str) -> None:
    """Remember whether the right password is one that attackers know; ``judge`` acts on it."""
    context.attempt.compromised = compromised.detects(context.pool, context.client.id, password, compromised.SIGN_IN)


def judge(context: Context, user: PoolUser, throttle_key: str) -> None:
    """Assess a sign-in whose password was right, and act by its level of risk.

    Raises NotAuthorizedException, PasswordResetRequiredException.
    """
    if _is_off(context):
        return
    attempt = context.attempt
    attempt.user = user
    if attempt.compromised and compromised.blocks(context.pool, context.client.id):
        _require_reset(context, user, throttle_key)
    settings = risk_settings.of(context.pool, context.client.id)
    level = None if settings.skips(context.actor.ip) else _level(context, user)
    response = settings.responses.get(level, ALLOW) if level and _is_enforced(context) else ALLOW
    possible = can_do_mfa(context.pool, user)
    blocked = response.action == "BLOCK" or (response.action == "MFA_REQUIRED" and not possible)
    attempt.demands_mfa = possible and response.action in ("MFA_IF_CONFIGURED", "MFA_REQUIRED")
    decision = "Block" if blocked else "AccountTakeover" if level else "NoRisk"
    attempt.risk = events.risk_of(decision, level=level, compromised=attempt.compromised)
    template = "BlockEmail" if blocked else "MfaEmail" if attempt.demands_mfa else "NoActionEmail"
    with transaction.atomic():
        # The notice first: it names the event by the attempt's id, which a failed attempt leaves behind.
        notice = risk_notices.enqueue(context, user, settings, template) if response.notify else None
        if blocked:
            attempts.clear_sign_in(throttle_key)
            progress.failed(context, user, risk=attempt.risk)
    risk_notices.deliver(notice)
    if blocked:
        raise NotAuthorizedException(BLOCKED)


def can_do_mfa(pool: PoolConfig, user: PoolUser) -> bool:
    """Whether a second factor can be asked of the user at once, without setting one up."""
    return mfa_preferences.decide(pool, user, demanded=True).kind in (Kind.CHALLENGE, Kind.SELECT)


def demands_mfa(context: Context) -> bool:
    """Whether the risk of this attempt calls for a second factor, though pool and user may ask for none.

    The demand goes on through the sessions of the attempt's challenges.
    """
    return context.attempt.demands_mfa


def _is_off(context: Context) -> bool:
    return context.pool.threat_protection == risk_settings.OFF


def _is_enforced(context: Context) -> bool:
    return context.pool.threat_protection == risk_settings.ENFORCED


def _level(context: Context, user: PoolUser) -> str | None:
    """Compare with the user's last sign-ins that succeeded, and with those of which somebody said what they were."""
    told = Q(response="Pass") | ~Q(feedback={})
    rows = AuthEvent.objects.filter(told, user_id=user.pk, type=events.SIGN_IN).order_by("-created_at")
    history = [
        risk_score.sighting(ip, agent, events.is_trusted(feedback))
        for ip, agent, feedback in rows.values_list("ip_address", "user_agent", "feedback")[:HISTORY]
    ]
    now = risk_score.sighting(context.actor.ip, context.actor.user_agent)
    return risk_score.level(risk_score.points(now, history))


def _require_reset(context: Context, user: PoolUser, throttle_key: str) -> None:
    """Refuse a password that attackers know. A temporary one is about to be replaced, so it only marks the event."""
    if user.status != PoolUser.Status.CONFIRMED:
        return
    with transaction.atomic():
        attempts.clear_sign_in(throttle_key)
        row = users.locked(user)
        if row.password_hash == user.password_hash and row.status == PoolUser.Status.CONFIRMED:
            row.status = PoolUser.Status.RESET_REQUIRED
            users.save_attributes(row, row.attributes)
        progress.failed(context, user, risk=events.risk_of("Block", compromised=True))
    if context.client.hides_users:
        raise NotAuthorizedException(WRONG_PASSWORD)
    raise PasswordResetRequiredException
