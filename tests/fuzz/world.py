"""A pool with one of everything, for requests to meet; made anew when they have torn it down."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from botocore.exceptions import ClientError

PASSWORD = "Correct-Horse-9!"
FLOWS = [
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
]


def build(idp: Any, **names: str) -> dict[str, str]:
    """Return the names of the things in a new pool; ``names`` takes the place of the usual ones."""
    pool = idp.create_user_pool(
        PoolName="fuzzed",
        AutoVerifiedAttributes=["email"],
        AliasAttributes=["email"],
        UserPoolTier="PLUS",
        UserPoolAddOns={"AdvancedSecurityMode": "AUDIT"},
        DeviceConfiguration={"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": False},
        SmsConfiguration={"SnsCallerArn": "arn:aws:iam::000000000000:role/sms"},
    )["UserPool"]
    world = {
        "pool_id": pool["Id"],
        "pool_arn": pool["Arn"],
        "username": "ann",
        "password": PASSWORD,
        "code": "123456",
        "srp_a": "5" * 700,
        "secret_block": base64.b64encode(b"x" * 64).decode(),
        "timestamp": "Mon Jan 5 07:08:09 UTC 2026",
        "challenge": "NEW_PASSWORD_REQUIRED",
        "event_id": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
        "domain": "fuzzed-" + pool["Id"].split("_")[1].lower(),
        "group": "staff",
        "provider": "Corp",
        "idp_identifier": "corp.example",
        "resource_server": "https://api.example.com",
        **names,
    }
    client = idp.create_user_pool_client(
        UserPoolId=pool["Id"], ClientName="app", ExplicitAuthFlows=FLOWS, GenerateSecret=True
    )["UserPoolClient"]
    world |= {"client_id": client["ClientId"], "client_secret": client["ClientSecret"]}
    message = f"{world['username']}{client['ClientId']}".encode()
    world["secret_hash"] = base64.b64encode(hmac.digest(client["ClientSecret"].encode(), message, sha256)).decode()
    _fill(idp, world)
    return world


def _fill(idp: Any, world: dict[str, str]) -> None:
    pool, name = {"UserPoolId": world["pool_id"]}, world["username"]
    idp.admin_create_user(
        **pool,
        Username=name,
        MessageAction="SUPPRESS",
        UserAttributes=[
            {"Name": "email", "Value": f"{name}@example.com"},
            {"Name": "email_verified", "Value": "true"},
        ],
    )
    idp.admin_set_user_password(**pool, Username=name, Password=PASSWORD, Permanent=True)
    idp.create_group(**pool, GroupName=world["group"])
    idp.admin_add_user_to_group(**pool, Username=name, GroupName=world["group"])
    idp.create_user_pool_domain(**pool, Domain=world["domain"])
    scopes = [{"ScopeName": "read", "ScopeDescription": "read"}]
    idp.create_resource_server(**pool, Identifier=world["resource_server"], Name="API", Scopes=scopes)
    idp.create_identity_provider(
        **pool,
        ProviderName=world["provider"],
        ProviderType="OIDC",
        IdpIdentifiers=[world["idp_identifier"]],
        ProviderDetails={
            "client_id": "x",
            "client_secret": "y",
            "attributes_request_method": "GET",
            "authorize_scopes": "openid",
            "oidc_issuer": "https://idp.example.com",
            "authorize_url": "https://idp.example.com/authorize",
            "token_url": "https://idp.example.com/token",
            "attributes_url": "https://idp.example.com/userinfo",
            "jwks_uri": "https://idp.example.com/jwks",
        },
    )
    idp.set_user_pool_session_configuration(**pool, UserSessionTracking="ENABLED", TokenSession={"MaxPerUser": 20})
    _sign_in(idp, world)
    _documents(idp, world)


def _sign_in(idp: Any, world: dict[str, str]) -> None:
    parameters = {"USERNAME": world["username"], "PASSWORD": PASSWORD, "SECRET_HASH": world["secret_hash"]}
    tokens = idp.initiate_auth(ClientId=world["client_id"], AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)
    result = tokens["AuthenticationResult"]
    world |= {"access_token": result["AccessToken"], "refresh_token": result["RefreshToken"]}
    world["device_key"] = result.get("NewDeviceMetadata", {}).get("DeviceKey", "none")
    sessions = idp.list_user_sessions(AccessToken=result["AccessToken"])["Sessions"]
    world["session_id"] = sessions[0]["SessionId"] if sessions else "none"
    events = idp.admin_list_user_auth_events(UserPoolId=world["pool_id"], Username=world["username"])["AuthEvents"]
    world["event_id"] = events[0]["EventId"]


def _documents(idp: Any, world: dict[str, str]) -> None:
    at = {"UserPoolId": world["pool_id"], "ClientId": world["client_id"]}
    branding = idp.create_managed_login_branding(**at, UseCognitoProvidedValues=True)["ManagedLoginBranding"]
    world["branding_id"] = branding["ManagedLoginBrandingId"]
    terms = idp.create_terms(
        **at,
        TermsName="terms-of-use",
        TermsSource="LINK",
        Enforcement="NONE",
        Links={"cognito:default": "https://app.example.com/terms"},
    )["Terms"]
    world["terms_id"] = terms["TermsId"]
    job = idp.create_user_import_job(
        UserPoolId=world["pool_id"], JobName="job", CloudWatchLogsRoleArn="arn:aws:iam::000000000000:role/logs"
    )["UserImportJob"]
    world["job_id"] = job["JobId"]
    page = idp.list_user_pools(MaxResults=1)
    world["page_token"] = page.get("NextToken", "none")


def still_there(idp: Any, world: dict[str, str]) -> bool:
    """Whether the pool, its client and its user live, and the user's token is good."""
    looks: tuple[Callable[[], Any], ...] = (
        lambda: idp.describe_user_pool_client(UserPoolId=world["pool_id"], ClientId=world["client_id"]),
        lambda: idp.get_user(AccessToken=world["access_token"]),
    )
    try:
        for look in looks:
            look()
    except ClientError:
        return False
    return True
