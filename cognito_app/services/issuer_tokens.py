"""ID tokens of OpenID Connect issuers outside of this installation: for identity pools and for STS alike.

Standards: https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation; RFC 8725
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from cognito_app.core import clock, jose, subjects
from cognito_app.services import issuer_keys

SKEW_SECONDS = 300


class ClaimError(Exception):
    """A claim that is ``missing``, or says what it must not."""

    def __init__(self, claim: str, *, missing: bool = False) -> None:
        self.claim, self.missing = claim, missing
        super().__init__(claim)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose tokens are taken, for whom, and where the keys are (by discovery without ``jwks_uri``).

    ``leeway_seconds`` forgives that much at the ends of a token; ``usable_seconds`` is how old keys may be while the
    issuer cannot be asked.
    """

    issuers: tuple[str, ...]
    client_ids: Collection[str]
    jwks_uri: str | None = None
    leeway_seconds: int = 0
    usable_seconds: int = issuer_keys.FRESH_SECONDS


def verify(token: str, trust: Trust) -> tuple[dict[str, Any], str]:
    """Return the claims of a token and the client that it is for.

    Keys are asked for only when all else is well: junk costs no request.
    Raises jose.TokenError, issuer_keys.NoKeyError, ClaimError, issuer_keys.UnreachableError.
    """
    _, unverified = jose.peek(token)
    client_id = check_claims(unverified, trust)
    _check_time(unverified, trust.leeway_seconds)
    claims = issuer_keys.verify(token, trust.issuers[0], trust.jwks_uri, usable_seconds=trust.usable_seconds)
    return claims, client_id


def check_claims(claims: Mapping[str, Any], trust: Trust) -> str:
    """Return the client that a token is for, in the order of AWS's guide. Raises ClaimError."""
    if claims.get("iss") not in trust.issuers:
        raise ClaimError("iss")
    for claim in ("aud", "sub", "exp"):
        if claims.get(claim) in (None, "", []):
            raise ClaimError(claim, missing=True)
    client_id = audience(claims)
    if client_id is None or client_id not in trust.client_ids:
        raise ClaimError("aud")
    if not subjects.is_subject(claims["sub"]):
        raise ClaimError("sub")
    return client_id


def audience(claims: Mapping[str, Any]) -> str | None:
    """Return whom a token is for: ``azp`` where there is one, else the only ``aud``."""
    wanted = claims.get("azp", claims.get("aud"))
    if isinstance(wanted, list) and len(wanted) == 1:
        wanted = wanted[0]
    return wanted if isinstance(wanted, str) else None


def _check_time(claims: dict[str, Any], leeway_seconds: int) -> None:
    now = clock.now()
    jose.check_time(claims, now, leeway_seconds)
    issued = claims.get("iat", 0)
    if isinstance(issued, bool) or not isinstance(issued, int | float):
        raise jose.TokenError("malformed")
    if issued > now.timestamp() + SKEW_SECONDS:
        raise jose.TokenError("not_yet")
