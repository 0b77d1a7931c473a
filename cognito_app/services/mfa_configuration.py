"""The second factors that a pool offers, and its settings for passkeys.

``UserPool.extras["mfa"]`` holds ``{"sms": bool, "totp": bool or None, "email": template or None}``; SMS settings and
mode are in the pool's configuration, where DescribeUserPool shows them. ``extras["webauthn"]`` holds
WebAuthnConfiguration.

Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetUserPoolMfaConfig.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cognito_app.errors import InvalidParameterException
from cognito_app.models import UserPool
from cognito_app.services import channels, mfa_rules, pool_rules, tiers

OFF_WITH_FACTOR = "Invalid MFA configuration given, can't turn off MFA and configure an MFA together."
ON_WITHOUT_FACTOR = "Invalid MFA configuration given, can't disable all MFAs with a required or optional configuration."
NOTHING_GIVEN = "At least one of [SmsMfaConfiguration] or [SoftwareTokenMfaConfiguration] must be provided."
SMS_MISSING = "[SmsConfiguration] is a required member of [SoftwareTokenMfaConfiguration]."
_HOST = re.compile(r"(?=.{1,127}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MfaSettings:
    """What SetUserPoolMfaConfig was given, with AWS's documents; None is a member that was left out."""

    mode: str | None = None
    sms: Mapping[str, Any] | None = None
    totp: bool | None = None
    email: Mapping[str, Any] | None = None
    webauthn: Mapping[str, Any] | None = None

    @property
    def names_factors(self) -> bool:
        """Whether any factor's member was given."""
        return self.sms is not None or self.totp is not None or self.email is not None

    @property
    def turns_on(self) -> bool:
        """Whether a factor is turned on."""
        return self.sms is not None or bool(self.totp) or self.email is not None


@dataclass(frozen=True, slots=True)
class MfaView:
    """What a pool offers, with AWS's documents; None is what it does not have."""

    mode: str
    sms: Mapping[str, Any] | None = None
    totp: bool | None = None
    email: Mapping[str, Any] | None = None
    webauthn: Mapping[str, Any] | None = None


def describe(row: UserPool) -> MfaView:
    """Return the pool's factors and its passkey settings."""
    raw, extras = row.configuration, row.extras
    offered = mfa_rules.offered(raw, extras)
    given = extras.get("mfa") or {}
    sms = {name: raw[name] for name in ("SmsAuthenticationMessage", "SmsConfiguration") if raw.get(name)}
    return MfaView(
        mode=raw.get("MfaConfiguration", "OFF"),
        sms=sms if mfa_rules.SMS in offered else None,
        totp=given.get("totp") if offered else None,
        email=given.get("email") if mfa_rules.EMAIL in offered else None,
        webauthn=extras.get("webauthn"),
    )


def configure(row: UserPool, wanted: MfaSettings) -> None:
    """Put the settings on a pool's row; a factor whose member is left out is turned off.

    Without a mode and without factors only the passkey settings change. Run it in ``pools.changing``.
    Raises InvalidParameterException, FeatureUnavailableInTierException.
    """
    tier = row.configuration.get("UserPoolTier", "ESSENTIALS")
    if wanted.webauthn is not None:
        row.extras = {**row.extras, "webauthn": _passkeys(tier, wanted.webauthn)}
    if wanted.mode is not None or wanted.names_factors:
        mode = wanted.mode or row.configuration.get("MfaConfiguration", "OFF")
        _check_mode(mode, wanted)
        if wanted.email is not None:
            tiers.require(tier, tiers.EMAIL_MFA)
            pool_rules.check_email_mfa(row.configuration)
        _put(row, mode, wanted)
    pool_rules.check_mfa_and_first_factors(row.configuration, row.extras)


def _check_mode(mode: str, wanted: MfaSettings) -> None:
    if mode == "OFF":
        if wanted.turns_on:
            raise InvalidParameterException(OFF_WITH_FACTOR)
        return
    if not wanted.names_factors:
        raise InvalidParameterException(NOTHING_GIVEN)
    if not wanted.turns_on:
        raise InvalidParameterException(ON_WITHOUT_FACTOR)


def _put(row: UserPool, mode: str, wanted: MfaSettings) -> None:
    configuration, extras = dict(row.configuration), dict(row.extras)
    configuration["MfaConfiguration"] = mode
    if wanted.sms is not None:
        _put_sms(configuration, wanted.sms)
    extras.pop("mfa", None)
    if mode != "OFF":
        extras["mfa"] = {
            "sms": wanted.sms is not None,
            "totp": wanted.totp,
            "email": dict(wanted.email) if wanted.email is not None else None,
        }
    row.configuration, row.extras = configuration, extras


def _put_sms(configuration: dict[str, Any], given: Mapping[str, Any]) -> None:
    settings = given.get("SmsConfiguration") or configuration.get("SmsConfiguration")
    if not settings:
        raise InvalidParameterException(SMS_MISSING)
    channels.check_sms(settings)
    configuration["SmsConfiguration"] = settings
    configuration.pop("SmsAuthenticationMessage", None)
    if given.get("SmsAuthenticationMessage"):
        configuration["SmsAuthenticationMessage"] = given["SmsAuthenticationMessage"]


def _passkeys(tier: str, given: Mapping[str, Any]) -> dict[str, Any]:
    if given.get("FactorConfiguration") == "MULTI_FACTOR_WITH_USER_VERIFICATION":
        tiers.require(tier, tiers.PASSKEY_MFA)
    relying_party = given.get("RelyingPartyId")
    if relying_party is not None and not _is_domain(relying_party):
        raise InvalidParameterException("RelyingPartyId must be a domain name.")
    return {"UserVerification": "preferred", **given}


def _is_domain(name: str) -> bool:
    """Whether a browser may take the name as a relying party; an address or a top-level domain is none."""
    if not _HOST.fullmatch(name):
        return False
    last = name.rpartition(".")[2]
    return name == "localhost" or ("." in name and not last.isdigit())


def follow_update(row: UserPool, before: Mapping[str, Any]) -> None:
    """After UpdateUserPool: it can turn SMS MFA on, by giving a pool SMS settings that it had not, and nothing else."""
    given = row.extras.get("mfa")
    if given is None or given.get("sms"):
        return
    after = row.configuration
    if after.get("MfaConfiguration") != "OFF" and after.get("SmsConfiguration") and not before.get("SmsConfiguration"):
        row.extras = {**row.extras, "mfa": {**given, "sms": True}}
