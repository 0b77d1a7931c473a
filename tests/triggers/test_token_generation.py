"""PreTokenGeneration: what a function changes in tokens, in each version and from each source."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from django.test import Client
from pytest_django import Settings

from cognito_app.models import RefreshToken
from tests.clients.devices import confirm, pycognito, redirect_requests, turn_mfa_on
from tests.conftest import FLOWS, App, Inbox, make_app, refused
from tests.oauth.browser import Site
from tests.triggers.lambdas import Lambdas, config, golden, serving

pytestmark = pytest.mark.django_db

AUTHENTICATION = "TokenGeneration_Authentication"
HOSTED = "TokenGeneration_HostedAuth"
REFRESH = "TokenGeneration_RefreshTokens"
MACHINE = "TokenGeneration_ClientCredentials"
UNRECOGNIZABLE = "Unrecognizable lambda output"
ROLE = "arn:aws:iam::000000000000:role/"
API_SCOPE = "aws.cognito.signin.user.admin"


@pytest.fixture
def lambdas(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambdas]:
    with serving(settings, monkeypatch) as running:
        yield running


@pytest.fixture
def first(idp: Any, inbox: Inbox, lambdas: Lambdas) -> App:
    app = make_app(idp, inbox, LambdaConfig=config("PreTokenGeneration"))
    app.sign_up()
    return app


@pytest.fixture
def second(idp: Any, inbox: Inbox, lambdas: Lambdas) -> App:
    app = make_app(idp, inbox, LambdaConfig=config(version="V2_0"))
    app.sign_up()
    return app


def add_groups(app: App) -> None:
    for position, name in enumerate(("staff", "all")):
        app.idp.create_group(UserPoolId=app.pool_id, GroupName=name, RoleArn=ROLE + name, Precedence=position)
        app.idp.admin_add_user_to_group(UserPoolId=app.pool_id, Username="ann", GroupName=name)


def read(token: str) -> Any:
    return jwt.decode(token, options={"verify_signature": False})


def tokens_of(app: App) -> tuple[Any, Any]:
    """Sign in; returns the claims of the ID and the access token."""
    tokens = app.sign_in()
    return read(tokens["IdToken"]), read(tokens["AccessToken"])


def v1(lambdas: Lambdas, **details: Any) -> None:
    lambdas.respond(AUTHENTICATION, claimsOverrideDetails=details)


def v2(lambdas: Lambdas, source: str = AUTHENTICATION, **details: Any) -> None:
    lambdas.respond(source, claimsAndScopeOverrideDetails=details)


def test_an_event_that_comes_back_unchanged_changes_nothing(first: App, lambdas: Lambdas) -> None:
    add_groups(first)
    identity, access = tokens_of(first)
    assert identity["cognito:groups"] == access["cognito:groups"] == ["staff", "all"]
    assert identity["cognito:preferred_role"] == ROLE + "staff"
    golden(lambdas.last(AUTHENTICATION), f"{AUTHENTICATION}.V1_0")


def test_version_1_changes_the_id_token_alone(first: App, lambdas: Lambdas) -> None:
    v1(
        lambdas,
        claimsToAddOrOverride={"plan": "gold", "email": "other@example.com", "both": "x"},
        claimsToSuppress=["email_verified", "both"],
    )
    identity, access = tokens_of(first)
    assert (identity["plan"], identity["email"]) == ("gold", "other@example.com")
    assert not {"email_verified", "both"} & set(identity)
    assert "plan" not in access


def test_groups_of_the_function_stand_in_both_tokens(first: App, lambdas: Lambdas) -> None:
    add_groups(first)
    override = {"groupsToOverride": ["x", "y"], "iamRolesToOverride": [ROLE + "x"], "preferredRole": ROLE + "x"}
    v1(lambdas, groupOverrideDetails=override)
    identity, access = tokens_of(first)
    assert identity["cognito:groups"] == access["cognito:groups"] == ["x", "y"]
    assert (identity["cognito:roles"], identity["cognito:preferred_role"]) == ([ROLE + "x"], ROLE + "x")


@pytest.mark.parametrize("details", [{"groupOverrideDetails": {}}, {"groupOverrideDetails": None}])
def test_an_empty_override_takes_the_groups_out(first: App, lambdas: Lambdas, details: Any) -> None:
    add_groups(first)
    v1(lambdas, **details)
    for claims in tokens_of(first):
        assert not {"cognito:groups", "cognito:roles", "cognito:preferred_role"} & set(claims)


def test_suppressing_groups_takes_their_roles_along(first: App, lambdas: Lambdas) -> None:
    add_groups(first)
    v1(lambdas, claimsToSuppress=["cognito:groups"])
    identity, access = tokens_of(first)
    assert not {"cognito:groups", "cognito:roles", "cognito:preferred_role"} & set(identity)
    assert access["cognito:groups"] == ["staff", "all"]


LOCKED = [
    *("acr", "amr", "at_hash", "auth_time", "azp", "client_id", "cognito:username", "device_key", "event_id", "exp"),
    *("iat", "identities", "iss", "jti", "nbf", "nonce", "origin_jti", "sub", "token_use", "username", "version"),
    *("aud", "scope", "cognito:groups", "cognito:anything", "dev:custom:x"),
]


def test_what_cannot_be_changed_is_passed_over(second: App, lambdas: Lambdas) -> None:
    forged = dict.fromkeys(LOCKED, "forged")
    kept = [name for name in LOCKED if name != "cognito:groups"]
    changes = {"claimsToAddOrOverride": forged, "claimsToSuppress": kept}
    v2(lambdas, idTokenGeneration={"claimsToAddOrOverride": forged}, accessTokenGeneration=changes)
    for claims in tokens_of(second):
        assert "forged" not in claims.values()
        assert {"sub", "iss", "exp", "iat", "jti", "token_use", "auth_time", "origin_jti"} <= set(claims)


def test_version_2_changes_both_tokens_with_every_type(second: App, lambdas: Lambdas) -> None:
    values = {"text": "x", "number": 1.5, "flag": True, "list": ["x", 1, False], "object": {"a": {"b": None}}}
    v2(
        lambdas,
        idTokenGeneration={"claimsToAddOrOverride": values, "claimsToSuppress": ["email"]},
        accessTokenGeneration={"claimsToAddOrOverride": {**values, "aud": second.client_id}},
    )
    identity, access = tokens_of(second)
    for claims in (identity, access):
        assert {name: claims[name] for name in values} == values
    assert "email" not in identity
    assert access["aud"] == second.client_id
    golden(lambdas.last(AUTHENTICATION), f"{AUTHENTICATION}.V2_0")


def test_scopes_are_added_and_taken_out_and_count(second: App, lambdas: Lambdas) -> None:
    v2(
        lambdas,
        accessTokenGeneration={"scopesToAdd": ["api/read", "api/write"], "scopesToSuppress": [API_SCOPE, "api/write"]},
    )
    token = second.sign_in()["AccessToken"]
    assert read(token)["scope"] == "api/read"
    with refused("NotAuthorizedException"):
        second.idp.get_user(AccessToken=token)


def test_standard_claims_of_the_id_token_keep_their_form(second: App, lambdas: Lambdas) -> None:
    given = {"email_verified": "false", "updated_at": "17", "address": "a street"}
    v2(lambdas, idTokenGeneration={"claimsToAddOrOverride": given})
    identity, _ = tokens_of(second)
    assert (identity["email_verified"], identity["updated_at"]) == (False, 17)
    assert identity["address"] == {"formatted": "a street"}


@pytest.mark.parametrize(
    "details",
    [
        {"idTokenGeneration": {"claimsToAddOrOverride": {"address": {"street": "x"}}}},
        {"idTokenGeneration": {"claimsToAddOrOverride": {"email_verified": ["true"]}}},
        {"idTokenGeneration": {"claimsToAddOrOverride": {"x": None}}},
        {"idTokenGeneration": {"claimsToSuppress": "email"}},
        {"accessTokenGeneration": {"scopesToAdd": ["two words"]}},
        {"accessTokenGeneration": []},
        {"accessTokenGeneration": {"claimsToAddOrOverride": {f"c{number}": 1 for number in range(5001)}}},
    ],
)
def test_changes_that_make_no_sense_refuse_the_tokens(second: App, lambdas: Lambdas, details: Any) -> None:
    v2(lambdas, **details)
    with refused("InvalidLambdaResponseException", UNRECOGNIZABLE):
        second.sign_in()


def test_version_1_takes_texts_only(first: App, lambdas: Lambdas) -> None:
    v1(lambdas, claimsToAddOrOverride={"list": ["x"]})
    with refused("InvalidLambdaResponseException", UNRECOGNIZABLE):
        first.sign_in()


def test_a_failing_function_leaves_no_usable_refresh_token(first: App, lambdas: Lambdas) -> None:
    lambdas.refuse(AUTHENTICATION)
    with refused("UserLambdaValidationException", "PreTokenGeneration failed with error not today."):
        first.sign_in()
    assert [row.revoked_at is None for row in RefreshToken.objects.all()] == [False]


@pytest.mark.parametrize("rotates", [False, True])
def test_a_failing_renewal_leaves_the_refresh_token_as_it_was(first: App, lambdas: Lambdas, rotates: bool) -> None:
    flows = [flow for flow in FLOWS if flow != "ALLOW_REFRESH_TOKEN_AUTH"] if rotates else FLOWS
    rotation = {"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}} if rotates else {}
    client_id = first.client(ExplicitAuthFlows=flows, **rotation)["ClientId"]
    given = {"ClientId": client_id, "RefreshToken": first.sign_in(client_id=client_id)["RefreshToken"]}
    lambdas.refuse(REFRESH)
    with refused("UserLambdaValidationException", "PreTokenGeneration failed with error not today."):
        first.idp.get_tokens_from_refresh_token(**given)
    lambdas.functions.clear()
    renewed = first.idp.get_tokens_from_refresh_token(**given, ClientMetadata={"from": "renewal"})
    assert ("RefreshToken" in renewed["AuthenticationResult"]) is rotates
    golden(lambdas.last(REFRESH), f"{REFRESH}.metadata")


def test_a_device_that_proved_itself_has_its_own_source(idp: Any, inbox: Inbox, lambdas: Lambdas) -> None:
    tracking = {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": False}
    app = make_app(idp, inbox, DeviceConfiguration=tracking, LambdaConfig=config("PreTokenGeneration"))
    app.sign_up(phone_number="+15555550100")
    device = confirm(app, app.sign_in())
    turn_mfa_on(app)
    idp.update_user_pool(
        UserPoolId=app.pool_id,
        LambdaConfig=config("PreTokenGeneration"),
        DeviceConfiguration=tracking,
        MfaConfiguration="ON",
        SmsConfiguration={"SnsCallerArn": "arn:aws:iam::000000000000:role/sms"},
    )
    with redirect_requests():
        assert pycognito(app, device).authenticate_user()["AuthenticationResult"]
    golden(lambdas.last("TokenGeneration_AuthenticateDevice"))


def test_the_hosted_pages_have_their_own_source(second: App, lambdas: Lambdas) -> None:
    site = Site(second)
    v2(
        lambdas,
        HOSTED,
        idTokenGeneration={"claimsToAddOrOverride": {"plan": "gold", "nonce": "x"}},
        accessTokenGeneration={"scopesToSuppress": ["email"]},
    )
    body = site.exchange(site.code()).json()
    identity, access = read(body["id_token"]), read(body["access_token"])
    assert (identity["plan"], identity["nonce"], access["scope"]) == ("gold", "n-1", "openid")
    golden(lambdas.last(HOSTED))
    site.token(grant_type="refresh_token", refresh_token=body["refresh_token"])
    assert lambdas.sources == [HOSTED, REFRESH]


def test_at_the_token_endpoint_a_failing_function_is_an_invalid_request(second: App, lambdas: Lambdas) -> None:
    site = Site(second)
    lambdas.refuse(HOSTED)
    answer = site.exchange(site.code())
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "PreTokenGeneration failed with error not today." in str(answer.json())
    assert [row.revoked_at is None for row in RefreshToken.objects.all()] == [False]


def machine(app: App) -> Any:
    scopes = [{"ScopeName": "read", "ScopeDescription": "r"}]
    app.idp.create_resource_server(UserPoolId=app.pool_id, Identifier="api", Name="API", Scopes=scopes)
    return app.client(
        GenerateSecret=True,
        ExplicitAuthFlows=["ALLOW_CLIENT_TOKEN_AUTH"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=["api/read"],
    )


def ask(app: App, client: Any, **form: str) -> Any:
    basic = base64.b64encode(f"{client['ClientId']}:{client['ClientSecret']}".encode()).decode()
    body = urlencode({"grant_type": "client_credentials", **form})
    kind = "application/x-www-form-urlencoded"
    headers: dict[str, Any] = {"HTTP_AUTHORIZATION": f"Basic {basic}"}
    return Client().post(f"/{app.pool_id}/oauth2/token", body, content_type=kind, **headers)


def test_machines_are_asked_about_in_version_3(idp: Any, inbox: Inbox, lambdas: Lambdas) -> None:
    app = make_app(idp, inbox, LambdaConfig=config(version="V3_0"))
    client = machine(app)
    v2(
        lambdas,
        MACHINE,
        accessTokenGeneration={"claimsToAddOrOverride": {"plan": "gold", "sub": "x"}, "scopesToAdd": ["extra"]},
    )
    metadata = {"environment": "dev"}
    answer = ask(app, client, aws_client_metadata=json.dumps(metadata)).json()
    golden(lambdas.last(MACHINE))
    lambdas.forget()
    known = {"ClientId": client["ClientId"], "Secret": client["ClientSecret"]}
    issued = idp.get_client_token(**known, ClientMetadata=metadata)["ClientAuthenticationResult"]
    golden(lambdas.last(MACHINE))
    for token in (answer["access_token"], issued["AccessToken"]):
        claims = read(token)
        assert (claims["plan"], claims["sub"], claims["scope"]) == ("gold", client["ClientId"], "api/read extra")
    for wrong in ("[]", "{", '{"a": 1}'):
        assert ask(app, client, aws_client_metadata=wrong).json()["error"] == "invalid_request"
    lambdas.refuse(MACHINE)
    assert "not today" in str(ask(app, client).json())


@pytest.mark.parametrize("version", [None, "V2_0"])
def test_machines_are_not_asked_about_before_version_3(
    idp: Any, inbox: Inbox, lambdas: Lambdas, version: str | None
) -> None:
    app = make_app(idp, inbox, LambdaConfig=config("PreTokenGeneration", version=version))
    assert "access_token" in ask(app, machine(app)).json()
    assert lambdas.sources == []
