"""The IAM query API: roles, policies, identity providers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from cognito_app.models import AuditEvent, Role
from cognito_app.services import access_keys
from cognito_app.services.actor import SYSTEM
from tests.clients import boto
from tests.clients.providers import metadata
from tests.conftest import refused

pytestmark = pytest.mark.django_db

ACCOUNT = "000000000000"


def trust(principal: Any = None, action: str = "sts:AssumeRole", **more: Any) -> str:
    """Return a trust policy."""
    statement = {"Effect": "Allow", "Principal": principal or {"AWS": ACCOUNT}, "Action": action, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(action: Any, resource: Any = "*") -> str:
    """Return a policy of one statement."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def iam(admin_key: tuple[str, str]) -> Any:
    """An IAM client with an administrator's key."""
    return boto.client("iam", admin_key)


@pytest.fixture
def role(iam: Any) -> str:
    """A role that the account may assume."""
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust())
    return "app"


@pytest.mark.operation("CreateRole")
@pytest.mark.operation("GetRole")
@pytest.mark.operation("UpdateRole")
@pytest.mark.operation("DeleteRole")
@pytest.mark.operation("UpdateAssumeRolePolicy")
def test_life_of_a_role(iam: Any) -> None:
    made = iam.create_role(
        RoleName="app",
        Path="/team/",
        AssumeRolePolicyDocument=trust(),
        Description="d",
        MaxSessionDuration=7200,
        Tags=[{"Key": "cost", "Value": "1"}],
    )["Role"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/team/app"
    assert made["RoleId"].startswith("AROA")
    found = iam.get_role(RoleName="app")["Role"]
    assert found == made
    assert found["AssumeRolePolicyDocument"] == json.loads(trust())
    assert found["Tags"] == [{"Key": "cost", "Value": "1"}]
    iam.update_role(RoleName="app", Description="e", MaxSessionDuration=3600)
    iam.update_assume_role_policy(RoleName="app", PolicyDocument=trust({"AWS": "*"}))
    changed = iam.get_role(RoleName="app")["Role"]
    assert (changed["Description"], changed["MaxSessionDuration"]) == ("e", 3600)
    assert changed["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"AWS": "*"}
    with refused("EntityAlreadyExists", "Role with name app already exists."):
        iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust())
    iam.delete_role(RoleName="app")
    with refused("NoSuchEntity", "The role with name app cannot be found."):
        iam.get_role(RoleName="app")
    assert AuditEvent.objects.filter(action="DeleteRole", subject="app").exists()


def test_errors_have_the_status_that_clients_look_at(iam: Any, role: str) -> None:
    calls: list[tuple[Callable[[], Any], int]] = [
        (lambda: iam.get_role(RoleName="none"), 404),
        (lambda: iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust()), 409),
        (lambda: iam.create_role(RoleName="x", AssumeRolePolicyDocument="{}"), 400),
    ]
    for call, status in calls:
        with pytest.raises(iam.exceptions.ClientError) as caught:
            call()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
        assert caught.value.response["ResponseMetadata"]["RequestId"]
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="none")


@pytest.mark.parametrize(
    "document",
    [
        "nonsense",
        "[]",
        trust(action="s3:GetObject"),
        trust({"AWS": "ann"}),
        trust({"Federated": "cognito-identity.amazonaws.com"}, "sts:AssumeRoleWithWebIdentity"),
        json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}),
        trust(Condition={"StringMatches": {"a:b": "c"}}),
        trust(Resource="*"),
    ],
)
def test_a_bad_trust_policy_is_not_stored(iam: Any, role: str, document: str) -> None:
    with refused("MalformedPolicyDocument"):
        iam.create_role(RoleName="other", AssumeRolePolicyDocument=document)
    with refused("MalformedPolicyDocument"):
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=document)
    assert list(Role.objects.values_list("name", flat=True)) == [role]


def test_bad_members_are_refused(iam: Any) -> None:
    for given in (
        {"RoleName": "a b"},
        {"MaxSessionDuration": 60},
        {"Path": "team"},
        {"RoleName": "x" * 65},
        {"Tags": [{"Key": "", "Value": "v"}]},
    ):
        with refused("ValidationError"):
            iam.create_role(**{"RoleName": "app", "AssumeRolePolicyDocument": trust(), **given})
    with refused("InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive."):
        iam.create_role(
            RoleName="app",
            AssumeRolePolicyDocument=trust(),
            Tags=[{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}],
        )
    with refused("InvalidInput"):
        iam.create_role(
            RoleName="app", AssumeRolePolicyDocument=trust(), PermissionsBoundary="arn:aws:iam::aws:policy/AWSDenyAll"
        )
    assert not Role.objects.exists()


@pytest.mark.operation("ListRoles")
def test_roles_come_in_pages(iam: Any) -> None:
    for name in ("c", "a", "b", "d", "e"):
        path = "/x/" if name in "ab" else "/"
        iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust())
    pages = list(iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2}))
    assert [[row["RoleName"] for row in page["Roles"]] for page in pages] == [["a", "b"], ["c", "d"], ["e"]]
    assert [page["IsTruncated"] for page in pages] == [True, True, False]
    assert [row["RoleName"] for row in iam.list_roles(PathPrefix="/x/")["Roles"]] == ["a", "b"]
    marker = iam.list_roles(MaxItems=1)["Marker"]
    with refused("ValidationError", "Invalid Marker."):
        iam.list_roles(MaxItems=1, PathPrefix="/x/", Marker=marker)
    with refused("ValidationError"):
        iam.list_roles(MaxItems=0)


@pytest.mark.operation("PutRolePolicy")
@pytest.mark.operation("GetRolePolicy")
@pytest.mark.operation("ListRolePolicies")
@pytest.mark.operation("DeleteRolePolicy")
def test_inline_policies(iam: Any, role: str) -> None:
    for name in ("two", "one", "three"):
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=allow("s3:GetObject"))
    iam.put_role_policy(RoleName=role, PolicyName="one", PolicyDocument=allow("s3:*"))
    found = iam.get_role_policy(RoleName=role, PolicyName="one")
    assert found["PolicyDocument"] == json.loads(allow("s3:*"))
    pages = iam.get_paginator("list_role_policies").paginate(RoleName=role, PaginationConfig={"PageSize": 2})
    assert [page["PolicyNames"] for page in pages] == [["one", "three"], ["two"]]
    with refused("MalformedPolicyDocument"):
        iam.put_role_policy(RoleName=role, PolicyName="one", PolicyDocument=allow("s3"))
    with refused("LimitExceeded"):
        iam.put_role_policy(
            RoleName=role,
            PolicyName="big",
            PolicyDocument=allow("s3:*", [f"arn:aws:s3:::{n:0>100}" for n in range(100)]),
        )
    iam.delete_role_policy(RoleName=role, PolicyName="one")
    for call in (iam.get_role_policy, iam.delete_role_policy):
        with refused("NoSuchEntity", "The role policy with name one cannot be found."):
            call(RoleName=role, PolicyName="one")
    with refused("NoSuchEntity", "The role with name none cannot be found."):
        iam.put_role_policy(RoleName="none", PolicyName="one", PolicyDocument=allow("s3:*"))
    with refused("NoSuchEntity", "The role with name none cannot be found."):
        iam.list_role_policies(RoleName="none")


@pytest.mark.operation("AttachRolePolicy")
@pytest.mark.operation("DetachRolePolicy")
@pytest.mark.operation("ListAttachedRolePolicies")
@pytest.mark.operation("CreatePolicy")
@pytest.mark.operation("GetPolicy")
@pytest.mark.operation("ListPolicies")
@pytest.mark.operation("DeletePolicy")
def test_managed_policies(iam: Any, role: str) -> None:
    made = iam.create_policy(PolicyName="read", Path="/x/", PolicyDocument=allow("s3:Get*"), Description="d")["Policy"]
    arn = made["Arn"]
    assert arn == f"arn:aws:iam::{ACCOUNT}:policy/x/read"
    iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AWSDenyAll")
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert [item["PolicyName"] for item in attached] == ["AWSDenyAll", "read"]
    assert iam.list_attached_role_policies(RoleName=role, PathPrefix="/x/")["AttachedPolicies"] == [attached[1]]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    assert [row["Arn"] for row in iam.list_policies(Scope="Local")["Policies"]] == [arn]
    assert len(iam.list_policies(OnlyAttached=True)["Policies"]) == 2
    with refused("DeleteConflict", "Cannot delete a policy attached to entities."):
        iam.delete_policy(PolicyArn=arn)
    with refused("DeleteConflict", "Cannot delete entity, must detach all policies first."):
        iam.delete_role(RoleName=role)
    for policy in attached:
        iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    with refused("NoSuchEntity", f"Policy {arn} was not found."):
        iam.detach_role_policy(RoleName=role, PolicyArn=arn)
    iam.put_role_policy(RoleName=role, PolicyName="one", PolicyDocument=allow("s3:*"))
    with refused("DeleteConflict", "Cannot delete entity, must delete policies first."):
        iam.delete_role(RoleName=role)
    iam.delete_policy(PolicyArn=arn)
    with refused("NoSuchEntity", f"Policy {arn} was not found."):
        iam.get_policy(PolicyArn=arn)
    with refused("NoSuchEntity", f"Policy {arn} does not exist or is not attachable."):
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    with refused("InvalidInput"):
        iam.get_policy(PolicyArn="arn:aws:iam::000000000000:role/app")


@pytest.mark.operation("CreatePolicyVersion")
@pytest.mark.operation("GetPolicyVersion")
@pytest.mark.operation("ListPolicyVersions")
@pytest.mark.operation("SetDefaultPolicyVersion")
@pytest.mark.operation("DeletePolicyVersion")
def test_versions_of_a_policy(iam: Any) -> None:
    arn = iam.create_policy(PolicyName="p", PolicyDocument=allow("s3:GetObject"))["Policy"]["Arn"]
    with refused("EntityAlreadyExists", "A policy called p already exists. Duplicate names are not allowed."):
        iam.create_policy(PolicyName="p", PolicyDocument=allow("s3:GetObject"))
    second = iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow("s3:PutObject"), SetAsDefault=True)
    assert second["PolicyVersion"]["VersionId"] == "v2"
    found = iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]
    assert found["Document"] == json.loads(allow("s3:PutObject"))
    assert found["IsDefaultVersion"]
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    with refused("DeleteConflict"):
        iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    with refused("DeleteConflict"):
        iam.delete_policy(PolicyArn=arn)
    for _ in range(3):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow("s3:*"))
    with refused("LimitExceeded"):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow("s3:*"))
    for name in ("v2", "v3", "v4", "v5"):
        iam.delete_policy_version(PolicyArn=arn, VersionId=name)
    assert [row["VersionId"] for row in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == ["v1"]
    with refused("NoSuchEntity"):
        iam.get_policy_version(PolicyArn=arn, VersionId="v2")
    iam.delete_policy(PolicyArn=arn)


@pytest.mark.operation("CreateOpenIDConnectProvider")
@pytest.mark.operation("GetOpenIDConnectProvider")
@pytest.mark.operation("ListOpenIDConnectProviders")
@pytest.mark.operation("AddClientIDToOpenIDConnectProvider")
@pytest.mark.operation("RemoveClientIDFromOpenIDConnectProvider")
@pytest.mark.operation("DeleteOpenIDConnectProvider")
def test_open_id_connect_providers(iam: Any) -> None:
    arn = iam.create_open_id_connect_provider(
        Url="https://login.example.com/tenant", ClientIDList=["a", "b"], ThumbprintList=["A" * 40]
    )["OpenIDConnectProviderArn"]
    assert arn == f"arn:aws:iam::{ACCOUNT}:oidc-provider/login.example.com/tenant"
    with refused("EntityAlreadyExists"):
        iam.create_open_id_connect_provider(Url="https://login.example.com/tenant")
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="c")
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="c")
    iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="a")
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert found["Url"] == "login.example.com/tenant"
    assert found["ClientIDList"] == ["b", "c"]
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == [{"Arn": arn}]
    for url in ("http://login.example.com", "https://x/?a=b", "ftp://x", "x", "https://saml"):
        with refused("InvalidInput"):
            iam.create_open_id_connect_provider(Url=url)
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    with refused("NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}"):
        iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    with refused("InvalidInput"):
        iam.get_open_id_connect_provider(OpenIDConnectProviderArn=f"arn:aws:iam::{ACCOUNT}:role/app")


@pytest.mark.operation("CreateSAMLProvider")
@pytest.mark.operation("GetSAMLProvider")
@pytest.mark.operation("UpdateSAMLProvider")
@pytest.mark.operation("ListSAMLProviders")
@pytest.mark.operation("DeleteSAMLProvider")
def test_saml_providers(iam: Any) -> None:
    document = metadata().ljust(1000)
    arn = iam.create_saml_provider(Name="corp", SAMLMetadataDocument=document)["SAMLProviderArn"]
    assert arn == f"arn:aws:iam::{ACCOUNT}:saml-provider/corp"
    found = iam.get_saml_provider(SAMLProviderArn=arn)
    assert found["SAMLMetadataDocument"] == document
    assert found["ValidUntil"] > found["CreateDate"]
    with refused("EntityAlreadyExists"):
        iam.create_saml_provider(Name="corp", SAMLMetadataDocument=document)
    with refused("InvalidInput"):
        iam.create_saml_provider(Name="other", SAMLMetadataDocument="<a/>".ljust(1000))
    with refused("InvalidInput"):
        iam.update_saml_provider(SAMLProviderArn=arn, SAMLMetadataDocument="<a/>".ljust(1000))
    assert iam.update_saml_provider(SAMLProviderArn=arn, SAMLMetadataDocument=document)["SAMLProviderArn"] == arn
    assert [row["Arn"] for row in iam.list_saml_providers()["SAMLProviderList"]] == [arn]
    iam.delete_saml_provider(SAMLProviderArn=arn)
    with refused("NoSuchEntity"):
        iam.get_saml_provider(SAMLProviderArn=arn)


@pytest.mark.operation("ListInstanceProfilesForRole")
def test_terraform_asks_for_instance_profiles(iam: Any, role: str) -> None:
    assert iam.list_instance_profiles_for_role(RoleName=role)["InstanceProfiles"] == []
    with refused("NoSuchEntity"):
        iam.list_instance_profiles_for_role(RoleName="none")


def test_policies_decide_about_iam_itself(iam: Any, role: str) -> None:
    iam.create_role(RoleName="deep", Path="/x/", AssumeRolePolicyDocument=trust())
    document = json.loads(allow(["iam:GetRole", "iam:CreateRole"], f"arn:aws:iam::{ACCOUNT}:role/x/*"))
    row, secret = access_keys.create(SYSTEM, user_name="limited", document=document)
    limited = boto.client("iam", (row.id, secret))
    assert limited.get_role(RoleName="deep")["Role"]["RoleName"] == "deep"
    limited.create_role(RoleName="more", Path="/x/", AssumeRolePolicyDocument=trust())
    for call in (
        lambda: limited.get_role(RoleName=role),
        lambda: limited.delete_role(RoleName="deep"),
        lambda: limited.create_role(RoleName="out", AssumeRolePolicyDocument=trust()),
        limited.list_roles,
    ):
        with refused("AccessDenied"):
            call()
    assert not Role.objects.filter(name="out").exists()


def test_requests_must_be_signed_for_iam(iam: Any) -> None:
    unsigned = Client().post(
        "/", "Action=ListRoles&Version=2010-05-08", content_type="application/x-www-form-urlencoded"
    )
    assert unsigned.status_code == 403
    assert b"<Code>MissingAuthenticationToken</Code>" in unsigned.content
    unknown = Client().post(
        "/", "Action=CreateUniverse&Version=2010-05-08", content_type="application/x-www-form-urlencoded"
    )
    assert unknown.status_code == 400
    assert b"InvalidAction" in unknown.content
    missing = Client().post(
        "/", "Action=CreateUser&Version=2010-05-08", content_type="application/x-www-form-urlencoded"
    )
    assert missing.status_code == 501


def test_iam_takes_signatures_for_its_one_region(iam: Any, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "SIGNING_REGIONS": ["eu-central-1"]}
    assert iam.list_roles()["Roles"] == []
