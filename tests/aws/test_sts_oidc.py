"""AssumeRoleWithWebIdentity with providers on the network: discovery, keys, what a token must prove."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec
from pytest_django import Settings

from cognito_app.core import clock, jose
from cognito_app.services import issuer_keys, oidc_providers
from cognito_app.services.actor import SYSTEM
from cognito_app.services.sts import web_tokens
from tests.clients import boto
from tests.clients.issuers import SMALL
from tests.clients.providers import serving
from tests.clients.sts import LISTING, as_, make_role
from tests.conftest import refused

pytestmark = pytest.mark.django_db

RSA = jose.generate_private_key()
EC = ec.generate_private_key(ec.SECP256R1())


class Issuer:
    """An OpenID Connect provider on loopback, known to IAM, and a role that trusts it."""

    def __init__(self, url: str, pages: dict[str, Any], asked: list[str]) -> None:
        self.url, self.pages, self.asked = url, pages, asked
        self.publish()
        provider = oidc_providers.create(SYSTEM, url=url, client_ids=["app"])
        self.arn = oidc_providers.arn_of(provider)
        name = provider.name
        self.role = make_role(
            "app",
            {
                "Principal": {"Federated": self.arn},
                "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
                "Condition": {"StringEquals": {f"{name}:aud": "app"}, "StringLike": {f"{name}:sub": "repo:*"}},
            },
            allows=LISTING,
        )

    def publish(self, issuer: str | None = None, **keys: Any) -> None:
        """Publish discovery and keys."""
        found = keys or {"r": RSA.public_key(), "e": EC.public_key()}
        jwks = []
        for kid, key in found.items():
            kind: Any = jwt.algorithms.ECAlgorithm if kid.startswith("e") else jwt.algorithms.RSAAlgorithm
            jwks.append({**json.loads(kind.to_jwk(key)), "kid": kid, "use": "sig"})
        discovery = {"issuer": issuer or self.url, "jwks_uri": f"{self.url}/keys"}
        self.pages["/.well-known/openid-configuration"] = (200, {}, json.dumps(discovery).encode())
        self.pages["/keys"] = (200, {}, json.dumps({"keys": jwks}).encode())

    def token(self, key: Any = RSA, kid: str | None = "r", algorithm: str = "RS256", **claims: Any) -> str:
        """Return a signed token."""
        now = clock.epoch()
        body = {"iss": self.url, "aud": "app", "sub": "repo:shop", "iat": now, "exp": now + 300, **claims}
        given = {name: value for name, value in body.items() if value is not None}
        return jwt.encode(given, key, algorithm=algorithm, headers={"kid": kid} if kid else {})

    def assume(self, token: str, **given: Any) -> Any:
        """Assume the role."""
        return boto.client("sts").assume_role_with_web_identity(
            **{"RoleArn": self.role, "RoleSessionName": "session", "WebIdentityToken": token, **given}
        )


@pytest.fixture
def issuer(db: None, settings: Settings) -> Iterator[Issuer]:
    """A provider on loopback."""
    settings.COGNITO = {**settings.COGNITO, "OUTGOING_PRIVATE_NETWORKS": True}
    pages: dict[str, Any] = {}
    with serving(pages) as (url, asked):
        yield Issuer(url, pages, asked)


@pytest.mark.parametrize(("key", "kid", "algorithm"), [(RSA, "r", "RS256"), (RSA, "r", "RS512"), (EC, "e", "ES256")])
def test_a_good_token_is_taken(issuer: Issuer, key: Any, kid: str, algorithm: str) -> None:
    answer = issuer.assume(issuer.token(key, kid, algorithm))
    assert answer["Provider"] == issuer.url
    assert answer["SubjectFromWebIdentityToken"] == "repo:shop"
    assert as_(answer["Credentials"], "iam").list_roles()["Roles"]


def test_keys_are_fetched_once(issuer: Issuer) -> None:
    for _ in range(3):
        issuer.assume(issuer.token())
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]


def test_a_new_key_is_found(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    issuer.assume(issuer.token())
    new = jose.generate_private_key()
    issuer.publish(r=RSA.public_key(), r2=new.public_key())
    with refused("InvalidIdentityToken"):
        issuer.assume(issuer.token(new, "r2"))
    monkeypatch.setattr(issuer_keys, "REFETCH_SECONDS", 0)
    assert issuer.assume(issuer.token(new, "r2"))["Credentials"]


def test_tokens_that_prove_nothing(issuer: Issuer) -> None:
    foreign = jose.generate_private_key()
    public = jwt.algorithms.RSAAlgorithm.to_jwk(RSA.public_key())
    for token in (
        issuer.token(foreign),
        issuer.token(kid="unknown"),
        issuer.token(kid=None, key=foreign),
        issuer.token(json.dumps(public), "r", "HS256"),
        issuer.token(EC, "r", "ES256"),
        issuer.token(aud="other"),
        issuer.token(aud=["app", "other"]),
        issuer.token(azp="other"),
        issuer.token(aud=None),
        issuer.token(sub=None),
        issuer.token(exp=None),
        issuer.token(nbf=clock.epoch() + 600),
        issuer.token(iss=issuer.url + "/"),
    ):
        with refused("InvalidIdentityToken"):
            issuer.assume(token)
    with refused("ExpiredTokenException"):
        issuer.assume(issuer.token(exp=clock.epoch() - 1))
    with refused("AccessDenied"):
        issuer.assume(issuer.token(sub="user:bob"))
    assert issuer.assume(issuer.token(aud=["app"]))["Audience"] == "app"


def test_a_provider_that_fails_is_told_apart_from_a_bad_token(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    issuer.pages["/keys"] = (500, {}, b"")
    for _ in range(3):
        with refused("IDPCommunicationError"):
            issuer.assume(issuer.token())
    assert len(issuer.asked) == 2  # it is left alone for some seconds
    issuer_keys.forget()
    monkeypatch.setattr(issuer_keys, "RETRY_SECONDS", 0)
    issuer.publish(issuer="https://other.example.com")
    with refused("InvalidIdentityToken", web_tokens.NO_KEY):
        issuer.assume(issuer.token())
    issuer.pages["/.well-known/openid-configuration"] = (200, {}, b"[]")
    with refused("InvalidIdentityToken", web_tokens.NO_KEY):
        issuer.assume(issuer.token())


def test_tags_of_a_token_become_session_tags(issuer: Issuer) -> None:
    tags: dict[str, Any] = {
        "https://aws.amazon.com/tags": {"principal_tags": {"team": ["red"]}, "transitive_tag_keys": ["team"]}
    }
    assert issuer.assume(issuer.token(**tags))["PackedPolicySize"] > 0
    named: dict[str, Any] = {"https://aws.amazon.com/source_identity": "ann"}
    with refused("AccessDenied"):
        issuer.assume(issuer.token(**named))


def test_keys_are_not_used_past_their_time_while_the_issuer_is_away(issuer: Issuer) -> None:
    issuer.assume(issuer.token())
    issuer.pages["/keys"] = (503, {}, b"")
    with time_machine.travel(clock.now() + timedelta(minutes=11)):
        with refused("IDPCommunicationError"):
            issuer.assume(issuer.token())
        with refused("IDPCommunicationError"):
            issuer.assume(issuer.token())
    assert len(issuer.asked) == 4


def test_a_token_that_cannot_be_good_costs_no_request(issuer: Issuer) -> None:
    odd: list[dict[str, Any]] = [{"aud": "other"}, {"iat": clock.epoch() + 600}, {"iat": "now"}, {"sub": "a\x00b"}]
    for claims in odd:
        with refused("InvalidIdentityToken"):
            issuer.assume(issuer.token(**claims))
    with refused("ExpiredTokenException"):
        issuer.assume(issuer.token(exp=clock.epoch() - 1))
    assert not issuer.asked


def test_short_keys_and_other_curves_verify_nothing(issuer: Issuer) -> None:
    issuer.publish(r=SMALL.public_key(), e=EC.public_key())
    with refused("InvalidIdentityToken", web_tokens.NO_KEY):
        issuer.assume(issuer.token(SMALL, "r"))
    assert issuer.assume(issuer.token(EC, "e", "ES256"))["Credentials"]
    large = ec.generate_private_key(ec.SECP384R1())
    with refused("InvalidIdentityToken", web_tokens.NO_KEY):
        issuer.assume(issuer.token(large, "e", "ES384"))
