"""The sessions of choice-based sign-in: whose they are, what is offered, which challenge is put.

A name that nobody has gets sessions of the same form, which no answer satisfies.
Source: https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flows-selection-sdk.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cognito_app.core import keyring
from cognito_app.errors import InvalidParameterException, NotAuthorizedException, PasswordResetRequiredException
from cognito_app.models import PoolUser, user_rows
from cognito_app.services import auth_factors, events, guess_sources, users
from cognito_app.services.sign_in import gates
from cognito_app.services.sign_in.resume import check_user, has_name
from cognito_app.services.sign_in.state import (
    INVALID_SESSION,
    SESSION_PLACE,
    SPENT_SESSION,
    WRONG_PASSWORD,
    Context,
    Session,
    open_session,
    progress_of,
    seal_session_for,
)

KIND = "USER_AUTH"
ID_DIGITS = 20


@dataclass(frozen=True, slots=True)
class Subject:
    """Who signs in: the name that was given, the user if there is one, the challenges to choose among."""

    name: str
    user: PoolUser | None
    offered: tuple[str, ...]

    @property
    def sign_in_name(self) -> str:
        """A name that finds the user again, or nobody."""
        return self.user.username if self.user else self.name


@dataclass(frozen=True, slots=True)
class Choice:
    """An opened session; ``challenge`` is the one that was put."""

    session: Session
    subject: Subject
    challenge: str
    data: Mapping[str, Any] = field(repr=False)


def subject_of(context: Context, name: str) -> Subject:
    """Return who a name stands for, and what they can choose among.

    Raises UserNotFoundException, PasswordResetRequiredException or NotAuthorizedException, unless the client hides
    whether there is such a user: then the choice is made up.
    """
    user = users.find_or_none(context.pool, name)
    if user is None:
        gates.unknown_user(context)
    gates.check_enabled(context, user)
    offered = auth_factors.available(context.pool, user) if user else ()
    if offered:
        return Subject(name, user, offered)
    if not context.client.hides_users:
        if user is not None and user.status == PoolUser.Status.RESET_REQUIRED:
            raise PasswordResetRequiredException
        raise NotAuthorizedException(WRONG_PASSWORD)
    return Subject(name, None, auth_factors.simulated(context.pool, name))


def seal(context: Context, subject: Subject, challenge: str, data: Mapping[str, Any] | None = None) -> str:
    """Make the session string of a challenge: as long for a made-up user as for a real one."""
    user = subject.user
    payload = {
        "name": context.pool.fold(subject.name),
        "offered": list(subject.offered),
        "challenge": challenge,
        "filler": "0" * (ID_DIGITS - len(str(user.pk if user else 0))),
        **(data or {}),
    }
    return seal_session_for(context.client, KIND, user, (), payload, progress=progress_of(context))


def is_choice(text: str | None) -> bool:
    """Whether a session belongs to choice-based sign-in: challenges of second factors share a name with it."""
    try:
        return bool(text) and keyring.unpack(text or "", aad=SESSION_PLACE)["k"] == KIND
    except keyring.SealError:
        return False


def reopen(context: Context, text: str | None, answers: Mapping[str, str], challenge: str | None = None) -> Choice:
    """Return the choice that an answer belongs to; the session is not spent yet.

    ``challenge`` is the one that must have been put. Raises InvalidParameterException, NotAuthorizedException.
    """
    if not text:
        raise InvalidParameterException("Missing required parameter Session")
    name = gates.parameter(answers, "USERNAME")
    session = open_session(context, text, KIND)
    if session.is_spent():
        raise NotAuthorizedException(SPENT_SESSION)
    data = session.data
    user = user_rows.by_id(session.user_id)
    fold = context.pool.fold
    if fold(name) != data["name"] and (user is None or not has_name(context.pool, user, name)):
        raise NotAuthorizedException(INVALID_SESSION)
    if challenge is not None and data["challenge"] != challenge:
        raise NotAuthorizedException(INVALID_SESSION)
    gates.check_enabled(context, user)
    if user is not None and context.attempt.target is not None and context.attempt.target.credit:
        # An access token stands for the first factor: it is worth nothing after a new password.
        check_user(user, session.password_mark)
    subject = Subject(data["name"], user, tuple(data["offered"]))
    return Choice(session=session, subject=subject, challenge=data["challenge"], data=data)


def check_still_offered(context: Context, user: PoolUser, factor: str) -> None:
    """Refuse a factor that pool or user dropped since it was offered. Raises NotAuthorizedException."""
    if factor not in auth_factors.available(context.pool, user):
        raise NotAuthorizedException(INVALID_SESSION)


def record_failure(context: Context, user: PoolUser | None) -> None:
    """Record a wrong answer to a first factor that is no password."""
    guess_sources.count(context.client, context.actor)
    events.record(user, context.actor, events.SIGN_IN, passed=False, challenges=[], client_id=context.client.id)
