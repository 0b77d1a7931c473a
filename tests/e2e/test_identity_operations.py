"""All 23 operations of identity pools by boto3, the AWS CLI and the AWS SDK for JavaScript v3: the life of a pool."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.loaders import Loader

from tests.e2e.server import Running

pytestmark = pytest.mark.e2e

HERE = Path(__file__).parent
DEVELOPER = "login.example.app"
PUBLIC = {"GetId", "GetOpenIdToken", "GetCredentialsForIdentity", "UnlinkIdentity"}
Ask = Callable[[str, dict[str, Any]], Any]


@pytest.fixture
def by_boto3(server: Running) -> Ask:
    """Ask by boto3."""
    facts, make = server.facts, boto3.client
    at: Any = {"endpoint_url": facts["endpoint"], "region_name": facts["region"]}
    keys = {"aws_access_key_id": facts["access_key_id"], "aws_secret_access_key": facts["secret_access_key"]}
    nobody = {"aws_access_key_id": "-", "aws_secret_access_key": "-"}
    clients = {signed: make("cognito-identity", **at, **(keys if signed else nobody)) for signed in (True, False)}

    def ask(operation: str, given: dict[str, Any]) -> Any:
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
        return getattr(clients[operation not in PUBLIC], name)(**given)

    return ask


@pytest.fixture
def by_cli(server: Running) -> Ask:
    """Ask by the AWS CLI."""
    facts = server.facts
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": facts["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": facts["secret_access_key"],
        "AWS_DEFAULT_REGION": facts["region"],
    }

    def ask(operation: str, given: dict[str, Any]) -> Any:
        name = re.sub(r"(?<!^)(?=[A-Z])", "-", operation).lower()
        command = ["aws", "--endpoint-url", facts["endpoint"], "cognito-identity", name]
        unsigned = ["--no-sign-request"] if operation in PUBLIC else []
        done = subprocess.run(
            [*command, *unsigned, "--cli-input-json", json.dumps(given)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, (operation, done.stderr)
        return json.loads(done.stdout or "{}")

    return ask


@pytest.fixture
def by_sdk_v3(server: Running, tmp_path: Path) -> Iterator[Ask]:
    """Ask by the AWS SDK for JavaScript v3, in one process of Node.js."""
    if shutil.which("npm") is None:
        pytest.skip("Node.js is not installed")
    (tmp_path / "package.json").write_text('{"type": "module", "private": true}')
    install = ["npm", "install", "--no-audit", "--no-fund", "--silent", "@aws-sdk/client-cognito-identity@3"]
    subprocess.run(install, cwd=tmp_path, check=True, timeout=300)
    shutil.copy(HERE / "identity_operations.mjs", tmp_path)
    running = subprocess.Popen(
        ["node", "identity_operations.mjs"],
        cwd=tmp_path,
        env={**os.environ, "GIVEN": json.dumps(server.facts)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )

    def ask(operation: str, given: dict[str, Any]) -> Any:
        assert running.stdin is not None
        assert running.stdout is not None
        line = {"operation": operation, "input": given, "signed": operation not in PUBLIC}
        running.stdin.write(json.dumps(line) + "\n")
        running.stdin.flush()
        answer = json.loads(running.stdout.readline())
        assert "error" not in answer, (operation, answer)
        return answer

    yield ask
    running.terminate()
    running.wait(10)


@pytest.mark.parametrize("client", ["by_boto3", "by_cli", "by_sdk_v3"])
def test_every_operation_of_an_identity_pool(server: Running, request: pytest.FixtureRequest, client: str) -> None:
    asked: list[str] = []
    send: Ask = request.getfixturevalue(client)

    def ask(operation: str, **given: Any) -> Any:
        asked.append(operation)
        return send(operation, given)

    live(ask, server.facts)
    model = Loader().load_service_model("cognito-identity", "service-2")
    assert set(asked) == set(model["operations"])


def live(ask: Any, facts: dict[str, Any]) -> None:
    """Lead a pool through its life; each answer is looked at where it says something."""
    provider = f"cognito-idp.{facts['region']}.amazonaws.com/{facts['user_pool_id']}"
    settings = {
        "IdentityPoolName": "life",
        "AllowUnauthenticatedIdentities": True,
        "DeveloperProviderName": DEVELOPER,
        "CognitoIdentityProviders": [{"ProviderName": provider, "ClientId": facts["client_id"]}],
    }
    pool = ask("CreateIdentityPool", **settings)["IdentityPoolId"]
    at = {"IdentityPoolId": pool}
    roles = ask("GetIdentityPoolRoles", IdentityPoolId=facts["identity_pool_id"])["Roles"]
    ask("SetIdentityPoolRoles", **at, Roles=roles)
    assert ask("UpdateIdentityPool", **at, **{**settings, "IdentityPoolName": "lives"})["IdentityPoolName"] == "lives"
    assert ask("DescribeIdentityPool", **at)["IdentityPoolName"] == "lives"
    assert pool in [item["IdentityPoolId"] for item in ask("ListIdentityPools", MaxResults=60)["IdentityPools"]]
    arn = f"arn:aws:cognito-identity:{facts['region']}:{facts['account_id']}:identitypool/{pool}"
    ask("TagResource", ResourceArn=arn, Tags={"team": "one"})
    assert ask("ListTagsForResource", ResourceArn=arn)["Tags"] == {"team": "one"}
    ask("UntagResource", ResourceArn=arn, TagKeys=["team"])
    tags = {"IdentityProviderName": DEVELOPER, "UseDefaults": False, "PrincipalTags": {"name": "sub"}}
    ask("SetPrincipalTagAttributeMap", **at, **tags)
    kept = ask("GetPrincipalTagAttributeMap", **at, IdentityProviderName=DEVELOPER)
    assert kept["PrincipalTags"] == {"name": "sub"}
    guest = ask("GetId", **at)["IdentityId"]
    assert ask("GetOpenIdToken", IdentityId=guest)["Token"].count(".") == 2
    assert ask("DescribeIdentity", IdentityId=guest)["IdentityId"] == guest
    demo = ask("GetId", IdentityPoolId=facts["identity_pool_id"])["IdentityId"]
    assert ask("GetCredentialsForIdentity", IdentityId=demo)["Credentials"]["AccessKeyId"].startswith("ASIA")
    developers(ask, at)
    login = {provider: id_token(facts)}
    user = ask("GetId", **at, Logins=login)["IdentityId"]
    ask("UnlinkIdentity", IdentityId=user, Logins=login, LoginsToRemove=[provider])
    found = [item["IdentityId"] for item in ask("ListIdentities", **at, MaxResults=60)["Identities"]]
    assert {guest, user} < set(found)
    assert ask("DeleteIdentities", IdentityIdsToDelete=[guest]).get("UnprocessedIdentityIds", []) == []
    ask("DeleteIdentityPool", **at)


def id_token(facts: dict[str, Any]) -> str:
    """Sign the demo's user in."""
    make: Any = boto3.client
    keys = {"aws_access_key_id": "-", "aws_secret_access_key": "-"}
    users = make("cognito-idp", endpoint_url=facts["endpoint"], region_name=facts["region"], **keys)
    given = {"USERNAME": facts["demo_username"], "PASSWORD": facts["demo_password"]}
    answer = users.initiate_auth(ClientId=facts["client_id"], AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)
    return str(answer["AuthenticationResult"]["IdToken"])


def developers(ask: Any, at: dict[str, str]) -> None:
    """Make, look up, merge and unlink identities of a developer's own users."""
    one, two = ({DEVELOPER: f"user-{number}"} for number in (1, 2))
    first = ask("GetOpenIdTokenForDeveloperIdentity", **at, Logins=one)
    ask("GetOpenIdTokenForDeveloperIdentity", **at, Logins=two)
    found = ask("LookupDeveloperIdentity", **at, DeveloperUserIdentifier="user-1")
    assert found["IdentityId"] == first["IdentityId"]
    names = {"SourceUserIdentifier": "user-2", "DestinationUserIdentifier": "user-1"}
    merged = ask("MergeDeveloperIdentities", **at, **names, DeveloperProviderName=DEVELOPER)["IdentityId"]
    which = {"DeveloperProviderName": DEVELOPER, "DeveloperUserIdentifier": "user-2"}
    ask("UnlinkDeveloperIdentity", IdentityId=merged, **at, **which)
