"""Choice-based sign-in as the hosted pages can offer it: managed login, without SRP, passkeys where the browser may
use them.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-managed-login.html
"""

from __future__ import annotations

from collections.abc import Iterable

from cognito_app.core import webauthn
from cognito_app.services import relying_party
from cognito_app.services.auth_factors import PASSKEY, PASSWORD, PASSWORD_SRP
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.sign_in import auto
from cognito_app.services.sign_in.state import Challenge, Context
from cognito_app.services.sign_in.steps import passkey

ORDER = (PASSKEY, PASSWORD, "EMAIL_OTP", "SMS_OTP")


def is_choice_based(pool: PoolConfig, client: ClientConfig, *, classic: bool) -> bool:
    """Whether the pages ask for the sign-in name first; the classic ones never do."""
    return not classic and auto.is_on(pool, client)


def usable(pool: PoolConfig, offered: Iterable[str], origin: str) -> list[str]:
    """Return the first factors that a page at ``origin`` can take, in the order of the page.

    A password travels by TLS instead of SRP; browsers refuse passkeys of another relying party.
    """
    found = {PASSWORD if name == PASSWORD_SRP else name for name in offered}
    if PASSKEY in found and not takes_passkeys(pool, origin):
        found.discard(PASSKEY)
    return [name for name in ORDER if name in found]


def takes_passkeys(pool: PoolConfig, origin: str) -> bool:
    """Whether browsers let a page at ``origin`` use the pool's passkeys."""
    party = relying_party.of_pool(pool)
    return PASSKEY in pool.first_factors and party is not None and webauthn.is_origin_of(origin, party.id)


def invitation(context: Context, origin: str) -> Challenge | None:
    """Return the challenge for a passkey that tells who its user is, where the page can take one."""
    return passkey.invite(context) if takes_passkeys(context.pool, origin) else None
