"""What a pool's settings look like when they are stored: defaults filled in, combinations checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cognito_app.errors import InvalidParameterException
from cognito_app.services import channels, mfa_rules, tier_rules

MAX_TAGS = 50

# Fixed when the pool is created.
CREATION_ONLY = ("AliasAttributes", "UsernameAttributes", "UsernameConfiguration")
# An update that leaves these out keeps them (spec/user-pools.md 3.5).
KEPT = ("UserPoolTier", "IssuerConfiguration", "KeyConfiguration", "DcrConfiguration")
MIRRORED = (
    ("EmailVerificationMessage", "EmailMessage"),
    ("EmailVerificationSubject", "EmailSubject"),
    ("SmsVerificationMessage", "SmsMessage"),
)
SENDERS = ("CustomEmailSender", "CustomSMSSender")
PASSWORD_DEFAULTS = {
    "MinimumLength": 8,
    "RequireUppercase": True,
    "RequireLowercase": True,
    "RequireNumbers": True,
    "RequireSymbols": True,
    "TemporaryPasswordValidityDays": 7,
}
DEFAULT_ACR = {f"Level{level}": {"AcrValue": f"urn:cognito:loa:{level}"} for level in (1, 2, 3, 4)}


def normalize(
    settings: Mapping[str, Any], *, creating: bool = False, extras: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return settings with defaults filled in, as Describe shows them.

    Raises InvalidParameterException, FeatureUnavailableInTierException.
    """
    result = {name: value for name, value in settings.items() if value is not None}
    _check(result, extras or {})
    admin = result.get("AdminCreateUserConfig", {})
    result["Policies"] = _policies(result.get("Policies", {}), admin.get("UnusedAccountValidityDays"))
    result.setdefault("DeletionProtection", "INACTIVE")
    result["LambdaConfig"] = _triggers(result.get("LambdaConfig") or {})
    result.setdefault("MfaConfiguration", "OFF")
    result.setdefault("EmailConfiguration", {})
    result["EmailConfiguration"] = {"EmailSendingAccount": "COGNITO_DEFAULT", **result["EmailConfiguration"]}
    result.setdefault("UserAttributeUpdateSettings", {"AttributesRequireVerificationBeforeUpdate": []})
    if "DcrConfiguration" in result:
        result["DcrConfiguration"] = {"EnableStatus": "Enabled", **result["DcrConfiguration"]}
    result["AdminCreateUserConfig"] = {
        "AllowAdminCreateUserOnly": False,
        **admin,
        "UnusedAccountValidityDays": result["Policies"]["PasswordPolicy"]["TemporaryPasswordValidityDays"],
    }
    _mirror_templates(result)
    if creating:
        result.setdefault("UserPoolTier", tier_rules.default_tier(result))
        result.setdefault("IssuerConfiguration", {"Type": "ORIGINAL"})
        result.setdefault("KeyConfiguration", {"KeyType": "AWS_OWNED_KEY"})
    return result


def replace(present: Mapping[str, Any], settings: Mapping[str, Any], extras: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings after an update. Raises InvalidParameterException, FeatureUnavailableInTierException."""
    fixed = {name: present[name] for name in CREATION_ONLY if name in present}
    result = normalize({**settings, **fixed}, extras=extras)
    for name in KEPT:
        if name not in result and name in present:
            result[name] = present[name]
    return result


def _triggers(given: Mapping[str, Any]) -> dict[str, Any]:
    """Check LambdaConfig; PreTokenGeneration is shown in its newer form as well. Raises InvalidParameterException."""
    senders = [name for name in SENDERS if given.get(name)]
    if senders and not given.get("KMSKeyID"):
        raise InvalidParameterException(f"KMSKeyID is required when {' and '.join(senders)} is configured.")
    result = dict(given)
    older, newer = given.get("PreTokenGeneration"), given.get("PreTokenGenerationConfig")
    if older and newer and newer.get("LambdaArn") != older:
        raise InvalidParameterException(
            "PreTokenGeneration and the LambdaArn of PreTokenGenerationConfig must be the same."
        )
    if older and not newer:
        result["PreTokenGenerationConfig"] = {"LambdaVersion": "V1_0", "LambdaArn": older}
    return result


def _policies(given: Mapping[str, Any], unused_account_days: int | None) -> dict[str, Any]:
    """Fill in the policies; ``unused_account_days`` is the old name of how long a temporary password lasts."""
    password = given.get("PasswordPolicy")
    merged = {**PASSWORD_DEFAULTS, "TemporaryPasswordValidityDays": unused_account_days or 7}
    if password is not None:
        # A policy that is given counts as it is: what it leaves out is not required.
        switches = {name: False for name in PASSWORD_DEFAULTS if name.startswith("Require")}
        merged = {**merged, **switches, **password}
        merged["TemporaryPasswordValidityDays"] = merged["TemporaryPasswordValidityDays"] or 7
    factors = given.get("SignInPolicy", {}).get("AllowedFirstAuthFactors") or ["PASSWORD"]
    return {"PasswordPolicy": merged, "SignInPolicy": {"AllowedFirstAuthFactors": factors}}


def _mirror_templates(result: dict[str, Any]) -> None:
    template = {"DefaultEmailOption": "CONFIRM_WITH_CODE", **result.get("VerificationMessageTemplate", {})}
    for member, mirrored in MIRRORED:
        value = template.get(mirrored) or result.get(member)
        if value:
            template[mirrored] = result[member] = value
    result["VerificationMessageTemplate"] = template


def _check(result: Mapping[str, Any], extras: Mapping[str, Any]) -> None:
    if result.get("UsernameAttributes") and result.get("AliasAttributes"):
        raise InvalidParameterException(
            "Only one of the aliasAttributes or usernameAttributes can be set in a user pool."
        )
    admin = result.get("AdminCreateUserConfig", {})
    password = result.get("Policies", {}).get("PasswordPolicy", {})
    if "UnusedAccountValidityDays" in admin and "TemporaryPasswordValidityDays" in password:
        raise InvalidParameterException(
            "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays"
        )
    template = result.get("VerificationMessageTemplate", {})
    if template.get("EmailMessage") and template.get("EmailMessageByLink"):
        raise InvalidParameterException("EmailMessage and EmailMessageByLink cannot both be set.")
    channels.check(result)
    _check_mfa(result, extras)
    _check_recovery(result)
    _check_first_factors(result)
    _check_acr(result)
    wanted = set(result.get("UserAttributeUpdateSettings", {}).get("AttributesRequireVerificationBeforeUpdate") or ())
    if wanted - set(result.get("AutoVerifiedAttributes") or ()):
        raise InvalidParameterException(
            "AttributesRequireVerificationBeforeUpdate must be a subset of the auto-verified attributes."
        )


def _check_mfa(result: Mapping[str, Any], extras: Mapping[str, Any]) -> None:
    mode = result.get("MfaConfiguration", "OFF")
    other = extras.get("mfa") or {}
    if mode in ("ON", "OPTIONAL") and not result.get("SmsConfiguration") and not mfa_rules.offered(result, extras):
        word = "required" if mode == "ON" else "optional"
        raise InvalidParameterException(
            f"SMS configuration and Auto verification for phone_number are required when MFA is {word}"
        )
    if mode != "OFF" and other.get("email") is not None:
        check_email_mfa(result)
    check_mfa_and_first_factors(result, extras)


def check_email_mfa(configuration: Mapping[str, Any]) -> None:
    """Check what e-mail MFA needs of a pool's settings. Raises InvalidParameterException."""
    if configuration.get("EmailConfiguration", {}).get("EmailSendingAccount") != "DEVELOPER":
        raise InvalidParameterException("Email MFA requires EmailConfiguration with EmailSendingAccount DEVELOPER.")
    mechanisms = configuration.get("AccountRecoverySetting", {}).get("RecoveryMechanisms") or []
    if [item["Name"] for item in mechanisms] == ["verified_email"]:
        raise InvalidParameterException("Email MFA cannot be combined with account recovery by email only.")


def check_mfa_and_first_factors(configuration: Mapping[str, Any], extras: Mapping[str, Any]) -> None:
    """Refuse first factors that required MFA excludes. Raises InvalidParameterException."""
    if configuration.get("MfaConfiguration") != "ON":
        return
    policies: Mapping[str, Any] = configuration.get("Policies", {})
    factors = set(policies.get("SignInPolicy", {}).get("AllowedFirstAuthFactors") or ())
    if factors & {"EMAIL_OTP", "SMS_OTP"}:
        raise InvalidParameterException("EMAIL_OTP and SMS_OTP cannot be first factors when MFA is required.")
    passkeys = (extras.get("webauthn") or {}).get("FactorConfiguration")
    if "WEB_AUTHN" in factors and passkeys != "MULTI_FACTOR_WITH_USER_VERIFICATION":
        raise InvalidParameterException(
            "WEB_AUTHN can be a first factor with required MFA only if the FactorConfiguration of "
            "WebAuthnConfiguration is MULTI_FACTOR_WITH_USER_VERIFICATION."
        )


def _check_recovery(result: Mapping[str, Any]) -> None:
    mechanisms = result.get("AccountRecoverySetting", {}).get("RecoveryMechanisms") or []
    names = [item["Name"] for item in mechanisms]
    priorities = [item["Priority"] for item in mechanisms]
    if "admin_only" in names and len(names) > 1:
        raise InvalidParameterException("Invalid account recovery setting: admin_only cannot be combined.")
    if len(set(names)) != len(names) or len(set(priorities)) != len(priorities):
        raise InvalidParameterException("Invalid account recovery setting: names and priorities must be unique.")


def _check_first_factors(result: Mapping[str, Any]) -> None:
    factors = result.get("Policies", {}).get("SignInPolicy", {}).get("AllowedFirstAuthFactors") or ["PASSWORD"]
    if "SOFTWARE_TOKEN" in factors or factors == ["WEB_AUTHN"]:
        raise InvalidParameterException("Invalid AllowedFirstAuthFactors.")


def _check_acr(result: Mapping[str, Any]) -> None:
    """Every name stands for one level, the default names among them."""
    found = [level["AcrValue"] for level in effective_acr(result).values()]
    if len(set(found)) != len(found):
        raise InvalidParameterException("AcrConfiguration: each AcrValue must be unique across all levels.")


def check_schema(configuration: Mapping[str, Any], schema: list[dict[str, Any]]) -> None:
    """Check what schema and sign-in names demand of each other. Raises InvalidParameterException."""
    required = {item["Name"] for item in schema if item["Required"]}
    if "preferred_username" in required and "preferred_username" in (configuration.get("AliasAttributes") or ()):
        raise InvalidParameterException("preferred_username cannot be required and an alias.")


def check_tags(tags: dict[str, str]) -> dict[str, str]:
    """Return the tags if there are not too many. Raises InvalidParameterException."""
    if len(tags) > MAX_TAGS:
        raise InvalidParameterException(f"A resource can have at most {MAX_TAGS} tags.")
    return tags


def effective_acr(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names of the authentication levels, defaults merged with the pool's own."""
    return {**DEFAULT_ACR, **configuration.get("AcrConfiguration", {})}
