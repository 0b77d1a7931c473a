"""Domains of user pools, and how a pool's pages are addressed: by host name, or by a path on the one host.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain.html
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction

from cognito_app.conf import app_settings
from cognito_app.core import clock, secrets
from cognito_app.errors import InvalidParameterException, ResourceNotFoundException
from cognito_app.models import Domain
from cognito_app.services import stamps, tier_rules
from cognito_app.services.actor import Actor, audit
from cognito_app.services.config import PoolConfig

FORBIDDEN_PARTS = ("aws", "amazon", "cognito")
RESERVED = frozenset(
    {"portal", "admin", "static", "demo", "healthz", "readyz", "api", "oauth2", "saml2", "login", "logout", "signup"}
)
TAKEN = "Domain already associated with another user pool."

CLASSIC = 1
MANAGED_LOGIN = 2


class Names(NamedTuple):
    """Every domain: its pool by its name, its branding version by its name, and the version by the pool's id."""

    pools: dict[str, str]
    versions: dict[str, int]
    pool_versions: dict[str, int]


_known: tuple[int | None, Names] = (-1, Names({}, {}, {}))


def create(
    pool: PoolConfig,
    actor: Actor,
    *,
    name: str,
    certificate_arn: str | None = None,
    managed_login_version: int | None = None,
) -> Domain:
    """Give a pool a prefix domain, or a custom one if a certificate is named.

    Raises InvalidParameterException or FeatureUnavailableInTierException.
    """
    _check_version(pool, managed_login_version)
    custom = certificate_arn is not None
    if not custom:
        _check_prefix(name)
    now = clock.now()
    row = Domain(
        name=name,
        pool_id=pool.id,
        is_custom=custom,
        certificate_arn=certificate_arn or "",
        managed_login_version=managed_login_version or 1,
        distribution=f"{secrets.alphanumeric(14)}.cloudfront.net" if custom else "",
        version=f"{now:%Y%m%d%H%M%S}",
        created_at=now,
    )
    if Domain.objects.filter(pool_id=pool.id, is_custom=custom).exclude(name=name).exists():
        raise InvalidParameterException(f"User pool {pool.id} already has a domain configured.")
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            stamps.bump(stamps.DOMAINS)
            audit(actor, "CreateUserPoolDomain", pool_id=pool.id, subject=name)
    except IntegrityError:
        raise InvalidParameterException(TAKEN) from None
    return row


def _check_version(pool: PoolConfig, version: int | None) -> None:
    if version not in (None, CLASSIC, MANAGED_LOGIN):
        raise InvalidParameterException("ManagedLoginVersion must be 1 or 2.")
    tier_rules.check_domain(pool.tier, version)


def _check_prefix(name: str) -> None:
    if "." in name or name in RESERVED:
        raise InvalidParameterException("Invalid domain prefix.")
    for part in FORBIDDEN_PARTS:
        if part in name:
            raise InvalidParameterException(f"Domain cannot contain reserved word: {part}")


def find(name: str) -> Domain | None:
    """Return a domain, or None."""
    return Domain.objects.filter(pk=name).first()


def _of_pool(pool: PoolConfig, name: str) -> Domain:
    row = Domain.objects.filter(pk=name, pool_id=pool.id).first()
    if row is None:
        raise ResourceNotFoundException(f"Domain {name} does not exist.")
    return row


@transaction.atomic
def update(
    pool: PoolConfig,
    actor: Actor,
    *,
    name: str,
    certificate_arn: str | None = None,
    managed_login_version: int | None = None,
) -> Domain:
    """Change a domain's certificate or branding version.

    Raises ResourceNotFoundException or FeatureUnavailableInTierException.
    """
    _check_version(pool, managed_login_version)
    row = _of_pool(pool, name)
    if certificate_arn is not None:
        row.certificate_arn = certificate_arn
    if managed_login_version is not None:
        row.managed_login_version = managed_login_version
    row.version = f"{clock.now():%Y%m%d%H%M%S}"
    row.save()
    stamps.bump(stamps.DOMAINS)
    audit(actor, "UpdateUserPoolDomain", pool_id=pool.id, subject=name)
    return row


@transaction.atomic
def delete(pool: PoolConfig, actor: Actor, *, name: str) -> None:
    """Take a domain away from a pool. Raises ResourceNotFoundException."""
    _of_pool(pool, name).delete()
    stamps.bump(stamps.DOMAINS)
    audit(actor, "DeleteUserPoolDomain", pool_id=pool.id, subject=name)


def _names() -> Names:
    """Return what is known of every domain name, from memory while no domain changed."""
    global _known  # one table per process
    version = stamps.version(stamps.DOMAINS)
    if version != _known[0]:
        rows = list(Domain.objects.order_by("is_custom").values_list("name", "pool_id", "managed_login_version"))
        pools = {name: pool_id for name, pool_id, _ in rows}
        versions = {name: branding for name, _, branding in rows}
        # A pool's custom domain comes after its prefix, and so decides.
        _known = (version, Names(pools, versions, {pool_id: branding for _, pool_id, branding in rows}))
    return _known[1]


def branding_version(pool_id: str, address: str) -> int:
    """Return 1 for the classic pages, 2 for managed login: what the domain says by which the pool was addressed.

    A pool that was addressed by its id takes it from its custom domain, else its prefix; without any it is 2.
    """
    names = _names()
    if names.pools.get(address) == pool_id:
        return names.versions[address]
    return names.pool_versions.get(pool_id, MANAGED_LOGIN)


def name_of_host(host: str) -> str:
    """Return the domain name that a Host header may stand for: a custom domain, or a prefix below the base domain."""
    name = host.lower()
    base = app_settings.auth_base_domain
    if base and name.endswith("." + base.lower()):
        return name.removesuffix("." + base.lower())
    return (name.rpartition(":")[0] or name) if "." in name else ""


def pool_of_host(host: str) -> str | None:
    """Return the pool that a Host header addresses."""
    return _names().pools.get(name_of_host(host))


def pool_of_segment(segment: str) -> str | None:
    """Return the pool that the first part of a path addresses: a pool id, or a prefix."""
    if "_" in segment:
        return segment
    return _names().pools.get(segment)


def base_url(pool_id: str) -> str:
    """Return the address of a pool's pages and OAuth endpoints, without a final slash.

    By host if the installation has wildcard DNS and the pool a domain, else the path of the pool on the one host.
    """
    hosts = _host_addresses(pool_id) if app_settings.domain_addressing == "host" else []
    return hosts[0] if hosts else f"{app_settings.public_url}/{pool_id}"


def _host_addresses(pool_id: str) -> list[str]:
    scheme = urlsplit(app_settings.public_url).scheme
    found = []
    for row in sorted(Domain.objects.filter(pool_id=pool_id), key=lambda row: not row.is_custom):
        if row.is_custom:
            found.append(f"{scheme}://{row.name}")
        elif app_settings.auth_base_domain:
            found.append(f"{scheme}://{row.name}.{app_settings.auth_base_domain}")
    return found


def addresses(pool_id: str) -> list[str]:
    """Return every address that a pool's pages have, ``base_url`` first, without final slashes."""
    prefixes = Domain.objects.filter(pool_id=pool_id, is_custom=False).values_list("name", flat=True)
    paths = [f"{app_settings.public_url}/{segment}" for segment in (*prefixes, pool_id)]
    return list(dict.fromkeys([base_url(pool_id), *_host_addresses(pool_id), *paths]))
