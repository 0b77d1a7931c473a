"""Linking identities at providers to users, and unlinking them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from botocore.exceptions import ClientError
from django.test import Client

from cognito_app.core import clock
from cognito_app.models import LinkedIdentity, PoolUser
from tests.clients import boto
from tests.clients.parallel import in_parallel
from tests.clients.providers import GOOGLE, OIDC, SUBJECT, add, add_saml, at, attributes, disable, identities, link
from tests.conftest import PASSWORD, App, Inbox, make_app, refused
from tests.oauth.browser import CALLBACK, Site

pytestmark = pytest.mark.django_db


@pytest.fixture
def linkable(app: App) -> App:
    """A pool with providers of three types and a user."""
    add(app, "Google", "Google", GOOGLE)
    add(app, "MyOIDC", "OIDC", OIDC, AttributeMapping={"email": "mail", "name": "name"})
    add_saml(app)
    app.sign_up()
    return app


def id_claims(token: str) -> dict[str, Any]:
    """Return the claims of an ID token (its signature is another test's matter)."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def federated(app: App, provider: str, subject: str) -> PoolUser:
    """Store a user as the first sign-in by a provider makes one."""
    now = clock.now()
    user = PoolUser(
        pool_id=app.pool_id,
        username=f"{provider}_{subject}",
        username_key=f"{provider}_{subject}",
        sub=f"sub-{subject}",
        status=PoolUser.Status.EXTERNAL_PROVIDER,
        created_at=now,
        modified_at=now,
    )
    user.set_attributes({"sub": user.sub})
    user.save()
    LinkedIdentity.objects.create(
        pool_id=app.pool_id,
        user=user,
        provider_name=provider,
        provider_type=provider,
        attribute=SUBJECT,
        subject=subject,
        primary=True,
        created_at=now,
    )
    return user


@pytest.mark.operation("AdminLinkProviderForUser")
def test_a_link_shows_in_every_reading_of_the_user(linkable: App) -> None:
    app = linkable
    before = int(clock.now().timestamp() * 1000)
    link(app, at("Google", "1234"))
    [shown] = identities(app)
    assert before <= shown.pop("dateCreated") <= int(clock.now().timestamp() * 1000)
    assert shown == {
        "userId": "1234",
        "providerName": "Google",
        "providerType": "Google",
        "issuer": None,
        "primary": False,
    }
    text = attributes(app)["identities"]
    listed = app.idp.list_users(UserPoolId=app.pool_id, AttributesToGet=["identities"])["Users"]
    assert listed[0]["Attributes"] == [{"Name": "identities", "Value": text}]
    tokens = app.sign_in()
    mine = boto.client("cognito-idp").get_user(AccessToken=tokens["AccessToken"])["UserAttributes"]
    assert {"Name": "identities", "Value": text} in mine
    [claimed] = id_claims(tokens["IdToken"])["identities"]
    assert claimed.pop("dateCreated") == str(json.loads(text)[0]["dateCreated"])
    assert claimed == {**shown, "primary": "false"}
    assert "identities" not in id_claims(tokens["AccessToken"])


def test_users_without_links_have_no_claim(linkable: App) -> None:
    assert "identities" not in id_claims(linkable.sign_in()["IdToken"])
    assert "identities" not in attributes(linkable)


def test_the_claim_is_there_whatever_the_scopes_and_read_attributes(linkable: App) -> None:
    link(linkable, at("Google", "1234"))
    site = Site(linkable, ReadAttributes=["email"])
    tokens = site.exchange(site.code(scope="openid email")).json()
    assert id_claims(tokens["id_token"])["identities"][0]["userId"] == "1234"
    client = linkable.client(ReadAttributes=["email"])
    access = linkable.sign_in(client_id=client["ClientId"])["AccessToken"]
    mine = boto.client("cognito-idp").get_user(AccessToken=access)["UserAttributes"]
    assert "identities" not in [item["Name"] for item in mine]


def test_the_issuer_of_saml_is_the_entity_id(linkable: App) -> None:
    link(linkable, at("MySAML", "ann@corp"))
    link(linkable, at("MyOIDC", "ann@mail", "email"))
    saml, oidc = identities(linkable)
    assert (saml["providerType"], saml["issuer"]) == ("SAML", "https://idp.example.com/entity")
    assert (oidc["providerType"], oidc["issuer"], oidc["userId"]) == ("OIDC", None, "ann@mail")


def test_a_linked_user_keeps_password_status_and_other_attributes(linkable: App) -> None:
    before = linkable.idp.admin_get_user(UserPoolId=linkable.pool_id, Username="ann")
    link(linkable, at("Google", "1234"))
    after = linkable.idp.admin_get_user(UserPoolId=linkable.pool_id, Username="ann")
    assert after["UserStatus"] == "CONFIRMED"
    assert after["UserLastModifiedDate"] > before["UserLastModifiedDate"]
    assert [item for item in after["UserAttributes"] if item["Name"] != "identities"] == before["UserAttributes"]
    linkable.idp.admin_update_user_attributes(
        UserPoolId=linkable.pool_id, Username="ann", UserAttributes=[{"Name": "name", "Value": "Ann"}]
    )
    assert len(identities(linkable)) == 1
    assert linkable.sign_in()["AccessToken"]


@pytest.mark.parametrize(
    ("source", "code", "message"),
    [
        ({}, "InvalidParameterException", "Invalid SourceUser: ProviderName is required."),
        ({"ProviderName": "Google"}, "InvalidParameterException", None),
        (at("Google", ""), "InvalidParameterException", "Invalid SourceUser: ProviderAttributeValue is required."),
        (at("Google", "x" * 300), "InvalidParameterException", None),
        (
            at("Cognito", "bob"),
            "InvalidParameterException",
            "Invalid SourceUser: Cognito users with a username/password may not be passed in as a SourceUser, "
            "only as a DestinationUser",
        ),
        (at("COGNITO", "bob"), "InvalidParameterException", None),
        (at("Facebook", "1"), "ResourceNotFoundException", "Identity provider Facebook does not exist."),
        (at("Google", "ann@example.com", "email"), "InvalidParameterException", None),
        (at("MyOIDC", "ann", "given_name"), "InvalidParameterException", None),
        (at("MyOIDC", "ann", "mail"), "InvalidParameterException", None),
        (at("MyOIDC", "ann", "username"), "InvalidParameterException", None),
        (at("MySAML", "ann", "email"), "InvalidParameterException", None),
    ],
)
def test_sources_that_cannot_be_linked(linkable: App, source: dict[str, str], code: str, message: str | None) -> None:
    with refused(code, message):
        link(linkable, source)
    assert identities(linkable) == []
    assert not LinkedIdentity.objects.exists()


def test_destinations_that_are_not_there(linkable: App, inbox: Inbox) -> None:
    other = make_app(linkable.idp, inbox)
    add(other, "Google", "Google", GOOGLE)
    with refused("UserNotFoundException", "User does not exist."):
        link(linkable, at("Google", "1"), "nobody")
    with refused("UserNotFoundException"):
        link(other, at("Google", "1"), "ann")
    with refused("UserNotFoundException"):
        link(linkable, at("MyOIDC", "1"), "nobody", provider="Google")
    with refused("ResourceNotFoundException"):
        link(linkable, at("Google", "1"), "ann", provider="Facebook")
    with refused("ResourceNotFoundException"):
        linkable.idp.admin_link_provider_for_user(
            UserPoolId="us-east-1_Nowhere99", DestinationUser=at("Cognito", "ann"), SourceUser=at("Google", "1")
        )
    for destination in ({}, {"ProviderName": "Cognito"}, {"ProviderAttributeValue": "ann"}):
        with refused("InvalidParameterException"):
            linkable.idp.admin_link_provider_for_user(
                UserPoolId=linkable.pool_id, DestinationUser=destination, SourceUser=at("Google", "1")
            )


def test_a_destination_may_be_named_by_an_active_alias(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, UsernameAttributes=["email"])
    add(app, "Google", "Google", GOOGLE)
    app.sign_up("ann@example.com", email="ann@example.com")
    link(app, at("Google", "1"), "ann@example.com")
    assert len(identities(app, "ann@example.com")) == 1


def test_an_identity_leads_to_one_user(linkable: App, inbox: Inbox) -> None:
    linkable.sign_up("bob")
    link(linkable, at("Google", "1"))
    with refused("InvalidParameterException", "SourceUser is already linked to DestinationUser"):
        link(linkable, at("Google", "1"))
    with refused("AliasExistsException"):
        link(linkable, at("Google", "1"), "bob")
    assert identities(linkable, "bob") == []
    link(linkable, at("MyOIDC", "1"), "bob")
    other = make_app(linkable.idp, inbox)
    add(other, "Google", "Google", GOOGLE)
    other.sign_up("cat")
    link(other, at("Google", "1"), "cat")
    assert len(identities(other, "cat")) == 1


def test_subjects_are_case_sensitive(linkable: App) -> None:
    link(linkable, at("MySAML", "Ann"))
    link(linkable, at("MySAML", "ann"))
    assert [item["userId"] for item in identities(linkable)] == ["Ann", "ann"]


def test_at_most_five_links_a_user(linkable: App) -> None:
    for number in range(5):
        link(linkable, at("MyOIDC", str(number)))
    with refused("LimitExceededException"):
        link(linkable, at("Google", "5"))
    assert len(identities(linkable)) == 5
    disable(linkable, at("MyOIDC", "0"))
    link(linkable, at("Google", "5"))


def test_at_most_five_attributes_a_provider(linkable: App) -> None:
    names = ["email", "name", "given_name", "family_name", "nickname", "locale"]
    add(linkable, "Wide", "OIDC", OIDC, AttributeMapping={name: name for name in names})
    linkable.sign_up("bob")
    link(linkable, at("Wide", "subject"))
    for name in names[:3]:
        link(linkable, at("Wide", "value", name))
    for name in names[3:5]:
        link(linkable, at("Wide", "value", name), "bob")
    with refused("LimitExceededException"):
        link(linkable, at("Wide", "value", "locale"), "bob")
    link(linkable, at("Wide", "other", "email"), "bob")
    link(linkable, at("MyOIDC", "value", "email"), "bob")


def test_a_federated_profile_takes_links_and_is_never_a_source(linkable: App) -> None:
    user = federated(linkable, "Google", "77")
    with refused(
        "InvalidParameterException",
        "Merging is not currently supported, provide a SourceUser that has not been signed up in order to link",
    ):
        link(linkable, at("Google", "77"))
    link(linkable, at("MyOIDC", "1"), "77", provider="Google")
    first, second = identities(linkable, user.username)
    assert (first["providerName"], first["userId"], first["primary"]) == ("Google", "77", True)
    assert (second["providerName"], second["userId"], second["primary"]) == ("MyOIDC", "1", False)
    found = linkable.idp.admin_get_user(UserPoolId=linkable.pool_id, Username=user.username)
    assert found["UserStatus"] == "EXTERNAL_PROVIDER"
    with refused("InvalidParameterException"):
        disable(linkable, at("Google", "77"))
    disable(linkable, at("MyOIDC", "1"))
    assert len(identities(linkable, user.username)) == 1
    linkable.idp.admin_delete_user(UserPoolId=linkable.pool_id, Username=user.username)
    link(linkable, at("Google", "77"))


def test_the_claim_of_the_first_identity_is_primary(linkable: App) -> None:
    user = federated(linkable, "Google", "77")
    link(linkable, at("MyOIDC", "1"), "77", provider="Google")
    linkable.idp.admin_set_user_password(
        UserPoolId=linkable.pool_id, Username=user.username, Password=PASSWORD, Permanent=True
    )
    shown = id_claims(linkable.sign_in(user.username)["IdToken"])["identities"]
    assert [item["primary"] for item in shown] == ["true", "false"]


@pytest.mark.operation("AdminDisableProviderForUser")
def test_unlinking_frees_the_identity(linkable: App) -> None:
    linkable.sign_up("bob")
    link(linkable, at("Google", "1"))
    link(linkable, at("MyOIDC", "a@b", "email"))
    with refused(
        "InvalidParameterException", "Account isn't linked to anyone else, verify that the account has been linked"
    ):
        disable(linkable, at("Google", "2"))
    with refused("InvalidParameterException"):
        disable(linkable, at("MyOIDC", "a@b"))
    with refused("InvalidParameterException"):
        disable(linkable, at("Google", "1", "email"))
    disable(linkable, at("Google", "1"))
    assert [item["providerName"] for item in identities(linkable)] == ["MyOIDC"]
    disable(linkable, at("MyOIDC", "a@b", "email"))
    assert "identities" not in attributes(linkable)
    assert "identities" not in id_claims(linkable.sign_in()["IdToken"])
    link(linkable, at("Google", "1"), "bob")
    with refused("InvalidParameterException"):
        disable(linkable, at("MyOIDC", "a@b", "email"))


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ({}, "InvalidParameterException"),
        ({"ProviderName": "Google"}, "InvalidParameterException"),
        (at("Facebook", "1"), "ResourceNotFoundException"),
        (at("Cognito", "ann", "email"), "InvalidParameterException"),
        (at("Cognito", "nobody"), "UserNotFoundException"),
        (at("Cognito", ""), "InvalidParameterException"),
    ],
)
def test_ways_to_sign_in_that_cannot_be_taken(linkable: App, who: dict[str, str], code: str) -> None:
    with refused(code):
        disable(linkable, who)
    assert linkable.sign_in()["AccessToken"]


def test_links_are_unlinked_in_their_own_pool_only(linkable: App, inbox: Inbox) -> None:
    other = make_app(linkable.idp, inbox)
    add(other, "Google", "Google", GOOGLE)
    link(linkable, at("Google", "1"))
    with refused("InvalidParameterException"):
        disable(other, at("Google", "1"))
    with refused("UserNotFoundException"):
        disable(other, at("Cognito", "ann"))
    assert len(identities(linkable)) == 1


def test_links_outlive_their_provider_and_can_still_be_removed(linkable: App) -> None:
    link(linkable, at("Google", "1"))
    linkable.idp.delete_identity_provider(UserPoolId=linkable.pool_id, ProviderName="Google")
    assert [item["providerName"] for item in identities(linkable)] == ["Google"]
    with refused("ResourceNotFoundException"):
        link(linkable, at("Google", "2"))
    disable(linkable, at("Google", "1"))
    assert identities(linkable) == []
    with refused("ResourceNotFoundException"):
        disable(linkable, at("Google", "1"))


def test_links_go_with_their_user(linkable: App) -> None:
    link(linkable, at("Google", "1"))
    linkable.idp.admin_delete_user(UserPoolId=linkable.pool_id, Username="ann")
    linkable.sign_up("bob")
    link(linkable, at("Google", "1"), "bob")
    linkable.idp.delete_user_pool(UserPoolId=linkable.pool_id)
    assert not LinkedIdentity.objects.exists()


def test_the_login_page_works_beside_other_providers_and_stands_for_none_of_them(linkable: App) -> None:
    site = Site(linkable, SupportedIdentityProviders=["COGNITO", "Google"])
    assert site.exchange(site.code()).json()["id_token"]
    for changes in ({"identity_provider": "MyOIDC"}, {"idp_identifier": "example.com"}):
        answer = site.get("oauth2/authorize", **site.request(**changes))
        assert answer["Location"].startswith(CALLBACK)
        assert parse_qs(urlsplit(answer["Location"]).query)["error"] == ["invalid_request"]
    assert Client().get(f"/{linkable.pool_id}/.well-known/openid-configuration").status_code == 200


def outcome(call: Callable[[], None]) -> str:
    """Return ``ok`` or the code of the refusal."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


@pytest.mark.django_db(transaction=True)
def test_an_identity_is_linked_once_under_parallel_requests(linkable: App, admin_key: tuple[str, str]) -> None:
    for number in range(4):
        linkable.sign_up(f"user{number}")

    def attempt(number: int) -> str:
        mine = App(boto.client("cognito-idp", admin_key), linkable.pool_id, linkable.client_id, linkable.inbox)
        return outcome(lambda: link(mine, at("Google", "1"), f"user{number % 4}"))

    outcomes = Counter(in_parallel(attempt))
    assert outcomes["ok"] == 1
    assert outcomes["AliasExistsException"] == 9
    assert outcomes["InvalidParameterException"] == 2
    assert sum(len(identities(linkable, f"user{number}")) for number in range(4)) == 1


@pytest.mark.django_db(transaction=True)
def test_no_sixth_link_under_parallel_requests(linkable: App, admin_key: tuple[str, str]) -> None:
    def attempt(number: int) -> str:
        mine = App(boto.client("cognito-idp", admin_key), linkable.pool_id, linkable.client_id, linkable.inbox)
        return outcome(lambda: link(mine, at("MyOIDC", str(number))))

    assert Counter(in_parallel(attempt)) == {"ok": 5, "LimitExceededException": 7}
    assert len(identities(linkable)) == 5
