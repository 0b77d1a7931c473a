"""What the tests of choice-based sign-in share."""

from __future__ import annotations

import json
from typing import Any

from tests.aws.mfa import SMS_CONFIGURATION
from tests.clients import boto
from tests.clients.authenticator import Authenticator
from tests.conftest import PASSWORD, App, Inbox, make_app

ORIGIN = "https://app.example.com"
RP_ID = "example.com"
EVERY = ("PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN")
CHOICE_FLOWS = ["ALLOW_USER_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
WRONG_CODE = "Invalid code or auth state for the user."
WRONG = "Incorrect username or password."
SPENT = "Invalid session for the user, session can only be used once."
INVALID = "Invalid session for the user."


def policies(*factors: str) -> dict[str, Any]:
    """Return the settings of a pool that takes these first factors."""
    return {"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": list(factors)}}}


def make_choice_app(idp: Any, inbox: Inbox, *factors: str, hides: bool = False, **settings: Any) -> App:
    """Create a pool with these first factors and a client with choice-based sign-in."""
    app = make_app(idp, inbox, SmsConfiguration=SMS_CONFIGURATION, **policies(*(factors or EVERY)), **settings)
    existence = "ENABLED" if hides else "LEGACY"
    made = app.client(ExplicitAuthFlows=CHOICE_FLOWS, PreventUserExistenceErrors=existence)
    return App(idp=idp, pool_id=app.pool_id, client_id=made["ClientId"], inbox=inbox)


def relying_party(app: App, **given: str) -> None:
    """Set the relying party of the pool's passkeys."""
    app.idp.set_user_pool_mfa_config(
        UserPoolId=app.pool_id,
        MfaConfiguration="OFF",
        WebAuthnConfiguration={"RelyingPartyId": RP_ID, "UserVerification": "preferred", **given},
    )


def begin(app: App, preferred: str | None = None, name: str = "ann", session: str | None = None, **given: str) -> Any:
    """Start USER_AUTH as an app does."""
    parameters = {"USERNAME": name, **({"PREFERRED_CHALLENGE": preferred} if preferred else {}), **given}
    return boto.client("cognito-idp").initiate_auth(
        ClientId=app.client_id,
        AuthFlow="USER_AUTH",
        AuthParameters=parameters,
        **({"Session": session} if session else {}),
    )


def create(app: App, name: str = "ann", *, password: str | None = PASSWORD, **attributes: str) -> None:
    """Create a confirmed user, without a password where None is given."""
    at = {"UserPoolId": app.pool_id, "Username": name}
    values = {"email": f"{name}@example.com", "email_verified": "true", **attributes}
    given = [{"Name": key, "Value": value} for key, value in values.items() if value]
    app.idp.admin_create_user(**at, MessageAction="SUPPRESS", UserAttributes=given)
    if password:
        app.idp.admin_set_user_password(**at, Password=password, Permanent=True)


def status(app: App, name: str = "ann") -> str:
    """Return a user's status."""
    return str(app.idp.admin_get_user(UserPoolId=app.pool_id, Username=name)["UserStatus"])


def register_passkey(app: App, authenticator: Authenticator, name: str = "ann") -> None:
    """Register a passkey of a user who signs in by password."""
    token = app.sign_in(name)["AccessToken"]
    options = app.idp.start_web_authn_registration(AccessToken=token)["CredentialCreationOptions"]
    made = authenticator.create(options, ORIGIN)
    app.idp.complete_web_authn_registration(AccessToken=token, Credential=made)


def request_options(challenge: Any) -> Any:
    """Return the request options of WEB_AUTHN."""
    return json.loads(challenge["ChallengeParameters"]["CREDENTIAL_REQUEST_OPTIONS"])


def asserted(found: Any, authenticator: Authenticator, /, origin: str = ORIGIN, **given: Any) -> str:
    """Return CREDENTIAL as a browser makes it."""
    return json.dumps(authenticator.get(request_options(found), origin, **given))
