"""Second factors: what a pool offers, what users turn on, authenticator apps."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.cognito_idp import present
from cognito_app.aws.registry import operation
from cognito_app.core import totp
from cognito_app.errors import InvalidParameterException
from cognito_app.models import PoolUser, UserPool
from cognito_app.services import auth_factors, mfa_configuration, mfa_preferences, pools, software_tokens, users
from cognito_app.services.config import PoolConfig
from cognito_app.services.mfa_configuration import MfaSettings
from cognito_app.services.mfa_preferences import Wish
from cognito_app.services.mfa_rules import EMAIL, SMS, TOTP
from cognito_app.services.sign_in import totp_setup

ONE_OF_TWO = "Exactly one of AccessToken and Session must be given."


def _view(row: UserPool) -> dict[str, Any]:
    shown = mfa_configuration.describe(row)
    return {
        "SmsMfaConfiguration": shown.sms,
        "SoftwareTokenMfaConfiguration": None if shown.totp is None else {"Enabled": shown.totp},
        "EmailMfaConfiguration": shown.email,
        "MfaConfiguration": shown.mode,
        "WebAuthnConfiguration": shown.webauthn,
    }


@operation("GetUserPoolMfaConfig")
def get_user_pool_mfa_config(call: Call, *, UserPoolId: str) -> dict[str, Any]:
    return _view(pools.find(UserPoolId))


@operation("SetUserPoolMfaConfig")
def set_user_pool_mfa_config(
    call: Call,
    *,
    UserPoolId: str,
    SmsMfaConfiguration: dict[str, Any] | None = None,
    SoftwareTokenMfaConfiguration: dict[str, Any] | None = None,
    EmailMfaConfiguration: dict[str, Any] | None = None,
    MfaConfiguration: str | None = None,
    WebAuthnConfiguration: dict[str, Any] | None = None,
) -> dict[str, Any]:
    totp_given = SoftwareTokenMfaConfiguration
    wanted = MfaSettings(
        mode=MfaConfiguration,
        sms=SmsMfaConfiguration,
        totp=None if totp_given is None else bool(totp_given.get("Enabled")),
        email=EmailMfaConfiguration,
        webauthn=WebAuthnConfiguration,
    )
    with pools.changing(call.actor, UserPoolId, "SetUserPoolMfaConfig") as row:
        mfa_configuration.configure(row, wanted)
    return _view(row)


def _wishes(
    sms: dict[str, bool] | None, software_token: dict[str, bool] | None, email: dict[str, bool] | None
) -> dict[str, Wish]:
    given = {SMS: sms, TOTP: software_token, EMAIL: email}
    return {
        factor: Wish(enabled=settings.get("Enabled"), preferred=settings.get("PreferredMfa"))
        for factor, settings in given.items()
        if settings is not None
    }


@operation("SetUserMFAPreference")
def set_user_mfa_preference(
    call: Call,
    *,
    AccessToken: str,
    SMSMfaSettings: dict[str, bool] | None = None,
    SoftwareTokenMfaSettings: dict[str, bool] | None = None,
    EmailMfaSettings: dict[str, bool] | None = None,
    WebAuthnMfaSettings: dict[str, bool] | None = None,
) -> dict[str, Any]:
    wishes = _wishes(SMSMfaSettings, SoftwareTokenMfaSettings, EmailMfaSettings)
    passkey = (WebAuthnMfaSettings or {}).get("Enabled")
    mfa_preferences.change(call.grant.pool, call.actor, call.grant.user, wishes, passkey=passkey)
    return {}


@operation("AdminSetUserMFAPreference")
def admin_set_user_mfa_preference(
    call: Call,
    *,
    Username: str,
    UserPoolId: str,
    SMSMfaSettings: dict[str, bool] | None = None,
    SoftwareTokenMfaSettings: dict[str, bool] | None = None,
    EmailMfaSettings: dict[str, bool] | None = None,
    WebAuthnMfaSettings: dict[str, bool] | None = None,
) -> dict[str, Any]:
    user = users.find(call.pool, Username)
    wishes = _wishes(SMSMfaSettings, SoftwareTokenMfaSettings, EmailMfaSettings)
    passkey = (WebAuthnMfaSettings or {}).get("Enabled")
    mfa_preferences.change(call.pool, call.actor, user, wishes, passkey=passkey, action="AdminSetUserMFAPreference")
    return {}


@operation("SetUserSettings")
def set_user_settings(call: Call, *, AccessToken: str, MFAOptions: list[dict[str, str]]) -> dict[str, Any]:
    grant = call.grant
    mfa_preferences.set_options(grant.pool, call.actor, grant.user, MFAOptions, action="SetUserSettings")
    return {}


@operation("AdminSetUserSettings")
def admin_set_user_settings(
    call: Call, *, UserPoolId: str, Username: str, MFAOptions: list[dict[str, str]]
) -> dict[str, Any]:
    user = users.find(call.pool, Username)
    mfa_preferences.set_options(call.pool, call.actor, user, MFAOptions, action="AdminSetUserSettings")
    return {}


@operation("AssociateSoftwareToken")
def associate_software_token(
    call: Call, *, AccessToken: str | None = None, Session: str | None = None
) -> dict[str, Any]:
    _check_one(AccessToken, Session)
    if Session:
        found = totp_setup.associate(Session)
        return {"SecretCode": found.secret, "Session": found.session}
    secret = software_tokens.associate(call.grant.pool, call.grant.user)
    return {"SecretCode": totp.to_text(secret)}


@operation("VerifySoftwareToken")
def verify_software_token(
    call: Call,
    *,
    UserCode: str,
    AccessToken: str | None = None,
    Session: str | None = None,
    FriendlyDeviceName: str | None = None,
) -> dict[str, Any]:
    _check_one(AccessToken, Session)
    if Session:
        following = totp_setup.verify(Session, code=UserCode, name=FriendlyDeviceName)
        return {"Status": "SUCCESS", "Session": following}
    software_tokens.verify(call.grant.pool, call.grant.user, code=UserCode, name=FriendlyDeviceName)
    return {"Status": "SUCCESS"}


def _check_one(access_token: str | None, session: str | None) -> None:
    if bool(access_token) == bool(session):
        raise InvalidParameterException(ONE_OF_TWO)


@operation("AdminDeleteSoftwareToken")
def admin_delete_software_token(call: Call, *, UserPoolId: str, Username: str) -> dict[str, Any]:
    software_tokens.delete(call.pool, call.actor, users.find(call.pool, Username))
    return {}


def _auth_factors(pool: PoolConfig, user: PoolUser) -> dict[str, Any]:
    shown = present.mfa(user)
    return {
        "Username": user.username,
        "PreferredMfaSetting": shown["PreferredMfaSetting"],
        "UserMFASettingList": shown["UserMFASettingList"],
        "ConfiguredUserAuthFactors": auth_factors.configured(pool, user),
    }


@operation("GetUserAuthFactors")
def get_user_auth_factors(call: Call, *, AccessToken: str) -> dict[str, Any]:
    return _auth_factors(call.grant.pool, call.grant.user)


@operation("AdminGetUserAuthFactors")
def admin_get_user_auth_factors(call: Call, *, UserPoolId: str, Username: str) -> dict[str, Any]:
    return _auth_factors(call.pool, users.find(call.pool, Username))
