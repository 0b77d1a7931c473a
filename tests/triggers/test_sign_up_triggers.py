"""PreSignUp and PostConfirmation, driven by the operations that cause them."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_app.models import PoolUser
from tests.clients.endpoints import Answer
from tests.conftest import PASSWORD, App, Inbox, make_app, refused
from tests.triggers.functions_of_pool import Functions, lambda_config

pytestmark = pytest.mark.django_db

EMAIL = [{"Name": "email", "Value": "ann@example.com"}]
METADATA = {"campaign": "spring"}
VALIDATION = [{"Name": "captcha", "Value": "42"}]


def pool(idp: Any, inbox: Inbox, *names: str, **settings: Any) -> App:
    """Make a pool with triggers."""
    return make_app(idp, inbox, LambdaConfig=lambda_config(*names), **settings)


def sign_up(app: App, name: str = "ann", **more: Any) -> Any:
    """Register a user."""
    given = {"Username": name, "Password": PASSWORD, "UserAttributes": EMAIL, **more}
    return app.idp.sign_up(ClientId=app.client_id, **given)


def state(app: App, name: str = "ann") -> tuple[str, dict[str, str]]:
    """Return a user's status and attributes."""
    found = app.idp.admin_get_user(UserPoolId=app.pool_id, Username=name)
    return found["UserStatus"], {item["Name"]: item["Value"] for item in found["UserAttributes"]}


@pytest.mark.operation("SignUp")
def test_pre_sign_up_sees_what_was_sent(idp: Any, inbox: Inbox, functions: Functions) -> None:
    app = pool(idp, inbox, "PreSignUp")
    answer = sign_up(app, ValidationData=VALIDATION, ClientMetadata=METADATA)
    functions.check("PreSignUp_SignUp", app.pool_id, app.client_id)
    assert answer["UserConfirmed"] is False
    assert answer["CodeDeliveryDetails"]["AttributeName"] == "email"
    assert functions.sources() == ["PreSignUp_SignUp"]


def test_nothing_sent_is_null_or_left_out(idp: Any, inbox: Inbox, functions: Functions) -> None:
    sign_up(pool(idp, inbox, "PreSignUp"))
    request = functions.event("PreSignUp_SignUp")["request"]
    assert request == {"userAttributes": {"email": "ann@example.com"}, "validationData": None}


def test_a_user_who_is_confirmed_at_once_gets_no_code(idp: Any, inbox: Inbox, functions: Functions) -> None:
    app = pool(idp, inbox, "PreSignUp", "PostConfirmation")
    functions.responses["PreSignUp"] = {"autoConfirmUser": True, "autoVerifyEmail": True}
    answer = sign_up(app, ClientMetadata=METADATA)
    assert answer["UserConfirmed"] is True
    assert "CodeDeliveryDetails" not in answer
    assert inbox.messages("ann@example.com") == []
    assert (state(app)[0], state(app)[1]["email_verified"]) == ("CONFIRMED", "true")
    assert functions.sources() == ["PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"]
    assert functions.event("PostConfirmation_ConfirmSignUp")["request"]["clientMetadata"] == METADATA
    assert "AccessToken" in app.sign_in()


def test_an_address_that_was_not_given_cannot_be_verified(idp: Any, inbox: Inbox, functions: Functions) -> None:
    app = pool(idp, inbox, "PreSignUp")
    functions.responses["PreSignUp"] = {"autoVerifyPhone": True}
    with refused("InvalidParameterException", "Phone Number is required to verify/un-verify a phone number"):
        sign_up(app)
    assert not PoolUser.objects.filter(pool_id=app.pool_id).exists()


def test_a_verified_alias_moves_to_the_new_user(idp: Any, inbox: Inbox, functions: Functions) -> None:
    app = pool(idp, inbox, "PreSignUp", AliasAttributes=["email"])
    functions.responses["PreSignUp"] = {"autoConfirmUser": True, "autoVerifyEmail": True}
    sign_up(app, "first")
    sign_up(app, "second")
    assert app.idp.admin_get_user(UserPoolId=app.pool_id, Username="ann@example.com")["Username"] == "second"
    assert state(app, "first")[1]["email_verified"] == "false"


def test_an_address_that_is_the_sign_in_name_does_not_move(idp: Any, inbox: Inbox, functions: Functions) -> None:
    app = pool(idp, inbox, "PreSignUp", UsernameAttributes=["email"])
    functions.responses["PreSignUp"] = {"autoConfirmUser": True, "autoVerifyEmail": True}
    sign_up(app, "ann@example.com", UserAttributes=[])
    with refused("UsernameExistsException", "User already exists"):
        sign_up(app, "ann@example.com", UserAttributes=[])
    names = [event["userName"] for event in functions.endpoint.events("PreSignUp_SignUp")]
    assert names[0] == state(app, "ann@example.com")[1]["sub"]


def test_pre_sign_up_runs_before_names_are_compared_and_after_the_password_policy(
    idp: Any, inbox: Inbox, functions: Functions
) -> None:
    app = pool(idp, inbox, "PreSignUp")
    with refused("InvalidPasswordException"):
        sign_up(app, Password="short")
    assert functions.sources() == []
    sign_up(app)
    functions.refuse("closed")
    with refused("UserLambdaValidationException", "PreSignUp failed with error closed."):
        sign_up(app)


@pytest.mark.parametrize(
    ("failure", "code", "message"),
    [
        (
            Answer(body={"errorMessage": "no"}, headers={"X-Amz-Function-Error": "Unhandled"}),
            "UserLambdaValidationException",
            "PreSignUp failed with error no.",
        ),
        (
            Answer(body={"Type": "User"}, status=404, headers={"x-amzn-ErrorType": "ResourceNotFoundException"}),
            "UnexpectedLambdaException",
            "PreSignUp invocation failed due to error ResourceNotFoundException.",
        ),
        (
            Answer(body={}, status=429, headers={"x-amzn-ErrorType": "TooManyRequestsException"}),
            "UnexpectedLambdaException",
            "PreSignUp invocation failed due to error TooManyRequestsException.",
        ),
        (Answer(raw=b"null"), "InvalidLambdaResponseException", "Unrecognizable lambda output"),
        (Answer(raw=b"[]"), "InvalidLambdaResponseException", "Unrecognizable lambda output"),
        (Answer(raw=b"{"), "InvalidLambdaResponseException", "Unrecognizable lambda output"),
        (
            Answer(hang=True),
            "UnexpectedLambdaException",
            "PreSignUp invocation failed due to error Socket timeout while invoking Lambda function.",
        ),
    ],
)
def test_a_function_that_fails_stops_the_sign_up(
    idp: Any, inbox: Inbox, functions: Functions, failure: Answer, code: str, message: str
) -> None:
    app = pool(idp, inbox, "PreSignUp")
    functions.failure = failure
    with refused(code, message):
        sign_up(app)
    assert not PoolUser.objects.filter(pool_id=app.pool_id).exists()


def test_a_decision_of_the_wrong_type_is_refused(idp: Any, inbox: Inbox, functions: Functions) -> None:
    app = pool(idp, inbox, "PreSignUp")
    functions.responses["PreSignUp"] = {"autoConfirmUser": "yes"}
    with refused("InvalidLambdaResponseException", "Unrecognizable lambda output"):
        sign_up(app)


@pytest.mark.operation("AdminCreateUser")
def test_an_administrator_asks_pre_sign_up_but_it_confirms_nobody(idp: Any, inbox: Inbox, functions: Functions) -> None:
    app = pool(idp, inbox, "PreSignUp", "PostConfirmation")
    functions.responses["PreSignUp"] = {"autoConfirmUser": True, "autoVerifyEmail": True}
    given = {"UserAttributes": EMAIL, "ValidationData": VALIDATION, "ClientMetadata": METADATA}
    created = idp.admin_create_user(UserPoolId=app.pool_id, Username="ann", MessageAction="SUPPRESS", **given)
    assert created["User"]["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    assert "email_verified" not in state(app)[1]
    functions.check("PreSignUp_AdminCreateUser", app.pool_id, app.client_id)
    assert functions.sources() == ["PreSignUp_AdminCreateUser"]
    functions.refuse("no")
    with refused("UserLambdaValidationException", "PreSignUp failed with error no."):
        idp.admin_create_user(UserPoolId=app.pool_id, Username="bob")


@pytest.mark.operation("ConfirmSignUp")
def test_post_confirmation_sees_the_confirmed_user(idp: Any, inbox: Inbox, functions: Functions) -> None:
    app = pool(idp, inbox, "PostConfirmation")
    sign_up(app)
    code = inbox.code("ann@example.com")
    given = {"Username": "ann", "ConfirmationCode": code, "ClientMetadata": METADATA}
    seen = []
    functions.before = lambda event: seen.append(event["triggerSource"])
    idp.confirm_sign_up(ClientId=app.client_id, **given)
    functions.check("PostConfirmation_ConfirmSignUp", app.pool_id, app.client_id)
    assert seen == ["PostConfirmation_ConfirmSignUp"]


def test_an_error_of_post_confirmation_leaves_the_user_confirmed(idp: Any, inbox: Inbox, functions: Functions) -> None:
    app = pool(idp, inbox, "PostConfirmation")
    sign_up(app)
    functions.refuse("too late")
    with refused("UserLambdaValidationException", "PostConfirmation failed with error too late."):
        idp.confirm_sign_up(ClientId=app.client_id, Username="ann", ConfirmationCode=inbox.code("ann@example.com"))
    assert state(app)[0] == "CONFIRMED"


@pytest.mark.operation("AdminConfirmSignUp")
def test_an_administrators_confirmation_names_no_client(idp: Any, inbox: Inbox, functions: Functions) -> None:
    app = pool(idp, inbox, "PostConfirmation")
    sign_up(app)
    idp.admin_confirm_sign_up(UserPoolId=app.pool_id, Username="ann", ClientMetadata=METADATA)
    event = functions.event("PostConfirmation_ConfirmSignUp")
    assert event["callerContext"]["clientId"] is None
    assert event["request"]["clientMetadata"] == METADATA


@pytest.mark.operation("ConfirmForgotPassword")
def test_post_confirmation_hears_of_a_reset_password(idp: Any, inbox: Inbox, functions: Functions) -> None:
    app = pool(idp, inbox)
    email = app.sign_up()
    triggers = lambda_config("PostConfirmation")
    idp.update_user_pool(UserPoolId=app.pool_id, AutoVerifiedAttributes=["email"], LambdaConfig=triggers)
    idp.forgot_password(ClientId=app.client_id, Username="ann", ClientMetadata=METADATA)
    given = {"Username": "ann", "ConfirmationCode": inbox.code(email), "Password": "Another-Horse-9!"}
    functions.refuse("late")
    with refused("UserLambdaValidationException", "PostConfirmation failed with error late."):
        idp.confirm_forgot_password(ClientId=app.client_id, ClientMetadata=METADATA, **given)
    functions.check("PostConfirmation_ConfirmForgotPassword", app.pool_id, app.client_id)
    assert "AccessToken" in app.sign_in(password="Another-Horse-9!")


def test_setting_a_first_password_tells_nobody(idp: Any, inbox: Inbox, functions: Functions) -> None:
    app = pool(idp, inbox, "PostConfirmation")
    idp.admin_create_user(UserPoolId=app.pool_id, Username="ann", MessageAction="SUPPRESS")
    idp.admin_set_user_password(UserPoolId=app.pool_id, Username="ann", Password=PASSWORD, Permanent=True)
    assert functions.sources() == []
