"""Pools, app clients, domains, groups, resource servers, tags."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db


@pytest.mark.operation("CreateUserPool")
@pytest.mark.operation("DescribeUserPool")
def test_defaults_of_a_pool(idp: Any) -> None:
    created = idp.create_user_pool(PoolName="plain")["UserPool"]
    assert created["Policies"]["PasswordPolicy"] == {
        "MinimumLength": 8,
        "RequireUppercase": True,
        "RequireLowercase": True,
        "RequireNumbers": True,
        "RequireSymbols": True,
        "TemporaryPasswordValidityDays": 7,
    }
    assert created["Policies"]["SignInPolicy"] == {"AllowedFirstAuthFactors": ["PASSWORD"]}
    assert created["DeletionProtection"] == "INACTIVE"
    assert created["LambdaConfig"] == {}
    assert created["MfaConfiguration"] == "OFF"
    assert created["EstimatedNumberOfUsers"] == 0
    assert created["EmailConfiguration"] == {"EmailSendingAccount": "COGNITO_DEFAULT"}
    assert created["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": False, "UnusedAccountValidityDays": 7}
    assert created["UserPoolTier"] == "ESSENTIALS"
    assert created["VerificationMessageTemplate"] == {"DefaultEmailOption": "CONFIRM_WITH_CODE"}
    assert [item["Name"] for item in created["SchemaAttributes"]][:3] == ["sub", "name", "given_name"]
    assert len(created["SchemaAttributes"]) == 20
    for absent in ("UsernameAttributes", "AliasAttributes", "AutoVerifiedAttributes", "Domain", "Status"):
        assert absent not in created
    assert created["Arn"] == f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{created['Id']}"
    described = idp.describe_user_pool(UserPoolId=created["Id"])["UserPool"]
    assert described == created


@pytest.mark.operation("UpdateUserPool")
def test_update_replaces_settings_and_keeps_what_is_fixed(idp: Any) -> None:
    pool = idp.create_user_pool(
        PoolName="p",
        AutoVerifiedAttributes=["email"],
        UsernameAttributes=["email"],
        UserPoolTier="PLUS",
        Policies={"PasswordPolicy": {"MinimumLength": 12}},
    )["UserPool"]
    idp.update_user_pool(UserPoolId=pool["Id"], DeletionProtection="ACTIVE", PoolName="renamed")
    after = idp.describe_user_pool(UserPoolId=pool["Id"])["UserPool"]
    assert after["Name"] == "renamed"
    assert after["UsernameAttributes"] == ["email"]
    assert after["UserPoolTier"] == "PLUS"
    assert after["Policies"]["PasswordPolicy"]["MinimumLength"] == 8
    assert "AutoVerifiedAttributes" not in after
    with refused("InvalidParameterException"):
        idp.delete_user_pool(UserPoolId=pool["Id"])


@pytest.mark.operation("DeleteUserPool")
@pytest.mark.operation("ListUserPools")
def test_deleted_pools_are_gone_from_every_list(idp: Any) -> None:
    ids = [idp.create_user_pool(PoolName=f"p{n}")["UserPool"]["Id"] for n in range(3)]
    pages = idp.get_paginator("list_user_pools").paginate(PaginationConfig={"PageSize": 2})
    assert [pool["Id"] for page in pages for pool in page["UserPools"]] == ids
    idp.delete_user_pool(UserPoolId=ids[1])
    with refused("ResourceNotFoundException", f"User pool {ids[1]} does not exist."):
        idp.describe_user_pool(UserPoolId=ids[1])
    assert len(idp.list_user_pools(MaxResults=60)["UserPools"]) == 2


@pytest.mark.parametrize(
    "given",
    [
        {"UsernameAttributes": ["email"], "AliasAttributes": ["email"]},
        {"MfaConfiguration": "ON"},
        {
            "AdminCreateUserConfig": {"UnusedAccountValidityDays": 3},
            "Policies": {"PasswordPolicy": {"MinimumLength": 8, "TemporaryPasswordValidityDays": 3}},
        },
        {"Schema": [{"Name": "x", "Required": True}]},
        {"Schema": [{"Name": "email", "AttributeDataType": "Number"}]},
        {"Schema": [{"Name": "x"}, {"Name": "x"}]},
        {"UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]}},
    ],
)
def test_contradictory_pools_are_refused(idp: Any, given: dict[str, Any]) -> None:
    with refused("InvalidParameterException"):
        idp.create_user_pool(PoolName="p", **given)
    assert idp.list_user_pools(MaxResults=60)["UserPools"] == []


@pytest.mark.operation("AddCustomAttributes")
def test_custom_attributes_are_added_once(app: App) -> None:
    given = [{"Name": "plan", "AttributeDataType": "String"}, {"Name": "note", "DeveloperOnlyAttribute": True}]
    app.idp.add_custom_attributes(UserPoolId=app.pool_id, CustomAttributes=given)
    schema = app.idp.describe_user_pool(UserPoolId=app.pool_id)["UserPool"]["SchemaAttributes"]
    assert [item["Name"] for item in schema][-2:] == ["custom:plan", "dev:custom:note"]
    with refused("InvalidParameterException", "custom:plan: Existing attribute already has name custom:plan."):
        app.idp.add_custom_attributes(UserPoolId=app.pool_id, CustomAttributes=given)


@pytest.mark.operation("CreateUserPoolClient")
@pytest.mark.operation("UpdateUserPoolClient")
@pytest.mark.operation("DeleteUserPoolClient")
@pytest.mark.operation("ListUserPoolClients")
def test_life_of_an_app_client(app: App) -> None:
    made = app.client(GenerateSecret=True, AccessTokenValidity=5, TokenValidityUnits={"AccessToken": "minutes"})
    at = {"UserPoolId": app.pool_id, "ClientId": made["ClientId"]}
    assert made["RefreshTokenValidity"] == 30
    assert made["EnableTokenRevocation"] is True
    assert len(made["ClientSecret"]) >= 50
    changed = app.idp.update_user_pool_client(**at, ClientName="renamed")["UserPoolClient"]
    assert changed["ClientSecret"] == made["ClientSecret"]
    assert "AccessTokenValidity" not in changed
    listed = app.idp.list_user_pool_clients(UserPoolId=app.pool_id)["UserPoolClients"]
    assert all(set(item) == {"ClientId", "UserPoolId", "ClientName"} for item in listed)
    app.idp.delete_user_pool_client(**at)
    with refused("ResourceNotFoundException", f"User pool client {made['ClientId']} does not exist."):
        app.idp.describe_user_pool_client(**at)


@pytest.mark.operation("AddUserPoolClientSecret")
@pytest.mark.operation("ListUserPoolClientSecrets")
@pytest.mark.operation("DeleteUserPoolClientSecret")
def test_two_secrets_rotate(app: App) -> None:
    made = app.client(GenerateSecret=True)
    at = {"UserPoolId": app.pool_id, "ClientId": made["ClientId"]}
    added = app.idp.add_user_pool_client_secret(**at)["ClientSecretDescriptor"]
    assert added["ClientSecretValue"] != made["ClientSecret"]
    with refused("LimitExceededException", "Client secrets cannot exceed limit of 2 secrets."):
        app.idp.add_user_pool_client_secret(**at)
    listed = app.idp.list_user_pool_client_secrets(**at)["ClientSecrets"]
    assert all("ClientSecretValue" not in item for item in listed)
    app.idp.delete_user_pool_client_secret(**at, ClientSecretId=listed[0]["ClientSecretId"])
    with refused("InvalidParameterException", "Cannot delete the only client secret."):
        app.idp.delete_user_pool_client_secret(**at, ClientSecretId=listed[1]["ClientSecretId"])


OAUTH = {
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthScopes": ["openid"],
    "CallbackURLs": ["https://app.example.com/cb"],
}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"ExplicitAuthFlows": ["USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"]}, "InvalidParameterException"),
        ({"AccessTokenValidity": 2, "TokenValidityUnits": {"AccessToken": "days"}}, "InvalidParameterException"),
        ({**OAUTH, "CallbackURLs": ["http://app.example.com/cb"]}, "InvalidParameterException"),
        ({**OAUTH, "CallbackURLs": ["https://app.example.com/cb#x"]}, "InvalidParameterException"),
        ({**OAUTH, "CallbackURLs": ["javascript:alert(1)"]}, "InvalidParameterException"),
        ({**OAUTH, "DefaultRedirectURI": "https://other.example.com"}, "InvalidParameterException"),
        ({**OAUTH, "AllowedOAuthScopes": ["api/read"]}, "ScopeDoesNotExistException"),
        ({**OAUTH, "AllowedOAuthFlows": ["code", "client_credentials"]}, "InvalidOAuthFlowException"),
        ({"SupportedIdentityProviders": ["Nowhere"]}, "InvalidParameterException"),
        ({"GenerateSecret": True, "ClientSecret": "x" * 24}, "InvalidParameterException"),
    ],
)
def test_contradictory_clients_are_refused(app: App, given: dict[str, Any], code: str) -> None:
    with refused(code):
        app.client(**given)


@pytest.mark.operation("CreateUserPoolDomain")
@pytest.mark.operation("DescribeUserPoolDomain")
@pytest.mark.operation("UpdateUserPoolDomain")
@pytest.mark.operation("DeleteUserPoolDomain")
def test_life_of_a_domain(app: App, idp: Any, inbox: Inbox) -> None:
    other = make_app(idp, inbox)
    assert idp.describe_user_pool_domain(Domain="nowhere")["DomainDescription"] == {}
    idp.create_user_pool_domain(Domain="my-app", UserPoolId=app.pool_id, ManagedLoginVersion=2)
    with refused("InvalidParameterException", "Domain already associated with another user pool."):
        idp.create_user_pool_domain(Domain="my-app", UserPoolId=other.pool_id)
    for version in (-1, 0, 3, 2**40):
        with refused("InvalidParameterException"):
            idp.update_user_pool_domain(Domain="my-app", UserPoolId=app.pool_id, ManagedLoginVersion=version)
    for reserved in ("my-aws-app", "portal"):
        with refused("InvalidParameterException"):
            idp.create_user_pool_domain(Domain=reserved, UserPoolId=other.pool_id)
    described = idp.describe_user_pool_domain(Domain="my-app")["DomainDescription"]
    assert described["Status"] == "ACTIVE"
    assert described["UserPoolId"] == app.pool_id
    with refused("InvalidParameterException"):
        idp.delete_user_pool(UserPoolId=app.pool_id)
    idp.update_user_pool_domain(Domain="my-app", UserPoolId=app.pool_id, ManagedLoginVersion=1)
    assert idp.describe_user_pool_domain(Domain="my-app")["DomainDescription"]["ManagedLoginVersion"] == 1
    with refused("ResourceNotFoundException"):
        idp.delete_user_pool_domain(Domain="my-app", UserPoolId=other.pool_id)
    idp.delete_user_pool_domain(Domain="my-app", UserPoolId=app.pool_id)
    assert idp.describe_user_pool_domain(Domain="my-app")["DomainDescription"] == {}


def test_a_custom_domain_is_a_full_name_and_a_prefix_is_none(app: App) -> None:
    certificate = {"CertificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/x"}
    at = {"UserPoolId": app.pool_id, "Domain": "auth.example.com"}
    with refused("InvalidParameterException"):
        app.idp.create_user_pool_domain(**at)
    assert app.idp.create_user_pool_domain(**at, CustomDomainConfig=certificate)["CloudFrontDomain"]
    described = app.idp.describe_user_pool_domain(Domain="auth.example.com")["DomainDescription"]
    assert described["CustomDomainConfig"] == certificate
    assert app.idp.describe_user_pool(UserPoolId=app.pool_id)["UserPool"]["CustomDomain"] == "auth.example.com"
    for wrong in ("auth..example.com", ".example.com", "auth.example.com.", "Auth.example.com"):
        with refused("InvalidParameterException"):
            app.idp.create_user_pool_domain(UserPoolId=app.pool_id, Domain=wrong, CustomDomainConfig=certificate)


@pytest.mark.operation("CreateGroup")
@pytest.mark.operation("GetGroup")
@pytest.mark.operation("UpdateGroup")
@pytest.mark.operation("DeleteGroup")
@pytest.mark.operation("ListGroups")
@pytest.mark.operation("ListUsersInGroup")
@pytest.mark.operation("AdminAddUserToGroup")
@pytest.mark.operation("AdminRemoveUserFromGroup")
@pytest.mark.operation("AdminListGroupsForUser")
def test_life_of_a_group(app: App) -> None:
    app.sign_up()
    at = {"UserPoolId": app.pool_id, "GroupName": "staff"}
    made = app.idp.create_group(**at)["Group"]
    assert set(made) == {"GroupName", "UserPoolId", "LastModifiedDate", "CreationDate"}
    with refused("GroupExistsException", "A group with the name already exists."):
        app.idp.create_group(**at)
    changed = app.idp.update_group(**at, Precedence=0, RoleArn="arn:aws:iam::000000000000:role/r")["Group"]
    assert changed["Precedence"] == 0
    assert app.idp.update_group(**at, Description="d")["Group"]["RoleArn"] == "arn:aws:iam::000000000000:role/r"
    for _ in range(2):
        app.idp.admin_add_user_to_group(**at, Username="ann")
    assert [user["Username"] for user in app.idp.list_users_in_group(**at)["Users"]] == ["ann"]
    mine = app.idp.admin_list_groups_for_user(UserPoolId=app.pool_id, Username="ann")["Groups"]
    assert [group["GroupName"] for group in mine] == ["staff"]
    for _ in range(2):
        app.idp.admin_remove_user_from_group(**at, Username="ann")
    assert app.idp.list_users_in_group(**at)["Users"] == []
    assert len(app.idp.list_groups(UserPoolId=app.pool_id)["Groups"]) == 1
    app.idp.delete_group(**at)
    with refused("ResourceNotFoundException", "Group not found."):
        app.idp.get_group(**at)


@pytest.mark.operation("CreateResourceServer")
@pytest.mark.operation("DescribeResourceServer")
@pytest.mark.operation("UpdateResourceServer")
@pytest.mark.operation("DeleteResourceServer")
@pytest.mark.operation("ListResourceServers")
def test_life_of_a_resource_server(app: App) -> None:
    at = {"UserPoolId": app.pool_id, "Identifier": "api"}
    scopes = [{"ScopeName": "read", "ScopeDescription": "Read"}]
    app.idp.create_resource_server(**at, Name="API", Scopes=scopes)
    with refused("InvalidParameterException", f"api already exists in user pool {app.pool_id}."):
        app.idp.create_resource_server(**at, Name="API")
    assert app.idp.describe_resource_server(**at)["ResourceServer"]["Scopes"] == scopes
    assert "Scopes" not in app.idp.update_resource_server(**at, Name="API")["ResourceServer"]
    assert len(app.idp.list_resource_servers(UserPoolId=app.pool_id, MaxResults=50)["ResourceServers"]) == 1
    app.idp.delete_resource_server(**at)
    with refused("ResourceNotFoundException", "Resource server api does not exist."):
        app.idp.describe_resource_server(**at)


@pytest.mark.operation("TagResource")
@pytest.mark.operation("UntagResource")
@pytest.mark.operation("ListTagsForResource")
def test_tags(app: App) -> None:
    arn = f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{app.pool_id}"
    app.idp.tag_resource(ResourceArn=arn, Tags={"stage": "test", "team": "a"})
    app.idp.untag_resource(ResourceArn=arn, TagKeys=["team"])
    assert app.idp.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"stage": "test"}
    with refused("ResourceNotFoundException"):
        app.idp.list_tags_for_resource(ResourceArn=arn[:-1] + "_")
