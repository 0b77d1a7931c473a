"""The relying party of a pool's passkeys.

Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_WebAuthnConfigurationType.html
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from cognito_app.models import Domain
from cognito_app.services import domains
from cognito_app.services.config import PoolConfig

EXTRA = "webauthn"
MULTI_FACTOR = "MULTI_FACTOR_WITH_USER_VERIFICATION"


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Where passkeys are good, and whether their user must be verified (``required`` or ``preferred``)."""

    id: str
    user_verification: str
    multi_factor: bool


def of_pool(pool: PoolConfig) -> RelyingParty | None:
    """Return the configured relying party, else that of the custom domain, else of the prefix domain, else None."""
    given = pool.extras.get(EXTRA) or {}
    name = given.get("RelyingPartyId") or _domain_host(pool)
    if not name:
        return None
    multi_factor = given.get("FactorConfiguration") == MULTI_FACTOR
    verification = "required" if multi_factor else given.get("UserVerification") or "preferred"
    return RelyingParty(id=name, user_verification=verification, multi_factor=multi_factor)


def _domain_host(pool: PoolConfig) -> str | None:
    """Where prefixes are no host names of their own, the pages are on the installation's host."""
    rows = sorted(Domain.objects.filter(pool_id=pool.id), key=lambda row: not row.is_custom)
    if not rows:
        return None
    if rows[0].is_custom:
        return rows[0].name
    return urlsplit(domains.base_url(pool.id)).hostname
