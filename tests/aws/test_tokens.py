"""Claims, refresh, rotation, revocation."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.test import Client

from cognito_app.core import clock
from tests.conftest import App, refused

pytestmark = pytest.mark.django_db


def keys_of(app: App) -> dict[str, Any]:
    """Return the published keys by kid, read by PyJWT."""
    document = Client().get(f"/{app.pool_id}/.well-known/jwks.json").json()
    return {key["kid"]: jwt.PyJWK(key).key for key in document["keys"]}


def claims(app: App, token: str, audience: str | None = None) -> dict[str, Any]:
    """Verify a token with PyJWT and return its claims."""
    kid = jwt.get_unverified_header(token)["kid"]
    verified: dict[str, Any] = jwt.decode(token, keys_of(app)[kid], ["RS256"], audience=audience)
    return verified


@pytest.mark.parametrize(("value", "claim"), [("17", 17), ("9" * 30, "9" * 30), ("1.5", "1.5")])
def test_a_time_of_change_of_any_size_lets_its_user_in(app: App, value: str, claim: Any) -> None:
    app.sign_up(updated_at=value)
    identity = claims(app, app.sign_in()["IdToken"], app.client_id)
    assert identity["updated_at"] == claim


def test_claims_are_cognitos(app: App) -> None:
    app.sign_up(given_name="Ann")
    app.idp.create_group(
        UserPoolId=app.pool_id, GroupName="staff", Precedence=1, RoleArn="arn:aws:iam::000000000000:role/s"
    )
    app.idp.admin_add_user_to_group(UserPoolId=app.pool_id, Username="ann", GroupName="staff")
    tokens = app.sign_in()
    identity = claims(app, tokens["IdToken"], app.client_id)
    access = claims(app, tokens["AccessToken"])
    assert (
        jwt.get_unverified_header(tokens["IdToken"])["kid"] != jwt.get_unverified_header(tokens["AccessToken"])["kid"]
    )
    assert set(jwt.get_unverified_header(tokens["AccessToken"])) == {"kid", "alg"}
    assert identity["iss"] == access["iss"] == f"http://localhost:8000/{app.pool_id}"
    assert identity["token_use"] == "id"
    assert identity["email_verified"] is True
    assert identity["given_name"] == "Ann"
    assert identity["cognito:username"] == "ann"
    assert identity["cognito:groups"] == access["cognito:groups"] == ["staff"]
    assert identity["cognito:preferred_role"] == "arn:aws:iam::000000000000:role/s"
    assert "cognito:roles" not in access
    assert access["scope"] == "aws.cognito.signin.user.admin"
    assert access["client_id"] == app.client_id
    assert access["username"] == "ann"
    assert identity["origin_jti"] == access["origin_jti"]
    assert identity["jti"] != access["jti"]
    assert identity["event_id"] == access["event_id"]
    assert access["exp"] - access["iat"] == 3600


@pytest.mark.operation("GetTokensFromRefreshToken")
def test_refresh_keeps_the_sign_in_and_reads_attributes_anew(app: App) -> None:
    app.sign_up()
    tokens = app.sign_in()
    app.idp.admin_update_user_attributes(
        UserPoolId=app.pool_id, Username="ann", UserAttributes=[{"Name": "nickname", "Value": "nan"}]
    )
    for answer in (
        app.idp.initiate_auth(
            ClientId=app.client_id,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"], "DEVICE_KEY": None},
        ),
        app.idp.get_tokens_from_refresh_token(ClientId=app.client_id, RefreshToken=tokens["RefreshToken"]),
    ):
        renewed = answer["AuthenticationResult"]
        assert "RefreshToken" not in renewed
        before, after = claims(app, tokens["AccessToken"]), claims(app, renewed["AccessToken"])
        assert before["auth_time"] == after["auth_time"]
        assert before["origin_jti"] == after["origin_jti"]
        assert claims(app, renewed["IdToken"], app.client_id)["nickname"] == "nan"


def test_bad_refresh_tokens_are_refused(app: App) -> None:
    app.sign_up()
    token = app.sign_in()["RefreshToken"]
    other = app.client()["ClientId"]
    with refused("NotAuthorizedException", "Invalid Refresh Token"):
        app.idp.get_tokens_from_refresh_token(ClientId=other, RefreshToken=token)
    with refused("NotAuthorizedException", "Invalid Refresh Token"):
        app.idp.get_tokens_from_refresh_token(ClientId=app.client_id, RefreshToken="garbage")
    with (
        time_machine.travel(clock.now() + timedelta(days=31)),
        refused("NotAuthorizedException", "Refresh Token has expired"),
    ):
        app.idp.get_tokens_from_refresh_token(ClientId=app.client_id, RefreshToken=token)
    app.idp.admin_disable_user(UserPoolId=app.pool_id, Username="ann")
    with refused("NotAuthorizedException", "Refresh Token has been revoked"):
        app.idp.get_tokens_from_refresh_token(ClientId=app.client_id, RefreshToken=token)


def test_rotation_gives_one_successor_and_reuse_ends_the_family(app: App) -> None:
    app.sign_up()
    rotating = app.client(
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
        RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 30},
    )["ClientId"]
    first = app.sign_in(client_id=rotating)["RefreshToken"]

    def renew(token: str) -> Any:
        return app.idp.get_tokens_from_refresh_token(ClientId=rotating, RefreshToken=token)["AuthenticationResult"]

    second = renew(first)["RefreshToken"]
    assert second != first
    assert renew(first)["RefreshToken"] == second
    with time_machine.travel(clock.now() + timedelta(seconds=31)):
        with refused("RefreshTokenReuseException"):
            renew(first)
        with refused("NotAuthorizedException", "Refresh Token has been revoked"):
            renew(second)


@pytest.mark.operation("RevokeToken")
def test_revocation_ends_the_tokens_of_one_sign_in(app: App) -> None:
    app.sign_up()
    one, other = app.sign_in(), app.sign_in()
    app.idp.revoke_token(ClientId=app.client_id, Token=one["RefreshToken"])
    with refused("NotAuthorizedException", "Access Token has been revoked"):
        app.idp.get_user(AccessToken=one["AccessToken"])
    assert app.idp.get_user(AccessToken=other["AccessToken"])["Username"] == "ann"
    with refused("NotAuthorizedException", "Refresh Token has been revoked"):
        app.idp.get_tokens_from_refresh_token(ClientId=app.client_id, RefreshToken=one["RefreshToken"])
    with refused("UnsupportedTokenTypeException"):
        app.idp.revoke_token(ClientId=app.client_id, Token=other["AccessToken"])
    app.idp.revoke_token(ClientId=app.client_id, Token="unknown")


@pytest.mark.operation("GlobalSignOut")
@pytest.mark.operation("AdminUserGlobalSignOut")
def test_global_sign_out_ends_everything_but_not_later_sign_ins(app: App) -> None:
    app.sign_up()
    for sign_out in ("user", "admin"):
        one, other = app.sign_in(), app.sign_in()
        if sign_out == "user":
            app.idp.global_sign_out(AccessToken=one["AccessToken"])
        else:
            app.idp.admin_user_global_sign_out(UserPoolId=app.pool_id, Username="ann")
        for tokens in (one, other):
            with refused("NotAuthorizedException", "Access Token has been revoked"):
                app.idp.get_user(AccessToken=tokens["AccessToken"])
        assert app.idp.get_user(AccessToken=app.sign_in()["AccessToken"])["Username"] == "ann"


@pytest.mark.operation("GetUser")
def test_wrong_tokens_are_no_access_tokens(app: App) -> None:
    app.sign_up()
    tokens = app.sign_in()
    key = "AccessToken"
    head, body, signature = tokens[key].split(".")
    with refused("NotAuthorizedException", "Invalid Access Token"):
        app.idp.get_user(AccessToken=tokens["IdToken"])
    with refused("NotAuthorizedException", "Invalid Access Token"):
        app.idp.get_user(AccessToken="not.a.token")
    with refused("NotAuthorizedException", "Could not verify signature for Access Token"):
        app.idp.get_user(AccessToken=f"{head}.{body}.{signature[:-4]}AAAA")
    none = jwt.encode(claims(app, tokens[key]), "", algorithm="none", headers={"kid": "x"})
    with refused("NotAuthorizedException"):
        app.idp.get_user(AccessToken=none)
    with (
        time_machine.travel(clock.now() + timedelta(hours=2)),
        refused("NotAuthorizedException", "Access Token has expired"),
    ):
        app.idp.get_user(AccessToken=tokens[key])
    app.idp.admin_delete_user(UserPoolId=app.pool_id, Username="ann")
    with refused("UserNotFoundException", "User does not exist."):
        app.idp.get_user(AccessToken=tokens[key])
