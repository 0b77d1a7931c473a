"""SAML providers of IAM: whose assertions are trusted.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateSAMLProvider.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction

from cognito_app.conf import app_settings
from cognito_app.core import certificates, clock, saml_metadata
from cognito_app.errors import EntityAlreadyExists, InvalidInput, LimitExceeded, NoSuchEntity
from cognito_app.models import SamlProvider
from cognito_app.services import stamps
from cognito_app.services.actor import Actor, audit
from cognito_app.services.iam_memory import Memory

MAX_PROVIDERS = 100
MAX_DOCUMENT = 200_000

_providers: Memory[SamlProvider] = Memory(lambda: {row.name: row for row in SamlProvider.objects.all()})


def arn_of(provider: SamlProvider) -> str:
    """Return a provider's ARN."""
    return f"{_prefix()}{provider.name}"


def _prefix() -> str:
    return f"arn:aws:iam::{app_settings.account_id}:saml-provider/"


def by_arn(arn: str) -> SamlProvider | None:
    """Return the provider of an ARN of this account, from memory while nothing changed."""
    prefix = _prefix()
    return _providers.get(arn[len(prefix) :]) if arn.startswith(prefix) else None


def find(arn: str) -> SamlProvider:
    """Return the provider of an ARN. Raises InvalidInput or NoSuchEntity."""
    if ":saml-provider/" not in arn:
        raise InvalidInput(f"Invalid ARN: {arn}")
    found = by_arn(arn)
    if found is None:
        raise NoSuchEntity(f"Manifest not found for arn {arn}")
    return found


def listed() -> list[SamlProvider]:
    """Return all providers in the order of their names."""
    return list(_providers.all().values())


def create(actor: Actor, *, name: str, metadata: str, tags: Mapping[str, str] | None = None) -> SamlProvider:
    """Create a provider from its metadata document. Raises InvalidInput, EntityAlreadyExists or LimitExceeded."""
    described, valid_until = _read(metadata)
    if len(_providers.all()) >= MAX_PROVIDERS:
        raise LimitExceeded(f"Cannot exceed quota for SAMLProvidersPerAccount: {MAX_PROVIDERS}")
    try:
        with transaction.atomic():
            provider = SamlProvider(
                name=name,
                document=metadata,
                entity_id=described.entity_id,
                certificates=list(described.certificates),
                tags=dict(tags or {}),
                created_at=clock.now(),
                valid_until=valid_until,
            )
            provider.save(force_insert=True)
            stamps.bump(stamps.IAM)
            audit(actor, "CreateSAMLProvider", subject=name)
    except IntegrityError:
        raise EntityAlreadyExists(f"SAMLProvider {_prefix()}{name} already exists.") from None
    return provider


@transaction.atomic
def update(actor: Actor, arn: str, *, metadata: str) -> SamlProvider:
    """Replace the metadata document. Raises InvalidInput or NoSuchEntity."""
    described, valid_until = _read(metadata)
    provider = SamlProvider.objects.select_for_update().filter(pk=find(arn).pk).first()
    if provider is None:
        raise NoSuchEntity(f"Manifest not found for arn {arn}")
    provider.document, provider.entity_id = metadata, described.entity_id
    provider.certificates, provider.valid_until = list(described.certificates), valid_until
    provider.save()
    stamps.bump(stamps.IAM)
    audit(actor, "UpdateSAMLProvider", subject=provider.name)
    return provider


@transaction.atomic
def delete(actor: Actor, arn: str) -> None:
    """Delete a provider: its assertions open nothing any more. Raises InvalidInput or NoSuchEntity."""
    provider = find(arn)
    if not SamlProvider.objects.filter(pk=provider.pk).delete()[0]:
        raise NoSuchEntity(f"Manifest not found for arn {arn}")
    stamps.bump(stamps.IAM)
    audit(actor, "DeleteSAMLProvider", subject=provider.name)


def _read(metadata: str) -> tuple[saml_metadata.Metadata, datetime]:
    """Return what the metadata says, and when its last certificate expires."""
    if len(metadata) > MAX_DOCUMENT:
        raise InvalidInput("The metadata document is too long.")
    try:
        described = saml_metadata.parse(metadata.encode("utf-8", "surrogatepass"), clock.now())
    except saml_metadata.MetadataError as error:
        raise InvalidInput(f"Could not parse metadata: {error}") from None
    return described, max(certificates.read(text)[1] for text in described.certificates)
