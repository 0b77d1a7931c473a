"""Attributes of users, and forgotten and changed passwords."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import PASSWORD, App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db

NEW = "Another-Horse-8?"


def attributes(app: App, token: str) -> dict[str, str]:
    """Return what GetUser shows."""
    return {item["Name"]: item["Value"] for item in app.idp.get_user(AccessToken=token)["UserAttributes"]}


@pytest.mark.operation("UpdateUserAttributes")
@pytest.mark.operation("VerifyUserAttribute")
@pytest.mark.operation("GetUserAttributeVerificationCode")
def test_a_new_address_is_unverified_until_its_code_comes_back(app: App) -> None:
    app.sign_up()
    token = app.sign_in()["AccessToken"]
    answer = app.idp.update_user_attributes(
        AccessToken=token, UserAttributes=[{"Name": "email", "Value": "new@example.org"}]
    )
    assert answer["CodeDeliveryDetailsList"][0]["Destination"] == "n***@e***"
    assert attributes(app, token)["email_verified"] == "false"
    first = app.inbox.code("new@example.org")
    app.idp.get_user_attribute_verification_code(AccessToken=token, AttributeName="email")
    code = app.inbox.code("new@example.org")
    if code != first:
        with refused("CodeMismatchException"):
            app.idp.verify_user_attribute(AccessToken=token, AttributeName="email", Code=first)
    app.idp.verify_user_attribute(AccessToken=token, AttributeName="email", Code=code)
    assert attributes(app, token)["email_verified"] == "true"
    with refused("ExpiredCodeException", "Invalid code provided, please request a code again."):
        app.idp.verify_user_attribute(AccessToken=token, AttributeName="email", Code=code)
    with refused("InvalidParameterException", "Invalid attribute name. Only phone_number and email can be verified."):
        app.idp.verify_user_attribute(AccessToken=token, AttributeName="name", Code=code)


def test_the_old_address_stays_until_the_new_one_is_verified(idp: Any, inbox: Inbox) -> None:
    app = make_app(
        idp,
        inbox,
        AliasAttributes=["email"],
        UserAttributeUpdateSettings={"AttributesRequireVerificationBeforeUpdate": ["email"]},
    )
    app.sign_up()
    token = app.sign_in()["AccessToken"]
    app.idp.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "email", "Value": "new@example.org"}])
    assert attributes(app, token)["email"] == "ann@example.com"
    assert "AccessToken" in app.sign_in("ann@example.com")
    code = app.inbox.code("new@example.org")
    app.idp.verify_user_attribute(AccessToken=token, AttributeName="email", Code=code)
    assert attributes(app, token)["email"] == "new@example.org"
    assert "AccessToken" in app.sign_in("new@example.org")
    with refused("UserNotFoundException"):
        app.start("ann@example.com")


@pytest.mark.operation("DeleteUserAttributes")
@pytest.mark.operation("AdminDeleteUserAttributes")
def test_attributes_can_be_removed_but_not_what_is_required(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, Schema=[{"Name": "name", "Required": True}])
    app.idp.sign_up(
        ClientId=app.client_id,
        Username="ann",
        Password=PASSWORD,
        UserAttributes=[{"Name": "name", "Value": "Ann"}, {"Name": "nickname", "Value": "nan"}],
    )
    app.idp.admin_confirm_sign_up(UserPoolId=app.pool_id, Username="ann")
    token = app.sign_in()["AccessToken"]
    app.idp.delete_user_attributes(AccessToken=token, UserAttributeNames=["nickname"])
    assert "nickname" not in attributes(app, token)
    with refused("InvalidParameterException", "Invalid user attributes: name: Required attribute cannot be deleted."):
        app.idp.admin_delete_user_attributes(UserPoolId=app.pool_id, Username="ann", UserAttributeNames=["name"])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("email", "no-address", "Invalid email address format."),
        ("phone_number", "0123", "Invalid phone number format."),
        ("custom:none", "x", None),
        ("sub", "x", None),
        ("birthdate", "1.1.2000", None),
        ("nickname", "x" * 2049, None),
    ],
)
@pytest.mark.operation("AdminUpdateUserAttributes")
def test_values_that_break_the_schema_are_refused(app: App, name: str, value: str, message: str | None) -> None:
    app.sign_up()
    with refused("InvalidParameterException", message):
        app.idp.admin_update_user_attributes(
            UserPoolId=app.pool_id, Username="ann", UserAttributes=[{"Name": name, "Value": value}]
        )


@pytest.mark.operation("ChangePassword")
def test_change_of_password_ends_other_sign_ins_for_good(app: App) -> None:
    app.sign_up()
    mine, other = app.sign_in(), app.sign_in()
    with refused("NotAuthorizedException", "Incorrect username or password."):
        app.idp.change_password(AccessToken=mine["AccessToken"], PreviousPassword="Wrong-1-word!", ProposedPassword=NEW)
    app.idp.change_password(AccessToken=mine["AccessToken"], PreviousPassword=PASSWORD, ProposedPassword=NEW)
    with refused("NotAuthorizedException"):
        app.start()
    assert "AccessToken" in app.sign_in(password=NEW)
    app.idp.get_tokens_from_refresh_token(ClientId=app.client_id, RefreshToken=mine["RefreshToken"])
    with refused("NotAuthorizedException", "Refresh Token has been revoked"):
        app.idp.get_tokens_from_refresh_token(ClientId=app.client_id, RefreshToken=other["RefreshToken"])


@pytest.mark.operation("ForgotPassword")
@pytest.mark.operation("ConfirmForgotPassword")
def test_forgotten_password_by_code(app: App) -> None:
    email = app.sign_up()
    tokens = app.sign_in()
    answer = app.idp.forgot_password(ClientId=app.client_id, Username="ann")
    assert answer["CodeDeliveryDetails"]["Destination"] == "a***@e***"
    code = app.inbox.code(email)

    def confirm(code: str, password: str = NEW) -> None:
        app.idp.confirm_forgot_password(
            ClientId=app.client_id, Username="ann", ConfirmationCode=code, Password=password
        )

    with refused("InvalidPasswordException"):
        confirm(code, "tooshort")
    with refused("CodeMismatchException", "Invalid verification code provided, please try again."):
        confirm(f"{(int(code) + 1) % 1_000_000:06d}")
    confirm(code)
    with refused("ExpiredCodeException"):
        confirm(code)
    assert "AccessToken" in app.sign_in(password=NEW)
    with refused("NotAuthorizedException"):
        app.idp.get_tokens_from_refresh_token(ClientId=app.client_id, RefreshToken=tokens["RefreshToken"])


def test_no_reset_without_a_verified_contact_or_in_the_wrong_state(app: App) -> None:
    app.idp.sign_up(ClientId=app.client_id, Username="new", Password=PASSWORD)
    message = "Cannot reset password for the user as there is no registered/verified email or phone_number"
    with refused("InvalidParameterException", message):
        app.idp.forgot_password(ClientId=app.client_id, Username="new")
    app.idp.admin_create_user(UserPoolId=app.pool_id, Username="bob", MessageAction="SUPPRESS")
    with refused("NotAuthorizedException", "User password cannot be reset in the current state."):
        app.idp.forgot_password(ClientId=app.client_id, Username="bob")
    with refused("UserNotFoundException", "Username/client id combination not found."):
        app.idp.forgot_password(ClientId=app.client_id, Username="nobody")


@pytest.mark.operation("DeleteUser")
def test_users_can_delete_themselves_once(app: App) -> None:
    app.sign_up()
    token = app.sign_in()["AccessToken"]
    app.idp.delete_user(AccessToken=token)
    with refused("UserNotFoundException", "User does not exist."):
        app.idp.delete_user(AccessToken=token)
