"""Which user an identity at a provider signs in as, and the user that its first sign-in makes.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-identity-federation-consolidate-users.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_

from django.db import IntegrityError, transaction
from django.db.models import Q

from cognito_app.core import clock
from cognito_app.models import Group, GroupMembership, LinkedIdentity, PoolUser
from cognito_app.models.base import insert_if_absent
from cognito_app.services import linking, new_users, providers, replicas, users
from cognito_app.services.actor import Actor, audit
from cognito_app.services.config import PoolConfig
from cognito_app.services.federated_sign_in import mapping
from cognito_app.services.federated_sign_in.identity import ProvenIdentity
from cognito_app.services.federated_sign_in.refusals import FederationRefused
from cognito_app.services.schema import IDENTITIES

REUSED_NAME = "The identity belongs to another provider of the same name."
AMBIGUOUS = "The identity is linked to more than one user."


def find(pool: PoolConfig, identity: ProvenIdentity, values: Mapping[str, str]) -> PoolUser | None:
    """Return the user of an identity: by its subject, else by an attribute that an administrator linked.

    A link by an attribute is bound to the subject when it is first used: whoever has that attribute later is another.
    Raises FederationRefused.
    """
    found = _linked(pool, identity, {linking.SUBJECT: identity.subject})
    if found:
        return found[0].user
    links = _linked(pool, identity, {name: value for name, value in values.items() if value})
    if not links:
        return None
    if len({link.user_id for link in links}) > 1:
        raise FederationRefused(AMBIGUOUS)
    return _bound(pool, identity, links[0])


def _linked(pool: PoolConfig, identity: ProvenIdentity, named: Mapping[str, str]) -> list[LinkedIdentity]:
    wanted = [
        Q(attribute=name, subject=value) for name, value in named.items() if len(value) <= linking.LONGEST_SUBJECT
    ]
    if not wanted:
        return []
    provider = identity.provider
    rows = LinkedIdentity.objects.filter(pool_id=pool.id, provider_name=provider.name).select_related("user")
    found = list(rows.filter(reduce(or_, wanted)))
    if any(row.provider_type != provider.type for row in found):
        raise FederationRefused(REUSED_NAME)
    return found


def _bound(pool: PoolConfig, identity: ProvenIdentity, link: LinkedIdentity) -> PoolUser | None:
    """Bind a link to the subject; where another sign-in was faster, the subject is linked by now."""
    try:
        with transaction.atomic():
            user = users.locked(link.user)
            unbound = LinkedIdentity.objects.filter(pk=link.pk, attribute=link.attribute, subject=link.subject)
            if unbound.update(attribute=linking.SUBJECT, subject=identity.subject):
                linking.show(user)
                return user
    except IntegrityError:
        pass
    again = _linked(pool, identity, {linking.SUBJECT: identity.subject})
    return again[0].user if again else None


def create(pool: PoolConfig, actor: Actor, identity: ProvenIdentity, user: PoolUser) -> PoolUser | None:
    """Store the user of a first sign-in, in the provider's group; None if the same identity was faster elsewhere.

    Raises FederationRefused, OperationNotEnabledException.
    """
    replicas.require_primary(pool.id)
    own = _primary(pool, identity)
    # Before it is stored: it keeps what the provider says from being a sign-in name (users.is_federated).
    user.set_attributes({**user.attributes, IDENTITIES: linking.listed([own])})
    try:
        with transaction.atomic():
            new_users.insert(pool, user)
            own.user = user
            own.save(force_insert=True)
            _join_group(identity, user)
            audit(actor, "CreateFederatedUser", pool_id=pool.id, subject=user.sub, provider=identity.provider.name)
    except IntegrityError:
        if _linked(pool, identity, {linking.SUBJECT: identity.subject}):
            return None
        raise FederationRefused(f"Already found an entry for username {user.username}") from None
    return user


def _primary(pool: PoolConfig, identity: ProvenIdentity) -> LinkedIdentity:
    return LinkedIdentity(
        pool_id=pool.id,
        provider_name=identity.provider.name,
        provider_type=identity.provider.type,
        attribute=linking.SUBJECT,
        subject=identity.subject,
        primary=True,
        issuer=identity.provider.metadata.get("entity_id"),
        created_at=clock.now(),
    )


def _join_group(identity: ProvenIdentity, user: PoolUser) -> None:
    """Put a new user into the provider's group, unless an administrator deleted that."""
    group = Group.objects.filter(pool_id=user.pool_id, name=providers.group_name(identity.provider)).first()
    if group is not None:
        insert_if_absent(GroupMembership, {"group": group.pk, "user": user.pk, "created_at": clock.now()})


def built(pool: PoolConfig, identity: ProvenIdentity, values: Mapping[str, str]) -> PoolUser:
    """Make the unsaved user of a first sign-in. Raises FederationRefused, InvalidParameterException."""
    user = new_users.unsaved(pool, identity.username(pool), PoolUser.Status.EXTERNAL_PROVIDER)
    user.set_attributes(mapping.merged(pool, user.attributes, values))
    return user


def update(pool: PoolConfig, user: PoolUser, values: Mapping[str, str]) -> PoolUser:
    """Overwrite the mapped attributes that changed.

    Raises FederationRefused, InvalidParameterException, AliasExistsException, UserNotFoundException.
    """
    if mapping.merged(pool, user.attributes, values) == user.attributes:
        return user
    if replicas.here(pool.id) is not None:
        # A secondary lets known users in, and leaves them as the primary made them.
        return user
    with transaction.atomic():
        row = users.locked(user)
        users.save_attributes(row, mapping.merged(pool, row.attributes, values))
        users.sync_aliases(pool, row)
    return row
