"""What the API, sessions and other endpoints do with users of providers."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from cognito_app.core import clock
from cognito_app.models import AuthEvent, BrowserSession
from tests.aws import test_replicas as replicas
from tests.clients import boto
from tests.clients.identity_provider import IdentityProvider, parameters
from tests.clients.providers import at, attributes, disable, identities, link
from tests.conftest import PASSWORD, App, Inbox, make_app, refused
from tests.federation.journey import Journey, claims_of, error_of
from tests.oauth.browser import CALLBACK, Site

pytestmark = pytest.mark.django_db


class TestApi:
    """Administrators and users of the API."""

    def test_administrators_see_the_user(self, journey: Journey) -> None:
        journey.sign_in()
        found = journey.app.idp.admin_get_user(UserPoolId=journey.app.pool_id, Username="Corp_u-1")
        assert (found["UserStatus"], found["Enabled"]) == ("EXTERNAL_PROVIDER", True)
        (listed,) = journey.app.idp.list_users(
            UserPoolId=journey.app.pool_id, Filter='cognito:user_status = "EXTERNAL_PROVIDER"'
        )["Users"]
        assert listed["Username"] == "Corp_u-1"
        assert any(item["Name"] == "identities" for item in listed["Attributes"])
        (member,) = journey.app.idp.list_users_in_group(
            UserPoolId=journey.app.pool_id, GroupName=f"{journey.app.pool_id}_Corp"
        )["Users"]
        assert member["Username"] == "Corp_u-1"

    def test_there_is_no_password_and_no_way_to_ask_for_one(self, journey: Journey) -> None:
        journey.sign_in()
        public = boto.client("cognito-idp")
        for password in (PASSWORD, ""):
            with refused("NotAuthorizedException" if password else "InvalidParameterException"):
                public.initiate_auth(
                    ClientId=journey.app.client_id,
                    AuthFlow="USER_PASSWORD_AUTH",
                    AuthParameters={"USERNAME": "Corp_u-1", "PASSWORD": password},
                )
        with refused("NotAuthorizedException"):
            public.forgot_password(ClientId=journey.app.client_id, Username="Corp_u-1")

    def test_a_password_from_an_administrator_opens_the_api_beside_the_provider(self, journey: Journey) -> None:
        journey.sign_in()
        journey.app.idp.admin_set_user_password(
            UserPoolId=journey.app.pool_id, Username="Corp_u-1", Password=PASSWORD, Permanent=True
        )
        assert journey.app.sign_in("Corp_u-1")["AccessToken"]
        found = journey.app.idp.admin_get_user(UserPoolId=journey.app.pool_id, Username="Corp_u-1")
        assert found["UserStatus"] == "CONFIRMED"
        claims = claims_of(journey.tokens(journey.sign_in(prompt="login"))["id_token"])
        assert claims["cognito:username"] == "Corp_u-1"
        assert claims["amr"] == ["fed"]

    def test_after_unlinking_the_identity_makes_a_user_of_its_own(self, journey: Journey) -> None:
        journey.app.sign_up("ann")
        link(journey.app, at("Corp", "u-1"), "ann")
        assert claims_of(journey.tokens(journey.sign_in())["id_token"])["cognito:username"] == "ann"
        disable(journey.app, at("Corp", "u-1"))
        claims = claims_of(journey.tokens(journey.sign_in(prompt="login"))["id_token"])
        assert claims["cognito:username"] == "Corp_u-1"

    def test_a_user_without_a_password_of_the_pool_still_signs_in_by_the_provider(self, journey: Journey) -> None:
        journey.app.sign_up("ann")
        link(journey.app, at("Corp", "u-1"), "ann")
        disable(journey.app, at("Cognito", "ann"))
        with refused("NotAuthorizedException"):
            journey.app.sign_in("ann")
        assert claims_of(journey.tokens(journey.sign_in())["id_token"])["cognito:username"] == "ann"

    def test_a_second_identity_is_linked_to_the_user_that_the_first_made(
        self, journey: Journey, provider: IdentityProvider
    ) -> None:
        journey.sign_in()
        link(journey.app, at("Corp", "u-2"), "u-1", provider="Corp")
        provider.subject = "u-2"
        claims = claims_of(journey.tokens(journey.sign_in(prompt="login"))["id_token"])
        assert claims["cognito:username"] == "Corp_u-1"
        assert [item["primary"] for item in identities(journey.app, "Corp_u-1")] == [True, False]

    def test_an_identity_that_has_signed_in_cannot_be_linked(self, journey: Journey) -> None:
        journey.app.sign_up("ann")
        journey.sign_in()
        with refused("InvalidParameterException"):
            link(journey.app, at("Corp", "u-1"), "ann")

    def test_the_pools_mfa_is_not_asked_of_federated_users(self, journey: Journey) -> None:
        journey.app.idp.set_user_pool_mfa_config(
            UserPoolId=journey.app.pool_id,
            SoftwareTokenMfaConfiguration={"Enabled": True},
            MfaConfiguration="ON",
        )
        assert journey.tokens(journey.sign_in())["access_token"]

    def test_get_user_and_user_info_answer(self, journey: Journey) -> None:
        tokens = journey.tokens(journey.sign_in(scope="openid email aws.cognito.signin.user.admin"))
        public = boto.client("cognito-idp")
        assert public.get_user(AccessToken=tokens["access_token"])["Username"] == "Corp_u-1"
        info = Client().get(
            f"/{journey.app.pool_id}/oauth2/userInfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}
        )
        assert info.json()["username"] == "Corp_u-1"

    def test_the_implicit_grant_has_tokens_of_the_user(self, app: App, provider: IdentityProvider) -> None:
        journey = Journey(app, provider, AllowedOAuthFlows=["implicit"])
        response = journey.sign_in(response_type="token", code_challenge=None, code_challenge_method=None)
        fragment = parameters(response["Location"].replace("#", "&"))
        assert claims_of(fragment["id_token"])["cognito:username"] == "Corp_u-1"

    def test_refresh_ends_with_a_disabled_user(self, journey: Journey) -> None:
        tokens = journey.tokens(journey.sign_in())
        journey.app.idp.admin_disable_user(UserPoolId=journey.app.pool_id, Username="Corp_u-1")
        answer = journey.site.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        assert answer.json()["error"] == "invalid_grant"
        assert error_of(journey.sign_in(prompt="login")) == ("invalid_request", "User is disabled.")


class TestSessions:
    """The browser session that a provider's sign-in makes."""

    def ask(self, site: Site, browser: Client, app: App, **changes: str) -> dict[str, str]:
        """Ask for a code without a page."""
        answer = browser.get(f"/{app.pool_id}/oauth2/authorize", site.request(**{"prompt": "none", **changes}))
        return parameters(answer["Location"])

    def test_the_session_answers_the_next_request(self, journey: Journey) -> None:
        journey.sign_in()
        assert "code" in self.ask(journey.site, journey.browser, journey.app)
        assert "code" in self.ask(journey.site, journey.browser, journey.app, identity_provider="Corp")
        asked = self.ask(journey.site, journey.browser, journey.app, identity_provider="COGNITO")
        assert asked["error"] == "login_required"

    def test_a_local_session_is_not_one_of_the_provider(self, journey: Journey) -> None:
        journey.app.sign_up("ann")
        journey.site.code()
        asked = self.ask(journey.site, journey.browser, journey.app, identity_provider="Corp")
        assert asked["error"] == "login_required"
        assert journey.leave().startswith(journey.provider.url)

    def test_a_client_without_the_provider_does_not_take_its_session(self, journey: Journey) -> None:
        journey.sign_in()
        other = Site(journey.app)
        assert self.ask(other, journey.browser, journey.app)["error"] == "login_required"
        third = Site(journey.app, SupportedIdentityProviders=["COGNITO", "Corp"])
        assert "code" in self.ask(third, journey.browser, journey.app)

    def test_a_provider_taken_from_the_client_ends_reuse_and_new_sign_ins(self, journey: Journey) -> None:
        journey.sign_in()
        kept = ("CallbackURLs", "AllowedOAuthFlows", "AllowedOAuthScopes")
        journey.app.idp.update_user_pool_client(
            UserPoolId=journey.app.pool_id,
            ClientId=journey.site.client["ClientId"],
            AllowedOAuthFlowsUserPoolClient=True,
            SupportedIdentityProviders=["COGNITO"],
            **{name: journey.site.client[name] for name in kept},
        )
        assert self.ask(journey.site, journey.browser, journey.app)["error"] == "login_required"
        answer = journey.site.get("oauth2/authorize", **journey.site.request(identity_provider="Corp"))
        assert error_of(answer)[0] == "invalid_request"

    def test_logout_ends_it_and_a_new_sign_in_has_a_new_cookie(self, journey: Journey) -> None:
        journey.sign_in()
        first = journey.browser.cookies["cognito"].value
        journey.site.get("logout", client_id=journey.site.client["ClientId"], logout_uri="https://app.example.com/bye")
        assert self.ask(journey.site, journey.browser, journey.app)["error"] == "login_required"
        journey.sign_in()
        assert journey.browser.cookies["cognito"].value != first

    def test_the_cookie_that_a_browser_brings_never_becomes_a_session(self, journey: Journey) -> None:
        planted = "A" * 43
        journey.browser.cookies["cognito"] = planted
        response = journey.sign_in()
        assert "code" in parameters(response["Location"])
        assert journey.browser.cookies["cognito"].value != planted
        assert self.ask(journey.site, Client(headers={"Cookie": f"cognito={planted}"}), journey.app)["error"]

    def test_the_account_page_names_the_user_by_the_address(self, journey: Journey) -> None:
        journey.sign_in()
        page = journey.site.get("login", **journey.site.request())
        assert "u-1@idp.example" in page.content.decode()
        journey.site.submit("login", {"action": "continue"})

    def test_the_event_is_in_the_users_history(self, journey: Journey) -> None:
        journey.sign_in()
        event = AuthEvent.objects.get(type="SignIn")
        assert (event.response, event.challenges) == ("Pass", [])
        assert BrowserSession.objects.get().provider == "Corp"


class TestTime:
    """A sign-in lasts five minutes."""

    def test_who_comes_late_starts_again_with_the_same_request(self, journey: Journey) -> None:
        answer = journey.consent(journey.leave())
        with time_machine.travel(clock.now() + timedelta(minutes=5, seconds=1)):
            response = journey.come_back(answer)
            assert "/login?" in response["Location"]
            again = parameters(response["Location"])
            assert (again["state"], again["redirect_uri"]) == ("a b/ü%20", CALLBACK)
            assert again["notice"] == "too_late"
        assert journey.provider.paths().count("/token") == 0
        assert journey.nothing_happened()

    def test_the_page_says_so(self, journey: Journey) -> None:
        page = journey.site.get("login", **journey.site.request(), notice="too_late")
        assert "Something went wrong. Sign in again." in page.content.decode()


def test_a_secondary_site_lets_known_users_in_and_makes_none(
    idp: Any, inbox: Inbox, provider: IdentityProvider, settings: Settings
) -> None:
    settings.COGNITO = {**settings.COGNITO, "REPLICA_REGIONS": [replicas.THERE]}
    journey = Journey(make_app(idp, inbox, **replicas.ELIGIBLE), provider)
    journey.sign_in()
    replicas.create(journey.app)
    replicas.activate(journey.app)
    with replicas.at_the_other_site(settings):
        journey.provider.profile = {"email": "new@idp.example"}
        assert "code" in parameters(journey.sign_in(prompt="login")["Location"])
        journey.provider.subject = "u-2"
        assert error_of(journey.sign_in(prompt="login"))[0] == "invalid_request"
    assert journey.users() == ["Corp_u-1"]
    assert attributes(journey.app, "Corp_u-1")["email"] == "u-1@idp.example"


class TestErrors:
    """What the application hears."""

    @pytest.mark.parametrize(
        ("path", "answer", "description"),
        [
            ("/token", (400, {"error": "invalid_grant"}), "Corp Error - 400 error getting token"),
            ("/token", (503, b"<html>busy"), "Corp Error - 503 error getting token"),
            ("/token", (401, {"error": "invalid_client"}), "Corp Error - 401 error getting token"),
            ("/jwks", (500, {}), "Timeout in calling jwks uri"),
            ("/jwks", (200, {"keys": []}), "Corp Error - invalid ID token"),
        ],
    )
    def test_a_provider_that_fails(
        self, journey: Journey, path: str, answer: tuple[int, Any], description: str
    ) -> None:
        journey.provider.answers[path] = lambda: answer
        assert error_of(journey.sign_in()) == ("invalid_request", description)

    def test_a_provider_that_is_gone(self, journey: Journey) -> None:
        details = {**journey.provider.details, "token_url": "http://127.0.0.1:9/token"}
        described = journey.app.idp.describe_identity_provider(UserPoolId=journey.app.pool_id, ProviderName="Corp")
        journey.app.idp.update_identity_provider(
            UserPoolId=journey.app.pool_id,
            ProviderName="Corp",
            ProviderDetails={**described["IdentityProvider"]["ProviderDetails"], **details},
        )
        assert error_of(journey.sign_in()) == ("invalid_request", "Connection reset")

    def test_an_attribute_that_cannot_be_changed_has_awss_words(self, app: App, provider: IdentityProvider) -> None:
        app.idp.add_custom_attributes(
            UserPoolId=app.pool_id,
            CustomAttributes=[{"Name": "no", "AttributeDataType": "String", "Mutable": False}],
        )
        journey = Journey(app, provider, mapping={"custom:no": "employee"}, WriteAttributes=["email", "custom:no"])
        provider.claims = {"employee": "7"}
        assert "code" in parameters(journey.sign_in()["Location"])
        assert error_of(journey.sign_in(prompt="login")) == (
            "invalid_request",
            "user.custom:no: Attribute cannot be updated.",
        )

    def test_many_values_come_as_one_text(self, app: App, provider: IdentityProvider) -> None:
        journey = Journey(app, provider, mapping={"profile": "groups"})
        provider.claims = {"groups": ["a", "b c"]}
        journey.sign_in()
        found = app.idp.admin_get_user(UserPoolId=app.pool_id, Username="Corp_u-1")["UserAttributes"]
        assert {"Name": "profile", "Value": "[a,b+c]"} in found

    def test_identities_are_json(self, journey: Journey) -> None:
        journey.sign_in()
        found = journey.app.idp.admin_get_user(UserPoolId=journey.app.pool_id, Username="Corp_u-1")["UserAttributes"]
        text = next(item["Value"] for item in found if item["Name"] == "identities")
        assert json.loads(text)[0]["primary"] is True
