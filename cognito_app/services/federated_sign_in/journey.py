"""What a protocol is to sign-in by providers: the way there. (The way back is an address of its own for each.)"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cognito_app.models import IdentityProvider
from cognito_app.services.authorization import AuthorizeRequest
from cognito_app.services.config import ClientConfig, PoolConfig


@dataclass(frozen=True, slots=True)
class Departure:
    """A sign-in about to leave; ``base`` is the absolute address of the pool's site, without a final slash."""

    pool: PoolConfig
    client: ClientConfig
    provider: IdentityProvider
    request: AuthorizeRequest
    base: str
    state: str


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where the browser is sent, and what the answer will be checked against (JSON; it is stored sealed)."""

    location: str = field(repr=False)
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)


Protocol = Callable[[Departure], Redirect]
