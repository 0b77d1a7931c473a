"""A feedback token counts once for each value, however many use it at the same time."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_app.models import PoolUser
from cognito_app.services import auth_events
from tests.clients import boto
from tests.conftest import Inbox, make_app
from tests.races.test_once import code_of, in_parallel
from tests.threats import add_ons, events

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_feedback_token(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, **add_ons("AUDIT"))
    app.sign_up()
    event_id = events(app)[0]["EventId"]
    token = auth_events.make_token(PoolUser.objects.get(username="ann"), event_id)
    public = boto.client("cognito-idp")
    given = {"UserPoolId": app.pool_id, "Username": "ann", "EventId": event_id, "FeedbackToken": token}
    counted = in_parallel(
        200, lambda: code_of(lambda: public.update_auth_event_feedback(**given, FeedbackValue="Valid"))
    )
    assert counted == {"ok": 1, "NotAuthorizedException": 199}
