"""How unusual a sign-in looks beside the earlier ones of its user: points for what was never seen before.

Pure: no table, no clock. The points and levels are fixed and printed here, so that anybody can check an assessment.
Source of the signals: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-adaptive-authentication.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from cognito_app.core import user_agent

NEW_NETWORK = 2
NEW_SYSTEM = 2
NEW_BROWSER = 1
DISTRUSTED_NETWORK = 3

LEAST_POINTS = (("High", 5), ("Medium", 3), ("Low", 1))

IPV4_PREFIX = 24
IPV6_PREFIX = 56


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where a sign-in came from; ``trusted`` is what the user or an administrator said of it, None if nothing."""

    network: str
    browser: str
    system: str
    trusted: bool | None = None


def sighting(ip: str, agent: str, trusted: bool | None = None) -> Sighting:
    """Return what is compared of a source address and a User-Agent header; versions don't count."""
    device = user_agent.parse(agent)
    return Sighting(network=network_of(ip), browser=device.browser, system=device.system, trusted=trusted)


def network_of(ip: str) -> str:
    """Return the /24 or /56 around an address, empty for what is no address."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    # By the bytes: what follows % in a scoped IPv6 address names an interface, not a network.
    prefix = IPV4_PREFIX if address.version == 4 else IPV6_PREFIX
    return str(ipaddress.ip_network((address.packed, prefix), strict=False))


def points(now: Sighting, history: Sequence[Sighting]) -> int:
    """Return the points of a sign-in; none without a history, because then everything is new."""
    if not history:
        return 0
    known = [seen for seen in history if seen.trusted is not False]
    total = 0
    if all(seen.network != now.network for seen in known):
        total += NEW_NETWORK
    if all(seen.system != now.system for seen in known):
        total += NEW_SYSTEM
    if all(seen.browser != now.browser for seen in known):
        total += NEW_BROWSER
    if any(seen.network == now.network for seen in history if seen.trusted is False):
        total += DISTRUSTED_NETWORK
    return total


def level(total: int) -> str | None:
    """Return Low, Medium or High, or None for no risk."""
    return next((name for name, least in LEAST_POINTS if total >= least), None)
