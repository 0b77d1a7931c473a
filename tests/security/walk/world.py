"""Three pools (no MFA and custom challenges, optional MFA and devices, required MFA and devices), clients, users."""

from __future__ import annotations

import base64
import hmac
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from cognito_app.core import totp
from tests.aws.mfa import DEVELOPER, SMS_CONFIGURATION, SMS_MFA
from tests.clients.devices import TRACKING
from tests.conftest import PASSWORD
from tests.security.walk.model import (
    CONFIRMED,
    EMAIL,
    RESET,
    SMS,
    TEMPORARY,
    TOTP,
    UNCONFIRMED,
    AppClient,
    Person,
    Pool,
)
from tests.triggers.lambdas import config

EVERY_FLOW = frozenset(
    {
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_ADMIN_USER_PASSWORD_AUTH",
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_USER_AUTH",
        "ALLOW_CUSTOM_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
    }
)
ONLY_SRP = frozenset({"ALLOW_USER_SRP_AUTH"})
SECOND_FACTORS = {
    "SmsMfaConfiguration": SMS_MFA,
    "SoftwareTokenMfaConfiguration": {"Enabled": True},
    "EmailMfaConfiguration": {},
}
FIRST = ("EMAIL_OTP", "SMS_OTP")
CUSTOM = ("DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse")


@dataclass
class World:
    """Where every walk begins; ``mail`` is the folder that messages land in."""

    pools: list[Pool]
    clients: list[AppClient]
    people: list[Person]
    mail: Path
    key: tuple[str, str]

    def fresh(self) -> list[Person]:
        """Return the users as they were built, for one walk."""
        return [replace(one, verified=set(one.verified), factors=set(one.factors), devices=[]) for one in self.people]

    def messages(self) -> list[tuple[str, str]]:
        """Return destination and code of what was sent since the last call, oldest first."""
        found = []
        for path in sorted(self.mail.glob("*.log")):
            text = path.read_text()
            to, code = re.search(r"^To: (.+)$", text, re.M), re.findall(r"code is (\d{6,8})", text)
            path.unlink()
            if to and code:
                found.append((to.group(1), code[-1]))
        return found


def build(idp: Any, mail: Path, key: tuple[str, str]) -> World:
    """Make pools, clients and users; about 35 users, so it takes some seconds."""
    plain = _pool(idp, "OFF", tracks=False, custom=True)
    optional = _pool(idp, "OPTIONAL", tracks=True)
    required = _pool(idp, "ON", tracks=True)
    pools = [plain, optional, required]
    clients = [client for pool in pools for client in _clients(idp, pool)]
    people = [person for number, pool in enumerate(pools) for person in _people(idp, pool, number)]
    world = World(pools=pools, clients=clients, people=people, mail=mail, key=key)
    world.messages()
    return world


def _pool(idp: Any, mode: str, *, tracks: bool, custom: bool = False) -> Pool:
    settings: dict[str, Any] = {"DeviceConfiguration": TRACKING} if tracks else {}
    if custom:
        settings["LambdaConfig"] = config(*CUSTOM)
    found = idp.create_user_pool(
        PoolName=f"walk {mode}",
        AutoVerifiedAttributes=["email"],
        EmailConfiguration=DEVELOPER,
        SmsConfiguration=SMS_CONFIGURATION,
        Policies={"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", *(FIRST if mode != "ON" else ())]}},
        **settings,
    )["UserPool"]
    if mode != "OFF":
        idp.set_user_pool_mfa_config(UserPoolId=found["Id"], MfaConfiguration=mode, **SECOND_FACTORS)
    factors = (SMS, TOTP, EMAIL) if mode != "OFF" else ()
    first = FIRST if mode != "ON" else ()
    return Pool(id=found["Id"], mode=mode, factors=factors, first=first, tracks=tracks, custom=custom)


def _clients(idp: Any, pool: Pool) -> list[AppClient]:
    def make(flows: frozenset[str], *, hides: bool, **given: Any) -> AppClient:
        made = idp.create_user_pool_client(
            UserPoolId=pool.id,
            ClientName="walk",
            ExplicitAuthFlows=sorted(flows),
            PreventUserExistenceErrors="ENABLED" if hides else "LEGACY",
            **given,
        )["UserPoolClient"]
        return AppClient(id=made["ClientId"], pool=pool, flows=flows, hides=hides, secret=made.get("ClientSecret"))

    every = EVERY_FLOW if pool.custom else EVERY_FLOW - {"ALLOW_CUSTOM_AUTH"}
    public = make(every, hides=False)
    confidential = make(every, hides=True, GenerateSecret=True)
    rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}
    rotating = make(
        ONLY_SRP | {"ALLOW_USER_PASSWORD_AUTH"}, hides=False, RefreshTokenRotation=rotation, RefreshTokenValidity=1,
        TokenValidityUnits={"RefreshToken": "hours"},
    )  # fmt: skip
    rotating.rotates, rotating.refresh_life = True, timedelta(hours=1)
    return [public, confidential, rotating]


KINDS: dict[str, dict[str, Any]] = {
    "ann": {"email": True},
    "bob": {"email": True, "phone": True},
    "tom": {"email": True, "totp": True},
    "sam": {"phone": True, "sms": True},
    "two": {"email": True, "phone": True, "totp": True, "sms": True},
    "pia": {"email": True, "phone": True, "totp": True, "sms": True, "preferred": TOTP},
    "eve": {},
    "new": {"email": True, "status": TEMPORARY},
    "res": {"email": True, "status": RESET},
    "off": {"email": True, "enabled": False},
    "raw": {"email": True, "status": UNCONFIRMED},
}


def _people(idp: Any, pool: Pool, number: int) -> list[Person]:
    return [_person(idp, pool, f"{name}{number}", f"{number}{at:02d}", **kind) for at, (name, kind) in
            enumerate(KINDS.items())]  # fmt: skip


def _person(
    idp: Any,
    pool: Pool,
    name: str,
    digits: str,
    *,
    email: bool = False,
    phone: bool = False,
    totp: bool = False,
    sms: bool = False,
    preferred: str | None = None,
    status: str = CONFIRMED,
    enabled: bool = True,
) -> Person:
    at = {"UserPoolId": pool.id, "Username": name}
    person = Person(pool=pool, name=name, sub="", password=PASSWORD, status=status, enabled=enabled)
    given = []
    if email:
        person.email = f"{name}@example.com"
        given += [{"Name": "email", "Value": person.email}, {"Name": "email_verified", "Value": "true"}]
        person.verified.add("email")
    if phone:
        person.phone = f"+1555000{digits}1"
        given += [{"Name": "phone_number", "Value": person.phone}, {"Name": "phone_number_verified", "Value": "true"}]
        person.verified.add("phone")
    if status == UNCONFIRMED:
        person.verified.clear()
        person.sub = _unconfirmed(idp, pool, name, given)
        return person
    made = idp.admin_create_user(**at, TemporaryPassword=PASSWORD, MessageAction="SUPPRESS", UserAttributes=given)
    person.sub = next(item["Value"] for item in made["User"]["Attributes"] if item["Name"] == "sub")
    if status != TEMPORARY:
        idp.admin_set_user_password(**at, Password=PASSWORD, Permanent=True)
    if pool.mode != "OFF" and (totp or sms):
        _second_factors(idp, person, at, totp=totp, sms=sms, preferred=preferred)
    if status == RESET:
        idp.admin_reset_user_password(**at)
    if not enabled:
        idp.admin_disable_user(**at)
    return person


def _unconfirmed(idp: Any, pool: Pool, name: str, given: list[dict[str, str]]) -> str:
    """Register somebody by a client that is there for that alone; returns the sub."""
    flows = ["ALLOW_USER_PASSWORD_AUTH"]
    client = idp.create_user_pool_client(UserPoolId=pool.id, ClientName="sign-up", ExplicitAuthFlows=flows)
    plain = [item for item in given if not item["Name"].endswith("_verified")]
    known = {"ClientId": client["UserPoolClient"]["ClientId"], "Username": name, "Password": PASSWORD}
    return str(idp.sign_up(**known, UserAttributes=plain)["UserSub"])


def _second_factors(
    idp: Any, person: Person, at: dict[str, str], *, totp: bool, sms: bool, preferred: str | None
) -> None:
    """Register and turn on; an authenticator app by the access token of a first sign-in."""
    chosen: dict[str, Any] = {}
    if totp:
        _register(idp, person)
        chosen["SoftwareTokenMfaSettings"] = {"Enabled": True, "PreferredMfa": preferred == TOTP}
        person.factors.add(TOTP)
    if sms:
        chosen["SMSMfaSettings"] = {"Enabled": True, "PreferredMfa": preferred == SMS}
        person.factors.add(SMS)
    person.preferred = preferred
    idp.admin_set_user_mfa_preference(**at, **chosen)


def _register(idp: Any, person: Person) -> None:
    """Where MFA is required nobody has an access token yet: it is optional for that moment."""
    pool = person.pool
    if pool.mode == "ON":
        idp.set_user_pool_mfa_config(UserPoolId=pool.id, MfaConfiguration="OPTIONAL", **SECOND_FACTORS)
    client = idp.create_user_pool_client(
        UserPoolId=pool.id, ClientName="setup", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    token = idp.initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": person.name, "PASSWORD": PASSWORD},
    )["AuthenticationResult"]["AccessToken"]
    person.totp = str(idp.associate_software_token(AccessToken=token)["SecretCode"])
    person.totp_step = step_now()
    idp.verify_software_token(AccessToken=token, UserCode=app_code(person.totp))
    idp.delete_user_pool_client(UserPoolId=pool.id, ClientId=client)
    if pool.mode == "ON":
        idp.set_user_pool_mfa_config(UserPoolId=pool.id, MfaConfiguration="ON", **SECOND_FACTORS)


def secret_hash(secret: str, name: str, client_id: str) -> str:
    """Return SECRET_HASH (spec/user-pools.md 4.3)."""
    return base64.b64encode(hmac.digest(secret.encode(), (name + client_id).encode(), "sha256")).decode()


def step_now() -> int:
    """Return the time step of authenticator apps."""
    return totp.step_at(timezone.now())


def app_code(secret: str) -> str:
    """Return what an authenticator app shows."""
    return totp.code_at(totp.from_text(secret), step_now())
