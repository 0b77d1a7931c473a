"""What users turn on, and their authenticator apps."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.utils import timezone

from cognito_app.core import totp
from cognito_app.models import PoolUser, SoftwareToken, WebAuthnCredential
from tests.aws.mfa import (
    MULTI,
    SMS_MFA,
    TOTP_ON,
    code_now,
    configure,
    members,
    register_totp,
    settings_of,
)
from tests.clients import boto
from tests.conftest import App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db


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
    by_name: list[Any] = [
        lambda: admin.admin_set_user_mfa_preference(**at),
        lambda: admin.admin_set_user_settings(**at, MFAOptions=[]),
        lambda: admin.admin_delete_software_token(**at),
        lambda: admin.admin_get_user_auth_factors(**at),
    ]
    for call in by_name:
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
