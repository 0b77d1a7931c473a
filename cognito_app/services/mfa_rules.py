"""Which second factor a sign-in needs, from the pool's settings and the user's factors alone.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa.html ("Details of MFA logic at
user runtime")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

SMS = "SMS_MFA"
TOTP = "SOFTWARE_TOKEN_MFA"
EMAIL = "EMAIL_OTP"
FACTORS = (SMS, TOTP, EMAIL)
"""The order in which factors are listed."""
CONTACT_OF = {SMS: "phone_number", EMAIL: "email"}
"""The attribute that a factor's codes are sent to."""


class Kind(Enum):
    """What follows a right password."""

    NONE = auto()
    CHALLENGE = auto()
    SELECT = auto()
    SETUP = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows a right password; the factors asked for, to choose from, or to set up."""

    kind: Kind
    factors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Situation:
    """What the decision depends on.

    ``mode`` is ON, OPTIONAL or OFF; ``offered`` the pool's factors; ``enabled`` and ``preferred`` the user's choice;
    ``contacts`` those of email and phone_number that the user has; ``recovery`` the one that password resets go to
    first, None where the pool names none.
    """

    mode: str
    offered: tuple[str, ...] = ()
    enabled: tuple[str, ...] = ()
    preferred: str | None = None
    has_totp: bool = False
    contacts: frozenset[str] = frozenset()
    recovery: str | None = None


NO_FACTOR = Decision(Kind.NONE)
REFUSED = Decision(Kind.REFUSED)


def offered(raw: Mapping[str, Any], extras: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the second factors that a pool offers.

    Until SetUserPoolMfaConfig says otherwise, a pool that was created with MFA and SMS settings offers SMS.
    """
    if raw.get("MfaConfiguration", "OFF") == "OFF":
        return ()
    given = extras.get("mfa")
    if given is None:
        given = {"sms": True}
    members = {
        SMS: bool(given.get("sms")) and bool(raw.get("SmsConfiguration")),
        TOTP: bool(given.get("totp")),
        EMAIL: given.get("email") is not None,
    }
    return tuple(name for name in FACTORS if members[name])


def decide(now: Situation, *, demanded: bool = False) -> Decision:
    """Return what follows a right password.

    ``demanded`` says that threat protection asks for a second factor of this sign-in: then one that would have to be
    set up first is refused.
    """
    if now.mode == "OFF":
        return NO_FACTOR
    active = _active(now)
    if now.preferred is not None and now.preferred in active:
        return Decision(Kind.CHALLENGE, (now.preferred,))
    if now.mode == "OPTIONAL" and (active or not demanded):
        return _among(active)
    found = _required(now)
    return REFUSED if found.kind is Kind.SETUP and now.mode == "OPTIONAL" else found


def askable(now: Situation) -> tuple[str, ...]:
    """Return the second factors that can be asked of a user at once, whichever they prefer or have turned on."""
    if now.mode == "OFF":
        return ()
    return tuple(
        name
        for name in FACTORS
        if _is_usable(now, name) and (name in now.enabled or (name in now.offered and not _is_for_recovery(now, name)))
    )


def _active(now: Situation) -> tuple[str, ...]:
    """The factors that the user chose and can still use."""
    return tuple(name for name in FACTORS if name in now.enabled and _is_usable(now, name))


def _is_usable(now: Situation, factor: str) -> bool:
    if factor == TOTP:
        # Who registered an app and turned it on keeps it when the pool stops offering it.
        return now.has_totp
    return factor in now.offered and CONTACT_OF[factor] in now.contacts


def _among(factors: Iterable[str]) -> Decision:
    found = tuple(factors)
    if not found:
        return NO_FACTOR
    return Decision(Kind.CHALLENGE if len(found) == 1 else Kind.SELECT, found)


def _required(now: Situation) -> Decision:
    """The table of spec/user-pools.md 6.7 for MfaConfiguration ON without a preferred factor."""
    usable = [name for name in (SMS, EMAIL) if _is_usable(now, name) and not _is_for_recovery(now, name)]
    if now.has_totp and (TOTP in now.offered or TOTP in now.enabled):
        usable.append(TOTP)
    if usable:
        return _among(name for name in FACTORS if name in usable)
    if now.contacts and TOTP not in now.offered:
        return REFUSED
    missing = tuple(name for name in now.offered if CONTACT_OF.get(name) != (now.recovery or ""))
    return Decision(Kind.SETUP, missing) if missing else REFUSED


def _is_for_recovery(now: Situation, factor: str) -> bool:
    """A medium that the user turned on as a factor is no way of recovery (``delivery.for_recovery``)."""
    return factor in CONTACT_OF and CONTACT_OF[factor] == now.recovery and factor not in now.enabled
