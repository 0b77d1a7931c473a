"""What the tests of levels of authentication share."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt

from tests.aws.choice import make_choice_app
from tests.aws.mfa import DEVELOPER, SMS_MFA, TOTP_ON, code_now, configure, register_totp, respond
from tests.conftest import App, Inbox

NO_LEVEL = "None of the values of TARGET_ACR_VALUES is an authentication level of the user pool."
NO_FACTOR = "The user has no authentication factors that reach a requested authentication level."
MET = "The access token already meets the requested authentication level."
BOTH = ["PASSWORD_SRP", "PASSWORD"]


def name(level: int) -> str:
    """Return the default name of a level."""
    return f"urn:cognito:loa:{level}"


def make(idp: Any, inbox: Inbox, *factors: str, mode: str = "OPTIONAL", hides: bool = False, **settings: Any) -> App:
    """Create a pool with first and second factors of every kind."""
    app = make_choice_app(idp, inbox, *factors, hides=hides, EmailConfiguration=DEVELOPER, **settings)
    configure(
        app,
        MfaConfiguration=mode,
        SmsMfaConfiguration=SMS_MFA,
        SoftwareTokenMfaConfiguration=TOTP_ON,
        EmailMfaConfiguration={},
        WebAuthnConfiguration={"RelyingPartyId": "example.com", "UserVerification": "preferred"},
    )
    return app


def claims(answer: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the claims of both tokens."""
    found = answer["AuthenticationResult"]
    known = jwt.decode(found["IdToken"], options={"verify_signature": False})
    return known, jwt.decode(found["AccessToken"], options={"verify_signature": False})


def levels(answer: Any) -> tuple[Any, Any]:
    """Return acr and amr, which both tokens carry alike."""
    known, allowed = claims(answer)
    assert (known.get("acr"), known.get("amr")) == (allowed.get("acr"), allowed.get("amr"))
    return known.get("acr"), known.get("amr")


def totp_of(app: App, clock: Any) -> str:
    """Register ann's authenticator app; returns its secret."""
    secret = register_totp(app, app.sign_in()["AccessToken"])
    clock.shift(timedelta(seconds=30))
    return secret


def by_app(app: App, found: Any, secret: str) -> Any:
    """Answer with the code of the authenticator app."""
    assert found["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    return respond(app, "SOFTWARE_TOKEN_MFA", found["Session"], SOFTWARE_TOKEN_MFA_CODE=code_now(secret))
