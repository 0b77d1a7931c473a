"""GetClientToken: tokens of a client's own, by its secret alone."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest
from django.test import Client

from cognito_app.services import access_keys
from cognito_app.services.actor import SYSTEM
from tests.aws.test_tokens import claims
from tests.clients import boto
from tests.conftest import App, make_app, refused

pytestmark = pytest.mark.django_db

FLOW = "ALLOW_CLIENT_TOKEN_AUTH"


def unsigned(name: str, **members: Any) -> tuple[int, dict[str, Any]]:
    """Send an operation without any signature; returns status and answer."""
    response = Client().post(
        "/",
        json.dumps(members),
        content_type="application/x-amz-json-1.1",
        headers={"X-Amz-Target": f"AWSCognitoIdentityProviderService.{name}"},
    )
    return response.status_code, json.loads(response.content)


def resource_server(app: App, identifier: str = "api", *scopes: str) -> None:
    """Create a resource server."""
    app.idp.create_resource_server(
        UserPoolId=app.pool_id,
        Identifier=identifier,
        Name="server",
        Scopes=[{"ScopeName": name, "ScopeDescription": name} for name in scopes or ("read", "write")],
    )


def without_permissions() -> Any:
    """Return a client whose key is good and whose policy allows nothing of Cognito."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    row, secret = access_keys.create(SYSTEM, user_name="nobody", document=document)
    return boto.client("cognito-idp", (row.id, secret))


def machine(app: App, **settings: Any) -> Any:
    """Create a client for machines."""
    given = {"GenerateSecret": True, "ExplicitAuthFlows": [FLOW], "AllowedOAuthScopes": ["api/read", "api/write"]}
    return app.client(**{**given, **settings})


@pytest.fixture
def server(app: App) -> App:
    """A pool with a resource server."""
    resource_server(app)
    return app


@pytest.mark.operation("GetClientToken")
def test_client_gets_its_custom_scopes_or_those_it_asks_for(server: App) -> None:
    client = machine(server, AccessTokenValidity=10, TokenValidityUnits={"AccessToken": "minutes"})
    known = {"ClientId": client["ClientId"], "Secret": client["ClientSecret"]}
    result = server.idp.get_client_token(**known)["ClientAuthenticationResult"]
    assert (result["ExpiresIn"], result["TokenType"]) == (600, "Bearer")
    assert set(result) == {"AccessToken", "ExpiresIn", "TokenType"}
    body = claims(server, result["AccessToken"])
    assert body["sub"] == body["client_id"] == client["ClientId"]
    assert body["scope"].split() == ["api/read", "api/write"]
    assert body["token_use"] == "access"
    assert body["exp"] - body["iat"] == 600
    assert "username" not in body
    asked = server.idp.get_client_token(**known, Scopes=["api/write"], ClientMetadata={"a": "b"})
    assert claims(server, asked["ClientAuthenticationResult"]["AccessToken"])["scope"] == "api/write"


def test_claims_are_those_of_client_credentials(server: App) -> None:
    client = machine(server, AllowedOAuthFlowsUserPoolClient=True, AllowedOAuthFlows=["client_credentials"])
    secret = client["ClientSecret"]
    form = {"grant_type": "client_credentials", "client_id": client["ClientId"], "client_secret": secret}
    granted = Client().post(
        f"/{server.pool_id}/oauth2/token",
        "&".join(f"{name}={value}" for name, value in form.items()),
        content_type="application/x-www-form-urlencoded",
    )
    api = server.idp.get_client_token(ClientId=client["ClientId"], Secret=secret)["ClientAuthenticationResult"]
    one, two = claims(server, granted.json()["access_token"]), claims(server, api["AccessToken"])
    own = ("exp", "iat", "jti", "auth_time")
    assert {name: one[name] for name in one if name not in own} == {name: two[name] for name in two if name not in own}
    assert set(one) == set(two)


def test_no_signature_is_needed_and_a_wrong_one_is_refused(server: App, admin_key: tuple[str, str]) -> None:
    client = machine(server)
    known = {"ClientId": client["ClientId"], "Secret": client["ClientSecret"]}
    status, answer = unsigned("GetClientToken", **known)
    assert status == 200
    assert jwt.decode(answer["ClientAuthenticationResult"]["AccessToken"], options={"verify_signature": False})
    assert unsigned("CreateUserPool", PoolName="x")[0] == 400
    wrong = boto.client("cognito-idp", (admin_key[0], "not the secret"))
    with pytest.raises(wrong.exceptions.ClientError) as caught:
        wrong.get_client_token(**known)
    assert caught.value.response["Error"]["Code"] == "InvalidSignatureException"


def test_policies_do_not_count(server: App) -> None:
    nobody = without_permissions()
    client = machine(server)
    assert nobody.get_client_token(ClientId=client["ClientId"], Secret=client["ClientSecret"])
    with pytest.raises(nobody.exceptions.ClientError) as caught:
        nobody.list_user_pools(MaxResults=1)
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"


def test_wrong_secrets_clients_and_scopes_are_refused(server: App) -> None:
    client, public = machine(server), server.client_id
    known = {"ClientId": client["ClientId"], "Secret": client["ClientSecret"]}
    for client_id in (client["ClientId"], public):
        with refused("NotAuthorizedException"):
            server.idp.get_client_token(ClientId=client_id, Secret="x" * 30)
    with refused("ResourceNotFoundException"):
        server.idp.get_client_token(ClientId="unknown", Secret="x" * 30)
    for scope in ("api/delete", "openid", "aws.cognito.signin.user.admin"):
        with refused("InvalidParameterException"):
            server.idp.get_client_token(**known, Scopes=["api/read", scope])
    other = server.client(GenerateSecret=True)
    with refused("InvalidParameterException"):
        server.idp.get_client_token(ClientId=other["ClientId"], Secret=other["ClientSecret"])
    assert unsigned("GetClientToken", ClientId=client["ClientId"])[1]["__type"].endswith("InvalidParameterException")


def test_either_of_two_secrets_counts_while_it_exists(server: App) -> None:
    client = machine(server)
    added = server.idp.add_user_pool_client_secret(UserPoolId=server.pool_id, ClientId=client["ClientId"])
    second = added["ClientSecretDescriptor"]
    for secret in (client["ClientSecret"], second["ClientSecretValue"]):
        assert server.idp.get_client_token(ClientId=client["ClientId"], Secret=secret)
    server.idp.delete_user_pool_client_secret(
        UserPoolId=server.pool_id, ClientId=client["ClientId"], ClientSecretId=second["ClientSecretId"]
    )
    with refused("NotAuthorizedException"):
        server.idp.get_client_token(ClientId=client["ClientId"], Secret=second["ClientSecretValue"])


def test_scopes_that_a_resource_server_lost_are_not_granted(server: App) -> None:
    client = machine(server)
    known = {"ClientId": client["ClientId"], "Secret": client["ClientSecret"]}

    def scope(**more: Any) -> str:
        result = server.idp.get_client_token(**known, **more)["ClientAuthenticationResult"]
        return str(claims(server, result["AccessToken"])["scope"])

    assert scope() == "api/read api/write"
    kept = [{"ScopeName": "read", "ScopeDescription": "read"}]
    server.idp.update_resource_server(UserPoolId=server.pool_id, Identifier="api", Name="api", Scopes=kept)
    assert scope() == scope(Scopes=["api/read", "api/write"]) == "api/read"
    server.idp.delete_resource_server(UserPoolId=server.pool_id, Identifier="api")
    with refused("InvalidParameterException"):
        server.idp.get_client_token(**known)
    resource_server(server)
    assert scope() == "api/read api/write"


@pytest.mark.operation("CreateUserPoolClient")
@pytest.mark.operation("UpdateUserPoolClient")
def test_the_flow_stands_alone_and_needs_a_secret(server: App) -> None:
    client = machine(server)
    assert client["ExplicitAuthFlows"] == [FLOW]
    for flows in ([FLOW, "ALLOW_REFRESH_TOKEN_AUTH"], [FLOW, "ADMIN_NO_SRP_AUTH"]):
        with refused("InvalidParameterException"):
            machine(server, ExplicitAuthFlows=flows)
        with refused("InvalidParameterException"):
            server.idp.update_user_pool_client(
                UserPoolId=server.pool_id, ClientId=client["ClientId"], ExplicitAuthFlows=flows
            )
    with refused("InvalidParameterException"):
        machine(server, GenerateSecret=False)
    with refused("InvalidParameterException"):
        machine(server, ExplicitAuthFlows=["ALLOW_CLIENT_TOKEN"])
    described = server.idp.describe_user_pool_client(UserPoolId=server.pool_id, ClientId=client["ClientId"])
    assert described["UserPoolClient"]["ExplicitAuthFlows"] == [FLOW]
    with refused("InvalidParameterException"):
        server.sign_up()
        server.start(client_id=client["ClientId"])


def test_a_trigger_that_cannot_run_is_not_passed_over(app: App) -> None:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:f"
    for version, code in (("V2_0", None), ("V3_0", "NotAuthorizedException")):
        config = {"PreTokenGenerationConfig": {"LambdaVersion": version, "LambdaArn": arn}}
        other = make_app(app.idp, app.inbox, LambdaConfig=config)
        resource_server(other)
        client = machine(other)
        known = {"ClientId": client["ClientId"], "Secret": client["ClientSecret"]}
        if code is None:
            assert app.idp.get_client_token(**known)
        else:
            with refused(code):
                app.idp.get_client_token(**known)
