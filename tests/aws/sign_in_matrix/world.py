"""The pool, the user and what the user has at hand: password, codes, authenticator app, passkey, device."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field
from typing import Any

from tests.aws.choice import EVERY, create, policies
from tests.aws.mfa import (
    DEVELOPER,
    PHONE,
    SMS_CONFIGURATION,
    SMS_MFA,
    TOTP_ON,
    code_now,
    configure,
    register_totp,
    turn_on,
)
from tests.clients import boto
from tests.clients.authenticator import Authenticator
from tests.clients.devices import TRACKING, KeptDevice, confirm
from tests.conftest import FLOWS, PASSWORD, App, Inbox, make_app
from tests.oauth.browser import Site
from tests.triggers.lambdas import config
from tests.triggers.test_custom_auth import TRIGGERS

ORIGIN = "http://localhost:8000"
TEMPORARY = "Temporary-9!"
WITHOUT_CHOICE = [*FLOWS, "ALLOW_CUSTOM_AUTH"]
WITH_CHOICE = [*WITHOUT_CHOICE, "ALLOW_USER_AUTH"]
KINDS = ("public", "confidential")
MODES = ("LEGACY", "ENABLED")
CLIENTS = [(kind, mode) for kind in KINDS for mode in MODES]
SECOND = {"sms": "SMS_MFA", "email": "EMAIL_OTP", "totp": "SOFTWARE_TOKEN_MFA"}
METHOD = {"sms": "sms", "email": "email_otp", "totp": "otp"}


@dataclass
class World:
    """What a sign-in needs to know; ``device`` is sent along by the API where there is one."""

    app: App
    clock: Any
    chosen: str = ""
    name: str = "ann"
    password: str = PASSWORD
    totp: str = ""
    device: KeptDevice | None = None
    passkey: Authenticator | None = None
    sites: dict[tuple[str, str, bool], Site] = field(default_factory=dict)
    serial: int = 0

    def site(self, kind: str, mode: str, *, choice: bool) -> Site:
        """Return a site whose client is of this kind, made at its first use; its browser knows nothing."""
        if (kind, mode, choice) not in self.sites:
            secret = {"GenerateSecret": True} if kind == "confidential" else {}
            flows = WITH_CHOICE if choice else WITHOUT_CHOICE
            made = Site(self.app, ExplicitAuthFlows=flows, PreventUserExistenceErrors=mode, **secret)
            self.sites[kind, mode, choice] = made
        found = self.sites[kind, mode, choice]
        found.browser = boto.web_client(HTTP_HOST="localhost:8000")
        return found

    @property
    def email(self) -> str:
        """The user's address."""
        return f"{self.name}@example.com"

    def code(self, challenge: str) -> str:
        """Return the code that a challenge asks for."""
        if challenge == "SOFTWARE_TOKEN_MFA":
            return code_now(self.totp)
        return self.app.inbox.code(PHONE if challenge.startswith("SMS") else self.email)

    def next_user(self, *, temporary: bool, contacts: bool = True) -> None:
        """Somebody new signs in from now on, who has no second factor turned on."""
        self.serial += 1
        self.name, self.password, self.totp = f"user{self.serial}", PASSWORD, ""
        given = {"phone_number": PHONE, "phone_number_verified": "true"}
        nothing = {"email": "", "email_verified": ""}
        create(self.app, self.name, password=None if temporary else PASSWORD, **(given if contacts else nothing))
        if temporary:
            at = {"UserPoolId": self.app.pool_id, "Username": self.name}
            self.app.idp.admin_set_user_password(**at, Password=TEMPORARY, Permanent=False)
            self.password = TEMPORARY


def make(
    idp: Any, inbox: Inbox, clock: Any, *, mode: str = "OPTIONAL", seconds: tuple[str, ...] = (), passkeys: str = ""
) -> World:
    """Make a pool of every first factor and these second ones; ann has a password and both contacts.

    ``passkeys`` is FactorConfiguration.
    """
    app = make_app(
        idp,
        inbox,
        SmsConfiguration=SMS_CONFIGURATION,
        EmailConfiguration=DEVELOPER,
        LambdaConfig=config(*TRIGGERS),
        **policies(*(EVERY if mode != "ON" else ("PASSWORD",))),
    )
    every: dict[str, dict[str, Any]] = {
        "sms": {"SmsMfaConfiguration": SMS_MFA},
        "email": {"EmailMfaConfiguration": {}},
        "totp": {"SoftwareTokenMfaConfiguration": TOTP_ON},
    }
    offered: dict[str, Any] = {}
    for name in seconds or tuple(every):
        offered |= every[name]
    party = {"RelyingPartyId": "localhost", "UserVerification": "required" if passkeys else "preferred"}
    party |= {"FactorConfiguration": passkeys} if passkeys else {}
    configure(app, MfaConfiguration=mode, **offered, **({"WebAuthnConfiguration": party} if mode != "ON" else {}))
    create(app, phone_number=PHONE, phone_number_verified="true")
    return World(app, clock)


def track(world: World) -> None:
    """The pool tracks devices from now on."""
    settings = world.app.idp.describe_user_pool(UserPoolId=world.app.pool_id)["UserPool"]
    kept = ("Policies", "LambdaConfig", "SmsConfiguration", "EmailConfiguration", "MfaConfiguration")
    given = {name: settings[name] for name in kept if name in settings}
    world.app.idp.update_user_pool(UserPoolId=world.app.pool_id, **given, DeviceConfiguration=TRACKING)


def give_device(world: World) -> None:
    """The pool tracks devices; ann's API client has a remembered one."""
    track(world)
    world.device = confirm(world.app, world.app.sign_in())


def give_factors(world: World, *factors: str) -> None:
    """Ann turns second factors on; where there are several she will choose the first."""
    if "totp" in factors:
        world.totp = register_totp(world.app, world.app.sign_in()["AccessToken"])
    if factors:
        turn_on(world.app, *factors)
        world.chosen = SECOND[factors[0]]


def give_passkey(world: World) -> None:
    """Ann registers a passkey."""
    token = world.app.sign_in()["AccessToken"]
    options = world.app.idp.start_web_authn_registration(AccessToken=token)["CredentialCreationOptions"]
    world.passkey = Authenticator()
    world.app.idp.complete_web_authn_registration(AccessToken=token, Credential=world.passkey.create(options, ORIGIN))


def secret_hash(name: str, client: Any) -> dict[str, str]:
    """Return SECRET_HASH where the client has a secret."""
    if "ClientSecret" not in client:
        return {}
    text = (name + client["ClientId"]).encode()
    return {"SECRET_HASH": base64.b64encode(hmac.digest(client["ClientSecret"].encode(), text, "sha256")).decode()}
