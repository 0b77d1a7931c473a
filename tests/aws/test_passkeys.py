"""Passkeys: the options, what a registration must satisfy, listing and deleting."""

from __future__ import annotations

import base64
import json
import os
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from pytest_django import Settings

from cognito_app.core import clock
from cognito_app.core.webauthn import is_origin_of
from cognito_app.models import UserPool, WebAuthnCredential
from cognito_app.services import config, domains, stamps
from cognito_app.services.actor import SYSTEM
from cognito_app.services.config import stamp_of
from tests.clients.authenticator import EDDSA, ES256, RS256, Authenticator, b64, unb64
from tests.conftest import App, Inbox, make_app, refused

pytestmark = pytest.mark.django_db

ORIGIN = "https://app.example.com"
RP_ID = "example.com"
FACTORS = {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}}
MALFORMED = "Credential is not a valid registration response."


def configure(app: App, **webauthn: str) -> None:
    """Store WebAuthnConfiguration, which SetUserPoolMfaConfig writes."""
    row = UserPool.objects.get(pk=app.pool_id)
    row.extras = {**row.extras, "webauthn": webauthn}
    row.save()
    stamps.bump(stamp_of(row.id))


@pytest.fixture
def keyed(idp: Any, inbox: Inbox) -> App:
    """A pool whose users may have passkeys of example.com, with two users."""
    app = make_app(idp, inbox, Policies=FACTORS)
    configure(app, RelyingPartyId=RP_ID)
    app.sign_up("ann")
    app.sign_up("bob")
    return app


@pytest.fixture
def token(keyed: App) -> str:
    """An access token of ann's."""
    return str(keyed.sign_in()["AccessToken"])


def start(app: App, token: str) -> Any:
    """Return creation options."""
    return app.idp.start_web_authn_registration(AccessToken=token)["CredentialCreationOptions"]


def complete(app: App, token: str, credential: Any) -> None:
    """Send what the browser made."""
    app.idp.complete_web_authn_registration(AccessToken=token, Credential=credential)


def register(app: App, token: str, authenticator: Authenticator | None = None, origin: str = ORIGIN) -> Any:
    """Register a passkey; returns what the browser sent."""
    made = (authenticator or Authenticator()).create(start(app, token), origin)
    complete(app, token, made)
    return made


def listed(app: App, token: str) -> Any:
    """Return the user's passkeys."""
    return app.idp.list_web_authn_credentials(AccessToken=token)["Credentials"]


@pytest.mark.operation("StartWebAuthnRegistration")
def test_the_options_are_a_document_that_browsers_take(keyed: App, token: str) -> None:
    sub = next(
        item["Value"] for item in keyed.idp.get_user(AccessToken=token)["UserAttributes"] if item["Name"] == "sub"
    )
    options = start(keyed, token)
    challenge = options.pop("challenge")
    assert "=" not in challenge
    assert len(unb64(challenge)) >= 16
    assert start(keyed, token)["challenge"] != challenge
    assert options == {
        "authenticatorSelection": {
            "requireResidentKey": True,
            "residentKey": "required",
            "userVerification": "preferred",
        },
        "excludeCredentials": [],
        "pubKeyCredParams": [{"alg": -7, "type": "public-key"}, {"alg": -257, "type": "public-key"}],
        "rp": {"id": RP_ID, "name": RP_ID},
        "timeout": 60000,
        "user": {"displayName": "ann", "id": b64(sub.encode()), "name": "ann"},
    }


@pytest.mark.operation("CompleteWebAuthnRegistration")
@pytest.mark.operation("ListWebAuthnCredentials")
@pytest.mark.parametrize("algorithm", [ES256, RS256])
def test_a_registered_passkey_is_listed_and_excluded_from_the_next(keyed: App, token: str, algorithm: int) -> None:
    made = register(keyed, token, Authenticator(algorithm=algorithm))
    (shown,) = listed(keyed, token)
    assert abs(shown.pop("CreatedAt") - clock.now()) < timedelta(minutes=1)
    assert shown == {
        "CredentialId": made["id"],
        "FriendlyCredentialName": "Passkey",
        "RelyingPartyId": RP_ID,
        "AuthenticatorAttachment": "platform",
        "AuthenticatorTransports": ["internal", "hybrid"],
    }
    assert start(keyed, token)["excludeCredentials"] == [{"id": made["id"], "type": "public-key"}]
    assert listed(keyed, keyed.sign_in("bob")["AccessToken"]) == []


def test_what_a_client_sends_besides_is_taken_as_it_comes(keyed: App, token: str) -> None:
    plain = Authenticator(attachment=None, transports=[])
    complete(keyed, token, json.dumps(plain.create(start(keyed, token), ORIGIN)))
    odd = Authenticator(transports=["usb", "usb", "warp", 1, ["x"], {}], attachment="cross-platform")
    register(keyed, token, odd)
    register(keyed, token, Authenticator(aaguid=UUID("fbfc3007-154e-4ecc-8c0b-6e020557d7bd")))
    first, second, third = listed(keyed, token)
    assert "AuthenticatorAttachment" not in first
    assert first["AuthenticatorTransports"] == []
    assert second["AuthenticatorTransports"] == ["usb"]
    names = [item["FriendlyCredentialName"] for item in (first, second, third)]
    assert names == ["Passkey", "Security key", "iCloud Keychain"]


def test_a_challenge_is_good_once_for_one_user_and_client_for_five_minutes(keyed: App, token: str) -> None:
    missing = "WebAuthnChallengeNotFoundException"
    options = start(keyed, token)
    with refused(missing):
        complete(keyed, keyed.sign_in("bob")["AccessToken"], Authenticator().create(options, ORIGIN))
    other_client = keyed.sign_in(client_id=keyed.client()["ClientId"])["AccessToken"]
    with refused("WebAuthnClientMismatchException"):
        complete(keyed, other_client, Authenticator().create(options, ORIGIN))
    for challenge in (b64(os.urandom(32)), b64(unb64(options["challenge"])[:-1]), ""):
        with refused(missing):
            complete(keyed, token, Authenticator().create({**options, "challenge": challenge}, ORIGIN))
    complete(keyed, token, Authenticator().create(options, ORIGIN))
    with refused(missing):
        complete(keyed, token, Authenticator().create(options, ORIGIN))
    late = Authenticator().create(start(keyed, token), ORIGIN)
    with time_machine.travel(clock.now() + timedelta(minutes=6), tick=True), refused(missing):
        complete(keyed, token, late)
    assert len(listed(keyed, token)) == 1


def test_a_refused_passkey_leaves_the_challenge_usable(keyed: App, token: str) -> None:
    options = start(keyed, token)
    with refused("WebAuthnOriginNotAllowedException"):
        complete(keyed, token, Authenticator().create(options, "https://evil.example"))
    complete(keyed, token, Authenticator().create(options, ORIGIN))


@pytest.mark.parametrize(
    ("origin", "rp_id", "allowed"),
    [
        ("https://example.com", "example.com", True),
        ("https://app.example.com:8443", "example.com", True),
        ("https://a.b.example.com", "example.com", True),
        ("http://example.com", "example.com", False),
        ("https://badexample.com", "example.com", False),
        ("https://example.com.evil.org", "example.com", False),
        ("https://evil.org/example.com", "example.com", False),
        ("https://evil.org#.example.com", "example.com", False),
        ("https://example.com@evil.org", "example.com", False),
        ("https://evil.org:80@example.com", "example.com", False),
        ("https://app.example.com", "auth.example.com", False),
        ("http://localhost:3000", "localhost", True),
        ("http://my.auth.localhost:8000", "my.auth.localhost", True),
        ("https://localhost", "localhost", True),
        ("ftp://localhost", "localhost", False),
        ("https://[::1", "localhost", False),
        ("https://localhost:x", "localhost", False),
        ("", "localhost", False),
    ],
)
def test_origins_of_a_relying_party(origin: str, rp_id: str, allowed: bool) -> None:
    assert is_origin_of(origin, rp_id) is allowed


def test_several_origins_of_one_pool_are_legitimate(keyed: App, token: str) -> None:
    for origin in ("https://example.com", "https://one.example.com", "https://two.example.com:8443"):
        register(keyed, token, origin=origin)
    assert len(listed(keyed, token)) == 3


def test_another_relying_party_is_refused(keyed: App, token: str) -> None:
    with refused("WebAuthnRelyingPartyMismatchException"):
        complete(keyed, token, Authenticator().create(start(keyed, token), ORIGIN, rp_id="app.example.com"))
    before = Authenticator().create(start(keyed, token), ORIGIN)
    configure(keyed, RelyingPartyId="app.example.com")
    with refused("WebAuthnRelyingPartyMismatchException"):
        complete(keyed, token, before)


@pytest.mark.parametrize(
    "authenticator",
    [
        Authenticator(algorithm=EDDSA),
        Authenticator(attestation="packed", breaks_signature=True),
        Authenticator(attestation="tpm"),
        Authenticator(attestation="unheard-of"),
    ],
)
def test_unsupported_passkeys_are_refused(keyed: App, token: str, authenticator: Authenticator) -> None:
    with refused("WebAuthnCredentialNotSupportedException"):
        register(keyed, token, authenticator)
    assert WebAuthnCredential.objects.count() == 0


def test_a_self_attestation_that_holds_is_taken(keyed: App, token: str) -> None:
    register(keyed, token, Authenticator(attestation="packed"))
    assert WebAuthnCredential.objects.count() == 1


def test_the_user_is_verified_where_the_pool_demands_it(keyed: App, token: str) -> None:
    register(keyed, token, Authenticator(verifies_user=False))
    demands: list[dict[str, str]] = [
        {"UserVerification": "required"},
        {"FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION"},
    ]
    for demand in demands:
        configure(keyed, RelyingPartyId=RP_ID, **demand)
        assert start(keyed, token)["authenticatorSelection"]["userVerification"] == "required"
        with refused("WebAuthnCredentialNotSupportedException"):
            register(keyed, token, Authenticator(verifies_user=False))
        register(keyed, token, Authenticator())


def _broken(made: dict[str, Any]) -> list[Any]:
    response = made["response"]
    data = json.loads(unb64(response["clientDataJSON"]))

    def with_response(**change: Any) -> dict[str, Any]:
        return {**made, "response": {**response, **change}}

    def with_client_data(**change: Any) -> dict[str, Any]:
        return with_response(clientDataJSON=b64(json.dumps({**data, **change}).encode()))

    return [
        {},
        [],
        "",
        "{",
        '"text"',
        7,
        True,
        {**made, "id": b64(b"other")},
        {**made, "id": b64(b"other"), "rawId": b64(b"other")},
        {**made, "rawId": 1},
        {**made, "type": "password"},
        {**made, "response": None},
        {**made, "authenticatorAttachment": "neither"},
        with_response(clientDataJSON="!"),
        with_response(clientDataJSON=b64(b"[]")),
        with_response(clientDataJSON=b64(b"\xff\xfe")),
        with_client_data(type="webauthn.get"),
        with_client_data(challenge=5),
        with_client_data(origin=None),
        with_client_data(origin=["https://example.com"]),
        with_response(clientDataJSON=b64(b"[" * 100_000)),
        with_response(attestationObject=b64(b"\xff" * 40)),
        with_response(attestationObject=b64(b"\xa1" * 40)),
        with_response(attestationObject=b64(b"\xa0")),
        with_response(attestationObject=response["attestationObject"][:-40]),
        with_response(attestationObject="A" * 200_000),
    ]


def test_malformed_credentials_are_refused(keyed: App, token: str) -> None:
    made = Authenticator().create(start(keyed, token), ORIGIN)
    for credential in _broken(made):
        with refused("InvalidParameterException", MALFORMED):
            complete(keyed, token, credential)
    with refused("InvalidParameterException"):
        keyed.idp.complete_web_authn_registration(AccessToken=token, Credential=None)
    assert WebAuthnCredential.objects.count() == 0
    complete(keyed, token, made)


def test_twenty_passkeys_are_enough_and_none_is_registered_twice(keyed: App, token: str) -> None:
    same = Authenticator()
    register(keyed, token, same)
    with refused("InvalidParameterException", "The passkey is registered already."):
        register(keyed, token, same)
    waiting = Authenticator().create(start(keyed, token), ORIGIN)
    for _ in range(19):
        register(keyed, token)
    with refused("LimitExceededException"):
        start(keyed, token)
    with refused("LimitExceededException"):
        complete(keyed, token, waiting)
    assert WebAuthnCredential.objects.count() == 20
    keyed.idp.delete_web_authn_credential(AccessToken=token, CredentialId=b64(same.credential_id))
    complete(keyed, token, waiting)


def test_the_list_is_paged(keyed: App, token: str) -> None:
    made = [register(keyed, token)["id"] for _ in range(5)]
    seen: list[str] = []
    page = keyed.idp.list_web_authn_credentials(AccessToken=token, MaxResults=2)
    while True:
        seen += [item["CredentialId"] for item in page["Credentials"]]
        if "NextToken" not in page:
            break
        page = keyed.idp.list_web_authn_credentials(AccessToken=token, MaxResults=2, NextToken=page["NextToken"])
    assert seen == made
    assert len(keyed.idp.list_web_authn_credentials(AccessToken=token, MaxResults=0)["Credentials"]) == 5
    foreign = keyed.idp.list_web_authn_credentials(AccessToken=token, MaxResults=1)["NextToken"]
    with refused("InvalidParameterException"):
        keyed.idp.list_web_authn_credentials(AccessToken=keyed.sign_in("bob")["AccessToken"], NextToken=foreign)
    with refused("InvalidParameterException"):
        keyed.idp.list_web_authn_credentials(AccessToken=token, MaxResults=21)


@pytest.mark.operation("DeleteWebAuthnCredential")
def test_only_the_owner_deletes_a_passkey(keyed: App, token: str) -> None:
    made = register(keyed, token)
    bob = keyed.sign_in("bob")["AccessToken"]
    for access, identifier in ((bob, made["id"]), (token, "unknown"), (token, ""), (token, "A" * 5000)):
        with refused("ResourceNotFoundException"):
            keyed.idp.delete_web_authn_credential(AccessToken=access, CredentialId=identifier)
    keyed.idp.delete_web_authn_credential(AccessToken=token, CredentialId=made["id"])
    assert listed(keyed, token) == []


def test_passkeys_must_be_among_the_first_factors(app: App) -> None:
    app.sign_up()
    token = app.sign_in()["AccessToken"]
    with refused("WebAuthnNotEnabledException"):
        start(app, token)
    with refused("WebAuthnNotEnabledException"):
        complete(app, token, {})


def test_the_relying_party_follows_from_the_domains(idp: Any, inbox: Inbox, settings: Settings) -> None:
    app = make_app(idp, inbox, Policies=FACTORS)
    app.sign_up()
    token = app.sign_in()["AccessToken"]
    with refused("WebAuthnConfigurationMissingException"):
        start(app, token)
    idp.create_user_pool_domain(UserPoolId=app.pool_id, Domain="acme")
    # Pages by path are on the installation's own host.
    assert start(app, token)["rp"]["id"] == "localhost"
    settings.COGNITO = {**settings.COGNITO, "DOMAIN_ADDRESSING": "host"}
    assert start(app, token)["rp"]["id"] == "acme.auth.localhost"
    register(app, token, origin="http://acme.auth.localhost:8000")
    # The model's pattern for Domain has no dots: custom domains come by other ways than the API.
    certificate = "arn:aws:acm:us-east-1:000000000000:certificate/x"
    domains.create(config.pool(app.pool_id), SYSTEM, name="login.example.com", certificate_arn=certificate)
    assert start(app, token)["rp"]["id"] == "login.example.com"
    configure(app, RelyingPartyId="example.com")
    assert start(app, token)["rp"]["id"] == "example.com"


def test_access_tokens_are_checked(keyed: App, token: str) -> None:
    made = register(keyed, token)
    keyed.idp.global_sign_out(AccessToken=token)
    calls: list[tuple[str, dict[str, Any]]] = [
        ("start_web_authn_registration", {}),
        ("complete_web_authn_registration", {"Credential": made}),
        ("list_web_authn_credentials", {}),
        ("delete_web_authn_credential", {"CredentialId": made["id"]}),
    ]
    for method, given in calls:
        with refused("NotAuthorizedException", "Access Token has been revoked"):
            getattr(keyed.idp, method)(AccessToken=token, **given)
        with refused("NotAuthorizedException", "Invalid Access Token"):
            getattr(keyed.idp, method)(AccessToken="x", **given)
    assert WebAuthnCredential.objects.count() == 1


def test_the_public_key_is_stored_as_it_was_made(keyed: App, token: str) -> None:
    made = register(keyed, token)
    attested = base64.urlsafe_b64decode(made["response"]["attestationObject"] + "===")
    assert bytes(WebAuthnCredential.objects.get().public_key) in attested
