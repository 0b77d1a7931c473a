"""STS: who may become whom, for how long, with what left of the rights."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from urllib.parse import urlencode

import pytest
import time_machine
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from django.test import Client

from cognito_app.core import clock
from cognito_app.models import AccessKey, Role
from cognito_app.services import access_keys, roles
from cognito_app.services.actor import SYSTEM
from tests.clients import boto
from tests.clients.sts import ACCOUNT, ANYBODY, LISTING, as_, assume, make_role, make_user, may, policy
from tests.conftest import refused

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"


@pytest.mark.operation("AssumeRole")
def test_a_role_gives_its_own_rights_and_no_others(admin_key: tuple[str, str]) -> None:
    arn = make_role("app", ANYBODY, allows=LISTING, path="/x/")
    answer = assume(admin_key, arn, DurationSeconds=900)
    row = Role.objects.get()
    assert answer["AssumedRoleUser"] == {
        "AssumedRoleId": f"{row.role_id}:session",
        "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/app/session",
    }
    keys = answer["Credentials"]
    assert keys["AccessKeyId"].startswith("ASIA")
    assert len(keys["SecretAccessKey"]) == 40
    assert 890 < (keys["Expiration"] - clock.now()).total_seconds() <= 900
    assert "PackedPolicySize" not in answer
    who = as_(keys).get_caller_identity()
    assert who["Arn"] == answer["AssumedRoleUser"]["Arn"]
    assert who["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    assert as_(keys, "iam").list_roles()["Roles"]
    with refused("AccessDenied"):
        as_(keys, "iam").get_role(RoleName="app")


def test_who_the_trust_policy_does_not_name_is_refused(admin_key: tuple[str, str]) -> None:
    other = make_role("other", {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/bob"}, "Action": "sts:AssumeRole"})
    text = f"User: arn:aws:iam::{ACCOUNT}:user/admin is not authorized to perform: sts:AssumeRole on resource: "
    with refused("AccessDenied", text + other):
        assume(admin_key, other)
    nowhere = f"arn:aws:iam::{ACCOUNT}:role/none"
    with refused("AccessDenied", text + nowhere):
        assume(admin_key, nowhere)
    with refused("AccessDenied"):
        assume(admin_key, "arn:aws:iam::111122223333:role/other")


def test_a_named_principal_needs_no_policy_and_an_account_leaves_it_to_the_policy() -> None:
    bob = make_user("bob", may("s3:Nothing"))
    by_account = make_role("account", ANYBODY)
    by_name = make_role("named", {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/bob"}, "Action": "sts:AssumeRole"})
    assert assume(bob, by_name)["Credentials"]
    with refused("AccessDenied"):
        assume(bob, by_account)
    allowed = make_user("eve", may("sts:AssumeRole", by_account))
    assert assume(allowed, by_account)["Credentials"]
    with refused("AccessDenied"):
        assume(allowed, by_name)
    denied = make_user("bob", policy({"Effect": "Deny", "Action": "sts:*", "Resource": "*"}))
    with refused("AccessDenied"):
        assume(denied, by_name)


def test_external_id_and_other_conditions(admin_key: tuple[str, str]) -> None:
    arn = make_role("app", {**ANYBODY, "Condition": {"StringEquals": {"sts:ExternalId": "e-1"}}})
    assert assume(admin_key, arn, ExternalId="e-1")["Credentials"]
    for given in ({}, {"ExternalId": "e-2"}):
        with refused("AccessDenied"):
            assume(admin_key, arn, **given)
    named = make_role("named", {**ANYBODY, "Condition": {"StringLike": {"sts:RoleSessionName": "${aws:username}-*"}}})
    assert assume(admin_key, named, RoleSessionName="admin-1")["Credentials"]
    with refused("AccessDenied"):
        assume(admin_key, named, RoleSessionName="other-1")


def test_session_policies_narrow_and_never_widen(admin_key: tuple[str, str]) -> None:
    arn = make_role("app", ANYBODY, allows=may(["iam:ListRoles", "iam:GetRole"]))
    narrowed = assume(admin_key, arn, Policy=json.dumps(may(["iam:GetRole", "iam:DeleteRole"])))
    assert 0 < narrowed["PackedPolicySize"] <= 100
    client = as_(narrowed["Credentials"], "iam")
    assert client.get_role(RoleName="app")["Role"]
    with refused("AccessDenied") as _:
        client.list_roles()
    with refused("AccessDenied"):
        client.delete_role(RoleName="app")
    iam = boto.client("iam", admin_key)
    managed = iam.create_policy(PolicyName="list", PolicyDocument=json.dumps(may("iam:ListRoles")))["Policy"]["Arn"]
    both = assume(admin_key, arn, Policy=json.dumps(may("iam:GetRole")), PolicyArns=[{"arn": managed}])
    client = as_(both["Credentials"], "iam")
    assert client.get_role(RoleName="app")["Role"]
    assert client.list_roles()["Roles"]
    nothing = assume(admin_key, arn, PolicyArns=[{"arn": "arn:aws:iam::aws:policy/AWSDenyAll"}])["Credentials"]
    with refused("AccessDenied"):
        as_(nothing, "iam").list_roles()
    iam.delete_policy(PolicyArn=managed)
    with refused("AccessDenied"):
        client.list_roles()


def test_bad_session_policies(admin_key: tuple[str, str]) -> None:
    arn = make_role("app", ANYBODY, allows=LISTING)
    for text in ("{}", "nonsense", json.dumps(may("s3")), json.dumps({**LISTING, "Version": "2020-01-01"})):
        with refused("MalformedPolicyDocument"):
            assume(admin_key, arn, Policy=text)
    with refused("MalformedPolicyDocument"):
        assume(admin_key, arn, PolicyArns=[{"arn": f"arn:aws:iam::{ACCOUNT}:policy/none"}])
    with refused("ValidationError"):
        assume(admin_key, arn, PolicyArns=[{"arn": f"arn:aws:iam::aws:policy/AWSDenyAll"}] * 11)  # noqa: F541
    with refused("PackedPolicyTooLarge"):
        assume(admin_key, arn, Policy=json.dumps(may([f"s3:Action{n:0>90}" for n in range(30)])))


def test_tags_need_tag_session_and_become_principal_tags(admin_key: tuple[str, str]) -> None:
    tags = [{"Key": "team", "Value": "red"}]
    plain = make_role("plain", ANYBODY)
    with refused("AccessDenied"):
        assume(admin_key, plain, Tags=tags)
    allows = may("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/${{aws:PrincipalTag/Team}}")
    trust = {**ANYBODY, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    tagged = make_role("red", trust, allows=allows, tags={"Team": "plain"})
    keys = assume(admin_key, tagged, Tags=tags)["Credentials"]
    assert as_(keys, "iam").get_role(RoleName="red")["Role"]
    with refused("AccessDenied"):
        as_(keys, "iam").get_role(RoleName="plain")
    untagged = assume(admin_key, tagged)["Credentials"]
    assert as_(untagged, "iam").get_role(RoleName="plain")["Role"]
    limited = make_role("limited", {**trust, "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}})
    assert assume(admin_key, limited, Tags=tags)["Credentials"]
    with refused("AccessDenied"):
        assume(admin_key, limited, Tags=[*tags, {"Key": "cost", "Value": "1"}])
    for wrong in (
        [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}],
        [{"Key": "aws:x", "Value": "1"}],
        [{"Key": "a", "Value": "<"}],
        [{"Key": "a", "Value": "x" * 257}],
    ):
        with refused("ValidationError"):
            assume(admin_key, tagged, Tags=wrong)
    random = [
        {"Key": f"k{n}", "Value": "".join(sha256(f"{n}-{i}".encode()).hexdigest() for i in range(4))[:250]}
        for n in range(50)
    ]
    assert assume(admin_key, tagged, Tags=[{"Key": "a", "Value": ""}])["PackedPolicySize"] > 0
    with refused("PackedPolicyTooLarge"):
        assume(admin_key, tagged, Tags=random)


def test_chains_end_within_the_hour_and_pass_on_transitive_tags(admin_key: tuple[str, str]) -> None:
    trust = {**ANYBODY, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    first = make_role("first", trust, allows=may("sts:*"), max_session_duration=43_200)
    second = make_role(
        "second",
        trust,
        allows=may("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/${{aws:PrincipalTag/go}}"),
        max_session_duration=43_200,
    )
    tags = [{"Key": "go", "Value": "first"}, {"Key": "stay", "Value": "x"}]
    with refused("ValidationError"):
        assume(admin_key, first, TransitiveTagKeys=["go"])
    keys = assume(admin_key, first, Tags=tags, TransitiveTagKeys=["go"], DurationSeconds=7200)["Credentials"]
    with refused(
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
    ):
        assume(keys, second, DurationSeconds=3601)
    with refused("ValidationError"):
        assume(keys, second, Tags=[{"Key": "GO", "Value": "second"}])
    chained = assume(keys, second)["Credentials"]
    assert as_(chained, "iam").get_role(RoleName="first")["Role"]
    with refused("AccessDenied"):
        as_(chained, "iam").get_role(RoleName="second")
    short = make_role("short", ANYBODY)
    with refused("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."):
        assume(admin_key, short, DurationSeconds=3601)
    for seconds in (899, 43_201):
        with refused("ValidationError"):
            assume(admin_key, first, DurationSeconds=seconds)


def test_a_source_identity_stays_for_the_whole_chain(admin_key: tuple[str, str]) -> None:
    plain = make_role("plain", ANYBODY)
    with refused("AccessDenied"):
        assume(admin_key, plain, SourceIdentity="ann")
    trust = {**ANYBODY, "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"]}
    allows = policy(
        {"Action": "sts:*", "Resource": "*"},
        {"Action": "iam:ListRoles", "Resource": "*", "Condition": {"StringEquals": {"aws:SourceIdentity": "ann"}}},
    )
    first, second = make_role("first", trust, allows=allows), make_role("second", trust, allows=allows)
    answer = assume(admin_key, first, SourceIdentity="ann")
    assert answer["SourceIdentity"] == "ann"
    with refused("AccessDenied"):
        assume(answer["Credentials"], second, SourceIdentity="bob")
    chained = assume(answer["Credentials"], second)
    assert chained["SourceIdentity"] == "ann"
    assert as_(chained["Credentials"], "iam").list_roles()["Roles"]
    with refused("AccessDenied"):
        as_(assume(admin_key, first)["Credentials"], "iam").list_roles()


def test_a_session_ends_with_its_role_and_its_time(admin_key: tuple[str, str]) -> None:
    arn = make_role("app", ANYBODY, allows=LISTING)
    keys = assume(admin_key, arn)["Credentials"]
    role = Role.objects.get()
    role.policies = {"p": may("s3:*")}
    roles.update(SYSTEM, role)
    with refused("AccessDenied"):
        as_(keys, "iam").list_roles()
    role.sessions_valid_after = clock.now() + timedelta(seconds=1)
    roles.update(SYSTEM, role)
    with refused("InvalidClientTokenId"):
        as_(keys).get_caller_identity()
    role.sessions_valid_after = None
    roles.update(SYSTEM, role)
    assert as_(keys).get_caller_identity()
    with time_machine.travel(clock.now() + timedelta(hours=1, seconds=1)), refused("ExpiredToken"):
        as_(keys).get_caller_identity()
    roles.delete(SYSTEM, "app")
    with refused("InvalidClientTokenId"):
        as_(keys).get_caller_identity()


def test_an_altered_or_foreign_session_token_opens_nothing(admin_key: tuple[str, str]) -> None:
    arn = make_role("app", ANYBODY)
    one, other = assume(admin_key, arn)["Credentials"], assume(admin_key, arn)["Credentials"]
    token = one["SessionToken"]
    middle = "A" if token[40] != "A" else "B"
    for changed in (
        {"SessionToken": token[:40] + middle + token[41:]},
        {"SessionToken": other["SessionToken"]},
        {"SessionToken": "x"},
        {"SessionToken": "A" * 20_000},
        {"AccessKeyId": other["AccessKeyId"]},
    ):
        with refused("InvalidClientTokenId"):
            as_({**one, **changed}).get_caller_identity()
    with refused("SignatureDoesNotMatch"):
        as_({**one, "SecretAccessKey": other["SecretAccessKey"]}).get_caller_identity()


def test_a_token_can_be_made_larger(admin_key: tuple[str, str]) -> None:
    arn = make_role("app", ANYBODY)
    plain, padded = assume(admin_key, arn), assume(admin_key, arn, MinimumSessionTokenSize=4096)
    assert len(padded["Credentials"]["SessionToken"]) == padded["SessionTokenSize"] >= 4096
    assert len(plain["Credentials"]["SessionToken"]) == plain["SessionTokenSize"] < 1000
    assert as_(padded["Credentials"]).get_caller_identity()


@pytest.mark.operation("GetSessionToken")
def test_a_users_session_has_the_users_rights_but_not_over_iam(admin_key: tuple[str, str]) -> None:
    arn = make_role("app", ANYBODY, allows=LISTING)
    keys = as_(admin_key).get_session_token(DurationSeconds=900)["Credentials"]
    who = as_(keys).get_caller_identity()
    assert who["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/admin"
    assert as_(keys, "cognito-idp").list_user_pools(MaxResults=1)["UserPools"] == []
    assert assume(keys, arn)["Credentials"]
    with refused("InvalidClientTokenId"):
        as_(keys, "iam").list_roles()
    with refused("AccessDenied", "Cannot call GetSessionToken with session credentials"):
        as_(keys).get_session_token()
    with refused("AccessDenied"):
        as_(admin_key).get_session_token(SerialNumber="arn:aws:iam::0:mfa/x", TokenCode="123456")
    with refused("ValidationError"):
        as_(admin_key).get_session_token(DurationSeconds=899)
    access_keys.set_active(SYSTEM, admin_key[0], False)
    with refused("InvalidClientTokenId"):
        as_(keys).get_caller_identity()


@pytest.mark.operation("GetFederationToken")
def test_a_federated_user_has_what_both_policies_allow(admin_key: tuple[str, str]) -> None:
    bob = make_user(
        "bob", may(["sts:GetFederationToken", "sts:TagSession", "cognito-idp:List*", "cognito-idp:Create*"])
    )
    answer = as_(bob).get_federation_token(
        Name="carl", Policy=json.dumps(may(["cognito-idp:List*", "cognito-idp:Delete*"]))
    )
    assert answer["FederatedUser"] == {
        "FederatedUserId": f"{ACCOUNT}:carl",
        "Arn": f"arn:aws:sts::{ACCOUNT}:federated-user/carl",
    }
    keys = answer["Credentials"]
    assert as_(keys).get_caller_identity()["Arn"] == answer["FederatedUser"]["Arn"]
    idp = as_(keys, "cognito-idp")
    assert idp.list_user_pools(MaxResults=1)["UserPools"] == []
    with refused("AccessDeniedException"):
        idp.create_user_pool(PoolName="p")
    with refused("AccessDeniedException"):
        idp.delete_user_pool(UserPoolId="us-east-1_abcdefghi")
    bare = as_(bob).get_federation_token(Name="dora")["Credentials"]
    with refused("AccessDeniedException"):
        as_(bare, "cognito-idp").list_user_pools(MaxResults=1)
    role = make_role("app", {"Principal": "*", "Action": "sts:AssumeRole"})
    with refused("AccessDenied"):
        assume(keys, role)
    with refused("AccessDenied"):
        as_(keys).get_federation_token(Name="erik")
    with refused("AccessDenied"):
        as_(make_user("eve", may("s3:*"))).get_federation_token(Name="x1")
    with refused("MalformedPolicyDocument"):
        as_(bob).get_federation_token(Name="carl", Policy="{}")
    tagged = as_(bob).get_federation_token(Name="fay", Tags=[{"Key": "team", "Value": "red"}])
    assert tagged["PackedPolicySize"] > 0


@pytest.mark.operation("GetAccessKeyInfo")
def test_the_account_of_an_access_key(admin_key: tuple[str, str]) -> None:
    assert as_(admin_key).get_access_key_info(AccessKeyId=admin_key[0])["Account"] == ACCOUNT
    for wrong in ("AKIA", "XXXX" + admin_key[0][4:], admin_key[0] + "A"):
        with refused("ValidationError"):
            as_(admin_key).get_access_key_info(AccessKeyId=wrong)


@pytest.mark.operation("GetCallerIdentity")
def test_who_one_is_cannot_be_denied() -> None:
    nobody = make_user("nobody", policy({"Effect": "Deny", "Action": "*", "Resource": "*"}))
    assert as_(nobody).get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/nobody"
    with refused("InvalidClientTokenId"):
        as_(("AKIA" + "A" * 16, "x")).get_caller_identity()
    AccessKey.objects.update(active=False)


@pytest.mark.parametrize("seconds", ["--900", "\u00b2", "900.0", "9" * 5000, ""])
def test_a_duration_that_is_no_number(admin_key: tuple[str, str], seconds: str) -> None:
    """Which botocore would not send: a form of one's own, signed by its code."""
    arn = make_role("app", ANYBODY)
    named = {"RoleArn": arn, "RoleSessionName": "session", "DurationSeconds": seconds}
    body = urlencode({"Action": "AssumeRole", "Version": "2011-06-15", **named}).encode()
    request = AWSRequest("POST", "http://testserver/", data=body, headers={"Content-Type": FORM})
    SigV4Auth(Credentials(*admin_key), "sts", "us-east-1").add_auth(request)
    headers = {name: value for name, value in request.headers.items() if name not in ("Content-Type", "Content-Length")}
    answer = Client().post("/", body, content_type=FORM, headers=headers)
    assert (answer.status_code, b"<Code>ValidationError</Code>" in answer.content) == (400, True)
