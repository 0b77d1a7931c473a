"""Sign-up and confirmation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import PASSWORD, App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db


@pytest.mark.operation("SignUp")
def test_sign_up_sends_a_code_and_hides_the_address(app: App) -> None:
    answer = app.idp.sign_up(
        ClientId=app.client_id,
        Username="ann",
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": "ann@example.com"}],
    )
    assert answer["UserConfirmed"] is False
    assert answer["CodeDeliveryDetails"] == {
        "Destination": "a***@e***",
        "DeliveryMedium": "EMAIL",
        "AttributeName": "email",
    }
    assert len(app.inbox.messages("ann@example.com")) == 1
    user = app.idp.admin_get_user(UserPoolId=app.pool_id, Username="ann")
    assert user["UserStatus"] == "UNCONFIRMED"
    assert {"Name": "sub", "Value": answer["UserSub"]} in user["UserAttributes"]


@pytest.mark.operation("ConfirmSignUp")
def test_confirmation_verifies_the_address_once(app: App) -> None:
    email = app.sign_up()
    user = app.idp.admin_get_user(UserPoolId=app.pool_id, Username="ann")
    assert user["UserStatus"] == "CONFIRMED"
    assert {"Name": "email_verified", "Value": "true"} in user["UserAttributes"]
    with refused("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED"):
        app.idp.confirm_sign_up(ClientId=app.client_id, Username="ann", ConfirmationCode=app.inbox.code(email))


def test_wrong_code_is_a_mismatch_and_the_right_one_still_works(app: App) -> None:
    app.idp.sign_up(
        ClientId=app.client_id,
        Username="ann",
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": "ann@example.com"}],
    )
    code = app.inbox.code("ann@example.com")
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    with refused("CodeMismatchException", "Invalid verification code provided, please try again."):
        app.idp.confirm_sign_up(ClientId=app.client_id, Username="ann", ConfirmationCode=wrong)
    app.idp.confirm_sign_up(ClientId=app.client_id, Username="ann", ConfirmationCode=code)


@pytest.mark.operation("ResendConfirmationCode")
def test_a_new_code_makes_the_old_one_void(app: App) -> None:
    app.idp.sign_up(
        ClientId=app.client_id,
        Username="ann",
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": "ann@example.com"}],
    )
    first = app.inbox.code("ann@example.com")
    app.idp.resend_confirmation_code(ClientId=app.client_id, Username="ann")
    second = app.inbox.code("ann@example.com")
    if first != second:
        with refused("CodeMismatchException"):
            app.idp.confirm_sign_up(ClientId=app.client_id, Username="ann", ConfirmationCode=first)
    app.idp.confirm_sign_up(ClientId=app.client_id, Username="ann", ConfirmationCode=second)
    with refused("InvalidParameterException", "User is already confirmed."):
        app.idp.resend_confirmation_code(ClientId=app.client_id, Username="ann")


def test_sixteenth_guess_in_an_hour_is_not_compared(app: App) -> None:
    app.idp.sign_up(
        ClientId=app.client_id,
        Username="ann",
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": "ann@example.com"}],
    )
    code = app.inbox.code("ann@example.com")
    for step in range(1, 16):
        with refused("CodeMismatchException"):
            wrong = f"{(int(code) + step) % 1_000_000:06d}"
            app.idp.confirm_sign_up(ClientId=app.client_id, Username="ann", ConfirmationCode=wrong)
    with refused("LimitExceededException", "Attempt limit exceeded, please try after some time."):
        app.idp.confirm_sign_up(ClientId=app.client_id, Username="ann", ConfirmationCode=code)


def test_a_taken_name_is_refused_in_any_case(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, UsernameConfiguration={"CaseSensitive": False})
    app.sign_up("Ann")
    with refused("UsernameExistsException", "User already exists"):
        app.idp.sign_up(ClientId=app.client_id, Username="aNN", Password=PASSWORD)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("Sh0rt!x", "Password not long enough"),
        ("lower-case-9!", "Password must have uppercase characters"),
        ("UPPER-CASE-9!", "Password must have lowercase characters"),
        ("No-Digits-Here!", "Password must have numeric characters"),
        ("NoSymbols99", "Password must have symbol characters"),
    ],
)
def test_first_broken_rule_of_the_policy_is_named(app: App, password: str, reason: str) -> None:
    with refused("InvalidPasswordException", f"Password did not conform with policy: {reason}"):
        app.idp.sign_up(ClientId=app.client_id, Username="ann", Password=password)


def test_users_cannot_verify_themselves_or_write_custom_attributes_unasked(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, Schema=[{"Name": "plan", "AttributeDataType": "String"}])
    for name in ("email_verified", "custom:plan", "sub"):
        with refused("NotAuthorizedException", "A client attempted to write unauthorized attribute"):
            app.idp.sign_up(
                ClientId=app.client_id,
                Username="ann",
                Password=PASSWORD,
                UserAttributes=[{"Name": name, "Value": "true"}],
            )
    open_client = app.client(WriteAttributes=["email", "custom:plan"])
    app.idp.sign_up(
        ClientId=open_client["ClientId"],
        Username="ann",
        Password=PASSWORD,
        UserAttributes=[{"Name": "custom:plan", "Value": "gold"}],
    )


def test_required_attributes_are_demanded(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, Schema=[{"Name": "name", "Required": True}])
    with refused("InvalidParameterException"):
        app.idp.sign_up(ClientId=app.client_id, Username="ann", Password=PASSWORD)


def test_username_attribute_pools_take_addresses_and_show_the_sub(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, UsernameAttributes=["email"])
    with refused("InvalidParameterException", "Username should be an email."):
        app.idp.sign_up(ClientId=app.client_id, Username="ann", Password=PASSWORD)
    sub = app.idp.sign_up(ClientId=app.client_id, Username="ann@example.com", Password=PASSWORD)["UserSub"]
    code = app.inbox.code("ann@example.com")
    app.idp.confirm_sign_up(ClientId=app.client_id, Username="ann@example.com", ConfirmationCode=code)
    tokens = app.sign_in("ann@example.com")
    assert app.idp.get_user(AccessToken=tokens["AccessToken"])["Username"] == sub
    with refused("UsernameExistsException"):
        app.idp.sign_up(ClientId=app.client_id, Username="ann@example.com", Password=PASSWORD)


def test_a_verified_alias_belongs_to_one_user(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, AliasAttributes=["email"])
    app.sign_up("first", email="shared@example.com")
    given = [{"Name": "email", "Value": "shared@example.com"}]
    app.idp.sign_up(ClientId=app.client_id, Username="second", Password=PASSWORD, UserAttributes=given)
    code = app.inbox.code("shared@example.com")
    with refused("AliasExistsException"):
        app.idp.confirm_sign_up(ClientId=app.client_id, Username="second", ConfirmationCode=code)
    app.idp.confirm_sign_up(ClientId=app.client_id, Username="second", ConfirmationCode=code, ForceAliasCreation=True)
    moved = app.idp.admin_get_user(UserPoolId=app.pool_id, Username="shared@example.com")
    assert moved["Username"] == "second"
    old = app.idp.admin_get_user(UserPoolId=app.pool_id, Username="first")
    assert {"Name": "email_verified", "Value": "false"} in old["UserAttributes"]


def test_self_sign_up_can_be_switched_off(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, AdminCreateUserConfig={"AllowAdminCreateUserOnly": True})
    with refused("NotAuthorizedException", "SignUp is not permitted for this user pool"):
        app.idp.sign_up(ClientId=app.client_id, Username="ann", Password=PASSWORD)


def test_a_pool_with_a_trigger_that_cannot_run_fails_closed(idp: Any, inbox: Inbox) -> None:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:check"
    app = make_app(idp, inbox, LambdaConfig={"PreSignUp": arn})
    with refused("UnexpectedLambdaException"):
        app.idp.sign_up(ClientId=app.client_id, Username="ann", Password=PASSWORD)
