"""T23: answers of OpenID Connect providers that must not be believed: refused, and nobody is made, linked or signed in.

Each case begins a sign-in at a real provider on the loopback and lets one thing go wrong.
"""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from pytest_django import Settings

from cognito_app.core import jose
from tests.clients import identity_provider
from tests.clients.identity_provider import CLIENT_ID, CLIENT_SECRET, EC_KEY, RSA_KEY, IdentityProvider, parameters
from tests.clients.providers import add
from tests.conftest import App
from tests.federation.conftest import journey, provider  # noqa: F401  # fixtures
from tests.federation.journey import Journey, error_of

pytestmark = pytest.mark.django_db

NOW = int(time.time())
STRANGER = jose.generate_private_key()

WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "iss of another provider": {"iss": "https://other.example"},
    "iss missing": {"iss": None},
    "iss empty": {"iss": ""},
    "iss as list": {"iss": ["x"]},
    "iss with a suffix": {"iss": "SELF.example.com"},
    "iss with a path": {"iss": "SELF/other"},
    "aud of another client": {"aud": "rp-2"},
    "aud missing": {"aud": None},
    "aud empty list": {"aud": []},
    "aud as object": {"aud": {"rp-1": True}},
    "aud list of others": {"aud": ["rp-2", "rp-3"]},
    "aud of us and others without azp": {"aud": [CLIENT_ID, "rp-2"]},
    "aud of others, azp of us": {"aud": ["rp-2"], "azp": CLIENT_ID},
    "aud that begins like ours": {"aud": CLIENT_ID + "0"},
    "azp of another client": {"azp": "rp-2"},
    "azp of another client in a list": {"aud": [CLIENT_ID, "rp-2"], "azp": "rp-2"},
    "azp that is no text": {"azp": 1},
    "nonce of another sign-in": {"nonce": "n" * 43},
    "nonce missing": {"nonce": None},
    "nonce empty": {"nonce": ""},
    "nonce of the application": {"nonce": "n-1"},
    "nonce as list": {"nonce": ["n"]},
    "exp in the past": {"exp": NOW - 3600},
    "exp missing": {"exp": None},
    "exp as text": {"exp": str(NOW + 3600)},
    "exp true": {"exp": True},
    "nbf in the future": {"nbf": NOW + 86_400},
    "iat in the future": {"iat": NOW + 86_400},
    "sub missing": {"sub": None},
    "sub empty": {"sub": ""},
    "sub blank": {"sub": "   "},
    "sub as number": {"sub": 7},
    "sub as list": {"sub": ["u-1"]},
    "sub true": {"sub": True},
    "sub of another user than userInfo's": {"sub": "u-2"},
    "sub too long": {"sub": "u" * 300},
    "sub with a control character": {"sub": "u\x00-1"},
    "at_hash of another token": {"at_hash": "A" * 22},
    "at_hash empty": {"at_hash": ""},
}


@pytest.mark.parametrize("case", WRONG_CLAIMS)
def test_wrong_claims(journey: Journey, case: str) -> None:  # noqa: F811
    given = WRONG_CLAIMS[case]
    journey.provider.claims = {
        name: value.replace("SELF", journey.provider.url) if isinstance(value, str) else value
        for name, value in given.items()
    }
    error, description = error_of(journey.sign_in())
    assert error == "invalid_request"
    assert "Corp" in description or "identifier of the user" in description
    assert journey.nothing_happened()


def _parts(claims: dict[str, Any], header: dict[str, Any]) -> str:
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)
    )


def _unsigned(claims: dict[str, Any]) -> str:
    return _parts(claims, {"alg": "none", "kid": "rsa-1"}) + "."


def _hmac(key: bytes) -> Callable[[dict[str, Any]], str]:
    def sign(claims: dict[str, Any]) -> str:
        text = _parts(claims, {"alg": "HS256", "kid": "rsa-1"})
        return text + "." + base64.urlsafe_b64encode(hmac.digest(key, text.encode(), sha256)).rstrip(b"=").decode()

    return sign


def _public_pem() -> bytes:
    from cryptography.hazmat.primitives import serialization

    return RSA_KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _own_key_in_header(claims: dict[str, Any]) -> str:
    header = {"kid": "rsa-1", "jwk": jose.public_jwk(STRANGER.public_key(), "rsa-1")}
    return jwt.encode(claims, STRANGER, "RS256", headers=header)


def _tampered(claims: dict[str, Any]) -> str:
    signed = jwt.encode(claims, RSA_KEY, "RS256", headers={"kid": "rsa-1"})
    header, _, signature = signed.split(".")
    return f"{header}.{_parts({**claims, 'sub': 'admin'}, {}).split('.')[1]}.{signature}"


WRONG_SIGNATURES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "alg none": _unsigned,
    "alg none in other letters": lambda claims: _parts(claims, {"alg": "nOnE", "kid": "rsa-1"}) + ".",
    "HMAC with the client secret": _hmac(CLIENT_SECRET.encode()),
    "HMAC with the public key": _hmac(_public_pem()),
    "HMAC with nothing": _hmac(b""),
    "a stranger's key under our kid": lambda claims: jwt.encode(claims, STRANGER, "RS256", headers={"kid": "rsa-1"}),
    "an unknown kid": lambda claims: jwt.encode(claims, STRANGER, "RS256", headers={"kid": "rsa-9"}),
    "kid as a path": lambda claims: jwt.encode(claims, STRANGER, "RS256", headers={"kid": "../../dev/null"}),
    "key in the header": _own_key_in_header,
    "jku in the header": lambda claims: jwt.encode(
        claims, STRANGER, "RS256", headers={"kid": "x", "jku": "https://attacker.example/jwks"}
    ),
    "EC signature under an RSA kid": lambda claims: jwt.encode(claims, EC_KEY, "ES256", headers={"kid": "rsa-1"}),
    "RSA signature under an EC kid": lambda claims: jwt.encode(claims, RSA_KEY, "RS256", headers={"kid": "ec-1"}),
    "an algorithm that is not allowed": lambda claims: jwt.encode(claims, RSA_KEY, "PS256", headers={"kid": "rsa-1"}),
    "another curve": lambda claims: jwt.encode(
        claims, ec.generate_private_key(ec.SECP384R1()), "ES384", headers={"kid": "ec-1"}
    ),
    "changed after signing": _tampered,
    "crit in the header": lambda claims: jwt.encode(
        claims, RSA_KEY, "RS256", headers={"kid": "rsa-1", "crit": ["exp"]}
    ),
    "signature cut off": lambda claims: jwt.encode(claims, RSA_KEY, "RS256", headers={"kid": "rsa-1"})[:-20],
    "two parts": lambda claims: ".".join(_unsigned(claims).split(".")[:2]),
    "no token at all": lambda _: "x",
    "empty": lambda _: "",
    "a number": lambda _: 7,
    "half a character": lambda claims: jwt.encode(
        {**claims, "name": "\ud800"}, RSA_KEY, "RS256", headers={"kid": "rsa-1"}
    ),
}


@pytest.mark.parametrize("case", WRONG_SIGNATURES)
def test_wrong_signatures(journey: Journey, case: str) -> None:  # noqa: F811
    journey.provider.sign = WRONG_SIGNATURES[case]
    assert error_of(journey.sign_in())[0] == "invalid_request"
    assert journey.nothing_happened()


@pytest.mark.parametrize(
    "profile",
    [{"sub": "u-2"}, {"sub": None}, {"sub": ""}, {"sub": ["u-1"]}, {"sub": "U-1"}, {"sub": "u-1 "}],
    ids=str,
)
def test_user_info_of_somebody_else(journey: Journey, profile: dict[str, Any]) -> None:  # noqa: F811
    journey.provider.profile = profile
    assert error_of(journey.sign_in())[0] == "invalid_request"
    assert journey.nothing_happened()


def without_id_token(provider: IdentityProvider) -> tuple[int, Any]:  # noqa: F811
    """Return a token response that proves nothing."""
    return 200, {"access_token": "at-code-0", "token_type": "Bearer"}


TOKEN_ANSWERS: dict[str, tuple[int, Any]] = {
    "no ID token": (200, {"access_token": "at-code-0", "token_type": "Bearer"}),
    "no access token": (200, {"id_token": "x.y.z"}),
    "an error with status 200": (200, {"error": "invalid_grant"}),
    "an error page": (500, b"<html>"),
    "no JSON": (200, b"access_token=at-code-0"),
    "a list": (200, ["x"]),
    "null": (200, None),
    "nothing": (200, b""),
    "a redirect": (302, "https://attacker.example/token"),
    "NaN": (200, b'{"access_token": NaN}'),
}


@pytest.mark.parametrize("case", TOKEN_ANSWERS)
def test_token_answers_that_prove_nothing(journey: Journey, case: str) -> None:  # noqa: F811
    journey.provider.answers["/token"] = lambda: TOKEN_ANSWERS[case]
    error, description = error_of(journey.sign_in())
    assert error == "invalid_request"
    assert "html" not in description
    assert journey.nothing_happened()


class TestState:
    """The answer belongs to this browser, this sign-in and this provider, once."""

    def lost(self, response: Any) -> bool:
        """Whether the pool's own page says that the sign-in is lost, and nobody is signed in."""
        return bool(response.status_code == 302) and response["Location"].endswith("/error?error=sign_in_lost")

    def test_another_browser(self, journey: Journey) -> None:  # noqa: F811
        answer = journey.consent(journey.leave())
        assert self.lost(journey.come_back(answer, Client()))
        assert journey.nothing_happened()
        assert journey.provider.paths().count("/token") == 0

    def test_another_browser_with_a_sign_in_of_its_own(self, journey: Journey) -> None:  # noqa: F811
        attacker = journey.consent(journey.leave())
        victim = Client()
        address = f"/{journey.app.pool_id}/oauth2/authorize"
        victim.get(address, journey.site.request(identity_provider="Corp"))
        assert self.lost(journey.come_back(attacker, victim))
        assert "cognito" not in victim.cookies

    @pytest.mark.parametrize("state", [None, "", "x", "s" * 43, "s" * 4000, "\x00", "ü" * 43])
    def test_a_state_that_nobody_has(self, journey: Journey, state: str | None) -> None:  # noqa: F811
        answer = {**journey.consent(journey.leave()), "state": state}
        assert self.lost(journey.come_back({name: value for name, value in answer.items() if value is not None}))
        assert journey.nothing_happened()

    def test_a_replayed_answer(self, journey: Journey) -> None:  # noqa: F811
        answer = journey.consent(journey.leave())
        assert "code" in parameters(journey.come_back(answer)["Location"])
        assert self.lost(journey.come_back(answer))
        assert journey.provider.paths().count("/token") == 1

    def test_a_replayed_code_under_a_new_state(self, journey: Journey) -> None:  # noqa: F811
        first = journey.consent(journey.leave())
        journey.come_back(first)
        again = {**journey.consent(journey.leave(prompt="login")), "code": first["code"]}
        assert error_of(journey.come_back(again)) == ("invalid_request", "Corp Error - 400 error getting token")

    def test_a_code_of_another_sign_in_is_stopped_by_pkce(self, journey: Journey) -> None:  # noqa: F811
        injected = journey.consent(journey.leave())["code"]
        answer = {**journey.consent(journey.leave()), "code": injected}
        assert error_of(journey.come_back(answer))[0] == "invalid_request"
        assert journey.nothing_happened()

    def test_a_state_given_twice(self, journey: Journey) -> None:  # noqa: F811
        answer = journey.consent(journey.leave())
        query = f"state={answer['state']}&state={answer['state']}&code={answer['code']}"
        response = journey.browser.get(f"/{journey.app.pool_id}/oauth2/idpresponse?{query}")
        assert self.lost(response)
        assert journey.nothing_happened()

    def test_no_code(self, journey: Journey) -> None:  # noqa: F811
        answer = {"state": journey.consent(journey.leave())["state"]}
        assert error_of(journey.come_back(answer))[0] == "invalid_request"
        assert journey.nothing_happened()

    def test_an_answer_in_another_pool(self, journey: Journey, idp: Any, inbox: Any) -> None:  # noqa: F811
        from tests.conftest import make_app

        other = make_app(idp, inbox)
        answer = journey.consent(journey.leave())
        response = journey.browser.get(f"/{other.pool_id}/oauth2/idpresponse", answer)
        assert response["Location"] == f"/{other.pool_id}/error?error=sign_in_lost"

    def test_an_issuer_in_the_answer_that_is_another(self, journey: Journey) -> None:  # noqa: F811
        answer = {**journey.consent(journey.leave()), "iss": "https://attacker.example"}
        assert error_of(journey.come_back(answer))[0] == "invalid_request"
        assert journey.nothing_happened()
        assert journey.provider.paths().count("/token") == 0

    def test_the_answer_of_another_provider_of_the_pool(
        self,
        journey: Journey,  # noqa: F811
        settings: Settings,
    ) -> None:
        with identity_provider.running() as attacker:
            add(journey.app, "Evil", "OIDC", attacker.details)
            journey.app.idp.update_user_pool_client(
                UserPoolId=journey.app.pool_id,
                ClientId=journey.site.client["ClientId"],
                **{
                    name: journey.site.client[name]
                    for name in ("CallbackURLs", "AllowedOAuthFlows", "AllowedOAuthScopes")
                },
                AllowedOAuthFlowsUserPoolClient=True,
                SupportedIdentityProviders=["COGNITO", "Corp", "Evil"],
            )
            # The attacker's provider sends the browser back with the state of a sign-in at the good one.
            good = parameters(journey.leave())
            answer = parameters(attacker.authorize(good))
            assert error_of(journey.come_back(answer))[0] == "invalid_request"
            # Its ID token names the good provider, but its keys sign it.
            attacker.claims = {"iss": journey.provider.url}
            location = journey.leave(identity_provider="Evil")
            assert error_of(journey.come_back(parameters(attacker.authorize(parameters(location)))))
            assert journey.nothing_happened()
            # Under its own name its users are its own.
            attacker.claims = {}
            location = journey.leave(identity_provider="Evil")
            assert "code" in parameters(
                journey.come_back(parameters(attacker.authorize(parameters(location))))["Location"]
            )
            assert journey.users() == ["Evil_u-1"]


def test_a_subject_that_changes_is_another_user(journey: Journey) -> None:  # noqa: F811
    journey.sign_in()
    journey.provider.subject = "u-9"
    journey.provider.profile = {"email": "u-1@idp.example"}
    journey.sign_in(prompt="login")
    assert sorted(journey.users()) == ["Corp_u-1", "Corp_u-9"]


def test_a_provider_that_was_taken_from_the_client_while_the_user_was_there(journey: Journey) -> None:  # noqa: F811
    answer = journey.consent(journey.leave())
    journey.app.idp.delete_identity_provider(UserPoolId=journey.app.pool_id, ProviderName="Corp")
    assert error_of(journey.come_back(answer))[0] == "invalid_request"
    assert journey.nothing_happened()


def test_another_provider_that_took_the_name_meanwhile_does_not_get_the_code(journey: Journey) -> None:  # noqa: F811
    answer = journey.consent(journey.leave())
    journey.app.idp.delete_identity_provider(UserPoolId=journey.app.pool_id, ProviderName="Corp")
    with identity_provider.running() as attacker:
        add(journey.app, "Corp", "OIDC", attacker.details)
        assert error_of(journey.come_back(answer))[0] == "invalid_request"
        assert "/token" not in attacker.paths()
    assert journey.nothing_happened()


def test_an_error_of_the_provider_is_never_shown_as_html(journey: Journey) -> None:  # noqa: F811
    answer = {
        "state": parameters(journey.leave())["state"],
        "error": "<script>alert(1)</script>",
        "error_description": '"><img src=x onerror=alert(1)>',
    }
    response = journey.come_back(answer)
    assert error_of(response)[0] == "invalid_request"
    assert response.content == b""
    assert "<" not in response["Location"]


def test_no_secret_of_a_sign_in_is_logged_or_shown(journey: Journey, caplog: Any) -> None:  # noqa: F811
    caplog.set_level("DEBUG")
    location = journey.leave()
    response = journey.come_back(journey.consent(location))
    _, _, given = journey.provider.request_to("/token")
    secrets = [CLIENT_SECRET, given["code_verifier"], "at-code-0"]
    for text in (location, response["Location"], caplog.text):
        assert not any(secret in text for secret in secrets)


def test_two_pools_with_the_same_provider_keep_their_users_apart(journey: Journey, idp: Any, inbox: Any) -> None:  # noqa: F811
    from tests.conftest import make_app

    other: App = make_app(idp, inbox)
    second = Journey(other, journey.provider)
    journey.sign_in()
    assert second.users() == []
    second.sign_in()
    assert second.users() == ["Corp_u-1"]
