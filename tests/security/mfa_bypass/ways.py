"""How a sign-in begins where MFA is required."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pycognito import AWSSRP

from tests.aws.choice import policies
from tests.aws.mfa import (
    DEVELOPER,
    SMS_CONFIGURATION,
    offer,
    respond,
)
from tests.conftest import FLOWS, PASSWORD, App

INVALID = "Invalid session for the user."
ALL_FLOWS = [*FLOWS, "ALLOW_USER_AUTH", "ALLOW_CUSTOM_AUTH"]
NEW = "Another-Horse-9!"
SECOND = {"SMS_MFA", "EMAIL_OTP", "SOFTWARE_TOKEN_MFA", "SELECT_MFA_TYPE", "MFA_SETUP"}


SETTINGS: dict[str, Any] = {
    "AutoVerifiedAttributes": ["email"],
    "EmailConfiguration": DEVELOPER,
    "SmsConfiguration": SMS_CONFIGURATION,
    **policies("PASSWORD"),
}


def change(app: App, **given: Any) -> None:
    """Change settings of the pool."""
    app.idp.update_user_pool(UserPoolId=app.pool_id, **{**SETTINGS, **given})


def require(app: App, **given: Any) -> None:
    """Require a second factor from now on: SMS or an app."""
    offer(app, "ON", "sms", "totp", **given)


def is_second(answer: Any) -> str:
    """Return the challenge of a second factor, which an answer must be."""
    assert "AuthenticationResult" not in answer
    assert answer["ChallengeName"] in SECOND, answer
    return str(answer["ChallengeName"])


def by_admin(app: App, flow: str, name: str = "ann", **given: str) -> Any:
    """Start as an administrator."""
    return app.idp.admin_initiate_auth(
        UserPoolId=app.pool_id, ClientId=app.client_id, AuthFlow=flow, AuthParameters={"USERNAME": name, **given}
    )


def by_choice(app: App, name: str = "ann", **given: str) -> Any:
    """Start USER_AUTH."""
    return app.idp.initiate_auth(
        ClientId=app.client_id, AuthFlow="USER_AUTH", AuthParameters={"USERNAME": name, **given}
    )


def by_srp(app: App, flow: str = "USER_SRP_AUTH", **given: str) -> Any:
    """Prove the password by SRP."""
    helper = AWSSRP("ann", PASSWORD, app.pool_id, app.client_id, client=app.idp)
    first = app.idp.initiate_auth(
        ClientId=app.client_id, AuthFlow=flow, AuthParameters={**helper.get_auth_params(), **given}
    )
    answers = helper.process_challenge(first["ChallengeParameters"], {"USERNAME": "ann"})
    session = {"Session": first["Session"]} if first.get("Session") else {}
    return app.idp.respond_to_auth_challenge(
        ClientId=app.client_id, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=answers, **session
    )


def choose(app: App, **answers: str) -> Any:
    """Choose the password among the first factors."""
    return respond(app, "SELECT_CHALLENGE", by_choice(app)["Session"], ANSWER="PASSWORD", **answers)


STARTS: dict[str, Callable[[App], Any]] = {
    "password": lambda app: app.start(),
    "srp": by_srp,
    "admin": lambda app: by_admin(app, "ADMIN_USER_PASSWORD_AUTH", PASSWORD=PASSWORD),
    "admin, old name": lambda app: by_admin(app, "ADMIN_NO_SRP_AUTH", PASSWORD=PASSWORD),
    "preferred password": lambda app: by_choice(app, PREFERRED_CHALLENGE="PASSWORD", PASSWORD=PASSWORD),
    "preferred srp": lambda app: by_srp(app, "USER_AUTH", PREFERRED_CHALLENGE="PASSWORD_SRP"),
    "chosen password": lambda app: choose(app, PASSWORD=PASSWORD),
    "chosen, then password": lambda app: respond(app, "PASSWORD", choose(app)["Session"], PASSWORD=PASSWORD),
}
