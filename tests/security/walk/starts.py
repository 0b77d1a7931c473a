"""Steps that start a sign-in, in every flow and with every mistake."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.security.walk.ground import Ground
from tests.security.walk.model import (
    ANY_CHALLENGE,
    CONFIRMED,
    NOTHING,
    TEMPORARY,
    AppClient,
    Expected,
    Life,
    Person,
    after_first_factor,
    after_password,
    first_factors,
)
from tests.security.walk.srp_client import SrpClient

INDEX = st.integers(0, 60)
FLOWS = ("USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "USER_SRP_AUTH", "USER_AUTH", "CUSTOM_AUTH")
PERMISSION = {flow: f"ALLOW_{flow}" for flow in FLOWS}
PREFERRED = (None, "PASSWORD", "PASSWORD_SRP", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN")
TWISTS = (
    "wrong",
    "no name",
    "empty name",
    "no password",
    "empty password",
    "unknown name",
    "user of another pool",
    "wrong hash",
    "another pool",
    "unknown device",
    "the other call",
)
NO_DEVICE = "us-east-1_0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"


class Starts(Ground):
    """InitiateAuth and AdminInitiateAuth."""

    @rule(who=INDEX, client=INDEX, flow=st.sampled_from(FLOWS), preferred=st.sampled_from(PREFERRED), device=INDEX)
    def start(self, who: int, client: int, flow: str, preferred: str | None, device: int) -> None:
        """Start as an app does."""
        self._start(who, client, flow, preferred, device, "")

    @rule(
        who=INDEX,
        client=INDEX,
        flow=st.sampled_from(FLOWS),
        preferred=st.sampled_from(PREFERRED),
        device=INDEX,
        twist=st.sampled_from(TWISTS),
    )
    def start_oddly(self, who: int, client: int, flow: str, preferred: str | None, device: int, twist: str) -> None:
        """Start with a mistake."""
        self._start(who, client, flow, preferred, device, twist)

    def _start(self, who: int, at: int, flow: str, preferred: str | None, device: int, twist: str) -> None:
        client = self.client_at(at)
        person: Person | None = self.person_at(who, client)
        assert person is not None
        name, password, srp = person.name, person.password, SrpClient()
        if twist == "unknown name":
            name, person = "nobody", None
        elif twist == "user of another pool":
            name, person = next(one.name for one in self.people if one.pool is not client.pool), None
        elif twist in ("no name", "empty name"):
            name = ""
        if twist == "wrong":
            password = "Wrong-Horse-9!"
        key = self._device_of(person, device) if twist != "unknown device" else NO_DEVICE
        given = self.params(client, name, DEVICE_KEY=key, **self._credentials(flow, preferred, password, srp))
        self._spoil_start(given, client, twist)
        admin = flow.startswith("ADMIN") != (twist == "the other call")
        body: dict[str, Any] = {"AuthFlow": flow, "ClientId": client.id, "AuthParameters": given}
        if admin:
            pools = [pool for pool in self.world.pools if pool is not client.pool]
            body["UserPoolId"] = (pools[0] if twist == "another pool" else client.pool).id
        expected = self._expect_start(client, person, flow, given, key, twist, admin)
        answer = self.call("AdminInitiateAuth" if admin else "InitiateAuth", body)
        if person is not None and (twist or answer.failed):
            person.failures += 1
        if not self.judge(expected, answer, flow, twist, person, client.hides):
            return
        offered = answer.body.get("AvailableChallenges")
        if offered is not None and person is not None:
            assert set(offered) == set(first_factors(person)), (offered, person)
        chosen = flow == "USER_AUTH" and answer.kind in ("SELECT_CHALLENGE", *PREFERRED, "PASSWORD_VERIFIER")
        is_choice = chosen and not ("PASSWORD" in given and preferred == "PASSWORD")
        facts = {"device": key if person and person.has_device(key) else None, "srp": srp, "is_choice": is_choice}
        self.note(answer, client, person, custom=flow == "CUSTOM_AUTH", first_name=name, **facts)

    @staticmethod
    def _device_of(person: Person | None, index: int) -> str | None:
        devices = person.devices if person else []
        return devices[index % len(devices)].key if devices and index % 3 else None

    @staticmethod
    def _credentials(flow: str, preferred: str | None, password: str, srp: SrpClient) -> dict[str, str | None]:
        if flow.endswith("PASSWORD_AUTH"):
            return {"PASSWORD": password}
        if flow == "USER_SRP_AUTH":
            return {"SRP_A": srp.public}
        if flow == "CUSTOM_AUTH":
            return {}
        given = {"PASSWORD": {"PASSWORD": password}, "PASSWORD_SRP": {"SRP_A": srp.public}}
        return {"PREFERRED_CHALLENGE": preferred, **given.get(preferred or "", {})}

    @staticmethod
    def _spoil_start(given: dict[str, str], client: AppClient, twist: str) -> None:
        if twist == "no name":
            del given["USERNAME"]
        if twist == "no password":
            given.pop("PASSWORD", None)
            given.pop("SRP_A", None)
        if twist == "empty password":
            given.update({name: "" for name in ("PASSWORD", "SRP_A") if name in given})
        if twist == "wrong hash" and client.secret:
            given["SECRET_HASH"] = given["SECRET_HASH"][::-1]

    def _expect_start(
        self,
        client: AppClient,
        person: Person | None,
        flow: str,
        given: dict[str, str],
        key: str | None,
        twist: str,
        admin: bool,
    ) -> Expected:
        illegal = flow == "USER_PASSWORD_AUTH" if admin else flow.startswith("ADMIN")
        if illegal or PERMISSION[flow] not in client.flows or not given.get("USERNAME"):
            return NOTHING
        if (twist == "wrong hash" and client.secret) or (twist == "another pool" and admin):
            return NOTHING
        if person is None and not client.hides:
            return NOTHING
        if person is not None and not person.enabled and not client.hides:
            return NOTHING
        unknown = key is not None and client.pool.tracks and not (person and person.has_device(key))
        sure = person is not None and person.enabled and not person.may_be_locked and not unknown
        if flow == "USER_SRP_AUTH":
            return Expected("PASSWORD_VERIFIER", sure) if given.get("SRP_A") else NOTHING
        if flow == "CUSTOM_AUTH":
            able = person is None or client.hides or person.status in (CONFIRMED, TEMPORARY)
            return Expected("CUSTOM_CHALLENGE", sure) if able else NOTHING
        if flow == "USER_AUTH":
            return self._expect_choice(person, given, twist, sure, unknown, key)
        if not given.get("PASSWORD") or twist == "wrong" or person is None or unknown:
            return NOTHING
        follows = after_password(person, key)
        return Expected(follows, sure and follows is not None)

    @staticmethod
    def _expect_choice(
        person: Person | None, given: dict[str, str], twist: str, sure: bool, unknown: bool, key: str | None
    ) -> Expected:
        preferred = given.get("PREFERRED_CHALLENGE", "")
        if person is None:
            # What nobody is offered is made up.
            return Expected(ANY_CHALLENGE)
        if preferred not in first_factors(person):
            return Expected("SELECT_CHALLENGE", sure)
        if preferred == "PASSWORD" and given.get("PASSWORD"):
            if twist == "wrong" or unknown:
                return NOTHING
            follows = after_password(person, key)
            return Expected(follows, sure and follows is not None)
        if preferred == "PASSWORD_SRP" and given.get("SRP_A"):
            return Expected("PASSWORD_VERIFIER", sure)
        return Expected(preferred, sure)

    @rule(which=INDEX, client=INDEX, twist=st.sampled_from(("", "", "", "other client", "other name", "altered")))
    def finish_sign_up(self, which: int, client: int, twist: str) -> None:
        """Sign in by the session of SignUp or ConfirmSignUp."""
        if not self.passes:
            return
        found = self.passes[-1 - which % len(self.passes)]
        person = found.person
        assert person is not None
        assert found.text is not None
        chosen = self.client_at(client) if twist == "other client" else found.client
        name = self.person_at(client, chosen).name if twist == "other name" else person.name
        text = found.text[:60] + ("A" if found.text[60] != "A" else "B") + found.text[61:]
        body = {
            "AuthFlow": "USER_AUTH",
            "ClientId": chosen.id,
            "AuthParameters": self.params(chosen, name),
            "Session": text if twist == "altered" else found.text,
        }
        expected, signs_in = NOTHING, False
        right = twist != "altered" and chosen is found.client and name == person.name
        standing = person.enabled and person.status == CONFIRMED and person.generation == found.generation
        if right and found.challenge == "CONFIRMED" and found.is_open(self.now) and standing:
            signs_in = "EMAIL_OTP" in first_factors(person)
            follows = after_first_factor(person, None) if signs_in else "SELECT_CHALLENGE"
            expected = Expected(follows, found.life is Life.ALIVE)
        answer = self.call("InitiateAuth", body)
        if self.judge(expected, answer, found, twist):
            found.life = Life.DEAD if signs_in else found.life
            self.note(answer, chosen, person, is_choice=not signs_in, first_name=name)
