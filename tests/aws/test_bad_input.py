"""Every operation of the user pools API against ids, tokens and secrets that are not the right ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse

from cognito_app.aws import model
from cognito_app.core import clock, jose
from cognito_app.services import config, keys
from tests.clients import raw
from tests.clients.shapes import plain
from tests.conftest import App, make_app

pytestmark = pytest.mark.django_db

IDP = model.service("cognito-idp")
UNKNOWN_POOL = "us-east-1_Unknown00"
UNKNOWN_CLIENT = "0unknown0unknown0unknown00"
TOKEN_CLASS = sorted(
    name for name, operation in IDP.operations.items() if operation.authorization == "token" and operation.input_shape
)


def _having(*members: str) -> list[str]:
    return sorted(
        name
        for name, operation in IDP.operations.items()
        if operation.input_shape and set(members) <= set(operation.input_members)
    )


def _body(name: str, **given: Any) -> dict[str, Any]:
    operation = IDP.operations[name]
    assert operation.input_shape is not None
    return {**plain(IDP, operation.input_shape), **given}


def _told(answer: HttpResponse, name: str) -> tuple[str, str]:
    """Return code and message of an error, which must be one that the model lists for the operation."""
    document = raw.document(answer)
    assert answer.status_code == 400, (name, document)
    assert document["__type"] in IDP.operations[name].errors, (name, document)
    return document["__type"], document.get("message", "")


@pytest.mark.parametrize("name", _having("UserPoolId"))
def test_an_unknown_pool_is_not_found(admin_key: tuple[str, str], name: str) -> None:
    answer = raw.post("cognito-idp", name, _body(name, UserPoolId=UNKNOWN_POOL), admin_key)
    expected = f"User pool {UNKNOWN_POOL} does not exist."
    assert _told(answer, name) == ("ResourceNotFoundException", expected)


@pytest.mark.parametrize("name", _having("UserPoolId", "ClientId"))
def test_a_client_of_another_pool_is_not_found(app: App, admin_key: tuple[str, str], name: str) -> None:
    other = make_app(app.idp, app.inbox, UserPoolTier="PLUS", UserPoolAddOns={"AdvancedSecurityMode": "AUDIT"})
    body = _body(name, UserPoolId=other.pool_id, ClientId=app.client_id)
    code, message = _told(raw.post("cognito-idp", name, body, admin_key), name)
    assert code == "ResourceNotFoundException"
    assert app.client_id in message


@pytest.mark.parametrize(
    "name", [n for n in _having("ClientId") if "UserPoolId" not in IDP.operations[n].input_members]
)
def test_an_unknown_client_is_not_found(db: None, name: str) -> None:
    answer = raw.post("cognito-idp", name, _body(name, ClientId=UNKNOWN_CLIENT))
    code = "UnauthorizedException" if name == "RevokeToken" else "ResourceNotFoundException"
    assert _told(answer, name) == (code, f"User pool client {UNKNOWN_CLIENT} does not exist.")


# The first makes the user; the second looks at its token before anything else, because anybody may call it.
NOT_BY_NAME = ("AdminCreateUser", "UpdateAuthEventFeedback")


@pytest.mark.parametrize("name", [n for n in _having("UserPoolId", "Username") if n not in NOT_BY_NAME])
def test_an_unknown_user_is_not_found(app: App, admin_key: tuple[str, str], name: str) -> None:
    answer = raw.post("cognito-idp", name, _prepared(app, name, Username="nobody-of-this-name"), admin_key)
    listed = "UserNotFoundException" in IDP.operations[name].errors
    expected = ("UserNotFoundException", "User does not exist.")
    assert _told(answer, name) == (expected if listed else ("ResourceNotFoundException", expected[1]))


def _prepared(app: App, name: str, **given: Any) -> dict[str, Any]:
    """Make what an operation asks for before it looks for the user."""
    app.idp.update_user_pool(
        UserPoolId=app.pool_id,
        UserPoolTier="PLUS",
        UserPoolAddOns={"AdvancedSecurityMode": "AUDIT"},
        DeviceConfiguration={"ChallengeRequiredOnNewDevice": True},
    )
    if "GroupName" in IDP.operations[name].input_members:
        app.idp.create_group(UserPoolId=app.pool_id, GroupName="plain")
    if "Password" in IDP.operations[name].input_members:
        given["Password"] = "Plain-Horse-9!"
    return _body(name, UserPoolId=app.pool_id, **given)


@dataclass
class Tokens:
    """Access tokens that were right once."""

    good: str
    expired: str
    revoked: str
    narrow: str


@pytest.fixture
def tokens(app: App) -> Tokens:
    """A user's tokens: good ones, and such as must not be taken any more."""
    app.sign_up()
    with time_machine.travel(datetime.now(UTC) - timedelta(hours=2), tick=True):
        expired = app.sign_in()["AccessToken"]
    revoked = app.sign_in()
    app.idp.revoke_token(ClientId=app.client_id, Token=revoked["RefreshToken"])
    good = app.sign_in()["AccessToken"]
    signing = keys.of_pool(app.pool_id)
    assert signing is not None
    claims = {**jose.peek(good)[1], "scope": "openid email", "exp": clock.epoch() + 600}
    narrow = jose.sign(claims, signing.access_token.private, signing.access_token.kid)
    assert config.pool(app.pool_id).issuer == claims["iss"]
    return Tokens(good=good, expired=expired, revoked=revoked["AccessToken"], narrow=narrow)


@pytest.mark.parametrize("name", TOKEN_CLASS)
def test_only_a_good_access_token_opens_an_operation(tokens: Tokens, name: str) -> None:
    for token, message in (
        ("nonsense", "Invalid Access Token"),
        (tokens.good[:-6] + "AAAAAA", "Could not verify signature for Access Token"),
        (tokens.expired, "Access Token has expired"),
        (tokens.revoked, "Access Token has been revoked"),
        (tokens.narrow, "Access Token does not have required scopes"),
    ):
        answer = raw.post("cognito-idp", name, _body(name, AccessToken=token))
        assert _told(answer, name) == ("NotAuthorizedException", message)


@pytest.mark.parametrize("name", TOKEN_CLASS)
def test_tokens_of_a_deleted_user_name_nobody(app: App, tokens: Tokens, name: str) -> None:
    app.idp.admin_delete_user(UserPoolId=app.pool_id, Username="ann")
    answer = raw.post("cognito-idp", name, _body(name, AccessToken=tokens.good))
    code, _ = _told(answer, name)
    expected = "UserNotFoundException" if "UserNotFoundException" in IDP.operations[name].errors else None
    assert code == (expected or "NotAuthorizedException")


@pytest.mark.parametrize("name", _having("SecretHash", "Username"))
def test_a_client_with_a_secret_demands_its_hash(app: App, name: str) -> None:
    client = app.client(GenerateSecret=True)
    body = _body(name, ClientId=client["ClientId"], Username="ann")
    if "Password" in body:
        body["Password"] = "Plain-Horse-9!"
    missing = f"Client {client['ClientId']} is configured with secret but SECRET_HASH was not received"
    assert _told(raw.post("cognito-idp", name, body), name) == ("NotAuthorizedException", missing)
    wrong = {**body, "SecretHash": "d3Jvbmc="}
    code, message = _told(raw.post("cognito-idp", name, wrong), name)
    assert code == "NotAuthorizedException"
    assert client["ClientId"] in message


@pytest.mark.parametrize(
    "name",
    sorted(n for n, o in IDP.operations.items() if not o.unsigned and n not in model.UNSIGNED_OR_SIGNED),
)
def test_administrators_operations_want_a_signature(db: None, name: str) -> None:
    answer = raw.post("cognito-idp", name, _body(name))
    assert answer.status_code == 400
    assert raw.document(answer)["__type"] == "MissingAuthenticationTokenException"
