"""The second factors of a user: which are turned on, which is preferred, and what that means at sign-in.

Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetUserMFAPreference.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from cognito_app.errors import InvalidParameterException
from cognito_app.models import PoolUser
from cognito_app.services import mfa_rules, users
from cognito_app.services.actor import Actor, audit
from cognito_app.services.config import PoolConfig
from cognito_app.services.mfa_rules import CONTACT_OF, FACTORS, SMS, TOTP, Decision, Situation

NO_TOTP = "User has not set up software token mfa"
NO_CONTACT = "User does not have delivery config set to turn on {factor}"
NOT_OFFERED = "{factor} is not enabled for the user pool."
TWO_PREFERRED = "Only one MFA method can be preferred."
NOT_ENABLED = "{factor} cannot be preferred while it is not enabled."
NONE_LEFT = "MFA is required in this user pool: at least one MFA method must stay enabled."
PASSKEY_NEEDS_POOL = "Passkey MFA needs the FactorConfiguration MULTI_FACTOR_WITH_USER_VERIFICATION of the user pool."
PASSKEY_NEEDS_FACTOR = "Passkey MFA needs another enabled MFA method."
ONLY_SMS = "MFAOptions can only set DeliveryMedium SMS with AttributeName phone_number."
RECOVERY_CONTACTS = {"verified_phone_number": "phone_number", "verified_email": "email"}


@dataclass(frozen=True, slots=True)
class Preferences:
    """A user's second factors, as stored in ``PoolUser.mfa``; ``passkey``: passkeys count as both factors."""

    enabled: tuple[str, ...] = ()
    preferred: str | None = None
    has_totp: bool = False
    passkey: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What SetUserMFAPreference asks of one factor; None leaves it as it is."""

    enabled: bool | None = None
    preferred: bool | None = None


def of(document: Mapping[str, Any]) -> Preferences:
    """Read ``PoolUser.mfa``."""
    chosen = document.get("enabled") or ()
    return Preferences(
        enabled=tuple(name for name in FACTORS if name in chosen),
        preferred=document.get("preferred"),
        has_totp=bool(document.get("totp")),
        passkey=bool(document.get("passkey")),
    )


def document(found: Preferences) -> dict[str, Any]:
    """Return the form in which ``PoolUser.mfa`` keeps preferences."""
    members = {
        "enabled": list(found.enabled),
        "preferred": found.preferred,
        "totp": found.has_totp,
        "passkey": found.passkey,
    }
    return {name: value for name, value in members.items() if value}


def may_be_due(pool: PoolConfig, user: PoolUser) -> bool:
    """Whether a sign-in may need a second factor: False spares the decision."""
    return pool.mfa_mode == "ON" or (pool.mfa_mode == "OPTIONAL" and bool(user.mfa.get("enabled")))


def decide(pool: PoolConfig, user: PoolUser, *, demanded: bool = False) -> Decision:
    """Return what follows the user's right password (``mfa_rules.decide``)."""
    return mfa_rules.decide(_situation(pool, user), demanded=demanded)


def askable(pool: PoolConfig, user: PoolUser) -> tuple[str, ...]:
    """Return the second factors that can be asked of the user at once (``mfa_rules.askable``)."""
    return mfa_rules.askable(_situation(pool, user))


def _situation(pool: PoolConfig, user: PoolUser) -> Situation:
    found = of(user.mfa)
    return Situation(
        mode=pool.mfa_mode,
        offered=pool.mfa_factors,
        enabled=found.enabled,
        preferred=found.preferred,
        has_totp=found.has_totp,
        contacts=frozenset(name for name in CONTACT_OF.values() if user.attributes.get(name)),
        recovery=RECOVERY_CONTACTS.get(pool.recovery[0]) if pool.recovery else None,
    )


def contact_in_use(pool: PoolConfig, user: PoolUser) -> str | None:
    """Return the contact that the user's second factor is sent to, which must not reset the password as well."""
    if not may_be_due(pool, user):
        return None
    decision = decide(pool, user)
    if decision.kind is not mfa_rules.Kind.CHALLENGE:
        return None
    return CONTACT_OF.get(decision.factors[0])


def has_passkey_mfa(pool: PoolConfig, user: PoolUser) -> bool:
    """Whether a passkey with user verification signs this user in without another factor."""
    return _pool_takes_passkeys(pool) and of(user.mfa).passkey


def _pool_takes_passkeys(pool: PoolConfig) -> bool:
    return (pool.extras.get("webauthn") or {}).get("FactorConfiguration") == "MULTI_FACTOR_WITH_USER_VERIFICATION"


def change(
    pool: PoolConfig,
    actor: Actor,
    user: PoolUser,
    wishes: Mapping[str, Wish],
    *,
    passkey: bool | None = None,
    action: str = "SetUserMFAPreference",
) -> None:
    """Turn factors on or off and set the preferred one.

    Raises InvalidParameterException, UserNotFoundException.
    """
    with transaction.atomic():
        row = users.locked(user)
        before = of(row.mfa)
        after = _changed(pool, row, before, wishes)
        if passkey is not None:
            if passkey and not _pool_takes_passkeys(pool):
                raise InvalidParameterException(PASSKEY_NEEDS_POOL)
            after = replace(after, passkey=passkey)
        if after.passkey and not after.enabled:
            raise InvalidParameterException(PASSKEY_NEEDS_FACTOR)
        put(row, after)
        audit(actor, action, pool_id=pool.id, subject=row.sub, enabled=list(after.enabled))


def _changed(pool: PoolConfig, user: PoolUser, before: Preferences, wishes: Mapping[str, Wish]) -> Preferences:
    if sum(1 for wish in wishes.values() if wish.preferred) > 1:
        raise InvalidParameterException(TWO_PREFERRED)
    enabled = set(before.enabled)
    preferred = before.preferred
    for factor, wish in wishes.items():
        if wish.enabled:
            _check_possible(pool, user, factor)
            enabled.add(factor)
        elif wish.enabled is not None:
            enabled.discard(factor)
        if wish.preferred and factor not in enabled:
            raise InvalidParameterException(NOT_ENABLED.format(factor=factor))
        if wish.preferred:
            preferred = factor
        elif wish.preferred is not None and preferred == factor:
            preferred = None
    if pool.mfa_mode == "ON" and not enabled and any(wish.enabled is False for wish in wishes.values()):
        raise InvalidParameterException(NONE_LEFT)
    return replace(
        before,
        enabled=tuple(name for name in FACTORS if name in enabled),
        preferred=preferred if preferred in enabled else None,
    )


def _check_possible(pool: PoolConfig, user: PoolUser, factor: str) -> None:
    if factor == TOTP:
        if not of(user.mfa).has_totp:
            raise InvalidParameterException(NO_TOTP)
        return
    if not user.attributes.get(CONTACT_OF[factor]):
        raise InvalidParameterException(NO_CONTACT.format(factor=factor))
    if pool.mfa_mode != "OFF" and factor not in pool.mfa_factors:
        raise InvalidParameterException(NOT_OFFERED.format(factor=factor))


def set_options(pool: PoolConfig, actor: Actor, user: PoolUser, options: list[dict[str, str]], *, action: str) -> None:
    """Run (Admin)SetUserSettings: the old way to turn SMS on, or off by an empty list.

    Raises InvalidParameterException.
    """
    wanted = {"DeliveryMedium": "SMS", "AttributeName": "phone_number"}
    if any(option != wanted for option in options):
        raise InvalidParameterException(ONLY_SMS)
    change(pool, actor, user, {SMS: Wish(enabled=bool(options))}, action=action)


def put(row: PoolUser, found: Preferences) -> None:
    """Store the preferences of a locked user."""
    row.mfa = document(found)
    row.save(update_fields=["mfa"])


def turn_on(row: PoolUser, factor: str) -> None:
    """Turn a factor on for a locked user who just proved it."""
    before = of(row.mfa)
    enabled = tuple(name for name in FACTORS if name in before.enabled or name == factor)
    put(row, replace(before, enabled=enabled, has_totp=before.has_totp or factor == TOTP))


def registered_totp(row: PoolUser) -> None:
    """Note for a locked user that there is an authenticator app, without turning it on."""
    put(row, replace(of(row.mfa), has_totp=True))


def forget_totp(row: PoolUser) -> None:
    """Take the authenticator app out of a locked user's factors; passkeys alone do not stay as both factors."""
    before = of(row.mfa)
    enabled = tuple(name for name in before.enabled if name != TOTP)
    preferred = None if before.preferred == TOTP else before.preferred
    put(row, Preferences(enabled, preferred, has_totp=False, passkey=before.passkey and bool(enabled)))
