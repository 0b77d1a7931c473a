"""Threat protection: passwords that attackers know."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import PASSWORD, App, refused
from tests.threats import (
    COMMON,
    compromised,
    events,
    sign_in,
    status,
)

pytestmark = pytest.mark.django_db


def test_sign_up_with_a_common_password_is_refused(guarded: App) -> None:
    compromised(guarded, "BLOCK")
    for password in (COMMON, COMMON.upper(), COMMON.lower()):
        with refused("InvalidPasswordException"):
            guarded.idp.sign_up(ClientId=guarded.client_id, Username="bob", Password=password)
    compromised(guarded, "NO_ACTION")
    guarded.idp.sign_up(ClientId=guarded.client_id, Username="bob", Password=COMMON)
    assert events(guarded, "bob")[0]["EventRisk"]["CompromisedCredentialsDetected"] is True


def test_the_event_filter_limits_the_look(guarded: App) -> None:
    compromised(guarded, "BLOCK", "SIGN_IN")
    guarded.idp.sign_up(ClientId=guarded.client_id, Username="bob", Password=COMMON)
    assert events(guarded, "bob")[0]["EventRisk"]["CompromisedCredentialsDetected"] is False


def test_sign_in_with_a_common_password_demands_a_reset(guarded: App) -> None:
    email = guarded.sign_up(password=COMMON)
    assert "AuthenticationResult" in sign_in(guarded, password=COMMON)
    compromised(guarded, "BLOCK", "SIGN_IN")
    with refused("PasswordResetRequiredException"):
        sign_in(guarded, password=COMMON)
    assert status(guarded) == "RESET_REQUIRED"
    newest = events(guarded)[0]
    assert newest["EventResponse"] == "Fail"
    assert newest["EventRisk"] == {"RiskDecision": "Block", "CompromisedCredentialsDetected": True}
    assert newest["ChallengeResponses"] == [{"ChallengeName": "Password", "ChallengeResponse": "Success"}]
    guarded.idp.forgot_password(ClientId=guarded.client_id, Username="ann")
    guarded.idp.confirm_forgot_password(
        ClientId=guarded.client_id, Username="ann", ConfirmationCode=guarded.inbox.code(email), Password=PASSWORD
    )
    assert "AuthenticationResult" in sign_in(guarded)


def test_a_client_that_hides_users_says_nothing_of_the_password(guarded: App) -> None:
    guarded.sign_up(password=COMMON)
    compromised(guarded, "BLOCK")
    client_id = guarded.client(PreventUserExistenceErrors="ENABLED")["ClientId"]
    with refused("NotAuthorizedException", "Incorrect username or password."):
        guarded.start(password=COMMON, client_id=client_id)
    assert status(guarded) == "RESET_REQUIRED"


def test_a_wrong_password_is_not_looked_at(guarded: App) -> None:
    guarded.sign_up()
    compromised(guarded, "BLOCK")
    with refused("NotAuthorizedException", "Incorrect username or password."):
        sign_in(guarded, password=COMMON)
    assert status(guarded) == "CONFIRMED"


def test_in_audit_a_common_password_is_only_noted(audited: App) -> None:
    compromised(audited, "BLOCK")
    audited.sign_up(password=COMMON)
    assert "AuthenticationResult" in sign_in(audited, password=COMMON)
    newest = events(audited)[0]
    assert newest["EventResponse"] == "Pass"
    assert newest["EventRisk"] == {"RiskDecision": "NoRisk", "CompromisedCredentialsDetected": True}
    assert status(audited) == "CONFIRMED"


def test_new_passwords_are_looked_at(guarded: App) -> None:
    email = guarded.sign_up()
    access = sign_in(guarded)["AuthenticationResult"]["AccessToken"]
    compromised(guarded, "BLOCK", "PASSWORD_CHANGE")
    with refused("InvalidPasswordException"):
        guarded.idp.change_password(AccessToken=access, PreviousPassword=PASSWORD, ProposedPassword=COMMON)
    assert events(guarded)[0]["EventType"] == "PasswordChange"
    assert events(guarded)[0]["EventRisk"]["CompromisedCredentialsDetected"] is True
    guarded.idp.forgot_password(ClientId=guarded.client_id, Username="ann")
    code = guarded.inbox.code(email)
    with refused("InvalidPasswordException"):
        guarded.idp.confirm_forgot_password(
            ClientId=guarded.client_id, Username="ann", ConfirmationCode=code, Password=COMMON
        )
    guarded.idp.confirm_forgot_password(
        ClientId=guarded.client_id, Username="ann", ConfirmationCode=code, Password="Another-9-horse"
    )
    assert "AuthenticationResult" in sign_in(guarded, password="Another-9-horse")


def test_the_answer_to_a_new_password_challenge_is_looked_at(guarded: App) -> None:
    guarded.idp.admin_create_user(
        UserPoolId=guarded.pool_id, Username="ann", TemporaryPassword=COMMON, MessageAction="SUPPRESS"
    )
    compromised(guarded, "BLOCK")
    session = sign_in(guarded, password=COMMON)["Session"]

    def answer(password: str) -> Any:
        return guarded.idp.respond_to_auth_challenge(
            ClientId=guarded.client_id,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=session,
            ChallengeResponses={"USERNAME": "ann", "NEW_PASSWORD": password},
        )

    with refused("InvalidPasswordException"):
        answer("qwerty123")
    assert "AuthenticationResult" in answer(PASSWORD)


def test_administrators_passwords_are_not_looked_at(guarded: App) -> None:
    guarded.sign_up()
    compromised(guarded, "BLOCK", "PASSWORD_CHANGE", "SIGN_UP")
    guarded.idp.admin_set_user_password(UserPoolId=guarded.pool_id, Username="ann", Password=COMMON, Permanent=True)
    assert "AuthenticationResult" in sign_in(guarded, password=COMMON)
