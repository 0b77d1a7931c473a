"""A user who is not stored yet: made from a sign-up name, checked against names in use, and inserted."""

from __future__ import annotations

from collections.abc import Mapping

from cognito_app.core import clock, ids
from cognito_app.errors import InvalidParameterException
from cognito_app.models import PoolUser, user_rows
from cognito_app.services import attributes, users
from cognito_app.services.config import PoolConfig
from cognito_app.triggers.sign_up import SignUpDecision


def build(pool: PoolConfig, username: str, values: Mapping[str, str]) -> PoolUser:
    """Make an unsaved user from a sign-up name: in a pool with username attributes the name becomes an attribute.

    Raises InvalidParameterException if the name has the wrong form for the pool.
    """
    stored = {name: value for name, value in values.items() if value != ""}
    name: str | None = username
    if pool.username_attributes:
        stored[_username_attribute(pool, username)] = username
        name = None
    else:
        _check_not_alias_shaped(pool, username)
    user = unsaved(pool, name, PoolUser.Status.UNCONFIRMED)
    user.set_attributes({**user.attributes, **stored})
    return user


def unsaved(pool: PoolConfig, username: str | None, status: str) -> PoolUser:
    """Make an unsaved user with a ``sub`` alone, which is the username too where there is None."""
    sub, now = ids.sub(), clock.now()
    username = username or sub
    user = PoolUser(
        pool_id=pool.id,
        username=username,
        username_key=pool.fold(username),
        sub=sub,
        status=status,
        created_at=now,
        modified_at=now,
    )
    user.set_attributes({"sub": sub})
    return user


def mark_verified(user: PoolUser, decided: SignUpDecision) -> bool:
    """Mark the contacts of an unsaved user that PreSignUp vouches for; returns whether there is one.

    Raises InvalidParameterException for one that is missing.
    """
    wanted = {"email": decided.verify_email, "phone_number": decided.verify_phone}
    flags = {attributes.VERIFIED_FLAGS[name]: "true" for name, verified in wanted.items() if verified}
    attributes.check_flags({**user.attributes, **flags})
    user.set_attributes({**user.attributes, **flags})
    return bool(flags)


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


def owner(pool: PoolConfig, user: PoolUser, *, moves: bool = False) -> PoolUser | None:
    """Return who has a name of a new user already, before the slow hash is made (the unique keys decide).

    ``moves`` is for aliases that move to the new user.
    """
    names = {user.username, *(() if moves else users.active_aliases(pool, user).values())}
    return next((found for name in names if (found := users.find_or_none(pool, name)) is not None), None)


def insert(pool: PoolConfig, user: PoolUser, *, force: bool = False) -> None:
    """Store a new user and the sign-in names that follow from it; ``force`` takes them from their owners.

    Raises IntegrityError, AliasExistsException.
    """
    user_rows.ROWS.insert_with_key(user)
    users.store_aliases(pool, user, force=force)
