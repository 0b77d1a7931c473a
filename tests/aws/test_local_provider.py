"""Taking the local password from users, and what nobody may write of their identities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pycognito import AWSSRP
from pycognito.exceptions import ForceChangePasswordException

from cognito_app.models import PoolUser
from tests.clients import boto
from tests.clients.providers import GOOGLE, OIDC, add, add_saml, at, disable, identities, link
from tests.conftest import PASSWORD, App, refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def linkable(app: App) -> App:
    """A pool with providers of three types and a user."""
    add(app, "Google", "Google", GOOGLE)
    add(app, "MyOIDC", "OIDC", OIDC, AttributeMapping={"email": "mail", "name": "name"})
    add_saml(app)
    app.sign_up()
    return app


def srp(app: App) -> Any:
    """Sign in by SRP."""
    return AWSSRP("ann", PASSWORD, app.pool_id, app.client_id, client=app.idp).authenticate_user()


def test_without_the_local_provider_no_password_signs_in(linkable: App) -> None:
    app = linkable
    link(app, at("Google", "1"))
    tokens = app.sign_in()
    assert srp(app)["AuthenticationResult"]["AccessToken"]
    disable(app, at("Cognito", "ann"))
    attempts: list[Callable[[], Any]] = [app.sign_in, lambda: srp(app)]
    for attempt in attempts:
        with refused("NotAuthorizedException", "Incorrect username or password."):
            attempt()
    with refused("NotAuthorizedException"):
        app.idp.admin_initiate_auth(
            UserPoolId=app.pool_id,
            ClientId=app.client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "ann", "PASSWORD": PASSWORD},
        )
    user = app.idp.admin_get_user(UserPoolId=app.pool_id, Username="ann")
    assert (user["UserStatus"], user["Enabled"]) == ("EXTERNAL_PROVIDER", True)
    row = PoolUser.objects.get(username="ann")
    assert (row.password_hash, row.srp_verifier) == (None, None)
    assert len(identities(app)) == 1
    with refused("NotAuthorizedException", "Refresh Token has been revoked"):
        app.idp.initiate_auth(
            ClientId=app.client_id,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
        )
    disable(app, at("Cognito", "ann"))


def test_a_user_without_the_local_provider_cannot_set_a_password(linkable: App) -> None:
    access = linkable.sign_in()["AccessToken"]
    linkable.idp.forgot_password(ClientId=linkable.client_id, Username="ann")
    code = linkable.inbox.code("ann@example.com")
    disable(linkable, at("Cognito", "ann"))
    new = "Another-Horse-7!"
    with refused("NotAuthorizedException"):
        boto.client("cognito-idp").change_password(AccessToken=access, ProposedPassword=new)
    with refused("NotAuthorizedException"):
        linkable.idp.forgot_password(ClientId=linkable.client_id, Username="ann")
    with refused("ExpiredCodeException"):
        linkable.idp.confirm_forgot_password(
            ClientId=linkable.client_id, Username="ann", ConfirmationCode=code, Password=new
        )
    with refused("NotAuthorizedException"):
        linkable.idp.admin_reset_user_password(UserPoolId=linkable.pool_id, Username="ann")
    with refused("NotAuthorizedException"):
        linkable.start(password=new)


def test_an_administrator_gives_the_local_sign_in_back(linkable: App) -> None:
    disable(linkable, at("Cognito", "ann"))
    linkable.idp.admin_set_user_password(UserPoolId=linkable.pool_id, Username="ann", Password=PASSWORD, Permanent=True)
    assert linkable.sign_in()["AccessToken"]
    disable(linkable, at("Cognito", "ann"))
    linkable.idp.admin_set_user_password(UserPoolId=linkable.pool_id, Username="ann", Password=PASSWORD)
    with pytest.raises(ForceChangePasswordException):
        srp(linkable)


@pytest.mark.parametrize("value", ["[]", '[{"userId":"1","providerName":"Google"}]', ""])
def test_the_attribute_identities_is_never_written_directly(linkable: App, value: str) -> None:
    link(linkable, at("Google", "1"))
    given = [{"Name": "identities", "Value": value}]
    pool = {"UserPoolId": linkable.pool_id}
    with refused("InvalidParameterException"):
        linkable.idp.admin_update_user_attributes(**pool, Username="ann", UserAttributes=given)
    with refused("InvalidParameterException"):
        linkable.idp.admin_delete_user_attributes(**pool, Username="ann", UserAttributeNames=["identities"])
    with refused("InvalidParameterException"):
        linkable.idp.admin_create_user(**pool, Username="new", UserAttributes=given)
    public = boto.client("cognito-idp")
    access = linkable.sign_in()["AccessToken"]
    with refused("NotAuthorizedException"):
        public.update_user_attributes(AccessToken=access, UserAttributes=given)
    with refused("NotAuthorizedException"):
        public.delete_user_attributes(AccessToken=access, UserAttributeNames=["identities"])
    with refused("NotAuthorizedException"):
        public.sign_up(ClientId=linkable.client_id, Username="new", Password=PASSWORD, UserAttributes=given)
    assert [item["userId"] for item in identities(linkable)] == ["1"]
