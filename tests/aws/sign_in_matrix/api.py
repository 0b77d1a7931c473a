"""A sign-in by boto3: start a flow, answer whatever is asked, until there are tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.utils import timezone

from tests.aws.mfa import code_now
from tests.aws.sign_in_matrix.world import ORIGIN, World, secret_hash
from tests.clients import boto
from tests.conftest import PASSWORD
from tests.security.walk.srp_client import SrpClient

CODES = {
    "SMS_MFA": "SMS_MFA_CODE",
    "EMAIL_OTP": "EMAIL_OTP_CODE",
    "SMS_OTP": "SMS_OTP_CODE",
    "SOFTWARE_TOKEN_MFA": "SOFTWARE_TOKEN_MFA_CODE",
}


@cache
def public() -> Any:
    """Return a client of nobody's."""
    return boto.client("cognito-idp")


@dataclass(frozen=True)
class Flow:
    """A way to start; ``preferred`` and ``choice`` are those of USER_AUTH, ``gives`` what is sent at once."""

    name: str
    admin: bool = False
    gives: str = ""
    preferred: str = ""
    choice: str = ""

    def __str__(self) -> str:
        parts = ("admin" if self.admin else "", self.name, self.preferred, self.gives, self.choice)
        return " ".join(part for part in parts if part)


PASSWORD_FLOWS = (
    Flow("USER_PASSWORD_AUTH", gives="PASSWORD"),
    Flow("USER_SRP_AUTH", gives="SRP_A"),
    Flow("USER_SRP_AUTH", admin=True, gives="SRP_A"),
    Flow("ADMIN_USER_PASSWORD_AUTH", admin=True, gives="PASSWORD"),
    Flow("ADMIN_NO_SRP_AUTH", admin=True, gives="PASSWORD"),
    Flow("USER_AUTH", gives="PASSWORD", preferred="PASSWORD"),
    Flow("USER_AUTH", preferred="PASSWORD"),
    Flow("USER_AUTH", choice="PASSWORD"),
    Flow("USER_AUTH", admin=True, choice="PASSWORD"),
    Flow("USER_AUTH", gives="SRP_A", preferred="PASSWORD_SRP"),
    Flow("USER_AUTH", choice="PASSWORD_SRP"),
)


@dataclass
class Api:
    """The sign-ins of one client."""

    world: World
    client: Any
    srp: SrpClient = field(default_factory=SrpClient)
    flow: Flow = PASSWORD_FLOWS[0]
    trail: list[str] = field(default_factory=list)

    @property
    def _idp(self) -> Any:
        return self.world.app.idp if self.flow.admin else public()

    def _at(self) -> dict[str, str]:
        pool = {"UserPoolId": self.world.app.pool_id} if self.flow.admin else {}
        return {"ClientId": self.client["ClientId"], **pool}

    def _given(self, **values: str) -> dict[str, str]:
        name, device = self.world.name, self.world.device
        key = {"DEVICE_KEY": device.key} if device else {}
        return {"USERNAME": name, **secret_hash(name, self.client), **key, **values}

    def sign_in(self, flow: Flow) -> Any:
        """Sign in; returns the tokens."""
        answer = self.start(flow)
        while "ChallengeName" in answer:
            self.trail.append(answer["ChallengeName"])
            answer = self.answer(answer)
        return answer["AuthenticationResult"]

    def start(self, flow: Flow) -> Any:
        """Start a flow."""
        self.flow, self.srp, self.trail = flow, SrpClient(), []
        given = {"PASSWORD": self.world.password, "SRP_A": self.srp.public}
        sent = {flow.gives: given[flow.gives]} if flow.gives else {}
        if flow.preferred:
            sent["PREFERRED_CHALLENGE"] = flow.preferred
        if flow.name == "CUSTOM_AUTH" and flow.gives:
            sent["CHALLENGE_NAME"] = "SRP_A"
        call = self._idp.admin_initiate_auth if flow.admin else self._idp.initiate_auth
        return call(**self._at(), AuthFlow=flow.name, AuthParameters=self._given(**sent))

    def answer(self, asked: Any) -> Any:
        """Answer a challenge."""
        if asked["ChallengeName"] == "MFA_SETUP":
            return self._set_up(asked)
        return self.respond(asked["ChallengeName"], asked.get("Session"), **self._right(asked))

    def respond(self, challenge: str, session: str | None, **answers: str) -> Any:
        """Send answers."""
        call = self._idp.admin_respond_to_auth_challenge if self.flow.admin else self._idp.respond_to_auth_challenge
        known = {"Session": session} if session else {}
        return call(**self._at(), ChallengeName=challenge, ChallengeResponses=self._given(**answers), **known)

    def _right(self, asked: Any) -> dict[str, str]:
        name, world = asked["ChallengeName"], self.world
        if name in CODES:
            return {CODES[name]: world.code(name)}
        if name in ("PASSWORD_VERIFIER", "DEVICE_PASSWORD_VERIFIER"):
            return self._proof(name, asked["ChallengeParameters"])
        if name == "WEB_AUTHN":
            assert world.passkey
            options = json.loads(asked["ChallengeParameters"]["CREDENTIAL_REQUEST_OPTIONS"])
            return {"CREDENTIAL": json.dumps(world.passkey.get(options, ORIGIN))}
        simple = {
            "SELECT_CHALLENGE": ("ANSWER", self.flow.choice),
            "PASSWORD": ("PASSWORD", world.password),
            "PASSWORD_SRP": ("SRP_A", self.srp.public),
            "DEVICE_SRP_AUTH": ("SRP_A", self.srp.public),
            "SELECT_MFA_TYPE": ("ANSWER", world.chosen),
            "NEW_PASSWORD_REQUIRED": ("NEW_PASSWORD", PASSWORD),
            "CUSTOM_CHALLENGE": ("ANSWER", "swordfish"),
        }
        member, value = simple[name]
        extra = {"SRP_A": self.srp.public} if value == "PASSWORD_SRP" else {}
        return {member: value, **extra}

    def _proof(self, name: str, asked: dict[str, str]) -> dict[str, str]:
        world = self.world
        if name == "PASSWORD_VERIFIER":
            scope, identity, secret = world.app.pool_id.split("_")[1], asked["USER_ID_FOR_SRP"], world.password
        else:
            assert world.device
            scope, identity, secret = world.device.group_key, world.device.key, world.device.secret
        return self.srp.proof(asked, scope=scope, identity=identity, secret=secret, now=timezone.now())

    def _set_up(self, asked: Any) -> Any:
        world, session = self.world, asked["Session"]
        assert world.chosen in json.loads(asked["ChallengeParameters"]["MFAS_CAN_SETUP"])
        if world.chosen == "EMAIL_OTP":
            return self.respond("MFA_SETUP", session, EMAIL=world.email)
        associated = self._idp.associate_software_token(Session=session)
        world.totp = associated["SecretCode"]
        verified = self._idp.verify_software_token(Session=associated["Session"], UserCode=code_now(world.totp))
        return self.respond("MFA_SETUP", verified["Session"])
