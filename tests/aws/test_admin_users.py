"""What administrators do with users, and searching them."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_app.models import AuditEvent
from tests.conftest import PASSWORD, App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db


@pytest.mark.operation("AdminCreateUser")
def test_an_invitation_carries_a_password_that_works(app: App) -> None:
    answer = app.idp.admin_create_user(
        UserPoolId=app.pool_id,
        Username="bob",
        UserAttributes=[{"Name": "email", "Value": "bob@example.com"}, {"Name": "email_verified", "Value": "True"}],
        DesiredDeliveryMediums=["EMAIL"],
    )["User"]
    assert answer["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    assert answer["Attributes"][0]["Name"] == "sub"
    assert {"Name": "email_verified", "Value": "true"} in answer["Attributes"]
    text = app.inbox.messages("bob@example.com")[0]
    password = text.split("temporary password is ")[1].split(". ")[0].replace("&amp;", "&").replace("=\n", "")
    assert app.start("bob", password.strip())["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    with refused("UsernameExistsException", "User account already exists"):
        app.idp.admin_create_user(UserPoolId=app.pool_id, Username="bob")
    app.idp.admin_create_user(
        UserPoolId=app.pool_id, Username="bob", MessageAction="RESEND", DesiredDeliveryMediums=["EMAIL"]
    )
    assert len(app.inbox.messages("bob@example.com")) == 2
    with refused("UserNotFoundException"):
        app.idp.admin_create_user(UserPoolId=app.pool_id, Username="nobody", MessageAction="RESEND")


@pytest.mark.operation("AdminSetUserPassword")
@pytest.mark.operation("AdminResetUserPassword")
@pytest.mark.operation("AdminEnableUser")
@pytest.mark.operation("AdminDisableUser")
@pytest.mark.operation("AdminConfirmSignUp")
@pytest.mark.operation("AdminDeleteUser")
def test_states_of_a_user(app: App) -> None:
    at = {"UserPoolId": app.pool_id, "Username": "ann"}
    email = app.sign_up()
    app.idp.admin_reset_user_password(**at)
    with refused("PasswordResetRequiredException", "Password reset required for the user"):
        app.start()
    app.idp.confirm_forgot_password(
        ClientId=app.client_id, Username="ann", ConfirmationCode=app.inbox.code(email), Password=PASSWORD
    )
    app.idp.admin_set_user_password(**at, Password="Next-Password-7!", Permanent=False)
    assert app.start(password="Next-Password-7!")["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    app.idp.admin_set_user_password(**at, Password=PASSWORD, Permanent=True)
    assert "AccessToken" in app.sign_in()
    app.idp.admin_disable_user(**at)
    assert app.idp.admin_get_user(**at)["Enabled"] is False
    app.idp.admin_enable_user(**at)
    assert "AccessToken" in app.sign_in()
    with refused("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED"):
        app.idp.admin_confirm_sign_up(**at)
    app.idp.admin_delete_user(**at)
    with refused("UserNotFoundException", "User does not exist."):
        app.idp.admin_get_user(**at)
    actions = set(AuditEvent.objects.filter(pool_id=app.pool_id).values_list("action", flat=True))
    assert {"AdminDisableUser", "AdminEnableUser", "AdminDeleteUser", "AdminResetUserPassword"} <= actions


@pytest.mark.operation("ListUsers")
def test_every_filter_and_page_of_list_users(app: App) -> None:
    for number in range(7):
        app.idp.admin_create_user(
            UserPoolId=app.pool_id,
            Username=f"user{number}",
            MessageAction="SUPPRESS",
            TemporaryPassword=PASSWORD,
            UserAttributes=[
                {"Name": "email", "Value": f"User{number}@Example.com"},
                {"Name": "given_name", "Value": "Ann" if number % 2 else 'Say "hi"'},
            ],
        )
    app.idp.admin_disable_user(UserPoolId=app.pool_id, Username="user3")

    def names(text: str | None = None) -> list[str]:
        given = {"Filter": text} if text is not None else {}
        return [user["Username"] for user in app.idp.list_users(UserPoolId=app.pool_id, **given)["Users"]]

    assert len(names()) == len(names("")) == 7
    assert names('email = "user4@example.COM"') == ["user4"]
    assert names('email ^= "USER"') == [f"user{n}" for n in range(7)]
    assert names('username = "user1"') == ["user1"]
    assert names('username = "USER1"') == []
    assert names('username ^= "user"') == [f"user{n}" for n in range(7)]
    assert names('given_name = "ann"') == ["user1", "user3", "user5"]
    assert names(r'given_name="say \"hi\""') == ["user0", "user2", "user4", "user6"]
    assert names('status = "Disabled"') == ["user3"]
    assert names('status = "disabled"') == []
    assert names('cognito:user_status = "force_change_password"') == [f"user{n}" for n in range(7)]
    with refused("InvalidParameterException", "Error while parsing filter"):
        names("email = unquoted")
    with refused("InvalidParameterException", "Invalid search attribute: nickname"):
        names('nickname = "x"')
    pages = list(app.idp.get_paginator("list_users").paginate(UserPoolId=app.pool_id, PaginationConfig={"PageSize": 3}))
    assert [user["Username"] for page in pages for user in page["Users"]] == [f"user{n}" for n in range(7)]
    token = pages[0]["PaginationToken"]
    for bad in (token[:-3] + "AAA", "x", token + "A"):
        with refused("InvalidParameterException"):
            app.idp.list_users(UserPoolId=app.pool_id, PaginationToken=bad)
    with refused("InvalidParameterException", "Invalid pagination token"):
        app.idp.list_users(UserPoolId=app.pool_id, PaginationToken=token, Filter='email ^= "u"')
    only = app.idp.list_users(UserPoolId=app.pool_id, AttributesToGet=["email"], Limit=1)["Users"][0]
    assert [item["Name"] for item in only["Attributes"]] == ["email"]
    assert app.idp.list_users(UserPoolId=app.pool_id, AttributesToGet=[], Limit=1)["Users"][0]["Attributes"] == []


@pytest.mark.operation("ListUsers")
@pytest.mark.parametrize("attribute", ["username", "email", "given_name", "sub"])
def test_pages_of_a_prefix_hold_everybody_once(app: App, attribute: str) -> None:
    for number in range(9):
        attributes = [("email", f"{'xy'[number % 2]}{8 - number}@example.com"), ("given_name", "AÄ😀"[number % 3])]
        given = [{"Name": name, "Value": value} for name, value in [*attributes, ("family_name", "F")]]
        name = f"{'xX'[number % 2]}{number}"
        app.idp.admin_create_user(UserPoolId=app.pool_id, Username=name, UserAttributes=given)
    everybody = app.idp.list_users(UserPoolId=app.pool_id)["Users"]

    def value(user: Any) -> str:
        if attribute == "username":
            return str(user["Username"])
        return next(str(item["Value"]) for item in user["Attributes"] if item["Name"] == attribute).casefold()

    for prefix in {"", *(value(user)[:length] for user in everybody for length in (1, 2))}:
        expected = sorted(user["Username"] for user in everybody if value(user).startswith(prefix))
        found: list[str] = []
        asked: dict[str, Any] = {"UserPoolId": app.pool_id, "Filter": f'{attribute} ^= "{prefix}"', "Limit": 2}
        while True:
            answer = app.idp.list_users(**asked)
            assert len(answer["Users"]) <= 2
            found += [user["Username"] for user in answer["Users"]]
            if "PaginationToken" not in answer:
                break
            asked["PaginationToken"] = answer["PaginationToken"]
        assert sorted(found) == expected, prefix


@pytest.mark.operation("AdminGetUser")
def test_ids_of_another_pool_lead_nowhere(app: App, idp: Any, inbox: Inbox) -> None:
    app.sign_up()
    other = make_app(idp, inbox)
    with refused("UserNotFoundException", "User does not exist."):
        idp.admin_get_user(UserPoolId=other.pool_id, Username="ann")
    with refused("ResourceNotFoundException", "User pool us-east-1_nowhere99 does not exist."):
        idp.admin_get_user(UserPoolId="us-east-1_nowhere99", Username="ann")
    with refused("ResourceNotFoundException", f"User pool client {app.client_id} does not exist."):
        idp.describe_user_pool_client(UserPoolId=other.pool_id, ClientId=app.client_id)
