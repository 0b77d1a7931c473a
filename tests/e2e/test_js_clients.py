"""The JavaScript clients of applications, from npm: amazon-cognito-identity-js and aws-amplify."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.e2e.server import Running, start, stop

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js is not installed"),
]

HERE = Path(__file__).parent
SCRIPTS = ["authenticator.mjs", "js_common.mjs", "identity_js.mjs", "amplify.mjs", "decrypt.mjs"]
PACKAGES = ["amazon-cognito-identity-js@6", "aws-amplify@6", "@aws-crypto/client-node@5"]
KEY_ARN = "arn:aws:kms:us-east-1:000000000000:key/0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
FLOWS = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
PASSWORDLESS = {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP", "WEB_AUTHN"]}}
SMS: dict[str, Any] = {"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::000000000000:role/sms", "ExternalId": "x"}}
TRACKING = {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": False}
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
FUNCTIONS = {
    "DefineAuthChallenge": ARN + "define",
    "CreateAuthChallenge": ARN + "create",
    "VerifyAuthChallengeResponse": ARN + "verify",
}

make: Any = boto3.client


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the scripts and the libraries that they import."""
    made = tmp_path_factory.mktemp("js")
    (made / "package.json").write_text('{"type": "module", "private": true}')
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--silent", *PACKAGES], cwd=made, check=True, timeout=300
    )
    for name in SCRIPTS:
        shutil.copy(HERE / name, made / name)
    return made


@pytest.fixture(scope="module")
def server_with_functions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A quickstart whose operator registered functions for triggers."""
    folder = tmp_path_factory.mktemp("functions")
    environment = {"DJANGO_SETTINGS_MODULE": "tests.e2e.with_functions", "SENT_EVENT": str(folder / "event.json")}
    running = start(folder / "data", "--no-demo", **environment)
    running.facts["sent_event"] = environment["SENT_EVENT"]
    yield running
    stop(running)


def run(folder: Path, server: Running, script: str, scenario: str, **given: Any) -> dict[str, Any]:
    """Run one scenario of a script and return what it printed."""
    facts = {"scenario": scenario, **{name: server.facts[name] for name in ("endpoint", "outbox_dir")}, **given}
    done = subprocess.run(
        ["node", script],
        cwd=folder,
        env={**os.environ, "GIVEN": json.dumps(facts)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def administrator(server: Running) -> Any:
    """Return a cognito-idp client of the administrator."""
    facts = server.facts
    return make(
        "cognito-idp",
        endpoint_url=facts["endpoint"],
        region_name=facts["region"],
        aws_access_key_id=facts["access_key_id"],
        aws_secret_access_key=facts["secret_access_key"],
    )


def new_pool(idp: Any, *flows: str, mfa: str = "OFF", **settings: Any) -> dict[str, str]:
    """Make a pool that verifies e-mail addresses, with TOTP unless MFA is off, and a public client."""
    made = idp.create_user_pool(PoolName="js", AutoVerifiedAttributes=["email"], **settings)
    pool_id = made["UserPool"]["Id"]
    if mfa != "OFF":
        idp.set_user_pool_mfa_config(
            UserPoolId=pool_id, SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration=mfa
        )
    client = idp.create_user_pool_client(UserPoolId=pool_id, ClientName="js", ExplicitAuthFlows=[*FLOWS, *flows])
    return {"user_pool_id": pool_id, "client_id": client["UserPoolClient"]["ClientId"]}


def test_identity_js_has_the_whole_life_of_an_account(server: Running, folder: Path) -> None:
    pool = new_pool(administrator(server))
    result = run(folder, server, "identity_js.mjs", "account", **pool)
    assert result["confirmed"] is False
    assert result["same"] is True
    assert result["attributes"]["email"] == "ines@example.com"
    assert result["attributes"]["email_verified"] == "true"
    assert result["changed"] == "SUCCESS"
    assert result["forgotten"] == "inputVerificationCode"
    assert result["refusals"] == ["NotAuthorizedException", "NotAuthorizedException"]
    assert result["sessions"] == [True, True]
    assert result["after"] == "NotAuthorizedException"
    assert "InitiateAuth > PASSWORD_VERIFIER" in result["calls"]
    assert "GlobalSignOut" in result["calls"]


def test_identity_js_signs_in_with_an_authenticator_app(server: Running, folder: Path) -> None:
    pool = new_pool(administrator(server), mfa="OPTIONAL")
    result = run(folder, server, "identity_js.mjs", "totp", **pool)
    assert result["asked"] == "totpRequired"
    assert result["used"] == "ExpiredCodeException"
    assert result["valid"] is True
    assert result["calls"][:2] == ["InitiateAuth > PASSWORD_VERIFIER", "RespondToAuthChallenge > SOFTWARE_TOKEN_MFA"]


def test_identity_js_signs_in_with_a_remembered_device(server: Running, folder: Path) -> None:
    idp = administrator(server)
    pool = new_pool(idp, mfa="ON", DeviceConfiguration=TRACKING)
    result = run(folder, server, "identity_js.mjs", "device", **pool)
    assert result["asked"] == ["mfaSetup", "totpRequired", "onSuccess"]
    assert result["sameKey"] is True
    assert result["calls"] == [
        "InitiateAuth > PASSWORD_VERIFIER",
        "RespondToAuthChallenge > DEVICE_SRP_AUTH",
        "RespondToAuthChallenge > DEVICE_PASSWORD_VERIFIER",
        "RespondToAuthChallenge",
    ]
    devices = idp.admin_list_devices(UserPoolId=pool["user_pool_id"], Username="dora")["Devices"]
    assert result["key"] in [device["DeviceKey"] for device in devices]


def test_identity_js_signs_in_with_a_code_by_sms(server: Running, folder: Path) -> None:
    pool = new_pool(administrator(server), MfaConfiguration="OPTIONAL", **SMS)
    result = run(folder, server, "identity_js.mjs", "sms", **pool)
    assert result == {"asked": "mfaRequired", "wrong": "CodeMismatchException", "valid": True}


def test_identity_js_answers_functions(server_with_functions: Running, folder: Path) -> None:
    pool = new_pool(administrator(server_with_functions), "ALLOW_CUSTOM_AUTH", LambdaConfig=FUNCTIONS)
    result = run(folder, server_with_functions, "identity_js.mjs", "custom", **pool)
    assert result["wrong"] == "NotAuthorizedException"
    assert result["asked"] == ["customChallenge", "onSuccess", "customChallenge", "customChallenge", "onSuccess"]
    assert result["question"] == {"USERNAME": "cara", "question": "the word?"}
    assert result["calls"][-5:] == [
        "RespondToAuthChallenge > CUSTOM_CHALLENGE",
        "RespondToAuthChallenge",
        "InitiateAuth > CUSTOM_CHALLENGE",
        "RespondToAuthChallenge > CUSTOM_CHALLENGE",
        "RespondToAuthChallenge",
    ]


def caller(server: Running, keys: dict[str, str]) -> str:
    """Return the ARN that STS has for temporary keys."""
    sts = make(
        "sts",
        endpoint_url=server.facts["endpoint"],
        region_name=server.facts["region"],
        aws_access_key_id=keys["accessKeyId"],
        aws_secret_access_key=keys["secretAccessKey"],
        aws_session_token=keys["sessionToken"],
    )
    return str(sts.get_caller_identity()["Arn"])


def test_amplify_has_an_account_and_credentials(server: Running, folder: Path) -> None:
    names = ("user_pool_id", "client_id", "identity_pool_id")
    demo = {name: server.facts[name] for name in names}
    result = run(folder, server, "amplify.mjs", "account", **demo)
    assert result["steps"] == ["CONFIRM_SIGN_UP", "DONE", "DONE", "DONE"]
    assert result["name"] == "amy"
    assert result["email"] == "amy@example.com"
    assert result["renewed"] is True
    assert result["signedOut"] is True
    assert result["old"] == "NotAuthorizedException"
    assert result["identity"].startswith(server.facts["region"] + ":")
    assert ":assumed-role/demo-guest/" in caller(server, result["guest"]["keys"])
    assert ":assumed-role/demo-authenticated/" in caller(server, result["keys"])
    assert "InitiateAuth > PASSWORD_VERIFIER" in result["calls"]


def test_amplify_signs_in_by_itself_and_with_a_code(server: Running, folder: Path) -> None:
    policies = {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}}
    pool = new_pool(administrator(server), "ALLOW_USER_AUTH", Policies=policies)
    result = run(folder, server, "amplify.mjs", "choice", **pool)
    assert result["steps"] == [
        "CONFIRM_SIGN_UP",
        "COMPLETE_AUTO_SIGN_IN",
        "DONE",
        "CONFIRM_SIGN_IN_WITH_EMAIL_CODE",
        "DONE",
        "CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION",
        "CONFIRM_SIGN_IN_WITH_EMAIL_CODE",
        "DONE",
    ]
    assert result["automatic"] == result["byCode"] == "otto"


def test_amplify_needs_no_password(server: Running, folder: Path) -> None:
    idp = administrator(server)
    pool = new_pool(idp, "ALLOW_USER_AUTH", Policies=PASSWORDLESS)
    party = {"RelyingPartyId": "localhost", "UserVerification": "required"}
    idp.set_user_pool_mfa_config(UserPoolId=pool["user_pool_id"], MfaConfiguration="OFF", WebAuthnConfiguration=party)
    result = run(folder, server, "amplify.mjs", "passwordless", **pool)
    assert result["steps"] == [
        "CONFIRM_SIGN_UP",
        "COMPLETE_AUTO_SIGN_IN",
        "DONE",
        "DONE",
        "CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION",
        "DONE",
    ]
    assert result["automatic"] == ["SignUp", "ConfirmSignUp", "InitiateAuth"]
    assert result["name"] == "pia"
    assert result["credential"]["relyingPartyId"] == "localhost"
    assert result["credential"]["authenticatorTransports"] == ["internal"]
    assert sorted(result["offered"]) == ["EMAIL_OTP", "WEB_AUTHN"]
    assert [call for call in result["byPasskey"] if "Auth" in call] == [
        "InitiateAuth > WEB_AUTHN",
        "RespondToAuthChallenge",
        "InitiateAuth > SELECT_CHALLENGE",
        "RespondToAuthChallenge > WEB_AUTHN",
        "RespondToAuthChallenge",
    ]
    assert result["left"] == 0
    assert result["withoutIt"] == "CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION"


def test_amplify_sets_an_authenticator_app_up(server: Running, folder: Path) -> None:
    pool = new_pool(administrator(server), mfa="OPTIONAL")
    result = run(folder, server, "amplify.mjs", "totpPreference", **pool)
    assert result["before"] == {}
    assert result["after"] == {"enabled": ["TOTP"], "preferred": "TOTP"}
    assert result["uri"].startswith("otpauth://totp/shop:tia?secret=")
    assert result["steps"] == ["CONFIRM_SIGN_IN_WITH_TOTP_CODE", "DONE", "DONE"]
    assert result["wrong"] == "CodeMismatchException"


def test_amplify_sets_it_up_where_it_is_demanded_and_remembers_the_device(server: Running, folder: Path) -> None:
    pool = new_pool(administrator(server), mfa="ON", DeviceConfiguration=TRACKING)
    result = run(folder, server, "amplify.mjs", "totpDemanded", **pool)
    assert result["steps"] == [
        "CONTINUE_SIGN_IN_WITH_TOTP_SETUP",
        "DONE",
        "DONE",
        "CONFIRM_SIGN_IN_WITH_TOTP_CODE",
    ]
    assert result["devices"] == [result["key"]]
    assert result["remembered"] == [
        "InitiateAuth > PASSWORD_VERIFIER",
        "RespondToAuthChallenge > DEVICE_SRP_AUTH",
        "RespondToAuthChallenge > DEVICE_PASSWORD_VERIFIER",
        "RespondToAuthChallenge",
    ]


def test_amplify_answers_functions(server_with_functions: Running, folder: Path) -> None:
    pool = new_pool(administrator(server_with_functions), "ALLOW_CUSTOM_AUTH", LambdaConfig=FUNCTIONS)
    result = run(folder, server_with_functions, "amplify.mjs", "custom", **pool)
    challenge = "CONFIRM_SIGN_IN_WITH_CUSTOM_CHALLENGE"
    assert result["steps"] == [challenge, challenge, "DONE", challenge, "DONE"]
    assert result["question"]["question"] == "the word?"
    assert result["wrong"] == "NotAuthorizedException"


def test_a_senders_code_opens_with_the_encryption_sdk_for_node(server_with_functions: Running, folder: Path) -> None:
    idp = administrator(server_with_functions)
    sender = {"LambdaVersion": "V1_0", "LambdaArn": ARN + "send"}
    pool = new_pool(idp, LambdaConfig={"CustomEmailSender": sender, "KMSKeyID": KEY_ARN})
    given = [{"Name": "email", "Value": "kim@example.com"}]
    who = {"ClientId": pool["client_id"], "Username": "kim"}
    idp.sign_up(**who, Password="First-Horse-1!", UserAttributes=given)
    event = json.loads(Path(server_with_functions.facts["sent_event"]).read_text())
    assert event["triggerSource"] == "CustomEmailSender_SignUp"
    names = ("region", "access_key_id", "secret_access_key")
    keys = {name: server_with_functions.facts[name] for name in names}
    code = event["request"]["code"]
    opened = run(folder, server_with_functions, "decrypt.mjs", "policies", code=code, key_arn=KEY_ARN, **keys)
    text = opened["REQUIRE_ENCRYPT_REQUIRE_DECRYPT"][0]
    assert opened == {
        name: [text, pool["user_pool_id"]]
        for name in (
            "FORBID_ENCRYPT_ALLOW_DECRYPT",
            "REQUIRE_ENCRYPT_ALLOW_DECRYPT",
            "REQUIRE_ENCRYPT_REQUIRE_DECRYPT",
        )
    }
    idp.confirm_sign_up(**who, ConfirmationCode=text)
