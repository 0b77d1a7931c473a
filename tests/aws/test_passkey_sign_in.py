"""WEB_AUTHN as a first factor."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cognito_app.models import WebAuthnCredential
from tests.aws.choice import (
    INVALID,
    ORIGIN,
    RP_ID,
    SPENT,
    WRONG,
    asserted,
    begin,
    create,
    make_choice_app,
    register_passkey,
    relying_party,
    request_options,
)
from tests.aws.mfa import MULTI, SMS_MFA, TOTP_ON, configure, register_totp, respond
from tests.clients.authenticator import RS256, Authenticator, b64, unb64
from tests.conftest import App, Inbox, refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def choice(idp: Any, inbox: Inbox) -> App:
    """A pool that takes passkeys of example.com; ann has a password."""
    app = make_choice_app(idp, inbox, "PASSWORD", "WEB_AUTHN")
    relying_party(app)
    create(app)
    return app


@pytest.fixture
def authenticator(choice: App) -> Authenticator:
    """The authenticator of ann's passkey, which counts its signatures."""
    made = Authenticator(counts=True)
    register_passkey(choice, made)
    return made


def sign_in(app: App, authenticator: Authenticator, name: str = "ann", **given: Any) -> Any:
    """Sign in by passkey."""
    found = begin(app, "WEB_AUTHN", name)
    return respond(app, "WEB_AUTHN", found["Session"], name=name, CREDENTIAL=asserted(found, authenticator, **given))


def test_the_options_are_what_browsers_take(choice: App, authenticator: Authenticator) -> None:
    found = begin(choice, "WEB_AUTHN")
    assert found["ChallengeName"] == "WEB_AUTHN"
    assert found["AvailableChallenges"] == ["WEB_AUTHN", "PASSWORD_SRP", "PASSWORD"]
    assert set(found["ChallengeParameters"]) == {"CREDENTIAL_REQUEST_OPTIONS"}
    options = request_options(found)
    assert len(unb64(options.pop("challenge"))) == 32
    known = {"id": b64(authenticator.credential_id), "type": "public-key", "transports": ["internal", "hybrid"]}
    assert options == {
        "timeout": 180_000,
        "rpId": RP_ID,
        "allowCredentials": [known],
        "userVerification": "preferred",
    }


@pytest.mark.parametrize("algorithm", [-7, RS256])
@pytest.mark.parametrize("origin", [ORIGIN, "https://example.com"])
def test_a_passkey_signs_in(choice: App, algorithm: int, origin: str) -> None:
    made = Authenticator(algorithm=algorithm)
    register_passkey(choice, made)
    assert "AccessToken" in sign_in(choice, made, origin=origin)["AuthenticationResult"]
    # An authenticator that does not count signs in again.
    assert "AccessToken" in sign_in(choice, made)["AuthenticationResult"]


def test_the_choice_leads_to_the_challenge(choice: App, authenticator: Authenticator) -> None:
    found = respond(choice, "SELECT_CHALLENGE", begin(choice)["Session"], ANSWER="WEB_AUTHN")
    assert found["ChallengeName"] == "WEB_AUTHN"
    credential = asserted(found, authenticator)
    done = respond(choice, "SELECT_CHALLENGE", found["Session"], ANSWER="WEB_AUTHN", CREDENTIAL=credential)
    assert "AccessToken" in done["AuthenticationResult"]


def test_a_credential_needs_a_challenge_that_was_put(choice: App, authenticator: Authenticator) -> None:
    credential = asserted(begin(choice, "WEB_AUTHN"), authenticator)
    with refused("NotAuthorizedException", INVALID):
        respond(choice, "SELECT_CHALLENGE", begin(choice)["Session"], ANSWER="WEB_AUTHN", CREDENTIAL=credential)


def test_a_challenge_is_good_for_one_answer(choice: App, authenticator: Authenticator) -> None:
    found = begin(choice, "WEB_AUTHN")
    credential = asserted(found, authenticator)
    assert (
        "AccessToken" in respond(choice, "WEB_AUTHN", found["Session"], CREDENTIAL=credential)["AuthenticationResult"]
    )
    with refused("NotAuthorizedException", SPENT):
        respond(choice, "WEB_AUTHN", found["Session"], CREDENTIAL=credential)
    wrong = begin(choice, "WEB_AUTHN")
    with refused("NotAuthorizedException", WRONG):
        respond(choice, "WEB_AUTHN", wrong["Session"], CREDENTIAL=credential)
    with refused("NotAuthorizedException", SPENT):
        respond(choice, "WEB_AUTHN", wrong["Session"], CREDENTIAL=asserted(wrong, authenticator))


@pytest.mark.parametrize(
    "given",
    [
        {"origin": "https://example.org"},
        {"origin": "http://example.com"},
        {"rp_id": "example.org"},
        {"type": "webauthn.create"},
        {"challenge": b64(b"another challenge of 32 bytes..!")},
    ],
)
def test_an_assertion_for_something_else_is_refused(
    choice: App, authenticator: Authenticator, given: dict[str, Any]
) -> None:
    with refused("NotAuthorizedException", WRONG):
        sign_in(choice, authenticator, **given)


def test_a_forged_signature_and_another_users_passkey_are_refused(choice: App, authenticator: Authenticator) -> None:
    create(choice, "bob")
    bobs = Authenticator()
    register_passkey(choice, bobs, "bob")
    with refused("NotAuthorizedException", WRONG):
        sign_in(choice, bobs)
    # The right passkey, but the authenticator says that it belongs to somebody else.
    authenticator.user_handle = b64(b"somebody else")
    with refused("NotAuthorizedException", WRONG):
        sign_in(choice, authenticator)
    authenticator.user_handle = None
    assert "AccessToken" in sign_in(choice, authenticator)["AuthenticationResult"]
    authenticator.breaks_signature = True
    with refused("NotAuthorizedException", WRONG):
        sign_in(choice, authenticator)


def test_the_counter_never_goes_back(choice: App, authenticator: Authenticator) -> None:
    sign_in(choice, authenticator)
    sign_in(choice, authenticator)
    assert WebAuthnCredential.objects.get().sign_count == 2
    # A copy of the authenticator, made before.
    authenticator.signatures = 1
    with refused("NotAuthorizedException", WRONG):
        sign_in(choice, authenticator)
    assert WebAuthnCredential.objects.get().sign_count == 2


@pytest.mark.parametrize(
    "credential",
    ["no json", "[]", "{}", "null", '{"id": 1}', json.dumps({"id": "eA", "rawId": "eA", "type": "public-key"})],
)
def test_what_is_no_assertion_is_bad_input_and_leaves_the_session(
    choice: App, authenticator: Authenticator, credential: str
) -> None:
    found = begin(choice, "WEB_AUTHN")
    with refused("InvalidParameterException"):
        respond(choice, "WEB_AUTHN", found["Session"], CREDENTIAL=credential)
    done = respond(choice, "WEB_AUTHN", found["Session"], CREDENTIAL=asserted(found, authenticator))
    assert "AccessToken" in done["AuthenticationResult"]


def test_user_verification_is_enforced_where_the_pool_requires_it(choice: App, authenticator: Authenticator) -> None:
    authenticator.verifies_user = False
    assert "AccessToken" in sign_in(choice, authenticator)["AuthenticationResult"]
    relying_party(choice, UserVerification="required")
    assert request_options(begin(choice, "WEB_AUTHN"))["userVerification"] == "required"
    with refused("NotAuthorizedException", WRONG):
        sign_in(choice, authenticator)
    authenticator.verifies_user = True
    assert "AccessToken" in sign_in(choice, authenticator)["AuthenticationResult"]


def test_another_relying_party_orphans_passkeys(choice: App, authenticator: Authenticator) -> None:
    found = begin(choice, "WEB_AUTHN")
    relying_party(choice, RelyingPartyId="example.net")
    assert begin(choice, "WEB_AUTHN")["AvailableChallenges"] == ["PASSWORD_SRP", "PASSWORD"]
    with refused("NotAuthorizedException", WRONG):
        respond(choice, "WEB_AUTHN", found["Session"], CREDENTIAL=asserted(found, authenticator))


def test_a_deleted_passkey_signs_nobody_in(choice: App, authenticator: Authenticator) -> None:
    found = begin(choice, "WEB_AUTHN")
    token = choice.sign_in()["AccessToken"]
    choice.idp.delete_web_authn_credential(AccessToken=token, CredentialId=b64(authenticator.credential_id))
    with refused("NotAuthorizedException", WRONG):
        respond(choice, "WEB_AUTHN", found["Session"], CREDENTIAL=asserted(found, authenticator))
    assert begin(choice, "WEB_AUTHN")["ChallengeName"] == "SELECT_CHALLENGE"


class TestSecondFactors:
    """A passkey beside second factors."""

    @pytest.fixture
    def secret(self, choice: App, authenticator: Authenticator) -> str:
        """Ann's authenticator app, turned on; passkeys count as both factors in the pool."""
        self.factor_configuration(choice, MULTI)
        return register_totp(choice, choice.sign_in()["AccessToken"])

    def factor_configuration(self, app: App, value: str) -> None:
        """Say whether passkeys can be both factors."""
        configure(
            app,
            MfaConfiguration="OPTIONAL",
            SmsMfaConfiguration=SMS_MFA,
            SoftwareTokenMfaConfiguration=TOTP_ON,
            WebAuthnConfiguration={"RelyingPartyId": RP_ID, "FactorConfiguration": value},
        )

    def prefer(self, app: App, *, passkey: bool) -> None:
        """Turn the authenticator app on, and passkeys as both factors on or off."""
        app.idp.admin_set_user_mfa_preference(
            UserPoolId=app.pool_id,
            Username="ann",
            SoftwareTokenMfaSettings={"Enabled": True},
            WebAuthnMfaSettings={"Enabled": passkey},
        )

    def test_a_verified_passkey_is_both_factors_for_who_wants_that(
        self, choice: App, authenticator: Authenticator, secret: str
    ) -> None:
        self.prefer(choice, passkey=True)
        assert begin(choice)["AvailableChallenges"] == ["WEB_AUTHN", "PASSWORD_SRP", "PASSWORD"]
        assert "AccessToken" in sign_in(choice, authenticator)["AuthenticationResult"]

    def test_the_second_factor_follows_for_others(self, choice: App, authenticator: Authenticator, secret: str) -> None:
        self.prefer(choice, passkey=False)
        assert sign_in(choice, authenticator)["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
        assert WebAuthnCredential.objects.get().sign_count == 1

    def test_as_a_single_factor_it_is_not_offered_to_users_with_mfa(
        self, choice: App, authenticator: Authenticator, secret: str
    ) -> None:
        self.prefer(choice, passkey=False)
        self.factor_configuration(choice, "SINGLE_FACTOR")
        found = begin(choice, "WEB_AUTHN")
        assert found["AvailableChallenges"] == ["PASSWORD_SRP", "PASSWORD"]


def test_made_up_passkeys_look_like_others_and_sign_nobody_in(idp: Any, inbox: Inbox) -> None:
    app = make_choice_app(idp, inbox, "PASSWORD", "WEB_AUTHN", hides=True)
    relying_party(app)
    create(app)
    authenticator = Authenticator()
    register_passkey(app, authenticator)
    names = [f"nobody{number}" for number in range(40)]
    name = next(item for item in names if "WEB_AUTHN" in begin(app, name=item)["AvailableChallenges"])
    made_up, real = begin(app, "WEB_AUTHN", name), begin(app, "WEB_AUTHN")
    shapes = []
    for found in (made_up, real):
        options = request_options(found)
        shapes.append(
            {
                **options,
                "challenge": len(options["challenge"]),
                "allowCredentials": [{**item, "id": len(item["id"])} for item in options["allowCredentials"]],
            }
        )
    assert shapes[0] == shapes[1]
    assert made_up["AvailableChallenges"] == real["AvailableChallenges"]
    again = request_options(begin(app, "WEB_AUTHN", name))
    assert again["allowCredentials"] == request_options(made_up)["allowCredentials"]
    with refused("NotAuthorizedException", WRONG):
        respond(app, "WEB_AUTHN", made_up["Session"], name=name, CREDENTIAL=asserted(made_up, authenticator))
    with refused("NotAuthorizedException", SPENT):
        respond(app, "WEB_AUTHN", made_up["Session"], name=name, CREDENTIAL=asserted(made_up, authenticator))
