"""Limits on guessing by address: one password tried on many users (spraying), codes tried for many users.

Wrong guesses alone are counted, by the hour, for each pool: who shares an address and types right is in nobody's way
until the address has used up its wrong ones. The setting ``GUESSES_PER_ADDRESS`` says how many there are.
Source: https://cheatsheetseries.owasp.org/cheatsheets/Credential_Stuffing_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import ipaddress

from cognito_app.conf import app_settings
from cognito_app.errors import TooManyRequestsException
from cognito_app.services import attempts
from cognito_app.services.actor import Actor
from cognito_app.services.config import ClientConfig

ACTION = "guesses-of-address"
TOO_MANY = "Too many failed attempts from this address. Try again later."
IPV6_NETWORK = 64
"""One household or machine has as many addresses as it likes below this prefix."""


def check(client: ClientConfig, actor: Actor) -> None:
    """Refuse before a guess is looked at, if the address has had its wrong ones. Raises TooManyRequestsException."""
    limit, address = app_settings.guesses_per_address, source_of(client, actor)
    if limit is None or address is None:
        return
    seconds = attempts.seconds_left(ACTION, client.pool_id, address, limit)
    if seconds:
        error = TooManyRequestsException(TOO_MANY)
        error.retry_seconds = seconds
        raise error


def count(client: ClientConfig, actor: Actor) -> None:
    """Count a wrong guess."""
    limit, address = app_settings.guesses_per_address, source_of(client, actor)
    if limit is not None and address is not None:
        attempts.count_in_window(ACTION, client.pool_id, address, limit)


def source_of(client: ClientConfig, actor: Actor) -> str | None:
    """Return whom an address stands for, None where it is that of a server which signs in many people.

    Servers prove themselves by a client secret or by IAM; the user's address counts when they tell it.
    """
    if not actor.direct and (client.secrets or actor.name):
        return None
    try:
        found = ipaddress.ip_address(actor.ip)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, IPV6_NETWORK), strict=False))
    return str(found)
