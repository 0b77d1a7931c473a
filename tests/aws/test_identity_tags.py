"""Principal tags: attribute maps of providers, and what they become in sessions (spec/identity-pools.md 4.5)."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from cognito_app.core import jose
from tests.clients.exchange import DEVELOPER, Pool, client_of, make_role, role_of, trust
from tests.conftest import App, refused

pytestmark = pytest.mark.django_db

MISCONFIGURED = "Invalid identity pool configuration. Check assigned IAM roles for this pool."
ARN = "arn:aws:iam::000000000000:role/"


@pytest.fixture
def pool(app: App, identity: Any) -> Pool:
    """An identity pool with a user pool of one user."""
    app.sign_up("ann")
    return Pool(identity, app)


def keys(pool: Pool, **given: Any) -> Any:
    """Trade the user's ID token for credentials."""
    logins = pool.login()
    return pool.keys(pool.get_id(logins), logins, **given)


def tags(pool: Pool, **given: Any) -> Any:
    """Set the attribute map of the user pool."""
    return pool.admin.set_principal_tag_attribute_map(**pool.at, IdentityProviderName=pool.providers[0], **given)


@pytest.mark.operation("SetPrincipalTagAttributeMap")
@pytest.mark.operation("GetPrincipalTagAttributeMap")
def test_attribute_maps_are_stored_by_provider(pool: Pool) -> None:
    at = {**pool.at, "IdentityProviderName": pool.providers[0]}
    read = pool.admin.get_principal_tag_attribute_map
    found = read(**at)
    assert (found["UseDefaults"], found["PrincipalTags"]) == (False, {})
    stored = tags(pool, PrincipalTags={"team": "custom:team"})
    assert stored["IdentityProviderName"] == pool.providers[0]
    assert read(**at)["PrincipalTags"] == stored["PrincipalTags"] == {"team": "custom:team"}
    tags(pool, UseDefaults=True)
    found = read(**at)
    assert (found["UseDefaults"], found["PrincipalTags"]) == (True, {"client": "aud", "username": "sub"})
    issuer_key = f"localhost:8000/{pool.apps[0].pool_id}"
    assert read(**pool.at, IdentityProviderName=issuer_key)["UseDefaults"] is True
    assert read(**pool.at, IdentityProviderName=DEVELOPER)["PrincipalTags"] == {}


def test_attribute_maps_need_a_provider_of_the_pool_and_fit_tags(pool: Pool) -> None:
    for name in ("accounts.google.com", "cognito-idp.us-east-1.amazonaws.com/us-east-1_other"):
        with refused("ResourceNotFoundException"):
            pool.admin.get_principal_tag_attribute_map(**pool.at, IdentityProviderName=name)
        with refused("ResourceNotFoundException"):
            pool.admin.set_principal_tag_attribute_map(**pool.at, IdentityProviderName=name)
    for given in ({"aws:x": "sub"}, {"<": "sub"}, {"a": "sub", "A": "aud"}):
        with refused("InvalidParameterException"):
            tags(pool, PrincipalTags=given)
    with refused("ValidationException"):
        tags(pool, PrincipalTags={f"key {index}": "sub" for index in range(51)})
    unknown = {"IdentityPoolId": "us-east-1:00000000-0000-4000-8000-000000000000"}
    with refused("ResourceNotFoundException"):
        pool.admin.get_principal_tag_attribute_map(**unknown, IdentityProviderName=DEVELOPER)


def test_mapped_claims_become_tags_of_the_token_and_the_session(pool: Pool) -> None:
    app = pool.apps[0]
    given = [{"Name": "nickname", "Value": "blue"}]
    app.idp.admin_update_user_attributes(UserPoolId=app.pool_id, Username="ann", UserAttributes=given)
    tags(pool, PrincipalTags={"team": "nickname", "client": "aud", "none": "zoneinfo"})
    logins = pool.login()
    mine = pool.get_id(logins)
    claims = jose.peek(pool.token(mine, logins)["Token"])[1]
    expected = {"team": ["blue"], "client": [app.client_id]}
    assert claims["https://aws.amazon.com/tags"] == {"principal_tags": expected}
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "cognito-identity:ListIdentityPools",
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:PrincipalTag/team": "blue"}},
            }
        ],
    }
    arn = make_role("tagged", trust(pool.id), document)
    pool.admin.set_identity_pool_roles(**pool.at, Roles={"authenticated": arn})
    assert client_of(pool.keys(mine, logins)).list_identity_pools(MaxResults=1)["IdentityPools"]
    given[0]["Value"] = "red"
    app.idp.admin_update_user_attributes(UserPoolId=app.pool_id, Username="ann", UserAttributes=given)
    with pytest.raises(ClientError) as caught:
        client_of(pool.keys(mine, pool.login())).list_identity_pools(MaxResults=1)
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"


def test_tags_need_tag_session_in_the_trust_policy(pool: Pool) -> None:
    arn = make_role("untagged", trust(pool.id, tag_session=False))
    pool.admin.set_identity_pool_roles(**pool.at, Roles={"authenticated": arn})
    assert role_of(keys(pool)) == "untagged"
    tags(pool, UseDefaults=True)
    with refused("InvalidIdentityPoolConfigurationException", MISCONFIGURED):
        keys(pool)
    logins = pool.login()
    token = pool.token(pool.get_id(logins), logins)["Token"]
    with refused("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"):
        pool.sts.assume_role_with_web_identity(RoleArn=arn, RoleSessionName="session", WebIdentityToken=token)
