"""Steps beside the challenges: sign-up, reset, tokens, devices, authenticator apps, the administrator, time."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.security.walk.ground import Ground
from tests.security.walk.model import (
    CONFIRMED,
    EMAIL,
    NOTHING,
    RESET,
    SESSION_LIFE,
    SETUP,
    SMS,
    TEMPORARY,
    TOKENS,
    TOTP,
    UNCONFIRMED,
    AppClient,
    Device,
    Expected,
    Grant,
    Life,
    Person,
    Session,
    may_go_on,
    second_factor,
)
from tests.security.walk.srp_client import device_verifier
from tests.security.walk.starts import INDEX
from tests.security.walk.world import app_code, secret_hash, step_now

WAITS = (1, 31, 100, 181, 1000, 4000)
SETTINGS = {SMS: "SMSMfaSettings", TOTP: "SoftwareTokenMfaSettings", EMAIL: "EmailMfaSettings"}
ADMIN_CHANGES = ("disable", "enable", "enable", "password", "temporary", "reset", "confirm", "no app", "prefer")
DONE = "done"


class Accounts(Ground):
    """Everything that changes who may sign in."""

    def _hash(self, client: AppClient, name: str) -> dict[str, str]:
        return {"SecretHash": secret_hash(client.secret, name, client.id)} if client.secret else {}

    @rule(client=INDEX, taken=st.booleans())
    def sign_up(self, client: int, taken: bool) -> None:
        """Register somebody new, or under a name that is taken."""
        app, self.serial = self.client_at(client), self.serial + 1
        name = self.person_at(client, app).name if taken else f"joe{self.serial}"
        password, email = self.new_password(), f"joe{self.serial}@example.com"
        given = [{"Name": "email", "Value": email}]
        body = {"ClientId": app.id, "Username": name, "Password": password, "UserAttributes": given}
        answer = self.call("SignUp", {**body, **self._hash(app, name)})
        if self.judge(NOTHING if taken else Expected(DONE, must=True), answer, taken):
            assert answer.body["UserConfirmed"] is False
            sub = answer.body["UserSub"]
            person = Person(app.pool, name, sub, password, status=UNCONFIRMED, email=email)
            person.confirmation = answer.mail[-1][1]
            self.people.append(person)
            assert ("Session" in answer.body) == ("ALLOW_USER_AUTH" in app.flows)
            if "Session" in answer.body:
                self._pass(answer.body["Session"], "SIGNED_UP", app, person)

    def _pass(self, text: str, kind: str, client: AppClient, person: Person) -> None:
        self.passes.append(Session(text, kind, client, person, self.now, {}, generation=person.generation))

    @rule(which=INDEX, client=INDEX, twist=st.sampled_from(("", "", "", "wrong", "no session", "old session", "other")))
    def confirm_sign_up(self, which: int, client: int, twist: str) -> None:
        """Confirm by the code, with the session of SignUp."""
        waiting = [one for one in self.people if one.confirmation]
        if not waiting:
            return
        person = waiting[-1 - which % len(waiting)]
        own = [one for one in self.passes if one.person is person and one.challenge == "SIGNED_UP"]
        others = [c for c in self.world.clients if (c.pool is person.pool) == (twist != "other")]
        app = own[-1].client if own and twist != "other" else others[client % len(others)]
        session = own[-1] if own and twist != "no session" else None
        if twist == "old session" and self.passes:
            session = self.passes[which % len(self.passes)]
        code = "000000" if twist == "wrong" and person.confirmation != "000000" else person.confirmation
        body = {"ClientId": app.id, "Username": person.name, "ConfirmationCode": code, **self._hash(app, person.name)}
        if session:
            body["Session"] = session.text
        # One that took too long is as good as none.
        expired = session is not None and self.now >= session.born + SESSION_LIFE
        fits = session is None or (session.challenge == "SIGNED_UP" and (session.client is app or expired))
        right = app.pool is person.pool and person.status == UNCONFIRMED and code == person.confirmation and fits
        sure = right and person.guesses < 5
        answer = self.call("ConfirmSignUp", body)
        if not self.judge(Expected(DONE if right else None, sure), answer, twist, person):
            person.guesses += 1
            return
        person.status = CONFIRMED
        person.verified.add("email")
        # The code is the proof: no session of SignUp is needed, but that of somebody else brings none.
        foreign = session is not None and session.is_open(self.now) and session.person is not person
        assert ("Session" in answer.body) == ("ALLOW_USER_AUTH" in app.flows and not foreign)
        if "Session" in answer.body:
            self._pass(answer.body["Session"], "CONFIRMED", app, person)

    @rule(who=INDEX, client=INDEX)
    def forgot(self, who: int, client: int) -> None:
        """Ask for a reset code."""
        app = self.client_at(client)
        person = self.person_at(who, app)
        body = {"ClientId": app.id, "Username": person.name, **self._hash(app, person.name)}
        answer = self.call("ForgotPassword", body)
        sends = person.enabled and person.status in (CONFIRMED, RESET) and bool(person.verified)
        self.judge(Expected(DONE if sends or app.hides else None), answer, person)
        assert bool(answer.mail) == (sends and not answer.failed)
        if answer.mail:
            person.reset_code, person.reset_at = answer.mail[-1][1], self.now

    @rule(who=INDEX, client=INDEX, twist=st.sampled_from(("", "", "wrong", "weak", "other", "empty")))
    def confirm_forgot(self, who: int, client: int, twist: str) -> None:
        """Set a new password by a reset code."""
        asked = [one for one in self.people if one.reset_code]
        if not asked:
            return
        person = asked[who % len(asked)]
        apps = [c for c in self.world.clients if (c.pool is person.pool) == (twist != "other")]
        app, password = apps[client % len(apps)], self.new_password()
        code = {"wrong": "0", "empty": ""}.get(twist, person.reset_code)
        body = {"ClientId": app.id, "Username": person.name, "ConfirmationCode": code, **self._hash(app, person.name)}
        answer = self.call("ConfirmForgotPassword", {**body, "Password": "short" if twist == "weak" else password})
        able = twist == "" and person.enabled and person.status in (CONFIRMED, RESET)
        fresh = person.reset_at is not None and self.now - person.reset_at < timedelta(hours=1)
        expected = Expected(DONE if able and fresh else None, able and fresh and person.guesses < 5)
        if self.judge(expected, answer, person, twist):
            self.set_password(person, password)
            person.reset_code = None
        else:
            person.guesses += 1

    def _grant(self, which: int) -> Grant | None:
        return self.grants[-1 - which % len(self.grants)] if self.grants else None

    @rule(
        which=INDEX, client=INDEX, twist=st.sampled_from(("", "", "", "other client", "no device", "flow", "altered"))
    )
    def refresh(self, which: int, client: int, twist: str) -> None:
        """Renew tokens."""
        grant = self._grant(which)
        if grant is None:
            return
        app = self.client_at(client) if twist == "other client" else grant.client
        key = None if twist == "no device" else grant.device
        text = grant.refresh[:-3] + "AAA" if twist == "altered" else grant.refresh
        bound = grant.person.pool.tracks and grant.person.has_device(grant.device)
        right = app is grant.client and text == grant.refresh and (key is not None or not bound)
        alive = grant.renewable and grant.person.enabled and self.now < grant.issued + app.refresh_life
        if twist == "flow":
            right = right and not app.rotates and "ALLOW_REFRESH_TOKEN_AUTH" in app.flows
            given = self.params(app, grant.person.name, REFRESH_TOKEN=text, DEVICE_KEY=key)
            body: dict[str, Any] = {"ClientId": app.id, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": given}
            answer = self.call("InitiateAuth", body)
        else:
            body = {"ClientId": app.id, "RefreshToken": text, "ClientSecret": app.secret, "DeviceKey": key}
            answer = self.call("GetTokensFromRefreshToken", {k: v for k, v in body.items() if v})
        if self.judge(Expected(TOKENS if right and alive else None, right and alive), answer, grant, twist):
            found = answer.body["AuthenticationResult"]
            type(self).tally.renewals += 1
            assert ("RefreshToken" in found) == app.rotates
            grant.access = found["AccessToken"]
            self._rotated(grant, found.get("RefreshToken"))

    def _rotated(self, grant: Grant, successor: str | None) -> None:
        """The old refresh token is tried again at once: that ends the whole family."""
        if successor is None:
            return
        old, grant.refresh = grant.refresh, successor
        if self.serial % 4 == 0:
            body = {"ClientId": grant.client.id, "RefreshToken": old, "DeviceKey": grant.device}
            answer = self.call("GetTokensFromRefreshToken", {k: v for k, v in body.items() if v})
            assert answer.kind == "!RefreshTokenReuseException", answer
            grant.renewable = grant.accessible = False
        self.serial += 1

    @rule(which=INDEX, client=INDEX, own=st.booleans())
    def revoke(self, which: int, client: int, own: bool) -> None:
        """Revoke a refresh token."""
        grant = self._grant(which)
        if grant is None:
            return
        app = grant.client if own else self.client_at(client)
        body = {"Token": grant.refresh, "ClientId": app.id, **({"ClientSecret": app.secret} if app.secret else {})}
        answer = self.call("RevokeToken", body)
        if self.judge(Expected(DONE if app is grant.client else None, app is grant.client), answer, grant):
            grant.renewable = grant.accessible = False

    @rule(which=INDEX)
    def use(self, which: int) -> None:
        """Use an access token."""
        grant = self._grant(which)
        if grant is not None:
            able = grant.accessible and grant.person.enabled
            sure = able and grant.person.status == CONFIRMED and self.now < grant.issued + timedelta(minutes=59)
            answer = self.call("GetUser", {"AccessToken": grant.access})
            if self.judge(Expected(DONE if able else None, sure), answer, grant):
                assert answer.body["Username"] == grant.person.name

    @rule(which=INDEX, admin=st.booleans())
    def sign_out(self, which: int, admin: bool) -> None:
        """Sign a user out everywhere."""
        grant = self._grant(which)
        if grant is None:
            return
        person = grant.person
        self.clock.shift(2)
        if admin:
            answer = self.call("AdminUserGlobalSignOut", {"UserPoolId": person.pool.id, "Username": person.name})
            expected = Expected(DONE, must=True)
        else:
            answer = self.call("GlobalSignOut", {"AccessToken": grant.access})
            expected = Expected(DONE if grant.accessible and person.enabled else None)
        self.clock.shift(2)
        if self.judge(expected, answer, grant):
            self.end_grants(person, access=True)

    @rule(who=INDEX, what=st.sampled_from(ADMIN_CHANGES), choice=INDEX)
    def administer(self, who: int, what: str, choice: int) -> None:
        """Let an administrator change a user."""
        person = self.people[who % len(self.people)]
        at: dict[str, Any] = {"UserPoolId": person.pool.id, "Username": person.name}
        if what == "prefer":
            self._prefer(person, at, choice)
            return
        operation = {
            "disable": "AdminDisableUser",
            "enable": "AdminEnableUser",
            "reset": "AdminResetUserPassword",
            "confirm": "AdminConfirmSignUp",
            "no app": "AdminDeleteSoftwareToken",
        }.get(what, "AdminSetUserPassword")
        if operation == "AdminSetUserPassword":
            at.update(Password=self.new_password(), Permanent=what == "password")
        self.clock.shift(2)
        answer = self.call(operation, at)
        self.clock.shift(2)
        if not answer.failed:
            self._administered(person, what, at, answer.mail)

    def _administered(self, person: Person, what: str, at: dict[str, Any], mail: list[tuple[str, str]]) -> None:
        if what in ("disable", "enable"):
            person.enabled = what == "enable"
            if what == "disable":
                self.end_grants(person, access=True)
        elif what == "reset":
            assert person.enabled
            assert person.status in (CONFIRMED, RESET)
            person.status = RESET
            person.reset_code, person.reset_at = mail[-1][1], self.now
            self.end_grants(person, access=False)
        elif what == "confirm":
            assert person.status == UNCONFIRMED
            person.status = CONFIRMED
        elif what == "no app":
            person.totp = None
            person.factors.discard(TOTP)
            person.preferred = None if person.preferred == TOTP else person.preferred
        else:
            self.set_password(person, at["Password"], CONFIRMED if what == "password" else TEMPORARY)

    def _prefer(self, person: Person, at: dict[str, Any], choice: int) -> None:
        wanted = {factor for bit, factor in enumerate((SMS, TOTP, EMAIL)) if choice >> bit & 1}
        preferred = sorted(wanted)[0] if wanted and choice & 8 else None
        given = {
            member: {"Enabled": factor in wanted, "PreferredMfa": factor == preferred}
            for factor, member in SETTINGS.items()
        }
        if not self.call("AdminSetUserMFAPreference", {**at, **given}).failed:
            person.factors, person.preferred = wanted, preferred

    @rule(which=INDEX)
    def confirm_device(self, which: int) -> None:
        """Confirm the device of a sign-in, which remembers it."""
        grant = self._grant(which)
        if grant is None or not grant.group or not grant.device or grant.person.has_device(grant.device):
            return
        secret = secrets.token_hex(20)
        given = {"DeviceKey": grant.device, "DeviceName": "walk", "AccessToken": grant.access}
        config = device_verifier(grant.group, grant.device, secret)
        answer = self.call("ConfirmDevice", {**given, "DeviceSecretVerifierConfig": config})
        if self.judge(Expected(DONE if grant.accessible and grant.person.enabled else None), answer, grant):
            grant.person.devices.append(Device(grant.device, grant.group, secret))

    @rule(who=INDEX, which=INDEX)
    def forget_device(self, who: int, which: int) -> None:
        """Forget a device: its tokens cannot be renewed."""
        known = [(person, device) for person in self.people for device in person.devices]
        if not known:
            return
        person, device = known[which % len(known)]
        body = {"UserPoolId": person.pool.id, "Username": person.name, "DeviceKey": device.key}
        if self.judge(Expected(DONE, must=True), self.call("AdminForgetDevice", body)):
            person.devices.remove(device)
            for grant in self.grants:
                if grant.device == device.key:
                    grant.renewable = False

    @rule(which=st.one_of(st.just(0), INDEX), twist=st.sampled_from(("", "", "", "wrong code", "other session")))
    def set_up_app(self, which: int, twist: str) -> None:
        """Register an authenticator app by the session of MFA_SETUP (or another one)."""
        kinds = [one for one in self.sessions if (one.challenge == SETUP) == (twist != "other session") and one.text]
        if not kinds:
            return
        session = kinds[-1 - which % len(kinds)]
        able = self._may_set_up(session)
        sure = able and session.is_surely_open(self.now)
        answer = self.call("AssociateSoftwareToken", {"Session": session.text})
        if not self.judge(Expected(DONE if able else None, sure), answer, session):
            return
        assert session.person is not None
        secret = str(answer.body["SecretCode"])
        code = app_code(secret)
        if twist == "wrong code":
            code = f"{(int(code) + 1) % 1_000_000:06d}"
        answer = self.call("VerifySoftwareToken", {"Session": answer.body["Session"], "UserCode": code})
        if self.judge(Expected(None if twist else DONE, sure and not twist), answer, session):
            session.person.totp, session.person.totp_step = secret, step_now()
            session.person.factors.add(TOTP)
            self.sessions.append(
                Session(
                    answer.body["Session"],
                    SETUP,
                    session.client,
                    session.person,
                    self.now,
                    session.parameters,
                    generation=session.generation,
                    verified=True,
                    device=session.device,
                    first_name=session.first_name,
                )
            )

    def _may_set_up(self, session: Session) -> bool:
        due = session.challenge == SETUP and session.person is not None and second_factor(session.person) == SETUP
        return due and may_go_on(session) and session.is_open(self.now)

    @rule(seconds=st.sampled_from(WAITS))
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.clock.shift(seconds)
        if seconds > 900:
            for person in self.people:
                person.failures = 0
        for session in self.sessions:
            if not session.is_open(self.now):
                session.root.life = Life.DEAD if session.root is session else session.root.life
