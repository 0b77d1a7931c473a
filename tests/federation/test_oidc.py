"""Sign-in by OpenID Connect providers."""

from __future__ import annotations

import jwt
import pytest

from tests.clients.identity_provider import CLIENT_ID, CLIENT_SECRET, EC_KEY, IdentityProvider, parameters
from tests.conftest import App
from tests.federation.journey import Journey, claims_of, error_of
from tests.oauth.browser import CALLBACK

pytestmark = pytest.mark.django_db


def test_a_user_of_the_provider_gets_tokens_of_the_pool(journey: Journey) -> None:
    response = journey.sign_in()
    assert response["Location"].startswith(CALLBACK)
    assert parameters(response["Location"])["state"] == "a b/ü%20"
    tokens = journey.tokens(response)
    claims = claims_of(tokens["id_token"])
    assert claims["cognito:username"] == "Corp_u-1"
    assert claims["email"] == "u-1@idp.example"
    assert claims["email_verified"] is False
    assert claims["nonce"] == "n-1"
    assert claims["amr"] == ["fed"]
    assert claims["cognito:groups"] == [f"{journey.app.pool_id}_Corp"]
    (identity,) = claims["identities"]
    assert {name: identity[name] for name in ("userId", "providerName", "providerType", "issuer", "primary")} == {
        "userId": "u-1",
        "providerName": "Corp",
        "providerType": "OIDC",
        "issuer": None,
        "primary": "true",
    }
    assert claims_of(tokens["access_token"])["username"] == "Corp_u-1"
    refreshed = journey.site.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()
    assert claims_of(refreshed["id_token"])["identities"] == claims["identities"]


def test_the_request_has_state_nonce_and_pkce_of_its_own(journey: Journey) -> None:
    first, second = parameters(journey.leave()), parameters(journey.leave())
    assert first["response_type"] == "code"
    assert first["client_id"] == CLIENT_ID
    assert first["scope"] == "openid email profile"
    assert first["redirect_uri"] == f"http://localhost:8000/{journey.app.pool_id}/oauth2/idpresponse"
    assert first["code_challenge_method"] == "S256"
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 43
        assert first[name] != second[name]
    assert "n-1" not in first.values()


def test_the_secret_goes_in_the_form_of_the_token_request(journey: Journey) -> None:
    journey.sign_in()
    method, headers, given = journey.provider.request_to("/token")
    assert method == "POST"
    assert "Authorization" not in headers
    assert (given["client_id"], given["client_secret"]) == (CLIENT_ID, CLIENT_SECRET)
    assert len(given["code_verifier"]) >= 43


def test_discovery_and_keys_are_not_fetched_at_every_sign_in(journey: Journey) -> None:
    for _ in range(3):
        assert "code" in parameters(journey.sign_in(prompt="login")["Location"])
    assert journey.provider.paths().count("/.well-known/openid-configuration") == 1
    assert journey.provider.paths().count("/jwks") == 1


def test_keys_of_another_kind_are_known_by_their_ids(journey: Journey) -> None:
    assert journey.sign_in().status_code == 302
    journey.provider.sign = lambda claims: jwt.encode(claims, EC_KEY, "ES256", headers={"kid": "ec-1"})
    assert "code" in parameters(journey.sign_in(prompt="login")["Location"])


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_user_info_is_asked_as_the_provider_wants(app: App, provider: IdentityProvider, method: str) -> None:
    journey = Journey(app, provider, details={**provider.details, "attributes_request_method": method})
    provider.profile = {"name": "Ann"}
    assert claims_of(journey.tokens(journey.sign_in())["id_token"])["email"] == "u-1@idp.example"
    asked, headers, _ = provider.request_to("/userinfo")
    assert asked == method
    assert headers["Authorization"] == "Bearer at-code-0"


def test_the_id_token_counts_before_user_info(journey: Journey) -> None:
    journey.provider.claims = {"email": "token@idp.example"}
    journey.provider.profile = {"email": "info@idp.example", "name": "From Info"}
    journey.sign_in()
    attributes = journey.app.idp.admin_get_user(UserPoolId=journey.app.pool_id, Username="Corp_u-1")["UserAttributes"]
    found = {item["Name"]: item["Value"] for item in attributes}
    assert (found["email"], found["name"]) == ("token@idp.example", "From Info")


@pytest.mark.parametrize("answer", [(500, {}), (404, {}), (200, b"no json"), (200, ["list"]), (200, b"eyJ.a.b")])
def test_a_provider_without_user_info_still_signs_in(journey: Journey, answer: tuple[int, object]) -> None:
    journey.provider.answers["/userinfo"] = lambda: answer
    journey.provider.claims = {"email": "token@idp.example"}
    assert claims_of(journey.tokens(journey.sign_in())["id_token"])["email"] == "token@idp.example"


def test_hints_go_to_the_provider(app: App, provider: IdentityProvider) -> None:
    journey = Journey(
        app,
        provider,
        acr_mapping={"Level4": "urn:idp:gold", "Level1": "urn:idp:iron"},
    )
    sent = parameters(
        journey.leave(
            login_hint="ann&prompt=none@x", prompt="login consent", acr_values="urn:cognito:loa:4 urn:cognito:loa:3"
        )
    )
    assert sent["login_hint"] == "ann&prompt=none@x"
    assert sent["prompt"] == "login consent"
    assert sent["acr_values"] == "urn:idp:gold"


def test_a_user_who_says_no_is_passed_on(journey: Journey) -> None:
    journey.provider.denies = True
    assert error_of(journey.sign_in()) == ("access_denied", "The user said no.")
    assert journey.nothing_happened()


@pytest.mark.parametrize(
    ("said", "level", "reused"),
    [
        ("urn:idp:gold", 4, True),
        ("urn:idp:iron", 1, False),
        ("urn:idp:unknown", 1, False),
        (None, 1, False),
        (7, 1, False),
    ],
)
def test_the_level_that_the_provider_names_is_the_tokens(
    app: App, provider: IdentityProvider, said: object, level: int, reused: bool
) -> None:
    journey = Journey(app, provider, acr_mapping={"Level4": "urn:idp:gold", "Level1": "urn:idp:iron"})
    provider.claims = {"acr": said}
    tokens = journey.tokens(journey.sign_in())
    for token in (tokens["id_token"], tokens["access_token"]):
        claims = claims_of(token)
        assert (claims["acr"], claims["amr"]) == (f"urn:cognito:loa:{level}", ["fed"])
    answer = journey.site.get("oauth2/authorize", **journey.site.request(prompt="none", acr_values="urn:cognito:loa:4"))
    assert ("code" in parameters(answer["Location"])) is reused


def test_a_level_that_nobody_mapped_counts_for_nothing(journey: Journey) -> None:
    journey.provider.claims = {"acr": "urn:cognito:loa:4"}
    assert claims_of(journey.tokens(journey.sign_in())["id_token"])["acr"] == "urn:cognito:loa:1"
