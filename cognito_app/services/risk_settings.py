"""Threat-protection settings as rules read them, in memory under the pool's version stamp.

What is not configured takes no action: a pool acts as DescribeRiskConfiguration shows.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cognito_app.models import RiskConfiguration
from cognito_app.services.config import MAX_POOLS_IN_MEMORY, PoolConfig

OFF = "OFF"
ENFORCED = "ENFORCED"
BLOCK = "BLOCK"
EVENTS = frozenset({"SIGN_IN", "PASSWORD_CHANGE", "SIGN_UP"})
LEVELS = ("Low", "Medium", "High")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Response:
    """What happens at one level of risk."""

    action: str
    notify: bool


@dataclass(frozen=True, slots=True)
class RiskSettings:
    """The settings in force for one app client."""

    blocks_compromised: bool = False
    watched_events: frozenset[str] = EVENTS
    responses: Mapping[str, Response] = field(default_factory=dict)
    notification: Mapping[str, Any] = field(default_factory=dict)
    blocked: tuple[Network, ...] = ()
    skipped: tuple[Network, ...] = ()

    def blocks(self, ip: str) -> bool:
        """Whether an address may neither sign up nor sign in."""
        return _is_in(ip, self.blocked)

    def skips(self, ip: str) -> bool:
        """Whether adaptive authentication leaves an address alone."""
        return _is_in(ip, self.skipped)


_NOTHING = RiskSettings()


def of(pool: PoolConfig, client_id: str) -> RiskSettings:
    """Return the settings of a client, or those of the pool that it inherits; no query while the pool is unchanged."""
    stored = _stored(pool.id, pool.version)
    return stored.get(client_id) or stored.get("") or _NOTHING


@lru_cache(maxsize=MAX_POOLS_IN_MEMORY)
def _stored(pool_id: str, version: int) -> Mapping[str, RiskSettings]:
    rows = RiskConfiguration.objects.filter(pool_id=pool_id).values_list("client_id", "configuration")
    return {client_id: _read(document) for client_id, document in rows}


def _read(document: Mapping[str, Any]) -> RiskSettings:
    compromised = document.get("CompromisedCredentialsRiskConfiguration") or {}
    takeover = document.get("AccountTakeoverRiskConfiguration") or {}
    exceptions = document.get("RiskExceptionConfiguration") or {}
    actions = takeover.get("Actions") or {}
    return RiskSettings(
        blocks_compromised=(compromised.get("Actions") or {}).get("EventAction") == BLOCK,
        watched_events=frozenset(compromised.get("EventFilter") or EVENTS),
        responses={
            level: Response(action=actions[f"{level}Action"]["EventAction"], notify=actions[f"{level}Action"]["Notify"])
            for level in LEVELS
            if f"{level}Action" in actions
        },
        notification=takeover.get("NotifyConfiguration") or {},
        blocked=tuple(networks(exceptions.get("BlockedIPRangeList") or ())),
        skipped=tuple(networks(exceptions.get("SkippedIPRangeList") or ())),
    )


def networks(texts: Iterable[str]) -> list[Network]:
    """Return address ranges in CIDR notation. Raises ValueError."""
    return [ipaddress.ip_network(text, strict=False) for text in texts]


def _is_in(ip: str, ranges: tuple[Network, ...]) -> bool:
    if not ranges:
        return False
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in ranges)
