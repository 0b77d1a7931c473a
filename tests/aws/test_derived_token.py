"""GetDerivedToken: impersonation and delegation with tokens of the same pool."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from pytest_django import Settings

from cognito_app.core import clock
from cognito_app.models import AuditEvent, RefreshToken
from tests.aws.test_client_token import machine, resource_server, unsigned, without_permissions
from tests.aws.test_tokens import claims
from tests.conftest import FLOWS, App, make_app, refused
from tests.oauth.browser import Site

pytestmark = pytest.mark.django_db

IMPERSONATION, DELEGATION = "ALLOW_TOKEN_EXCHANGE_IMPERSONATION", "ALLOW_TOKEN_EXCHANGE_DELEGATION"
API = "aws.cognito.signin.user.admin"


@pytest.fixture
def pool(app: App) -> App:
    """A pool with a resource server and a user."""
    resource_server(app)
    app.sign_up(given_name="Ann", nickname="nan")
    return app


def service(pool: App, *flows: str, **settings: Any) -> str:
    """Create a client that exchanges tokens; returns its id."""
    given = {"AllowedOAuthScopes": ["api/read", "openid", "email"], **settings}
    return str(pool.client(ExplicitAuthFlows=list(flows or (IMPERSONATION, DELEGATION)), **given)["ClientId"])


def exchange(pool: App, client_id: str, token: str, kind: str = "ACCESS_TOKEN", **members: Any) -> Any:
    """Exchange a token."""
    return pool.idp.get_derived_token(ClientId=client_id, SubjectToken=token, SubjectTokenType=kind, **members)


def hosted(pool: App, scope: str) -> dict[str, str]:
    """Sign the user in on the pages with these scopes."""
    site = Site(pool, AllowedOAuthScopes=["openid", "email", "profile", "api/read", "api/write", API])
    tokens: dict[str, str] = site.exchange(site.code(scope=scope)).json()
    return tokens


def actor_token(pool: App) -> tuple[str, str]:
    """Return a service's client id and its token."""
    client = machine(pool)
    answer = pool.idp.get_client_token(ClientId=client["ClientId"], Secret=client["ClientSecret"])
    return client["ClientId"], answer["ClientAuthenticationResult"]["AccessToken"]


@pytest.mark.operation("GetDerivedToken")
def test_impersonation_gives_a_token_as_if_the_user_had_acted(pool: App) -> None:
    client_id = service(pool, IMPERSONATION)
    pool.idp.create_group(UserPoolId=pool.pool_id, GroupName="staff")
    pool.idp.admin_add_user_to_group(UserPoolId=pool.pool_id, Username="ann", GroupName="staff")
    before = RefreshToken.objects.count()
    subject = pool.sign_in()["AccessToken"]
    answer = exchange(pool, client_id, subject)
    assert (answer["IssuedTokenType"], answer["TokenType"], answer["Scopes"]) == ("ACCESS_TOKEN", "Bearer", [API])
    old, new = claims(pool, subject), claims(pool, answer["IssuedToken"])
    for name in ("sub", "iss", "username", "scope", "auth_time", "origin_jti", "event_id", "token_use"):
        assert old[name] == new[name]
    assert old["jti"] != new["jti"]
    assert new["client_id"] == client_id
    assert new["cognito:groups"] == ["staff"]
    assert new["exp"] - new["iat"] == answer["ExpiresIn"]
    assert not {"act", "aud"} & set(new)
    assert pool.idp.get_user(AccessToken=answer["IssuedToken"])["Username"] == "ann"
    assert RefreshToken.objects.count() == before + 1


def test_delegation_names_the_actor_and_nests_the_earlier_ones(pool: App) -> None:
    client_id = service(pool)
    subject = pool.sign_in()["AccessToken"]
    first_id, first = actor_token(pool)
    second_id, second = actor_token(pool)
    acting = {"ActorToken": first, "ActorTokenType": "ACCESS_TOKEN"}
    one = exchange(pool, client_id, subject, **acting)["IssuedToken"]
    assert claims(pool, one)["act"] == {"sub": first_id}
    acting = {"ActorToken": second, "ActorTokenType": "ACCESS_TOKEN"}
    two = exchange(pool, client_id, one, **acting)["IssuedToken"]
    assert claims(pool, two)["act"] == {"sub": second_id, "act": {"sub": first_id}}
    assert claims(pool, two)["username"] == "ann"
    later = exchange(pool, client_id, two)["IssuedToken"]
    assert claims(pool, later)["act"] == claims(pool, two)["act"]


def test_a_user_may_act_for_another(pool: App) -> None:
    pool.sign_up("bob")
    ann, bob = pool.sign_in(), pool.sign_in("bob")
    client_id = service(pool, DELEGATION)
    for kind, member in (("ACCESS_TOKEN", "AccessToken"), ("ID_TOKEN", "IdToken")):
        acting = {"ActorToken": bob[member], "ActorTokenType": kind}
        issued = exchange(pool, client_id, ann["AccessToken"], **acting)["IssuedToken"]
        body = claims(pool, issued)
        assert (body["username"], body["act"]) == ("ann", {"sub": claims(pool, bob["AccessToken"])["sub"]})


def test_each_mode_needs_its_flow(pool: App) -> None:
    token = pool.sign_in()["AccessToken"]
    acting = {"ActorToken": actor_token(pool)[1], "ActorTokenType": "ACCESS_TOKEN"}
    with refused("InvalidParameterException"):
        exchange(pool, service(pool, IMPERSONATION), token, **acting)
    with refused("InvalidParameterException"):
        exchange(pool, service(pool, DELEGATION), token)
    for members in ({}, acting):
        with refused("InvalidParameterException"):
            exchange(pool, pool.client_id, token, **members)


def test_scopes_are_what_is_asked_for_held_and_allowed(pool: App) -> None:
    client_id = service(pool, IMPERSONATION)
    token = hosted(pool, "openid email api/read api/write")["access_token"]

    def granted(*scopes: str) -> list[str]:
        members: dict[str, Any] = {"Scopes": list(scopes)} if scopes else {}
        answer = exchange(pool, client_id, token, **members)
        assert claims(pool, answer["IssuedToken"])["scope"].split() == answer["Scopes"]
        return list(answer["Scopes"])

    assert granted() == ["openid", "email", "api/read", "api/write"]
    assert granted("api/read", "api/write", "profile") == ["api/read"]
    assert granted("openid", "email") == ["openid", "email"]
    for scopes in (["api/write"], ["profile"], ["unknown"], [API]):
        with refused("InvalidParameterException"):
            granted(*scopes)
    pool.idp.delete_resource_server(UserPoolId=pool.pool_id, Identifier="api")
    with refused("InvalidParameterException"):
        granted("api/read")


def test_a_token_is_bound_to_one_resource_server(pool: App) -> None:
    client_id = service(pool, IMPERSONATION)
    resource_server(pool, "https://orders.example.com")
    token = pool.sign_in()["AccessToken"]
    for member in ("Audiences", "Resources"):

        def bound(*identifiers: str, member: str = member) -> Any:
            members: dict[str, Any] = {member: list(identifiers)}
            return exchange(pool, client_id, token, **members)

        answer = bound("https://orders.example.com")
        issued = answer["IssuedToken"]
        assert claims(pool, issued, "https://orders.example.com")["aud"] == "https://orders.example.com"
        with refused("ResourceNotFoundException"):
            bound("unknown")
        with refused("InvalidParameterException"):
            bound("api", "https://orders.example.com")
    with refused("InvalidParameterException"):
        exchange(pool, client_id, token, Audiences=["api"], Resources=["api"])
    assert exchange(pool, client_id, token, Audiences=[], Resources=["api"])["ExpiresIn"] > 0


def test_id_tokens_show_what_client_and_scopes_allow(pool: App) -> None:
    client_id = service(pool, IMPERSONATION, ReadAttributes=["email", "nickname", "given_name"])
    tokens = hosted(pool, "openid email")
    wanted = {"RequestedTokenType": "ID_TOKEN"}
    answer = exchange(pool, client_id, tokens["access_token"], **wanted)
    assert (answer["IssuedTokenType"], answer["TokenType"]) == ("ID_TOKEN", "N_A")
    assert "Scopes" not in answer
    body = claims(pool, answer["IssuedToken"], client_id)
    assert (body["token_use"], body["cognito:username"], body["email"]) == ("id", "ann", "ann@example.com")
    assert not {"nickname", "given_name", "nonce", "scope"} & set(body)
    again = exchange(pool, client_id, tokens["id_token"], "ID_TOKEN", **wanted, Audiences=["api"])["IssuedToken"]
    body = claims(pool, again, "api")
    assert body["email"] == "ann@example.com"
    assert not {"nickname", "given_name", "email_verified"} & set(body)
    everything = exchange(pool, client_id, pool.sign_in()["AccessToken"], **wanted)["IssuedToken"]
    assert claims(pool, everything, client_id)["nickname"] == "nan"
    with refused("InvalidParameterException"):
        exchange(pool, client_id, tokens["access_token"], **wanted, Scopes=["email"])
    with refused("InvalidParameterException"):
        exchange(pool, client_id, tokens["access_token"], RequestedTokenType="SAML2")


def test_an_id_token_gives_no_scopes(pool: App) -> None:
    client_id = service(pool, IMPERSONATION, AllowedOAuthScopes=["openid", "api/read", API])
    token = pool.sign_in()["IdToken"]
    answer = exchange(pool, client_id, token, "ID_TOKEN")
    assert answer["Scopes"] == []
    assert claims(pool, answer["IssuedToken"])["scope"] == ""
    with refused("NotAuthorizedException", "Access Token does not have required scopes"):
        pool.idp.get_user(AccessToken=answer["IssuedToken"])
    with refused("InvalidParameterException"):
        exchange(pool, client_id, token, "ID_TOKEN", Scopes=[API])


def test_a_derived_token_ends_and_is_revoked_with_its_subject(pool: App) -> None:
    client_id = service(pool, IMPERSONATION, EnableTokenRevocation=False)
    start = clock.now()
    with time_machine.travel(start, tick=False):
        tokens = pool.sign_in()
    with time_machine.travel(start + timedelta(minutes=45), tick=False):
        answer = exchange(pool, client_id, tokens["AccessToken"])
        assert answer["ExpiresIn"] == 15 * 60
        assert pool.idp.get_user(AccessToken=answer["IssuedToken"])["Username"] == "ann"
        pool.idp.revoke_token(ClientId=pool.client_id, Token=tokens["RefreshToken"])
        with refused("NotAuthorizedException", "Access Token has been revoked"):
            pool.idp.get_user(AccessToken=answer["IssuedToken"])
        for token in (tokens["AccessToken"], answer["IssuedToken"]):
            with refused("NotAuthorizedException", "Subject Token has been revoked"):
                exchange(pool, client_id, token)
    short = service(pool, AccessTokenValidity=5, TokenValidityUnits={"AccessToken": "minutes"})
    assert exchange(pool, short, pool.sign_in()["AccessToken"])["ExpiresIn"] == 300


def test_tokens_that_are_no_subject_are_refused(pool: App) -> None:
    client_id = service(pool)
    tokens = pool.sign_in()
    elsewhere = make_app(pool.idp, pool.inbox)
    elsewhere.sign_up()
    foreign = elsewhere.sign_in()["AccessToken"]
    head, body, signature = tokens["AccessToken"].split(".")
    for token, kind in (
        (foreign, "ACCESS_TOKEN"),
        (tokens["AccessToken"], "ID_TOKEN"),
        (tokens["IdToken"], "ACCESS_TOKEN"),
        (tokens["RefreshToken"], "ACCESS_TOKEN"),
        (f"{head}.{body}.{signature[:-4]}AAAA", "ACCESS_TOKEN"),
        ("garbage", "ID_TOKEN"),
    ):
        with refused("NotAuthorizedException"):
            exchange(pool, client_id, token, kind)
        with refused("NotAuthorizedException"):
            exchange(pool, client_id, tokens["AccessToken"], ActorToken=token, ActorTokenType=kind)
    with refused("NotAuthorizedException", "The Subject Token does not stand for a user."):
        exchange(pool, client_id, actor_token(pool)[1])
    with (
        time_machine.travel(clock.now() + timedelta(hours=2)),
        refused("NotAuthorizedException", "Subject Token has expired"),
    ):
        exchange(pool, client_id, tokens["AccessToken"])


def test_users_who_are_disabled_signed_out_or_deleted_are_no_subjects(pool: App) -> None:
    client_id = service(pool)
    for name in ("bob", "cid"):
        pool.sign_up(name)
    ann, bob, cid = pool.sign_in(), pool.sign_in("bob"), pool.sign_in("cid")
    pool.idp.admin_user_global_sign_out(UserPoolId=pool.pool_id, Username="ann")
    pool.idp.admin_disable_user(UserPoolId=pool.pool_id, Username="bob")
    pool.idp.admin_delete_user(UserPoolId=pool.pool_id, Username="cid")
    fresh = pool.sign_in()["AccessToken"]
    for tokens, code in (
        (ann, "NotAuthorizedException"),
        (bob, "NotAuthorizedException"),
        (cid, "UserNotFoundException"),
    ):
        for kind, member in (("ACCESS_TOKEN", "AccessToken"), ("ID_TOKEN", "IdToken")):
            with refused(code):
                exchange(pool, client_id, tokens[member], kind)
            with refused(code):
                exchange(pool, client_id, fresh, ActorToken=tokens[member], ActorTokenType=kind)


def test_an_actor_whose_client_is_gone_does_not_act(pool: App) -> None:
    client_id, token = service(pool), pool.sign_in()["AccessToken"]
    gone, acting = actor_token(pool)
    pool.idp.delete_user_pool_client(UserPoolId=pool.pool_id, ClientId=gone)
    with refused("NotAuthorizedException", "Invalid Actor Token"):
        exchange(pool, client_id, token, ActorToken=acting, ActorTokenType="ACCESS_TOKEN")


def test_actor_token_and_type_belong_together(pool: App) -> None:
    client_id, tokens = service(pool), pool.sign_in()
    with refused("InvalidParameterException"):
        exchange(pool, client_id, tokens["AccessToken"], ActorToken=tokens["IdToken"])
    with refused("InvalidParameterException"):
        exchange(pool, client_id, tokens["AccessToken"], ActorTokenType="ID_TOKEN")


def test_tokens_of_other_providers_are_not_believed(pool: App) -> None:
    client_id, tokens = service(pool), pool.sign_in()
    with refused("NotAuthorizedException"):
        exchange(pool, client_id, tokens["IdToken"], "ID_TOKEN", SubjectTokenProviderName="Corp")
    with refused("NotAuthorizedException"):
        exchange(pool, client_id, "PHNhbWw+", "SAML2", SubjectTokenProviderName="Corp")
    with refused("InvalidParameterException"):
        exchange(pool, client_id, "PHNhbWw+", "SAML2")
    with refused("NotAuthorizedException"):
        exchange(
            pool,
            client_id,
            tokens["AccessToken"],
            ActorToken=tokens["IdToken"],
            ActorTokenType="ID_TOKEN",
            ActorTokenProviderName="Corp",
        )


def test_a_client_or_iam_authenticates_the_call(pool: App) -> None:
    secret_client = pool.client(ExplicitAuthFlows=[IMPERSONATION], GenerateSecret=True)
    public = service(pool, IMPERSONATION)
    subject = {"SubjectToken": pool.sign_in()["AccessToken"], "SubjectTokenType": "ACCESS_TOKEN"}
    confidential = {"ClientId": secret_client["ClientId"], **subject}
    assert unsigned("GetDerivedToken", ClientId=public, **subject)[0] == 200
    assert unsigned("GetDerivedToken", **confidential, ClientSecret=secret_client["ClientSecret"])[0] == 200
    for members in (
        confidential,
        {**confidential, "ClientSecret": "x" * 30},
        {"ClientId": public, **subject, "ClientSecret": "x" * 30},
    ):
        status, answer = unsigned("GetDerivedToken", **members)
        assert (status, answer["__type"]) == (400, "NotAuthorizedException")
    assert pool.idp.get_derived_token(**confidential)["IssuedToken"]
    with refused("NotAuthorizedException"):
        pool.idp.get_derived_token(**confidential, ClientSecret="x" * 30)
    with refused("ResourceNotFoundException"):
        pool.idp.get_derived_token(ClientId="unknown", **subject)


def test_policies_count_for_signed_calls(pool: App) -> None:
    nobody = without_permissions()
    with pytest.raises(nobody.exceptions.ClientError) as caught:
        nobody.get_derived_token(
            ClientId=service(pool), SubjectToken=pool.sign_in()["AccessToken"], SubjectTokenType="ACCESS_TOKEN"
        )
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"


def test_each_exchange_leaves_an_audit_row_without_tokens(pool: App) -> None:
    client_id, token = service(pool), pool.sign_in()["AccessToken"]
    exchange(pool, client_id, token)
    row = AuditEvent.objects.get(action="GetDerivedToken")
    assert row.subject == claims(pool, token)["sub"]
    assert row.detail == {"client": client_id, "acting": False}


def test_token_exchange_is_no_feature_of_lite(app: App, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "ALL_FEATURES": False}
    lite = make_app(app.idp, app.inbox, UserPoolTier="LITE")
    for flow in (IMPERSONATION, DELEGATION):
        with refused("FeatureUnavailableInTierException"):
            lite.client(ExplicitAuthFlows=[*FLOWS, flow])
        with refused("FeatureUnavailableInTierException"):
            app.idp.update_user_pool_client(
                UserPoolId=lite.pool_id, ClientId=lite.client_id, ExplicitAuthFlows=[*FLOWS, flow]
            )


def test_a_trigger_that_cannot_run_is_not_passed_over(pool: App) -> None:
    client_id, token = service(pool), pool.sign_in()["AccessToken"]
    arn = "arn:aws:lambda:us-east-1:000000000000:function:f"
    pool.idp.update_user_pool(
        UserPoolId=pool.pool_id, AutoVerifiedAttributes=["email"], LambdaConfig={"PreTokenGeneration": arn}
    )
    with refused("UnexpectedLambdaException"):
        exchange(pool, client_id, token)


def test_a_derived_token_is_signed_by_the_pools_keys_of_its_kind(pool: App) -> None:
    client_id, tokens = service(pool), pool.sign_in()
    for kind, member in (("ACCESS_TOKEN", "AccessToken"), ("ID_TOKEN", "IdToken")):
        issued = exchange(pool, client_id, tokens["AccessToken"], RequestedTokenType=kind)["IssuedToken"]
        assert jwt.get_unverified_header(issued) == jwt.get_unverified_header(tokens[member])
