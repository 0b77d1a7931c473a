"""What pools and clients say when nothing was asked for, and what an update keeps or resets."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_app.models import AppClient
from tests.conftest import App, refused

pytestmark = pytest.mark.django_db

ROLE = "arn:aws:iam::000000000000:role/sms"
LAMBDA = "arn:aws:lambda:us-east-1:000000000000:function:f"
CONTACT = "https://app.example.com"

DEFAULT_POOL = {
    "Policies": {
        "PasswordPolicy": {
            "MinimumLength": 8,
            "RequireUppercase": True,
            "RequireLowercase": True,
            "RequireNumbers": True,
            "RequireSymbols": True,
            "TemporaryPasswordValidityDays": 7,
        },
        "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]},
    },
    "DeletionProtection": "INACTIVE",
    "LambdaConfig": {},
    "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE"},
    "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": []},
    "MfaConfiguration": "OFF",
    "EstimatedNumberOfUsers": 0,
    "EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT"},
    "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False, "UnusedAccountValidityDays": 7},
    "UserPoolTags": {},
    "UserPoolTier": "ESSENTIALS",
    "AcrConfiguration": {f"Level{level}": {"AcrValue": f"urn:cognito:loa:{level}"} for level in (1, 2, 3, 4)},
    "IssuerConfiguration": {"Type": "ORIGINAL"},
    "KeyConfiguration": {"KeyType": "AWS_OWNED_KEY"},
}
OWN_OF_POOL = ("Id", "Name", "Arn", "CreationDate", "LastModifiedDate", "SchemaAttributes")
STANDARD = [
    *("sub", "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile"),
    *("picture", "website", "email", "email_verified", "gender", "birthdate", "zoneinfo", "locale"),
    *("phone_number", "phone_number_verified", "address", "updated_at"),
]
DEFAULT_CLIENT = {
    "RefreshTokenValidity": 30,
    "AllowedOAuthFlowsUserPoolClient": False,
    "EnableTokenRevocation": True,
    "EnablePropagateAdditionalUserContextData": False,
    "AuthSessionValidity": 3,
    "ClientType": "REGULAR",
}
OWN_OF_CLIENT = ("UserPoolId", "ClientId", "ClientName", "CreationDate", "LastModifiedDate")
FULL_CLIENT: dict[str, Any] = {
    "RefreshTokenValidity": 2,
    "AccessTokenValidity": 30,
    "IdTokenValidity": 40,
    "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "hours"},
    "ReadAttributes": ["email", "name"],
    "WriteAttributes": ["email", "name"],
    "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
    "SupportedIdentityProviders": ["COGNITO"],
    "CallbackURLs": [f"{CONTACT}/cb"],
    "LogoutURLs": [f"{CONTACT}/bye"],
    "DefaultRedirectURI": f"{CONTACT}/cb",
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthScopes": ["openid"],
    "AllowedOAuthFlowsUserPoolClient": True,
    "PreventUserExistenceErrors": "ENABLED",
    "EnableTokenRevocation": False,
    "EnablePropagateAdditionalUserContextData": True,
    "AuthSessionValidity": 10,
    "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 20},
}


def without(described: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return what is the same for everything that is made with defaults."""
    assert set(names) <= set(described)
    return {name: value for name, value in described.items() if name not in names}


def pool_of(idp: Any, pool_id: str) -> dict[str, Any]:
    """Describe a pool."""
    described: dict[str, Any] = idp.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    return described


@pytest.mark.operation("CreateUserPool")
@pytest.mark.operation("DescribeUserPool")
def test_a_pool_of_defaults_says_exactly_this(idp: Any) -> None:
    created = idp.create_user_pool(PoolName="pool")["UserPool"]
    assert without(created, OWN_OF_POOL) == DEFAULT_POOL
    assert created["Name"] == "pool"
    assert created["Arn"] == f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{created['Id']}"
    assert created["CreationDate"] == created["LastModifiedDate"]
    assert [item["Name"] for item in created["SchemaAttributes"]] == STANDARD
    assert pool_of(idp, created["Id"]) == created


def test_schema_of_defaults(idp: Any) -> None:
    created = idp.create_user_pool(PoolName="pool")["UserPool"]
    kinds = {"email_verified": "Boolean", "phone_number_verified": "Boolean", "updated_at": "Number"}
    lengths = {"sub": ("1", "2048"), "birthdate": ("10", "10")}
    for item in created["SchemaAttributes"]:
        name = item["Name"]
        expected: dict[str, Any] = {
            "Name": name,
            "AttributeDataType": kinds.get(name, "String"),
            "DeveloperOnlyAttribute": False,
            "Mutable": name != "sub",
            "Required": name == "sub",
        }
        if expected["AttributeDataType"] == "String":
            low, high = lengths.get(name, ("0", "2048"))
            expected["StringAttributeConstraints"] = {"MinLength": low, "MaxLength": high}
        elif name == "updated_at":
            expected["NumberAttributeConstraints"] = {"MinValue": "0"}
        assert item == expected


@pytest.mark.operation("UpdateUserPool")
def test_an_update_resets_what_it_leaves_out_but_for_these(idp: Any) -> None:
    created = idp.create_user_pool(
        PoolName="pool",
        UserPoolTier="PLUS",
        UserPoolTags={"team": "a"},
        UsernameAttributes=["email"],
        UsernameConfiguration={"CaseSensitive": False},
        AutoVerifiedAttributes=["email"],
        Policies={
            "PasswordPolicy": {"MinimumLength": 12, "TemporaryPasswordValidityDays": 3},
            "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]},
        },
        DeletionProtection="ACTIVE",
        LambdaConfig={"PostConfirmation": LAMBDA},
        EmailVerificationSubject="Subject",
        EmailVerificationMessage="Code {####}",
        SmsAuthenticationMessage="Sms {####}",
        SmsConfiguration={"SnsCallerArn": ROLE},
        MfaConfiguration="OPTIONAL",
        UserAttributeUpdateSettings={"AttributesRequireVerificationBeforeUpdate": ["email"]},
        DeviceConfiguration={"ChallengeRequiredOnNewDevice": True},
        EmailConfiguration={"ReplyToEmailAddress": "reply@example.com"},
        AdminCreateUserConfig={"AllowAdminCreateUserOnly": True},
        AccountRecoverySetting={"RecoveryMechanisms": [{"Priority": 1, "Name": "verified_email"}]},
        UserPoolAddOns={"AdvancedSecurityMode": "AUDIT"},
        AcrConfiguration={"Level1": {"AcrValue": "urn:own"}},
        IssuerConfiguration={"Type": "UPDATED"},
        DcrConfiguration={"OpenDcrEnabled": True},
    )["UserPool"]
    assert created["AcrConfiguration"]["Level1"] == {"AcrValue": "urn:own"}
    assert created["AcrConfiguration"]["Level2"] == {"AcrValue": "urn:cognito:loa:2"}
    assert created["VerificationMessageTemplate"]["EmailMessage"] == "Code {####}"
    kept = {
        "UsernameAttributes": ["email"],
        "UsernameConfiguration": {"CaseSensitive": False},
        "UserPoolTier": "PLUS",
        "UserPoolTags": {"team": "a"},
        "IssuerConfiguration": {"Type": "UPDATED"},
        "DcrConfiguration": {"EnableStatus": "Enabled", "OpenDcrEnabled": True},
    }
    idp.update_user_pool(UserPoolId=created["Id"])
    updated = pool_of(idp, created["Id"])
    assert without(updated, OWN_OF_POOL) == {**DEFAULT_POOL, **kept}
    assert updated["Name"] == "pool"
    assert updated["SchemaAttributes"] == created["SchemaAttributes"]
    assert updated["CreationDate"] == created["CreationDate"]
    assert updated["LastModifiedDate"] >= created["LastModifiedDate"]


def test_members_that_an_update_keeps_are_replaced_whole_when_given(idp: Any) -> None:
    created = idp.create_user_pool(
        PoolName="pool",
        UserPoolTags={"team": "a"},
        DcrConfiguration={"EnableStatus": "Disabled", "AllowedScopes": ["openid"]},
    )["UserPool"]
    idp.update_user_pool(
        UserPoolId=created["Id"],
        PoolName="renamed",
        UserPoolTags={"cost": "b"},
        DcrConfiguration={"OpenDcrGrantTypes": ["code"]},
    )
    updated = pool_of(idp, created["Id"])
    assert updated["Name"] == "renamed"
    assert updated["UserPoolTags"] == {"cost": "b"}
    assert updated["DcrConfiguration"] == {"EnableStatus": "Enabled", "OpenDcrGrantTypes": ["code"]}
    idp.update_user_pool(UserPoolId=created["Id"], UserPoolTags={})
    assert pool_of(idp, created["Id"])["UserPoolTags"] == {}


def test_the_old_name_of_the_days_counts_alone_but_not_beside_the_new_one(idp: Any) -> None:
    old = {"UnusedAccountValidityDays": 3}
    created = idp.create_user_pool(PoolName="pool", AdminCreateUserConfig=old)["UserPool"]
    assert created["AdminCreateUserConfig"]["UnusedAccountValidityDays"] == 3
    assert created["Policies"]["PasswordPolicy"]["TemporaryPasswordValidityDays"] == 3
    with refused("InvalidParameterException"):
        idp.update_user_pool(
            UserPoolId=created["Id"],
            AdminCreateUserConfig=old,
            Policies={"PasswordPolicy": {"TemporaryPasswordValidityDays": 3}},
        )
    idp.update_user_pool(
        UserPoolId=created["Id"], Policies={"PasswordPolicy": {"MinimumLength": 9, "TemporaryPasswordValidityDays": 5}}
    )
    updated = pool_of(idp, created["Id"])
    assert updated["AdminCreateUserConfig"]["UnusedAccountValidityDays"] == 5


def test_a_described_pool_can_be_sent_back_and_stays_what_it_is(idp: Any) -> None:
    created = idp.create_user_pool(
        PoolName="pool", AutoVerifiedAttributes=["email"], EmailVerificationSubject="Subject"
    )["UserPool"]
    accepted = idp.meta.service_model.operation_model("UpdateUserPool").input_shape.members
    sent = {name: value for name, value in created.items() if name in accepted}
    sent["AdminCreateUserConfig"] = {"AllowAdminCreateUserOnly": False}
    idp.update_user_pool(UserPoolId=created["Id"], **sent)
    updated = pool_of(idp, created["Id"])
    changed = [name for name in set(created) | set(updated) if created.get(name) != updated.get(name)]
    assert set(changed) <= {"LastModifiedDate"}


@pytest.mark.operation("CreateUserPoolClient")
@pytest.mark.operation("DescribeUserPoolClient")
def test_a_client_of_defaults_says_exactly_this(app: App) -> None:
    created = app.idp.create_user_pool_client(UserPoolId=app.pool_id, ClientName="c")["UserPoolClient"]
    assert without(created, OWN_OF_CLIENT) == DEFAULT_CLIENT
    assert (created["UserPoolId"], created["ClientName"]) == (app.pool_id, "c")
    assert created["CreationDate"] == created["LastModifiedDate"]
    described = app.idp.describe_user_pool_client(UserPoolId=app.pool_id, ClientId=created["ClientId"])
    assert described["UserPoolClient"] == created
    secret = app.idp.create_user_pool_client(
        UserPoolId=app.pool_id, ClientName="c", GenerateSecret=True, RefreshTokenValidity=0
    )["UserPoolClient"]
    assert without(secret, (*OWN_OF_CLIENT, "ClientSecret")) == DEFAULT_CLIENT


@pytest.mark.operation("UpdateUserPoolClient")
def test_an_update_of_a_client_resets_all_but_name_and_secret(app: App) -> None:
    created = app.client(GenerateSecret=True, **FULL_CLIENT)
    assert without(created, (*OWN_OF_CLIENT, "ClientSecret", "ClientType")) == FULL_CLIENT
    updated = app.idp.update_user_pool_client(UserPoolId=app.pool_id, ClientId=created["ClientId"])["UserPoolClient"]
    assert without(updated, (*OWN_OF_CLIENT, "ClientSecret")) == DEFAULT_CLIENT
    for name in ("ClientName", "ClientSecret", "ClientId", "CreationDate"):
        assert updated[name] == created[name]
    described = app.idp.describe_user_pool_client(UserPoolId=app.pool_id, ClientId=created["ClientId"])
    assert described["UserPoolClient"] == updated
    again = app.idp.update_user_pool_client(
        UserPoolId=app.pool_id, ClientId=created["ClientId"], ClientName="new", **FULL_CLIENT
    )["UserPoolClient"]
    assert without(again, (*OWN_OF_CLIENT, "ClientSecret", "ClientType")) == FULL_CLIENT
    assert again["ClientName"] == "new"


def test_a_refused_update_of_a_client_changes_nothing(app: App) -> None:
    created = app.client(**{**FULL_CLIENT, "EnablePropagateAdditionalUserContextData": False})
    for bad in ({"AccessTokenValidity": 48}, {"AllowedOAuthScopes": ["x/y"]}, {"DefaultRedirectURI": CONTACT}):
        with pytest.raises(app.idp.exceptions.ClientError):
            app.idp.update_user_pool_client(UserPoolId=app.pool_id, ClientId=created["ClientId"], **bad)
    described = app.idp.describe_user_pool_client(UserPoolId=app.pool_id, ClientId=created["ClientId"])
    assert described["UserPoolClient"] == created


@pytest.mark.operation("ListUserPoolClients")
def test_clients_are_listed_by_type_in_pages_that_may_hold_fewer(app: App) -> None:
    for _ in range(4):
        app.client()
    # Registration of clients by themselves is not built: such a client is made by hand.
    registered = AppClient.objects.filter(pool_id=app.pool_id).order_by("created_at", "id")[1]
    registered.extras["client_type"] = "DCR"
    registered.save()
    everything = [row.pk for row in AppClient.objects.filter(pool_id=app.pool_id).order_by("created_at", "id")]

    def pages(**members: str) -> list[list[str]]:
        found, token = [], None
        while True:
            more: dict[str, Any] = {"NextToken": token} if token else {}
            answer = app.idp.list_user_pool_clients(UserPoolId=app.pool_id, MaxResults=2, **members, **more)
            found.append([item["ClientId"] for item in answer["UserPoolClients"]])
            assert all(set(item) == {"ClientId", "UserPoolId", "ClientName"} for item in answer["UserPoolClients"])
            token = answer.get("NextToken")
            if token is None:
                return found

    assert pages() == [everything[:2], everything[2:4], everything[4:]]
    assert pages(ClientType="DCR") == [[registered.pk], [], []]
    assert pages(ClientType="REGULAR") == [everything[:1], everything[2:4], everything[4:]]
    described = app.idp.describe_user_pool_client(UserPoolId=app.pool_id, ClientId=registered.pk)
    assert described["UserPoolClient"]["ClientType"] == "DCR"
    token = app.idp.list_user_pool_clients(UserPoolId=app.pool_id, MaxResults=2)["NextToken"]
    with refused("InvalidParameterException"):
        app.idp.list_user_pool_clients(UserPoolId=app.pool_id, MaxResults=2, NextToken=token, ClientType="DCR")
    with refused("InvalidParameterException"):
        app.idp.list_user_pool_clients(UserPoolId=app.pool_id, ClientType="OTHER")
