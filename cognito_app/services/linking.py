"""Identities at providers that sign in as a user of the pool: linking them, unlinking them, ending the local password.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-identity-federation-consolidate-users.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import orjson
from django.db import models, transaction

from cognito_app.core import clock
from cognito_app.errors import (
    AliasExistsException,
    InvalidParameterException,
    LimitExceededException,
    UserNotFoundException,
)
from cognito_app.models import IdentityProvider, LinkedIdentity, PoolUser
from cognito_app.models.base import insert_if_absent
from cognito_app.services import provider_rules, providers, sessions, users
from cognito_app.services.actor import Actor, audit
from cognito_app.services.config import PoolConfig
from cognito_app.services.provider_details import SOCIAL
from cognito_app.services.schema import IDENTITIES

SUBJECT = "Cognito_Subject"
MAX_LINKS = 5
MAX_ATTRIBUTES = 5
LONGEST_SUBJECT = 256

Rows = models.QuerySet[LinkedIdentity]

LOCAL_SOURCE = (
    "Invalid SourceUser: Cognito users with a username/password may not be passed in as a SourceUser, "
    "only as a DestinationUser"
)
SIGNED_UP = "Merging is not currently supported, provide a SourceUser that has not been signed up in order to link"
NOT_LINKED = "Account isn't linked to anyone else, verify that the account has been linked"


@dataclass(frozen=True, slots=True)
class ProviderUser:
    """A user as an administrator names it: by a provider, an attribute there and its value; each may be missing."""

    provider: str
    attribute: str
    value: str


def link(pool: PoolConfig, actor: Actor, *, destination: ProviderUser, source: ProviderUser) -> None:
    """Let an identity that has not signed in yet sign in as an existing user.

    Raises InvalidParameterException, ResourceNotFoundException, UserNotFoundException, LimitExceededException,
    AliasExistsException.
    """
    provider = _source_provider(pool, source)
    user = _destination(pool, destination)
    with transaction.atomic():
        row = users.locked(user)
        _check_free(pool, row, source)
        if LinkedIdentity.objects.filter(user=row, primary=False).count() >= MAX_LINKS:
            raise LimitExceededException(f"A user can have at most {MAX_LINKS} linked identities.")
        _check_attributes(provider, source.attribute)
        values = {
            "pool": pool.id,
            "user": row.pk,
            "provider_name": provider.name,
            "provider_type": provider.type,
            "attribute": source.attribute,
            "subject": source.value,
            "primary": False,
            "issuer": provider.metadata.get("entity_id"),
            "created_at": clock.now(),
        }
        if not insert_if_absent(LinkedIdentity, values):
            raise _taken()
        show(row)
        audit(actor, "AdminLinkProviderForUser", pool_id=pool.id, subject=row.sub, provider=provider.name)


def _source_provider(pool: PoolConfig, source: ProviderUser) -> IdentityProvider:
    """Return the provider of an identity that is to be linked, after checking how the identity is named."""
    _check_named(source, "SourceUser")
    if provider_rules.is_local(source.provider):
        raise InvalidParameterException(LOCAL_SOURCE)
    provider = providers.find(pool, source.provider)
    _check_attribute_of(provider.type, source.attribute)
    # ``username`` is the subject by another name: two names for one identity could lead to two users.
    mapped = source.attribute in provider.attribute_mapping and source.attribute != "username"
    if source.attribute != SUBJECT and not mapped:
        raise InvalidParameterException(
            f"Invalid SourceUser: ProviderAttributeName must be {SUBJECT} or an attribute that the identity provider "
            "maps."
        )
    return provider


def _check_named(who: ProviderUser, label: str) -> None:
    for member, value in (
        ("ProviderName", who.provider),
        ("ProviderAttributeName", who.attribute),
        ("ProviderAttributeValue", who.value),
    ):
        if not value:
            raise InvalidParameterException(f"Invalid {label}: {member} is required.")
    if len(who.value) > LONGEST_SUBJECT:
        raise InvalidParameterException(f"Invalid {label}: ProviderAttributeValue is too long.")


def _check_attribute_of(kind: str, attribute: str) -> None:
    if kind in SOCIAL and attribute != SUBJECT:
        raise InvalidParameterException(f"ProviderAttributeName must be {SUBJECT} for social identity providers.")


def _destination(pool: PoolConfig, who: ProviderUser) -> PoolUser:
    """Return the user that is to be signed in: a local one by name, a federated one by its subject."""
    _check_named(ProviderUser(who.provider, SUBJECT, who.value), "DestinationUser")
    if provider_rules.is_local(who.provider):
        return users.find(pool, who.value)
    provider = providers.find(pool, who.provider)
    own = _rows(pool, provider.name, SUBJECT, who.value).filter(primary=True).select_related("user").first()
    if own is None:
        raise UserNotFoundException
    return own.user


def _rows(pool: PoolConfig, provider: str, attribute: str, subject: str) -> Rows:
    return LinkedIdentity.objects.filter(pool_id=pool.id, provider_name=provider, attribute=attribute, subject=subject)


def _check_free(pool: PoolConfig, user: PoolUser, source: ProviderUser) -> None:
    """Refuse an identity that leads to a user already."""
    present = _rows(pool, source.provider, source.attribute, source.value).first()
    if present is None:
        return
    if present.primary:
        raise InvalidParameterException(SIGNED_UP)
    if present.user_id == user.pk:
        raise InvalidParameterException("SourceUser is already linked to DestinationUser")
    raise _taken()


def _taken() -> AliasExistsException:
    return AliasExistsException("SourceUser is already linked to another user.")


def _check_attributes(provider: IdentityProvider, attribute: str) -> None:
    """Keep to five attributes of a provider by which identities are linked; the subject does not count."""
    rows = LinkedIdentity.objects.filter(pool_id=provider.pool_id, provider_name=provider.name)
    if attribute == SUBJECT or rows.filter(attribute=attribute).exists():
        return
    IdentityProvider.objects.select_for_update().filter(pk=provider.pk).first()
    others, last = 0, ""
    # From one attribute to the next by the index: there may be millions of rows to each.
    while found := rows.filter(attribute__gt=last).order_by("attribute").values_list("attribute", flat=True).first():
        others += found not in (SUBJECT, attribute)
        last = found
    if others >= MAX_ATTRIBUTES:
        raise LimitExceededException(
            f"Users can be linked to an identity provider by at most {MAX_ATTRIBUTES} attributes."
        )


def disable(pool: PoolConfig, actor: Actor, who: ProviderUser) -> None:
    """Take a way to sign in from a user: a link, or for the provider ``Cognito`` the password.

    Raises InvalidParameterException, ResourceNotFoundException, UserNotFoundException, AliasExistsException.
    """
    _check_named(who, "User")
    if provider_rules.is_local(who.provider):
        _disable_password(pool, actor, who)
    else:
        _unlink(pool, actor, who)


def _unlink(pool: PoolConfig, actor: Actor, who: ProviderUser) -> None:
    """Remove a link; one to a provider that was deleted can be removed too."""
    if who.provider in SOCIAL:
        _check_attribute_of(who.provider, who.attribute)
    linked = _rows(pool, who.provider, who.attribute, who.value).filter(primary=False).select_related("user").first()
    if linked is None:
        providers.find(pool, who.provider)
        raise InvalidParameterException(NOT_LINKED)
    with transaction.atomic():
        row = users.locked(linked.user)
        deleted, _ = LinkedIdentity.objects.filter(pk=linked.pk, user=row).delete()
        if not deleted:
            raise InvalidParameterException(NOT_LINKED)
        show(row)
        audit(actor, "AdminDisableProviderForUser", pool_id=pool.id, subject=row.sub, provider=who.provider)


def _disable_password(pool: PoolConfig, actor: Actor, who: ProviderUser) -> None:
    """Remove a user's password; the status keeps them from setting another, which an administrator still can."""
    if who.attribute != SUBJECT:
        raise InvalidParameterException(f"ProviderAttributeName must be {SUBJECT} for the provider Cognito.")
    with transaction.atomic():
        row = users.locked(users.find(pool, who.value))
        row.password_hash = row.srp_verifier = row.temporary_password_expires_at = None
        row.status = PoolUser.Status.EXTERNAL_PROVIDER
        users.save_attributes(row, row.attributes)
        users.sync_aliases(pool, row)
        sessions.end_for_new_password(row)
        audit(actor, "AdminDisableProviderForUser", pool_id=pool.id, subject=row.sub, provider="Cognito")


def show(user: PoolUser) -> None:
    """Make the attribute ``identities`` follow from the rows; call it with the user locked."""
    rows = LinkedIdentity.objects.filter(user=user).order_by("-primary", "id")
    users.save_attributes(user, {**user.attributes, IDENTITIES: listed(rows)})


def listed(rows: Iterable[LinkedIdentity]) -> str:
    """Return the value of the attribute ``identities``, empty without any."""
    items = [
        {
            "userId": row.subject,
            "providerName": row.provider_name,
            "providerType": row.provider_type,
            "issuer": row.issuer,
            "primary": row.primary,
            "dateCreated": int(row.created_at.timestamp() * 1000),
        }
        for row in rows
    ]
    return orjson.dumps(items).decode() if items else ""
