"""Backends behind pool tokens and IAM: one's own server, equivalents of API Gateway and AppSync, a proxy's question."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from django.test import Client

from cognito_app.contrib.demo import policies
from cognito_app.contrib.rest_framework import authorizer_answer
from cognito_app.core import policy
from tests.clients.exchange import Pool, make_role, trust
from tests.conftest import App

pytestmark = pytest.mark.django_db

HOST = "localhost:8000"


def ask(path: str, token: str | None = None, body: Any = None, **query: str) -> Any:
    """Send a request with a bearer token."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    address = f"/demo/{path}?" + urlencode(query)
    if body is None:
        return Client().get(address, headers=headers)
    return Client().post(address, json.dumps(body), content_type="application/json", headers=headers)


def signed(path: str, body: Any, keys: Any, service: str = "appsync") -> Any:
    """Send a request signed with issued credentials."""
    given = keys["Credentials"]
    request = AWSRequest("POST", f"http://{HOST}/demo/{path}", data=json.dumps(body).encode())
    request.headers["Content-Type"] = "application/json"
    found = Credentials(given["AccessKeyId"], given["SecretKey"], given["SessionToken"])
    SigV4Auth(found, service, "us-east-1").add_auth(request)
    headers = {name: value for name, value in request.headers.items() if name != "Content-Type"}
    return Client().post(
        f"/demo/{path}", request.data, content_type="application/json", HTTP_HOST=HOST, headers=headers
    )


def of_client(app: App, *scopes: str) -> str:
    """Return an access token of a client by its own, with scopes of the resource server."""
    app.idp.create_resource_server(
        UserPoolId=app.pool_id,
        Identifier="demo",
        Name="Demo",
        Scopes=[{"ScopeName": name, "ScopeDescription": name} for name in ("read", "write")],
    )
    client = app.client(
        GenerateSecret=True,
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=list(scopes),
    )
    basic = base64.b64encode(f"{client['ClientId']}:{client['ClientSecret']}".encode()).decode()
    answer = Client().post(
        f"/{app.pool_id}/oauth2/token",
        "grant_type=client_credentials",
        content_type="application/x-www-form-urlencoded",
        headers={"Authorization": f"Basic {basic}"},
    )
    return str(answer.json()["access_token"])


@pytest.fixture
def tokens(app: App) -> Any:
    """The tokens of a user in the demo's group."""
    app.sign_up("ann")
    app.idp.create_group(UserPoolId=app.pool_id, GroupName="demo-group")
    app.idp.admin_add_user_to_group(UserPoolId=app.pool_id, Username="ann", GroupName="demo-group")
    return app.sign_in()


@pytest.mark.parametrize("kind", ["AccessToken", "IdToken"])
def test_a_backend_knows_user_and_groups_by_either_token(tokens: Any, kind: str) -> None:
    told = ask("me", tokens[kind]).json()
    assert (told["username"], told["groups"]) == ("ann", ["demo-group"])


def test_a_token_may_stand_alone_where_gateways_take_it_so(tokens: Any) -> None:
    bare = {"Authorization": tokens["AccessToken"]}
    assert Client().get("/demo/me", headers=bare).status_code == 200
    assert Client().get("/demo/api", headers=bare).status_code == 401
    assert Client().get("/demo/me", headers={"Authorization": "Basic x"}).status_code == 401


def test_groups_open_what_is_theirs(app: App, tokens: Any) -> None:
    app.sign_up("bob")
    assert ask("staff", tokens["AccessToken"]).status_code == 200
    assert ask("staff", app.sign_in("bob")["AccessToken"]).status_code == 403
    assert ask("staff").status_code == 401


def test_missing_and_wrong_tokens_are_401_and_missing_scopes_403(app: App, tokens: Any) -> None:
    reader = of_client(app, "demo/read")
    assert ask("api", reader).json() == {"scope": "demo/read"}
    assert ask("api", reader, {}).status_code == 403
    assert ask("api", tokens["AccessToken"]).status_code == 403
    assert ask("api", tokens["IdToken"]).status_code == 401
    assert ask("api", reader + "x").status_code == 401
    missing = ask("api")
    assert missing.status_code == 401
    assert missing["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_token_opens_nothing(app: App, tokens: Any) -> None:
    app.idp.global_sign_out(AccessToken=tokens["AccessToken"])
    assert ask("me", tokens["AccessToken"]).status_code == 401


def test_a_proxy_is_told_who_asks(app: App, tokens: Any) -> None:
    answer = ask("auth-request", tokens["AccessToken"])
    claims = jwt.decode(tokens["AccessToken"], options={"verify_signature": False})
    assert answer.status_code == 200
    assert answer["X-Cognito-Sub"] == claims["sub"]
    assert (answer["X-Cognito-Username"], answer["X-Cognito-Groups"]) == ("ann", "demo-group")
    assert answer["X-Cognito-Client-Id"] == app.client_id
    assert ask("auth-request", tokens["AccessToken"], scope="aws.cognito.signin.user.admin").status_code == 200
    assert ask("auth-request", tokens["AccessToken"], scope="demo/read").status_code == 403
    assert ask("auth-request", "no token").status_code == 401


def test_names_cannot_write_headers_of_a_proxy(app: App) -> None:
    app.sign_up("zoë§,x", email="zoe@example.com")
    answer = ask("auth-request", app.sign_in("zoë§,x")["AccessToken"])
    assert answer["X-Cognito-Username"] == "zo%C3%AB%C2%A7,x"


def test_a_lambda_authorizers_answer_is_a_policy_that_can_be_evaluated(tokens: Any) -> None:
    claims = jwt.decode(tokens["IdToken"], options={"verify_signature": False})
    arn = "arn:aws:execute-api:us-east-1:000000000000:api/live/GET/notes"
    answer = authorizer_answer(claims, arn, allowed=True)
    assert answer["principalId"] == claims["sub"]
    assert answer["context"]["cognito_groups"] == "demo-group"
    assert all(isinstance(value, str) for value in answer["context"].values())
    assert policy.parse(answer["policyDocument"])
    assert authorizer_answer(claims, arn, allowed=False)["policyDocument"]["Statement"][0]["Effect"] == "Deny"


class TestGraphQL:
    """The equivalent of AppSync: the same field by pool tokens and by IAM."""

    ME, WELCOME = {"query": "query { me }"}, {"query": "{ welcome }"}

    @pytest.fixture
    def pool(self, app: App, identity: Any) -> Pool:
        """An identity pool with the demo's roles."""
        app.sign_up("ann")
        made = Pool(identity, app)
        documents = {"authenticated": policies.authenticated(), "unauthenticated": policies.guest()}
        arns = {kind: make_role(kind, trust(made.id, kind), text) for kind, text in documents.items()}
        made.admin.set_identity_pool_roles(**made.at, Roles=arns)
        return made

    def test_pool_tokens_and_signatures_are_taken(self, pool: Pool) -> None:
        tokens = pool.apps[0].sign_in()
        assert ask("graphql", tokens["AccessToken"], self.ME).json()["data"]["me"]["username"] == "ann"
        logins = pool.login()
        keys = pool.keys(pool.get_id(logins), logins)
        answer = signed("graphql", self.ME, keys)
        assert answer.status_code == 200, answer.content
        assert ":assumed-role/authenticated/" in signed("graphql", self.ME, keys).json()["data"]["me"]["arn"]

    def test_guests_get_the_fields_of_their_role(self, pool: Pool) -> None:
        keys = pool.keys(pool.get_id())
        assert signed("graphql", self.WELCOME, keys).json() == {"data": {"welcome": "Welcome!"}}
        assert signed("graphql", self.ME, keys).status_code == 403

    def test_other_callers_and_questions_are_refused(self, pool: Pool) -> None:
        assert ask("graphql", None, self.ME).status_code == 401
        keys = pool.keys(pool.get_id())
        assert signed("graphql", self.WELCOME, keys, service="execute-api").status_code == 403
        refused: list[Any] = [{"query": "{ secrets }"}, {"query": 5}, [], {"query": "x" * 20_000}]
        for body in refused:
            assert ask("graphql", pool.apps[0].sign_in()["AccessToken"], body).status_code == 400
