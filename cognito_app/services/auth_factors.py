"""What a user can sign in with: first factors of choice-based sign-in.

Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUserAuthFactors.html and
https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flows-selection-sdk.html
"""

from __future__ import annotations

from cognito_app.core import keyring
from cognito_app.models import PoolUser, WebAuthnCredential
from cognito_app.services import mfa_preferences, relying_party, users
from cognito_app.services.config import PoolConfig
from cognito_app.services.mfa_rules import Kind
from cognito_app.services.relying_party import RelyingParty

PASSWORD, PASSWORD_SRP, PASSKEY = "PASSWORD", "PASSWORD_SRP", "WEB_AUTHN"
NOBODY = 0
PASSWORDS = (PASSWORD_SRP, PASSWORD)
CONTACT_OF = {"EMAIL_OTP": "email", "SMS_OTP": "phone_number"}
WITH_CODES = (PoolUser.Status.CONFIRMED, PoolUser.Status.UNCONFIRMED, PoolUser.Status.RESET_REQUIRED)


def configured(pool: PoolConfig, user: PoolUser) -> list[str]:
    """Return the first factors that the user has: a password, contacts that the pool sends codes to, passkeys."""
    found = ["PASSWORD"] if user.password_hash is not None else []
    found += configured_codes(pool, user)
    if PASSKEY in pool.first_factors and WebAuthnCredential.objects.filter(user=user).exists():
        found.append(PASSKEY)
    return found


def available(pool: PoolConfig, user: PoolUser) -> tuple[str, ...]:
    """Return the challenges that choice-based sign-in offers a user, none to one who cannot sign in that way.

    Who has to change or reset a password can only use that one; who has a second factor gets no code as the first.
    """
    passwords = _passwords(user)
    must_change = user.status == PoolUser.Status.FORCE_CHANGE_PASSWORD
    if must_change or (user.status == PoolUser.Status.RESET_REQUIRED and passwords):
        return passwords
    if user.status not in WITH_CODES:
        return ()
    has_mfa = mfa_preferences.decide(pool, user).kind is not Kind.NONE
    codes = () if has_mfa else tuple(configured_codes(pool, user))
    passkey = (PASSKEY,) if _may_use_passkey(pool, user, has_mfa=has_mfa) else ()
    # Where the pool takes no passwords, those with a second factor have no other way in.
    allowed = passwords if PASSWORD in pool.first_factors or has_mfa else ()
    return codes + passkey + allowed


def configured_codes(pool: PoolConfig, user: PoolUser) -> list[str]:
    """Return the kinds of codes that the pool takes as a first factor and the user has a contact for."""
    return [name for name, contact in CONTACT_OF.items() if name in pool.first_factors and user.attributes.get(contact)]


def takes_codes(pool: PoolConfig) -> bool:
    """Whether users of the pool can sign in by a code alone, and so need no password."""
    return bool(pool.first_factors & CONTACT_OF.keys())


def _passwords(user: PoolUser) -> tuple[str, ...]:
    if user.password_hash is None:
        return ()
    return PASSWORDS if user.srp_verifier is not None else (PASSWORD,)


def _may_use_passkey(pool: PoolConfig, user: PoolUser, *, has_mfa: bool) -> bool:
    if PASSKEY not in pool.first_factors or user.status != PoolUser.Status.CONFIRMED:
        return False
    party = relying_party.of_pool(pool)
    return _has_passkey(user.pk, party) and not (has_mfa and party is not None and not party.multi_factor)


def _has_passkey(user_id: int, party: RelyingParty | None) -> bool:
    return party is not None and WebAuthnCredential.objects.filter(user_id=user_id, relying_party_id=party.id).exists()


def simulated(pool: PoolConfig, name: str) -> tuple[str, ...]:
    """Return what a name that nobody has seems to be offered, the same each time."""
    digest = keyring.mac("simulated-factors", f"{pool.id}:{pool.fold(name)}".encode("utf-8", "surrogatepass"))
    kind = users.contact_kind(name)
    allowed = tuple(factor for factor in CONTACT_OF if factor in pool.first_factors)
    likely = tuple(factor for factor in allowed if CONTACT_OF[factor] == kind) or allowed[:1]
    codes = allowed if digest[0] & 1 else likely
    passkey = (PASSKEY,) if PASSKEY in pool.first_factors and _seems_to_have_passkey(pool, digest[1]) else ()
    return codes + passkey + (PASSWORDS if PASSWORD in pool.first_factors else ())


def _seems_to_have_passkey(pool: PoolConfig, chance: int) -> bool:
    """Half of the names that nobody has; the query is made for its time."""
    party = relying_party.of_pool(pool)
    _has_passkey(NOBODY, party)
    return party is not None and bool(chance & 1)
