"""An identity pool for tests: its user pools, its roles, and what apps do with it."""

from __future__ import annotations

from typing import Any

from cognito_app.models import Identity
from cognito_app.services import roles
from cognito_app.services.actor import SYSTEM
from tests.clients import boto
from tests.conftest import App

DEVELOPER = "login.example.app"
ACCOUNT = "000000000000"


def trust(pool_id: str, kind: str = "authenticated", *, tag_session: bool = True) -> dict[str, Any]:
    """Return the trust policy that lets a pool's identities assume a role."""
    actions = ["sts:AssumeRoleWithWebIdentity", *(["sts:TagSession"] if tag_session else [])]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": "cognito-identity.amazonaws.com"},
                "Action": actions,
                "Condition": {
                    "StringEquals": {"cognito-identity.amazonaws.com:aud": pool_id},
                    "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": kind},
                },
            }
        ],
    }


def allow(action: str = "*", resource: str = "*") -> dict[str, Any]:
    """Return a policy that allows an action."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


def make_role(name: str, trust_policy: dict[str, Any], document: dict[str, Any] | None = None) -> str:
    """Create a role; returns its ARN."""
    made = roles.create(SYSTEM, name=name, trust_policy=trust_policy, policies={"inline": document or allow()})
    return roles.arn_of(made)


class Pool:
    """An identity pool that takes guests, developer users, and the users of the apps' user pools."""

    def __init__(self, admin: Any, *apps: App, **settings: Any) -> None:
        self.admin = admin
        self.public = boto.client("cognito-identity")
        self.sts = boto.client("sts")
        self.apps = apps
        self.providers = [f"cognito-idp.us-east-1.amazonaws.com/{app.pool_id}" for app in apps]
        entries = [
            {"ProviderName": name, "ClientId": app.client_id} for name, app in zip(self.providers, apps, strict=True)
        ]
        self.settings = {
            "IdentityPoolName": "pool",
            "AllowUnauthenticatedIdentities": True,
            "DeveloperProviderName": DEVELOPER,
            **({"CognitoIdentityProviders": entries} if entries else {}),
            **settings,
        }
        self.id = admin.create_identity_pool(**self.settings)["IdentityPoolId"]
        self.at = {"IdentityPoolId": self.id}

    def change(self, **settings: Any) -> None:
        """Update the pool."""
        self.settings |= settings
        self.admin.update_identity_pool(**self.at, **self.settings)

    def with_roles(self, **mappings: Any) -> dict[str, str]:
        """Give the pool a role for each kind of identity; returns their ARNs."""
        arns = {kind: make_role(f"{kind}-{self.id[-8:]}", trust(self.id, kind)) for kind in KINDS}
        self.admin.set_identity_pool_roles(**self.at, Roles=arns, **mappings)
        return arns

    def login(self, index: int = 0, name: str = "ann") -> dict[str, str]:
        """Sign a user of one of the user pools in; returns the Logins map."""
        return {self.providers[index]: self.apps[index].sign_in(name)["IdToken"]}

    def get_id(self, logins: dict[str, str] | None = None) -> str:
        """Return the identity of logins, a new guest without any."""
        given = {"Logins": logins} if logins else {}
        return str(self.public.get_id(**self.at, **given)["IdentityId"])

    def token(self, identity_id: str, logins: dict[str, str] | None = None) -> Any:
        """Call GetOpenIdToken."""
        given = {"Logins": logins} if logins else {}
        return self.public.get_open_id_token(IdentityId=identity_id, **given)

    def keys(self, identity_id: str, logins: dict[str, str] | None = None, **given: Any) -> Any:
        """Call GetCredentialsForIdentity."""
        given |= {"Logins": logins} if logins else {}
        return self.public.get_credentials_for_identity(IdentityId=identity_id, **given)

    def developer(self, identifier: str, logins: dict[str, str] | None = None, **given: Any) -> Any:
        """Call GetOpenIdTokenForDeveloperIdentity."""
        return self.admin.get_open_id_token_for_developer_identity(
            **self.at, Logins={DEVELOPER: identifier, **(logins or {})}, **given
        )

    def describe(self, identity_id: str) -> Any:
        """Call DescribeIdentity."""
        return self.admin.describe_identity(IdentityId=identity_id)


KINDS = ("authenticated", "unauthenticated")


def role_of(keys: Any) -> str:
    """Return the name of the role that credentials are for."""
    issued = keys["Credentials"]
    client = boto.client("sts", (issued["AccessKeyId"], issued["SecretKey"]), issued["SessionToken"])
    return str(client.get_caller_identity()["Arn"].split("/")[1])


def state_of(identity_id: str) -> str:
    """Return the state of an identity."""
    return Identity.objects.get(pk=identity_id).state


def client_of(issued: Any, service: str = "cognito-identity") -> Any:
    """Return a client with issued credentials."""
    given = issued["Credentials"]
    return boto.client(service, (given["AccessKeyId"], given["SecretKey"]), given["SessionToken"])
