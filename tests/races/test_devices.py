"""Devices and their proofs under parallel requests."""

from __future__ import annotations

from typing import Any

import pytest
from pycognito.aws_srp import long_to_hex

from cognito_app.models import RefreshToken, WebAuthnCredential
from tests.clients import boto
from tests.clients.authenticator import Authenticator
from tests.clients.devices import TRACKING, confirm, pycognito, turn_mfa_on, verifier
from tests.conftest import PASSWORD, App, Inbox, make_app
from tests.races.test_once import code_of, in_parallel

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def app(idp: Any, inbox: Inbox) -> App:
    """A pool that tracks devices, with a user."""
    made = make_app(idp, inbox, DeviceConfiguration=TRACKING)
    made.sign_up()
    return made


def test_a_device_is_confirmed_by_one_of_many(app: App) -> None:
    tokens = app.sign_in()
    _, config = verifier(tokens)
    public = boto.client("cognito-idp")
    given = {"AccessToken": tokens["AccessToken"], "DeviceKey": tokens["NewDeviceMetadata"]["DeviceKey"]}
    counted = in_parallel(
        100, lambda: code_of(lambda: public.confirm_device(**given, DeviceSecretVerifierConfig=config))
    )
    assert counted == {"ok": 1, "DeviceKeyExistsException": 99}


def test_one_proof_for_a_first_factor(app: App) -> None:
    kept = confirm(app, app.sign_in())
    phone = [{"Name": "phone_number", "Value": "+15555550100"}, {"Name": "phone_number_verified", "Value": "true"}]
    app.idp.admin_update_user_attributes(UserPoolId=app.pool_id, Username="ann", UserAttributes=phone)
    turn_mfa_on(app)
    client, public = pycognito(app, kept), boto.client("cognito-idp")
    session = public.initiate_auth(
        ClientId=app.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ann", "PASSWORD": PASSWORD, "DEVICE_KEY": kept.key},
    )["Session"]

    def sign_in() -> None:
        answers = {"USERNAME": "ann", "DEVICE_KEY": kept.key, "SRP_A": long_to_hex(client.large_a_value)}
        block = public.respond_to_auth_challenge(
            ClientId=app.client_id, ChallengeName="DEVICE_SRP_AUTH", Session=session, ChallengeResponses=answers
        )
        public.respond_to_auth_challenge(
            ClientId=app.client_id,
            ChallengeName="DEVICE_PASSWORD_VERIFIER",
            ChallengeResponses=client.process_device_challenge(block["ChallengeParameters"]),
        )

    counted = in_parallel(100, lambda: code_of(sign_in))
    assert counted == {"ok": 1, "NotAuthorizedException": 99}
    assert RefreshToken.objects.count() == 2


def test_forgetting_while_signing_in_leaves_no_tokens_of_the_device(app: App) -> None:
    kept = confirm(app, app.sign_in())
    token = app.sign_in()["AccessToken"]
    public = boto.client("cognito-idp")
    given = {"USERNAME": "ann", "PASSWORD": PASSWORD, "DEVICE_KEY": kept.key}
    turns = iter(range(60))

    def one() -> str:
        if next(turns) == 20:
            return "forgot " + code_of(lambda: public.forget_device(AccessToken=token, DeviceKey=kept.key))
        return code_of(
            lambda: public.initiate_auth(ClientId=app.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)
        )

    counted = in_parallel(60, one)
    assert counted["forgot ok"] == 1
    assert not RefreshToken.objects.filter(details__device=kept.key, ended_at=None).exists()


def test_one_passkey_for_a_challenge(idp: Any, inbox: Inbox) -> None:
    factors = {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}}
    app = make_app(idp, inbox, Policies=factors)
    app.sign_up()
    idp.create_user_pool_domain(UserPoolId=app.pool_id, Domain="acme")
    token = app.sign_in()["AccessToken"]
    public = boto.client("cognito-idp")
    options = public.start_web_authn_registration(AccessToken=token)["CredentialCreationOptions"]

    def complete() -> None:
        made = Authenticator().create(options, "http://localhost:8000")
        public.complete_web_authn_registration(AccessToken=token, Credential=made)

    counted = in_parallel(50, lambda: code_of(complete))
    assert counted == {"ok": 1, "WebAuthnChallengeNotFoundException": 49}
    assert WebAuthnCredential.objects.count() == 1
