"""What the tests of second factors share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from cognito_app.core import totp
from tests.clients import boto
from tests.conftest import PASSWORD, App, Inbox, make_app

SMS_CONFIGURATION = {"SnsCallerArn": "arn:aws:iam::000000000000:role/sms", "ExternalId": "x"}
SMS_MFA = {"SmsConfiguration": SMS_CONFIGURATION}
DEVELOPER = {
    "EmailSendingAccount": "DEVELOPER",
    "SourceArn": "arn:aws:ses:us-east-1:000000000000:identity/a@example.com",
}
TOTP_ON = {"Enabled": True}
NEUTRAL = ("ResponseMetadata",)
MULTI = "MULTI_FACTOR_WITH_USER_VERIFICATION"


PHONE = "+15550001111"
WRONG_MESSAGE_CODE = "Invalid code or auth state for the user."
# Messages of one instant have no order.
MOMENT = timedelta(milliseconds=1)
# Later than everything that the fixtures made.
START = datetime(2031, 3, 1, 12, 0, 5, tzinfo=UTC)


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


def make_mfa_app(idp: Any, inbox: Inbox) -> App:
    """Create a pool that offers every second factor, optionally."""
    app = make_app(idp, inbox, EmailConfiguration=DEVELOPER)
    configure(
        app,
        MfaConfiguration="OPTIONAL",
        SmsMfaConfiguration=SMS_MFA,
        SoftwareTokenMfaConfiguration=TOTP_ON,
        EmailMfaConfiguration={},
    )
    return app


def offer(app: App, mode: str, *factors: str, **given: Any) -> None:
    """Set the pool's mode and factors."""
    every = {
        "sms": ("SmsMfaConfiguration", SMS_MFA),
        "totp": ("SoftwareTokenMfaConfiguration", TOTP_ON),
        "email": ("EmailMfaConfiguration", {}),
    }
    configure(app, MfaConfiguration=mode, **dict(every[name] for name in factors), **given)


def turn_on(app: App, *factors: str, preferred: str | None = None, name: str = "ann") -> None:
    """Turn factors of a user on."""
    settings = {"sms": "SMSMfaSettings", "totp": "SoftwareTokenMfaSettings", "email": "EmailMfaSettings"}
    given = {settings[item]: {"Enabled": True, "PreferredMfa": item == preferred} for item in factors}
    app.idp.admin_set_user_mfa_preference(UserPoolId=app.pool_id, Username=name, **given)


def respond(app: App, challenge: str, session: str | None, *, name: str = "ann", **answers: str) -> Any:
    """Answer a challenge as an app does."""
    given = {"Session": session} if session else {}
    return boto.client("cognito-idp").respond_to_auth_challenge(
        ClientId=app.client_id, ChallengeName=challenge, ChallengeResponses={"USERNAME": name, **answers}, **given
    )


def sms_code(app: App, phone: str = PHONE) -> str:
    """Return the code of the last message to a phone."""
    return app.inbox.code(phone)


def other(code: str) -> str:
    """Return another code."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


def attribute(app: App, name: str, user: str = "ann") -> str | None:
    """Return an attribute of a user."""
    found = app.idp.admin_get_user(UserPoolId=app.pool_id, Username=user)["UserAttributes"]
    return next((item["Value"] for item in found if item["Name"] == name), None)


def create_user(app: App, name: str = "eve", **attributes: str) -> None:
    """Create a user with a permanent password."""
    at = {"UserPoolId": app.pool_id, "Username": name}
    given = [{"Name": key, "Value": value} for key, value in attributes.items()]
    app.idp.admin_create_user(**at, MessageAction="SUPPRESS", UserAttributes=given)
    app.idp.admin_set_user_password(**at, Password=PASSWORD, Permanent=True)
