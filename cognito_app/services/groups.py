"""Groups: their settings, members, and what they add to tokens.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-user-groups.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, connection, transaction

from cognito_app.core import clock, paging
from cognito_app.errors import GroupExistsException, LimitExceededException, ResourceNotFoundException
from cognito_app.models import Group, GroupMembership, PoolUser
from cognito_app.models.base import insert_if_absent
from cognito_app.services import keyset
from cognito_app.services.actor import Actor, audit
from cognito_app.services.config import PoolConfig

MAX_GROUPS = 10_000
MAX_GROUPS_OF_USER = 100
LARGEST_PAGE = 60

_OF_USER = (
    "SELECT g.name, g.role_arn, g.precedence FROM cognito_app_groupmembership m "
    "JOIN cognito_app_group g ON g.id = m.group_id WHERE m.user_id = %s "
    "ORDER BY CASE WHEN g.precedence IS NULL THEN 1 ELSE 0 END, g.precedence, g.id"
)


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """What a token needs of a group."""

    name: str
    role_arn: str | None
    precedence: int | None


def of_user(user_id: int) -> list[GroupRecord]:
    """Return a user's groups, the lowest precedence first, those without one last."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_USER, [user_id])
        return [GroupRecord(*row) for row in cursor.fetchall()]


def find(pool: PoolConfig, name: str) -> Group:
    """Return a group. Raises ResourceNotFoundException."""
    group = Group.objects.filter(pool_id=pool.id, name=name).first()
    if group is None:
        raise ResourceNotFoundException("Group not found.")
    return group


def create(pool: PoolConfig, actor: Actor, *, name: str, **settings: Any) -> Group:
    """Create a group; ``settings`` are description, role_arn and precedence.

    Raises GroupExistsException or LimitExceededException.
    """
    if Group.objects.filter(pool_id=pool.id)[MAX_GROUPS - 1 : MAX_GROUPS].exists():
        raise LimitExceededException("Maximum number of groups for the user pool exceeded.")
    now = clock.now()
    try:
        with transaction.atomic():
            group = Group.objects.create(pool_id=pool.id, name=name, created_at=now, modified_at=now, **settings)
            audit(actor, "CreateGroup", pool_id=pool.id, subject=name)
    except IntegrityError:
        raise GroupExistsException("A group with the name already exists.") from None
    return group


@transaction.atomic
def update(pool: PoolConfig, actor: Actor, *, name: str, **changes: Any) -> Group:
    """Change a group's description, role_arn or precedence; None keeps the present value.

    Raises ResourceNotFoundException.
    """
    group = find(pool, name)
    for field, value in changes.items():
        if value is not None:
            setattr(group, field, value)
    group.modified_at = clock.now()
    group.save()
    audit(actor, "UpdateGroup", pool_id=pool.id, subject=name)
    return group


@transaction.atomic
def delete(pool: PoolConfig, actor: Actor, *, name: str) -> None:
    """Delete a group; its members stay. Raises ResourceNotFoundException."""
    find(pool, name).delete()
    audit(actor, "DeleteGroup", pool_id=pool.id, subject=name)


def page(pool: PoolConfig, *, limit: int | None, token: str | None) -> tuple[list[Group], str | None]:
    """Return a page of the pool's groups, oldest first, and the token of the next."""
    rows = Group.objects.filter(pool_id=pool.id)
    return keyset.by_key(rows, scope=f"ListGroups:{pool.id}", limit=limit or LARGEST_PAGE, token=token)


def page_of_user(
    pool: PoolConfig, user: PoolUser, *, limit: int | None, token: str | None
) -> tuple[list[Group], str | None]:
    """Return a page of a user's groups and the token of the next."""
    rows = Group.objects.filter(groupmembership__user=user)
    scope = f"AdminListGroupsForUser:{pool.id}:{user.pk}"
    return keyset.by_key(rows, scope=scope, limit=limit or LARGEST_PAGE, token=token)


def members(pool: PoolConfig, *, name: str, limit: int | None, token: str | None) -> tuple[list[PoolUser], str | None]:
    """Return a page of a group's members and the token of the next. Raises ResourceNotFoundException."""
    group = find(pool, name)
    scope = f"ListUsersInGroup:{pool.id}:{group.pk}"
    after = paging.decode(scope, token)["after"] if token else 0
    size = limit or LARGEST_PAGE
    rows = GroupMembership.objects.filter(group=group, user_id__gt=after).select_related("user")
    found = [row.user for row in rows.order_by("user_id")[: size + 1]]
    following = paging.encode(scope, {"after": found[size - 1].pk}) if len(found) > size else None
    return found[:size], following


@transaction.atomic
def add_member(pool: PoolConfig, actor: Actor, *, name: str, user: PoolUser) -> None:
    """Put a user into a group; a member stays one.

    Raises ResourceNotFoundException or LimitExceededException.
    """
    group = find(pool, name)
    if GroupMembership.objects.filter(user=user)[MAX_GROUPS_OF_USER - 1 : MAX_GROUPS_OF_USER].exists():
        raise LimitExceededException("Maximum number of groups for the user exceeded.")
    insert_if_absent(GroupMembership, {"group": group.pk, "user": user.pk, "created_at": clock.now()})
    audit(actor, "AdminAddUserToGroup", pool_id=pool.id, subject=user.sub, group=name)


@transaction.atomic
def remove_member(pool: PoolConfig, actor: Actor, *, name: str, user: PoolUser) -> None:
    """Take a user out of a group; one who is not a member stays out. Raises ResourceNotFoundException."""
    group = find(pool, name)
    GroupMembership.objects.filter(group=group, user=user).delete()
    audit(actor, "AdminRemoveUserFromGroup", pool_id=pool.id, subject=user.sub, group=name)
