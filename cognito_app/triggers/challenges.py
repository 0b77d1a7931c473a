"""The three triggers of custom authentication.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-challenge.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cognito_app.errors import InvalidLambdaResponseException
from cognito_app.triggers import invoke, values
from cognito_app.triggers.invoke import Caller


@dataclass(frozen=True, slots=True)
class Step:
    """An answered challenge, as the functions see it."""

    name: str
    passed: bool
    metadata: str | None = None

    def document(self) -> dict[str, Any]:
        """Return the entry of the event's ``session``."""
        return {"challengeName": self.name, "challengeResult": self.passed, "challengeMetadata": self.metadata}


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a custom sign-in is about; ``not_found`` is sent where the client hides who exists."""

    user_name: str
    attributes: Mapping[str, str] = field(repr=False)
    not_found: bool | None = None
    metadata: Mapping[str, str] | None = None

    def request(self, **members: Any) -> dict[str, Any]:
        """Return the request of an event."""
        result: dict[str, Any] = {"userAttributes": dict(self.attributes), **members, **values.metadata(self.metadata)}
        if self.not_found is not None:
            result["userNotFound"] = self.not_found
        return result


@dataclass(frozen=True, slots=True)
class Definition:
    """What comes next: a challenge, tokens, or the end."""

    challenge: str | None
    issue_tokens: bool
    fail: bool


@dataclass(frozen=True, slots=True)
class Creation:
    """A custom challenge; ``private`` never reaches the client."""

    public: dict[str, str]
    private: dict[str, str] = field(repr=False)
    metadata: str | None


def define(caller: Caller, person: Person, steps: Sequence[Step]) -> Definition:
    """Ask DefineAuthChallenge what comes next. Raises as ``invoke.call``."""
    request = person.request(session=[step.document() for step in steps])
    default = {"challengeName": None, "issueTokens": None, "failAuthentication": None}
    sent = invoke.event(caller, "DefineAuthChallenge_Authentication", person.user_name, request, default)
    answer = invoke.call(caller, "DefineAuthChallenge", sent)
    decided = Definition(
        challenge=values.text(answer, "challengeName") or None,
        issue_tokens=values.flag(answer, "issueTokens"),
        fail=values.flag(answer, "failAuthentication"),
    )
    if not (decided.fail or decided.issue_tokens or decided.challenge):
        raise InvalidLambdaResponseException(values.UNRECOGNIZABLE)
    return decided


def create(caller: Caller, person: Person, challenge: str, steps: Sequence[Step]) -> Creation:
    """Ask CreateAuthChallenge for a challenge. Raises as ``invoke.call``."""
    request = person.request(challengeName=challenge, session=[step.document() for step in steps])
    default = {"publicChallengeParameters": None, "privateChallengeParameters": None, "challengeMetadata": None}
    sent = invoke.event(caller, "CreateAuthChallenge_Authentication", person.user_name, request, default)
    answer = invoke.call(caller, "CreateAuthChallenge", sent)
    return Creation(
        public=values.texts(answer, "publicChallengeParameters"),
        private=values.texts(answer, "privateChallengeParameters"),
        metadata=values.text(answer, "challengeMetadata"),
    )


def verify(caller: Caller, person: Person, private: Mapping[str, str], given: str) -> bool:
    """Ask VerifyAuthChallengeResponse whether an answer is right. Raises as ``invoke.call``."""
    request = person.request(privateChallengeParameters=dict(private), challengeAnswer=given)
    sent = invoke.event(
        caller, "VerifyAuthChallengeResponse_Authentication", person.user_name, request, {"answerCorrect": None}
    )
    answer = invoke.call(caller, "VerifyAuthChallengeResponse", sent)
    return values.flag(answer, "answerCorrect")
