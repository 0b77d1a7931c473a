"""The plan Config OP: the discovery document and the keys.

Source: OpenID Connect Discovery 1.0 section 3, RFC 8414.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.conformance.relying_party import RelyingParty

pytestmark = pytest.mark.django_db

REQUIRED = {
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
}


def test_discovery_has_the_required_members_of_the_right_types(rp: RelyingParty) -> None:
    assert set(rp.metadata) >= REQUIRED
    for name, value in rp.metadata.items():
        if name.endswith("_supported"):
            assert isinstance(value, bool) or (value and all(isinstance(item, str) for item in value)), name
        else:
            assert urlsplit(value).scheme in ("https", "http"), name
            assert not urlsplit(value).fragment, name


def test_discovery_says_what_is_supported(rp: RelyingParty) -> None:
    assert "code" in rp.metadata["response_types_supported"]
    assert "RS256" in rp.metadata["id_token_signing_alg_values_supported"]
    assert "openid" in rp.metadata["scopes_supported"]
    assert {"sub", "iss", "auth_time", "acr"} <= set(rp.metadata["claims_supported"])
    assert {"authorization_code", "refresh_token"} <= set(rp.metadata["grant_types_supported"])
    assert rp.metadata["request_uri_parameter_supported"] is False


def test_the_issuer_is_where_the_document_is(rp: RelyingParty) -> None:
    assert f"{urlsplit(rp.metadata['issuer']).path}/.well-known/openid-configuration" == (
        f"/{rp.app.pool_id}/.well-known/openid-configuration"
    )


def test_the_keys_are_public_and_distinct(rp: RelyingParty) -> None:
    keys = rp.browser.get(rp.path("jwks_uri")).json()["keys"]
    assert len({key["kid"] for key in keys}) == len(keys) >= 1
    for key in keys:
        assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")
        assert not {"d", "p", "q", "dp", "dq", "qi"} & set(key)


def test_iss_in_answers_is_announced_where_it_is_sent(rp: RelyingParty, profile: str) -> None:
    announced = rp.metadata.get("authorization_response_iss_parameter_supported", False)
    assert announced is (profile == "strict")
    assert rp.code().get("iss") == (rp.metadata["issuer"] if announced else None)
