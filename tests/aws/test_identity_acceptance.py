"""Identity pools as a whole: every operation, every known text, and the end of sessions (spec/identity-pools.md 10)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from botocore.exceptions import ClientError

from cognito_app.aws import model, registry
from cognito_app.core import clock
from cognito_app.errors import MalformedPolicyDocument
from cognito_app.models import DeveloperUser, Identity, Login
from cognito_app.services import roles
from cognito_app.services.actor import SYSTEM
from tests.clients import boto
from tests.clients.exchange import DEVELOPER, Pool, trust
from tests.conftest import App, refused

pytestmark = pytest.mark.django_db

OWN_KEY = "cognito-identity.amazonaws.com"
UNKNOWN = "us-east-1:00000000-0000-4000-8000-000000000000"


@pytest.fixture
def pool(app: App, identity: Any) -> Pool:
    """An identity pool with a user pool of two users, and roles."""
    app.sign_up("ann")
    app.sign_up("bob")
    made = Pool(identity, app)
    made.with_roles()
    return made


def test_every_operation_has_a_handler() -> None:
    assert registry.implemented("cognito-identity") == set(model.service("cognito-identity").operations)


CALLS: dict[str, dict[str, Any]] = {
    "describe_identity_pool": {},
    "update_identity_pool": {"IdentityPoolName": "x", "AllowUnauthenticatedIdentities": False},
    "delete_identity_pool": {},
    "set_identity_pool_roles": {"Roles": {}},
    "get_identity_pool_roles": {},
    "set_principal_tag_attribute_map": {"IdentityProviderName": DEVELOPER},
    "get_principal_tag_attribute_map": {"IdentityProviderName": DEVELOPER},
    "list_identities": {"MaxResults": 1},
    "lookup_developer_identity": {"DeveloperUserIdentifier": "x"},
    "merge_developer_identities": {
        "SourceUserIdentifier": "x",
        "DestinationUserIdentifier": "y",
        "DeveloperProviderName": DEVELOPER,
    },
    "unlink_developer_identity": {
        "IdentityId": UNKNOWN,
        "DeveloperProviderName": DEVELOPER,
        "DeveloperUserIdentifier": "x",
    },
    "get_open_id_token_for_developer_identity": {"Logins": {DEVELOPER: "x"}},
    "get_id": {},
}


@pytest.mark.parametrize("name", CALLS)
def test_an_unknown_pool_has_one_text(identity: Any, name: str) -> None:
    with refused("ResourceNotFoundException", f"IdentityPool '{UNKNOWN}' not found."):
        getattr(identity, name)(IdentityPoolId=UNKNOWN, **CALLS[name])


@pytest.mark.parametrize("name", CALLS)
def test_a_malformed_pool_id_has_the_text_of_the_model(identity: Any, name: str) -> None:
    text = (
        "1 validation error detected: Value 'no pool' at 'identityPoolId' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+"
    )
    with refused("ValidationException", text):
        getattr(identity, name)(IdentityPoolId="no pool", **CALLS[name])


BY_IDENTITY: dict[str, dict[str, Any]] = {
    "describe_identity": {},
    "get_open_id_token": {},
    "get_credentials_for_identity": {},
    "unlink_identity": {"Logins": {"a": "b"}, "LoginsToRemove": []},
}


@pytest.mark.parametrize("name", BY_IDENTITY)
def test_an_unknown_identity_has_one_text(identity: Any, name: str) -> None:
    with refused("ResourceNotFoundException", f"Identity '{UNKNOWN}' not found."):
        getattr(identity, name)(IdentityId=UNKNOWN, **BY_IDENTITY[name])


SIGNED = [name for name in CALLS if name != "get_id"] + ["describe_identity"]


@pytest.mark.parametrize("name", SIGNED)
def test_signed_operations_need_a_known_key(pool: Pool, name: str) -> None:
    given = {"IdentityId": UNKNOWN} if name == "describe_identity" else {**pool.at, **CALLS[name]}
    with refused("UnrecognizedClientException", "The security token included in the request is invalid."):
        getattr(boto.client("cognito-identity"), name)(**given)


def test_nothing_is_made_by_requests_that_are_refused(pool: Pool) -> None:
    token = pool.apps[0].sign_in()["IdToken"]
    head, body, signature = token.split(".")
    provider = pool.providers[0]
    other = pool.apps[0].client()["ClientId"]
    tokens = [
        {provider: f"{head}.{body}."},
        {provider: f"{head}.{body}.{signature[:-6]}AAAAAA"},
        {provider: pool.apps[0].sign_in(client_id=other)["IdToken"]},
        {provider: pool.apps[0].sign_in()["AccessToken"]},
        {provider: "a.b.c"},
        {provider: "." * 50_000},
        {f"{provider}x": token},
        {"cognito-idp.eu-west-1.amazonaws.com/" + pool.apps[0].pool_id: token},
        {DEVELOPER: "user"},
        {"graph.facebook.com": "x"},
        {provider: token, OWN_KEY: "x"},
    ]
    for logins in tokens:
        with refused("NotAuthorizedException"):
            pool.get_id(logins)
    with time_machine.travel(clock.now() + timedelta(days=2)), refused("NotAuthorizedException"):
        pool.get_id({provider: token})
    with refused("ValidationException"):
        pool.get_id({provider: "x" * 50_001})
    with refused("ValidationException"):
        pool.get_id({f"provider {number}": "x" for number in range(11)})
    assert not Identity.objects.exists()


def works(issued: Any) -> bool:
    """Whether credentials still open something."""
    given = issued["Credentials"]
    client = boto.client("sts", (given["AccessKeyId"], given["SecretKey"]), given["SessionToken"])
    try:
        client.get_caller_identity()
    except ClientError as error:
        return bool(error.response["ResponseMetadata"]["HTTPStatusCode"] != 403)
    return True


def _delete_identity(pool: Pool, mine: str) -> None:
    pool.admin.delete_identities(IdentityIdsToDelete=[mine])


def _delete_pool(pool: Pool, mine: str) -> None:
    pool.admin.delete_identity_pool(**pool.at)
    assert not Identity.objects.exists()
    assert not Login.objects.exists()
    assert not DeveloperUser.objects.exists()


def _unlink(pool: Pool, mine: str) -> None:
    pool.public.unlink_identity(IdentityId=mine, Logins=pool.login(), LoginsToRemove=[pool.providers[0]])


def _merge(pool: Pool, mine: str) -> None:
    pool.developer("older")
    pool.developer("newer", pool.login(), IdentityId=mine)
    pool.admin.merge_developer_identities(
        **pool.at, SourceUserIdentifier="newer", DestinationUserIdentifier="older", DeveloperProviderName=DEVELOPER
    )


@pytest.mark.parametrize("end", [_delete_identity, _delete_pool, _unlink, _merge])
def test_sessions_end_with_their_identity(pool: Pool, end: Callable[[Pool, str], None]) -> None:
    logins = pool.login()
    mine = pool.get_id(logins)
    issued = pool.keys(mine, logins)
    assert works(issued)
    end(pool, mine)
    assert not works(issued)


def test_a_token_of_an_identity_that_is_gone_opens_nothing(pool: Pool) -> None:
    answer = pool.developer("user", TokenDuration=3600)
    mine, logins = answer["IdentityId"], {OWN_KEY: answer["Token"]}
    role = pool.admin.get_identity_pool_roles(**pool.at)["Roles"]["authenticated"]
    given = {"RoleArn": role, "RoleSessionName": "session", "WebIdentityToken": answer["Token"]}
    assert pool.sts.assume_role_with_web_identity(**given)["Credentials"]
    pool.admin.delete_identities(IdentityIdsToDelete=[mine])
    with refused("ResourceNotFoundException"):
        pool.keys(mine, logins)
    with refused("InvalidIdentityToken"):
        pool.sts.assume_role_with_web_identity(**given)


def test_a_pool_s_token_opens_no_role_of_another_pool(pool: Pool, identity: Any) -> None:
    other = Pool(identity)
    arns = other.with_roles()
    guest = pool.get_id()
    given = {"RoleSessionName": "session", "WebIdentityToken": pool.token(guest)["Token"]}
    with refused("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"):
        pool.sts.assume_role_with_web_identity(RoleArn=arns["unauthenticated"], **given)
    with refused("AccessDenied"):
        pool.sts.assume_role_with_web_identity(RoleArn="arn:aws:iam::000000000000:role/none", **given)


def test_a_guest_s_token_is_worth_nothing_once_the_identity_is_somebody_s(pool: Pool) -> None:
    guest = pool.get_id()
    token = pool.token(guest)["Token"]
    assert pool.keys(guest, {OWN_KEY: token})["Credentials"]
    pool.token(guest, pool.login())
    with refused("NotAuthorizedException", f"Access to Identity '{guest}' is forbidden."):
        pool.keys(guest, {OWN_KEY: token})


def test_credentials_of_a_known_login_take_few_queries(pool: Pool, django_assert_max_num_queries: Any) -> None:
    logins = pool.login()
    mine = pool.get_id(logins)
    pool.keys(mine, logins)
    with django_assert_max_num_queries(6):
        pool.keys(mine, logins)


def test_a_trust_policy_without_a_condition_is_refused(pool: Pool) -> None:
    document = trust(pool.id)
    del document["Statement"][0]["Condition"]
    with pytest.raises(MalformedPolicyDocument):
        roles.create(SYSTEM, name="open", trust_policy=document)
