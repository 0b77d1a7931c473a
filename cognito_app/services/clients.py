"""App clients: settings and secrets.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-client-apps.html
"""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256
from typing import Any

from django.db import transaction

from cognito_app.core import clock, ids, keyring, secrets
from cognito_app.errors import (
    InvalidParameterException,
    LimitExceededException,
    NotAuthorizedException,
    ResourceNotFoundException,
)
from cognito_app.models import AppClient, ClientSecret, ManagedLoginBranding, RiskConfiguration, Terms, UICustomization
from cognito_app.services import client_rules, keyset, stamps
from cognito_app.services.actor import Actor, audit
from cognito_app.services.config import ClientConfig, PoolConfig, stamp_of

MAX_CLIENTS = 10_000
MAX_SECRETS = 2
LARGEST_PAGE = 60
REGULAR = "REGULAR"


def find(pool: PoolConfig, client_id: str) -> AppClient:
    """Return a client of the pool with its secrets. Raises ResourceNotFoundException."""
    row = AppClient.objects.filter(pk=client_id, pool_id=pool.id).prefetch_related("secrets").first()
    if row is None:
        raise _unknown(client_id)
    return row


def _unknown(client_id: str) -> ResourceNotFoundException:
    return ResourceNotFoundException(f"User pool client {client_id} does not exist.")


def first_secret(row: AppClient) -> str | None:
    """Return the oldest secret in clear, or None for a public client."""
    stored = next(iter(row.secrets.all()), None)
    return None if stored is None else keyring.unseal(bytes(stored.sealed), aad=row.id.encode()).decode()


def create(
    pool: PoolConfig,
    actor: Actor,
    *,
    name: str,
    settings: dict[str, Any],
    generate_secret: bool = False,
    secret: str | None = None,
) -> AppClient:
    """Create a client, public unless a secret is given or asked for.

    Raises InvalidParameterException, InvalidOAuthFlowException, ScopeDoesNotExistException, LimitExceededException.
    """
    if generate_secret and secret is not None:
        raise InvalidParameterException("GenerateSecret and ClientSecret cannot both be set.")
    has_secret = generate_secret or secret is not None
    configuration = client_rules.normalize(pool, settings, has_secret=has_secret)
    if AppClient.objects.filter(pool_id=pool.id)[MAX_CLIENTS - 1 : MAX_CLIENTS].exists():
        raise LimitExceededException("Maximum number of app clients for the user pool exceeded.")
    now = clock.now()
    row = AppClient(
        id=ids.client_id(), pool_id=pool.id, name=name, configuration=configuration, created_at=now, modified_at=now
    )
    with transaction.atomic():
        row.save(force_insert=True)
        if has_secret:
            _store_secret(row, secret or ids.client_secret())
        stamps.bump(stamp_of(pool.id))
        audit(actor, "CreateUserPoolClient", pool_id=pool.id, subject=row.id)
    return row


def update(
    pool: PoolConfig, actor: Actor, client_id: str, *, settings: dict[str, Any], name: str | None = None
) -> AppClient:
    """Replace a client's settings; its secrets stay. Raises as ``create``, and ResourceNotFoundException."""
    with transaction.atomic():
        row = locked(pool, client_id)
        row.configuration = client_rules.normalize(pool, settings, has_secret=bool(row.secrets.all()))
        if name is not None:
            row.name = name
        row.modified_at = clock.now()
        row.save()
        stamps.bump(stamp_of(pool.id))
        audit(actor, "UpdateUserPoolClient", pool_id=pool.id, subject=row.id, members=sorted(settings))
    return row


@transaction.atomic
def delete(pool: PoolConfig, actor: Actor, client_id: str) -> None:
    """Delete a client, and what its pages show. Raises ResourceNotFoundException."""
    find(pool, client_id).delete()
    for model in (ManagedLoginBranding, UICustomization, Terms, RiskConfiguration):
        model._default_manager.filter(pool_id=pool.id, client_id=client_id).delete()
    stamps.bump(stamp_of(pool.id))
    audit(actor, "DeleteUserPoolClient", pool_id=pool.id, subject=client_id)


def kind_of(row: AppClient) -> str:
    """Return REGULAR, or DCR for a client that registered itself."""
    return str(row.extras.get("client_type", REGULAR))


def page(
    pool: PoolConfig, *, limit: int | None, token: str | None, kind: str | None = None
) -> tuple[list[AppClient], str | None]:
    """Return a page of the pool's clients, oldest first, and the token of the next.

    With ``kind`` only those of it: a page may then hold fewer than ``limit`` and still not be the last.
    """
    rows = AppClient.objects.filter(pool_id=pool.id)
    scope = f"ListUserPoolClients:{pool.id}:{kind or ''}"
    found, following = keyset.by_age(rows, scope=scope, limit=limit or LARGEST_PAGE, token=token)
    return [row for row in found if kind is None or kind_of(row) == kind], following


def _store_secret(row: AppClient, value: str) -> ClientSecret:
    now = clock.now()
    return ClientSecret.objects.create(
        id=f"{row.id}--{int(now.timestamp() * 1000)}",
        client=row,
        sealed=keyring.seal(value.encode(), aad=row.id.encode()),
        created_at=now,
    )


def add_secret(
    pool: PoolConfig, actor: Actor, client_id: str, *, secret: str | None = None
) -> tuple[ClientSecret, str | None]:
    """Add a second secret; returns it, and its value if it was generated here.

    Raises ResourceNotFoundException, InvalidParameterException, LimitExceededException.
    """
    with transaction.atomic():
        row = locked(pool, client_id)
        present = row.secrets.count()
        if present == 0:
            raise InvalidParameterException("A public client cannot be given a secret.")
        if present >= MAX_SECRETS:
            raise LimitExceededException("Client secrets cannot exceed limit of 2 secrets.")
        generated = None if secret is not None else ids.client_secret()
        stored = _store_secret(row, secret or generated or "")
        stamps.bump(stamp_of(pool.id))
        audit(actor, "AddUserPoolClientSecret", pool_id=pool.id, subject=client_id)
    return stored, generated


def delete_secret(pool: PoolConfig, actor: Actor, client_id: str, secret_id: str) -> None:
    """Delete one of two secrets. Raises ResourceNotFoundException or InvalidParameterException."""
    with transaction.atomic():
        row = locked(pool, client_id)
        if not row.secrets.filter(pk=secret_id).exists():
            raise ResourceNotFoundException(f"Client secret {secret_id} does not exist.")
        if row.secrets.count() == 1:
            raise InvalidParameterException("Cannot delete the only client secret.")
        row.secrets.filter(pk=secret_id).delete()
        stamps.bump(stamp_of(pool.id))
        audit(actor, "DeleteUserPoolClientSecret", pool_id=pool.id, subject=client_id)


def locked(pool: PoolConfig, client_id: str) -> AppClient:
    """Return a client of the pool, locked until the transaction ends. Raises ResourceNotFoundException."""
    row = AppClient.objects.select_for_update().filter(pk=client_id, pool_id=pool.id).first()
    if row is None:
        raise _unknown(client_id)
    return row


def secret_hash(username: str, client_id: str, secret: str) -> str:
    """Return the SECRET_HASH that proves knowledge of a client secret."""
    digest = hmac.digest(secret.encode(), f"{username}{client_id}".encode("utf-8", "surrogatepass"), sha256)
    return base64.b64encode(digest).decode()


def verify_secret_hash(client: ClientConfig, usernames: list[str], given: str | None) -> None:
    """Check a SECRET_HASH over any of ``usernames`` with any of the client's secrets.

    Raises NotAuthorizedException.
    """
    if not client.secrets:
        if given:
            raise NotAuthorizedException(f"Client {client.id} is not configured for secret but secret was received")
        return
    if not given:
        raise NotAuthorizedException(f"Client {client.id} is configured with secret but SECRET_HASH was not received")
    expected = [secret_hash(name, client.id, secret) for name in usernames for secret in client.secrets]
    if not any([secrets.compare(candidate, given) for candidate in expected]):
        raise NotAuthorizedException(f"Unable to verify secret hash for client {client.id}")


def verify_secret(client: ClientConfig, given: str | None) -> bool:
    """Whether ``given`` authenticates the client; a public client must send none."""
    if not client.secrets:
        return not given
    return any([secrets.compare(secret, given or "") for secret in client.secrets])
