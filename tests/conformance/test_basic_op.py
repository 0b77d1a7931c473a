"""The plan Basic OP, module by module (the suite's names without their prefix).

Where Cognito deviates, ``cognito`` shows the deviation that ``docs/differences.md`` names. Left out: modules for
dynamic clients (idtoken-signature, idtoken-unsigned, request-uri-*), and scope-address, scope-all, for ``address`` is
not advertised.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine

from cognito_app.core import clock
from tests.conformance.relying_party import CALLBACK, RelyingParty, answered

pytestmark = pytest.mark.django_db


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a token without checking it."""
    return dict(jwt.decode(token, options={"verify_signature": False}))


def later(seconds: int) -> Any:
    """Move the clock."""
    return time_machine.travel(clock.now() + timedelta(seconds=seconds), tick=True)


def check_types(found: dict[str, Any], rp: RelyingParty) -> None:
    """Check userInfo's types: those of the standard in a strict pool, all texts in another."""
    strict = bool(rp.metadata.get("authorization_response_iss_parameter_supported"))
    for name in ("email_verified", "phone_number_verified"):
        if name in found:
            assert found[name] in ((True, False) if strict else ("true", "false"))
    assert all(isinstance(value, str) for name, value in found.items() if not name.endswith("_verified"))


def test_server(rp: RelyingParty) -> None:
    body = rp.tokens()
    assert body["token_type"].lower() == "bearer"
    assert body["expires_in"] > 0


def test_server_client_secret_post(rp: RelyingParty) -> None:
    assert rp.exchange(rp.code()["code"], post=True).status_code == 200


def test_response_type_missing(rp: RelyingParty) -> None:
    answer = answered(rp.authorize(response_type=None))
    assert (answer["error"], answer["state"]) == ("invalid_request", "s" * 128)


@pytest.mark.parametrize("method", ["get", "post"])
def test_userinfo_get_and_post_header(rp: RelyingParty, method: str) -> None:
    body = rp.tokens()
    answer = rp.userinfo(body["access_token"], method)
    assert answer.status_code == 200
    assert answer.json()["sub"] == claims_of(body["id_token"])["sub"]
    check_types(answer.json(), rp)


def test_userinfo_post_body(rp: RelyingParty) -> None:
    body = rp.tokens()
    answer = rp.browser.post(
        rp.path("userinfo_endpoint"),
        f"access_token={body['access_token']}",
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.json()["sub"] == claims_of(body["id_token"])["sub"]


def test_userinfo_takes_no_token_from_the_query(rp: RelyingParty) -> None:
    token = rp.tokens()["access_token"]
    assert rp.browser.get(f"{rp.path('userinfo_endpoint')}?access_token={token}").status_code == 400


def test_ensure_request_without_nonce_succeeds_for_code_flow(rp: RelyingParty) -> None:
    assert "nonce" not in claims_of(rp.tokens(nonce=None)["id_token"])


@pytest.mark.parametrize(
    ("scope", "shown", "hidden"),
    [
        ("openid profile", {"name", "given_name", "family_name", "birthdate", "zoneinfo"}, {"email", "phone_number"}),
        ("openid email", {"email", "email_verified"}, {"name", "phone_number"}),
        ("openid phone", {"phone_number", "phone_number_verified"}, {"name", "email"}),
        ("openid profile email phone", {"name", "email", "phone_number"}, set()),
    ],
)
def test_scope_profile_email_phone(rp: RelyingParty, scope: str, shown: set[str], hidden: set[str]) -> None:
    found = rp.userinfo(rp.tokens(scope=scope)["access_token"]).json()
    assert shown <= set(found)
    assert not hidden & set(found)
    check_types(found, rp)


@pytest.mark.parametrize("extra", [{"display": "page"}, {"display": "popup"}, {"extra": "foobar"}])
def test_display_and_unknown_parameters_are_no_error(rp: RelyingParty, extra: dict[str, str]) -> None:
    assert rp.tokens(**extra)["access_token"]


@pytest.mark.parametrize("extra", [{"ui_locales": "se"}, {"claims_locales": "se"}, {"login_hint": "ann@example.com"}])
def test_locales_and_login_hint(rp: RelyingParty, extra: dict[str, str]) -> None:
    assert rp.tokens(**extra)["access_token"]


def test_prompt_login_signs_in_again(rp: RelyingParty) -> None:
    first = claims_of(rp.tokens()["id_token"])
    with later(2):
        second = claims_of(rp.tokens(prompt="login")["id_token"])
    assert second["sub"] == first["sub"]
    assert second["auth_time"] > first["auth_time"]


def test_prompt_none_not_logged_in(rp: RelyingParty) -> None:
    answer = answered(rp.authorize(prompt="none"))
    assert answer["error"] in ("login_required", "interaction_required")
    assert "code" not in answer


def test_prompt_none_logged_in(rp: RelyingParty) -> None:
    first = claims_of(rp.tokens()["id_token"])
    answer = answered(rp.authorize(prompt="none"))
    second = claims_of(rp.exchange(answer["code"]).json()["id_token"])
    assert (second["sub"], second["auth_time"]) == (first["sub"], first["auth_time"])


def test_max_age_1_signs_in_again(rp: RelyingParty) -> None:
    first = claims_of(rp.tokens()["id_token"])
    with later(3):
        second = claims_of(rp.tokens(max_age="1")["id_token"])
    assert second["auth_time"] > first["auth_time"]


def test_max_age_10000_goes_on(rp: RelyingParty) -> None:
    first = claims_of(rp.tokens()["id_token"])
    answer = answered(rp.authorize(max_age="10000"))
    second = claims_of(rp.exchange(answer["code"]).json()["id_token"])
    assert second["auth_time"] == first["auth_time"]


@pytest.mark.parametrize("expired", [False, True])
def test_id_token_hint(rp: RelyingParty, expired: bool) -> None:
    body = rp.tokens()
    answer = answered(rp.authorize(prompt="none", id_token_hint=body["id_token"]))
    assert claims_of(rp.exchange(answer["code"]).json()["id_token"])["sub"] == claims_of(body["id_token"])["sub"]
    if expired:
        with later(4000):
            assert answered(rp.authorize(prompt="none", id_token_hint=body["id_token"]))["error"] == "login_required"


def test_id_token_hint_of_another_user(rp: RelyingParty) -> None:
    rp.app.sign_up("bob", email="bob@example.com")
    hint = rp.app.sign_in("bob")["IdToken"]
    rp.tokens()
    assert answered(rp.authorize(prompt="none", id_token_hint=hint))["error"] == "login_required"


def test_acr_values(rp: RelyingParty) -> None:
    wanted = " ".join(rp.metadata["acr_values_supported"][:2])
    assert claims_of(rp.tokens(acr_values=wanted)["id_token"])["acr"] in rp.metadata["acr_values_supported"]
    assert rp.tokens(acr_values="1 2", prompt="login")["access_token"]


@pytest.mark.parametrize("after", [0, 30])
def test_codereuse(rp: RelyingParty, after: int) -> None:
    code = rp.code()["code"]
    body = rp.exchange(code).json()
    with later(after):
        again = rp.exchange(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert rp.userinfo(body["access_token"]).status_code == 401


def test_ensure_registered_redirect_uri(rp: RelyingParty) -> None:
    answer = rp.authorize(redirect_uri="https://rp.example.com/unregistered")
    assert answer["Location"].startswith(f"/{rp.app.pool_id}/error?")
    assert rp.browser.get(answer["Location"]).status_code == 400


def test_redirect_uri_query_is_kept_and_must_match(rp: RelyingParty) -> None:
    kept = rp.sign_in(rp.authorize(redirect_uri=f"{CALLBACK}?fixed=1"))
    assert kept["fixed"] == "1"
    assert rp.authorize(redirect_uri=f"{CALLBACK}?fixed=2")["Location"].startswith(f"/{rp.app.pool_id}/error?")


def test_ensure_post_request_succeeds(rp: RelyingParty) -> None:
    assert rp.exchange(rp.sign_in(rp.authorize(post=True))["code"]).status_code == 200


@pytest.mark.parametrize("name", ["request", "request_uri"])
def test_unsigned_request_object_and_request_uri_are_refused_by_name(rp: RelyingParty, name: str) -> None:
    assert answered(rp.authorize(post=False, **{name: "eyJhbGciOiJub25lIn0.e30."}))["error"] == f"{name}_not_supported"


def test_claims_essential_is_no_error(rp: RelyingParty) -> None:
    body = rp.tokens(claims='{"userinfo": {"name": {"essential": true}}}')
    assert rp.userinfo(body["access_token"]).json()["name"] == "Ann Ford"


def test_refresh_token(rp: RelyingParty, other: RelyingParty) -> None:
    body = rp.tokens()
    form = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    with later(5):
        renewed = rp.token(form).json()
    first, second = claims_of(body["id_token"]), claims_of(renewed["id_token"])
    assert [first[name] for name in ("iss", "sub", "aud", "auth_time")] == [
        second[name] for name in ("iss", "sub", "aud", "auth_time")
    ]
    assert second["iat"] > first["iat"]
    stolen = other.token(form)
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")


def test_a_code_is_bound_to_its_client(rp: RelyingParty, other: RelyingParty) -> None:
    stolen = other.exchange(rp.code()["code"])
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")


def test_a_wrong_secret_is_invalid_client(rp: RelyingParty, profile: str) -> None:
    code = rp.code()["code"]
    rp.client["ClientSecret"] = "x" * 51
    answer = rp.exchange(code)
    assert answer.json()["error"] == "invalid_client"
    assert answer.status_code == (401 if profile == "strict" else 400)
    assert ("WWW-Authenticate" in answer) is (profile == "strict")


def test_state_comes_back_with_errors_and_answers(rp: RelyingParty) -> None:
    odd = 'a b/ü%20"<>&=+'
    assert rp.code(state=odd)["state"] == odd
    assert answered(rp.authorize(state=odd, prompt="none login"))["state"] == odd
