"""OpenID Connect providers of IAM: which issuers are trusted, for which client ids.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import IntegrityError, transaction

from cognito_app.conf import app_settings
from cognito_app.core import clock, safe_http
from cognito_app.errors import EntityAlreadyExists, InvalidInput, LimitExceeded, NoSuchEntity
from cognito_app.models import OpenIdProvider
from cognito_app.services import stamps
from cognito_app.services.actor import Actor, audit
from cognito_app.services.iam_memory import Memory

MAX_CLIENT_IDS = 100
MAX_THUMBPRINTS = 5
MAX_PROVIDERS = 100
RESERVED_HOSTS = frozenset({"aws", "iam", "saml", "sts", "cognito-identity.amazonaws.com"})
"""Names that begin condition keys of AWS: a provider's claims must not pass for these."""

_providers: Memory[OpenIdProvider] = Memory(lambda: {row.name: row for row in OpenIdProvider.objects.all()})


def arn_of(provider: OpenIdProvider) -> str:
    """Return a provider's ARN, which ends in its address."""
    return f"{_prefix()}{provider.name}"


def issuer_of(provider: OpenIdProvider) -> str:
    """Return the ``iss`` of a provider's tokens."""
    return provider.url


def _prefix() -> str:
    return f"arn:aws:iam::{app_settings.account_id}:oidc-provider/"


def by_arn(arn: str) -> OpenIdProvider | None:
    """Return the provider of an ARN of this account, from memory while nothing changed."""
    prefix = _prefix()
    return _providers.get(arn[len(prefix) :]) if arn.startswith(prefix) else None


def by_issuer(issuer: str) -> OpenIdProvider | None:
    """Return the provider whose tokens have this ``iss``, from memory while nothing changed."""
    found = _providers.get(issuer.partition("://")[2])
    return found if found is not None and found.url == issuer else None


def find(arn: str) -> OpenIdProvider:
    """Return the provider of an ARN. Raises InvalidInput or NoSuchEntity."""
    if ":oidc-provider/" not in arn:
        raise InvalidInput(f"Invalid ARN: {arn}")
    found = by_arn(arn)
    if found is None:
        raise NoSuchEntity(f"OpenIDConnect Provider not found for arn {arn}")
    return found


def listed() -> list[OpenIdProvider]:
    """Return all providers in the order of their addresses."""
    return list(_providers.all().values())


def create(
    actor: Actor,
    *,
    url: str,
    client_ids: Sequence[str] = (),
    thumbprints: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
) -> OpenIdProvider:
    """Create a provider. Raises InvalidInput, EntityAlreadyExists or LimitExceeded."""
    name = _check_url(url)
    if len(client_ids) > MAX_CLIENT_IDS:
        raise LimitExceeded(f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {MAX_CLIENT_IDS}")
    if len(thumbprints) > MAX_THUMBPRINTS:
        raise InvalidInput("Thumbprint list must contain fewer than 5 entries.")
    if len(_providers.all()) >= MAX_PROVIDERS:
        raise LimitExceeded(f"Cannot exceed quota for OpenIdConnectProvidersPerAccount: {MAX_PROVIDERS}")
    try:
        with transaction.atomic():
            provider = OpenIdProvider(
                name=name,
                url=url,
                client_ids=list(dict.fromkeys(client_ids)),
                thumbprints=[thumbprint.lower() for thumbprint in thumbprints],
                tags=dict(tags or {}),
                created_at=clock.now(),
            )
            provider.save(force_insert=True)
            stamps.bump(stamps.IAM)
            audit(actor, "CreateOpenIDConnectProvider", subject=name)
    except IntegrityError:
        raise EntityAlreadyExists(f"Provider with url {url} already exists.") from None
    return provider


def _check_url(url: str) -> str:
    try:
        parts = safe_http.check_url(url)
    except safe_http.FetchError:
        raise InvalidInput("Invalid Open ID Connect Provider URL") from None
    if parts.query or parts.fragment:
        raise InvalidInput("Invalid Open ID Connect Provider URL")
    if parts.scheme != "https" and not app_settings.outgoing_private_networks:
        raise InvalidInput("Invalid Open ID Connect Provider URL")
    if (parts.hostname or "") in RESERVED_HOSTS:
        raise InvalidInput("Invalid Open ID Connect Provider URL")
    return url.partition("://")[2]


@transaction.atomic
def add_client_id(actor: Actor, arn: str, client_id: str) -> None:
    """Trust one more client id; one that is trusted already changes nothing.

    Raises InvalidInput, NoSuchEntity or LimitExceeded.
    """
    provider = _locked(arn)
    if client_id in provider.client_ids:
        return
    if len(provider.client_ids) >= MAX_CLIENT_IDS:
        raise LimitExceeded(f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {MAX_CLIENT_IDS}")
    provider.client_ids = [*provider.client_ids, client_id]
    _store(actor, "AddClientIDToOpenIDConnectProvider", provider)


@transaction.atomic
def remove_client_id(actor: Actor, arn: str, client_id: str) -> None:
    """Trust a client id no longer; one that was not trusted changes nothing. Raises InvalidInput or NoSuchEntity."""
    provider = _locked(arn)
    if client_id not in provider.client_ids:
        return
    provider.client_ids = [known for known in provider.client_ids if known != client_id]
    _store(actor, "RemoveClientIDFromOpenIDConnectProvider", provider)


@transaction.atomic
def update(actor: Actor, arn: str, *, client_ids: Sequence[str], thumbprints: Sequence[str]) -> None:
    """Replace a provider's lists. Raises InvalidInput, NoSuchEntity or LimitExceeded."""
    provider = _locked(arn)
    if len(client_ids) > MAX_CLIENT_IDS:
        raise LimitExceeded(f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {MAX_CLIENT_IDS}")
    provider.client_ids = list(dict.fromkeys(client_ids))
    provider.thumbprints = list(thumbprints)
    _store(actor, "UpdateOpenIDConnectProvider", provider)


def _locked(arn: str) -> OpenIdProvider:
    known = find(arn)
    row = OpenIdProvider.objects.select_for_update().filter(pk=known.pk).first()
    if row is None:
        raise NoSuchEntity(f"OpenIDConnect Provider not found for arn {arn}")
    return row


def _store(actor: Actor, action: str, provider: OpenIdProvider) -> None:
    provider.save()
    stamps.bump(stamps.IAM)
    audit(actor, action, subject=provider.name)


@transaction.atomic
def delete(actor: Actor, arn: str) -> None:
    """Delete a provider: its tokens open nothing any more. Raises InvalidInput or NoSuchEntity."""
    provider = find(arn)
    if not OpenIdProvider.objects.filter(pk=provider.pk).delete()[0]:
        raise NoSuchEntity(f"OpenIDConnect Provider not found for arn {arn}")
    stamps.bump(stamps.IAM)
    audit(actor, "DeleteOpenIDConnectProvider", subject=provider.name)
