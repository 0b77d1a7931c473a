"""The whole scenario with real clients over HTTP: boto3, pycognito, the AWS CLI."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from pycognito import AWSSRP, Cognito
from pycognito.exceptions import SoftwareTokenMFAChallengeException

from cognito_app.core import clock, totp
from tests.e2e.server import Running

pytestmark = pytest.mark.e2e

FIRST, SECOND, THIRD = "First-Horse-1!", "Second-Horse-2!", "Third-Horse-3!"


def clients(server: Running) -> tuple[Any, Any]:
    """Return cognito-idp and cognito-identity clients of the administrator."""
    facts = server.facts
    given: dict[str, Any] = {
        "endpoint_url": facts["endpoint"],
        "region_name": facts["region"],
        "aws_access_key_id": facts["access_key_id"],
        "aws_secret_access_key": facts["secret_access_key"],
    }
    make: Any = boto3.client
    return make("cognito-idp", **given), make("cognito-identity", **given)


def test_the_three_steps_with_boto3_and_pycognito(server: Running) -> None:
    idp, _ = clients(server)
    pool_id = idp.create_user_pool(PoolName="e2e", AutoVerifiedAttributes=["email"])["UserPool"]["Id"]
    flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    client_id = idp.create_user_pool_client(UserPoolId=pool_id, ClientName="e2e", ExplicitAuthFlows=flows)[
        "UserPoolClient"
    ]["ClientId"]
    given = [{"Name": "email", "Value": "eve@example.com"}]
    idp.sign_up(ClientId=client_id, Username="eve", Password=FIRST, UserAttributes=given)
    idp.confirm_sign_up(ClientId=client_id, Username="eve", ConfirmationCode=server.code("eve@example.com"))
    parameters = {"USERNAME": "eve", "PASSWORD": FIRST}
    tokens = idp.initiate_auth(ClientId=client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)[
        "AuthenticationResult"
    ]
    by_srp = AWSSRP("eve", FIRST, pool_id, client_id, client=idp).authenticate_user()
    assert "AccessToken" in by_srp["AuthenticationResult"]
    refreshed = idp.initiate_auth(
        ClientId=client_id, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]}
    )
    access = refreshed["AuthenticationResult"]["AccessToken"]
    assert idp.get_user(AccessToken=access)["Username"] == "eve"
    idp.change_password(AccessToken=access, PreviousPassword=FIRST, ProposedPassword=SECOND)
    idp.forgot_password(ClientId=client_id, Username="eve")
    idp.confirm_forgot_password(
        ClientId=client_id, Username="eve", ConfirmationCode=server.code("eve@example.com"), Password=THIRD
    )
    idp.global_sign_out(AccessToken=access)
    with pytest.raises(idp.exceptions.NotAuthorizedException, match="Access Token has been revoked"):
        idp.get_user(AccessToken=access)
    idp.delete_user_pool(UserPoolId=pool_id)


def mfa_pool(idp: Any, mfa: str, **settings: Any) -> tuple[str, str]:
    """Make a pool with authenticator apps, and a client for SRP."""
    made = idp.create_user_pool(PoolName="e2e", AutoVerifiedAttributes=["email"], **settings)["UserPool"]
    idp.set_user_pool_mfa_config(
        UserPoolId=made["Id"], SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration=mfa
    )
    flows = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    client = idp.create_user_pool_client(UserPoolId=made["Id"], ClientName="e2e", ExplicitAuthFlows=flows)
    return made["Id"], client["UserPoolClient"]["ClientId"]


def app_code(secret: str, later: int = 0) -> str:
    """Return the code of an authenticator app, or of its next step."""
    return totp.code_at(totp.from_text(secret), totp.step_at(clock.now()) + later)


def test_pycognito_signs_in_with_an_authenticator_app(server: Running) -> None:
    idp, _ = clients(server)
    pool_id, client_id = mfa_pool(idp, "OPTIONAL")
    at = {"endpoint_url": server.facts["endpoint"], "region_name": server.facts["region"]}
    user = Cognito(pool_id, client_id, username="pym", boto3_client_kwargs=at)
    user.set_base_attributes(email="pym@example.com")
    user.register("pym", FIRST)
    user.confirm_sign_up(server.code("pym@example.com"), username="pym")
    user.authenticate(password=FIRST)
    secret = user.associate_software_token()
    assert user.verify_software_token(app_code(secret), "phone")
    user.set_user_mfa_preference(sms_mfa=False, software_token_mfa=True, preferred="SOFTWARE_TOKEN")
    with pytest.raises(SoftwareTokenMFAChallengeException):
        user.authenticate(password=FIRST)
    with pytest.raises(user.client.exceptions.CodeMismatchException):
        user.respond_to_software_token_mfa_challenge("000000")
    # A code counts once, so the next step's code is due; the server allows for a clock that is one step ahead.
    user.respond_to_software_token_mfa_challenge(app_code(secret, later=1))
    assert user.get_user().email == "pym@example.com"
    before = user.access_token
    user.renew_access_token()
    assert user.access_token != before


def test_pycognito_signs_in_with_a_remembered_device(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def post(url: str, **given: Any) -> requests.Response:
        """Send what pycognito sends to AWS's address, which it knows only, to the server."""
        assert url == f"https://cognito-idp.{server.facts['region']}.amazonaws.com/"
        return send(server.facts["endpoint"], **given)

    send = requests.post
    monkeypatch.setattr("pycognito.aws_srp.requests.post", post)
    idp, _ = clients(server)
    tracking = {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": True}
    pool_id, client_id = mfa_pool(idp, "OPTIONAL", DeviceConfiguration=tracking)
    given = [{"Name": "email", "Value": "pyd@example.com"}]
    idp.sign_up(ClientId=client_id, Username="pyd", Password=FIRST, UserAttributes=given)
    idp.confirm_sign_up(ClientId=client_id, Username="pyd", ConfirmationCode=server.code("pyd@example.com"))
    tokens = AWSSRP("pyd", FIRST, pool_id, client_id, client=idp).authenticate_user()
    access = tokens["AuthenticationResult"]["AccessToken"]
    secret = idp.associate_software_token(AccessToken=access)["SecretCode"]
    idp.verify_software_token(AccessToken=access, UserCode=app_code(secret))
    idp.set_user_mfa_preference(AccessToken=access, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True})
    user = AWSSRP("pyd", FIRST, pool_id, client_id, client=idp)
    answer, password = user.confirm_device(tokens, device_name="laptop")
    assert answer.json() == {"UserConfirmationNecessary": True}
    user.update_device_status(True, access, user.device_key)
    made = tokens["AuthenticationResult"]["NewDeviceMetadata"]
    kept = {"device_key": made["DeviceKey"], "device_group_key": made["DeviceGroupKey"], "device_password": password}
    again = AWSSRP("pyd", FIRST, pool_id, client_id, client=idp, **kept).authenticate_user()
    access = again["AuthenticationResult"]["AccessToken"]
    device = idp.list_devices(AccessToken=access)["Devices"][0]
    assert device["DeviceKey"] == made["DeviceKey"]
    user.forget_device(access, made["DeviceKey"])
    assert idp.list_devices(AccessToken=access)["Devices"] == []
    with pytest.raises(SoftwareTokenMFAChallengeException):
        AWSSRP("pyd", FIRST, pool_id, client_id, client=idp).authenticate_user()


def demo(server: Running, method: str, path: str, keys: Any, body: bytes = b"") -> requests.Response:
    """Call the demo service, signed by botocore and sent by requests."""
    request = AWSRequest(method, server.facts["demo_service_url"] + path, data=body)
    signer = Credentials(keys["AccessKeyId"], keys["SecretKey"], keys["SessionToken"])
    SigV4Auth(signer, "execute-api", server.facts["region"]).add_auth(request)
    return requests.request(method, str(request.url), data=body, headers=dict(request.headers.items()), timeout=10)


def test_credentials_open_the_demo_service(server: Running) -> None:
    facts = server.facts
    idp, identity = clients(server)
    parameters = {"USERNAME": facts["demo_username"], "PASSWORD": facts["demo_password"]}
    tokens = idp.initiate_auth(ClientId=facts["client_id"], AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)[
        "AuthenticationResult"
    ]
    logins = {f"cognito-idp.{facts['region']}.amazonaws.com/{facts['user_pool_id']}": tokens["IdToken"]}
    me = identity.get_id(IdentityPoolId=facts["identity_pool_id"], Logins=logins)["IdentityId"]
    keys = identity.get_credentials_for_identity(IdentityId=me, Logins=logins)["Credentials"]
    sts = boto3.client(
        "sts",
        endpoint_url=facts["endpoint"],
        region_name=facts["region"],
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretKey"],
        aws_session_token=keys["SessionToken"],
    )
    assert ":assumed-role/demo-authenticated/" in sts.get_caller_identity()["Arn"]
    assert demo(server, "PUT", f"/private/{me}/note", keys, b"hello").status_code == 200
    assert demo(server, "GET", f"/private/{me}/note", keys).json()["note"] == "hello"
    other = me[:-12] + "000000000000"
    assert demo(server, "PUT", f"/private/{other}/note", keys, b"x").status_code == 403
    guest = identity.get_id(IdentityPoolId=facts["identity_pool_id"])["IdentityId"]
    guest_keys = identity.get_credentials_for_identity(IdentityId=guest)["Credentials"]
    assert demo(server, "GET", "/public/welcome", guest_keys).status_code == 200
    assert demo(server, "PUT", f"/private/{guest}/note", guest_keys, b"x").status_code == 403
    altered = {**keys, "SecretKey": "x" * 40}
    assert demo(server, "GET", f"/private/{me}/note", altered).status_code == 403


def test_the_same_with_the_aws_cli(server: Running, tmp_path: Path) -> None:
    facts = server.facts
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": facts["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": facts["secret_access_key"],
        "AWS_DEFAULT_REGION": facts["region"],
        "AWS_ENDPOINT_URL": facts["endpoint"],
        "AWS_PAGER": "",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
    }

    def aws(*words: str, **more: str) -> Any:
        command = [str(Path(sys.executable).with_name("aws")), *words, "--output", "json"]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False, env={**environment, **more}
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    pool = aws("cognito-idp", "create-user-pool", "--pool-name", "cli", "--auto-verified-attributes", "email")
    pool_id = pool["UserPool"]["Id"]
    made = aws(
        "cognito-idp",
        "create-user-pool-client",
        "--user-pool-id",
        pool_id,
        "--client-name",
        "cli",
        "--explicit-auth-flows",
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
    )
    client = ["--client-id", made["UserPoolClient"]["ClientId"]]
    user = [*client, "--username", "cleo"]
    aws("cognito-idp", "sign-up", *user, "--password", FIRST, "--user-attributes", "Name=email,Value=cleo@example.com")
    aws("cognito-idp", "confirm-sign-up", *user, "--confirmation-code", server.code("cleo@example.com"))
    start = ["cognito-idp", "initiate-auth", *client, "--auth-flow", "USER_PASSWORD_AUTH", "--auth-parameters"]
    tokens = aws(*start, f"USERNAME=cleo,PASSWORD={FIRST}")["AuthenticationResult"]
    access = ["--access-token", tokens["AccessToken"]]
    assert aws("cognito-idp", "get-user", *access)["Username"] == "cleo"
    refresh = ["--auth-flow", "REFRESH_TOKEN_AUTH", "--auth-parameters", f"REFRESH_TOKEN={tokens['RefreshToken']}"]
    assert "AccessToken" in aws("cognito-idp", "initiate-auth", *client, *refresh)["AuthenticationResult"]
    aws("cognito-idp", "change-password", *access, "--previous-password", FIRST, "--proposed-password", SECOND)
    aws("cognito-idp", "forgot-password", *user)
    code = server.code("cleo@example.com")
    aws("cognito-idp", "confirm-forgot-password", *user, "--confirmation-code", code, "--password", THIRD)
    aws("cognito-idp", "global-sign-out", *access)
    logins = f"cognito-idp.{facts['region']}.amazonaws.com/{facts['user_pool_id']}"
    demo_client = ["--client-id", facts["client_id"]]
    given = json.dumps({"USERNAME": facts["demo_username"], "PASSWORD": facts["demo_password"]})
    signed_in = aws(
        "cognito-idp", "initiate-auth", *demo_client, "--auth-flow", "USER_PASSWORD_AUTH", "--auth-parameters", given
    )
    map_of = json.dumps({logins: signed_in["AuthenticationResult"]["IdToken"]})
    pool_of = ["--identity-pool-id", facts["identity_pool_id"]]
    me = aws("cognito-identity", "get-id", *pool_of, "--logins", map_of)["IdentityId"]
    keys = aws("cognito-identity", "get-credentials-for-identity", "--identity-id", me, "--logins", map_of)[
        "Credentials"
    ]
    caller = aws(
        "sts",
        "get-caller-identity",
        AWS_ACCESS_KEY_ID=keys["AccessKeyId"],
        AWS_SECRET_ACCESS_KEY=keys["SecretKey"],
        AWS_SESSION_TOKEN=keys["SessionToken"],
    )
    assert caller["Arn"].endswith("assumed-role/demo-authenticated/CognitoIdentityCredentials")
