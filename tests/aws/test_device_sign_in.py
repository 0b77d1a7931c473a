"""A remembered device in place of the second factor: DEVICE_SRP_AUTH and DEVICE_PASSWORD_VERIFIER."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from hashlib import sha256, sha512
from typing import Any

import jwt
import pytest
import time_machine
from botocore.exceptions import ClientError
from django.test import Client
from pycognito.aws_srp import AWSSRP, long_to_hex

from cognito_app.core import clock, srp
from cognito_app.models import Device, RefreshToken, SignInThrottle
from tests.aws.mfa import code_now, configure, register_totp
from tests.clients.devices import TRACKING, KeptDevice, confirm, pycognito, turn_mfa_on
from tests.conftest import PASSWORD, App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db

WRONG = "Incorrect username or password."
UNKNOWN = "Device does not exist."
SPENT = "Invalid session for the user, session can only be used once."
INVALID = "Invalid session for the user."
EXPIRED = "Invalid session for the user, session is expired."


@pytest.fixture
def app(idp: Any, inbox: Inbox) -> App:
    """A pool that tracks devices, with a user; MFA is still off."""
    made = make_app(idp, inbox, DeviceConfiguration=TRACKING)
    made.sign_up()
    add_phone(made)
    return made


def add_phone(app: App, name: str = "ann") -> None:
    """Give a user what a second factor by message needs."""
    given = [{"Name": "phone_number", "Value": "+15555550100"}, {"Name": "phone_number_verified", "Value": "true"}]
    app.idp.admin_update_user_attributes(UserPoolId=app.pool_id, Username=name, UserAttributes=given)


@pytest.fixture
def kept(app: App) -> KeptDevice:
    """A remembered device of ann's, in a pool that demands a second factor."""
    device = confirm(app, app.sign_in())
    turn_mfa_on(app)
    return device


def offered(app: App, device: KeptDevice, **more: Any) -> Any:
    """Pass the first factor by password from a device."""
    given = {"USERNAME": "ann", "PASSWORD": PASSWORD, "DEVICE_KEY": device.key, **more}
    return app.idp.initiate_auth(ClientId=app.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)


def respond(app: App, name: str, answers: dict[str, Any], session: str | None = None, **more: Any) -> Any:
    """Answer a challenge, with a session or without."""
    given = {"ClientId": app.client_id, "ChallengeName": name, "ChallengeResponses": answers, **more}
    return app.idp.respond_to_auth_challenge(**given, **({"Session": session} if session else {}))


def device_srp(app: App, client: Any, device: KeptDevice, session: str | None = None, **more: Any) -> Any:
    """Answer DEVICE_SRP_AUTH."""
    answers = {"USERNAME": "ann", "DEVICE_KEY": device.key, "SRP_A": long_to_hex(client.large_a_value), **more}
    return respond(app, "DEVICE_SRP_AUTH", answers, session)


def test_the_device_vector_of_the_specification() -> None:
    def twice(text: str) -> int:
        return int(sha512(text.encode()).hexdigest() * 2, 16)

    group, key = "-ExAmPlE1", "us-east-1_0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
    secret = "eY2JfQw6eXWbD1zrokOtrqQeiJj/3dZ6VRBLvgUAzb33DdmnAdcziA=="
    block = base64.b64decode("8T4TXhO0+AwFeT14T1SEF019E/RokLtVm4VzRgJea2XxPhNeE7T4DAV5PXhPVIQXTX0T9GiQu1WbhXNGAl5rZQ==")
    salt = int.from_bytes(base64.b64decode("eY2JfQw6eXWbD1zrokOtrg=="), "big")
    verifier = srp.make_verifier(group, key, secret, salt)
    padded = sha256(srp.pad(verifier.v)).hexdigest()
    assert padded == "91047ef49835cb8e76375f4f26273be2509f587f2bc40e3e09586e06a5c3388e"
    b = twice("server small b")
    keys = srp.ServerKeys(b=b, B=(srp.K * verifier.v + pow(srp.G, b, srp.N)) % srp.N)
    public_a = pow(srp.G, twice("client small a"), srp.N)
    u = sha256(srp.pad(public_a) + srp.pad(keys.B)).hexdigest()
    assert u == "b7d7459dd7f1cf5bed1a6adb0690af047781809068bdb055eee559d5ad9d2a5e"
    shared = srp.session_key(public_a, keys, verifier.v)
    assert shared.hex() == "d53a7b8e5c8d11761249b90d3bf8d130"
    signature = srp.claim_signature(shared, group, key, block, "Mon Jan 5 07:08:09 UTC 2026")
    assert signature == "pnJ/tX++k2iOrPpetdiwabmizSuzYF3wVnZoDSMhrMo="


def test_pycognito_signs_in_many_times_in_a_row(app: App, kept: KeptDevice) -> None:
    for _ in range(15):
        tokens = pycognito(app, kept).authenticate_user()["AuthenticationResult"]
        assert "NewDeviceMetadata" not in tokens
        claims = jwt.decode(tokens["AccessToken"], options={"verify_signature": False})
        assert claims["device_key"] == kept.key
    assert Device.objects.count() == 1
    assert SignInThrottle.objects.count() == 0


def test_pycognito_confirms_and_signs_in_with_other_devices(app: App) -> None:
    kept = [confirm(app, app.sign_in()) for _ in range(8)]
    turn_mfa_on(app)
    for device in kept:
        assert "AccessToken" in pycognito(app, device).authenticate_user()["AuthenticationResult"]


def test_pycognito_with_a_client_secret(app: App, kept: KeptDevice) -> None:
    made = app.client(GenerateSecret=True)
    client = pycognito(app, kept, client_id=made["ClientId"], secret=made["ClientSecret"])
    assert "AccessToken" in client.authenticate_user()["AuthenticationResult"]
    # Only the second device answer may come without; a hash that is sent is checked.
    for challenge, hashed in (("DEVICE_PASSWORD_VERIFIER", None), ("DEVICE_SRP_AUTH", "wrong")):
        answers = {"USERNAME": "ann", "DEVICE_KEY": kept.key, "SRP_A": "02", "SECRET_HASH": hashed}
        with refused("NotAuthorizedException"):
            app.idp.respond_to_auth_challenge(
                ClientId=made["ClientId"], ChallengeName=challenge, ChallengeResponses=answers
            )


@pytest.mark.parametrize("with_session", [True, False])
def test_the_challenges_carry_what_clients_read(app: App, kept: KeptDevice, with_session: bool) -> None:
    client = pycognito(app, kept)
    first = offered(app, kept)
    assert first["ChallengeName"] == "DEVICE_SRP_AUTH"
    assert first["ChallengeParameters"] == {"USERNAME": "ann", "DEVICE_KEY": kept.key}
    second = device_srp(app, client, kept, first["Session"] if with_session else None)
    assert second["ChallengeName"] == "DEVICE_PASSWORD_VERIFIER"
    assert set(second["ChallengeParameters"]) == {"USERNAME", "DEVICE_KEY", "SALT", "SRP_B", "SECRET_BLOCK"}
    answers = client.process_device_challenge(second["ChallengeParameters"])
    assert "IdToken" in respond(app, "DEVICE_PASSWORD_VERIFIER", answers)["AuthenticationResult"]


def test_one_first_factor_allows_one_proof(app: App, kept: KeptDevice) -> None:
    client = pycognito(app, kept)
    session = offered(app, kept)["Session"]
    blocks = [device_srp(app, client, kept, session) for _ in range(2)]
    answers = [client.process_device_challenge(block["ChallengeParameters"]) for block in blocks]
    assert "AuthenticationResult" in respond(app, "DEVICE_PASSWORD_VERIFIER", answers[0])
    for spent in answers:
        with refused("NotAuthorizedException", SPENT):
            respond(app, "DEVICE_PASSWORD_VERIFIER", spent)
    with refused("NotAuthorizedException", SPENT):
        device_srp(app, client, kept, session)
    with refused("NotAuthorizedException", INVALID):
        device_srp(app, client, kept)


def test_the_device_alone_signs_nobody_in(app: App, kept: KeptDevice) -> None:
    client = pycognito(app, kept)
    with refused("NotAuthorizedException", INVALID):
        device_srp(app, client, kept)
    with refused("NotAuthorizedException", WRONG):
        offered(app, kept, PASSWORD="Wrong-Password-9!")
    with refused("NotAuthorizedException", INVALID):
        device_srp(app, client, kept)
    offered(app, kept)
    # Without the session, only where the first factor came from.
    answers = {"USERNAME": "ann", "DEVICE_KEY": kept.key, "SRP_A": "02"}
    elsewhere = Client(REMOTE_ADDR="203.0.113.9").post(
        "/",
        json.dumps({"ClientId": app.client_id, "ChallengeName": "DEVICE_SRP_AUTH", "ChallengeResponses": answers}),
        content_type="application/x-amz-json-1.1",
        HTTP_X_AMZ_TARGET="AWSCognitoIdentityProviderService.RespondToAuthChallenge",
    )
    assert (elsewhere.status_code, json.loads(elsewhere.content)["message"]) == (400, INVALID)
    other_client = app.client()["ClientId"]
    with refused("NotAuthorizedException", INVALID):
        app.idp.respond_to_auth_challenge(
            ClientId=other_client, ChallengeName="DEVICE_SRP_AUTH", ChallengeResponses=answers
        )
    with (
        time_machine.travel(clock.now() + timedelta(minutes=4), tick=True),
        refused("NotAuthorizedException", EXPIRED),
    ):
        device_srp(app, client, kept)


def test_a_session_belongs_to_its_user_device_and_challenge(app: App, kept: KeptDevice) -> None:
    app.idp.update_user_pool(UserPoolId=app.pool_id, DeviceConfiguration=TRACKING, AutoVerifiedAttributes=["email"])
    app.sign_up("bob")
    strange = confirm(app, app.sign_in("bob"))
    second = confirm(app, app.sign_in())
    turn_mfa_on(app)
    client = pycognito(app, kept)
    session = offered(app, kept)["Session"]
    with refused("NotAuthorizedException", INVALID):
        device_srp(app, client, second, session)
    with refused("NotAuthorizedException", INVALID):
        device_srp(app, client, kept, session, USERNAME="bob")
    with refused("NotAuthorizedException", INVALID):
        device_srp(app, client, kept, "x" * 40)
    with refused("ResourceNotFoundException", UNKNOWN):
        device_srp(app, client, strange)
    with refused("ResourceNotFoundException", UNKNOWN):
        device_srp(app, client, kept, USERNAME="nobody")
    block = device_srp(app, client, kept, session)["ChallengeParameters"]
    answers = client.process_device_challenge(block)
    for change in ({"DEVICE_KEY": second.key}, {"USERNAME": "bob"}, {"TIMESTAMP": "Mon Jan 5 07:08:09 UTC 2026"}):
        with refused("NotAuthorizedException", WRONG):
            respond(app, "DEVICE_PASSWORD_VERIFIER", {**answers, **change})
    with refused("NotAuthorizedException", INVALID):
        respond(app, "PASSWORD_VERIFIER", answers)
    assert "AuthenticationResult" in respond(app, "DEVICE_PASSWORD_VERIFIER", answers)


def test_a_block_of_the_password_proof_proves_no_device(app: App, kept: KeptDevice) -> None:
    client = pycognito(app, kept)
    parameters = client.get_auth_params()
    first = app.idp.initiate_auth(AuthFlow="USER_SRP_AUTH", ClientId=app.client_id, AuthParameters=parameters)
    answers = client.process_challenge(first["ChallengeParameters"], parameters)
    with refused("NotAuthorizedException", INVALID):
        respond(app, "DEVICE_PASSWORD_VERIFIER", answers)
    assert RefreshToken.objects.filter(details__device=kept.key).count() == 1


def test_wrong_proofs_spend_the_block_and_lock_the_device(app: App, kept: KeptDevice) -> None:
    wrong = KeptDevice(kept.key, kept.group_key, "guess")
    for attempt in range(5):
        client = pycognito(app, wrong)
        block = device_srp(app, client, kept, offered(app, kept)["Session"])["ChallengeParameters"]
        answers = client.process_device_challenge(block)
        with refused("NotAuthorizedException", WRONG):
            respond(app, "DEVICE_PASSWORD_VERIFIER", answers)
        if attempt == 0:
            with refused("NotAuthorizedException", SPENT):
                respond(app, "DEVICE_PASSWORD_VERIFIER", answers)
    with refused("NotAuthorizedException", "Password attempts exceeded"):
        pycognito(app, kept).authenticate_user()
    # The password itself is not locked, and the lock ends.
    assert offered(app, kept)["ChallengeName"] == "DEVICE_SRP_AUTH"
    SignInThrottle.objects.update(locked_until=clock.now())
    assert "AuthenticationResult" in pycognito(app, kept).authenticate_user()
    assert SignInThrottle.objects.count() == 0


@pytest.mark.parametrize("left_out", ["USERNAME", "DEVICE_KEY", "SRP_A"])
def test_what_device_srp_needs(app: App, kept: KeptDevice, left_out: str) -> None:
    session = offered(app, kept)["Session"]
    with refused("InvalidParameterException", f"Missing required parameter {left_out}"):
        device_srp(app, pycognito(app, kept), kept, session, **{left_out: None})


@pytest.mark.parametrize("public_a", ["0", "00" * 384, "xyz", f"{srp.N:x}"])
def test_bad_srp_a_is_refused(app: App, kept: KeptDevice, public_a: str) -> None:
    session = offered(app, kept)["Session"]
    with refused("InvalidParameterException"):
        device_srp(app, pycognito(app, kept), kept, session, SRP_A=public_a)


def next_step(app: App, device: KeptDevice) -> str:
    """Return the challenge or refusal that follows the first factor."""
    try:
        return str(offered(app, device).get("ChallengeName", "tokens"))
    except ClientError as error:
        return str(error.response["Error"]["Code"])


def test_only_a_remembered_device_of_a_pool_that_allows_it_stands_for_the_second_factor(app: App) -> None:
    tokens = app.sign_in()
    kept = confirm(app, tokens)
    fresh = app.sign_in()["NewDeviceMetadata"]
    # Without a second factor there is nothing to stand for.
    assert next_step(app, kept) == "tokens"
    turn_mfa_on(app)
    other = ("tokens", "DEVICE_SRP_AUTH")
    assert next_step(app, KeptDevice(fresh["DeviceKey"], fresh["DeviceGroupKey"], "")) not in other
    named = {"AccessToken": tokens["AccessToken"], "DeviceKey": kept.key}
    app.idp.update_device_status(**named, DeviceRememberedStatus="not_remembered")
    assert next_step(app, kept) not in other
    app.idp.update_device_status(**named, DeviceRememberedStatus="remembered")
    assert next_step(app, kept) == "DEVICE_SRP_AUTH"
    turn_mfa_on(app, {"ChallengeRequiredOnNewDevice": False, "DeviceOnlyRememberedOnUserPrompt": False})
    assert next_step(app, kept) not in other


@pytest.mark.parametrize("change", ["forget", "not_remembered", "disable", "untrack"])
def test_what_changes_between_the_factors_counts(app: App, kept: KeptDevice, change: str) -> None:
    client = pycognito(app, kept)
    session = offered(app, kept)["Session"]
    block = device_srp(app, client, kept, session)["ChallengeParameters"]
    answers = client.process_device_challenge(block)
    named = {"UserPoolId": app.pool_id, "Username": "ann"}
    code, message = "ResourceNotFoundException", UNKNOWN
    if change == "forget":
        app.idp.admin_forget_device(**named, DeviceKey=kept.key)
    elif change == "not_remembered":
        app.idp.admin_update_device_status(**named, DeviceKey=kept.key, DeviceRememberedStatus="not_remembered")
    elif change == "disable":
        app.idp.admin_disable_user(**named)
        code, message = "NotAuthorizedException", "User is disabled."
    else:
        app.idp.update_user_pool(UserPoolId=app.pool_id)
        code, message = "InvalidUserPoolConfigurationException", "User pool does not have device tracking turned on."
    with refused(code, message):
        respond(app, "DEVICE_PASSWORD_VERIFIER", answers)
    if change != "disable":
        with refused(code, message):
            device_srp(app, client, kept, session)
    assert RefreshToken.objects.count() == 1


def test_a_new_password_is_set_before_the_device_is_asked(app: App, kept: KeptDevice) -> None:
    app.idp.admin_set_user_password(UserPoolId=app.pool_id, Username="ann", Password="Temporary-9!", Permanent=False)
    first = offered(app, kept, PASSWORD="Temporary-9!")
    answers = {"USERNAME": "ann", "NEW_PASSWORD": "Another-Horse-9!"}
    second = respond(app, "NEW_PASSWORD_REQUIRED", answers, first["Session"])
    assert second["ChallengeName"] == "DEVICE_SRP_AUTH"
    with refused("NotAuthorizedException", SPENT):
        respond(app, "NEW_PASSWORD_REQUIRED", answers, first["Session"])
    client = AWSSRP("ann", "", app.pool_id, app.client_id, client=app.idp, **_kept(kept))
    block = device_srp(app, client, kept, second["Session"])["ChallengeParameters"]
    answers = client.process_device_challenge(block)
    assert "AccessToken" in respond(app, "DEVICE_PASSWORD_VERIFIER", answers)["AuthenticationResult"]


def _kept(device: KeptDevice) -> dict[str, str]:
    return {"device_key": device.key, "device_group_key": device.group_key, "device_password": device.secret}


def test_an_administrator_answers_the_same_challenges(app: App, kept: KeptDevice) -> None:
    client = pycognito(app, kept)
    named = {"UserPoolId": app.pool_id, "ClientId": app.client_id}
    first = app.idp.admin_initiate_auth(
        **named,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ann", "PASSWORD": PASSWORD, "DEVICE_KEY": kept.key},
    )
    answers = {"USERNAME": "ann", "DEVICE_KEY": kept.key, "SRP_A": long_to_hex(client.large_a_value)}
    second = app.idp.admin_respond_to_auth_challenge(
        **named, ChallengeName=first["ChallengeName"], Session=first["Session"], ChallengeResponses=answers
    )
    last = app.idp.admin_respond_to_auth_challenge(
        **named,
        ChallengeName=second["ChallengeName"],
        ChallengeResponses=client.process_device_challenge(second["ChallengeParameters"]),
    )
    assert "AccessToken" in last["AuthenticationResult"]


def test_a_sign_in_name_other_than_the_username_is_taken(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox, DeviceConfiguration=TRACKING, UsernameAttributes=["email"])
    given = [{"Name": "email", "Value": "ann@example.com"}]
    idp.sign_up(ClientId=app.client_id, Username="ann@example.com", Password=PASSWORD, UserAttributes=given)
    code = inbox.code("ann@example.com")
    idp.confirm_sign_up(ClientId=app.client_id, Username="ann@example.com", ConfirmationCode=code)
    add_phone(app, "ann@example.com")
    kept = confirm(app, app.sign_in("ann@example.com"))
    turn_mfa_on(app)
    client = AWSSRP("ann@example.com", PASSWORD, app.pool_id, app.client_id, client=idp, **_kept(kept))
    assert "AccessToken" in client.authenticate_user()["AuthenticationResult"]


def test_a_device_stands_for_the_users_own_second_factor_and_is_kept_through_it(app: App) -> None:
    tokens = app.sign_in()
    kept = confirm(app, tokens)
    given = {"DeviceConfiguration": TRACKING, "AutoVerifiedAttributes": ["email"]}
    app.idp.update_user_pool(UserPoolId=app.pool_id, **given)
    configure(app, MfaConfiguration="OPTIONAL", SoftwareTokenMfaConfiguration={"Enabled": True})
    secret = register_totp(app, tokens["AccessToken"])
    app.idp.set_user_mfa_preference(
        AccessToken=tokens["AccessToken"], SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True}
    )
    assert next_step(app, kept) == "DEVICE_SRP_AUTH"
    assert "AccessToken" in pycognito(app, kept).authenticate_user()["AuthenticationResult"]
    app.idp.admin_update_device_status(
        UserPoolId=app.pool_id, Username="ann", DeviceKey=kept.key, DeviceRememberedStatus="not_remembered"
    )
    challenge = offered(app, kept)
    assert challenge["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    answers = {"USERNAME": "ann", "SOFTWARE_TOKEN_MFA_CODE": code_now(secret, later=1)}
    done = respond(app, "SOFTWARE_TOKEN_MFA", answers, challenge["Session"])["AuthenticationResult"]
    assert "NewDeviceMetadata" not in done
    assert jwt.decode(done["AccessToken"], options={"verify_signature": False})["device_key"] == kept.key


def test_a_password_changed_between_the_factors_ends_the_sign_in(app: App, kept: KeptDevice) -> None:
    client = pycognito(app, kept)
    session = offered(app, kept)["Session"]
    block = device_srp(app, client, kept, session)["ChallengeParameters"]
    app.idp.admin_set_user_password(UserPoolId=app.pool_id, Username="ann", Password="Another-Horse-9!", Permanent=True)
    with refused("NotAuthorizedException", INVALID):
        respond(app, "DEVICE_PASSWORD_VERIFIER", client.process_device_challenge(block))
    with refused("NotAuthorizedException", INVALID):
        device_srp(app, client, kept, session)
    with refused("NotAuthorizedException", INVALID):
        device_srp(app, client, kept)
