"""Managed login styles: one for each app client.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/managed-login-brandingeditor.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from django.db import IntegrityError, transaction

from cognito_app.core import clock, ids
from cognito_app.errors import (
    InvalidParameterException,
    LimitExceededException,
    ManagedLoginBrandingExistsException,
    ResourceNotFoundException,
)
from cognito_app.models import ManagedLoginBranding
from cognito_app.services import stamps
from cognito_app.services.actor import Actor, audit
from cognito_app.services.branding import assets, settings
from cognito_app.services.branding.assets import Given
from cognito_app.services.branding.holding import hold
from cognito_app.services.config import PoolConfig, stamp_of

MAX_STYLES = 20
MAX_REQUEST = 2 * 1024 * 1024
EXISTS = "Managed login branding already exists for this client."
DEFAULTS_ALONE = "Settings and Assets cannot be specified when UseCognitoProvidedValues is true."


def find(pool: PoolConfig, style_id: str) -> ManagedLoginBranding:
    """Return a style with its images. Raises ResourceNotFoundException."""
    return _only(pool, pk=style_id)


def find_of_client(pool: PoolConfig, client_id: str) -> ManagedLoginBranding:
    """Return a client's style with its images. Raises ResourceNotFoundException."""
    return _only(pool, client_id=client_id)


def _only(pool: PoolConfig, **which: str) -> ManagedLoginBranding:
    row = ManagedLoginBranding.objects.filter(pool_id=pool.id, **which).prefetch_related("assets").first()
    if row is None:
        raise ResourceNotFoundException("Managed login branding does not exist.")
    return row


def merged_settings(row: ManagedLoginBranding) -> dict[str, Any]:
    """Return a style's settings with the defaults for what it leaves open."""
    return settings.merge(settings.DEFAULTS, row.settings)


def create(
    pool: PoolConfig,
    actor: Actor,
    *,
    client_id: str,
    defaults: bool | None = None,
    document: object = None,
    images: Sequence[Given] | None = None,
) -> ManagedLoginBranding:
    """Give a client a style.

    Raises ManagedLoginBrandingExistsException, ResourceNotFoundException, InvalidParameterException,
    LimitExceededException.
    """
    checked = _check(defaults, document, images)
    now = clock.now()
    row = ManagedLoginBranding(
        id=ids.uuid4(),
        pool_id=pool.id,
        client_id=client_id,
        uses_defaults=bool(defaults),
        settings=checked or {},
        created_at=now,
        modified_at=now,
    )
    try:
        with transaction.atomic():
            hold(pool, client_id)
            others = ManagedLoginBranding.objects.filter(pool_id=pool.id)
            if others.filter(client_id=client_id).exists():
                raise ManagedLoginBrandingExistsException(EXISTS)
            if others[MAX_STYLES - 1 : MAX_STYLES].exists():
                raise LimitExceededException("Maximum number of managed login styles for the user pool exceeded.")
            row.save(force_insert=True)
            assets.store(row, images or ())
            stamps.bump(stamp_of(pool.id))
            audit(actor, "CreateManagedLoginBranding", pool_id=pool.id, subject=client_id)
    except IntegrityError:
        raise ManagedLoginBrandingExistsException(EXISTS) from None
    return find(pool, str(row.id))


def update(
    pool: PoolConfig,
    actor: Actor,
    *,
    style_id: str,
    defaults: bool | None = None,
    document: object = None,
    images: Sequence[Given] | None = None,
) -> ManagedLoginBranding:
    """Change what is given and keep the rest; ``defaults`` takes all customization away.

    Raises ResourceNotFoundException or InvalidParameterException.
    """
    checked = _check(defaults, document, images)
    with transaction.atomic():
        row = _locked(pool, style_id)
        if defaults:
            row.settings, row.uses_defaults = {}, True
            row.assets.all().delete()
        elif defaults is False or checked is not None or images:
            row.settings, row.uses_defaults = settings.merge(row.settings, checked or {}), False
        row.modified_at = clock.now()
        row.save()
        assets.store(row, images or ())
        stamps.bump(stamp_of(pool.id))
        audit(actor, "UpdateManagedLoginBranding", pool_id=pool.id, subject=row.client_id)
    return find(pool, style_id)


def delete(pool: PoolConfig, actor: Actor, style_id: str) -> None:
    """Take a style away from its client. Raises ResourceNotFoundException."""
    with transaction.atomic():
        row = _locked(pool, style_id)
        row.delete()
        stamps.bump(stamp_of(pool.id))
        audit(actor, "DeleteManagedLoginBranding", pool_id=pool.id, subject=row.client_id)


def _locked(pool: PoolConfig, style_id: str) -> ManagedLoginBranding:
    row = ManagedLoginBranding.objects.select_for_update().filter(pool_id=pool.id, pk=style_id).first()
    if row is None:
        raise ResourceNotFoundException("Managed login branding does not exist.")
    return row


def _check(defaults: bool | None, document: object, images: Sequence[Given] | None) -> dict[str, Any] | None:
    if defaults and (document is not None or images):
        raise InvalidParameterException(DEFAULTS_ALONE)
    checked = None if document is None else settings.check(document)
    size = len(orjson.dumps(checked)) + sum(len(item.content or b"") * 4 // 3 for item in images or ())
    if size > MAX_REQUEST:
        raise InvalidParameterException("The request must not be larger than 2 MB.")
    assets.check(images or ())
    return checked
