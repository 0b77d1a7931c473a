"""The functions of a pool in sign-ins by providers."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_app.models import PoolUser
from tests.clients.providers import at, attributes, link
from tests.conftest import App
from tests.federation.journey import Journey, claims_of, error_of
from tests.triggers.conftest import functions  # noqa: F401  # fixture
from tests.triggers.functions_of_pool import Functions, arn, lambda_config

pytestmark = pytest.mark.django_db

INBOUND = {"InboundFederation": {"LambdaVersion": "V1_0", "LambdaArn": arn("InboundFederation")}}
ALL = lambda_config(
    "PreSignUp",
    "PostConfirmation",
    "PreAuthentication",
    "PostAuthentication",
    "PreTokenGeneration",
    "CustomMessage",
    "UserMigration",
    "DefineAuthChallenge",
    **INBOUND,
)


@pytest.fixture
def hooked(journey: Journey, functions: Functions) -> Journey:  # noqa: F811
    """A pool with every function."""
    configure(journey.app, ALL)
    return journey


def configure(app: App, config: dict[str, Any]) -> None:
    """Give the pool functions."""
    app.idp.update_user_pool(UserPoolId=app.pool_id, AutoVerifiedAttributes=["email"], LambdaConfig=config)


def test_the_first_sign_in_and_later_ones_have_their_own_order(hooked: Journey, functions: Functions) -> None:  # noqa: F811
    hooked.tokens(hooked.sign_in())
    assert functions.sources() == [
        "InboundFederation_ExternalProvider",
        "PreSignUp_ExternalProvider",
        "PostConfirmation_ConfirmSignUp",
        "TokenGeneration_HostedAuth",
    ]
    before = len(functions.sources())
    hooked.tokens(hooked.sign_in(prompt="login"))
    assert functions.sources()[before:] == [
        "InboundFederation_ExternalProvider",
        "PreAuthentication_Authentication",
        "PostAuthentication_Authentication",
        "TokenGeneration_HostedAuth",
    ]


def test_events_say_who_comes_from_where(hooked: Journey, functions: Functions) -> None:  # noqa: F811
    hooked.sign_in()
    inbound = functions.event("InboundFederation_ExternalProvider")
    assert inbound["userName"] == "Corp_u-1"
    assert inbound["callerContext"]["clientId"] == hooked.site.client["ClientId"]
    request = inbound["request"]
    assert (request["providerName"], request["providerType"]) == ("Corp", "OIDC")
    assert request["attributes"]["idToken"]["sub"] == "u-1"
    assert request["attributes"]["tokenResponse"]["expires_in"] == "3600"
    assert request["attributes"]["userInfo"]["email"] == "u-1@idp.example"
    created = functions.event("PreSignUp_ExternalProvider")
    assert created["userName"] == "Corp_u-1"
    given = created["request"]["userAttributes"]
    assert given["email"] == "u-1@idp.example"
    assert given["cognito:email_alias"] == ""
    assert "sub" not in given
    confirmed = functions.event("PostConfirmation_ConfirmSignUp")["request"]["userAttributes"]
    assert confirmed["cognito:user_status"] == "EXTERNAL_PROVIDER"
    assert confirmed["sub"] == PoolUser.objects.get().sub


def test_inbound_federation_rewrites_what_is_mapped(hooked: Journey, functions: Functions) -> None:  # noqa: F811
    functions.responses["InboundFederation"] = {"userAttributesToMap": {"email": "other@corp.example"}}
    hooked.provider.profile = {"name": "Ann"}
    hooked.sign_in()
    found = attributes(hooked.app, "Corp_u-1")
    assert found["email"] == "other@corp.example"
    assert "name" not in found


def test_a_function_may_set_a_custom_attribute_and_a_provider_may_not(
    hooked: Journey,
    functions: Functions,  # noqa: F811
) -> None:
    hooked.app.idp.add_custom_attributes(
        UserPoolId=hooked.app.pool_id, CustomAttributes=[{"Name": "groups", "AttributeDataType": "String"}]
    )
    kept = ("CallbackURLs", "AllowedOAuthFlows", "AllowedOAuthScopes", "SupportedIdentityProviders")
    hooked.app.idp.update_user_pool_client(
        UserPoolId=hooked.app.pool_id,
        ClientId=hooked.site.client["ClientId"],
        AllowedOAuthFlowsUserPoolClient=True,
        WriteAttributes=["email", "name", "custom:groups"],
        **{name: hooked.site.client[name] for name in kept},
    )
    hooked.provider.claims = {"custom:groups": "admins"}
    hooked.sign_in()
    assert "custom:groups" not in attributes(hooked.app, "Corp_u-1")
    functions.responses["InboundFederation"] = {"userAttributesToMap": {"custom:groups": "staff"}}
    hooked.sign_in(prompt="login")
    assert attributes(hooked.app, "Corp_u-1")["custom:groups"] == "staff"


def test_pre_sign_up_verifies_addresses_but_does_not_confirm(hooked: Journey, functions: Functions) -> None:  # noqa: F811
    functions.responses["PreSignUp"] = {"autoVerifyEmail": True, "autoConfirmUser": True}
    hooked.sign_in()
    assert attributes(hooked.app, "Corp_u-1")["email_verified"] == "true"
    assert PoolUser.objects.get().status == "EXTERNAL_PROVIDER"


@pytest.mark.parametrize("trigger", ["InboundFederation", "PreSignUp"])
def test_a_function_that_refuses_ends_the_sign_in(journey: Journey, functions: Functions, trigger: str) -> None:  # noqa: F811
    configure(journey.app, {name: ALL[name] for name in (trigger,)})
    functions.refuse("Not you")
    assert error_of(journey.sign_in()) == ("invalid_request", f"{trigger} failed with error Not you.")
    assert journey.nothing_happened()


def test_post_confirmation_that_refuses_leaves_a_user_without_a_session(
    journey: Journey,
    functions: Functions,  # noqa: F811
) -> None:
    configure(journey.app, {"PostConfirmation": ALL["PostConfirmation"]})
    functions.refuse("No")
    assert error_of(journey.sign_in()) == ("invalid_request", "PostConfirmation failed with error No.")
    assert journey.users() == ["Corp_u-1"]
    assert "cognito" not in journey.browser.cookies


@pytest.mark.parametrize("trigger", ["PreAuthentication", "PostAuthentication"])
def test_a_function_that_refuses_a_later_sign_in(journey: Journey, functions: Functions, trigger: str) -> None:  # noqa: F811
    journey.sign_in()
    configure(journey.app, {trigger: ALL[trigger]})
    functions.refuse("Not today")
    answer = journey.sign_in(prompt="login")
    assert error_of(answer) == ("invalid_request", f"{trigger} failed with error Not today.")


@pytest.mark.django_db(transaction=True)
def test_a_function_links_the_identity_and_the_sign_in_is_the_local_users(
    journey: Journey,
    functions: Functions,  # noqa: F811
) -> None:
    journey.app.sign_up("ann")
    configure(journey.app, {"PreSignUp": ALL["PreSignUp"]})
    functions.before = lambda event: link(journey.app, at("Corp", "u-1"), "ann")
    claims = claims_of(journey.tokens(journey.sign_in())["id_token"])
    assert claims["cognito:username"] == "ann"
    assert journey.users() == ["ann"]


@pytest.mark.django_db(transaction=True)
def test_a_function_links_and_refuses_and_the_next_sign_in_is_the_local_users(
    journey: Journey,
    functions: Functions,  # noqa: F811
) -> None:
    journey.app.sign_up("ann")
    configure(journey.app, {"PreSignUp": ALL["PreSignUp"]})
    functions.before = lambda event: link(journey.app, at("Corp", "u-1"), "ann")
    functions.refuse("Linked, sign in again")
    assert error_of(journey.sign_in())[1] == "PreSignUp failed with error Linked, sign in again."
    functions.failure = functions.before = None
    assert claims_of(journey.tokens(journey.sign_in())["id_token"])["cognito:username"] == "ann"
    assert journey.users() == ["ann"]


@pytest.mark.django_db(transaction=True)
def test_pre_authentication_may_clear_an_attribute_that_the_provider_no_longer_sends(
    journey: Journey,
    functions: Functions,  # noqa: F811
) -> None:
    journey.provider.profile = {"name": "Ann"}
    journey.sign_in()
    configure(journey.app, {"PreAuthentication": ALL["PreAuthentication"]})
    functions.before = lambda event: journey.app.idp.admin_delete_user_attributes(
        UserPoolId=journey.app.pool_id, Username="Corp_u-1", UserAttributeNames=["name"]
    )
    journey.provider.profile = {}
    journey.sign_in(prompt="login")
    assert "name" not in attributes(journey.app, "Corp_u-1")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("trigger", ["PostConfirmation", "PreAuthentication", "PostAuthentication"])
def test_a_function_that_deletes_the_user_ends_the_sign_in(
    journey: Journey,
    functions: Functions,  # noqa: F811
    trigger: str,
) -> None:
    if trigger != "PostConfirmation":
        journey.sign_in()
    configure(journey.app, {trigger: ALL[trigger]})
    functions.before = lambda event: journey.app.idp.admin_delete_user(
        UserPoolId=journey.app.pool_id, Username="Corp_u-1"
    )
    assert error_of(journey.sign_in(prompt="login"))[0] == "invalid_request"
    assert journey.users() == []


@pytest.mark.django_db(transaction=True)
def test_a_function_that_disables_the_user_ends_the_sign_in(
    journey: Journey,
    functions: Functions,  # noqa: F811
) -> None:
    configure(journey.app, {"PostConfirmation": ALL["PostConfirmation"]})
    functions.before = lambda event: journey.app.idp.admin_disable_user(
        UserPoolId=journey.app.pool_id, Username="Corp_u-1"
    )
    assert error_of(journey.sign_in()) == ("invalid_request", "User is disabled.")
    assert "cognito" not in journey.browser.cookies
