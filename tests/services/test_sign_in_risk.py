"""What a risky sign-in demands, and how its event goes on through challenges."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from pytest_django import Settings

from cognito_app.errors import ServiceError
from cognito_app.models import PoolUser
from cognito_app.services import config
from cognito_app.services.actor import Actor
from cognito_app.services.sign_in import gates, progress, risk
from cognito_app.services.sign_in.state import Challenge, Context, Proof, open_session, seal_session
from tests.agents import FIREFOX_LINUX, trust_one_proxy
from tests.conftest import App, Inbox, make_app
from tests.threats import AWAY, add_ons, events, sign_in, takeover

pytestmark = pytest.mark.django_db


@pytest.fixture
def guarded(idp: Any, inbox: Inbox, settings: Settings) -> App:
    """A pool with threat protection and a user who signed in once."""
    trust_one_proxy(settings)
    app = make_app(idp, inbox, **add_ons("ENFORCED"))
    app.sign_up()
    sign_in(app)
    return app


def context_of(app: App) -> Context:
    """Return a sign-in from elsewhere."""

    def complete(proof: Proof) -> None:
        raise AssertionError("not finished here")

    return Context(
        pool=config.pool(app.pool_id),
        client=config.client(app.client_id),
        actor=Actor(ip=AWAY, user_agent=FIREFOX_LINUX),
        complete=complete,
    )


def user_with_mfa() -> PoolUser:
    """Return the user with a second factor in use."""
    user = PoolUser.objects.get(username="ann")
    user.mfa = {"preferred": "SOFTWARE_TOKEN_MFA"}
    return user


@pytest.mark.parametrize("action", ["MFA_IF_CONFIGURED", "MFA_REQUIRED"])
def test_risk_demands_the_second_factor_of_a_user_who_has_one(guarded: App, action: str) -> None:
    takeover(guarded, action, notify=True, MfaEmail={"Subject": "Second step", "TextBody": "Was it you?"})
    context, user = context_of(guarded), user_with_mfa()
    risk.judge(context, user, "key")
    assert risk.demands_mfa(context)
    assert "Subject: Second step" in guarded.inbox.messages("ann@example.com")[-1]
    later = context_of(guarded)
    open_session(later, seal_session(context, "ANY", user, ("pwd",)), "ANY")
    assert risk.demands_mfa(later)


def test_a_demanded_second_factor_is_never_skipped(guarded: App) -> None:
    takeover(guarded, "MFA_REQUIRED")
    context, user = context_of(guarded), user_with_mfa()
    risk.judge(context, user, "key")
    # ``complete`` fails the test if the sign-in ends here.
    with contextlib.suppress(ServiceError):
        assert isinstance(gates.second_factor(context, user, ("pwd",)), Challenge)


@pytest.mark.parametrize("action", ["NO_ACTION", "MFA_IF_CONFIGURED"])
def test_no_second_factor_is_demanded_of_a_user_without_one(guarded: App, action: str) -> None:
    takeover(guarded, action)
    context = context_of(guarded)
    risk.judge(context, PoolUser.objects.get(username="ann"), "key")
    assert not risk.demands_mfa(context)


def test_a_second_factor_that_was_wrong_and_then_right(guarded: App) -> None:
    takeover(guarded, "MFA_REQUIRED")
    context, user = context_of(guarded), user_with_mfa()
    risk.judge(context, user, "key")
    session = seal_session(context, "ANY", user, ("pwd",))
    progress.challenged(context, Challenge(name="ANY", parameters={}, session=session))
    begun = events(guarded)[0]
    assert begun["EventId"] == context.attempt.event_id
    assert begun["EventResponse"] == "InProgress"
    assert begun["EventRisk"]["RiskLevel"] == "High"
    wrong = context_of(guarded)
    open_session(wrong, session, "ANY")
    progress.wrong_second_factor(wrong)
    password = {"ChallengeName": "Password", "ChallengeResponse": "Success"}
    factor = {"ChallengeName": "Mfa", "ChallengeResponse": "Failure"}
    assert events(guarded)[0] == {**begun, "EventResponse": "Fail", "ChallengeResponses": [password, factor]}
    right = context_of(guarded)
    open_session(right, session, "ANY")
    progress.passed(right, user, ("pwd", "otp"))
    factor = {"ChallengeName": "Mfa", "ChallengeResponse": "Success"}
    assert events(guarded)[0] == {**begun, "EventResponse": "Pass", "ChallengeResponses": [password, factor]}
