"""Logins of OpenID Connect providers, Google, Apple, Facebook and Amazon, verified against issuers on the loopback."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from pytest_django import Settings

from cognito_app.core import clock, jose
from cognito_app.models import Identity
from cognito_app.services import issuer_keys, oidc_providers
from cognito_app.services.actor import SYSTEM
from tests.clients.exchange import Pool
from tests.clients.issuers import CURVE, FIRST, FOREIGN, SECOND, SMALL, Issuer, issuer, jwk
from tests.conftest import refused

pytestmark = pytest.mark.django_db

MISMATCH = "Logins don't match. Please include at least one valid login for this identity or identity pool."
UNSUPPORTED = "Token is not from a supported provider of this identity pool."
INVALID = "Invalid login token. "
GOOGLE = "accounts.google.com"


@pytest.fixture
def idp_site(settings: Settings) -> Iterator[Issuer]:
    """An issuer in a private network, where the settings allow it."""
    settings.COGNITO = {**settings.COGNITO, "OUTGOING_PRIVATE_NETWORKS": True}
    with issuer() as made:
        yield made


@pytest.fixture
def pool(identity: Any, idp_site: Issuer) -> Pool:
    """An identity pool that trusts the issuer for two client ids."""
    oidc_providers.create(SYSTEM, url=idp_site.url, client_ids=["app-1", "app-2"])
    return Pool(identity, OpenIdConnectProviderARNs=[idp_site.arn])


def test_a_provider_s_token_is_a_login(pool: Pool, idp_site: Issuer) -> None:
    mine = pool.get_id({idp_site.key: idp_site.token()})
    assert pool.get_id({idp_site.key: idp_site.token(aud="app-2")}) == mine
    assert pool.get_id({idp_site.key: idp_site.token(sub="user-2")}) != mine
    assert pool.describe(mine)["Logins"] == [idp_site.key]
    amr = jose.peek(pool.token(mine, {idp_site.key: idp_site.token()})["Token"])[1]["amr"]
    assert amr == ["authenticated", idp_site.key, f"{idp_site.arn}:OIDC:user-1"]


def test_keys_are_fetched_once_and_not_at_every_request(pool: Pool, idp_site: Issuer) -> None:
    for _ in range(5):
        pool.get_id({idp_site.key: idp_site.token()})
    assert idp_site.asked == ["/.well-known/openid-configuration", "/jwks"]


def test_a_rotated_key_is_found_and_an_unknown_one_is_looked_for_once_a_minute(pool: Pool, idp_site: Issuer) -> None:
    pool.get_id({idp_site.key: idp_site.token()})
    bad = {idp_site.key: idp_site.token(SECOND, "second")}
    for _ in range(5):
        with refused("NotAuthorizedException", f"{INVALID}Couldn't verify signed token."):
            pool.get_id(bad)
    assert len(idp_site.asked) == 2
    idp_site.publish(first=FIRST, second=SECOND)
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        assert pool.get_id({idp_site.key: idp_site.token(SECOND, "second")})
    assert len(idp_site.asked) == 4


def test_keys_stay_while_the_issuer_is_away_and_go_when_it_drops_them(pool: Pool, idp_site: Issuer) -> None:
    pool.get_id({idp_site.key: idp_site.token()})
    idp_site.show("/jwks", {}, status=503)
    with time_machine.travel(clock.now() + timedelta(hours=2)):
        assert pool.get_id({idp_site.key: idp_site.token()})
        asked = len(idp_site.asked)
        assert pool.get_id({idp_site.key: idp_site.token()})
        assert len(idp_site.asked) == asked
    with time_machine.travel(clock.now() + timedelta(hours=25)), refused("ExternalServiceException"):
        pool.get_id({idp_site.key: idp_site.token()})
    idp_site.publish(second=SECOND)
    with time_machine.travel(clock.now() + timedelta(hours=26)), refused("NotAuthorizedException"):
        pool.get_id({idp_site.key: idp_site.token()})


def test_elliptic_keys_are_good_too_and_need_no_kid_where_there_is_one_key(pool: Pool, idp_site: Issuer) -> None:
    idp_site.publish(curve=CURVE)
    assert pool.get_id({idp_site.key: idp_site.token(CURVE, "curve", "ES256")})
    assert pool.get_id({idp_site.key: idp_site.token(CURVE, None, "ES256")})


CASES: list[tuple[dict[str, Any], str]] = [
    ({"iss": "https://other.example.com"}, f"{INVALID}Issuer doesn't match providerName"),
    ({"iss": None}, f"{INVALID}Issuer doesn't match providerName"),
    ({"aud": None}, f"{INVALID}Missing a required claim: aud"),
    ({"aud": []}, f"{INVALID}Missing a required claim: aud"),
    ({"aud": "app-3"}, UNSUPPORTED),
    ({"aud": ["app-3", "app-4"]}, UNSUPPORTED),
    ({"aud": ["app-1", "app-2"]}, UNSUPPORTED),
    ({"aud": "app-1", "azp": "app-3"}, UNSUPPORTED),
    ({"aud": "app-1", "azp": ""}, UNSUPPORTED),
    ({"aud": {"app-1": 1}}, UNSUPPORTED),
    ({"sub": None}, f"{INVALID}Missing a required claim: sub"),
    ({"sub": ""}, f"{INVALID}Missing a required claim: sub"),
    ({"sub": "a\x00b"}, f"{INVALID}The claim sub is not a valid identifier."),
    ({"sub": "a" * 257}, f"{INVALID}The claim sub is not a valid identifier."),
    ({"exp": None}, f"{INVALID}Missing a required claim: exp"),
    ({"key": FOREIGN}, f"{INVALID}Couldn't verify signed token."),
    ({"key": SMALL, "kid": "small"}, f"{INVALID}Couldn't verify signed token."),
    ({"key": "x" * 32, "algorithm": "HS256"}, f"{INVALID}Couldn't verify signed token."),
    ({"key": "", "algorithm": "none"}, f"{INVALID}Couldn't verify signed token."),
    ({"algorithm": "PS256"}, f"{INVALID}Couldn't verify signed token."),
    ({"kid": "other"}, f"{INVALID}Couldn't verify signed token."),
]


@pytest.mark.parametrize(("given", "message"), CASES)
def test_tokens_that_prove_nothing_make_no_identity(
    pool: Pool, idp_site: Issuer, given: dict[str, Any], message: str
) -> None:
    idp_site.publish(first=FIRST, small=SMALL)
    with refused("NotAuthorizedException", message):
        pool.get_id({idp_site.key: idp_site.token(**given)})
    assert not Identity.objects.exists()


def test_the_algorithm_of_a_published_key_binds(pool: Pool, idp_site: Issuer) -> None:
    idp_site.show("/jwks", {"keys": [jwk("first", FIRST, alg="RS512")]})
    with refused("NotAuthorizedException", f"{INVALID}Couldn't verify signed token."):
        pool.get_id({idp_site.key: idp_site.token()})
    assert pool.get_id({idp_site.key: idp_site.token(algorithm="RS512")})


def test_a_key_without_an_algorithm_verifies_all_of_its_kind(pool: Pool, idp_site: Issuer) -> None:
    for algorithm in ("RS256", "RS384", "RS512"):
        assert pool.get_id({idp_site.key: idp_site.token(algorithm=algorithm)})


def test_five_minutes_of_clock_skew_are_forgiven(pool: Pool, idp_site: Issuer) -> None:
    now = clock.epoch()
    good: list[dict[str, Any]] = [{"exp": now - 240}, {"iat": now + 240}, {"nbf": now + 240}]
    early: list[dict[str, Any]] = [{"iat": now + 400}, {"nbf": now + 400}]
    odd: list[dict[str, Any]] = [{"exp": now - 400}, {"iat": "now"}, {"exp": "never"}, {"nbf": True}]
    for claims in good:
        assert pool.get_id({idp_site.key: idp_site.token(**claims)})
    for claims in early:
        with refused("NotAuthorizedException", f"{INVALID}Token is not valid yet."):
            pool.get_id({idp_site.key: idp_site.token(**claims)})
    for claims in odd:
        with refused("NotAuthorizedException"):
            pool.get_id({idp_site.key: idp_site.token(**claims)})


def test_an_expired_token_is_told_with_both_times(pool: Pool, idp_site: Issuer) -> None:
    with time_machine.travel(clock.now(), tick=False):
        now = clock.epoch()
        with refused("NotAuthorizedException", f"{INVALID}Token expired: {now} >= {now - 400}"):
            pool.get_id({idp_site.key: idp_site.token(exp=now - 400)})


def test_a_token_of_another_provider_of_the_pool_is_no_mix_up(pool: Pool, idp_site: Issuer, settings: Settings) -> None:
    with issuer() as other:
        oidc_providers.create(SYSTEM, url=other.url, client_ids=["app-1"])
        pool.change(OpenIdConnectProviderARNs=[idp_site.arn, other.arn])
        with refused("NotAuthorizedException", f"{INVALID}Issuer doesn't match providerName"):
            pool.get_id({idp_site.key: other.token()})
        one = pool.get_id({idp_site.key: idp_site.token()})
        assert pool.get_id({other.key: other.token()}) != one


def test_a_provider_that_the_pool_or_the_account_does_not_know(pool: Pool, idp_site: Issuer) -> None:
    logins = {idp_site.key: idp_site.token()}
    with refused("NotAuthorizedException", MISMATCH):
        pool.get_id({"idp.example.com": idp_site.token()})
    oidc_providers.delete(SYSTEM, idp_site.arn)
    with refused("NotAuthorizedException", UNSUPPORTED):
        pool.get_id(logins)
    pool.change(OpenIdConnectProviderARNs=[])
    with refused("NotAuthorizedException", MISMATCH):
        pool.get_id(logins)


@pytest.mark.parametrize(
    "discovery", [{"issuer": "https://other.example.com", "jwks_uri": "{url}/jwks"}, {"issuer": "{url}"}, ["x"], {}]
)
def test_an_issuer_without_a_good_discovery_document_is_an_outage(pool: Pool, idp_site: Issuer, discovery: Any) -> None:
    if isinstance(discovery, dict):
        discovery = {name: value.format(url=idp_site.url) for name, value in discovery.items()}
    idp_site.show("/.well-known/openid-configuration", discovery)
    for _ in range(3):
        with refused("ExternalServiceException"):
            pool.get_id({idp_site.key: idp_site.token()})
    assert len(idp_site.asked) == 1
    assert not Identity.objects.exists()


def test_private_networks_are_not_asked_unless_the_settings_allow_it(
    pool: Pool, idp_site: Issuer, settings: Settings
) -> None:
    settings.COGNITO = {**settings.COGNITO, "OUTGOING_PRIVATE_NETWORKS": False}
    with refused("ExternalServiceException"):
        pool.get_id({idp_site.key: idp_site.token()})
    assert not idp_site.asked


def test_an_outage_is_no_listed_error_of_the_developers_operation(pool: Pool, idp_site: Issuer) -> None:
    idp_site.show("/jwks", {}, status=500)
    with refused("NotAuthorizedException"):
        pool.developer("user", {idp_site.key: idp_site.token()})


def at_site(settings: Settings, key: str, **given: Any) -> None:
    """Have a public provider asked at another address."""
    providers = {**settings.COGNITO.get("LOGIN_PROVIDERS", {}), key: given or None}
    settings.COGNITO = {**settings.COGNITO, "LOGIN_PROVIDERS": providers}


@pytest.mark.parametrize(
    ("key", "issuers"),
    [
        (GOOGLE, ["https://accounts.google.com", "accounts.google.com"]),
        ("appleid.apple.com", ["https://appleid.apple.com"]),
    ],
)
def test_google_and_apple(identity: Any, idp_site: Issuer, settings: Settings, key: str, issuers: list[str]) -> None:
    at_site(settings, key, jwks_uri=f"{idp_site.url}/jwks")
    pool = Pool(identity, SupportedLoginProviders={key: "app-1;app-9"})
    found = {pool.get_id({key: idp_site.token(iss=name)}) for name in issuers}
    assert len(found) == 1
    mine = found.pop()
    assert pool.get_id({key: idp_site.token(iss=issuers[0], aud="app-9")}) == mine
    amr = jose.peek(pool.token(mine, {key: idp_site.token(iss=issuers[0])})["Token"])[1]["amr"]
    assert amr == ["authenticated", key, f"{key}:app-1:user-1"]
    assert idp_site.asked == ["/jwks"]
    with refused("NotAuthorizedException", UNSUPPORTED):
        pool.get_id({key: idp_site.token(iss=issuers[0], aud="app-2")})
    with refused("NotAuthorizedException", f"{INVALID}Issuer doesn't match providerName"):
        pool.get_id({key: idp_site.token()})
    at_site(settings, key)
    with refused("ExternalServiceException"):
        pool.get_id({key: idp_site.token(iss=issuers[0])})


def test_google_may_be_an_openid_provider_of_the_account(pool: Pool, idp_site: Issuer) -> None:
    arn = f"arn:aws:iam::000000000000:oidc-provider/{GOOGLE}"
    oidc_providers.create(SYSTEM, url=f"https://{GOOGLE}", client_ids=["app-1"])
    pool.change(OpenIdConnectProviderARNs=[arn])
    with refused("NotAuthorizedException", f"{INVALID}Issuer doesn't match providerName"):
        pool.get_id({GOOGLE: idp_site.token()})


def test_facebook(identity: Any, idp_site: Issuer, settings: Settings) -> None:
    key = "graph.facebook.com"
    at_site(settings, key, url=idp_site.url)
    pool = Pool(identity, SupportedLoginProviders={key: "12345"})
    idp_site.show("/app?access_token=good%26%2F", {"id": "12345", "name": "App"})
    idp_site.show("/me?fields=id&access_token=good%26%2F", {"id": "987"})
    mine = pool.get_id({key: "good&/"})
    assert pool.get_id({key: "good&/"}) == mine
    amr = jose.peek(pool.token(mine, {key: "good&/"})["Token"])[1]["amr"]
    assert amr == ["authenticated", key, f"{key}:12345:987"]
    idp_site.show("/app?access_token=foreign", {"id": "666"})
    idp_site.show("/app?access_token=bad", {"error": {"code": 190}}, status=400)
    idp_site.show("/app?access_token=broken", {}, status=500)
    idp_site.show("/app?access_token=nobody", {"id": "12345"})
    idp_site.show("/me?fields=id&access_token=nobody", {})
    with refused("NotAuthorizedException", UNSUPPORTED):
        pool.get_id({key: "foreign"})
    for token in ("bad", "nobody", "x" * 2000):
        with refused("NotAuthorizedException"):
            pool.get_id({key: token})
    for token in ("broken", "unknown"):
        with refused("ExternalServiceException"):
            pool.get_id({key: token})
    assert Identity.objects.count() == 1


def test_login_with_amazon(identity: Any, idp_site: Issuer, settings: Settings) -> None:
    key = "www.amazon.com"
    at_site(settings, key, url=idp_site.url)
    pool = Pool(identity, SupportedLoginProviders={key: "amzn1.app"})
    said = {"aud": "amzn1.app", "user_id": "amzn1.account.A", "exp": 3000}

    def answers(token: str, status: int = 200, **given: Any) -> dict[str, str]:
        idp_site.show(f"/auth/o2/tokeninfo?access_token={token}", {**said, **given}, status)
        return {key: token}

    mine = pool.get_id(answers("good"))
    assert pool.get_id(answers("other")) == mine
    pool.admin.set_principal_tag_attribute_map(**pool.at, IdentityProviderName=key, UseDefaults=True)
    claims = jose.peek(pool.token(mine, answers("good"))["Token"])[1]
    assert claims["https://aws.amazon.com/tags"]["principal_tags"] == {
        "client": ["amzn1.app"],
        "username": ["amzn1.account.A"],
    }
    with refused("NotAuthorizedException", UNSUPPORTED):
        pool.get_id(answers("foreign", aud="amzn1.other"))
    for logins in (answers("old", exp=0), answers("odd", exp="x"), answers("none", user_id=""), answers("bad", 400)):
        with refused("NotAuthorizedException"):
            pool.get_id(logins)
    with refused("ExternalServiceException"):
        pool.get_id(answers("broken", 503))
    assert Identity.objects.count() == 1


@pytest.mark.parametrize("key", ["api.twitter.com", "www.digits.com"])
def test_providers_that_are_gone_can_be_configured_and_verify_nothing(identity: Any, key: str) -> None:
    pool = Pool(identity, SupportedLoginProviders={key: "key;secret"})
    with refused("ExternalServiceException"):
        pool.get_id({key: "token;secret"})
    with refused("NotAuthorizedException", MISMATCH):
        pool.get_id({"graph.facebook.com": "x"})


def test_a_slow_issuer_holds_up_only_its_own_requests(pool: Pool, idp_site: Issuer) -> None:
    """Sources have locks of their own, and only so many are kept."""
    for number in range(issuer_keys.MAX_SOURCES + 10):
        issuer_keys._source(f"https://{number}.example.com", None)
    assert len(issuer_keys._sources) == issuer_keys.MAX_SOURCES
    assert pool.get_id({idp_site.key: idp_site.token()})
