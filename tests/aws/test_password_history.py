"""A new password differs from the present one and from those before it, as many as the pool's policy says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cognito_app.models import PasswordHistory, PoolUser
from cognito_app.services import password_history
from tests.conftest import PASSWORD, App, make_app, refused

pytestmark = pytest.mark.django_db
VIOLATION = ("PasswordHistoryPolicyViolationException", "Password has previously been used")
POLICY = {"MinimumLength": 8, "RequireLowercase": True}


def policy(size: int | None) -> dict[str, Any]:
    """Return the member that sets the size of the history."""
    given = POLICY if size is None else {**POLICY, "PasswordHistorySize": size}
    return {"PasswordPolicy": given}


@pytest.fixture
def app(idp: Any, inbox: Any) -> App:
    """A pool that remembers three passwords, with a user."""
    made = make_app(idp, inbox, Policies=policy(3))
    made.sign_up()
    return made


def set_password(app: App, password: str, *, permanent: bool = True) -> None:
    """Set ann's password as an administrator."""
    app.idp.admin_set_user_password(UserPoolId=app.pool_id, Username="ann", Password=password, Permanent=permanent)


@pytest.mark.operation("AdminSetUserPassword")
def test_the_present_and_the_two_earlier_passwords_are_refused(app: App) -> None:
    set_password(app, "second-password")
    set_password(app, "third-password")
    for used in (PASSWORD, "second-password", "third-password"):
        with refused(*VIOLATION):
            set_password(app, used)
        with refused(*VIOLATION):
            set_password(app, used, permanent=False)
    set_password(app, "fourth-password")
    set_password(app, PASSWORD)
    app.sign_in()


@pytest.mark.operation("ChangePassword")
def test_users_cannot_go_back_to_an_earlier_password(app: App) -> None:
    token = app.sign_in()["AccessToken"]
    change = app.idp.change_password
    with refused(*VIOLATION):
        change(AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword=PASSWORD)
    change(AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword="second-password")
    with refused(*VIOLATION):
        change(AccessToken=token, PreviousPassword="second-password", ProposedPassword=PASSWORD)
    # Who does not know the present password learns nothing about the earlier ones.
    with refused("NotAuthorizedException", "Incorrect username or password."):
        change(AccessToken=token, PreviousPassword="wrong", ProposedPassword=PASSWORD)
    app.sign_in(password="second-password")


@pytest.mark.operation("ConfirmForgotPassword")
def test_a_refused_reset_leaves_the_code_good_for_another_password(app: App) -> None:
    app.idp.forgot_password(ClientId=app.client_id, Username="ann")
    confirm = {"ClientId": app.client_id, "Username": "ann"}
    code = app.inbox.code("ann@example.com")
    with refused("CodeMismatchException"):
        app.idp.confirm_forgot_password(**confirm, ConfirmationCode=other_than(code), Password=PASSWORD)
    with refused(*VIOLATION):
        app.idp.confirm_forgot_password(**confirm, ConfirmationCode=code, Password=PASSWORD)
    app.idp.confirm_forgot_password(**confirm, ConfirmationCode=code, Password="second-password")
    app.sign_in(password="second-password")


def other_than(code: str) -> str:
    """Return another code."""
    return "111111" if code != "111111" else "222222"


def user_answer(app: App) -> Callable[..., Any]:
    """Return how a user answers."""
    return lambda **given: app.idp.respond_to_auth_challenge(ClientId=app.client_id, **given)


def admin_answer(app: App) -> Callable[..., Any]:
    """Return how an administrator's application answers."""
    at = {"UserPoolId": app.pool_id, "ClientId": app.client_id}
    return lambda **given: app.idp.admin_respond_to_auth_challenge(**at, **given)


@pytest.mark.operation("RespondToAuthChallenge")
@pytest.mark.operation("AdminRespondToAuthChallenge")
@pytest.mark.parametrize("way", [user_answer, admin_answer])
def test_the_new_password_is_neither_the_temporary_one_nor_an_earlier_one(
    app: App, way: Callable[[App], Callable[..., Any]]
) -> None:
    set_password(app, "temporary-password", permanent=False)
    started = app.start(password="temporary-password")
    answer = way(app)

    def choose(password: str) -> Any:
        return answer(
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=started["Session"],
            ChallengeResponses={"USERNAME": "ann", "NEW_PASSWORD": password},
        )

    for used in ("temporary-password", PASSWORD):
        with refused(*VIOLATION):
            choose(used)
    assert "AccessToken" in choose("chosen-password")["AuthenticationResult"]
    with refused(*VIOLATION):
        set_password(app, "temporary-password")


@pytest.mark.parametrize("size", [None, 0])
def test_without_a_history_passwords_may_come_back_and_are_not_kept(idp: Any, inbox: Any, size: int | None) -> None:
    app = make_app(idp, inbox, Policies=policy(size))
    app.sign_up()
    set_password(app, "second-password")
    set_password(app, PASSWORD)
    set_password(app, PASSWORD)
    assert not PasswordHistory.objects.exists()
    with CaptureQueriesContext(connection) as captured:
        set_password(app, PASSWORD)
    assert not [item for item in captured.captured_queries if "passwordhistory" in item["sql"]]


def test_a_history_of_one_is_the_present_password(idp: Any, inbox: Any) -> None:
    app = make_app(idp, inbox, Policies=policy(1))
    app.sign_up()
    with refused(*VIOLATION):
        set_password(app, PASSWORD)
    set_password(app, "second-password")
    set_password(app, PASSWORD)


def test_a_changed_policy_counts_at_once(app: App) -> None:
    for number in range(4):
        set_password(app, f"password-number-{number}")
    set_password(app, PASSWORD)
    app.idp.update_user_pool(UserPoolId=app.pool_id, AutoVerifiedAttributes=["email"], Policies=policy(5))
    with refused(*VIOLATION):
        set_password(app, "password-number-0")
    app.idp.update_user_pool(UserPoolId=app.pool_id, AutoVerifiedAttributes=["email"])
    set_password(app, "Password-number-0!")


def test_no_more_than_the_longest_history_is_kept_and_it_goes_with_the_user(app: App) -> None:
    user = PoolUser.objects.get(username="ann")
    for _ in range(password_history.KEPT + 3):
        PasswordHistory.objects.create(user=user, password_hash="$argon2id$x", created_at=user.created_at)
    set_password(app, "second-password")
    kept = PasswordHistory.objects.filter(user=user).order_by("-id")
    assert len(kept) == password_history.KEPT
    assert kept[0].password_hash == user.password_hash
    app.idp.admin_delete_user(UserPoolId=app.pool_id, Username="ann")
    assert not PasswordHistory.objects.exists()


def test_each_user_has_a_history_of_their_own(app: App) -> None:
    app.sign_up("bob", "bobs-first-password")
    set_password(app, "bobs-first-password")
    app.sign_in(password="bobs-first-password")


@pytest.mark.parametrize("size", [-1, 25])
def test_a_history_has_zero_to_24_passwords(idp: Any, size: int) -> None:
    with refused("InvalidParameterException"):
        idp.create_user_pool(PoolName="p", Policies=policy(size))
