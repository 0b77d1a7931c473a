"""A user who is not stored yet: made from a sign-up name, checked against names in use, and inserted."""

from __future__ import annotations

from collections.abc import Mapping

from cognito_app.core import clock, ids
from cognito_app.errors import InvalidParameterException
from cognito_app.models import PoolUser, user_rows
from cognito_app.services import users
from cognito_app.services.config import PoolConfig


def build(pool: PoolConfig, username: str, values: Mapping[str, str]) -> PoolUser:
    """Make an unsaved user from a sign-up name: in a pool with username attributes the name becomes an attribute.

    Raises InvalidParameterException if the name has the wrong form for the pool.
    """
    sub = ids.sub()
    stored = {"sub": sub, **{name: value for name, value in values.items() if value != ""}}
    if pool.username_attributes:
        kind = _username_attribute(pool, username)
        stored[kind] = username
        username = sub
    else:
        _check_not_alias_shaped(pool, username)
    now = clock.now()
    user = PoolUser(
        pool_id=pool.id,
        username=username,
        username_key=pool.fold(username),
        sub=sub,
        status=PoolUser.Status.UNCONFIRMED,
        created_at=now,
        modified_at=now,
    )
    user.set_attributes(stored)
    return user


def _username_attribute(pool: PoolConfig, username: str) -> str:
    kind = users.contact_kind(username)
    if kind in pool.username_attributes:
        return str(kind)
    if pool.username_attributes == {"email"}:
        raise InvalidParameterException("Username should be an email.")
    if pool.username_attributes == {"phone_number"}:
        raise InvalidParameterException("Username should be a phone number.")
    raise InvalidParameterException("Username should be either an email or a phone number.")


def _check_not_alias_shaped(pool: PoolConfig, username: str) -> None:
    kind = users.contact_kind(username)
    if kind is not None and kind in pool.alias_attributes:
        form, alias = ("email", "email") if kind == "email" else ("phone number", "phone_number")
        raise InvalidParameterException(
            f"Username cannot be of {form} format, since user pool is configured for {alias} alias."
        )


def check_free(pool: PoolConfig, user: PoolUser, error: Exception) -> None:
    """Raise the error if a name is taken, before the slow hash is made (the unique keys decide)."""
    if owner(pool, user) is not None:
        raise error


def owner(pool: PoolConfig, user: PoolUser, *, moves: bool = False) -> PoolUser | None:
    """Return who has a name of a new user already; ``moves`` is for aliases that move to the new user."""
    names = {user.username, *(() if moves else users.active_aliases(pool, user).values())}
    return next((found for name in names if (found := users.find_or_none(pool, name)) is not None), None)


def insert(pool: PoolConfig, user: PoolUser, *, force: bool = False) -> None:
    """Store a new user and the sign-in names that follow from it; ``force`` takes them from their owners.

    Raises IntegrityError, AliasExistsException.
    """
    user_rows.ROWS.insert_with_key(user)
    users.store_aliases(pool, user, force=force)
