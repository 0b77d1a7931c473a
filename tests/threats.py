"""Pools with threat protection, and what tests of it share."""

from __future__ import annotations

from typing import Any

from tests.agents import CHROME_WINDOWS, client_at
from tests.conftest import PASSWORD, App

HOME, AWAY = "192.0.2.10", "198.51.100.20"
COMMON = "Password1"
SOURCE_ARN = "arn:aws:ses:us-east-1:000000000000:identity/example.com"
LAX = {"PasswordPolicy": {"MinimumLength": 6}}
BLOCKED = "Unable to login because of security reasons."


def action(name: str, notify: bool = False) -> dict[str, Any]:
    """Return an AccountTakeoverActionType."""
    return {"EventAction": name, "Notify": notify}


def add_ons(mode: str) -> dict[str, Any]:
    """Return the members of a pool that has threat protection."""
    return {"UserPoolTier": "PLUS", "UserPoolAddOns": {"AdvancedSecurityMode": mode}, "Policies": LAX}


def configure(app: App, **sections: Any) -> Any:
    """Set the pool's settings."""
    return app.idp.set_risk_configuration(UserPoolId=app.pool_id, **sections)["RiskConfiguration"]


def takeover(app: App, low: str, *, notify: bool = False, **notification: Any) -> None:
    """Set one action for all levels."""
    actions = {f"{level}Action": action(low, notify) for level in ("Low", "Medium", "High")}
    more = {"NotifyConfiguration": {"SourceArn": SOURCE_ARN, **notification}} if notify else {}
    configure(app, AccountTakeoverRiskConfiguration={"Actions": actions, **more})


def compromised(app: App, name: str, *events: str) -> None:
    """Set what happens to passwords that attackers know."""
    given: dict[str, Any] = {"Actions": {"EventAction": name}}
    if events:
        given["EventFilter"] = list(events)
    configure(app, CompromisedCredentialsRiskConfiguration=given)


def sign_in(app: App, ip: str = HOME, agent: str = CHROME_WINDOWS, password: str = PASSWORD, **more: Any) -> Any:
    """Sign in from an address by a browser."""
    return client_at(ip, agent).initiate_auth(
        ClientId=app.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ann", "PASSWORD": password},
        **more,
    )


def events(app: App, name: str = "ann") -> list[dict[str, Any]]:
    """Return the user's events, newest first."""
    found: list[dict[str, Any]] = app.idp.admin_list_user_auth_events(UserPoolId=app.pool_id, Username=name)[
        "AuthEvents"
    ]
    return found


def status(app: App) -> str:
    """Return the user's status."""
    return str(app.idp.admin_get_user(UserPoolId=app.pool_id, Username="ann")["UserStatus"])


FULL: dict[str, Any] = {
    "CompromisedCredentialsRiskConfiguration": {
        "EventFilter": ["SIGN_IN", "SIGN_UP"],
        "Actions": {"EventAction": "BLOCK"},
    },
    "AccountTakeoverRiskConfiguration": {
        "NotifyConfiguration": {
            "SourceArn": SOURCE_ARN,
            "From": "guard@example.com",
            "BlockEmail": {"Subject": "Blocked", "TextBody": "Blocked at {login-time}"},
        },
        "Actions": {
            "LowAction": action("NO_ACTION"),
            "MediumAction": action("MFA_IF_CONFIGURED", True),
            "HighAction": action("BLOCK", True),
        },
    },
    "RiskExceptionConfiguration": {"BlockedIPRangeList": ["203.0.113.0/24"], "SkippedIPRangeList": ["2001:db8::/32"]},
}
