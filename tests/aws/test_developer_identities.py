"""Developer authenticated identities (spec/identity-pools.md 2.6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from cognito_app.core import clock, jose
from cognito_app.models import DeveloperUser, Identity
from tests.clients.exchange import DEVELOPER, Pool, role_of, state_of
from tests.conftest import App, refused

pytestmark = pytest.mark.django_db

UNSUPPORTED = "This identity pool does not support the specified developer provider"
MISMATCH = "Logins don't match. Please include at least one valid login for this identity or identity pool."
OWN_KEY = "cognito-identity.amazonaws.com"


@pytest.fixture
def pool(app: App, identity: Any) -> Pool:
    """An identity pool with a developer provider and a user pool of two users."""
    app.sign_up("ann")
    app.sign_up("bob")
    return Pool(identity, app)


def claims_of(answer: Any) -> Any:
    """Return the claims of the token."""
    return jose.peek(answer["Token"])[1]


@pytest.mark.operation("GetOpenIdTokenForDeveloperIdentity")
def test_a_developer_user_is_one_identity_with_a_token(pool: Pool) -> None:
    first = pool.developer("user 1")
    again = pool.developer("user 1", TokenDuration=86_400)
    assert first["IdentityId"] == again["IdentityId"] != pool.developer("USER 1")["IdentityId"]
    claims = claims_of(first)
    assert (claims["sub"], claims["aud"]) == (first["IdentityId"], pool.id)
    assert claims["amr"] == ["authenticated", DEVELOPER, f"{DEVELOPER}:{pool.id}:user 1"]
    assert claims["exp"] - claims["iat"] == 900
    assert claims_of(again)["exp"] - claims_of(again)["iat"] == 86_400
    assert pool.describe(first["IdentityId"])["Logins"] == [DEVELOPER]


def test_a_token_of_a_developer_user_buys_the_default_role(pool: Pool) -> None:
    roles = pool.with_roles()
    answer = pool.developer("user 1", PrincipalTags={"team": "blue"})
    mine, logins = answer["IdentityId"], {OWN_KEY: answer["Token"]}
    assert role_of(pool.keys(mine, logins)) == roles["authenticated"].rpartition("/")[2]
    with refused("NotAuthorizedException", "Invalid login token. Can't pass in a Cognito token."):
        pool.get_id(logins)
    with refused("NotAuthorizedException", "Invalid login token. Can't pass in a Cognito token."):
        pool.token(mine, logins)
    with refused("NotAuthorizedException", MISMATCH):
        pool.keys(pool.developer("user 2")["IdentityId"], logins)
    with refused("NotAuthorizedException"):
        pool.keys(mine, logins, CustomRoleArn=roles["authenticated"])
    with refused("NotAuthorizedException", "Invalid login token. Not a valid OpenId Connect identity token."):
        pool.keys(mine, {OWN_KEY: "nonsense"})
    with refused("NotAuthorizedException", "Invalid login token. Issuer doesn't match providerName"):
        pool.keys(mine, {OWN_KEY: pool.apps[0].sign_in()["IdToken"]})
    head, body, signature = answer["Token"].split(".")
    with refused("NotAuthorizedException", "Invalid login token. Couldn't verify signed token."):
        pool.keys(mine, {OWN_KEY: f"{head}.{body}.{signature[:-4]}AAAA"})
    with time_machine.travel(clock.now() + timedelta(minutes=16)), refused("NotAuthorizedException"):
        pool.keys(mine, logins)
    with refused("NotAuthorizedException", f"Access to Identity '{mine}' is forbidden."):
        pool.keys(mine)


def test_the_developer_provider_is_for_the_backend_only(pool: Pool) -> None:
    mine = pool.developer("user 1")["IdentityId"]
    for call in (lambda: pool.get_id({DEVELOPER: "user 1"}), lambda: pool.token(mine, {DEVELOPER: "user 1"})):
        with refused("NotAuthorizedException", MISMATCH):
            call()


def test_a_foreign_developer_provider_is_refused(pool: Pool) -> None:
    for logins in ({"other.example.app": "user"}, {}, pool.login()):
        with refused("InvalidParameterException", UNSUPPORTED):
            pool.admin.get_open_id_token_for_developer_identity(**pool.at, Logins=logins)
    with refused("NotAuthorizedException", MISMATCH):
        pool.developer("user", {"other.example.app": "user"})
    assert not Identity.objects.exists()


@pytest.mark.parametrize("given", [{"TokenDuration": 0}, {"TokenDuration": 86_401}, {"IdentityId": "x"}])
def test_values_outside_of_the_model_are_refused(pool: Pool, given: dict[str, Any]) -> None:
    with refused("ValidationException"):
        pool.developer("user", **given)


@pytest.mark.parametrize("tags", [{"aws:x": "y"}, {"a": "<"}, {"<": "a"}, {"team": "x", "Team": "y"}])
def test_tags_that_iam_does_not_take_are_refused(pool: Pool, tags: dict[str, str]) -> None:
    with refused("InvalidParameterException"):
        pool.developer("user", PrincipalTags=tags)
    assert not Identity.objects.exists()


def test_a_guest_becomes_a_developer_user(pool: Pool) -> None:
    guest = pool.get_id()
    assert pool.developer("user", IdentityId=guest)["IdentityId"] == guest
    assert pool.developer("user")["IdentityId"] == guest
    with refused("NotAuthorizedException"):
        pool.token(guest)


def test_a_developer_user_of_another_identity_is_not_moved(pool: Pool) -> None:
    pool.developer("user")
    for target in (pool.get_id(), pool.developer("other")["IdentityId"]):
        with refused("DeveloperUserAlreadyRegisteredException"):
            pool.developer("user", IdentityId=target)


def test_an_identity_of_public_logins_must_be_proven_by_one(pool: Pool) -> None:
    mine = pool.get_id(pool.login())
    with refused("NotAuthorizedException", MISMATCH):
        pool.developer("user", IdentityId=mine)
    with refused("NotAuthorizedException", MISMATCH):
        pool.developer("user", pool.login(0, "bob"), IdentityId=mine)
    answer = pool.developer("user", pool.login(), IdentityId=mine)
    assert answer["IdentityId"] == mine
    provider, subject = claims_of(answer)["amr"][3:]
    assert provider == pool.providers[0]
    assert subject.startswith(f"{provider}:CognitoSignIn:")
    assert pool.describe(mine)["Logins"] == sorted([DEVELOPER, provider])


def test_public_logins_beside_a_developer_user_are_linked_and_merged(pool: Pool) -> None:
    public = pool.get_id(pool.login())
    mine = pool.developer("user")["IdentityId"]
    assert pool.developer("user", pool.login())["IdentityId"] == mine
    assert [state_of(public), state_of(mine)] == ["disabled", "linked"]
    other = pool.developer("other", pool.login(0, "bob"))["IdentityId"]
    with refused("ResourceConflictException"):
        pool.developer("user", pool.login(0, "bob"))
    assert state_of(other) == "linked"


def test_a_disabled_identity_takes_no_developer_user(pool: Pool) -> None:
    gone = pool.get_id()
    Identity.objects.filter(pk=gone).update(state="disabled")
    with refused("NotAuthorizedException", f"Access to Identity '{gone}' is forbidden."):
        pool.developer("user", IdentityId=gone)


@pytest.mark.operation("LookupDeveloperIdentity")
def test_lookup_finds_both_ways_and_matches_pairs(pool: Pool) -> None:
    mine = pool.developer("user 0")["IdentityId"]
    for index in range(1, 5):
        pool.developer(f"user {index}", IdentityId=mine)
    lookup = pool.admin.lookup_developer_identity
    found = lookup(**pool.at, DeveloperUserIdentifier="user 3")
    assert (found["IdentityId"], found["DeveloperUserIdentifierList"]) == (mine, ["user 3"])
    assert lookup(**pool.at, IdentityId=mine, DeveloperUserIdentifier="user 3")["IdentityId"] == mine
    names: list[str] = []
    token: dict[str, str] = {}
    for size in (2, 2, 1):
        page = lookup(**pool.at, IdentityId=mine, MaxResults=2, **token)
        assert len(page["DeveloperUserIdentifierList"]) == size
        names += page["DeveloperUserIdentifierList"]
        token = {"NextToken": page["NextToken"]} if "NextToken" in page else {}
    assert not token
    assert names == [f"user {index}" for index in range(5)]


def test_lookup_refuses_what_does_not_match(pool: Pool) -> None:
    mine, other = pool.developer("user")["IdentityId"], pool.developer("other")["IdentityId"]
    lookup = pool.admin.lookup_developer_identity
    with refused("InvalidParameterException"):
        lookup(**pool.at)
    with refused("ResourceConflictException"):
        lookup(**pool.at, IdentityId=other, DeveloperUserIdentifier="user")
    with refused("ResourceNotFoundException"):
        lookup(**pool.at, DeveloperUserIdentifier="nobody")
    with refused("ResourceNotFoundException"):
        lookup(**pool.at, IdentityId="us-east-1:00000000-0000-4000-8000-000000000000")
    with refused("InvalidParameterException"):
        lookup(**pool.at, IdentityId=mine, NextToken="x")
    with refused("ResourceNotFoundException"):
        lookup(IdentityPoolId="us-east-1:00000000-0000-4000-8000-000000000000", DeveloperUserIdentifier="user")


def merge(pool: Pool, source: str, destination: str, provider: str = DEVELOPER) -> str:
    """Call MergeDeveloperIdentities."""
    answer = pool.admin.merge_developer_identities(
        **pool.at,
        SourceUserIdentifier=source,
        DestinationUserIdentifier=destination,
        DeveloperProviderName=provider,
    )
    return str(answer["IdentityId"])


@pytest.mark.operation("MergeDeveloperIdentities")
def test_a_merge_gives_the_source_to_the_destination(pool: Pool) -> None:
    source = pool.developer("source", pool.login())["IdentityId"]
    target = pool.developer("target")["IdentityId"]
    assert merge(pool, "source", "target") == target
    assert merge(pool, "source", "target") == target
    assert [state_of(source), state_of(target)] == ["disabled", "linked"]
    assert pool.developer("source")["IdentityId"] == target
    assert pool.get_id(pool.login()) == target


def test_what_cannot_be_merged_stays_as_it_is(pool: Pool) -> None:
    one = pool.developer("one", pool.login(0, "ann"))["IdentityId"]
    two = pool.developer("two", pool.login(0, "bob"))["IdentityId"]
    with refused("ResourceConflictException"):
        merge(pool, "one", "two")
    with refused("ResourceNotFoundException"):
        merge(pool, "one", "nobody")
    with refused("InvalidParameterException", UNSUPPORTED):
        merge(pool, "one", "two", "other.example.app")
    assert [state_of(one), state_of(two)] == ["linked", "linked"]
    for index in range(11):
        pool.developer(f"left {index}", IdentityId=pool.developer("left")["IdentityId"])
        pool.developer(f"right {index}", IdentityId=pool.developer("right")["IdentityId"])
    with refused("ResourceConflictException"):
        merge(pool, "left", "right")
    assert DeveloperUser.objects.count() == 26


def test_an_identity_has_at_most_twenty_logins(pool: Pool) -> None:
    mine = pool.developer("user")["IdentityId"]
    for index in range(19):
        pool.developer(f"user {index}", IdentityId=mine)
    with refused("ResourceConflictException"):
        pool.developer("one too many", IdentityId=mine)


@pytest.mark.operation("UnlinkDeveloperIdentity")
def test_an_unlinked_developer_user_is_a_new_identity_next_time(pool: Pool) -> None:
    mine = pool.developer("user", pool.login())["IdentityId"]

    def unlink(identity_id: str, identifier: str, provider: str = DEVELOPER) -> None:
        pool.admin.unlink_developer_identity(
            **pool.at,
            IdentityId=identity_id,
            DeveloperProviderName=provider,
            DeveloperUserIdentifier=identifier,
        )

    other = pool.developer("other")["IdentityId"]
    with refused("ResourceConflictException"):
        unlink(mine, "other")
    with refused("ResourceNotFoundException"):
        unlink(mine, "nobody")
    with refused("InvalidParameterException", UNSUPPORTED):
        unlink(mine, "user", "other.example.app")
    unlink(mine, "user")
    assert pool.describe(mine)["Logins"] == [pool.providers[0]]
    assert pool.developer("user")["IdentityId"] != mine
    unlink(other, "other")
    assert state_of(other) == "disabled"
    assert "Logins" not in pool.describe(other)
