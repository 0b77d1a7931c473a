"""Finding users, and the bookkeeping that every change of a user shares."""

from __future__ import annotations

import time
from collections.abc import Mapping

import orjson
from django.db import IntegrityError, transaction

from cognito_app.core import clock
from cognito_app.errors import AliasExistsException, UserNotFoundException
from cognito_app.models import PoolUser, UserAlias, user_rows
from cognito_app.models.base import SHORT_KEY
from cognito_app.models.user import search_key
from cognito_app.services.attributes import VERIFIED_FLAGS, is_email, is_phone_number
from cognito_app.services.config import PoolConfig
from cognito_app.services.schema import IDENTITIES

EXACT_COUNT_UP_TO = 1000
COUNT_STAYS_SECONDS = 60

_counts: dict[str, tuple[float, int]] = {}


def find_or_none(pool: PoolConfig, name: str) -> PoolUser | None:
    """Return the user with this username or active alias, or None; one indexed query in either case."""
    if len(name) > 128 or "\x00" in name:
        return None
    if pool.username_attributes or pool.alias_attributes:
        return user_rows.by_sign_in_name(pool.id, pool.fold(name), alias_key(pool, name))
    return user_rows.by_username(pool.id, pool.fold(name))


def find(pool: PoolConfig, name: str) -> PoolUser:
    """Return the user with this username or active alias.

    Raises UserNotFoundException.
    """
    user = find_or_none(pool, name)
    if user is None:
        raise UserNotFoundException
    return user


def locked(user: PoolUser) -> PoolUser:
    """Return the row read anew and locked until the transaction ends (SQLite locks the database on its own).

    Raises UserNotFoundException if the user was deleted meanwhile.
    """
    # Not the key: whoever inserts a row that refers to the user (a rotated token) need not wait, or wait in a circle.
    row = user_rows.locked(user.pk)
    if row is None:
        raise UserNotFoundException
    return row


def alias_key(pool: PoolConfig, value: str) -> str:
    """Return the form in which sign-in names are compared and stored."""
    return value[:SHORT_KEY] if pool.case_sensitive else search_key(value)


def active_aliases(pool: PoolConfig, user: PoolUser) -> dict[str, str]:
    """Return the sign-in names that the user's attributes give beside the username, by kind.

    In a pool with username attributes an address counts at once; as an alias it counts when verified, and a preferred
    user name when the user is confirmed. Users whom a provider's sign-in made have none: what a provider says must
    not take a name from anybody.
    """
    names: dict[str, str] = {}
    if is_federated(user):
        return names
    for kind in ("email", "phone_number"):
        value = user.attributes.get(kind)
        verified = user.attributes.get(VERIFIED_FLAGS[kind]) == "true"
        if value and (kind in pool.username_attributes or (kind in pool.alias_attributes and verified)):
            names[kind] = value
    preferred = user.attributes.get("preferred_username")
    if preferred and "preferred_username" in pool.alias_attributes and user.status != PoolUser.Status.UNCONFIRMED:
        names["preferred_username"] = preferred
    return names


def is_federated(user: PoolUser) -> bool:
    """Whether a sign-in at a provider made the user, and not one that was linked later."""
    text = user.attributes.get(IDENTITIES)
    return text is not None and any(item["primary"] for item in orjson.loads(text))


def sync_aliases(pool: PoolConfig, user: PoolUser, *, force: bool = False) -> None:
    """Make the stored sign-in names follow from the user's attributes. Call it in the transaction that saves the user.

    ``force`` takes a name away from its present owner, whose address becomes unverified.
    Raises AliasExistsException if a name belongs to somebody else.
    """
    if not (pool.username_attributes or pool.alias_attributes):
        return
    wanted = {kind: alias_key(pool, value) for kind, value in active_aliases(pool, user).items()}
    present = dict(UserAlias.objects.filter(user=user).values_list("kind", "key"))
    gone = [kind for kind, key in present.items() if wanted.get(kind) != key]
    if gone:
        UserAlias.objects.filter(user=user, kind__in=gone).delete()
    for kind, key in wanted.items():
        if present.get(kind) != key:
            _take_alias(pool, user, kind, key, force=force)


def _take_alias(pool: PoolConfig, user: PoolUser, kind: str, key: str, *, force: bool) -> None:
    if force:
        _release_alias(pool, user, kind, key)
    try:
        with transaction.atomic():
            UserAlias.objects.create(pool_id=pool.id, kind=kind, key=key, user=user)
    except IntegrityError:
        label = "preferred username" if kind == "preferred_username" else kind
        raise AliasExistsException(f"An account with the given {label} already exists.") from None


def _release_alias(pool: PoolConfig, user: PoolUser, kind: str, key: str) -> None:
    alias = (
        UserAlias.objects.filter(pool_id=pool.id, kind=kind, key=key).exclude(user=user).select_related("user").first()
    )
    if alias is None:
        return
    owner = locked(alias.user)
    flag = VERIFIED_FLAGS.get(kind)
    attributes = {name: value for name, value in owner.attributes.items() if flag is not None or name != kind}
    if flag is not None:
        attributes[flag] = "false"
    alias.delete()
    save_attributes(owner, attributes)


def save_attributes(user: PoolUser, attributes: Mapping[str, str]) -> None:
    """Store a user's attributes, search keys and modification date; empty values are dropped."""
    user.set_attributes({name: value for name, value in attributes.items() if value != ""})
    user.modified_at = clock.now()
    user_rows.ROWS.update(user)


def contact_kind(name: str) -> str | None:
    """Return which contact attribute a sign-in name looks like, or None."""
    if is_email(name):
        return "email"
    return "phone_number" if is_phone_number(name) else None


def estimated_count(pool_id: str) -> int:
    """Return the number of users: exact up to a thousand, else at most a minute old."""
    known = _counts.get(pool_id)
    if known is not None and time.monotonic() < known[0]:
        return known[1]
    users = PoolUser.objects.filter(pool_id=pool_id)
    count = users.values("pk").order_by()[: EXACT_COUNT_UP_TO + 1].count()
    if count > EXACT_COUNT_UP_TO:
        count = users.count()
        _counts[pool_id] = (time.monotonic() + COUNT_STAYS_SECONDS, count)
    return count
