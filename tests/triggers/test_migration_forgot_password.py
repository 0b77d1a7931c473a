"""UserMigration in ForgotPassword: a user of another directory resets the password here."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_app.models import PoolUser
from tests.aws.mfa import PHONE, SMS_CONFIGURATION
from tests.clients.endpoints import Answer
from tests.conftest import App, Inbox, make_app, refused
from tests.triggers.functions_of_pool import Functions, lambda_config

pytestmark = pytest.mark.django_db

ADDRESS = "ann@example.com"
ANN = {"userAttributes": {"email": ADDRESS, "email_verified": "true"}}
METADATA = {"lang": "de"}
NOT_FOUND = "Username/client id combination not found."


def pool(idp: Any, inbox: Inbox, **settings: Any) -> App:
    """Make a pool that migrates users."""
    return make_app(idp, inbox, LambdaConfig=lambda_config("UserMigration"), **settings)


def forgot(app: App, name: str = "ann", **more: Any) -> Any:
    """Ask for a reset code."""
    return app.idp.forgot_password(ClientId=app.client_id, Username=name, **more)["CodeDeliveryDetails"]


def found(app: App, name: str = "ann") -> Any:
    """Return a user as administrators see it."""
    return app.idp.admin_get_user(UserPoolId=app.pool_id, Username=name)


@pytest.mark.operation("ForgotPassword")
def test_an_unknown_user_comes_over_and_resets_the_password(idp: Any, inbox: Inbox, functions: Functions) -> None:
    app = pool(idp, inbox)
    functions.responses["UserMigration"] = ANN
    assert forgot(app, ClientMetadata=METADATA)["AttributeName"] == "email"
    functions.check("UserMigration_ForgotPassword", app.pool_id, app.client_id)
    assert found(app)["UserStatus"] == "RESET_REQUIRED"
    given = {"ConfirmationCode": inbox.code(ADDRESS), "Password": "Another-Horse-9!"}
    idp.confirm_forgot_password(ClientId=app.client_id, Username="ann", **given)
    assert "AccessToken" in app.sign_in(password="Another-Horse-9!")
    forgot(app)
    assert functions.sources() == ["UserMigration_ForgotPassword"]


def test_a_final_status_is_kept(idp: Any, inbox: Inbox, functions: Functions) -> None:
    app = pool(idp, inbox)
    functions.responses["UserMigration"] = {**ANN, "finalUserStatus": "CONFIRMED"}
    forgot(app)
    assert found(app)["UserStatus"] == "CONFIRMED"


def test_nothing_is_sent_to_an_address_that_is_not_verified(idp: Any, inbox: Inbox, functions: Functions) -> None:
    app = pool(idp, inbox)
    functions.responses["UserMigration"] = {"userAttributes": {"email": ADDRESS}}
    with refused("InvalidParameterException"):
        forgot(app)
    assert found(app)["UserStatus"] == "RESET_REQUIRED"
    assert inbox.messages(ADDRESS) == []


@pytest.mark.parametrize(
    ("response", "message"),
    [
        ({}, NOT_FOUND),
        ({"userAttributes": {"email": "no address"}}, None),
        ({"userAttributes": {"custom:unknown": "x"}}, None),
        ({"userAttributes": {"email_verified": "true"}}, None),
        ({**ANN, "enableSMSMFA": True}, None),
    ],
)
def test_who_does_not_fit_stays_unknown(
    idp: Any, inbox: Inbox, functions: Functions, response: dict[str, Any], message: str | None
) -> None:
    app = pool(idp, inbox)
    functions.responses["UserMigration"] = response
    with refused("UserNotFoundException", message or f"Exception migrating user in app client {app.client_id}"):
        forgot(app)
    assert not PoolUser.objects.filter(pool_id=app.pool_id).exists()


def test_a_function_that_fails(idp: Any, inbox: Inbox, functions: Functions) -> None:
    app = pool(idp, inbox)
    functions.refuse("who?")
    with refused("UserLambdaValidationException", "UserMigration failed with error who?."):
        forgot(app)
    functions.failure = Answer(raw=b"null")
    with refused("InvalidLambdaResponseException", "Unrecognizable lambda output"):
        forgot(app)


@pytest.mark.parametrize("failure", [None, Answer(raw=b"null"), Answer(body={}, status=500)])
def test_a_client_that_hides_users_shows_no_failure(
    idp: Any, inbox: Inbox, functions: Functions, failure: Answer | None
) -> None:
    app = pool(idp, inbox)
    app.client_id = app.client(PreventUserExistenceErrors="ENABLED")["ClientId"]
    functions.failure = failure
    assert forgot(app)["DeliveryMedium"] == "EMAIL"
    assert functions.sources()
    assert not PoolUser.objects.filter(pool_id=app.pool_id).exists()


def test_an_alias_brings_its_user_name_and_moves_only_by_force(idp: Any, inbox: Inbox, functions: Functions) -> None:
    app = pool(idp, inbox, AliasAttributes=["email"])
    app.sign_up("old", email=ADDRESS)
    other = {"email": ADDRESS, "email_verified": "true", "username": "new"}
    functions.responses["UserMigration"] = {"userAttributes": other}
    with refused("UserNotFoundException", f"Exception migrating user in app client {app.client_id}"):
        forgot(app, "new")
    functions.responses["UserMigration"]["forceAliasCreation"] = True
    forgot(app, "new")
    assert found(app, ADDRESS)["Username"] == "new"
    assert {"Name": "email_verified", "Value": "false"} in found(app, "old")["UserAttributes"]
    functions.responses["UserMigration"] = {
        "userAttributes": {"email": "eve@example.com", "email_verified": "true", "username": "eve"}
    }
    forgot(app, "eve@example.com")
    assert found(app, "eve@example.com")["Username"] == "eve"


def test_sms_mfa_is_turned_on_where_it_can_be(idp: Any, inbox: Inbox, functions: Functions) -> None:
    app = pool(idp, inbox, SmsConfiguration=SMS_CONFIGURATION, MfaConfiguration="OPTIONAL")
    attributes = {"email": ADDRESS, "email_verified": "true", "phone_number": PHONE}
    functions.responses["UserMigration"] = {"userAttributes": attributes, "enableSMSMFA": True}
    forgot(app)
    assert found(app)["UserMFASettingList"] == ["SMS_MFA"]
