"""Two switches of a pool that Cognito does not have: *strict OIDC* and *hardened*.

Strict OIDC answers as the standards say where Cognito deviates. Hardened refuses what RFC 9700 advises against; it is
checked when tokens are issued, whatever a client's settings say. Both are off unless an operator sets them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cognito_app.services import pools
from cognito_app.services.actor import Actor
from cognito_app.services.config import PoolConfig


@dataclass(frozen=True, slots=True)
class PoolProfile:
    """``strict_oidc``: typed userInfo, 401 for bad clients, ``iss`` in answers.

    ``hardened``: PKCE is required, no implicit grant, refresh tokens rotate; every client hides who exists, at sign-up
    too (``uniform_sign_up``).
    """

    strict_oidc: bool = False
    hardened: bool = False


def of(pool: PoolConfig) -> PoolProfile:
    """Return a pool's switches."""
    return read(pool.extras)


def read(extras: Mapping[str, Any]) -> PoolProfile:
    """Return the switches in a pool's stored extras."""
    stored = extras.get("profile") or {}
    return PoolProfile(bool(stored.get("strict_oidc")), bool(stored.get("hardened")))


def set_profile(actor: Actor, pool_id: str, wanted: PoolProfile) -> None:
    """Set both switches of a pool. Raises ResourceNotFoundException."""
    with pools.changing(actor, pool_id, "SetPoolProfile", **asdict(wanted)) as row:
        row.extras = {**row.extras, "profile": asdict(wanted)}
