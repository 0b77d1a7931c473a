"""Sign-in by Google, Facebook, Login with Amazon and Sign in with Apple."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from tests.clients import identity_provider
from tests.clients.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider, parameters
from tests.clients.providers import at, attributes
from tests.clients.providers import link as link_identity
from tests.conftest import App
from tests.federation import social
from tests.federation.journey import Journey, claims_of, error_of

pytestmark = pytest.mark.django_db


@contextmanager
def journey_to(kind: str, app: App, settings: Settings, made: IdentityProvider, **more: Any) -> Iterator[Journey]:
    """A pool with a social provider on the loopback."""
    with identity_provider.running(made) as provider:
        social.point_to(settings, provider)
        yield Journey(app, provider, name=kind, kind=kind, details=social.DETAILS[kind], **more)


class TestGoogle:
    """OpenID Connect, with a People API."""

    @pytest.fixture
    def journey(self, app: App, settings: Settings) -> Iterator[Journey]:
        mapping = {"email": "email", "email_verified": "email_verified", "birthdate": "birthdays", "gender": "genders"}
        with journey_to("Google", app, settings, social.Google(), mapping=mapping) as made:
            yield made

    def test_a_user_signs_in(self, journey: Journey) -> None:
        journey.provider.claims = {"email_verified": True}
        claims = claims_of(journey.tokens(journey.sign_in())["id_token"])
        assert claims["cognito:username"] == "Google_u-1"
        assert claims["identities"][0]["providerType"] == "Google"
        found = attributes(journey.app, "Google_u-1")
        assert found["email"] == "u-1@idp.example"
        assert found["email_verified"] == "true"
        assert (found["birthdate"], found["gender"]) == ("1990-02-03", "female")
        _, _, given = journey.provider.request_to("/people")
        assert given == {"personFields": "birthdays,genders"}

    def test_the_other_issuer_of_google_is_taken(self, journey: Journey) -> None:
        journey.provider.claims = {"iss": "accounts.google.com"}
        assert "code" in parameters(journey.sign_in()["Location"])

    def test_an_address_that_is_not_verified_signs_in_too(self, journey: Journey) -> None:
        journey.provider.claims = {"email_verified": False}
        journey.sign_in()
        assert attributes(journey.app, "Google_u-1")["email_verified"] == "false"

    def test_no_token_stands_in_an_address(self, journey: Journey) -> None:
        journey.sign_in()
        for method, _, _, given in journey.provider.asked:
            assert method == "POST" or "access_token" not in given

    def test_hints_of_names_are_not_passed_on(self, journey: Journey) -> None:
        sent = parameters(journey.leave(login_hint="ann", prompt="select_account", acr_values="urn:cognito:loa:4"))
        assert "login_hint" not in sent
        assert "acr_values" not in sent
        assert sent["prompt"] == "select_account"
        assert (sent["code_challenge_method"], len(sent["nonce"])) == ("S256", 43)

    @pytest.mark.parametrize("people", [(403, {"error": {"code": 403}}), (200, {"birthdays": "x"}), (200, [])])
    def test_without_the_people_api_the_rest_counts(self, journey: Journey, people: tuple[int, Any]) -> None:
        journey.provider.answers["/people"] = lambda: people
        assert "code" in parameters(journey.sign_in()["Location"])

    def test_errors_have_the_documented_words(self, journey: Journey) -> None:
        journey.provider.answers["/token"] = lambda: (400, {"error": "invalid_grant", "error_description": "Bad"})
        assert error_of(journey.sign_in()) == ("invalid_request", "Google Error - 400 invalid_grant")


class TestFacebook:
    """OAuth 2.0 with a profile."""

    @pytest.fixture
    def journey(self, app: App, settings: Settings) -> Iterator[Journey]:
        mapping = {"email": "email", "name": "name"}
        with journey_to("Facebook", app, settings, social.Facebook(), mapping=mapping) as made:
            yield made

    def test_a_user_signs_in(self, journey: Journey) -> None:
        sent = parameters(journey.leave())
        assert (sent["scope"], sent["response_type"], sent["client_id"]) == (
            "public_profile,email",
            "code",
            CLIENT_ID,
        )
        claims = claims_of(journey.tokens(journey.sign_in())["id_token"])
        assert claims["cognito:username"] == "Facebook_u-1"
        assert claims["email"] == "ann@facebook.example"
        method, _, given = journey.provider.request_to("/token")
        assert (method, given["client_secret"]) == ("GET", CLIENT_SECRET)
        _, _, given = journey.provider.request_to("/me")
        assert given["fields"] == "email,id,name"

    @pytest.mark.parametrize("answer", [(200, False), (200, {}), (200, {"id": 17}), (500, {}), (200, b"<html>")])
    def test_a_profile_that_tells_nobody_ends_the_sign_in(self, journey: Journey, answer: tuple[int, Any]) -> None:
        journey.provider.answers["/me"] = lambda: answer
        assert error_of(journey.sign_in())[0] == "invalid_request"
        assert journey.nothing_happened()

    def test_the_user_may_say_no(self, journey: Journey) -> None:
        journey.provider.denies = True
        assert error_of(journey.sign_in())[0] == "access_denied"


class TestAmazon:
    """OAuth 2.0 with a profile."""

    @pytest.fixture
    def journey(self, app: App, settings: Settings) -> Iterator[Journey]:
        with journey_to("LoginWithAmazon", app, settings, social.Amazon()) as made:
            yield made

    def test_a_user_signs_in(self, journey: Journey) -> None:
        assert parameters(journey.leave())["scope"] == "profile postal_code"
        claims = claims_of(journey.tokens(journey.sign_in())["id_token"])
        assert claims["cognito:username"] == "LoginWithAmazon_u-1"
        assert claims["email"] == "ann@amazon.example"
        _, headers, given = journey.provider.request_to("/profile")
        assert headers["Authorization"].startswith("Bearer at-")
        assert given == {}

    def test_without_a_user_id_nobody_signs_in(self, journey: Journey) -> None:
        journey.provider.profile = {"user_id": None}
        assert error_of(journey.sign_in())[0] == "invalid_request"
        assert journey.nothing_happened()


class TestApple:
    """OpenID Connect with a form that comes from another site."""

    @pytest.fixture
    def journey(self, app: App, settings: Settings) -> Iterator[Journey]:
        mapping = {"email": "email", "email_verified": "email_verified", "name": "name", "given_name": "firstName"}
        with journey_to("SignInWithApple", app, settings, social.Apple(), mapping=mapping) as made:
            yield made

    def post(self, journey: Journey, answer: dict[str, str], browser: Client | None = None) -> Any:
        """Come back as from Apple."""
        return (browser or journey.browser).post(
            f"/{journey.app.pool_id}/oauth2/idpresponse", answer, headers={"Origin": "https://appleid.apple.com"}
        )

    def test_a_user_signs_in_with_the_name_of_the_first_consent(self, journey: Journey) -> None:
        location = journey.leave()
        sent = parameters(location)
        assert (sent["response_mode"], sent["scope"]) == ("form_post", "email name")
        user = json.dumps({"name": {"firstName": "Ann", "lastName": "Öz"}, "email": "liar@example.com"})
        response = self.post(journey, {**journey.consent(location), "user": user})
        claims = claims_of(journey.tokens(response)["id_token"])
        assert claims["cognito:username"] == "SignInWithApple_u-1"
        found = attributes(journey.app, "SignInWithApple_u-1")
        assert (found["name"], found["given_name"]) == ("Ann Öz", "Ann")
        assert (found["email"], found["email_verified"]) == ("u-1@privaterelay.example", "true")
        again = self.post(journey, journey.consent(journey.leave(prompt="login")))
        assert "code" in parameters(again["Location"])
        assert attributes(journey.app, "SignInWithApple_u-1")["name"] == "Ann Öz"

    def test_the_cookie_comes_with_a_form_of_another_site(self, journey: Journey, settings: Settings) -> None:
        settings.COGNITO = {**settings.COGNITO, "PUBLIC_URL": "https://id.example.com"}
        journey.leave()
        cookie = journey.browser.cookies["csrf-state"]
        assert (cookie["samesite"], cookie["secure"], cookie["httponly"]) == ("None", True, True)
        assert (cookie["max-age"], cookie["path"]) == (300, f"/{journey.app.pool_id}/")
        legacy = journey.browser.cookies["csrf-state-legacy"]
        assert (legacy["samesite"], legacy["secure"], legacy.value) == ("", True, cookie.value)

    def test_a_browser_that_knows_only_the_legacy_cookie_comes_back(self, journey: Journey) -> None:
        answer = journey.consent(journey.leave())
        del journey.browser.cookies["csrf-state"]
        assert "code" in parameters(self.post(journey, answer)["Location"])

    def test_another_browser_is_refused(self, journey: Journey) -> None:
        answer = journey.consent(journey.leave())
        response = self.post(journey, answer, Client())
        assert response["Location"].endswith("/error?error=sign_in_lost")
        assert journey.nothing_happened()

    @pytest.mark.parametrize("user", ["", "{", "[]", '{"name": 1}', '{"name": {"firstName": 7}}', "x" * 9000])
    def test_a_strange_name_is_left_out(self, journey: Journey, user: str) -> None:
        response = self.post(journey, {**journey.consent(journey.leave()), "user": user})
        assert "code" in parameters(response["Location"])
        assert "name" not in attributes(journey.app, "SignInWithApple_u-1")

    def test_the_browser_cannot_name_another_client(self, journey: Journey) -> None:
        response = self.post(journey, {**journey.consent(journey.leave()), "client_id": "rp-2"})
        assert "code" in parameters(response["Location"])
        _, _, given = journey.provider.request_to("/token")
        assert given["client_id"] == CLIENT_ID

    def test_a_key_that_is_none_is_an_error_for_the_application(self, app: App, settings: Settings) -> None:
        details = {**social.DETAILS["SignInWithApple"], "private_key": "no key"}
        with identity_provider.running(social.Apple()) as provider:
            social.point_to(settings, provider)
            journey = Journey(app, provider, name="SignInWithApple", kind="SignInWithApple", details=details)
            answer = journey.site.get("oauth2/authorize", **journey.site.request(identity_provider="SignInWithApple"))
            assert error_of(answer)[0] == "invalid_request"

    def test_a_key_without_header_lines_works(self, app: App, settings: Settings) -> None:
        body = "".join(social.APPLE_PEM.splitlines()[1:-1])
        details = {**social.DETAILS["SignInWithApple"], "private_key": body}
        with identity_provider.running(social.Apple()) as provider:
            social.point_to(settings, provider)
            journey = Journey(app, provider, name="SignInWithApple", kind="SignInWithApple", details=details)
            assert "code" in parameters(self.post(journey, journey.consent(journey.leave()))["Location"])


def test_a_social_identity_that_is_linked_signs_in_as_the_local_user(app: App, settings: Settings) -> None:
    with journey_to("Google", app, settings, social.Google()) as journey:
        app.sign_up("ann")
        link_identity(app, at("Google", "u-1"), "ann")
        claims = claims_of(journey.tokens(journey.sign_in())["id_token"])
        assert claims["cognito:username"] == "ann"
        assert claims["identities"][0]["primary"] == "false"
        assert "cognito:groups" not in claims
