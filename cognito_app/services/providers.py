"""Identity providers of a pool: creating, describing, changing, deleting.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-identity-federation.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from django.db import transaction

from cognito_app.core import clock, keyring
from cognito_app.errors import (
    ConcurrentModificationException,
    DuplicateProviderException,
    InvalidParameterException,
    LimitExceededException,
    ResourceNotFoundException,
    UnsupportedIdentityProviderException,
)
from cognito_app.models import AppClient, Group, IdentityProvider, ProviderIdentifier, UserPool
from cognito_app.models.base import insert_if_absent
from cognito_app.services import client_rules, keyset, provider_details, provider_rules, schema, stamps
from cognito_app.services.actor import SYSTEM, Actor, audit
from cognito_app.services.config import PoolConfig, stamp_of
from cognito_app.services.provider_details import Details

MAX_PROVIDERS = 300
LARGEST_PAGE = 50


def find(pool: PoolConfig, name: str) -> IdentityProvider:
    """Return a provider with its identifiers. Raises ResourceNotFoundException."""
    rows = IdentityProvider.objects.filter(pool_id=pool.id, name=name)
    row = rows.prefetch_related("identifiers").first()
    if row is None:
        raise unknown(name)
    return row


def unknown(name: str) -> ResourceNotFoundException:
    """Return the error for a provider that the pool does not have."""
    return ResourceNotFoundException(f"Identity provider {name} does not exist.")


def find_by_identifier(pool: PoolConfig, identifier: str) -> IdentityProvider:
    """Return the provider that an identifier chooses. Raises ResourceNotFoundException."""
    rows = IdentityProvider.objects.filter(identifiers__pool_id=pool.id, identifiers__identifier=identifier)
    row = rows.prefetch_related("identifiers").first()
    if row is None:
        raise unknown(identifier)
    return row


def page(pool: PoolConfig, *, limit: int | None, token: str | None) -> tuple[list[IdentityProvider], str | None]:
    """Return a page of the pool's providers, oldest first, and the token of the next; none has its details read."""
    rows = IdentityProvider.objects.filter(pool_id=pool.id).defer("details", "metadata", "secret_sealed")
    size = min(limit or LARGEST_PAGE, LARGEST_PAGE)
    return keyset.by_key(rows, scope=f"ListIdentityProviders:{pool.id}", limit=size, token=token)


def shown_details(row: IdentityProvider) -> dict[str, str]:
    """Return a provider's details as Describe shows them: with the client secret, without other secrets."""
    secrets = open_secrets(row)
    shown: dict[str, str] = dict(row.details)
    if "client_secret" in secrets:
        shown["client_secret"] = secrets["client_secret"]
    return dict(sorted(shown.items()))


def open_secrets(row: IdentityProvider) -> dict[str, str]:
    """Return the secret members of a provider's details, and the key pair that its assertions are encrypted for."""
    if row.secret_sealed is None:
        return {}
    opened: dict[str, str] = orjson.loads(keyring.unseal(bytes(row.secret_sealed), aad=_context(row)))
    return opened


def _context(row: IdentityProvider) -> bytes:
    return f"provider:{row.pool_id}:{row.name}".encode("utf-8", "surrogatepass")


def create(
    pool: PoolConfig,
    actor: Actor,
    *,
    name: str,
    kind: str,
    details: Mapping[str, str],
    attribute_mapping: Mapping[str, str] | None = None,
    identifiers: list[str] | None = None,
    acr_mapping: Mapping[str, str] | None = None,
) -> IdentityProvider:
    """Add a provider, the group of its users, and the attribute ``identities`` if it is the pool's first.

    Raises InvalidParameterException, DuplicateProviderException, LimitExceededException, ResourceNotFoundException.
    """
    provider_rules.check_name(name, kind)
    if acr_mapping and kind != "OIDC":
        raise InvalidParameterException("Only OIDC identity providers support AcrMapping.")
    mapping = provider_rules.attribute_mapping(pool, kind, attribute_mapping or {})
    provider_rules.check_identifiers(identifiers or [])
    _check_room(pool, name)
    built = provider_details.build(kind, details, {}, pool.id)
    now = clock.now()
    row = IdentityProvider(
        pool_id=pool.id,
        name=name,
        type=kind,
        attribute_mapping=mapping,
        acr_mapping=dict(acr_mapping or {}),
        created_at=now,
        modified_at=now,
    )
    _put_details(row, built)
    with transaction.atomic():
        _add_identities_attribute(_locked_pool(pool))
        _check_room(pool, name)
        _check_clients(row)
        row.save(force_insert=True)
        _set_identifiers(row, identifiers or [])
        _add_group(row)
        _changed(pool, actor, "CreateIdentityProvider", name, type=kind)
    return find(pool, name)


def _check_room(pool: PoolConfig, name: str) -> None:
    rows = IdentityProvider.objects.filter(pool_id=pool.id)
    if rows.filter(name=name).exists():
        raise DuplicateProviderException(f"A provider already exists with the name {name}.")
    if rows[MAX_PROVIDERS - 1 : MAX_PROVIDERS].exists():
        raise LimitExceededException("Maximum number of identity providers for the user pool exceeded.")


def _locked_pool(pool: PoolConfig) -> UserPool:
    """Lock the pool's row: names, identifiers and the number of providers are checked one request at a time."""
    row = UserPool.objects.select_for_update().filter(pk=pool.id).first()
    if row is None:
        raise ResourceNotFoundException(f"User pool {pool.id} does not exist.")
    return row


def _add_identities_attribute(row: UserPool) -> None:
    extended = schema.with_identities(row.schema)
    if extended is not row.schema:
        row.schema = extended
        row.save(update_fields=["schema"])


def _put_details(row: IdentityProvider, built: Details) -> None:
    row.details = built.shown
    row.metadata = built.metadata
    row.metadata_due_at = built.due_at
    row.secret_sealed = keyring.seal(orjson.dumps(built.secrets), aad=_context(row)) if built.secrets else None


def _set_identifiers(row: IdentityProvider, identifiers: list[str]) -> None:
    ProviderIdentifier.objects.filter(provider=row).delete()
    taken = ProviderIdentifier.objects.filter(pool_id=row.pool_id, identifier__in=identifiers).first()
    if taken is not None:
        raise InvalidParameterException(f"The identifier {taken.identifier} belongs to another identity provider.")
    ProviderIdentifier.objects.bulk_create(
        ProviderIdentifier(pool_id=row.pool_id, provider=row, identifier=identifier) for identifier in identifiers
    )


def group_name(row: IdentityProvider) -> str:
    """Return the name of the group of those users that sign-ins by a provider made."""
    return f"{row.pool_id}_{row.name}"


def _add_group(row: IdentityProvider) -> None:
    insert_if_absent(
        Group,
        {
            "pool": row.pool_id,
            "name": group_name(row),
            "description": f"Autogenerated group for users who sign in using {row.name}",
            "created_at": row.created_at,
            "modified_at": row.created_at,
        },
    )


def _changed(pool: PoolConfig, actor: Actor, action: str, name: str, **detail: Any) -> None:
    stamps.bump(stamp_of(pool.id))
    audit(actor, action, pool_id=pool.id, subject=name, **detail)


def update(
    pool: PoolConfig,
    actor: Actor,
    *,
    name: str,
    details: Mapping[str, str] | None = None,
    attribute_mapping: Mapping[str, str] | None = None,
    identifiers: list[str] | None = None,
    acr_mapping: Mapping[str, str] | None = None,
) -> IdentityProvider:
    """Replace the members that are given; what is None stays.

    Raises ResourceNotFoundException, InvalidParameterException, UnsupportedIdentityProviderException,
    ConcurrentModificationException.
    """
    _refuse_local(name)
    before = find(pool, name)
    if acr_mapping and before.type != "OIDC":
        raise UnsupportedIdentityProviderException("Only OIDC identity providers support AcrMapping.")
    mapping = None
    if attribute_mapping is not None:
        mapping = provider_rules.attribute_mapping(pool, before.type, attribute_mapping)
    provider_rules.check_identifiers(identifiers or [])
    built = None
    if details is not None:
        built = provider_details.build(before.type, details, open_secrets(before), pool.id)
    with transaction.atomic():
        _locked_pool(pool)
        row = find(pool, name)
        if row.pk != before.pk or row.modified_at != before.modified_at:
            raise ConcurrentModificationException(f"Identity provider {name} was changed at the same time.")
        if built is not None:
            _put_details(row, built)
            _check_clients(row)
        if mapping is not None:
            row.attribute_mapping = mapping
        if acr_mapping is not None:
            row.acr_mapping = dict(acr_mapping)
        if identifiers is not None:
            _set_identifiers(row, identifiers)
        row.modified_at = clock.now()
        row.save()
        _changed(pool, actor, "UpdateIdentityProvider", name)
    return find(pool, name)


@transaction.atomic
def put_metadata(before: IdentityProvider, built: Details) -> None:
    """Store what a SAML provider's metadata says by now, unless the provider was changed since ``before`` was read."""
    UserPool.objects.select_for_update().filter(pk=before.pool_id).first()
    row = IdentityProvider.objects.filter(pk=before.pk, modified_at=before.modified_at).first()
    if row is None:
        return
    changed = {**row.metadata, "read_at": None} != {**built.metadata, "read_at": None}
    row.details, row.metadata, row.metadata_due_at = built.shown, built.metadata, built.due_at
    row.save(update_fields=["details", "metadata", "metadata_due_at"])
    if changed:
        stamps.bump(stamp_of(row.pool_id))
        audit(SYSTEM, "RefreshMetadata", pool_id=row.pool_id, subject=row.name)


def _refuse_local(name: str) -> None:
    if provider_rules.is_local(name):
        raise UnsupportedIdentityProviderException("The user pool itself is no identity provider that can be changed.")


def _check_clients(row: IdentityProvider) -> None:
    """A provider that may start sign-ins cannot be one of a client's that has other than SAML providers.

    Clients keep the names of deleted providers, so this may be true of a new one too.
    """
    if not client_rules.starts_sign_in(row.details):
        return
    saml: Iterable[str] = IdentityProvider.objects.filter(pool_id=row.pool_id, type="SAML").values_list(
        "name", flat=True
    )
    allowed = {*saml, row.name}
    for settings in AppClient.objects.filter(pool_id=row.pool_id).values_list("configuration", flat=True).iterator():
        names = set(settings.get("SupportedIdentityProviders") or ())
        if row.name in names and names - allowed:
            raise InvalidParameterException(client_rules.ONLY_SAML)


def delete(pool: PoolConfig, actor: Actor, *, name: str) -> None:
    """Delete a provider with its identifiers.

    The users that it made, links to it, its group and its name in clients' settings stay, as they do in AWS: a
    provider that is created anew under the name finds its users again.
    Raises ResourceNotFoundException or UnsupportedIdentityProviderException.
    """
    _refuse_local(name)
    with transaction.atomic():
        _locked_pool(pool)
        find(pool, name).delete()
        _changed(pool, actor, "DeleteIdentityProvider", name)
