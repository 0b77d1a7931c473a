"""T25 of the quality chapter: what belongs to one pool cannot be seen or touched through another.

Each operation that names several things is called with a pool's own things and one of another pool, then with one that
nobody has: the answers must be the same, and the other pool must be as it was.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from cognito_app.aws import model
from tests.clients import raw
from tests.clients.shapes import plain
from tests.fuzz import world

pytestmark = pytest.mark.django_db

IDP = model.service("cognito-idp")
SCOPE = ("UserPoolId", "ClientId", "AccessToken")
"""What says whose the things of a request are, in the order in which it is looked for."""
NAMED = {
    "UserPoolId": "pool_id",
    "ClientId": "client_id",
    "AccessToken": "access_token",
    "Username": "username",
    "GroupName": "group",
    "ProviderName": "provider",
    "IdpIdentifier": "idp_identifier",
    "Identifier": "resource_server",
    "Domain": "domain",
    "JobId": "job_id",
    "ManagedLoginBrandingId": "branding_id",
    "TermsId": "terms_id",
    "DeviceKey": "device_key",
    "EventId": "event_id",
    "SessionId": "session_id",
    "RefreshToken": "refresh_token",
    "Token": "refresh_token",
    "Session": "session",
    "SecretHash": "secret_hash",
    "ConfirmationCode": "code",
}
KEPT = ("UserPoolId", "AccessToken", "SecretHash", "ConfirmationCode")
"""Never swapped: the scope itself, and what proves nothing without the rest."""
UNKNOWN = {
    "ClientId": "1" * 26,
    "Username": "nobody",
    "GroupName": "nobody",
    "ProviderName": "Nobody",
    "IdpIdentifier": "nobody.example",
    "Identifier": "https://nobody.example.com",
    "Domain": "nobody-has-this-domain",
    "JobId": "import-0000000000",
    "ManagedLoginBrandingId": "0a1b2c3d-0000-4a6b-8c7d-9e0f1a2b3c4d",
    "TermsId": "0a1b2c3d-0000-4a6b-8c7d-9e0f1a2b3c4d",
    "DeviceKey": "us-east-1_0a1b2c3d-0000-4a6b-8c7d-9e0f1a2b3c4d",
    "EventId": "0a1b2c3d-0000-4a6b-8c7d-9e0f1a2b3c4d",
    "SessionId": "tkn" + "0" * 25,
    "RefreshToken": "x" * 60,
    "Token": "x" * 60,
    "Session": "x" * 60,
}
PUBLIC = {"CreateUserPoolDomain", "DescribeUserPoolDomain"}
"""Names of domains are of the whole installation: that one is taken shows (as on AWS)."""


def _pairs() -> list[tuple[str, str]]:
    """Return the operations with the members that may name something of another pool."""
    return [
        (name, member)
        for name, operation in sorted(IDP.operations.items())
        if name not in PUBLIC and any(scope in operation.input_members for scope in SCOPE)
        for member in operation.input_members
        if member in UNKNOWN and any(scope in operation.input_members for scope in SCOPE if scope != member)
    ]


PAIRS = _pairs()


def secret_hash(things: dict[str, str], name: str) -> str:
    import base64
    import hmac

    key = things["client_secret"].encode()
    return base64.b64encode(hmac.digest(key, f"{name}{things['client_id']}".encode(), "sha256")).decode()


@pytest.fixture
def pools(idp: Any) -> tuple[dict[str, str], dict[str, str]]:
    """The things of one pool, and of another where nothing has the same name."""
    one = world.build(idp)
    other = world.build(
        idp,
        username="zoe",
        group="guests",
        provider="Other",
        idp_identifier="other.example",
        resource_server="https://other.example.com",
    )
    for things in (one, other):
        given = {"USERNAME": things["username"], "SRP_A": "5" * 700, "SECRET_HASH": things["secret_hash"]}
        challenge = idp.admin_initiate_auth(
            UserPoolId=things["pool_id"], ClientId=things["client_id"], AuthFlow="USER_SRP_AUTH", AuthParameters=given
        )
        things["session"] = challenge.get("Session") or challenge["ChallengeParameters"]["SECRET_BLOCK"]
    return one, other


def body_of(operation: str, things: dict[str, str]) -> dict[str, Any]:
    """Return a request with the things of a pool."""
    facts = IDP.operations[operation]
    body: dict[str, Any] = plain(IDP, facts.input_shape) if facts.input_shape else {}
    body |= {member: things[NAMED[member]] for member in facts.input_members if member in NAMED}
    if operation in ("InitiateAuth", "AdminInitiateAuth"):
        given = {"USERNAME": things["username"], "PASSWORD": "Wrong-Horse-9!", "SECRET_HASH": things["secret_hash"]}
        flow = "USER_PASSWORD_AUTH" if operation == "InitiateAuth" else "ADMIN_USER_PASSWORD_AUTH"
        body |= {"AuthFlow": flow, "AuthParameters": given}
    if operation in ("RespondToAuthChallenge", "AdminRespondToAuthChallenge"):
        answers = {
            "USERNAME": things["username"],
            "NEW_PASSWORD": "Other-Horse-9!",
            "SECRET_HASH": things["secret_hash"],
        }
        body |= {"ChallengeName": "NEW_PASSWORD_REQUIRED", "ChallengeResponses": answers}
    return body


def told(operation: str, body: dict[str, Any], key: tuple[str, str]) -> tuple[int, str, str]:
    """Return status, error and message of an answer, the things that the request named masked."""
    answer = raw.post("cognito-idp", operation, body, key)
    document = raw.document(answer) if answer.content else {}
    message = str(document.get("message", ""))
    for value in sorted((v for v in body.values() if isinstance(v, str)), key=len, reverse=True):
        message = message.replace(value, "*") if value else message
    return answer.status_code, str(document.get("__type", "")), re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "*", message)


def snapshot(idp: Any, things: dict[str, str]) -> list[Any]:
    """Return what there is in a pool, without what every answer makes anew."""
    at = {"UserPoolId": things["pool_id"]}
    found = [
        idp.admin_get_user(**at, Username=things["username"]),
        idp.describe_user_pool_client(**at, ClientId=things["client_id"]),
        idp.get_group(**at, GroupName=things["group"]),
        idp.list_users_in_group(**at, GroupName=things["group"]),
        idp.describe_identity_provider(**at, ProviderName=things["provider"]),
        idp.describe_resource_server(**at, Identifier=things["resource_server"]),
        idp.describe_user_import_job(**at, JobId=things["job_id"]),
        idp.describe_managed_login_branding(**at, ManagedLoginBrandingId=things["branding_id"]),
        idp.describe_terms(**at, TermsId=things["terms_id"]),
        idp.describe_user_pool_domain(Domain=things["domain"]),
        idp.get_user(AccessToken=things["access_token"]),
        idp.admin_list_devices(**at, Username=things["username"])["Devices"],
        idp.admin_list_user_auth_events(**at, Username=things["username"])["AuthEvents"],
    ]
    for answer in found:
        if isinstance(answer, dict):
            answer.pop("ResponseMetadata")
    return found


def test_things_of_another_pool_are_things_that_nobody_has(
    idp: Any, admin_key: tuple[str, str], pools: tuple[dict[str, str], dict[str, str]]
) -> None:
    one, other = pools
    before = snapshot(idp, other)
    for operation, member in PAIRS:
        body = body_of(operation, one)
        if member == "Username" and "SecretHash" in body:
            # The secret is the caller's own, so the hash is right for every name.
            foreign = {**body, member: other["username"], "SecretHash": secret_hash(one, other["username"])}
            unknown = {**body, member: "nobody", "SecretHash": secret_hash(one, "nobody")}
        else:
            foreign, unknown = {**body, member: other[NAMED[member]]}, {**body, member: UNKNOWN[member]}
        assert told(operation, foreign, admin_key) == told(operation, unknown, admin_key), (operation, member)
        if not world.still_there(idp, one):
            one.update(pools[0] | _renewed(idp, one))
    assert snapshot(idp, other) == before


def _renewed(idp: Any, one: dict[str, str]) -> dict[str, str]:
    """Make the caller's own pool anew where a request has taken it apart."""
    made = world.build(idp)
    return {**made, "session": one["session"]}


def test_every_operation_with_several_things_is_tried() -> None:
    assert len({operation for operation, _ in PAIRS}) > 75
    assert len(PAIRS) > 95
