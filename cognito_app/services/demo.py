"""The quickstart's demo data, made at the first start."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import transaction

from cognito_app.core import secrets
from cognito_app.models import AccessKey, UserPool
from cognito_app.services import (
    access_keys,
    admin_users,
    clients,
    config,
    domains,
    groups,
    identity_pools,
    pools,
    resource_servers,
    roles,
    users,
)
from cognito_app.services.actor import SYSTEM
from cognito_app.services.login_providers import user_pools

POOL_NAME = "Demo"
USERNAME = "demo"
PREFIX = "demo-app"
ADMINISTRATOR = "quickstart-administrator"
CALLBACKS = ["http://localhost:3000/callback", "http://localhost:3000/", "http://127.0.0.1:3000/callback"]
LOGOUTS = ["http://localhost:3000/", "http://localhost:3000/signed-out"]


@dataclass(frozen=True, slots=True)
class Demo:
    """What a newcomer needs; all None without demo data."""

    user_pool_id: str | None = None
    client_id: str | None = None
    confidential_client_id: str | None = None
    confidential_client_secret: str | None = field(default=None, repr=False)
    identity_pool_id: str | None = None
    demo_username: str | None = None
    demo_password: str | None = field(default=None, repr=False)

    def as_dict(self) -> dict[str, str | None]:
        """Return the fields by name."""
        return asdict(self)


def administrator() -> tuple[str, str]:
    """Return the access key of the quickstart's administrator, made at the first start."""
    row = AccessKey.objects.filter(user_name=ADMINISTRATOR, active=True).first()
    if row is not None:
        return row.id, access_keys.secret_of(row)
    created, secret = access_keys.create(SYSTEM, user_name=ADMINISTRATOR, document=access_keys.ADMINISTRATOR)
    return created.id, secret


def still_there(demo: Demo) -> bool:
    """Whether the demo pool of an earlier start is still in the database."""
    return UserPool.objects.filter(pk=demo.user_pool_id).exists()


@transaction.atomic
def make(policies: Any) -> Demo:
    """Make the demo data; ``policies`` makes the documents of the demo service's roles."""
    row = pools.create(
        SYSTEM,
        name=POOL_NAME,
        settings={
            "AutoVerifiedAttributes": ["email"],
            "AliasAttributes": ["email"],
            "UsernameConfiguration": {"CaseSensitive": False},
        },
    )
    pool = config.pool(row.id)
    resource_servers.create(
        pool,
        SYSTEM,
        identifier="demo",
        name="Demo API",
        scopes=[{"ScopeName": name, "ScopeDescription": f"{name} notes"} for name in ("read", "write")],
    )
    client = clients.create(pool, SYSTEM, name="Demo app", settings=_public_settings())
    confidential = clients.create(
        pool, SYSTEM, name="Demo service", settings=_confidential_settings(), generate_secret=True
    )
    domains.create(pool, SYSTEM, name=_free_prefix())
    groups.create(pool, SYSTEM, name="demo-group", description="Users of the demo")
    return Demo(
        user_pool_id=row.id,
        client_id=client.id,
        confidential_client_id=confidential.id,
        confidential_client_secret=clients.first_secret(confidential),
        identity_pool_id=_make_identity_pool(row.id, client.id, policies),
        demo_username=USERNAME,
        demo_password=_make_user(pool),
    )


def _free_prefix() -> str:
    return PREFIX if domains.find(PREFIX) is None else f"{PREFIX}-{secrets.alphanumeric(6)}"


def _public_settings() -> dict[str, Any]:
    return {
        "ExplicitAuthFlows": [
            "ALLOW_USER_SRP_AUTH",
            "ALLOW_USER_PASSWORD_AUTH",
            "ALLOW_ADMIN_USER_PASSWORD_AUTH",
            "ALLOW_REFRESH_TOKEN_AUTH",
        ],
        "SupportedIdentityProviders": ["COGNITO"],
        "CallbackURLs": CALLBACKS,
        "LogoutURLs": LOGOUTS,
        "AllowedOAuthFlows": ["code"],
        "AllowedOAuthScopes": ["openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"],
        "AllowedOAuthFlowsUserPoolClient": True,
    }


def _confidential_settings() -> dict[str, Any]:
    return {
        "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthScopes": ["demo/read", "demo/write"],
        "AllowedOAuthFlowsUserPoolClient": True,
    }


def _make_user(pool: config.PoolConfig) -> str:
    password = secrets.temporary_password(minimum_length=14, uppercase=True, lowercase=True, numbers=True, symbols=True)
    user = admin_users.create(
        pool,
        SYSTEM,
        username=USERNAME,
        given={"email": "demo@example.com", "email_verified": "true"},
        action="SUPPRESS",
    )
    admin_users.set_password(pool, SYSTEM, user, password, permanent=True)
    groups.add_member(pool, SYSTEM, name="demo-group", user=users.find(pool, USERNAME))
    return password


def _make_identity_pool(pool_id: str, client_id: str, policies: Any) -> str:
    provider = {"ProviderName": user_pools.canonical_provider(pool_id), "ClientId": client_id}
    row = identity_pools.create(
        SYSTEM,
        name=POOL_NAME,
        settings={"AllowUnauthenticatedIdentities": True, "CognitoIdentityProviders": [provider]},
    )
    signed_in = roles.create(
        SYSTEM,
        name="demo-authenticated",
        trust_policy=policies.trust(row.id, "authenticated"),
        policies={"notes": policies.authenticated()},
    )
    guest = roles.create(
        SYSTEM,
        name="demo-guest",
        trust_policy=policies.trust(row.id, "unauthenticated"),
        policies={"notes": policies.guest()},
    )
    arns = {"authenticated": roles.arn_of(signed_in), "unauthenticated": roles.arn_of(guest)}
    identity_pools.set_roles(SYSTEM, row.id, roles=arns, mappings=None)
    return row.id
