"""Metadata of SAML providers that is read again from its URL in the background, never while a user signs in.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-saml-idp-things-to-know.html
What cannot be read leaves the last good copy in force.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from cognito_app.core import clock
from cognito_app.errors import InvalidParameterException
from cognito_app.models import IdentityProvider
from cognito_app.models.base import claim
from cognito_app.services import provider_details, providers
from cognito_app.services.provider_details import Details

BATCH = 20
RETRIED_AFTER = timedelta(minutes=15)

log = structlog.get_logger(__name__)


def refresh_due() -> int:
    """Read the metadata that is due, each by one of any number of workers; returns how many were read."""
    now = clock.now()
    due = IdentityProvider.objects.filter(metadata_due_at__lte=now).order_by("metadata_due_at")[:BATCH]
    return sum(_refresh(row) for row in due)


def _refresh(row: IdentityProvider) -> bool:
    mine = IdentityProvider.objects.filter(pk=row.pk, metadata_due_at=row.metadata_due_at)
    if not claim(mine, metadata_due_at=clock.now() + RETRIED_AFTER):
        return False
    try:
        built = provider_details.reread(Details(shown=row.details, secrets={}))
    except InvalidParameterException as error:
        log.warning("metadata_not_refreshed", pool_id=row.pool_id, provider=row.name, reason=error.message)
        return False
    providers.put_metadata(row, built)
    return True
