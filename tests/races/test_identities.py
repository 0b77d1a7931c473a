"""Identities under parallel requests: one login, one identity; one merge, one survivor."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_app.models import DeveloperUser, Identity, Login
from cognito_app.services import saml_providers
from cognito_app.services.actor import SYSTEM
from tests.clients import boto
from tests.clients.assertions import METADATA, encoded, response, signed
from tests.clients.exchange import DEVELOPER, Pool
from tests.conftest import Inbox, make_app
from tests.races.test_once import code_of, in_parallel

pytestmark = pytest.mark.django_db(transaction=True)

TRIES = 200


@pytest.fixture
def pool(idp: Any, identity: Any, inbox: Inbox) -> Pool:
    """An identity pool with two user pools of one user each."""
    apps = [make_app(idp, inbox) for _ in range(2)]
    for app in apps:
        app.sign_up("ann")
    return Pool(identity, *apps)


def test_parallel_first_requests_of_a_login_make_one_identity(pool: Pool) -> None:
    logins = pool.login()
    public = boto.client("cognito-identity")
    counted = in_parallel(TRIES, lambda: str(public.get_id(**pool.at, Logins=logins)["IdentityId"]))
    assert list(counted.values()) == [TRIES]
    assert Identity.objects.count() == Login.objects.count() == 1


def test_parallel_first_requests_of_a_developer_user_make_one_identity(pool: Pool) -> None:
    counted = in_parallel(TRIES, lambda: str(pool.developer("user")["IdentityId"]))
    assert list(counted.values()) == [TRIES]
    assert Identity.objects.count() == DeveloperUser.objects.count() == 1


def test_a_merge_under_parallel_requests_disables_exactly_one(pool: Pool) -> None:
    one, two = pool.login(0), pool.login(1)
    first, second = pool.get_id(one), pool.get_id(two)
    public = boto.client("cognito-identity")
    both = {**one, **two}
    counted = in_parallel(TRIES, lambda: str(public.get_id(**pool.at, Logins=both)["IdentityId"]))
    assert counted == {first: TRIES}
    states = dict(Identity.objects.values_list("pk", "state"))
    assert states == {first: "linked", second: "disabled"}
    assert set(Login.objects.values_list("identity_id", flat=True)) == {first}


def test_parallel_unlinks_and_logins_leave_no_login_without_an_identity(pool: Pool) -> None:
    logins = pool.login()
    public = boto.client("cognito-identity")

    def attempt() -> str:
        mine = public.get_id(**pool.at, Logins=logins)["IdentityId"]
        remove = {"LoginsToRemove": [pool.providers[0]]}
        return code_of(lambda: public.unlink_identity(IdentityId=mine, Logins=logins, **remove))

    counted = in_parallel(TRIES, attempt)
    assert counted["ok"] >= 1
    assert set(counted) <= {"ok", "NotAuthorizedException"}
    owners = set(Login.objects.values_list("identity_id", flat=True))
    linked = set(Identity.objects.filter(state="linked").values_list("pk", flat=True))
    assert owners == linked
    assert len(owners) <= 1


def test_crosswise_merges_end_without_a_deadlock(pool: Pool) -> None:
    pool.developer("a")
    pool.developer("b")
    pairs = iter([("a", "b"), ("b", "a")] * TRIES)

    def attempt() -> str:
        source, destination = next(pairs)
        names = {"SourceUserIdentifier": source, "DestinationUserIdentifier": destination}
        return code_of(
            lambda: pool.admin.merge_developer_identities(**pool.at, DeveloperProviderName=DEVELOPER, **names)
        )

    counted = in_parallel(TRIES, attempt)
    assert counted["ok"] >= 1
    assert set(counted) <= {"ok", "ResourceConflictException"}
    assert Identity.objects.filter(state="linked").count() == 1
    assert DeveloperUser.objects.values("identity").distinct().count() == 1


def test_an_assertion_is_taken_once_under_parallel_requests(pool: Pool) -> None:
    arn = "arn:aws:iam::000000000000:saml-provider/Corp"
    saml_providers.create(SYSTEM, name="Corp", metadata=METADATA)
    pool.change(SamlProviderARNs=[arn])
    logins = {arn: encoded(signed(response()))}
    public = boto.client("cognito-identity")
    counted = in_parallel(48, lambda: code_of(lambda: public.get_id(**pool.at, Logins=logins)))
    assert counted == {"ok": 1, "NotAuthorizedException": 47}
    assert Login.objects.count() == 1
