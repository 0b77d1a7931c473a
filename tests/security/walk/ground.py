"""The ground of every step: calls and what they must look like, the verdict, the notes that the model takes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import jwt
import time_machine
from django.db import transaction
from hypothesis.stateful import RuleBasedStateMachine

from cognito_app.aws import model as aws
from tests.clients import raw
from tests.security.walk.model import (
    CONFIRMED,
    CONTACT_OF,
    TOKENS,
    AppClient,
    Expected,
    Grant,
    Life,
    Person,
    Session,
)
from tests.security.walk.world import World, secret_hash

START = datetime(2031, 3, 1, 12, 0, 5, tzinfo=UTC)
IDP = aws.service("cognito-idp")
_REFUSALS = {"InvalidParameterException", "NotAuthorizedException", "ResourceNotFoundException"}
_STATES = {"UserNotFoundException", "UserNotConfirmedException", "PasswordResetRequiredException"}
_CODES = {"CodeMismatchException", "ExpiredCodeException"}
_ANSWER = {
    *_REFUSALS,
    *_STATES,
    *_CODES,
    "InvalidPasswordException",
    "MFAMethodNotFoundException",
    "InvalidUserPoolConfigurationException",
}
_CONFIRM = {*_REFUSALS, *_CODES, "UserNotFoundException", "LimitExceededException"}
ERRORS: dict[str, set[str]] = {
    "InitiateAuth": _REFUSALS | _STATES,
    "AdminInitiateAuth": _REFUSALS | _STATES,
    "RespondToAuthChallenge": _ANSWER,
    "AdminRespondToAuthChallenge": _ANSWER,
    "SignUp": {*_REFUSALS, "UsernameExistsException", "InvalidPasswordException"},
    "ConfirmSignUp": _CONFIRM,
    "ForgotPassword": {*_REFUSALS, "UserNotFoundException", "LimitExceededException"},
    "ConfirmForgotPassword": {*_CONFIRM, "InvalidPasswordException"},
    "GetTokensFromRefreshToken": {*_REFUSALS, "RefreshTokenReuseException", "UserNotFoundException"},
    "RevokeToken": {"InvalidParameterException", "UnauthorizedException", "UnsupportedTokenTypeException"},
    "GetUser": {*_REFUSALS, *_STATES},
    "GlobalSignOut": {*_REFUSALS, "PasswordResetRequiredException", "UserNotConfirmedException"},
    "ConfirmDevice": {*_REFUSALS, *_STATES, "DeviceKeyExistsException"},
    "ForgetDevice": {*_REFUSALS, *_STATES},
    "AssociateSoftwareToken": {*_REFUSALS, "SoftwareTokenMFANotFoundException"},
    "VerifySoftwareToken": {*_REFUSALS, "EnableSoftwareTokenMFAException", "CodeMismatchException"},
}
"""The errors that the model of the walk lists, by operation; of others it lists what AWS's does."""


@dataclass
class Tally:
    """The figures of a run."""

    steps: int = 0
    sign_ins: int = 0
    renewals: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    challenges: Counter[str] = field(default_factory=Counter)
    surely: int = 0

    def __str__(self) -> str:
        top = ", ".join(f"{name} {count}" for name, count in self.refusals.most_common(6))
        seen = ", ".join(f"{name} {count}" for name, count in self.challenges.most_common())
        return (
            f"{self.steps} steps, {self.sign_ins} sign-ins, {self.renewals} renewals, "
            f"{self.surely} answers that had to be a success; challenges: {seen}; refusals: {top}"
        )


@dataclass
class Answer:
    """What came back: ``kind`` is tokens, the name of a challenge, "done", or the error's code behind "!"."""

    kind: str
    body: dict[str, Any]
    mail: list[tuple[str, str]]

    @property
    def failed(self) -> bool:
        """Whether it is an error."""
        return self.kind.startswith("!")


class Ground(RuleBasedStateMachine):
    """One walk through the world; everything it does is rolled back at its end."""

    world: ClassVar[World]
    tally: ClassVar[Tally]

    def __init__(self) -> None:
        super().__init__()
        self.travel = time_machine.travel(START + timedelta(hours=1), tick=False)
        self.clock: Any = self.travel.start()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.people: list[Person] = self.world.fresh()
        self.sessions: list[Session] = []
        self.passes: list[Session] = []
        self.grants: list[Grant] = []
        self.serial = 0

    def teardown(self) -> None:
        """Forget what the walk did."""
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)
        self.travel.stop()
        self.world.messages()

    @property
    def now(self) -> datetime:
        """The time of the walk."""
        return datetime.now(UTC)

    def new_password(self) -> str:
        """Return a password that was never used."""
        self.serial += 1
        return f"Another-Horse-{self.serial}!"

    def client_at(self, index: int) -> AppClient:
        """Return a client."""
        return self.world.clients[index % len(self.world.clients)]

    def person_at(self, index: int, client: AppClient) -> Person:
        """Return a user of the client's pool."""
        found = [person for person in self.people if person.pool is client.pool]
        return found[index % len(found)]

    def call(self, operation: str, body: dict[str, Any]) -> Answer:
        """Send a request; anything but a success and a listed error is a finding."""
        self.clock.shift(0.01)
        type(self).tally.steps += 1
        signed = None if IDP.operations[operation].unsigned else self.world.key
        response = raw.post("cognito-idp", operation, body, signed)
        told = raw.document(response)
        if response.status_code != 200:
            assert response.status_code == 400, (operation, body, response.status_code, told)
            code = str(told["__type"])
            listed = IDP.operations[operation].errors
            assert code in listed | {"InvalidParameterException"}, (operation, body, told)
            assert code in ERRORS.get(operation, listed), (operation, body, told)
            type(self).tally.refusals[code] += 1
            return Answer(f"!{code}", told, self.world.messages())
        kind = TOKENS if "AuthenticationResult" in told else str(told.get("ChallengeName", "done"))
        return Answer(kind, told, self.world.messages())

    def judge(self, expected: Expected, answer: Answer, *about: Any) -> bool:
        """Compare with the model; returns whether it was a success."""
        if answer.failed:
            assert not expected.must, ("refused", expected, answer, *about)
            return False
        assert expected.allows(answer.kind), ("not allowed", expected, answer, *about)
        type(self).tally.surely += expected.must
        return True

    def params(self, client: AppClient, name: str, **given: str | None) -> dict[str, str]:
        """Return parameters with USERNAME and SECRET_HASH."""
        found = {"USERNAME": name, **{key: value for key, value in given.items() if value is not None}}
        if client.secret:
            found["SECRET_HASH"] = secret_hash(client.secret, name, client.id)
        return found

    def note(self, answer: Answer, client: AppClient, person: Person | None, **facts: Any) -> Session | None:
        """Take down what follows: an open session, or the tokens of the right user."""
        if answer.kind == TOKENS:
            assert person is not None
            self.note_tokens(answer, client, person, facts.get("device"))
            return None
        type(self).tally.challenges[answer.kind] += 1
        session = Session(
            text=answer.body.get("Session"),
            challenge=answer.kind,
            client=client,
            person=person,
            born=self.now,
            parameters=answer.body.get("ChallengeParameters", {}),
            generation=person.generation if person else -1,
            available=tuple(answer.body.get("AvailableChallenges", facts.pop("offered", ()))),
            **facts,
        )
        session.code = self.code_in(answer, session)
        self.sessions.append(session)
        return session

    @staticmethod
    def code_in(answer: Answer, session: Session) -> str | None:
        """Return the code that was sent with a challenge."""
        if session.challenge not in CONTACT_OF or session.person is None:
            return None
        destination = session.new_contact or session.person.contact(session.challenge)
        return next((code for to, code in reversed(answer.mail) if to == destination), None)

    def note_tokens(self, answer: Answer, client: AppClient, person: Person, device: str | None) -> None:
        """Check whose tokens they are."""
        found = answer.body["AuthenticationResult"]
        claims = jwt.decode(found["AccessToken"], options={"verify_signature": False})
        identity = jwt.decode(found["IdToken"], options={"verify_signature": False})
        assert (claims["username"], claims["client_id"]) == (person.name, client.id)
        assert (identity["cognito:username"], identity["aud"]) == (person.name, client.id)
        assert claims["sub"] == person.sub
        assert claims["auth_time"] == int(self.now.timestamp())
        made = found.get("NewDeviceMetadata")
        assert made is None or person.pool.tracks
        if person.pool.tracks:
            assert (made is None) == person.has_device(device)
        type(self).tally.sign_ins += 1
        self.grants.append(
            Grant(
                client=client,
                person=person,
                access=found["AccessToken"],
                refresh=found["RefreshToken"],
                issued=self.now,
                device=made["DeviceKey"] if made else (device if person.pool.tracks else None),
                group=made["DeviceGroupKey"] if made else None,
            )
        )

    def end_grants(self, person: Person, *, access: bool) -> None:
        """A user's refresh tokens end; ``access`` says that the access tokens do too."""
        for grant in self.grants:
            if grant.person is person:
                grant.renewable = False
                grant.accessible = grant.accessible and not access

    def set_password(self, person: Person, password: str, status: str = CONFIRMED) -> None:
        """A user has another password, which ends what began with the old one."""
        person.password, person.status = password, status
        person.generation += 1
        self.end_grants(person, access=False)

    @staticmethod
    def doubt(session: Session) -> None:
        """After an odd request a session may be used up or not."""
        if session.root.life is Life.ALIVE:
            session.root.life = Life.MAYBE
