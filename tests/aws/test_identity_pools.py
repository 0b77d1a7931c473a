"""Identity pools, their credentials, and STS."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from django.test import Client
from pytest_django import Settings

from cognito_app.contrib.demo import policies
from cognito_app.core import clock
from cognito_app.models import Identity
from cognito_app.services import roles
from cognito_app.services.actor import SYSTEM
from tests.clients import boto
from tests.conftest import App, refused

pytestmark = pytest.mark.django_db


class Exchange:
    """An identity pool with the demo's roles, and what clients do with it."""

    def __init__(self, app: App, identity: Any) -> None:
        self.app = app
        self.admin = identity
        self.public = boto.client("cognito-identity")
        self.provider = f"cognito-idp.us-east-1.amazonaws.com/{app.pool_id}"
        self.pool_id = identity.create_identity_pool(
            IdentityPoolName="pool",
            AllowUnauthenticatedIdentities=True,
            CognitoIdentityProviders=[{"ProviderName": self.provider, "ClientId": app.client_id}],
        )["IdentityPoolId"]
        arns = {}
        for kind, document in (("authenticated", policies.authenticated()), ("unauthenticated", policies.guest())):
            role = roles.create(
                SYSTEM, name=kind, trust_policy=policies.trust(self.pool_id, kind), policies={"notes": document}
            )
            arns[kind] = roles.arn_of(role)
        identity.set_identity_pool_roles(IdentityPoolId=self.pool_id, Roles=arns)
        self.roles = arns

    def logins(self, name: str = "ann") -> dict[str, str]:
        """Sign a user in and return the Logins map."""
        return {self.provider: self.app.sign_in(name)["IdToken"]}

    def credentials(self, name: str = "ann") -> tuple[str, Any]:
        """Return the identity and credentials of a user."""
        logins = self.logins(name)
        identity_id = self.public.get_id(IdentityPoolId=self.pool_id, Logins=logins)["IdentityId"]
        answer = self.public.get_credentials_for_identity(IdentityId=identity_id, Logins=logins)
        return identity_id, answer["Credentials"]


@pytest.fixture
def exchange(app: App, identity: Any, tmp_path: Any, settings: Settings) -> Exchange:
    """An identity pool that trusts the app's user pool, and a place for the demo's notes."""
    settings.COGNITO = {**settings.COGNITO, "DEMO_STORAGE_DIR": str(tmp_path / "notes")}
    app.sign_up()
    return Exchange(app, identity)


def demo(method: str, path: str, keys: Any, body: bytes = b"", *, tamper: bool = False) -> Any:
    """Call the demo service with a request that botocore signed."""
    request = AWSRequest(method, f"http://localhost:8000/demo{path}", data=body)
    signer = Credentials(keys["AccessKeyId"], keys["SecretKey"], keys["SessionToken"])
    SigV4Auth(signer, "execute-api", "us-east-1").add_auth(request)
    headers: dict[str, Any] = {
        "HTTP_" + name.upper().replace("-", "_"): value for name, value in request.headers.items()
    }
    if tamper:
        headers["HTTP_AUTHORIZATION"] = headers["HTTP_AUTHORIZATION"][:-4] + "0000"
    headers.pop("HTTP_CONTENT_LENGTH", None)
    return Client().generic(method, f"/demo{path}", body, **{**headers, "HTTP_HOST": "localhost:8000"})


@pytest.mark.operation("GetId")
@pytest.mark.operation("GetCredentialsForIdentity")
@pytest.mark.operation("GetCallerIdentity")
def test_sign_in_exchange_use(exchange: Exchange) -> None:
    me, keys = exchange.credentials()
    arn = boto.client("sts", (keys["AccessKeyId"], keys["SecretKey"]), keys["SessionToken"]).get_caller_identity()[
        "Arn"
    ]
    assert arn == "arn:aws:sts::000000000000:assumed-role/authenticated/CognitoIdentityCredentials"
    assert demo("PUT", f"/private/{me}/note", keys, b"hello").status_code == 200
    assert demo("GET", f"/private/{me}/note", keys).json()["note"] == "hello"
    assert demo("GET", "/public/welcome", keys).status_code == 200
    exchange.app.sign_up("bob")
    other, _ = exchange.credentials("bob")
    assert other != me
    assert demo("PUT", f"/private/{other}/note", keys, b"x").status_code == 403
    assert demo("GET", f"/private/{other}/note", keys).status_code == 403
    assert demo("GET", f"/private/{me}/note", keys, tamper=True).status_code == 403
    assert Client().get("/demo/public/welcome").status_code == 403
    with time_machine.travel(clock.now() + timedelta(hours=2), tick=True):
        late = demo("GET", f"/private/{me}/note", keys)
    assert late.status_code == 403
    assert late.json()["message"] == "The security token included in the request is expired"


def test_guests_read_the_public_note_only(exchange: Exchange) -> None:
    guest = exchange.public.get_id(IdentityPoolId=exchange.pool_id)["IdentityId"]
    keys = exchange.public.get_credentials_for_identity(IdentityId=guest)["Credentials"]
    assert demo("GET", "/public/welcome", keys).status_code == 200
    assert demo("PUT", f"/private/{guest}/note", keys, b"x").status_code == 403


def test_a_login_always_leads_to_the_same_identity(exchange: Exchange) -> None:
    one = exchange.public.get_id(IdentityPoolId=exchange.pool_id, Logins=exchange.logins())["IdentityId"]
    issuer_key = {f"localhost:8000/{exchange.app.pool_id}": exchange.logins()[exchange.provider]}
    assert exchange.public.get_id(IdentityPoolId=exchange.pool_id, Logins=issuer_key)["IdentityId"] == one


def test_a_guest_becomes_a_user_and_keeps_the_id(exchange: Exchange) -> None:
    guest = exchange.public.get_id(IdentityPoolId=exchange.pool_id)["IdentityId"]
    logins = exchange.logins()
    answer = exchange.public.get_credentials_for_identity(IdentityId=guest, Logins=logins)
    assert answer["IdentityId"] == guest
    with refused("NotAuthorizedException", f"Access to Identity '{guest}' is forbidden."):
        exchange.public.get_credentials_for_identity(IdentityId=guest)
    second = exchange.public.get_id(IdentityPoolId=exchange.pool_id)["IdentityId"]
    merged = exchange.public.get_credentials_for_identity(IdentityId=second, Logins=logins)["IdentityId"]
    assert merged == guest
    assert Identity.objects.get(pk=second).state == "disabled"


def test_tokens_that_prove_nothing_are_refused(exchange: Exchange) -> None:
    app, public = exchange.app, exchange.public
    tokens = app.sign_in()
    pool = {"IdentityPoolId": exchange.pool_id}
    key = exchange.provider
    other_client = app.client()["ClientId"]
    head, body, signature = tokens["IdToken"].split(".")
    cases = [
        ({key: tokens["AccessToken"]}, "Invalid login token. Missing a required claim: aud"),
        ({key: "nonsense"}, "Invalid login token. Not a valid OpenId Connect identity token."),
        ({key: f"{head}.{body}.{signature[:-4]}AAAA"}, "Invalid login token. Couldn't verify signed token."),
        (
            {key: app.sign_in(client_id=other_client)["IdToken"]},
            "Token is not from a supported provider of this identity pool.",
        ),
        (
            {"accounts.google.com": tokens["IdToken"]},
            "Logins don't match. Please include at least one valid login for this identity or identity pool.",
        ),
        ({"cognito-identity.amazonaws.com": "x"}, "Invalid login token. Can't pass in a Cognito token."),
    ]
    for logins, message in cases:
        with refused("NotAuthorizedException", message):
            public.get_id(**pool, Logins=logins)
    with time_machine.travel(clock.now() + timedelta(hours=2)), refused("NotAuthorizedException"):
        public.get_id(**pool, Logins={key: tokens["IdToken"]})
    assert Identity.objects.count() == 0


def test_somebody_elses_identity_stays_theirs(exchange: Exchange) -> None:
    me, _ = exchange.credentials()
    exchange.app.sign_up("bob")
    with refused("NotAuthorizedException"):
        exchange.public.get_credentials_for_identity(IdentityId=me, Logins=exchange.logins("bob"))
    with refused("ResourceNotFoundException"):
        exchange.public.get_id(IdentityPoolId="us-east-1:00000000-0000-0000-0000-000000000000")


@pytest.mark.operation("GetOpenIdToken")
@pytest.mark.operation("AssumeRoleWithWebIdentity")
def test_classic_flow_and_trust_policies(exchange: Exchange) -> None:
    me, _ = exchange.credentials()
    token = exchange.public.get_open_id_token(IdentityId=me, Logins=exchange.logins())["Token"]
    sts = boto.client("sts")

    def assume(role: str, **given: Any) -> Any:
        return sts.assume_role_with_web_identity(
            **{"RoleArn": exchange.roles[role], "RoleSessionName": "session", "WebIdentityToken": token, **given}
        )

    answer = assume("authenticated", DurationSeconds=900)
    assert answer["SubjectFromWebIdentityToken"] == me
    assert answer["AssumedRoleUser"]["Arn"].endswith("assumed-role/authenticated/session")
    with refused("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"):
        assume("unauthenticated")
    with refused("AccessDenied"):
        assume("authenticated", RoleArn="arn:aws:iam::000000000000:role/none")
    with refused("ValidationError"):
        assume("authenticated", DurationSeconds=7200)
    with refused("InvalidIdentityToken"):
        assume("authenticated", WebIdentityToken=exchange.app.sign_in()["IdToken"])
    with refused("MalformedPolicyDocument"):
        assume("authenticated", Policy="{}")
    with time_machine.travel(clock.now() + timedelta(minutes=11)), refused("ExpiredTokenException"):
        assume("authenticated")


def test_credentials_end_with_their_role_and_identity(exchange: Exchange) -> None:
    me, keys = exchange.credentials()
    assert demo("GET", "/public/welcome", keys).status_code == 200
    Identity.objects.filter(pk=me).update(state="disabled")
    assert demo("GET", "/public/welcome", keys).status_code == 403
    Identity.objects.filter(pk=me).update(state="linked")
    roles.delete(SYSTEM, "authenticated")
    assert demo("GET", "/public/welcome", keys).status_code == 403
    with refused(
        "InvalidIdentityPoolConfigurationException",
        "Invalid identity pool configuration. Check assigned IAM roles for this pool.",
    ):
        exchange.credentials()


@pytest.mark.operation("CreateIdentityPool")
@pytest.mark.operation("DescribeIdentityPool")
@pytest.mark.operation("UpdateIdentityPool")
@pytest.mark.operation("DeleteIdentityPool")
@pytest.mark.operation("ListIdentityPools")
@pytest.mark.operation("SetIdentityPoolRoles")
@pytest.mark.operation("GetIdentityPoolRoles")
def test_life_of_an_identity_pool(identity: Any) -> None:
    made = identity.create_identity_pool(
        IdentityPoolName="p", AllowUnauthenticatedIdentities=False, SupportedLoginProviders={"accounts.google.com": "x"}
    )
    at = {"IdentityPoolId": made["IdentityPoolId"]}
    assert identity.describe_identity_pool(**at)["SupportedLoginProviders"] == {"accounts.google.com": "x"}
    identity.update_identity_pool(
        **at, IdentityPoolName="q", AllowUnauthenticatedIdentities=True, AllowClassicFlow=False
    )
    assert "SupportedLoginProviders" not in identity.describe_identity_pool(**at)
    guest = boto.client("cognito-identity").get_id(**at)["IdentityId"]
    with refused("InvalidParameterException", "Basic (classic) flow is not enabled, please use enhanced flow."):
        boto.client("cognito-identity").get_open_id_token(IdentityId=guest)
    identity.set_identity_pool_roles(**at, Roles={"authenticated": "arn:aws:iam::000000000000:role/some"})
    assert identity.get_identity_pool_roles(**at)["Roles"] == {"authenticated": "arn:aws:iam::000000000000:role/some"}
    arn = f"arn:aws:cognito-identity:us-east-1:000000000000:identitypool/{made['IdentityPoolId']}"
    identity.tag_resource(ResourceArn=arn, Tags={"a": "b"})
    assert identity.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"a": "b"}
    assert len(identity.list_identity_pools(MaxResults=60)["IdentityPools"]) == 1
    identity.delete_identity_pool(**at)
    with refused("ResourceNotFoundException", f"IdentityPool '{made['IdentityPoolId']}' not found."):
        identity.describe_identity_pool(**at)


def test_guests_only_where_the_pool_takes_them(identity: Any) -> None:
    pool = identity.create_identity_pool(IdentityPoolName="p", AllowUnauthenticatedIdentities=False)["IdentityPoolId"]
    with refused("NotAuthorizedException", "Unauthenticated access is not supported for this identity pool."):
        boto.client("cognito-identity").get_id(IdentityPoolId=pool)
