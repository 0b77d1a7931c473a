"""Threat-protection settings of a pool or of one app client: setting, resetting, describing.

Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetRiskConfiguration.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from cognito_app.core import clock
from cognito_app.errors import InvalidParameterException, UserPoolAddOnNotEnabledException
from cognito_app.models import RiskConfiguration
from cognito_app.services import risk_settings, stamps
from cognito_app.services.actor import Actor, audit
from cognito_app.services.config import PoolConfig, stamp_of

MILDEST_FIRST = ("NO_ACTION", "MFA_IF_CONFIGURED", "MFA_REQUIRED", "BLOCK")
EXCEPTIONS = ("BlockedIPRangeList", "SkippedIPRangeList")


def require_add_on(pool: PoolConfig) -> None:
    """Raises UserPoolAddOnNotEnabledException if the pool has threat protection off."""
    if pool.threat_protection == risk_settings.OFF:
        raise UserPoolAddOnNotEnabledException


def find(pool: PoolConfig, client_id: str) -> RiskConfiguration:
    """Return the settings that hold for a client (empty: for the pool); unsaved and empty if there are none.

    Raises UserPoolAddOnNotEnabledException.
    """
    require_add_on(pool)
    rows = {
        row.client_id: row for row in RiskConfiguration.objects.filter(pool_id=pool.id, client_id__in=["", client_id])
    }
    return rows.get(client_id) or rows.get("") or RiskConfiguration(pool_id=pool.id)


def configure(pool: PoolConfig, actor: Actor, client_id: str, sections: Mapping[str, Any]) -> RiskConfiguration:
    """Replace the settings of a client (empty: of the pool); without sections they are removed.

    Raises UserPoolAddOnNotEnabledException, InvalidParameterException.
    """
    require_add_on(pool)
    given = {name: value for name, value in sections.items() if value is not None}
    _check_actions(given.get("AccountTakeoverRiskConfiguration") or {})
    _check_ranges(given.get("RiskExceptionConfiguration") or {})
    row = RiskConfiguration(pool_id=pool.id, client_id=client_id, configuration=given)
    with transaction.atomic():
        if given:
            row.modified_at = clock.now()
            RiskConfiguration.objects.update_or_create(
                pool_id=pool.id,
                client_id=client_id,
                defaults={"configuration": given, "modified_at": row.modified_at},
            )
        else:
            RiskConfiguration.objects.filter(pool_id=pool.id, client_id=client_id).delete()
        stamps.bump(stamp_of(pool.id))
        audit(actor, "SetRiskConfiguration", pool_id=pool.id, subject=client_id, sections=sorted(given))
    return row


def _check_actions(takeover: Mapping[str, Any]) -> None:
    actions = takeover.get("Actions") or {}
    ranks = []
    for level in risk_settings.LEVELS:
        action = actions.get(f"{level}Action")
        if action is None:
            continue
        ranks.append(MILDEST_FIRST.index(action["EventAction"]))
        if action["Notify"] and not takeover.get("NotifyConfiguration"):
            raise InvalidParameterException(f"{level}Action has Notify set and there is no NotifyConfiguration.")
    if ranks != sorted(ranks):
        raise InvalidParameterException("A higher level of risk must not have a milder action than a lower one.")


def _check_ranges(exceptions: Mapping[str, Any]) -> None:
    for member in EXCEPTIONS:
        for text in exceptions.get(member) or ():
            try:
                if "/" not in text:
                    raise ValueError
                risk_settings.networks([text])
            except ValueError:
                raise InvalidParameterException(f"{member} holds a value that is not in CIDR notation.") from None
