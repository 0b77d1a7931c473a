"""T2 of the quality chapter: one refresh token in parallel, with rotation.

Full size (marker ``slow``): 500 calls on one token, 20 tokens, 8 processes. By default 200 calls on one.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from botocore.exceptions import ClientError

from cognito_app.core import clock
from cognito_app.models import RefreshToken
from tests.clients import boto
from tests.clients.processes import in_processes
from tests.conftest import App, refused

pytestmark = pytest.mark.django_db(transaction=True)

SIZES = [pytest.param(200, 1, id="small"), pytest.param(500, 20, id="full", marks=pytest.mark.slow)]
GRACE = 60


def rotating(app: App, grace: int) -> str:
    """Create a client that rotates refresh tokens."""
    app.sign_up()
    rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": grace}
    return str(app.client(ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"], RefreshTokenRotation=rotation)["ClientId"])


def renew(client_id: str, token: str) -> str:
    """Renew once; returns the successor, or the code of the refusal."""
    try:
        answer = boto.client("cognito-idp").get_tokens_from_refresh_token(ClientId=client_id, RefreshToken=token)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return str(answer["AuthenticationResult"]["RefreshToken"])


def renew_numbered(client_id: str, tokens: list[str], number: int) -> str:
    """Renew one of some tokens, in turn."""
    return renew(client_id, tokens[number % len(tokens)])


def family(token_client: str) -> Any:
    """Return the refresh tokens of a client."""
    return RefreshToken.objects.filter(client_id=token_client)


@pytest.mark.parametrize(("calls", "tokens"), SIZES)
def test_without_grace_there_is_one_successor_and_reuse_ends_the_family(app: App, calls: int, tokens: int) -> None:
    client_id = rotating(app, 0)
    for number in range(tokens):
        token = app.sign_in(client_id=client_id)["RefreshToken"]
        counted = in_processes(calls, partial(renew_numbered, client_id, [token]))
        successors = [outcome for outcome in counted if not outcome.endswith("Exception")]
        assert len(successors) == 1, counted
        assert counted[successors[0]] == 1
        assert set(counted) - set(successors) <= {"RefreshTokenReuseException", "NotAuthorizedException"}
        assert family(client_id).count() == 2 * (number + 1)
        assert family(client_id).filter(revoked_at=None).count() == 0
        assert renew(client_id, successors[0]) == "NotAuthorizedException"


@pytest.mark.parametrize(("calls", "tokens"), SIZES)
def test_within_the_grace_period_all_get_the_same_successor(app: App, calls: int, tokens: int) -> None:
    client_id = rotating(app, GRACE)
    for number in range(tokens):
        token = app.sign_in(client_id=client_id)["RefreshToken"]
        counted = in_processes(calls, partial(renew_numbered, client_id, [token]))
        [successor] = counted
        assert counted[successor] == calls
        assert not successor.endswith("Exception")
        assert family(client_id).count() == 2 * (number + 1)
        assert family(client_id).filter(revoked_at=None).count() == 2 * (number + 1)


def test_one_reuse_after_the_grace_period_ends_the_newest_member_too(app: App) -> None:
    client_id = rotating(app, 10)
    chain = [app.sign_in(client_id=client_id)["RefreshToken"]]
    for _ in range(4):
        chain.append(renew(client_id, chain[-1]))
    assert len(set(chain)) == 5
    with time_machine.travel(clock.now() + timedelta(seconds=11)):
        with refused("RefreshTokenReuseException"):
            app.idp.get_tokens_from_refresh_token(ClientId=client_id, RefreshToken=chain[1])
        with refused("NotAuthorizedException", "Refresh Token has been revoked"):
            app.idp.get_tokens_from_refresh_token(ClientId=client_id, RefreshToken=chain[-1])


@pytest.mark.parametrize("rounds", [pytest.param(20, id="small"), pytest.param(200, id="full", marks=pytest.mark.slow)])
def test_a_member_that_is_made_while_the_family_is_revoked_is_revoked_too(app: App, rounds: int) -> None:
    client_id = rotating(app, 0)
    for _ in range(rounds):
        older = app.sign_in(client_id=client_id)["RefreshToken"]
        newest = renew(client_id, older)
        # Even numbers use the old token again, odd ones rotate the newest: whichever order, nobody keeps a token.
        in_processes(8, partial(renew_numbered, client_id, [older, newest]))
        assert family(client_id).filter(revoked_at=None).count() == 0


def test_a_call_that_began_before_the_rotation_and_ends_after_it_is_a_reuse(app: App) -> None:
    client_id = rotating(app, 0)
    token = app.sign_in(client_id=client_id)["RefreshToken"]
    renew(client_id, token)
    # As for a caller that began before the rotation and waited for the lock.
    with time_machine.travel(RefreshToken.objects.exclude(rotated_at=None).get().rotated_at, tick=False):
        assert renew(client_id, token) == "RefreshTokenReuseException"
