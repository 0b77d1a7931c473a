"""STS: who may become whom, for how long, with what left of the rights."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
import time_machine
from pytest_django import Settings

from cognito_app.core import clock, jose
from cognito_app.models import AccessKey, Identity, Role
from cognito_app.services import access_keys, oidc_providers, roles
from cognito_app.services.actor import SYSTEM
from cognito_app.services.sts import web_tokens
from tests.clients import boto
from tests.conftest import App, refused

pytestmark = pytest.mark.django_db

ACCOUNT = "000000000000"
POOLS = "cognito-identity.amazonaws.com"
Keys = dict[str, Any]


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    """Return a document; statements allow unless they say otherwise."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]}


def may(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """Return a policy of one statement."""
    return policy({"Action": action, "Resource": resource, **more})


def make_role(name: str, *trust: dict[str, Any], allows: Any = None, **given: Any) -> str:
    """Create a role and return its ARN."""
    policies = {"p": allows} if allows else {}
    return roles.arn_of(roles.create(SYSTEM, name=name, trust_policy=policy(*trust), policies=policies, **given))


ANYBODY: dict[str, Any] = {"Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}


def make_user(name: str, document: dict[str, Any]) -> tuple[str, str]:
    """Create a user with a key."""
    row, secret = access_keys.create(SYSTEM, user_name=name, document=document)
    return row.id, secret


def as_(keys: Keys | tuple[str, str], service: str = "sts") -> Any:
    """Return a client with credentials."""
    if isinstance(keys, tuple):
        return boto.client(service, keys)
    return boto.client(service, (keys["AccessKeyId"], keys["SecretAccessKey"]), keys["SessionToken"])


def assume(keys: Keys | tuple[str, str], arn: str, **given: Any) -> Any:
    """Assume a role."""
    return as_(keys).assume_role(**{"RoleArn": arn, "RoleSessionName": "session", **given})


LISTING = may("iam:ListRoles")


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


class Federation:
    """A user pool that IAM knows as an OpenID Connect provider, and a role that trusts it."""

    def __init__(self, app: App, settings: Settings) -> None:
        settings.COGNITO = {**settings.COGNITO, "OUTGOING_PRIVATE_NETWORKS": True}
        app.sign_up()
        self.app = app
        provider = oidc_providers.create(SYSTEM, url=f"http://localhost:8000/{app.pool_id}", client_ids=[app.client_id])
        self.provider_arn = oidc_providers.arn_of(provider)
        self.key = provider.name
        self.trust = {"Principal": {"Federated": self.provider_arn}, "Action": "sts:AssumeRoleWithWebIdentity"}

    def assume(self, arn: str, token: str, **given: Any) -> Any:
        """Assume a role with a token."""
        return boto.client("sts").assume_role_with_web_identity(
            RoleArn=arn, RoleSessionName="session", WebIdentityToken=token, **given
        )


@pytest.fixture
def federation(app: App, settings: Settings) -> Federation:
    """A user pool as a provider of IAM."""
    return Federation(app, settings)


@pytest.mark.operation("AssumeRoleWithWebIdentity")
def test_a_token_of_a_known_provider_opens_roles_that_trust_it(federation: Federation) -> None:
    token = federation.app.sign_in()["IdToken"]
    subject = str(jose.peek(token)[1]["sub"])
    condition = {
        "StringEquals": {
            f"{federation.key}:aud": federation.app.client_id,
            f"{federation.key}:sub": subject,
            f"{federation.key}:email": "ann@example.com",
        }
    }
    arn = make_role("app", {**federation.trust, "Condition": condition}, allows=LISTING)
    answer = federation.assume(arn, token, DurationSeconds=900, Policy=json.dumps(LISTING))
    assert answer["SubjectFromWebIdentityToken"] == subject
    assert answer["Audience"] == federation.app.client_id
    assert answer["Provider"] == f"http://localhost:8000/{federation.app.pool_id}"
    assert as_(answer["Credentials"], "iam").list_roles()["Roles"]
    strict = make_role(
        "strict", {**federation.trust, "Condition": {"StringEquals": {f"{federation.key}:sub": "other"}}}
    )
    refusal = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
    with refused("AccessDenied", refusal):
        federation.assume(strict, token)
    with refused("AccessDenied", refusal):
        federation.assume(f"arn:aws:iam::{ACCOUNT}:role/none", token)
    with refused("AccessDenied", refusal):
        federation.assume(strict, token, DurationSeconds=43_200)
    with refused("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."):
        federation.assume(arn, token, DurationSeconds=7200)


def test_tokens_that_prove_nothing_are_refused(federation: Federation) -> None:
    arn = make_role("app", federation.trust)
    tokens = federation.app.sign_in()
    head, body, signature = tokens["IdToken"].split(".")
    none = jose._encode(b'{"alg":"none"}')
    _, claims = jose.peek(tokens["IdToken"])
    foreign = jose.sign({**claims, "iss": "https://evil.example.com"}, jose.generate_private_key(), "k")
    own = jose.sign(claims, jose.generate_private_key(), str(jose.peek(tokens["IdToken"])[0]["kid"]))
    other_client = federation.app.client()["ClientId"]
    for token, message in (
        ("none", None),
        (f"{head}.{body}.{signature[:-6]}AAAAAA", None),
        (f"{none}.{body}.", None),
        (own, None),
        (tokens["AccessToken"], None),
        (foreign, "No OpenIDConnect provider found in your account for https://evil.example.com"),
        (federation.app.sign_in(client_id=other_client)["IdToken"], "Incorrect token audience"),
    ):
        with refused("InvalidIdentityToken", message):
            federation.assume(arn, token)
    with refused("InvalidIdentityToken"):
        federation.assume(arn, tokens["IdToken"], ProviderId="graph.facebook.com")
    with time_machine.travel(clock.now() + timedelta(hours=2)), refused("ExpiredTokenException"):
        federation.assume(arn, tokens["IdToken"])
    oidc_providers.delete(SYSTEM, federation.provider_arn)
    with refused("InvalidIdentityToken"):
        federation.assume(arn, tokens["IdToken"])


class PoolTokens:
    """A guest of an identity pool with a token."""

    def __init__(self, identity: Any) -> None:
        self.pool_id = identity.create_identity_pool(IdentityPoolName="p", AllowUnauthenticatedIdentities=True)[
            "IdentityPoolId"
        ]
        client = boto.client("cognito-identity")
        self.identity_id = client.get_id(IdentityPoolId=self.pool_id)["IdentityId"]
        self.token = client.get_open_id_token(IdentityId=self.identity_id)["Token"]

    def trust(self, action: Any = "sts:AssumeRoleWithWebIdentity", **condition: Any) -> dict[str, Any]:
        """Return a statement that trusts the pool."""
        asked = {"StringEquals": {f"{POOLS}:aud": self.pool_id}, **condition}
        return {"Principal": {"Federated": POOLS}, "Action": action, "Condition": asked}

    def assume(self, arn: str, **given: Any) -> Any:
        """Assume a role with the token."""
        return boto.client("sts").assume_role_with_web_identity(
            **{"RoleArn": arn, "RoleSessionName": "session", "WebIdentityToken": self.token, **given}
        )


@pytest.mark.parametrize(
    ("condition", "trusted"),
    [
        ({"ForAnyValue:StringLike": {f"{POOLS}:amr": "unauthenticated"}}, True),
        ({"ForAnyValue:StringLike": {f"{POOLS}:amr": "authenticated"}}, False),
        ({"ForAnyValue:StringLike": {f"{POOLS}:amr": "*auth*"}}, True),
        ({"StringLike": {f"{POOLS}:sub": "us-east-1:*"}}, True),
        ({"StringEquals": {f"{POOLS}:aud": "us-east-1:other"}}, False),
        ({"StringEquals": {f"{POOLS}:sub": "us-east-1:other"}}, False),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
        ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, True),
        ({"StringEquals": {"aws:FederatedProvider": POOLS}}, True),
        ({"NumericLessThanEquals": {"sts:DurationSeconds": "900"}}, False),
    ],
)
def test_keys_of_identity_pool_tokens(identity: Any, condition: dict[str, Any], trusted: bool) -> None:
    pool = PoolTokens(identity)
    arn = make_role("app", pool.trust(**condition), allows=LISTING)
    if not trusted:
        with refused("AccessDenied"):
            pool.assume(arn)
        return
    answer = pool.assume(arn)
    assert answer["Provider"] == POOLS
    assert answer["Audience"] == pool.pool_id
    assert as_(answer["Credentials"], "iam").list_roles()["Roles"]


def test_the_pools_keys_stay_with_the_session_and_end_with_the_identity(identity: Any) -> None:
    pool = PoolTokens(identity)
    own = f"arn:aws:iam::{ACCOUNT}:role/${{{POOLS}:sub}}"
    allows = policy(
        {"Action": "iam:GetRole", "Resource": own},
        {"Action": "iam:ListRoles", "Resource": "*", "Condition": {"StringEquals": {f"{POOLS}:aud": pool.pool_id}}},
    )
    keys = pool.assume(make_role("app", pool.trust(), allows=allows))["Credentials"]
    assert as_(keys, "iam").list_roles()["Roles"]
    with refused("AccessDenied"):
        as_(keys, "iam").get_role(RoleName="app")
    second = make_role("second", {"Principal": "*", "Action": "sts:AssumeRole"})
    chained = assume(keys, second)["Credentials"]
    assert as_(chained).get_caller_identity()
    Identity.objects.filter(pk=pool.identity_id).update(state="disabled")
    for ended in (keys, chained):
        with refused("InvalidClientTokenId"):
            as_(ended).get_caller_identity()
    with refused("InvalidIdentityToken"):
        pool.assume(f"arn:aws:iam::{ACCOUNT}:role/app")


def test_everybody_means_no_tokens_of_others_and_a_narrowed_session_stays_narrow(
    admin_key: tuple[str, str], identity: Any
) -> None:
    anybody = make_role("anybody", {"Principal": "*", "Action": ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"]})
    with refused("AccessDenied"):
        PoolTokens(identity).assume(anybody)
    assert assume(admin_key, anybody)["Credentials"]
    first = make_role("first", ANYBODY, allows=may("sts:*"))
    narrowed = assume(admin_key, first, Policy=json.dumps(LISTING))["Credentials"]
    with refused("AccessDenied"):
        assume(narrowed, anybody)


def test_keys_of_providers_are_looked_up_by_claim() -> None:
    claims = {"aud": ["a"], "azp": "b", "sub": "s", "amr": ["x"], "email": "e", "n": 1, "https://x/y": "z"}
    assert web_tokens.condition_keys("p", claims) == {
        "p:aud": "b",
        "p:sub": "s",
        "p:oaud": ["a"],
        "p:amr": ["x"],
        "p:email": "e",
    }
