"""STS: tokens of our own user pools and of identity pools open roles that trust them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from pytest_django import Settings

from cognito_app.core import clock, jose
from cognito_app.models import Identity
from cognito_app.services import oidc_providers
from cognito_app.services.actor import SYSTEM
from cognito_app.services.sts import web_tokens
from tests.clients import boto
from tests.clients.sts import ACCOUNT, ANYBODY, LISTING, POOLS, as_, assume, make_role, may, policy
from tests.conftest import App, refused

pytestmark = pytest.mark.django_db


class Federation:
    """A user pool that IAM knows as an OpenID Connect provider, and a role that trusts it."""

    def __init__(self, app: App, settings: Settings) -> None:
        settings.COGNITO = {**settings.COGNITO, "OUTGOING_PRIVATE_NETWORKS": True}
        app.sign_up()
        self.app = app
        provider = oidc_providers.create(SYSTEM, url=f"http://localhost:8000/{app.pool_id}", client_ids=[app.client_id])
        self.provider_arn = oidc_providers.arn_of(provider)
        self.key = provider.name
        self.trust = {"Principal": {"Federated": self.provider_arn}, "Action": "sts:AssumeRoleWithWebIdentity"}

    def assume(self, arn: str, token: str, **given: Any) -> Any:
        """Assume a role with a token."""
        return boto.client("sts").assume_role_with_web_identity(
            RoleArn=arn, RoleSessionName="session", WebIdentityToken=token, **given
        )


@pytest.fixture
def federation(app: App, settings: Settings) -> Federation:
    """A user pool as a provider of IAM."""
    return Federation(app, settings)


@pytest.mark.operation("AssumeRoleWithWebIdentity")
def test_a_token_of_a_known_provider_opens_roles_that_trust_it(federation: Federation) -> None:
    token = federation.app.sign_in()["IdToken"]
    subject = str(jose.peek(token)[1]["sub"])
    condition = {
        "StringEquals": {
            f"{federation.key}:aud": federation.app.client_id,
            f"{federation.key}:sub": subject,
            f"{federation.key}:email": "ann@example.com",
        }
    }
    arn = make_role("app", {**federation.trust, "Condition": condition}, allows=LISTING)
    answer = federation.assume(arn, token, DurationSeconds=900, Policy=json.dumps(LISTING))
    assert answer["SubjectFromWebIdentityToken"] == subject
    assert answer["Audience"] == federation.app.client_id
    assert answer["Provider"] == f"http://localhost:8000/{federation.app.pool_id}"
    assert as_(answer["Credentials"], "iam").list_roles()["Roles"]
    strict = make_role(
        "strict", {**federation.trust, "Condition": {"StringEquals": {f"{federation.key}:sub": "other"}}}
    )
    refusal = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
    with refused("AccessDenied", refusal):
        federation.assume(strict, token)
    with refused("AccessDenied", refusal):
        federation.assume(f"arn:aws:iam::{ACCOUNT}:role/none", token)
    with refused("AccessDenied", refusal):
        federation.assume(strict, token, DurationSeconds=43_200)
    with refused("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."):
        federation.assume(arn, token, DurationSeconds=7200)


def test_tokens_that_prove_nothing_are_refused(federation: Federation) -> None:
    arn = make_role("app", federation.trust)
    tokens = federation.app.sign_in()
    head, body, signature = tokens["IdToken"].split(".")
    none = jose._encode(b'{"alg":"none"}')
    _, claims = jose.peek(tokens["IdToken"])
    foreign = jose.sign({**claims, "iss": "https://evil.example.com"}, jose.generate_private_key(), "k")
    own = jose.sign(claims, jose.generate_private_key(), str(jose.peek(tokens["IdToken"])[0]["kid"]))
    other_client = federation.app.client()["ClientId"]
    for token, message in (
        ("none", None),
        (f"{head}.{body}.{signature[:-6]}AAAAAA", None),
        (f"{none}.{body}.", None),
        (own, None),
        (tokens["AccessToken"], None),
        (foreign, "No OpenIDConnect provider found in your account for https://evil.example.com"),
        (federation.app.sign_in(client_id=other_client)["IdToken"], "Incorrect token audience"),
    ):
        with refused("InvalidIdentityToken", message):
            federation.assume(arn, token)
    with refused("InvalidIdentityToken"):
        federation.assume(arn, tokens["IdToken"], ProviderId="graph.facebook.com")
    with time_machine.travel(clock.now() + timedelta(hours=2)), refused("ExpiredTokenException"):
        federation.assume(arn, tokens["IdToken"])
    oidc_providers.delete(SYSTEM, federation.provider_arn)
    with refused("InvalidIdentityToken"):
        federation.assume(arn, tokens["IdToken"])


class PoolTokens:
    """A guest of an identity pool with a token."""

    def __init__(self, identity: Any) -> None:
        self.pool_id = identity.create_identity_pool(IdentityPoolName="p", AllowUnauthenticatedIdentities=True)[
            "IdentityPoolId"
        ]
        client = boto.client("cognito-identity")
        self.identity_id = client.get_id(IdentityPoolId=self.pool_id)["IdentityId"]
        self.token = client.get_open_id_token(IdentityId=self.identity_id)["Token"]

    def trust(self, action: Any = "sts:AssumeRoleWithWebIdentity", **condition: Any) -> dict[str, Any]:
        """Return a statement that trusts the pool."""
        asked = {"StringEquals": {f"{POOLS}:aud": self.pool_id}, **condition}
        return {"Principal": {"Federated": POOLS}, "Action": action, "Condition": asked}

    def assume(self, arn: str, **given: Any) -> Any:
        """Assume a role with the token."""
        return boto.client("sts").assume_role_with_web_identity(
            **{"RoleArn": arn, "RoleSessionName": "session", "WebIdentityToken": self.token, **given}
        )


@pytest.mark.parametrize(
    ("condition", "trusted"),
    [
        ({"ForAnyValue:StringLike": {f"{POOLS}:amr": "unauthenticated"}}, True),
        ({"ForAnyValue:StringLike": {f"{POOLS}:amr": "authenticated"}}, False),
        ({"ForAnyValue:StringLike": {f"{POOLS}:amr": "*auth*"}}, True),
        ({"StringLike": {f"{POOLS}:sub": "us-east-1:*"}}, True),
        ({"StringEquals": {f"{POOLS}:aud": "us-east-1:other"}}, False),
        ({"StringEquals": {f"{POOLS}:sub": "us-east-1:other"}}, False),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
        ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, True),
        ({"StringEquals": {"aws:FederatedProvider": POOLS}}, True),
        ({"NumericLessThanEquals": {"sts:DurationSeconds": "900"}}, False),
    ],
)
def test_keys_of_identity_pool_tokens(identity: Any, condition: dict[str, Any], trusted: bool) -> None:
    pool = PoolTokens(identity)
    arn = make_role("app", pool.trust(**condition), allows=LISTING)
    if not trusted:
        with refused("AccessDenied"):
            pool.assume(arn)
        return
    answer = pool.assume(arn)
    assert answer["Provider"] == POOLS
    assert answer["Audience"] == pool.pool_id
    assert as_(answer["Credentials"], "iam").list_roles()["Roles"]


def test_the_pools_keys_stay_with_the_session_and_end_with_the_identity(identity: Any) -> None:
    pool = PoolTokens(identity)
    own = f"arn:aws:iam::{ACCOUNT}:role/${{{POOLS}:sub}}"
    allows = policy(
        {"Action": "iam:GetRole", "Resource": own},
        {"Action": "iam:ListRoles", "Resource": "*", "Condition": {"StringEquals": {f"{POOLS}:aud": pool.pool_id}}},
    )
    keys = pool.assume(make_role("app", pool.trust(), allows=allows))["Credentials"]
    assert as_(keys, "iam").list_roles()["Roles"]
    with refused("AccessDenied"):
        as_(keys, "iam").get_role(RoleName="app")
    second = make_role("second", {"Principal": "*", "Action": "sts:AssumeRole"})
    chained = assume(keys, second)["Credentials"]
    assert as_(chained).get_caller_identity()
    Identity.objects.filter(pk=pool.identity_id).update(state="disabled")
    for ended in (keys, chained):
        with refused("InvalidClientTokenId"):
            as_(ended).get_caller_identity()
    with refused("InvalidIdentityToken"):
        pool.assume(f"arn:aws:iam::{ACCOUNT}:role/app")


def test_everybody_means_no_tokens_of_others_and_a_narrowed_session_stays_narrow(
    admin_key: tuple[str, str], identity: Any
) -> None:
    anybody = make_role("anybody", {"Principal": "*", "Action": ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"]})
    with refused("AccessDenied"):
        PoolTokens(identity).assume(anybody)
    assert assume(admin_key, anybody)["Credentials"]
    first = make_role("first", ANYBODY, allows=may("sts:*"))
    narrowed = assume(admin_key, first, Policy=json.dumps(LISTING))["Credentials"]
    with refused("AccessDenied"):
        assume(narrowed, anybody)


def test_keys_of_providers_are_looked_up_by_claim() -> None:
    claims = {"aud": ["a"], "azp": "b", "sub": "s", "amr": ["x"], "email": "e", "n": 1, "https://x/y": "z"}
    assert web_tokens.condition_keys("p", claims) == {
        "p:aud": "b",
        "p:sub": "s",
        "p:oaud": ["a"],
        "p:amr": ["x"],
        "p:email": "e",
    }
