"""The identity pools' own tokens: their form, the published keys, and a rotation (spec/identity-pools.md 5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from cognito_app.core import clock, jose
from cognito_app.models import AuditEvent, SigningKey
from cognito_app.services import identity_keys, identity_tokens, keys
from cognito_app.services.actor import SYSTEM
from tests.clients.exchange import Pool
from tests.conftest import App, refused

pytestmark = pytest.mark.django_db

OWN_KEY = "cognito-identity.amazonaws.com"


@pytest.fixture
def pool(app: App, identity: Any) -> Pool:
    """An identity pool with a user pool of one user, and roles."""
    app.sign_up("ann")
    made = Pool(identity, app)
    made.with_roles()
    return made


def published(path: str = "/.well-known/jwks_uri") -> Any:
    """Return the published keys by name."""
    return {item["kid"]: item for item in Client().get(path).json()["keys"]}


def verified(token: str) -> Any:
    """Verify a token as others do: by discovery, with another library."""
    document = Client().get("/.well-known/openid-configuration").json()
    header = jwt.get_unverified_header(token)
    assert header["alg"] in document["id_token_signing_alg_values_supported"]
    key = jwt.PyJWK(published(document["jwks_uri"].removeprefix("http://localhost:8000"))[header["kid"]])
    return jwt.decode(token, key, algorithms=[header["alg"]], options={"verify_aud": False}, issuer=document["issuer"])


def test_tokens_have_aws_s_form_and_others_can_verify_them(pool: Pool) -> None:
    guest = pool.get_id()
    token = pool.token(guest)["Token"]
    assert jose.peek(token)[0] == {"kid": "us-east-1-1", "typ": "JWS", "alg": "RS512"}
    claims = verified(token)
    arn = f"arn:aws:cognito-identity:us-east-1:000000000000:identitypool/{pool.id}"
    times = {"iat": claims["iat"], "exp": claims["iat"] + 600}
    assert claims == {
        "iss": "http://localhost:8000",
        "aud": pool.id,
        "sub": guest,
        "amr": ["unauthenticated"],
        "https://cognito-identity.amazonaws.com/identity-pool-arn": arn,
        **times,
    }
    logins = pool.login()
    user = verified(pool.token(pool.get_id(logins), logins)["Token"])
    assert user["amr"][:2] == ["authenticated", pool.providers[0]]
    assert user["amr"][2].startswith(f"{pool.providers[0]}:CognitoSignIn:")
    assert verified(pool.developer("user")["Token"])["exp"] - clock.epoch() <= 900


def test_keys_are_published_under_both_names(pool: Pool) -> None:
    pool.token(pool.get_id())
    assert published() == published("/.well-known/jwks.json")
    key = published()["us-east-1-1"]
    assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS512", "sig")
    assert set(key) == {"alg", "e", "kid", "kty", "n", "use"}


def test_a_rotation_keeps_old_tokens_good_until_the_last_has_expired(pool: Pool) -> None:
    old = pool.developer("user", TokenDuration=86_400)
    call_command("rotate_identity_key")
    fresh = pool.developer("user")["Token"]
    assert jose.peek(fresh)[0]["kid"] == "us-east-1-2"
    assert set(published()) == {"us-east-1-1", "us-east-1-2"}
    for token in (old["Token"], fresh):
        verified(token)
        assert pool.keys(old["IdentityId"], {OWN_KEY: token})["Credentials"]
    assert AuditEvent.objects.filter(action="RotateIdentityKey", subject="us-east-1-2").exists()
    with time_machine.travel(clock.now() + timedelta(hours=25)):
        assert set(published()) == {"us-east-1-2"}
        assert identity_keys.public("us-east-1-1") is None


def test_another_process_learns_of_a_rotation_within_a_minute(pool: Pool) -> None:
    held = identity_keys.signing("RS512").kid
    row = keys.new_key(SigningKey.Use.IDENTITY, algorithm="RS512", kid="us-east-1-other")
    row.created_at = clock.now() + timedelta(seconds=1)
    row.save(force_insert=True)
    assert identity_keys.signing("RS512").kid == held
    with time_machine.travel(clock.now() + timedelta(seconds=61)):
        assert identity_keys.signing("RS512").kid == "us-east-1-other"
        assert identity_keys.public(held) is not None


def test_each_algorithm_has_its_own_key(pool: Pool) -> None:
    identity_keys.signing("RS512")
    assert identity_keys.signing("RS256").kid == "us-east-1-2"
    assert identity_keys.rotate(SYSTEM, "RS256") == "us-east-1-3"
    assert identity_keys.signing("RS512").kid == "us-east-1-1"
    assert identity_keys.signing("RS256").kid == "us-east-1-3"


def test_a_key_of_a_user_pool_signs_no_identity_token(pool: Pool) -> None:
    """A user pool's ID token that says it is of the identity issuer is signed by no key of that issuer."""
    mine = pool.developer("user")["IdentityId"]
    row = SigningKey.objects.filter(pool_id=pool.apps[0].pool_id).first()
    assert row is not None
    loaded = keys.load(row)
    claims = {**jose.peek(pool.developer("user")["Token"])[1], "exp": clock.epoch() + 600}
    forged = [
        jose.sign(claims, loaded.private, loaded.kid, "RS512"),
        jose.sign(claims, loaded.private, "us-east-1-1", "RS512"),
        jose.sign(claims, loaded.private, "a\x00b", "RS512"),
    ]
    for token in forged:
        with refused("NotAuthorizedException", "Invalid login token. Couldn't verify signed token."):
            pool.keys(mine, {OWN_KEY: token})


def test_the_issuer_can_be_set(pool: Pool, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "IDENTITY_TOKEN_ISSUER": "https://cognito-identity.amazonaws.com"}
    token = pool.token(pool.get_id())["Token"]
    assert jose.peek(token)[1]["iss"] == identity_tokens.issuer() == "https://cognito-identity.amazonaws.com"
    assert Client().get("/.well-known/openid-configuration").json()["issuer"] == identity_tokens.issuer()


def test_a_warm_process_signs_without_a_query(pool: Pool, django_assert_num_queries: Any) -> None:
    identity_keys.signing("RS512")
    identity_keys.public("us-east-1-1")
    with django_assert_num_queries(0):
        identity_keys.signing("RS512")
        identity_keys.public("us-east-1-1")
