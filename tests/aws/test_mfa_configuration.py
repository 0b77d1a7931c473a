"""What pools offer as second factors, and its settings for passkeys."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from cognito_app.models import AuditEvent
from tests.aws.mfa import (
    DEVELOPER,
    MULTI,
    SMS_CONFIGURATION,
    SMS_MFA,
    TOTP_ON,
    config_of,
    configure,
    described,
)
from tests.conftest import App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db


@pytest.mark.operation("GetUserPoolMfaConfig")
@pytest.mark.operation("SetUserPoolMfaConfig")
def test_only_what_is_configured_is_shown(app: App) -> None:
    assert config_of(app) == {"MfaConfiguration": "OFF"}
    given = {"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": TOTP_ON}
    assert configure(app, **given) == given
    assert config_of(app) == given
    assert described(app)["MfaConfiguration"] == "ON"
    sms = {"SmsAuthenticationMessage": "Key: {####}", **SMS_MFA}
    given = {"MfaConfiguration": "OPTIONAL", "SmsMfaConfiguration": sms}
    assert configure(app, **given) == given
    pool = described(app)
    assert (pool["MfaConfiguration"], pool["SmsConfiguration"]) == ("OPTIONAL", SMS_CONFIGURATION)
    assert pool["SmsAuthenticationMessage"] == "Key: {####}"
    assert AuditEvent.objects.filter(action="SetUserPoolMfaConfig").count() == 2


def test_turning_off_forgets_the_factors_and_keeps_the_sms_settings(mfa_app: App) -> None:
    assert configure(mfa_app, MfaConfiguration="OFF") == {"MfaConfiguration": "OFF"}
    assert described(mfa_app)["SmsConfiguration"] == SMS_CONFIGURATION
    settings = {"EmailConfiguration": DEVELOPER, "SmsConfiguration": SMS_CONFIGURATION}
    mfa_app.idp.update_user_pool(UserPoolId=mfa_app.pool_id, MfaConfiguration="ON", **settings)
    assert config_of(mfa_app) == {"MfaConfiguration": "ON", "SmsMfaConfiguration": SMS_MFA}


OFF_AND_ON = "Invalid MFA configuration given, can't turn off MFA and configure an MFA together."
NONE_LEFT = "Invalid MFA configuration given, can't disable all MFAs with a required or optional configuration."
NONE_GIVEN = "At least one of [SmsMfaConfiguration] or [SoftwareTokenMfaConfiguration] must be provided."


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"MfaConfiguration": "OFF", "SoftwareTokenMfaConfiguration": TOTP_ON}, OFF_AND_ON),
        ({"MfaConfiguration": "OFF", "SmsMfaConfiguration": SMS_MFA}, OFF_AND_ON),
        ({"SoftwareTokenMfaConfiguration": TOTP_ON}, OFF_AND_ON),
        ({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": False}}, NONE_LEFT),
        ({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {}}, NONE_LEFT),
        ({"MfaConfiguration": "ON"}, NONE_GIVEN),
        (
            {"MfaConfiguration": "ON", "SmsMfaConfiguration": {"SmsAuthenticationMessage": "Key: {####}"}},
            "[SmsConfiguration] is a required member of [SoftwareTokenMfaConfiguration].",
        ),
        ({"MfaConfiguration": "SOMETIMES", "SoftwareTokenMfaConfiguration": TOTP_ON}, None),
        ({"MfaConfiguration": "ON", "SmsMfaConfiguration": {"SmsAuthenticationMessage": "no code"}}, None),
        ({"MfaConfiguration": "ON", "EmailMfaConfiguration": {"Message": "no code at all"}}, None),
        ({"MfaConfiguration": "ON", "EmailMfaConfiguration": {}}, None),
        ({"WebAuthnConfiguration": {"RelyingPartyId": "com"}}, None),
        ({"WebAuthnConfiguration": {"RelyingPartyId": "192.0.2.1"}}, None),
        ({"WebAuthnConfiguration": {"RelyingPartyId": "https://example.com"}}, None),
    ],
)
def test_contradictory_configurations_change_nothing(app: App, given: dict[str, Any], message: str | None) -> None:
    with refused("InvalidParameterException", message):
        configure(app, **given)
    assert config_of(app) == {"MfaConfiguration": "OFF"}


def test_unknown_pools(app: App) -> None:
    with refused("ResourceNotFoundException"):
        app.idp.get_user_pool_mfa_config(UserPoolId="us-east-1_Unknown00")
    with refused("ResourceNotFoundException"):
        app.idp.set_user_pool_mfa_config(UserPoolId="us-east-1_Unknown00", MfaConfiguration="OFF")


def test_email_mfa_needs_an_own_sender_a_plan_and_another_way_of_recovery(
    idp: Any, inbox: Inbox, settings: Settings
) -> None:
    settings.COGNITO = {**settings.COGNITO, "ALL_FEATURES": False}
    template = {"Message": "Code: {####}", "Subject": "Hello"}
    given = {"MfaConfiguration": "OPTIONAL", "EmailMfaConfiguration": template}
    only_email = {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]}
    for unfit in ({}, {"EmailConfiguration": DEVELOPER, "AccountRecoverySetting": only_email}):
        with refused("InvalidParameterException"):
            configure(make_app(idp, inbox, **unfit), **given)
    lite = make_app(idp, inbox, EmailConfiguration=DEVELOPER, UserPoolTier="LITE")
    with refused("FeatureUnavailableInTierException"):
        configure(lite, **given)
    with refused("FeatureUnavailableInTierException"):
        configure(lite, WebAuthnConfiguration={"FactorConfiguration": MULTI})
    app = make_app(idp, inbox, EmailConfiguration=DEVELOPER)
    assert configure(app, **given) == given
    update = {"UserPoolId": app.pool_id, "MfaConfiguration": "OPTIONAL"}
    with refused("InvalidParameterException"):
        idp.update_user_pool(**update)
    with refused("InvalidParameterException"):
        idp.update_user_pool(**update, EmailConfiguration=DEVELOPER, AccountRecoverySetting=only_email)
    idp.update_user_pool(**update, EmailConfiguration=DEVELOPER)
    assert config_of(app) == given


def test_required_mfa_excludes_one_time_codes_as_first_factors(idp: Any, inbox: Inbox) -> None:
    def policy(*factors: str) -> dict[str, Any]:
        return {"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", *factors]}}}

    for factor in ("EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"):
        with refused("InvalidParameterException"):
            make_app(idp, inbox, MfaConfiguration="ON", SmsConfiguration=SMS_CONFIGURATION, **policy(factor))
        app = make_app(idp, inbox, **policy(factor))
        with refused("InvalidParameterException"):
            configure(app, MfaConfiguration="ON", SoftwareTokenMfaConfiguration=TOTP_ON)
        configure(app, MfaConfiguration="OPTIONAL", SoftwareTokenMfaConfiguration=TOTP_ON)
    passkeys = {"FactorConfiguration": MULTI}
    configure(app, MfaConfiguration="ON", SoftwareTokenMfaConfiguration=TOTP_ON, WebAuthnConfiguration=passkeys)


def test_passkey_settings_alone_leave_the_factors(app: App) -> None:
    configure(app, MfaConfiguration="OPTIONAL", SoftwareTokenMfaConfiguration=TOTP_ON)
    answer = configure(app, WebAuthnConfiguration={"RelyingPartyId": "auth.example.com"})
    passkeys = {"RelyingPartyId": "auth.example.com", "UserVerification": "preferred"}
    whole = {
        "MfaConfiguration": "OPTIONAL",
        "SoftwareTokenMfaConfiguration": TOTP_ON,
        "WebAuthnConfiguration": passkeys,
    }
    assert answer == config_of(app) == whole
    # ... and a change of the factors leaves the passkeys.
    assert configure(app, MfaConfiguration="OFF") == {"MfaConfiguration": "OFF", "WebAuthnConfiguration": passkeys}


def test_a_pool_created_with_sms_mfa_offers_it(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, MfaConfiguration="OPTIONAL", SmsConfiguration=SMS_CONFIGURATION)
    assert config_of(app) == {"MfaConfiguration": "OPTIONAL", "SmsMfaConfiguration": SMS_MFA}


def test_update_keeps_factors_and_turns_sms_on_where_it_is_new(app: App) -> None:
    configure(app, MfaConfiguration="ON", SoftwareTokenMfaConfiguration=TOTP_ON)
    app.idp.update_user_pool(UserPoolId=app.pool_id, MfaConfiguration="OPTIONAL")
    assert config_of(app) == {"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": TOTP_ON}
    app.idp.update_user_pool(UserPoolId=app.pool_id, MfaConfiguration="ON", SmsConfiguration=SMS_CONFIGURATION)
    assert config_of(app) == {
        "MfaConfiguration": "ON",
        "SoftwareTokenMfaConfiguration": TOTP_ON,
        "SmsMfaConfiguration": SMS_MFA,
    }
    # An update that leaves the mode out turns MFA off, as it resets every other setting.
    app.idp.update_user_pool(UserPoolId=app.pool_id)
    assert config_of(app) == {"MfaConfiguration": "OFF"}
