"""CUSTOM_AUTH: its start, and the answers to its challenges.

A wrong answer locks nobody: DefineAuthChallenge counts the tries. Each session is good for one answer.
"""

from __future__ import annotations

from collections.abc import Mapping

from cognito_app.core import secrets, srp
from cognito_app.errors import InvalidParameterException, NotAuthorizedException
from cognito_app.models import PoolUser, user_rows
from cognito_app.services import device_tracking, users
from cognito_app.services.sign_in import custom_flow, gates, hooks, progress, srp_challenge, standing
from cognito_app.services.sign_in.custom_state import Custom
from cognito_app.services.sign_in.state import (
    INVALID_SESSION,
    Context,
    Outcome,
    Session,
    open_session,
    password_mark,
)
from cognito_app.triggers import challenges
from cognito_app.triggers.challenges import Step


def start(context: Context, parameters: Mapping[str, str]) -> Outcome:
    """Begin with what DefineAuthChallenge names; with CHALLENGE_NAME=SRP_A it is told of SRP_A first.

    Raises InvalidParameterException, UserNotFoundException, and as ``custom_flow.go_on``.
    """
    name = gates.parameter(parameters, "USERNAME")
    custom = Custom(name=name)
    if parameters.get("CHALLENGE_NAME") == "SRP_A":
        public_a = srp.parse_public_a(gates.parameter(parameters, "SRP_A"))
        custom = Custom(name=name, public_a=public_a).passed("SRP_A")
    user = users.find_or_none(context.pool, name)
    if user is None:
        gates.unknown_user(context)
    elif not context.client.hides_users:
        error = standing.error_of(context, user)
        if error is not None:
            progress.refused(context, user)
            raise error
    if custom.public_a is None:
        device_tracking.check_named(context.pool, user, context.device_key)
    context.attempt.custom = custom
    user = hooks.before(context, user, name)
    return custom_flow.go_on(context, user, ())


def answer(context: Context, text: str | None, answers: Mapping[str, str]) -> Outcome:
    """Ask VerifyAuthChallengeResponse about ANSWER, then DefineAuthChallenge what follows.

    Raises InvalidParameterException, NotAuthorizedException, and as ``custom_flow.go_on``.
    """
    if not text:
        raise InvalidParameterException("Missing required parameter Session")
    name, given = gates.parameter(answers, "USERNAME"), gates.parameter(answers, "ANSWER")
    session = open_session(context, text, custom_flow.CHALLENGE)
    custom = custom_flow.state_of(context)
    user = _user_of(session)
    if not _is_name_of(context, user, custom, name):
        raise NotAuthorizedException(INVALID_SESSION)
    # Before the function looks at the answer: parallel answers would be as many tries.
    session.spend()
    right = challenges.verify(hooks.caller(context), custom_flow.person(context, user), session.data["private"], given)
    step = Step(custom_flow.CHALLENGE, passed=right, metadata=session.data["metadata"])
    context.attempt.custom = custom.after(step)
    return custom_flow.go_on(context, user, session.methods)


def _user_of(session: Session) -> PoolUser | None:
    """Return the user of a session, None for one of a name that nobody has. Raises NotAuthorizedException."""
    if not session.user_id:
        return None
    user = user_rows.by_id(session.user_id)
    if user is None or not secrets.compare(password_mark(user), session.password_mark):
        raise NotAuthorizedException(INVALID_SESSION)
    return user


def _is_name_of(context: Context, user: PoolUser | None, custom: Custom, name: str) -> bool:
    known = {custom.name}
    if user is None:
        known.add(srp_challenge.simulated_identity(context, custom.name))
    else:
        known |= {user.username, user.sub, *users.active_aliases(context.pool, user).values()}
    return context.pool.fold(name) in {context.pool.fold(item) for item in known}
