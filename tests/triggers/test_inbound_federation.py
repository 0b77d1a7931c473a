"""InboundFederation, and PreSignUp for users of providers: settings, events, answers. Federation itself calls them."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_app.errors import (
    InvalidLambdaResponseException,
    UnexpectedLambdaException,
    UserLambdaValidationException,
)
from cognito_app.triggers import inbound_federation, sign_up
from cognito_app.triggers.inbound_federation import Assertion
from cognito_app.triggers.invoke import Caller
from tests.clients.endpoints import Answer
from tests.conftest import App, refused
from tests.triggers.functions_of_pool import Functions, arn, lambda_config

CONFIG = {"InboundFederation": {"LambdaVersion": "V1_0", "LambdaArn": arn("InboundFederation")}}
POOL_ID, CLIENT_ID = "us-east-1_AbCdEf123", "1example23456789"
CALLER = Caller(POOL_ID, {**CONFIG, **lambda_config("PreSignUp")}, CLIENT_ID)
OIDC = Assertion(
    provider_name="ExampleProvider",
    provider_type="OIDC",
    token_response={"access_token": "abcDE", "token_type": "Bearer", "expires_in": 3600, "refresh_token": None},
    claims={"sub": "12345", "email": "user@example.com", "email_verified": True, "groups": ["a", "b"]},
    user_info={"given_name": "Example", "address": {"locality": "Köln"}},
)
SAML = Assertion("CorporateAD", "SAML", {"email": "jane@example.com", "department": "Engineering"})
NAME = "ExampleProvider_12345"


@pytest.mark.django_db
class TestSettings:
    """LambdaConfig.InboundFederation."""

    @pytest.mark.operation("UpdateUserPool")
    def test_the_pool_keeps_and_shows_it(self, app: App) -> None:
        app.idp.update_user_pool(UserPoolId=app.pool_id, LambdaConfig=CONFIG)
        assert app.idp.describe_user_pool(UserPoolId=app.pool_id)["UserPool"]["LambdaConfig"] == CONFIG

    @pytest.mark.parametrize(
        "given",
        [
            {"LambdaVersion": "V2_0", "LambdaArn": arn("x")},
            {"LambdaVersion": "V1_0", "LambdaArn": "https://hooks.example.com/federation"},
            {"LambdaVersion": "V1_0", "LambdaArn": "shop.triggers.inbound_federation"},
        ],
    )
    def test_another_version_or_place_is_refused(self, app: App, given: dict[str, str]) -> None:
        with refused("InvalidParameterException"):
            app.idp.update_user_pool(UserPoolId=app.pool_id, LambdaConfig={"InboundFederation": given})

    def test_local_users_do_not_run_it(self, app: App, functions: Functions) -> None:
        app.idp.update_user_pool(UserPoolId=app.pool_id, AutoVerifiedAttributes=["email"], LambdaConfig=CONFIG)
        app.sign_up()
        app.sign_in()
        assert functions.sources() == []


class TestEvents:
    """What the functions receive, and what counts of their answers."""

    @pytest.mark.parametrize(("assertion", "kind"), [(OIDC, ""), (SAML, ".SAML")])
    def test_the_event(self, functions: Functions, assertion: Assertion, kind: str) -> None:
        assert inbound_federation.transform(CALLER, NAME, assertion) is None
        functions.check(inbound_federation.SOURCE, POOL_ID, CLIENT_ID, kind)

    def test_a_pool_without_the_function_keeps_everything(self, functions: Functions) -> None:
        assert inbound_federation.transform(Caller(POOL_ID, {}, CLIENT_ID), NAME, OIDC) is None
        assert functions.sources() == []

    def test_what_it_returns_is_the_whole_list(self, functions: Functions) -> None:
        kept = {"sub": "12345", "custom:user_groups": "Developers"}
        functions.responses["InboundFederation"] = {"userAttributesToMap": kept}
        assert inbound_federation.transform(CALLER, NAME, OIDC) == kept

    @pytest.mark.parametrize("kept", [{}, None])
    def test_nothing_in_the_list_keeps_everything(self, functions: Functions, kept: Any) -> None:
        functions.responses["InboundFederation"] = {"userAttributesToMap": kept}
        assert inbound_federation.transform(CALLER, NAME, OIDC) is None

    @pytest.mark.parametrize("kept", [["sub"], "sub", {"sub": 12345}, {"sub": None}, {"groups": ["a"]}])
    def test_values_that_are_no_texts_are_refused(self, functions: Functions, kept: Any) -> None:
        functions.responses["InboundFederation"] = {"userAttributesToMap": kept}
        with pytest.raises(InvalidLambdaResponseException):
            inbound_federation.transform(CALLER, NAME, OIDC)

    def test_a_refusal_names_the_trigger(self, functions: Functions) -> None:
        functions.refuse("not from there")
        with pytest.raises(UserLambdaValidationException) as caught:
            inbound_federation.transform(CALLER, NAME, OIDC)
        assert caught.value.message == "InboundFederation failed with error not from there."

    def test_a_function_that_cannot_run(self, functions: Functions) -> None:
        functions.failure = Answer(body={}, status=404, headers={"x-amzn-ErrorType": "ResourceNotFoundException"})
        with pytest.raises(UnexpectedLambdaException) as caught:
            inbound_federation.transform(CALLER, NAME, OIDC)
        assert caught.value.message == "InboundFederation invocation failed due to error ResourceNotFoundException."

    def test_pre_sign_up_of_a_user_of_a_provider(self, functions: Functions) -> None:
        attributes = {"email": "user@example.com", "cognito:email_alias": "", "cognito:phone_number_alias": ""}
        decided = sign_up.pre_sign_up(CALLER, sign_up.EXTERNAL_PROVIDER, NAME, attributes)
        assert decided == sign_up.SignUpDecision()
        functions.check(sign_up.EXTERNAL_PROVIDER, POOL_ID, CLIENT_ID)

    def test_secrets_of_the_provider_have_no_printed_form(self) -> None:
        assert "abcDE" not in repr(OIDC)
