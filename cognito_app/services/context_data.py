"""Where a request comes from, as the app says that stands between the user and us.

Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserContextDataType.html and
API_ContextDataType.html. EncodedData is signed with the client id, which everybody knows, so it is taken and not used.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cognito_app.errors import InvalidParameterException
from cognito_app.services import tiers
from cognito_app.services.actor import Actor
from cognito_app.services.config import ClientConfig, PoolConfig

LONGEST_AGENT = 512


def of_user(pool: PoolConfig, client: ClientConfig, actor: Actor, given: Mapping[str, Any] | None) -> Actor:
    """Return the source that UserContextData names, where pool and client let it: else the peer's address counts.

    Raises InvalidParameterException for a malformed address.
    """
    if not given:
        return actor
    seen = replace(actor, has_context=True)
    if not given.get("IpAddress"):
        return seen
    ip = _address(given["IpAddress"])
    allowed = client.secrets and client.raw.get("EnablePropagateAdditionalUserContextData")
    return replace(seen, ip=ip, direct=True) if allowed and tiers.offers(pool.tier, tiers.THREAT_PROTECTION) else seen


def of_administrator(actor: Actor, given: Mapping[str, Any] | None) -> Actor:
    """Return the source that ContextData names: an administrator's server knows its user's address and headers.

    Raises InvalidParameterException for a malformed address.
    """
    if not given:
        return actor
    headers = {item.get("headerName", "").lower(): item.get("headerValue", "") for item in given["HttpHeaders"]}
    agent = headers.get("user-agent") or actor.user_agent
    return replace(
        actor, ip=_address(given["IpAddress"]), user_agent=agent[:LONGEST_AGENT], has_context=True, direct=True
    )


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise InvalidParameterException("Invalid IpAddress.") from None
