"""What pools offer as second factors, and what users turn on."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from cognito_app.core import totp
from cognito_app.models import AuditEvent, PoolUser, SoftwareToken, WebAuthnCredential
from tests.clients import boto
from tests.conftest import App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db

SMS_CONFIGURATION = {"SnsCallerArn": "arn:aws:iam::000000000000:role/sms", "ExternalId": "x"}
SMS_MFA = {"SmsConfiguration": SMS_CONFIGURATION}
DEVELOPER = {
    "EmailSendingAccount": "DEVELOPER",
    "SourceArn": "arn:aws:ses:us-east-1:000000000000:identity/a@example.com",
}
TOTP_ON = {"Enabled": True}
NEUTRAL = ("ResponseMetadata",)
MULTI = "MULTI_FACTOR_WITH_USER_VERIFICATION"


def members(answer: Any) -> dict[str, Any]:
    """Return an answer without boto3's own member."""
    return {name: value for name, value in answer.items() if name not in NEUTRAL}


def config_of(app: App) -> dict[str, Any]:
    """Return what GetUserPoolMfaConfig answers."""
    return members(app.idp.get_user_pool_mfa_config(UserPoolId=app.pool_id))


def configure(app: App, **given: Any) -> dict[str, Any]:
    """Call SetUserPoolMfaConfig."""
    return members(app.idp.set_user_pool_mfa_config(UserPoolId=app.pool_id, **given))


def described(app: App) -> dict[str, Any]:
    """Return the pool as DescribeUserPool shows it."""
    found: dict[str, Any] = app.idp.describe_user_pool(UserPoolId=app.pool_id)["UserPool"]
    return found


def code_now(secret: str, *, later: int = 0) -> str:
    """Return the code that an authenticator app shows."""
    return totp.code_at(totp.from_text(secret), totp.step_at(timezone.now()) + later)


def register_totp(app: App, token: str, **given: Any) -> str:
    """Register an authenticator app by an access token; returns its secret."""
    secret = str(app.idp.associate_software_token(AccessToken=token)["SecretCode"])
    answer = app.idp.verify_software_token(AccessToken=token, UserCode=code_now(secret), **given)
    assert answer["Status"] == "SUCCESS"
    return secret


def settings_of(app: App, name: str = "ann") -> tuple[Any, Any, Any]:
    """Return a user's list of factors, the preferred one, and the legacy options."""
    user = app.idp.admin_get_user(UserPoolId=app.pool_id, Username=name)
    return user.get("UserMFASettingList"), user.get("PreferredMfaSetting"), user.get("MFAOptions")


@pytest.fixture
def mfa_app(idp: Any, inbox: Inbox) -> App:
    """A pool that offers every second factor, optionally."""
    app = make_app(idp, inbox, EmailConfiguration=DEVELOPER)
    configure(
        app,
        MfaConfiguration="OPTIONAL",
        SmsMfaConfiguration=SMS_MFA,
        SoftwareTokenMfaConfiguration=TOTP_ON,
        EmailMfaConfiguration={},
    )
    return app


# The pool


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


# Users


@pytest.mark.operation("SetUserMFAPreference")
@pytest.mark.operation("AdminSetUserMFAPreference")
def test_preferences_show_wherever_the_user_does(mfa_app: App) -> None:
    mfa_app.sign_up(phone_number="+15550001111")
    token = mfa_app.sign_in()["AccessToken"]
    assert settings_of(mfa_app) == (None, None, None)
    listed = mfa_app.idp.list_users(UserPoolId=mfa_app.pool_id)["Users"][0]
    assert "MFAOptions" not in listed
    mfa_app.idp.set_user_mfa_preference(
        AccessToken=token,
        SMSMfaSettings={"Enabled": True, "PreferredMfa": True},
        EmailMfaSettings={"Enabled": True},
    )
    options = [{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}]
    assert settings_of(mfa_app) == (["SMS_MFA", "EMAIL_OTP"], "SMS_MFA", options)
    shown = mfa_app.idp.get_user(AccessToken=token)
    assert (shown["UserMFASettingList"], shown["PreferredMfaSetting"]) == (["SMS_MFA", "EMAIL_OTP"], "SMS_MFA")
    assert mfa_app.idp.list_users(UserPoolId=mfa_app.pool_id)["Users"][0]["MFAOptions"] == options
    at = {"UserPoolId": mfa_app.pool_id, "Username": "ann"}
    # What is not named stays; a new preference takes the place of the old one.
    mfa_app.idp.admin_set_user_mfa_preference(**at, EmailMfaSettings={"Enabled": True, "PreferredMfa": True})
    assert settings_of(mfa_app) == (["SMS_MFA", "EMAIL_OTP"], "EMAIL_OTP", options)
    mfa_app.idp.admin_set_user_mfa_preference(**at, EmailMfaSettings={"Enabled": True, "PreferredMfa": False})
    assert settings_of(mfa_app) == (["SMS_MFA", "EMAIL_OTP"], None, options)
    mfa_app.idp.admin_set_user_mfa_preference(**at, SMSMfaSettings={"Enabled": False})
    assert settings_of(mfa_app) == (["EMAIL_OTP"], None, None)
    mfa_app.idp.admin_set_user_mfa_preference(**at, EmailMfaSettings={"Enabled": False})
    assert settings_of(mfa_app) == (None, None, None)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {
                "EmailMfaSettings": {"Enabled": True, "PreferredMfa": True},
                "SMSMfaSettings": {"Enabled": True, "PreferredMfa": True},
            },
            None,
        ),
        ({"SMSMfaSettings": {"Enabled": True}}, "User does not have delivery config set to turn on SMS_MFA"),
        ({"SoftwareTokenMfaSettings": {"Enabled": True}}, "User has not set up software token mfa"),
        ({"EmailMfaSettings": {"Enabled": False, "PreferredMfa": True}}, None),
        ({"EmailMfaSettings": {"PreferredMfa": True}}, None),
        ({"WebAuthnMfaSettings": {"Enabled": True}}, None),
    ],
)
def test_impossible_preferences_change_nothing(mfa_app: App, given: dict[str, Any], message: str | None) -> None:
    mfa_app.sign_up()
    token = mfa_app.sign_in()["AccessToken"]
    with refused("InvalidParameterException", message):
        mfa_app.idp.set_user_mfa_preference(AccessToken=token, **given)
    with refused("InvalidParameterException", message):
        mfa_app.idp.admin_set_user_mfa_preference(UserPoolId=mfa_app.pool_id, Username="ann", **given)
    assert settings_of(mfa_app) == (None, None, None)


def test_a_factor_that_the_pool_does_not_offer_cannot_be_turned_on(app: App) -> None:
    app.sign_up(phone_number="+15550001111")
    at = {"UserPoolId": app.pool_id, "Username": "ann"}
    # While MFA is off a preference waits for the day that it is turned on.
    app.idp.admin_set_user_mfa_preference(**at, SMSMfaSettings={"Enabled": True})
    configure(app, MfaConfiguration="OPTIONAL", SoftwareTokenMfaConfiguration=TOTP_ON)
    with refused("InvalidParameterException", "EMAIL_OTP is not enabled for the user pool."):
        app.idp.admin_set_user_mfa_preference(**at, EmailMfaSettings={"Enabled": True})


def test_required_mfa_keeps_one_factor(mfa_app: App) -> None:
    mfa_app.sign_up()
    at = {"UserPoolId": mfa_app.pool_id, "Username": "ann"}
    mfa_app.idp.admin_set_user_mfa_preference(**at, EmailMfaSettings={"Enabled": True})
    configure(mfa_app, MfaConfiguration="ON", EmailMfaConfiguration={})
    with refused("InvalidParameterException"):
        mfa_app.idp.admin_set_user_mfa_preference(**at, EmailMfaSettings={"Enabled": False})
    assert settings_of(mfa_app)[0] == ["EMAIL_OTP"]


def test_passkey_mfa_needs_the_pools_consent_and_another_factor(mfa_app: App) -> None:
    mfa_app.sign_up()
    at = {"UserPoolId": mfa_app.pool_id, "Username": "ann"}
    configure(mfa_app, WebAuthnConfiguration={"FactorConfiguration": MULTI})
    passkey = {"WebAuthnMfaSettings": {"Enabled": True}}
    with refused("InvalidParameterException"):
        mfa_app.idp.admin_set_user_mfa_preference(**at, **passkey)
    mfa_app.idp.admin_set_user_mfa_preference(**at, **passkey, EmailMfaSettings={"Enabled": True})
    with refused("InvalidParameterException"):
        mfa_app.idp.admin_set_user_mfa_preference(**at, EmailMfaSettings={"Enabled": False})
    both_off = {"WebAuthnMfaSettings": {"Enabled": False}, "EmailMfaSettings": {"Enabled": False}}
    mfa_app.idp.admin_set_user_mfa_preference(**at, **both_off)
    assert settings_of(mfa_app)[0] is None


@pytest.mark.operation("SetUserSettings")
@pytest.mark.operation("AdminSetUserSettings")
def test_the_legacy_options_are_the_sms_preference(mfa_app: App) -> None:
    mfa_app.sign_up(phone_number="+15550001111")
    token = mfa_app.sign_in()["AccessToken"]
    options = [{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}]
    mfa_app.idp.set_user_settings(AccessToken=token, MFAOptions=options)
    assert settings_of(mfa_app) == (["SMS_MFA"], None, options)
    at = {"UserPoolId": mfa_app.pool_id, "Username": "ann"}
    mfa_app.idp.admin_set_user_settings(**at, MFAOptions=[])
    assert settings_of(mfa_app) == (None, None, None)
    for wrong in ({"DeliveryMedium": "EMAIL", "AttributeName": "email"}, {"DeliveryMedium": "SMS"}):
        with refused("InvalidParameterException"):
            mfa_app.idp.admin_set_user_settings(**at, MFAOptions=[wrong])
        with refused("InvalidParameterException"):
            mfa_app.idp.set_user_settings(AccessToken=token, MFAOptions=[wrong])
    mfa_app.sign_up("bob")
    with refused("InvalidParameterException", "User does not have delivery config set to turn on SMS_MFA"):
        mfa_app.idp.admin_set_user_settings(**{**at, "Username": "bob"}, MFAOptions=options)


def test_unknown_users_and_tokens_that_do_not_count(mfa_app: App) -> None:
    mfa_app.sign_up()
    token = mfa_app.sign_in()["AccessToken"]
    admin, public = mfa_app.idp, boto.client("cognito-idp")
    at = {"UserPoolId": mfa_app.pool_id, "Username": "nobody"}
    for call in (
        lambda: admin.admin_set_user_mfa_preference(**at),
        lambda: admin.admin_set_user_settings(**at, MFAOptions=[]),
        lambda: admin.admin_delete_software_token(**at),
        lambda: admin.admin_get_user_auth_factors(**at),
    ):
        with refused("UserNotFoundException", "User does not exist."):
            call()

    def with_token(given: str) -> list[Any]:
        return [
            lambda: public.set_user_mfa_preference(AccessToken=given),
            lambda: public.set_user_settings(AccessToken=given, MFAOptions=[]),
            lambda: public.get_user_auth_factors(AccessToken=given),
            lambda: public.associate_software_token(AccessToken=given),
            lambda: public.verify_software_token(AccessToken=given, UserCode="123456"),
        ]

    for call in with_token("abc.def.ghi"):
        with refused("NotAuthorizedException", "Invalid Access Token"):
            call()
    public.global_sign_out(AccessToken=token)
    for call in with_token(token):
        with refused("NotAuthorizedException", "Access Token has been revoked"):
            call()


# Authenticator apps


@pytest.mark.operation("AssociateSoftwareToken")
@pytest.mark.operation("VerifySoftwareToken")
def test_registering_an_app_by_access_token(mfa_app: App) -> None:
    mfa_app.sign_up()
    token = mfa_app.sign_in()["AccessToken"]
    answer = mfa_app.idp.associate_software_token(AccessToken=token)
    assert "Session" not in answer
    secret = answer["SecretCode"]
    assert len(secret) == 52
    row = SoftwareToken.objects.get()
    assert secret.encode() not in bytes(row.pending_sealed or b"")
    assert totp.from_text(secret) not in bytes(row.pending_sealed or b"")
    wrong = f"{(int(code_now(secret)) + 1) % 1_000_000:06d}"
    with refused("EnableSoftwareTokenMFAException", "Code mismatch and fail enable Software Token MFA"):
        mfa_app.idp.verify_software_token(AccessToken=token, UserCode=wrong)
    with refused("InvalidParameterException"):
        mfa_app.idp.verify_software_token(AccessToken=token, UserCode=code_now(secret), FriendlyDeviceName="x" * 132)
    verify = {"AccessToken": token, "UserCode": code_now(secret), "FriendlyDeviceName": ""}
    assert members(mfa_app.idp.verify_software_token(**verify)) == {"Status": "SUCCESS"}
    # Registered, not turned on: MFA is optional here.
    assert settings_of(mfa_app) == (None, None, None)
    with refused("EnableSoftwareTokenMFAException", "Your software token has already been used once."):
        mfa_app.idp.verify_software_token(**verify)
    mfa_app.idp.set_user_mfa_preference(
        AccessToken=token, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True}
    )
    assert settings_of(mfa_app) == (["SOFTWARE_TOKEN_MFA"], "SOFTWARE_TOKEN_MFA", None)


def test_a_new_secret_replaces_the_waiting_one_and_not_the_one_in_force(mfa_app: App) -> None:
    mfa_app.sign_up()
    token = mfa_app.sign_in()["AccessToken"]
    old = register_totp(mfa_app, token)
    in_force = bytes(SoftwareToken.objects.get().secret_sealed or b"")
    first = mfa_app.idp.associate_software_token(AccessToken=token)["SecretCode"]
    second = mfa_app.idp.associate_software_token(AccessToken=token)["SecretCode"]
    assert len({old, first, second}) == 3
    assert bytes(SoftwareToken.objects.get().secret_sealed or b"") == in_force
    for stale in (old, first):
        with refused("EnableSoftwareTokenMFAException"):
            mfa_app.idp.verify_software_token(AccessToken=token, UserCode=code_now(stale))
    mfa_app.idp.verify_software_token(AccessToken=token, UserCode=code_now(second))
    assert bytes(SoftwareToken.objects.get().secret_sealed or b"") != in_force


def test_codes_of_an_app_count_one_step_either_way(mfa_app: App) -> None:
    mfa_app.sign_up()
    token = mfa_app.sign_in()["AccessToken"]
    with time_machine.travel(timezone.now(), tick=False):
        for drift, good in ((-2, False), (2, False), (-1, True), (1, True)):
            secret = mfa_app.idp.associate_software_token(AccessToken=token)["SecretCode"]
            given = {"AccessToken": token, "UserCode": code_now(secret, later=drift)}
            if good:
                mfa_app.idp.verify_software_token(**given)
            else:
                with refused("EnableSoftwareTokenMFAException"):
                    mfa_app.idp.verify_software_token(**given)


def test_apps_need_a_pool_that_offers_them(app: App) -> None:
    app.sign_up()
    token = app.sign_in()["AccessToken"]
    text = "Software Token MFA has not been enabled by the userPool"
    with refused("SoftwareTokenMFANotFoundException", text):
        app.idp.associate_software_token(AccessToken=token)
    with refused("SoftwareTokenMFANotFoundException", text):
        app.idp.verify_software_token(AccessToken=token, UserCode="123456")
    configure(app, MfaConfiguration="OPTIONAL", SoftwareTokenMfaConfiguration=TOTP_ON)
    with refused("EnableSoftwareTokenMFAException"):
        app.idp.verify_software_token(AccessToken=token, UserCode="123456")


def test_exactly_one_of_token_and_session(mfa_app: App) -> None:
    mfa_app.sign_up()
    token = mfa_app.sign_in()["AccessToken"]
    session = "x" * 40
    for given in ({}, {"AccessToken": token, "Session": session}):
        with refused("InvalidParameterException"):
            mfa_app.idp.associate_software_token(**given)
        with refused("InvalidParameterException"):
            mfa_app.idp.verify_software_token(UserCode="123456", **given)
    with refused("NotAuthorizedException", "Invalid session for the user."):
        mfa_app.idp.associate_software_token(Session=session)
    with refused("NotAuthorizedException", "Invalid session for the user."):
        mfa_app.idp.verify_software_token(Session=session, UserCode="123456")


@pytest.mark.operation("AdminDeleteSoftwareToken")
def test_a_deleted_app_is_out_of_every_list(mfa_app: App) -> None:
    mfa_app.sign_up()
    token = mfa_app.sign_in()["AccessToken"]
    register_totp(mfa_app, token)
    at = {"UserPoolId": mfa_app.pool_id, "Username": "ann"}
    mfa_app.idp.admin_set_user_mfa_preference(
        **at,
        SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True},
        EmailMfaSettings={"Enabled": True},
    )
    mfa_app.idp.admin_delete_software_token(**at)
    assert settings_of(mfa_app) == (["EMAIL_OTP"], None, None)
    assert SoftwareToken.objects.count() == 0
    with refused("InvalidParameterException", "User has not set up software token mfa"):
        mfa_app.idp.admin_set_user_mfa_preference(**at, SoftwareTokenMfaSettings={"Enabled": True})
    mfa_app.idp.admin_delete_software_token(**at)
    register_totp(mfa_app, token)


@pytest.mark.operation("GetUserAuthFactors")
@pytest.mark.operation("AdminGetUserAuthFactors")
def test_the_factors_of_a_user(idp: Any, inbox: Inbox) -> None:
    policy = {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"]}}
    app = make_app(idp, inbox, Policies=policy)
    app.sign_up()
    token = app.sign_in()["AccessToken"]
    at = {"UserPoolId": app.pool_id, "Username": "ann"}
    expected = {"Username": "ann", "ConfiguredUserAuthFactors": ["PASSWORD", "EMAIL_OTP"]}
    assert members(app.idp.get_user_auth_factors(AccessToken=token)) == expected
    attributes = [{"Name": "phone_number", "Value": "+15550001111"}]
    app.idp.admin_update_user_attributes(**at, UserAttributes=attributes)
    user_id = app.idp.admin_get_user(**at)["UserAttributes"][0]["Value"]
    WebAuthnCredential.objects.create(
        user_id=_pk(user_id),
        credential_id="c",
        public_key=b"k",
        friendly_name="key",
        relying_party_id="example.com",
        created_at=timezone.now(),
    )
    configure(app, MfaConfiguration="OPTIONAL", SmsMfaConfiguration=SMS_MFA)
    app.idp.admin_set_user_mfa_preference(**at, SMSMfaSettings={"Enabled": True, "PreferredMfa": True})
    assert members(app.idp.admin_get_user_auth_factors(**at)) == {
        "Username": "ann",
        "PreferredMfaSetting": "SMS_MFA",
        "UserMFASettingList": ["SMS_MFA"],
        "ConfiguredUserAuthFactors": ["PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"],
    }


def _pk(sub: str) -> int:
    return int(PoolUser.objects.get(sub=sub).pk)
