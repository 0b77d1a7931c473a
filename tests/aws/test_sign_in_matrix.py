"""Every flow x factor x device x kind of client x existence mode; the API and the hosted page end in the same state."""

from __future__ import annotations

import base64
import hmac
from itertools import product
from typing import Any

import jwt
import pytest
from django.utils import timezone
from pycognito import AWSSRP

from cognito_app.models import AuthEvent, Device
from tests.aws.mfa import (
    DEVELOPER,
    PHONE,
    SMS_CONFIGURATION,
    code_now,
    create_user,
    offer,
    register_totp,
    settings_of,
    turn_on,
)
from tests.clients.devices import TRACKING, confirm
from tests.conftest import FLOWS, PASSWORD, Inbox, make_app
from tests.oauth.test_oauth import Site
from tests.pages.forms import arrived, send
from tests.pages.test_mfa_pages import sign_in
from tests.security.walk.srp_client import SrpClient

pytestmark = pytest.mark.django_db

FLOWS_OF_MATRIX = ("USER_PASSWORD_AUTH", "USER_SRP_AUTH", "ADMIN_USER_PASSWORD_AUTH", "USER_AUTH", "page")
FACTORS = ("none", "sms", "email", "totp")
DEVICES = ("none", "remembered")
CLIENTS = ("public", "confidential")
MODES = ("LEGACY", "ENABLED")
CHALLENGES = {"sms": "SMS_MFA", "email": "EMAIL_OTP", "totp": "SOFTWARE_TOKEN_MFA"}
ANSWERS = {"sms": "SMS_MFA_CODE", "email": "EMAIL_OTP_CODE", "totp": "SOFTWARE_TOKEN_MFA_CODE"}
EMAIL = "ann@example.com"


class Matrix:
    """A pool, a user in it, and sign-ins in every way."""

    def __init__(self, idp: Any, inbox: Inbox, clock: Any, factor: str, device: str) -> None:
        settings: dict[str, Any] = {"DeviceConfiguration": TRACKING} if device != "none" else {}
        sms, email = {"SmsConfiguration": SMS_CONFIGURATION}, {"EmailConfiguration": DEVELOPER}
        self.app = make_app(idp, inbox, **settings, **sms, **email)
        self.clock, self.factor, self.device, self.secret = clock, factor, None, ""
        contacts = {"email": EMAIL, "email_verified": "true", "phone_number": PHONE, "phone_number_verified": "true"}
        create_user(self.app, "ann", **contacts)
        if device != "none":
            self.device = confirm(self.app, self.app.sign_in())
        if factor != "none":
            offer(self.app, "OPTIONAL", "sms", "totp", "email")
            if factor == "totp":
                token = self.app.sign_in()
                self.secret = register_totp(self.app, token["AccessToken"])
                self.clock.shift(30)
            turn_on(self.app, factor)

    def client(self, kind: str, mode: str) -> None:
        """Use a client of this kind from now on."""
        flows = [*FLOWS, "ALLOW_USER_AUTH"]
        secret = {"GenerateSecret": True} if kind == "confidential" else {}
        made = self.app.client(ExplicitAuthFlows=flows, PreventUserExistenceErrors=mode, **secret)
        self.app.client_id, self.client_secret = made["ClientId"], made.get("ClientSecret")

    def given(self, **values: str) -> dict[str, str]:
        """Return parameters with USERNAME, SECRET_HASH and DEVICE_KEY."""
        found = {"USERNAME": "ann", **values}
        if self.client_secret:
            text = ("ann" + self.app.client_id).encode()
            found["SECRET_HASH"] = base64.b64encode(hmac.digest(self.client_secret.encode(), text, "sha256")).decode()
        return {**found, "DEVICE_KEY": self.device.key} if self.device else found

    def start(self, flow: str) -> Any:
        """Pass the first factor."""
        idp, at = self.app.idp, {"ClientId": self.app.client_id, "AuthFlow": flow}
        if flow == "USER_SRP_AUTH":
            helper = AWSSRP("ann", PASSWORD, self.app.pool_id, self.app.client_id, client=idp)
            asked = idp.initiate_auth(**at, AuthParameters=self.given(SRP_A=helper.get_auth_params()["SRP_A"]))
            proof = helper.process_challenge(asked["ChallengeParameters"], {"USERNAME": "ann"})
            return self.respond("PASSWORD_VERIFIER", None, **proof)
        if flow == "ADMIN_USER_PASSWORD_AUTH":
            return idp.admin_initiate_auth(
                **at, UserPoolId=self.app.pool_id, AuthParameters=self.given(PASSWORD=PASSWORD)
            )
        chosen = {"PREFERRED_CHALLENGE": "PASSWORD"} if flow == "USER_AUTH" else {}
        return idp.initiate_auth(**at, AuthParameters=self.given(PASSWORD=PASSWORD, **chosen))

    def respond(self, challenge: str, session: str | None, **answers: str) -> Any:
        """Answer a challenge."""
        return self.app.idp.respond_to_auth_challenge(
            ClientId=self.app.client_id,
            ChallengeName=challenge,
            ChallengeResponses=self.given(**answers),
            **({"Session": session} if session else {}),
        )

    def code(self) -> str:
        """Return the code of the second factor."""
        if self.factor == "totp":
            return code_now(self.secret)
        return self.app.inbox.code(PHONE if self.factor == "sms" else EMAIL)

    def prove_device(self, asked: Any) -> Any:
        """Answer DEVICE_SRP_AUTH and what follows."""
        assert self.device is not None
        mine = SrpClient()
        block = self.respond("DEVICE_SRP_AUTH", asked["Session"], SRP_A=mine.public)["ChallengeParameters"]
        at = {"scope": self.device.group_key, "identity": self.device.key, "secret": self.device.secret}
        proof = mine.proof(block, **at, now=timezone.now())
        return self.respond("DEVICE_PASSWORD_VERIFIER", None, **proof)

    def by_api(self, flow: str) -> Any:
        """Sign in by the API; returns the claims of the ID token."""
        answer = self.start(flow)
        if self.device and self.factor != "none":
            assert answer["ChallengeName"] == "DEVICE_SRP_AUTH"
            answer = self.prove_device(answer)
        elif self.factor != "none":
            assert answer["ChallengeName"] == CHALLENGES[self.factor]
            answer = self.respond(answer["ChallengeName"], answer["Session"], **{ANSWERS[self.factor]: self.code()})
        found = answer["AuthenticationResult"]
        assert "NewDeviceMetadata" not in found
        access = jwt.decode(found["AccessToken"], options={"verify_signature": False})
        assert access.get("device_key") == (self.device.key if self.device else None)
        return jwt.decode(found["IdToken"], options={"verify_signature": False})

    def by_page(self) -> Any:
        """Sign in on the hosted page, which remembers no device; returns the claims of the ID token."""
        secret = {"GenerateSecret": True} if self.client_secret else {}
        site = Site(self.app, **secret)
        page = sign_in(site)
        if self.factor != "none":
            page = send(site, page, code=self.code())
        assert arrived(page), page.content
        code = page["Location"].partition("code=")[2].partition("&")[0]
        form = {"client_secret": site.client["ClientSecret"]} if secret else {}
        found = site.exchange(code, **form).json()
        return jwt.decode(found["id_token"], options={"verify_signature": False})

    def state(self) -> Any:
        """Return what a sign-in leaves behind."""
        event = AuthEvent.objects.filter(type="SignIn").order_by("-created_at", "-pk").first()
        devices = Device.objects.filter(user__pool_id=self.app.pool_id).exclude(confirmed_at=None).count()
        user = self.app.idp.admin_get_user(UserPoolId=self.app.pool_id, Username="ann")
        assert event is not None
        return settings_of(self.app), user["UserStatus"], user["Enabled"], devices, event.response


SHOWN = ("sub", "cognito:username", "email", "email_verified", "token_use")


@pytest.mark.parametrize(("factor", "device"), list(product(FACTORS, DEVICES)))
def test_every_way_ends_in_the_same_state(idp: Any, inbox: Inbox, clock: Any, factor: str, device: str) -> None:
    matrix = Matrix(idp, inbox, clock, factor, device)
    ends = []
    for flow, kind, mode in product(FLOWS_OF_MATRIX, CLIENTS, MODES):
        clock.shift(30)
        matrix.client(kind, mode)
        claims = matrix.by_page() if flow == "page" else matrix.by_api(flow)
        ends.append(({name: claims[name] for name in SHOWN}, matrix.state()))
    assert len(ends) == 20
    assert all(end == ends[0] for end in ends)
