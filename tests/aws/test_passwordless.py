"""Users without a password, and the way from sign-up straight to signed in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from cognito_app.core import clock
from cognito_app.models import PoolUser
from tests.aws.choice import INVALID, SPENT, begin, create, make_choice_app, policies, status
from tests.aws.mfa import PHONE, attribute, respond
from tests.conftest import PASSWORD, App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db

EMAIL = "ann@example.com"
GIVEN = [{"Name": "email", "Value": EMAIL}]


@pytest.fixture
def choice(idp: Any, inbox: Inbox) -> App:
    """A pool that takes passwords and codes by e-mail."""
    return make_choice_app(idp, inbox, "PASSWORD", "EMAIL_OTP")


def sign_up(app: App, name: str = "ann", given: Any = None, **settings: Any) -> Any:
    """Register, without a password unless one is given."""
    return app.idp.sign_up(ClientId=app.client_id, Username=name, UserAttributes=given or GIVEN, **settings)


def confirm(app: App, session: str | None, name: str = "ann") -> Any:
    """Confirm by the code that was sent."""
    given = {"Session": session} if session else {}
    code = app.inbox.code(EMAIL)
    return app.idp.confirm_sign_up(ClientId=app.client_id, Username=name, ConfirmationCode=code, **given)


@pytest.mark.operation("SignUp")
@pytest.mark.parametrize("password", [{}, {"Password": ""}])
def test_a_user_signs_up_without_a_password(choice: App, password: dict[str, str]) -> None:
    made = sign_up(choice, **password)
    assert made["UserConfirmed"] is False
    assert PoolUser.objects.get().password_hash is None
    confirm(choice, None)
    assert begin(choice)["AvailableChallenges"] == ["EMAIL_OTP"]
    session = begin(choice, "EMAIL_OTP")["Session"]
    done = respond(choice, "EMAIL_OTP", session, EMAIL_OTP_CODE=choice.inbox.code(EMAIL))
    token = done["AuthenticationResult"]["AccessToken"]
    factors = choice.idp.get_user_auth_factors(AccessToken=token)
    assert factors["ConfiguredUserAuthFactors"] == ["EMAIL_OTP"]
    # A first password needs no earlier one.
    choice.idp.change_password(AccessToken=token, ProposedPassword=PASSWORD)
    assert "AccessToken" in begin(choice, "PASSWORD", PASSWORD=PASSWORD)["AuthenticationResult"]


def test_nobody_signs_in_by_the_password_that_a_user_does_not_have(choice: App) -> None:
    sign_up(choice)
    confirm(choice, None)
    for flow in ({"Password": ""}, {"Password": PASSWORD}):
        with refused("NotAuthorizedException" if flow["Password"] else "InvalidParameterException"):
            choice.start(password=flow["Password"])


def test_a_password_is_needed_where_codes_are_no_factor(idp: Any, inbox: Inbox) -> None:
    app = make_choice_app(idp, inbox, "PASSWORD", "WEB_AUTHN")
    with refused("InvalidParameterException"):
        sign_up(app)
    assert not PoolUser.objects.exists()


def test_a_user_without_a_password_needs_a_contact_for_codes(choice: App) -> None:
    with refused("InvalidParameterException"):
        sign_up(choice, given=[{"Name": "phone_number", "Value": PHONE}])
    assert not PoolUser.objects.exists()


@pytest.mark.operation("ConfirmSignUp")
def test_a_confirmed_sign_up_signs_in_once_without_another_challenge(choice: App) -> None:
    started = sign_up(choice)["Session"]
    confirmed = confirm(choice, started)["Session"]
    done = begin(choice, session=confirmed)
    assert done["ChallengeParameters"] == {}
    assert "RefreshToken" in done["AuthenticationResult"]
    with refused("NotAuthorizedException", SPENT):
        begin(choice, session=confirmed)


def test_the_preference_is_ignored_after_sign_up(choice: App) -> None:
    confirmed = confirm(choice, sign_up(choice, Password=PASSWORD)["Session"])["Session"]
    assert "AuthenticationResult" in begin(choice, "PASSWORD", session=confirmed, PASSWORD="Wrong-Horse-9!")


def test_the_session_of_sign_up_alone_signs_nobody_in(choice: App) -> None:
    started = sign_up(choice)["Session"]
    with refused("NotAuthorizedException", INVALID):
        begin(choice, session=started)
    confirm(choice, None)
    with refused("NotAuthorizedException", INVALID):
        begin(choice, session=started)


def test_the_session_is_of_one_user_and_one_client(choice: App) -> None:
    create(choice, "bob")
    confirmed = confirm(choice, sign_up(choice)["Session"])["Session"]
    with refused("NotAuthorizedException", INVALID):
        begin(choice, name="bob", session=confirmed)
    other = choice.client(ExplicitAuthFlows=["ALLOW_USER_AUTH"])["ClientId"]
    with refused("NotAuthorizedException", INVALID):
        begin(App(choice.idp, choice.pool_id, other, choice.inbox), session=confirmed)
    with refused("NotAuthorizedException", INVALID):
        begin(choice, session="x" * 40)
    assert "AuthenticationResult" in begin(choice, session=confirmed)


def test_the_code_of_sign_up_is_proof_enough_without_its_session(choice: App) -> None:
    sign_up(choice)
    confirmed = confirm(choice, None)["Session"]
    assert "AuthenticationResult" in begin(choice, session=confirmed)
    with refused("NotAuthorizedException", SPENT):
        begin(choice, session=confirmed)


def test_a_session_of_sign_up_that_took_long_is_as_good_as_none(choice: App) -> None:
    started = sign_up(choice)["Session"]
    with time_machine.travel(clock.now() + timedelta(minutes=4)):
        confirmed = confirm(choice, started)["Session"]
        assert "AuthenticationResult" in begin(choice, session=confirmed)
    assert status(choice) == "CONFIRMED"


def test_the_session_of_confirmation_ends_like_any_other(choice: App) -> None:
    sign_up(choice)
    confirmed = confirm(choice, None)["Session"]
    with time_machine.travel(clock.now() + timedelta(minutes=4)), refused("NotAuthorizedException"):
        begin(choice, session=confirmed)


def test_a_session_of_somebody_elses_sign_up_brings_none(choice: App) -> None:
    foreign = sign_up(choice)["Session"]
    given = [{"Name": "email", "Value": "bob@example.com"}]
    choice.idp.sign_up(ClientId=choice.client_id, Username="bob", UserAttributes=given)
    code = choice.inbox.code("bob@example.com")
    answer = choice.idp.confirm_sign_up(
        ClientId=choice.client_id, Username="bob", ConfirmationCode=code, Session=foreign
    )
    assert "Session" not in answer


def test_a_forged_session_confirms_nothing(choice: App) -> None:
    sign_up(choice)
    with refused("NotAuthorizedException", INVALID):
        confirm(choice, "x" * 40)
    assert status(choice) == "UNCONFIRMED"


def test_without_codes_as_a_factor_the_session_leads_to_the_choice(idp: Any, inbox: Inbox) -> None:
    app = make_choice_app(idp, inbox, "PASSWORD")
    confirmed = confirm(app, sign_up(app, Password=PASSWORD)["Session"])["Session"]
    assert begin(app, session=confirmed)["AvailableChallenges"] == ["PASSWORD_SRP", "PASSWORD"]


def test_clients_without_the_flow_get_no_session(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, **policies("PASSWORD", "EMAIL_OTP"))
    assert "Session" not in sign_up(app, Password=PASSWORD)


@pytest.mark.operation("AdminCreateUser")
def test_an_administrator_creates_a_user_who_needs_no_password(choice: App) -> None:
    create(choice, password=None)
    assert status(choice) == "CONFIRMED"
    assert PoolUser.objects.get().password_hash is None
    found = begin(choice, "EMAIL_OTP")
    assert (found["ChallengeName"], found["AvailableChallenges"]) == ("EMAIL_OTP", ["EMAIL_OTP"])


@pytest.mark.parametrize(
    ("extra", "verified"),
    [
        ({}, "true"),
        ({"MessageAction": "SUPPRESS"}, "false"),
        ({"MessageAction": "SUPPRESS", "TemporaryPassword": "Temporary-9!"}, "true"),
    ],
)
def test_others_get_a_temporary_password(choice: App, extra: dict[str, str], verified: str) -> None:
    given = [*GIVEN, {"Name": "email_verified", "Value": verified}]
    choice.idp.admin_create_user(
        UserPoolId=choice.pool_id, Username="ann", UserAttributes=given, DesiredDeliveryMediums=["EMAIL"], **extra
    )
    assert status(choice) == "FORCE_CHANGE_PASSWORD"
    assert PoolUser.objects.get().password_hash is not None
    assert begin(choice, "EMAIL_OTP")["AvailableChallenges"] == ["PASSWORD_SRP", "PASSWORD"]


def test_an_imported_user_without_a_password_signs_in_once_the_pool_takes_codes(choice: App) -> None:
    create(choice, password=None)
    PoolUser.objects.update(status=PoolUser.Status.RESET_REQUIRED)
    session = begin(choice, "EMAIL_OTP")["Session"]
    done = respond(choice, "EMAIL_OTP", session, EMAIL_OTP_CODE=choice.inbox.code(EMAIL))
    assert "AccessToken" in done["AuthenticationResult"]
    assert status(choice) == "CONFIRMED"
    assert attribute(choice, "email_verified") == "true"
