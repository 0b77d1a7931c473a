"""The change of a temporary password at the first sign-in."""

from __future__ import annotations

from collections.abc import Mapping

from cognito_app.core import secrets
from cognito_app.errors import InvalidParameterException, NotAuthorizedException
from cognito_app.models import PoolUser, user_rows
from cognito_app.services import attributes, compromised, password_history, password_rules, users
from cognito_app.services.sign_in import gates
from cognito_app.services.sign_in.state import (
    DISABLED,
    INVALID_SESSION,
    SPENT_SESSION,
    WRONG_PASSWORD,
    Context,
    Outcome,
    Session,
    open_session,
    password_mark,
)

PREFIX = "userAttributes."
CHALLENGE = "NEW_PASSWORD_REQUIRED"


def answer(context: Context, session: str | None, answers: Mapping[str, str]) -> Outcome:
    """Set NEW_PASSWORD and ``userAttributes.*``; the session is spent only if all of it is accepted."""
    if not session:
        raise InvalidParameterException("Missing required parameter Session")
    name = gates.parameter(answers, "USERNAME")
    password = gates.parameter(answers, "NEW_PASSWORD")
    opened = open_session(context, session, CHALLENGE)
    if opened.is_spent():
        raise NotAuthorizedException(SPENT_SESSION)
    user = user_rows.by_id(opened.user_id)
    if user is None or not secrets.compare(password_mark(user), opened.password_mark):
        raise NotAuthorizedException(INVALID_SESSION)
    _check_user(context, user, name)
    merged = _merged_attributes(context, user, answers)
    password_rules.check_policy(context.pool, password)
    compromised.check_new(context.pool, context.client.id, context.actor, password, compromised.PASSWORD_CHANGE, user)
    password_history.check(context.pool, user, password)
    new = password_rules.prepare(context.pool, user.username, password)
    return gates.second_factor(context, user, opened.methods, save=lambda: _save(context, opened, user, merged, new))


def _check_user(context: Context, user: PoolUser, name: str) -> None:
    fold = context.pool.fold
    names = {user.username, user.sub, *users.active_aliases(context.pool, user).values()}
    if fold(name) not in {fold(known) for known in names}:
        raise NotAuthorizedException(WRONG_PASSWORD)
    if not user.enabled:
        raise NotAuthorizedException(DISABLED)


def _merged_attributes(context: Context, user: PoolUser, answers: Mapping[str, str]) -> dict[str, str]:
    given = {key.removeprefix(PREFIX): value for key, value in answers.items() if key.startswith(PREFIX)}
    changes = {key: value for key, value in given.items() if user.attributes.get(key) != value}
    attributes.check_user_may_write(context.pool, context.client, list(changes))
    changes = attributes.normalized(context.pool, changes)
    for key in changes:
        if context.pool.attributes[key].required and user.attributes.get(key):
            raise NotAuthorizedException(f"Cannot modify an already provided {key}")
    attributes.check_mutable(context.pool, {k: v for k, v in user.attributes.items() if k in changes}, changes)
    merged = {**user.attributes, **changes}
    for contact, flag in attributes.VERIFIED_FLAGS.items():
        if contact in changes:
            merged[flag] = "false"
    for rule in context.pool.attributes.values():
        if rule.required and rule.name != "sub" and not merged.get(rule.name):
            raise InvalidParameterException(f"Invalid attributes given, {rule.name} is missing")
    return merged


def _save(
    context: Context,
    session: Session,
    user: PoolUser,
    merged: dict[str, str],
    new: password_rules.NewPassword,
) -> None:
    session.spend()
    row = users.locked(user)
    if row.status != PoolUser.Status.FORCE_CHANGE_PASSWORD or row.password_hash != user.password_hash:
        raise NotAuthorizedException(INVALID_SESSION)
    user.mfa = row.mfa
    password_history.keep_present(context.pool, user)
    new.put_on(user)
    user.status = PoolUser.Status.CONFIRMED
    users.save_attributes(user, merged)
    users.sync_aliases(context.pool, user)
