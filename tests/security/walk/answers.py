"""Steps that answer a challenge: right, wrong, skipped, repeated, swapped, altered."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.security.walk.ground import Answer, Ground
from tests.security.walk.model import (
    CODE_MEMBER,
    CONFIRMED,
    CONTACT_OF,
    DEVICE,
    EMAIL,
    MAX_CUSTOM_FAILURES,
    NOTHING,
    SETUP,
    TEMPORARY,
    TOKENS,
    TOTP,
    UNCONFIRMED,
    Expected,
    Life,
    Person,
    Session,
    after_first_factor,
    after_password,
    first_factors,
    may_go_on,
    second_factor,
    usable,
)
from tests.security.walk.srp_client import SrpClient
from tests.security.walk.starts import INDEX
from tests.security.walk.twists import BLOCKS, CHOICES, EVERY, MAIN, SPENT_BY_A_TRY, TWISTS, WRONG
from tests.security.walk.world import app_code, step_now


class Answers(Ground):
    """RespondToAuthChallenge and AdminRespondToAuthChallenge."""

    @rule(option=INDEX)
    def answer_next(self, option: int) -> None:
        """Answer the last challenge."""
        self._answer(0, option, "")

    @rule(which=INDEX, option=INDEX)
    def answer_any(self, which: int, option: int) -> None:
        """Answer a challenge, which may be an old one."""
        self._answer(which, option, "")

    @rule(which=st.one_of(st.just(0), INDEX), option=INDEX, twist=st.sampled_from(TWISTS))
    def answer_oddly(self, which: int, option: int, twist: str) -> None:
        """Answer with a mistake."""
        self._answer(which, option, twist)

    def _answer(self, which: int, option: int, twist: str) -> None:
        if not self.sessions:
            return
        session = self.sessions[-1 - which % len(self.sessions)]
        challenge, answers, expected = self._right(session, option)
        client, text, name, stays = session.client, session.text, session.first_name, True
        if session.person is not None:
            name = (session.person.name, session.person.sub)[option % 2]
        main = MAIN[challenge]
        if twist == "wrong":
            expected = self._spoil(session, challenge, answers, main)
        elif twist in ("empty", "missing"):
            stays = self._leave_out(answers, main, keep=twist == "empty")
            expected = expected if stays else NOTHING
        elif twist == "other name":
            other = self.person_at(option, client)
            name = other.name
            expected = expected if other is session.person else NOTHING
        elif twist in ("other client", "other pool"):
            same = twist == "other client"
            others = [c for c in self.world.clients if c is not client and (c.pool is client.pool) == same]
            client, expected = others[option % len(others)], NOTHING
        elif twist == "other challenge":
            challenge, expected = self._other_challenge(session, option, answers), NOTHING
        elif twist == "altered session":
            text, expected = self._alter(session, answers, option)
        elif twist == "no session":
            text = None
            expected = self._without_session(session, expected)
        elif twist == "other session":
            other_session = self.sessions[option % len(self.sessions)]
            text = other_session.text
            if session.challenge not in BLOCKS and other_session is not session:
                expected = self._swapped(session, other_session, expected)
        body = self._body(session, client, challenge, text, name, answers, twist)
        if twist == "wrong hash" and client.secret:
            body["ChallengeResponses"]["SECRET_HASH"] = "x" * 44
            expected = NOTHING
        if twist == "admin of another pool":
            expected = NOTHING
        operation = "AdminRespondToAuthChallenge" if "UserPoolId" in body else "RespondToAuthChallenge"
        answer = self.call(operation, body)
        if self.judge(expected, answer, session, twist, body):
            self._went_on(session, challenge, body, answer)
        else:
            self._failed(session, challenge, twist)

    def _body(
        self, session: Session, client: Any, challenge: str, text: str | None, name: str, given: Any, twist: str
    ) -> dict[str, Any]:
        body = {
            "ClientId": client.id,
            "ChallengeName": challenge,
            "ChallengeResponses": self.params(client, name, **given),
            **({"Session": text} if text else {}),
        }
        if twist.startswith("admin"):
            others = [pool for pool in self.world.pools if pool is not client.pool]
            body["UserPoolId"] = (client.pool if twist == "admin" else others[0]).id
        return body

    def _right(self, session: Session, option: int) -> tuple[str, dict[str, str], Expected]:
        """Return the challenge, the right answers to it, and what the model says of them."""
        person, challenge = session.person, session.challenge
        method = getattr(self, "_right_" + challenge.lower(), self._right_code)
        answers, follows = method(session, person, option)
        if not session.is_open(self.now):
            return challenge, answers, NOTHING
        sure = person is not None and session.is_surely_open(self.now) and not person.may_be_locked
        return challenge, answers, Expected(follows, sure and follows is not None)

    def _right_code(self, session: Session, person: Person | None, option: int) -> tuple[dict[str, str], str | None]:
        answers = {CODE_MEMBER[session.challenge]: session.code or "12345678"}
        if person is None or session.code is None:
            return answers, None
        if session.is_choice:
            able = person.enabled and session.challenge in first_factors(person)
            return answers, after_first_factor(person, session.device) if able else None
        able = may_go_on(session) and (session.new_contact is None or second_factor(person) == SETUP)
        return answers, TOKENS if able else None

    def _right_software_token_mfa(
        self, session: Session, person: Person, option: int
    ) -> tuple[dict[str, str], str | None]:
        code = app_code(person.totp) if person.totp else "000000"
        fresh = person.totp is not None and step_now() > person.totp_step
        return {CODE_MEMBER[TOTP]: code}, TOKENS if may_go_on(session) and fresh else None

    def _right_select_mfa_type(
        self, session: Session, person: Person, option: int
    ) -> tuple[dict[str, str], str | None]:
        found = orjson.loads(session.parameters["MFAS_CAN_CHOOSE"])
        factor = found[option % len(found)]
        able = may_go_on(session) and (factor == TOTP or person.contact(factor)) and usable(person.pool, person, factor)
        return {"ANSWER": factor}, factor if able else None

    def _right_mfa_setup(self, session: Session, person: Person, option: int) -> tuple[dict[str, str], str | None]:
        if session.verified:
            return {}, TOKENS if may_go_on(session) and person.totp else None
        able = may_go_on(session) and second_factor(person) == SETUP and person.email is None
        return {"EMAIL": f"set-up-{person.name}-{option}@example.com"}, EMAIL if able else None

    def _right_new_password_required(
        self, session: Session, person: Person, option: int
    ) -> tuple[dict[str, str], str | None]:
        able = person.enabled and person.status == TEMPORARY and person.generation == session.generation
        return {"NEW_PASSWORD": self.new_password()}, after_first_factor(person, session.device) if able else None

    def _right_password_verifier(
        self, session: Session, person: Person | None, option: int
    ) -> tuple[dict[str, str], str | None]:
        at = {"scope": session.client.pool.scope, "identity": session.parameters["USER_ID_FOR_SRP"]}
        secret = person.password if person else "Wrong-Horse-9!"
        proof = session.srp.proof(session.parameters, **at, secret=secret, now=self.now)
        same = person is not None and person.generation == session.generation
        return proof, after_password(person, session.device) if person and same else None

    def _right_password(
        self, session: Session, person: Person | None, option: int
    ) -> tuple[dict[str, str], str | None]:
        if person is None:
            return {"PASSWORD": "Wrong-Horse-9!"}, None
        return {"PASSWORD": person.password}, after_password(person, session.device)

    def _right_password_srp(
        self, session: Session, person: Person | None, option: int
    ) -> tuple[dict[str, str], str | None]:
        session.srp = SrpClient()
        able = person is None or person.enabled or session.client.hides
        return {"SRP_A": session.srp.public}, "PASSWORD_VERIFIER" if able else None

    def _right_select_challenge(
        self, session: Session, person: Person | None, option: int
    ) -> tuple[dict[str, str], str | None]:
        wanted = session.available[option % len(session.available)]
        with_member = option // 8 % 2
        if person is not None and not person.enabled and not session.client.hides:
            return {"ANSWER": wanted}, None
        if wanted == "PASSWORD" and with_member:
            answers, follows = self._right_password(session, person, option)
            return {"ANSWER": wanted, **answers}, follows
        if wanted == "PASSWORD_SRP" and with_member:
            answers, follows = self._right_password_srp(session, person, option)
            return {"ANSWER": wanted, **answers}, follows
        return {"ANSWER": wanted}, wanted

    def _right_custom_challenge(
        self, session: Session, person: Person | None, option: int
    ) -> tuple[dict[str, str], str | None]:
        able = person is not None and person.enabled and person.status in (CONFIRMED, TEMPORARY)
        same = person is not None and person.generation == session.generation
        return {"ANSWER": "swordfish"}, TOKENS if able and same else None

    def _right_device_srp_auth(
        self, session: Session, person: Person, option: int
    ) -> tuple[dict[str, str], str | None]:
        session.srp = SrpClient()
        able = may_go_on(session) and person.has_device(session.device)
        answers = {"DEVICE_KEY": session.device or "", "SRP_A": session.srp.public}
        return answers, "DEVICE_PASSWORD_VERIFIER" if able else None

    def _right_device_password_verifier(
        self, session: Session, person: Person, option: int
    ) -> tuple[dict[str, str], str | None]:
        device = next((one for one in person.devices if one.key == session.device), None)
        if device is None:
            return {"DEVICE_KEY": session.device or "", **session.parameters}, None
        at = {"scope": device.group, "identity": device.key, "secret": device.secret}
        proof = session.srp.proof(session.parameters, **at, now=self.now)
        return {"DEVICE_KEY": device.key, **proof}, TOKENS if may_go_on(session.root) else None

    def _spoil(self, session: Session, challenge: str, answers: dict[str, str], main: str) -> Expected:
        code = answers.get(main, "")
        answers[main] = WRONG.get(main) or f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"
        if challenge == SETUP and session.verified:
            # What else is sent does not matter then.
            return self._right(session, 0)[2]
        if challenge == "CUSTOM_CHALLENGE" and session.is_open(self.now):
            person = session.person
            able = person is None or person.generation == session.generation
            again = able and session.custom_failures + 1 < MAX_CUSTOM_FAILURES
            return Expected("CUSTOM_CHALLENGE") if again else NOTHING
        return NOTHING

    @staticmethod
    def _leave_out(answers: dict[str, str], main: str, *, keep: bool) -> bool:
        """Leave the main answer out; returns whether there was none."""
        if main not in answers:
            return True
        if keep:
            answers[main] = ""
        else:
            del answers[main]
        return False

    def _other_challenge(self, session: Session, option: int, answers: dict[str, str]) -> str:
        taken = {session.challenge, *(CHOICES[:3] if session.is_choice else ())}
        possible = [name for name in EVERY if name not in taken]
        person, code = session.person, session.code or "123456"
        answers.update(dict.fromkeys(CODE_MEMBER.values(), code))
        answers.update(ANSWER="PASSWORD", NEW_PASSWORD=self.new_password(), SRP_A=SrpClient().public)
        answers["PASSWORD"] = person.password if person else "Wrong-Horse-9!"
        if person and person.totp:
            answers[CODE_MEMBER[TOTP]] = app_code(person.totp)
        if person and person.devices:
            answers["DEVICE_KEY"] = person.devices[0].key
        if session.challenge in BLOCKS and session.text is None:
            answers.pop("PASSWORD_CLAIM_SECRET_BLOCK", None)
        # Without a session DEVICE_SRP_AUTH goes on with what was kept with the device.
        return next(name for name in possible[option % len(possible) :] + possible if name != DEVICE or session.text)

    @staticmethod
    def _altered(text: str, option: int) -> str:
        middle = len(text) // 2
        if option % 3 == 0:
            return text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :]
        return text[:-8] if option % 3 == 1 else text + text[-8:]

    def _alter(self, session: Session, answers: dict[str, str], option: int) -> tuple[str | None, Expected]:
        if session.challenge in BLOCKS:
            block = answers.get("PASSWORD_CLAIM_SECRET_BLOCK", "x" * 60)
            answers["PASSWORD_CLAIM_SECRET_BLOCK"] = self._altered(block, option)
            return session.text, NOTHING
        assert session.text is not None
        return self._altered(session.text, option), NOTHING

    def _without_session(self, session: Session, expected: Expected) -> Expected:
        if session.challenge in BLOCKS:
            return expected
        if session.challenge != DEVICE:
            return NOTHING
        kept = self._kept_offer(session)
        able = kept is not None and kept.client is session.client and kept.is_open(self.now) and may_go_on(kept)
        return Expected("DEVICE_PASSWORD_VERIFIER" if able and session.person.has_device(session.device) else None)  # type: ignore[union-attr]

    def _kept_offer(self, session: Session) -> Session | None:
        offers = [one for one in self.sessions if one.challenge == DEVICE and one.device == session.device]
        return offers[-1] if offers else None

    def _swapped(self, session: Session, other: Session, expected: Expected) -> Expected:
        """The text of another session: only one of the same user, client and challenge could be taken for it."""
        same = (other.person, other.client) == (session.person, session.client) and session.person is not None
        if not same:
            return NOTHING
        if session.challenge in CONTACT_OF and not (session.is_choice and other.is_choice):
            return NOTHING if session.code != other.code else Expected(expected.success)
        follows = [*EVERY, "DEVICE_PASSWORD_VERIFIER", "PASSWORD_VERIFIER"]
        if not other.is_open(self.now) or (expected.success == TOKENS and other.challenge != session.challenge):
            return NOTHING
        return Expected(expected.success) if expected.success in (*follows, TOKENS) else NOTHING

    def _failed(self, session: Session, challenge: str, twist: str) -> None:
        person = session.person
        if person is not None:
            person.failures += 1
            person.guesses += 1
        usual = twist in ("", "wrong")
        if usual and challenge in SPENT_BY_A_TRY and session.is_surely_open(self.now) and self._stands(session):
            session.root.life = Life.DEAD
        elif challenge in (*SPENT_BY_A_TRY, "SELECT_CHALLENGE", "PASSWORD_SRP") or twist not in (
            "wrong",
            "empty",
            "missing",
            "other client",
            "other pool",
            "altered session",
            "admin of another pool",
            "wrong hash",
        ):
            self.doubt(session)

    @staticmethod
    def _stands(session: Session) -> bool:
        """Whether a wrong answer was looked at for sure."""
        person = session.person
        return person is not None and person.enabled and not person.may_be_locked and session.custom is False

    def _went_on(self, session: Session, challenge: str, body: dict[str, Any], answer: Answer) -> None:
        """Take down what a success changed, and what follows."""
        person, client, given = session.person, session.client, body["ChallengeResponses"]
        origin = session
        if challenge == DEVICE:
            # The session stays good until the proof; without it the last offer to the device counts.
            origin = session if "Session" in body else (self._kept_offer(session) or session)
        else:
            session.root.life = Life.DEAD
        if person is not None:
            self._effects(session, person, challenge, given)
        device = session.device
        # A choice and its password in one answer lead to a second factor, which may be a code by mail as well.
        put = answer.kind in (given.get("ANSWER"), "PASSWORD_VERIFIER")
        is_choice = put and challenge in ("SELECT_CHALLENGE", "PASSWORD_SRP") and session.is_choice
        self.note(
            answer,
            client,
            person,
            device=device,
            srp=session.srp,
            parent=origin if challenge == DEVICE else None,
            is_choice=is_choice,
            custom=session.custom,
            custom_failures=session.custom_failures + (challenge == "CUSTOM_CHALLENGE"),
            first_name=session.first_name,
            new_contact=given.get("EMAIL") if challenge == SETUP else None,
            offered=session.available,
        )

    def _effects(self, session: Session, person: Person, challenge: str, given: dict[str, str]) -> None:
        if challenge == "NEW_PASSWORD_REQUIRED":
            self.set_password(person, given["NEW_PASSWORD"])
        elif challenge == TOTP:
            person.totp_step = step_now()
        elif challenge in CONTACT_OF:
            if session.new_contact:
                person.email = session.new_contact
                person.factors.add(EMAIL)
            person.verified.add(CONTACT_OF[challenge])
            if person.status == UNCONFIRMED:
                person.status = CONFIRMED
