"""Identities: how logins lead to them, are linked, merged and removed (spec/identity-pools.md 2)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from cognito_app.models import AuditEvent, Identity, Login
from tests.clients import boto
from tests.clients.exchange import DEVELOPER, Pool, state_of
from tests.conftest import App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db

MISMATCH = "Logins don't match. Please include at least one valid login for this identity or identity pool."
NO_GUESTS = "Unauthenticated access is not supported for this identity pool."


@pytest.fixture
def pool(idp: Any, identity: Any, inbox: Inbox) -> Pool:
    """An identity pool with two user pools, of two users each."""
    apps = [make_app(idp, inbox) for _ in range(2)]
    for app in apps:
        app.sign_up("ann")
        app.sign_up("bob")
    return Pool(identity, *apps)


def forbidden(identity_id: str) -> str:
    """The text for an identity that is not proven."""
    return f"Access to Identity '{identity_id}' is forbidden."


def test_each_guest_is_a_new_identity_without_logins(pool: Pool) -> None:
    one, two = pool.get_id(), pool.get_id()
    assert one != two
    assert "Logins" not in pool.describe(one)
    assert pool.token(one)["IdentityId"] == one


def test_guests_are_refused_by_a_pool_that_takes_none(pool: Pool) -> None:
    guest = pool.get_id()
    pool.change(AllowUnauthenticatedIdentities=False)
    for call in (lambda: pool.get_id(), lambda: pool.token(guest), lambda: pool.keys(guest)):
        with refused("NotAuthorizedException", NO_GUESTS):
            call()


def test_a_guest_that_signs_in_keeps_its_id(pool: Pool) -> None:
    guest = pool.get_id()
    assert pool.token(guest, pool.login())["IdentityId"] == guest
    assert pool.describe(guest)["Logins"] == [pool.providers[0]]
    assert pool.get_id(pool.login()) == guest
    with refused("NotAuthorizedException", forbidden(guest)):
        pool.token(guest)


def test_a_guest_with_a_known_login_gives_way_to_the_known_identity(pool: Pool) -> None:
    known, guest = pool.get_id(pool.login()), pool.get_id()
    assert pool.token(guest, pool.login())["IdentityId"] == known
    assert state_of(guest) == "disabled"
    assert Identity.objects.get(pk=guest).merged_into == known
    assert "Logins" not in pool.describe(guest)
    for call in (pool.token, pool.keys):
        with refused("NotAuthorizedException", forbidden(guest)):
            call(guest)
        with refused("NotAuthorizedException", forbidden(guest)):
            call(guest, pool.login())


def test_a_linked_identity_takes_further_logins_beside_one_of_its_own(pool: Pool) -> None:
    mine = pool.get_id(pool.login(0))
    assert pool.token(mine, {**pool.login(0), **pool.login(1)})["IdentityId"] == mine
    assert pool.describe(mine)["Logins"] == sorted(pool.providers)
    assert pool.get_id(pool.login(1)) == mine


def test_nobody_takes_a_linked_identity_by_logins_of_their_own(pool: Pool) -> None:
    mine = pool.get_id(pool.login(0))
    other = pool.get_id(pool.login(1, "bob"))
    for logins in (pool.login(1, "bob"), pool.login(1, "ann"), pool.login(0, "bob")):
        with refused("NotAuthorizedException", MISMATCH):
            pool.token(mine, logins)
    assert pool.describe(mine)["Logins"] == [pool.providers[0]]
    assert pool.describe(other)["Logins"] == [pool.providers[1]]
    assert Login.objects.count() == 2


def test_logins_of_two_identities_merge_them_and_disable_one(pool: Pool) -> None:
    older, newer = pool.get_id(pool.login(0)), pool.get_id(pool.login(1))
    assert pool.get_id({**pool.login(1), **pool.login(0)}) == older
    assert [state_of(older), state_of(newer)] == ["linked", "disabled"]
    assert pool.get_id(pool.login(1)) == older


def test_the_identity_named_in_the_request_survives_a_merge(pool: Pool) -> None:
    older, newer = pool.get_id(pool.login(0)), pool.get_id(pool.login(1))
    assert pool.token(newer, {**pool.login(0), **pool.login(1)})["IdentityId"] == newer
    assert [state_of(older), state_of(newer)] == ["disabled", "linked"]


def test_two_subjects_of_one_provider_are_never_one_identity(pool: Pool) -> None:
    both = pool.get_id({**pool.login(0, "ann"), **pool.login(1, "ann")})
    other = pool.get_id(pool.login(0, "bob"))
    with refused("ResourceConflictException"):
        pool.token(other, {**pool.login(0, "bob"), **pool.login(1, "ann")})
    with refused("ResourceConflictException"):
        pool.token(both, {**pool.login(0, "bob"), **pool.login(1, "ann")})
    fresh = pool.get_id(pool.login(1, "bob"))
    with refused("ResourceConflictException"):
        pool.get_id({**pool.login(1, "bob"), **pool.login(0, "ann")})
    assert [state_of(item) for item in (both, other, fresh)] == ["linked"] * 3
    assert Login.objects.count() == 4


def test_one_bad_token_fails_the_request_and_changes_nothing(pool: Pool) -> None:
    good = pool.login(0)
    with refused("NotAuthorizedException"):
        pool.get_id({**good, pool.providers[1]: "nonsense"})
    assert not Identity.objects.exists()


def test_both_names_of_a_user_pool_are_one_login(pool: Pool) -> None:
    token = pool.login()[pool.providers[0]]
    names = {pool.providers[0]: token, f"localhost:8000/{pool.apps[0].pool_id}": token}
    assert pool.describe(pool.get_id(names))["Logins"] == [pool.providers[0]]


def test_two_clients_of_a_user_pool_lead_to_one_identity(pool: Pool) -> None:
    app = pool.apps[0]
    other = app.client()["ClientId"]
    entries = [{"ProviderName": pool.providers[0], "ClientId": client} for client in (app.client_id, other)]
    pool.change(CognitoIdentityProviders=entries)
    mine = pool.get_id(pool.login())
    assert pool.get_id({pool.providers[0]: app.sign_in(client_id=other)["IdToken"]}) == mine


@pytest.mark.operation("UnlinkIdentity")
def test_an_unlinked_login_is_a_new_identity_next_time(pool: Pool) -> None:
    mine = pool.get_id({**pool.login(0), **pool.login(1)})
    answer = pool.public.unlink_identity(IdentityId=mine, Logins=pool.login(0), LoginsToRemove=[pool.providers[1]])
    assert set(answer) == {"ResponseMetadata"}
    assert pool.describe(mine)["Logins"] == [pool.providers[0]]
    assert pool.get_id(pool.login(1)) != mine
    assert AuditEvent.objects.filter(action="UnlinkIdentity", subject=mine).count() == 1


def test_without_its_last_login_an_identity_is_inaccessible(pool: Pool) -> None:
    mine = pool.get_id(pool.login())
    pool.public.unlink_identity(IdentityId=mine, Logins=pool.login(), LoginsToRemove=[pool.providers[0]])
    assert state_of(mine) == "disabled"
    with refused("NotAuthorizedException", forbidden(mine)):
        pool.token(mine, pool.login())
    assert pool.get_id(pool.login()) != mine


def test_only_a_login_of_the_identity_unlinks(pool: Pool) -> None:
    mine, guest = pool.get_id(pool.login(0)), pool.get_id()
    remove = {"LoginsToRemove": [pool.providers[0]]}
    for logins in (pool.login(0, "bob"), pool.login(1)):
        with refused("NotAuthorizedException", MISMATCH):
            pool.public.unlink_identity(IdentityId=mine, Logins=logins, **remove)
    with refused("NotAuthorizedException", forbidden(mine)):
        pool.public.unlink_identity(IdentityId=mine, Logins={}, **remove)
    with refused("NotAuthorizedException", MISMATCH):
        pool.public.unlink_identity(IdentityId=mine, Logins=pool.login(0), LoginsToRemove=[pool.providers[1]])
    with refused("NotAuthorizedException", MISMATCH):
        pool.public.unlink_identity(IdentityId=guest, Logins=pool.login(0), **remove)
    unknown = "us-east-1:00000000-0000-4000-8000-000000000000"
    with refused("ResourceNotFoundException", f"Identity '{unknown}' not found."):
        pool.public.unlink_identity(IdentityId=unknown, Logins=pool.login(0), **remove)
    assert pool.describe(mine)["Logins"] == [pool.providers[0]]


@pytest.mark.operation("DescribeIdentity")
def test_an_identity_is_described_with_the_names_of_its_providers(pool: Pool) -> None:
    mine = pool.get_id(pool.login())
    described = pool.describe(mine)
    assert described["Logins"] == [pool.providers[0]]
    assert described["CreationDate"] <= described["LastModifiedDate"]
    with refused("ResourceNotFoundException"):
        pool.describe("us-east-1:00000000-0000-4000-8000-000000000000")
    with refused("UnrecognizedClientException"):
        boto.client("cognito-identity").describe_identity(IdentityId=mine)


@pytest.mark.operation("ListIdentities")
def test_identities_are_listed_in_pages_with_or_without_disabled_ones(pool: Pool) -> None:
    made = [pool.get_id() for _ in range(5)] + [pool.get_id(pool.login())]
    Identity.objects.filter(pk=made[1]).update(state="disabled")

    def walk(**given: Any) -> list[str]:
        found: list[str] = []
        token: dict[str, str] = {}
        while True:
            answer = pool.admin.list_identities(**pool.at, MaxResults=2, **token, **given)
            assert answer["IdentityPoolId"] == pool.id
            found += [item["IdentityId"] for item in answer["Identities"]]
            if "NextToken" not in answer:
                return found
            token = {"NextToken": answer["NextToken"]}

    assert walk() == made
    assert walk(HideDisabled=False) == made
    assert walk(HideDisabled=True) == [item for item in made if item != made[1]]
    last = pool.admin.list_identities(**pool.at, MaxResults=60)["Identities"][-1]
    assert last["Logins"] == [pool.providers[0]]


def test_page_tokens_are_good_for_their_own_list_only(pool: Pool, identity: Any) -> None:
    for _ in range(3):
        pool.get_id()
    token = pool.admin.list_identities(**pool.at, MaxResults=1)["NextToken"]
    other = Pool(identity)
    other.get_id()
    cases: list[dict[str, Any]] = [
        {**other.at, "NextToken": token},
        {**pool.at, "NextToken": token, "HideDisabled": True},
        {**pool.at, "NextToken": token[:40] + ("A" if token[40] != "A" else "B") + token[41:]},
        {**pool.at, "NextToken": "x"},
    ]
    for given in cases:
        with refused("InvalidParameterException"):
            pool.admin.list_identities(MaxResults=1, **given)
    with refused("InvalidParameterException"):
        pool.admin.list_identity_pools(MaxResults=1, NextToken=token)
    with refused("ValidationException"):
        pool.admin.list_identities(**pool.at, MaxResults=61)
    with refused("ResourceNotFoundException"):
        pool.admin.list_identities(IdentityPoolId="us-east-1:00000000-0000-4000-8000-000000000000", MaxResults=1)


def test_a_page_of_identities_takes_a_fixed_number_of_queries(pool: Pool, django_assert_max_num_queries: Any) -> None:
    for index in range(12):
        pool.developer(f"user {index}")
    with django_assert_max_num_queries(8):
        found = pool.admin.list_identities(**pool.at, MaxResults=60)["Identities"]
    assert len(found) == 12


@pytest.mark.operation("DeleteIdentities")
def test_deleted_identities_are_gone_and_their_logins_start_anew(pool: Pool, identity: Any) -> None:
    mine, guest = pool.get_id(pool.login()), pool.get_id()
    other = Pool(identity).get_id()
    unknown = "us-east-1:00000000-0000-4000-8000-000000000000"
    answer = pool.admin.delete_identities(IdentityIdsToDelete=[mine, other, unknown, mine])
    assert answer["UnprocessedIdentityIds"] == []
    assert list(Identity.objects.values_list("pk", flat=True)) == [guest]
    with refused("ResourceNotFoundException", f"Identity '{mine}' not found."):
        pool.token(mine, pool.login())
    assert pool.get_id(pool.login()) != mine
    for ids in ([], [f"us-east-1:0000000{index:x}" for index in range(61)], ["bad"]):
        with refused("ValidationException"):
            pool.admin.delete_identities(IdentityIdsToDelete=ids)


def test_an_account_id_must_be_the_installations(pool: Pool) -> None:
    assert pool.public.get_id(**pool.at, AccountId="000000000000")["IdentityId"]
    with refused("ResourceNotFoundException", f"IdentityPool '{pool.id}' not found."):
        pool.public.get_id(**pool.at, AccountId="123456789012")


def test_public_operations_ignore_a_signature(pool: Pool) -> None:
    headers: dict[str, Any] = {
        "HTTP_X_AMZ_TARGET": "AWSCognitoIdentityService.GetId",
        "HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=AKIANOBODY/20260101/us-east-1/cognito-identity/aws4_request",
    }
    body = f'{{"IdentityPoolId": "{pool.id}"}}'
    answer = Client().post("/", body, content_type="application/x-amz-json-1.1", **headers)
    assert answer.status_code == 200


def test_server_side_token_check_asks_for_the_user_of_today(pool: Pool) -> None:
    entry = {"ProviderName": pool.providers[0], "ClientId": pool.apps[0].client_id}
    app = pool.apps[0]
    logins = pool.login()
    mine = pool.get_id(logins)
    app.idp.admin_user_global_sign_out(UserPoolId=app.pool_id, Username="ann")
    assert pool.token(mine, logins)["IdentityId"] == mine
    pool.change(CognitoIdentityProviders=[{**entry, "ServerSideTokenCheck": True}])
    for call in (lambda: pool.get_id(logins), lambda: pool.token(mine, logins), lambda: pool.keys(mine, logins)):
        with refused("NotAuthorizedException", "Invalid login token. Token is inactive."):
            call()
    fresh = pool.login()
    assert pool.get_id(fresh) == mine
    app.idp.admin_disable_user(UserPoolId=app.pool_id, Username="ann")
    with refused("NotAuthorizedException", "Invalid login token. Token is inactive."):
        pool.get_id(fresh)


def test_ids_of_one_pool_say_nothing_in_another(pool: Pool, identity: Any, app: App) -> None:
    """Tenant isolation: an identity, a developer user and a login are of their own pool only."""
    mine = pool.developer("ann")["IdentityId"]
    other = Pool(identity, app)
    unknown = "us-east-1:00000000-0000-4000-8000-000000000000"
    user = {"DeveloperProviderName": DEVELOPER, "DeveloperUserIdentifier": "ann"}
    for identity_id in (mine, unknown):
        text = f"Identity '{identity_id}' not found."
        with refused("ResourceNotFoundException", text):
            other.developer("x", IdentityId=identity_id)
        with refused("ResourceNotFoundException", text):
            other.admin.lookup_developer_identity(**other.at, IdentityId=identity_id)
        with refused("ResourceNotFoundException", text):
            other.admin.unlink_developer_identity(**other.at, IdentityId=identity_id, **user)
    with refused("ResourceNotFoundException"):
        other.admin.lookup_developer_identity(**other.at, DeveloperUserIdentifier="ann")
    with refused("NotAuthorizedException"):
        other.get_id(pool.login())
    assert other.developer("ann")["IdentityId"] != mine
