"""What a risky sign-in demands, and how its event goes on through challenges."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pytest_django import Settings

from tests.agents import FIREFOX_LINUX, client_at, trust_one_proxy
from tests.conftest import App, Inbox, make_app, refused
from tests.threats import AWAY, BLOCKED, add_ons, events, sign_in, takeover

pytestmark = pytest.mark.django_db

PHONE = "+15550001111"
SMS = {"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::000000000000:role/sms"}}


def guarded(idp: Any, inbox: Inbox, settings: Settings, **attributes: str) -> App:
    """Make a pool with threat protection and optional MFA, and a user who signed in once."""
    trust_one_proxy(settings)
    app = make_app(idp, inbox, MfaConfiguration="OPTIONAL", **SMS, **add_ons("ENFORCED"))
    app.sign_up(**attributes)
    sign_in(app)
    return app


def answer(app: App, session: str, code: str) -> Any:
    """Answer the SMS challenge from elsewhere."""
    return client_at(AWAY, FIREFOX_LINUX).respond_to_auth_challenge(
        ClientId=app.client_id,
        ChallengeName="SMS_MFA",
        Session=session,
        ChallengeResponses={"USERNAME": "ann", "SMS_MFA_CODE": code},
    )


def code_of(app: App) -> str:
    """Return the code in the last text message."""
    return str(re.findall(r"\d{6}", app.inbox.messages(PHONE)[-1].rpartition("\n\n")[2])[0])


@pytest.mark.parametrize("action", ["MFA_IF_CONFIGURED", "MFA_REQUIRED"])
def test_risk_demands_a_second_factor_of_a_user_who_can_be_asked(
    idp: Any, inbox: Inbox, settings: Settings, action: str
) -> None:
    app = guarded(idp, inbox, settings, phone_number=PHONE)
    takeover(app, action, notify=True, MfaEmail={"Subject": "Second step", "TextBody": "Was it you?"})
    asked = sign_in(app, AWAY, FIREFOX_LINUX)
    assert asked["ChallengeName"] == "SMS_MFA"
    assert "Subject: Second step" in app.inbox.messages("ann@example.com")[-1]
    assert answer(app, asked["Session"], code_of(app))["AuthenticationResult"]["AccessToken"]
    assert "AuthenticationResult" in sign_in(app)


def test_who_cannot_be_asked_is_let_in_or_blocked(idp: Any, inbox: Inbox, settings: Settings) -> None:
    app = guarded(idp, inbox, settings)
    takeover(app, "MFA_REQUIRED")
    with refused("NotAuthorizedException", BLOCKED):
        sign_in(app, AWAY, FIREFOX_LINUX)
    takeover(app, "MFA_IF_CONFIGURED")
    assert "AuthenticationResult" in sign_in(app, AWAY, FIREFOX_LINUX)


def test_one_event_tells_of_a_second_factor_that_was_wrong_and_then_right(
    idp: Any, inbox: Inbox, settings: Settings
) -> None:
    app = guarded(idp, inbox, settings, phone_number=PHONE)
    takeover(app, "MFA_REQUIRED")
    session = sign_in(app, AWAY, FIREFOX_LINUX)["Session"]
    begun = events(app)[0]
    assert begun["EventResponse"] == "InProgress"
    assert begun["EventRisk"]["RiskLevel"] == "High"
    right = code_of(app)
    with refused("CodeMismatchException"):
        answer(app, session, "000000" if right != "000000" else "111111")
    password = {"ChallengeName": "Password", "ChallengeResponse": "Success"}
    factor = {"ChallengeName": "Mfa", "ChallengeResponse": "Failure"}
    assert events(app)[0] == {**begun, "EventResponse": "Fail", "ChallengeResponses": [password, factor]}
    answer(app, session, right)
    factor = {"ChallengeName": "Mfa", "ChallengeResponse": "Success"}
    assert events(app)[0] == {**begun, "EventResponse": "Pass", "ChallengeResponses": [password, factor]}
